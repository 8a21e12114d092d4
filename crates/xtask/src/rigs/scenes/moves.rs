//! Targets move: when asked, when a server is drained, when its power is cut.

use super::super::shell::until;
use super::{HOMES, Stage};
use anyhow::{Result, bail};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

/// Nothing that a move made is left to pin a resource.
fn is_free(stage: &Stage) -> Result<()> {
    let cib = stage.cib("h2")?;
    match cib.iter().find(|one| one.get("id").starts_with("cli-")) {
        Some(one) => bail!("a move left {}", one.get("id")),
        None => Ok(()),
    }
}

/// The manager has seen targets where Pacemaker runs them.
fn is_seen(stage: &Stage, wanted: &[(&str, &str)]) -> Result<()> {
    until("the manager shows targets where they run", 60, || {
        let targets = stage.product.ask(&["target", "list"])?;
        for (target, host) in wanted {
            let mut all = targets.as_array().into_iter().flatten();
            let row = all.find(|row| row["label"] == *target);
            let is_there = row.is_some_and(|row| {
                row["state"] == "mounted" && row["mounted_on"].to_string().contains(host)
            });
            if !is_there {
                return Ok(Err(format!("{target}: {row:?}")));
            }
        }
        Ok(Ok(()))
    })
}

/// One target goes to the other server, and the rest stays.
pub fn failover(stage: &Stage) -> Result<()> {
    let goal = json!([{"failover": {"target": "scratch-OST0000", "to": "h2"}}]);
    stage.product.reach(&goal)?;
    let wanted = [HOMES[0], ("scratch-OST0000", "h2"), HOMES[2]];
    stage.runs("h1", 10, &wanted)?;
    is_free(stage)?;
    is_seen(stage, &wanted)
}

/// It comes back.
pub fn failback(stage: &Stage) -> Result<()> {
    stage
        .product
        .reach(&json!([{"failback": {"target": "scratch-OST0000"}}]))?;
    stage.runs("h1", 10, &HOMES)?;
    is_free(stage)?;
    is_seen(stage, &HOMES)
}

/// A drained server is in standby; back in service it serves what belongs on it.
pub fn drain(stage: &Stage) -> Result<()> {
    stage.product.apply(&stage.spec("drained"))?;
    stage.runs("h1", 10, &[HOMES[0], HOMES[1], ("scratch-OST0001", "h1")])?;
    if stage.crm_mon("h1")?.online.get("h2") != Some(&true) {
        bail!("h2 is not in standby");
    }
    stage.product.apply(&stage.spec("in_service"))?;
    if stage.crm_mon("h1")?.online.get("h2") != Some(&false) {
        bail!("h2 is still in standby");
    }
    Ok(())
}

/// The power of the server with the MGS is cut by its BMC, which Pacemaker asks
/// before the other takes its targets.
pub fn cut(stage: &Stage) -> Result<()> {
    let loss = Loss::begin(stage)?;
    stage.place.ipmi("h1", &["chassis", "power", "off"])?;
    loss.end(stage)?;
    Ok(())
}

/// A server that runs on, and that nobody reaches, is turned off for real.
pub fn unplug(stage: &Stage) -> Result<()> {
    let loss = Loss::begin(stage)?;
    stage.place.unplug("h1")?;
    let (off, record) = loss.end(stage)?;
    match off {
        Some(_) => Ok(()),
        None => bail!("the BMC was not told to turn h1 off: {record:?}"),
    }
}

/// A server that is lost, and what its BMC and the mounts said before.
struct Loss {
    at: f64,
    n_before: usize,
}

/// When a BMC turned its server off, and all that it was told.
type Told = (Option<f64>, Vec<(f64, String)>);

impl Loss {
    fn begin(stage: &Stage) -> Result<Self> {
        Ok(Self {
            at: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64(),
            n_before: stage.place.bmc_record("h1")?.len(),
        })
    }

    /// All targets run on the other server, none before the fence, and the lost
    /// one is back.
    fn end(&self, stage: &Stage) -> Result<Told> {
        let moved = HOMES.map(|(target, _)| (target, "h2"));
        stage.runs("h2", 240, &moved)?;
        let seen = stage.watch.seen();
        let since = seen.iter().filter(|one| one.at > self.at && one.is_mounted);
        let on_heir = since.filter(|one| one.host == "h2").map(|one| one.at);
        let Some(first) = on_heir.reduce(f64::min) else {
            bail!("nothing was mounted on h2 since");
        };
        let record = stage.place.bmc_record("h1")?.split_off(self.n_before);
        let told = |wanted: &str| {
            let mut all = record.iter().filter(|(_, words)| words == wanted);
            all.next().map(|(at, _)| *at)
        };
        // Nobody but Pacemaker turned it on again: the end of the fence.
        let Some(fenced) = told("set power 1") else {
            bail!("Pacemaker did not fence by the BMC: {record:?}");
        };
        if fenced > first {
            bail!("h2 mounted {:.1} s before h1 was fenced", fenced - first);
        }
        let history = stage
            .place
            .on("h2", &["stonith_admin", "--history", "h1"])?;
        if !history.contains("reboot of h1 successful") {
            bail!("Pacemaker knows of no fence: {history}");
        }
        eprintln!(
            "  fenced {:.1} s after the loss; the first target was mounted {:.1} s after it",
            fenced - self.at,
            first - self.at
        );
        until("h1 is back in the cluster", 180, || {
            let state = stage.crm_mon("h2")?;
            Ok(match state.online.get("h1") {
                Some(false) => Ok(()),
                other => Err(format!("h1 is {other:?}")),
            })
        })?;
        // What runs is sticky: it stays until somebody asks.
        stage.runs("h2", 10, &moved)?;
        is_seen(stage, &moved)?;
        Ok((told("set power 0"), record))
    }
}

/// Each target is asked to go home.
pub fn home(stage: &Stage) -> Result<()> {
    until("the agent of h1 reports again", 120, || {
        let servers = stage.product.ask(&["server", "list", "h1"])?;
        Ok(match servers[0]["state"].as_str() {
            Some("online") => Ok(()),
            other => Err(format!("{other:?}")),
        })
    })?;
    let away = ["scratch-MDT0000", "scratch-OST0000"];
    let goals = away.map(|target| json!({"failback": {"target": target}}));
    stage.product.reach(&json!(goals))?;
    stage.runs("h1", 10, &HOMES)?;
    is_free(stage)?;
    is_seen(stage, &HOMES)
}

/// The look-out saw each target on one host at most, all the time.
pub fn single(stage: &Stage) -> Result<()> {
    let (doubles, n_looks) = stage.watch.doubles();
    eprintln!("  looked at all mounts {n_looks} times");
    if !doubles.is_empty() || n_looks < 100 {
        bail!("on two hosts at once: {doubles:?}, in {n_looks} looks");
    }
    Ok(())
}
