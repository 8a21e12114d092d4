//! Corosync and Pacemaker.

use super::failure::{failed, passing};
use super::{Kind, Seen, Work, perform, read};
use crate::host::Output;
use model::job::Failure;
use model::step::{
    Action, FenceConfigured, HaProperties, ResourceAbsent, ResourcePlaced, ResourcePresent,
    ResourceRole, Standby, TargetResource,
};
use platform::ha::cib::{self, Cib};
use platform::ha::crm_mon::{self, CrmMon};
use std::time::Duration;

/// What Pacemaker is told.
pub(super) fn told(work: &Work<'_>) -> Result<Cib, Failure> {
    match read(work, &["cibadmin", "--query"]) {
        Some(output) => Ok(cib::parse(&output.stdout).0),
        None => Err(passing(
            "pacemaker-silent",
            String::from("Pacemaker does not answer on this server"),
        )),
    }
}

/// How it stands.
pub(super) fn state(work: &Work<'_>) -> Result<CrmMon, Failure> {
    let forms = ["--output-as=xml", "--as-xml"];
    let mut answers = forms
        .iter()
        .filter_map(|form| read(work, &["crm_mon", "--one-shot", "--inactive", form]));
    match answers.next() {
        Some(output) => Ok(crm_mon::parse(&output.stdout).0),
        None => Err(passing(
            "pacemaker-silent",
            String::from("Pacemaker does not answer on this server"),
        )),
    }
}

/// How long a fencing device may take to start: its agent asks the BMC first.
const FENCE_STARTS_WITHIN: Duration = Duration::from_mins(3);

/// The CIB refuses what is there already; the look afterwards tells whether it
/// is the same.
fn is_there_already(output: &Output) -> bool {
    let text = String::from_utf8_lossy(&output.stderr);
    text.contains("Name not unique") || text.contains("File exists")
}

/// What is to be deleted is not there.
pub(super) fn is_gone_already(output: &Output) -> bool {
    let text = String::from_utf8_lossy(&output.stderr);
    let words = [
        "No such device or address",
        "No such file",
        "No such object",
    ];
    words.iter().any(|words| text.contains(words))
}

impl Kind for HaProperties {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let cib = told(work)?;
        for (name, value) in &self.properties {
            let found = cib.properties.iter().find(|(known, _)| known == name);
            if found.is_none_or(|(_, found)| found != value) {
                return Ok(Seen::NotSo(format!("{name} is not {value}")));
            }
        }
        for (name, value) in &self.defaults {
            let is_it = |(of, known, found): &(String, String, String)| {
                of == "rsc" && known == name && found == value
            };
            if !cib.defaults.iter().any(is_it) {
                return Ok(Seen::NotSo(format!("the default {name} is not {value}")));
            }
        }
        Ok(Seen::So(String::from("all properties are as told")))
    }
}

impl Kind for FenceConfigured {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        for (name, secret) in &self.secrets {
            let path = format!("{}/{name}", self.folder());
            let bytes = work.secrets.get(secret).map_or(&[][..], Vec::as_slice);
            if !work.hands.is_secret(&path, bytes) {
                return Ok(Seen::NotSo(format!("{path} is another secret")));
            }
            let sum = stdx::md5::hex(bytes);
            if !work
                .hands
                .is_secret(&format!("{path}.sign"), sum.as_bytes())
            {
                return Ok(Seen::NotSo(format!("{path}.sign is another sum")));
            }
        }
        if self.keeps_only {
            return Ok(Seen::So(format!(
                "the secrets of {} are kept here",
                self.id()
            )));
        }
        let cib = told(work)?;
        let Some(device) = cib.resources.iter().find(|one| one.id == self.id()) else {
            return Ok(Seen::NotSo(format!("Pacemaker has no {}", self.id())));
        };
        let differs = |(name, value): &&(String, String)| {
            let found = device.parameters.iter().find(|(known, _)| known == name);
            // The reader leaves secrets out, so they cannot be compared.
            found.is_none_or(|(_, found)| found != value) && !self.secrets.contains_key(name)
        };
        let wanted = self.cib_parameters();
        if let Some((name, _)) = wanted.iter().find(differs) {
            return Err(failed(
                "ha-differs",
                format!("{} is there with another {name}", self.id()),
            ));
        }
        let off_its_node = |one: &&cib::Constraint| one.resource == self.id();
        if !cib.constraints.iter().any(|one| off_its_node(&one)) {
            return Ok(Seen::NotSo(format!(
                "{} may run on its own node",
                self.id()
            )));
        }
        // A device that does not run fences nobody: its agent may be missing, or
        // the BMC may not answer or not take the secret.
        let state = state(work)?;
        let device = state.resources.iter().find(|one| one.id == self.id());
        match device {
            Some(device) if device.failed => Err(failed(
                "ha-blocked",
                format!("Pacemaker could not start {}", self.id()),
            )),
            Some(device) if device.role == "Started" && !device.nodes.is_empty() => Ok(Seen::So(
                format!("{} runs, and fences {}", self.id(), self.node),
            )),
            _ => Ok(Seen::NotSo(format!("{} does not run yet", self.id()))),
        }
    }

    fn tolerates(&self, _action: &Action, output: &Output) -> bool {
        is_there_already(output)
    }

    fn settles_within(&self) -> Duration {
        FENCE_STARTS_WITHIN
    }
}

impl Kind for Standby {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let state = state(work)?;
        let Some(node) = state.nodes.iter().find(|node| node.name == self.node) else {
            return Err(failed(
                "ha-no-node",
                format!("Pacemaker has no node {}", self.node),
            ));
        };
        let runs = state
            .resources
            .iter()
            .filter(|one| !one.agent.starts_with("stonith:") && one.nodes.contains(&self.node))
            .count();
        Ok(match (node.standby, self.is_on) {
            (true, true) if runs == 0 => {
                Seen::So(format!("{} is in standby and runs nothing", self.node))
            }
            (true, true) => Seen::NotSo(format!("{} still runs {runs} resources", self.node)),
            (false, false) => Seen::So(format!("{} is not in standby", self.node)),
            (true, false) => Seen::NotSo(format!("{} is in standby", self.node)),
            (false, true) => Seen::NotSo(format!("{} is not in standby", self.node)),
        })
    }

    fn settles_within(&self) -> Duration {
        Duration::from_mins(20)
    }
}

fn lustre_of<'a>(cib: &'a Cib, resource: &TargetResource) -> Option<&'a cib::Primitive> {
    cib.resources.iter().find(|one| one.id == resource.id)
}

impl Kind for ResourcePresent {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let cib = told(work)?;
        let resource = &self.resource;
        let Some(found) = lustre_of(&cib, resource) else {
            return Ok(Seen::NotSo(format!("Pacemaker has no {}", resource.id)));
        };
        let is = |name: &str, value: &str| {
            let pair = found.parameters.iter().find(|(known, _)| known == name);
            pair.is_some_and(|(_, found)| found == value)
        };
        if !is("target", &resource.device) || !is("mountpoint", &resource.mount_point) {
            return Err(failed(
                "ha-differs",
                format!("{} is there and runs something else", resource.id),
            ));
        }
        let top = resource.top();
        let has_place = |node: &&String| {
            let mut known = cib.constraints.iter();
            known.any(|one| one.resource == top && one.with == **node)
        };
        let mut all = resource.nodes.iter().chain(&resource.barred);
        Ok(match all.find(|node| !has_place(node)) {
            Some(node) => Seen::NotSo(format!("{top} has no place on {node}")),
            None => Seen::So(format!("Pacemaker has {top}")),
        })
    }

    fn tolerates(&self, _action: &Action, output: &Output) -> bool {
        is_there_already(output)
    }
}

impl Kind for ResourceAbsent {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let cib = told(work)?;
        Ok(match lustre_of(&cib, &self.resource) {
            Some(found) => Seen::NotSo(format!("Pacemaker has {}", found.id)),
            None => Seen::So(format!("Pacemaker has no {}", self.resource.id)),
        })
    }

    fn guard(&self, work: &Work<'_>) -> Result<(), Failure> {
        match places(work, &self.resource)?.nodes.first() {
            Some(node) => Err(failed(
                "ha-still-runs",
                format!("{} still runs on {node}", self.resource.id),
            )),
            None => Ok(()),
        }
    }

    fn tolerates(&self, _action: &Action, output: &Output) -> bool {
        is_gone_already(output)
    }
}

/// Where Pacemaker has a target's resource.
struct Places {
    /// Nodes on which it is, or is on its way up or down.
    nodes: Vec<String>,
    /// Whether it has come up: a start that goes on is none yet.
    is_started: bool,
    /// Whether it is told to be stopped.
    is_told_to_stop: bool,
}

impl Places {
    /// The node on which it runs.
    fn started(&self) -> Option<&String> {
        self.nodes.first().filter(|_| self.is_started)
    }

    /// Whether it runs on this node, and nowhere else.
    fn are(&self, node: &str) -> bool {
        self.nodes == [node] && self.is_started
    }

    /// As a person reads it.
    fn words(&self) -> String {
        match (self.nodes.as_slice(), self.is_started) {
            ([], _) => String::from("runs nowhere"),
            (nodes, true) => format!("runs on {}", nodes.join(", ")),
            (nodes, false) => format!("is on its way on {}", nodes.join(", ")),
        }
    }
}

fn places(work: &Work<'_>, resource: &TargetResource) -> Result<Places, Failure> {
    let state = state(work)?;
    let Some(found) = state.resources.iter().find(|one| one.id == resource.id) else {
        return Err(passing(
            "ha-no-resource",
            format!("Pacemaker shows no {}", resource.id),
        ));
    };
    if found.blocked || (found.failed && found.nodes.is_empty()) {
        return Err(failed(
            "ha-blocked",
            format!("Pacemaker has given up on {}", resource.id),
        ));
    }
    Ok(Places {
        nodes: found.nodes.clone(),
        is_started: found.role == "Started",
        is_told_to_stop: found
            .target_role
            .as_deref()
            .is_some_and(|role| role.eq_ignore_ascii_case("stopped")),
    })
}

impl Kind for ResourceRole {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let places = places(work, &self.resource)?;
        let words = format!("{} {}", self.resource.id, places.words());
        // What only waits for a node would start by itself, whatever was asked.
        let is_so = if self.is_started {
            places.started().is_some()
        } else {
            places.nodes.is_empty() && places.is_told_to_stop
        };
        Ok(if is_so {
            Seen::So(words)
        } else {
            Seen::NotSo(words)
        })
    }

    fn settles_within(&self) -> Duration {
        Duration::from_mins(20)
    }
}

impl Kind for ResourcePlaced {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let places = places(work, &self.resource)?;
        let id = &self.resource.id;
        if !places.are(&self.node) {
            return Ok(Seen::NotSo(format!("{id} {}", places.words())));
        }
        // A constraint of a move that was left behind would pin it for good.
        let cib = told(work)?;
        let top = self.resource.top();
        let pinned = |one: &cib::Constraint| one.resource == top && one.id.starts_with("cli-");
        if cib.constraints.iter().any(pinned) {
            return Ok(Seen::NotSo(format!(
                "{id} runs on {} and is pinned",
                self.node
            )));
        }
        Ok(Seen::So(format!("{id} runs on {}", self.node)))
    }

    /// Moves, waits, and ends the move's constraint however that went.
    fn act(&self, actions: &[Action], work: &Work<'_>) -> Result<(), Failure> {
        let Some((clear, before)) = actions.split_last() else {
            return Ok(());
        };
        let mut moved = before
            .iter()
            .try_for_each(|action| perform(self, action, work));
        let mut left = Duration::from_mins(15);
        while moved.is_ok() && !left.is_zero() {
            match places(work, &self.resource) {
                Ok(places) if places.are(&self.node) => break,
                Err(failure) if !failure.is_transient => moved = Err(failure),
                _ => {
                    work.hands.pause(super::LOOK_EVERY);
                    left = left.saturating_sub(super::LOOK_EVERY);
                }
            }
        }
        perform(self, clear, work)?;
        moved
    }

    fn settles_within(&self) -> Duration {
        Duration::from_mins(1)
    }
}
