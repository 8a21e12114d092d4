//! What is played: from blank hosts to a file system that outlives a power cut.

mod cluster;
mod host;
mod moves;

use super::crm::{self, State};
use super::place::{CLOCK_ADDRESS, Place, SERVERS};
use super::product::Product;
use super::shell::until;
use super::watch::Watch;
use anyhow::Result;
use serde_json::Value;

/// The cluster's name in the spec.
const GROUP: &str = "pair";
/// The password of every BMC; a secret of the manager's.
const PASSWORD: &str = "secret";

/// Something that is played and checked.
pub struct Scene {
    /// What one can rely on after it.
    pub name: &'static str,
    /// Whether the scenes after it need it.
    pub is_needed: bool,
    /// Plays it.
    pub play: fn(&Stage) -> Result<()>,
}

/// All, in order.
pub const ALL: &[Scene] = &[
    scene("blank_hosts_are_enrolled_to_be_managed", true, enrol),
    scene("a_spec_is_carried_out_on_blank_hosts", true, apply),
    scene("corosync_runs_as_it_was_planned", false, cluster::corosync),
    scene(
        "pacemaker_runs_as_it_was_planned",
        false,
        cluster::pacemaker,
    ),
    scene(
        "fencing_is_set_up_and_its_password_is_in_no_cib",
        false,
        cluster::fencing,
    ),
    scene(
        "the_agents_report_says_what_crm_mon_says",
        false,
        cluster::report,
    ),
    scene("planning_again_finds_nothing_to_do", false, again),
    scene("clocks_follow_the_source_of_the_spec", false, host::clocks),
    scene(
        "the_firewall_lets_through_what_is_needed_and_nothing_else",
        false,
        host::firewall,
    ),
    scene("a_target_moves_when_asked", false, moves::failover),
    scene("a_target_moves_back_when_asked", false, moves::failback),
    scene(
        "a_drained_server_serves_nothing_until_it_is_back",
        false,
        moves::drain,
    ),
    scene(
        "a_power_cut_is_fenced_and_the_targets_run_on_the_other",
        true,
        moves::cut,
    ),
    scene(
        "what_the_agents_report_after_it_is_what_crm_mon_says",
        false,
        cluster::report,
    ),
    scene("all_targets_go_home_again", true, moves::home),
    scene(
        "a_server_that_nobody_reaches_is_turned_off_before_its_targets_move",
        true,
        moves::unplug,
    ),
    scene("all_targets_go_home_after_that_too", false, moves::home),
    scene("no_target_was_ever_on_two_hosts", false, moves::single),
];

const fn scene(name: &'static str, is_needed: bool, play: fn(&Stage) -> Result<()>) -> Scene {
    Scene {
        name,
        is_needed,
        play,
    }
}

/// All that scenes play with. It goes in this order.
pub struct Stage {
    /// Looks at mounts.
    pub watch: Watch,
    /// The product.
    pub product: Product,
    /// The machines.
    pub place: Place,
}

impl Stage {
    /// Everything runs, and nothing is enrolled.
    pub fn set(place: Place) -> Result<Self> {
        Ok(Self {
            watch: Watch::begin(&place.folder),
            product: Product::start(&place)?,
            place,
        })
    }

    /// How the cluster stands, by `crm_mon` on a host.
    pub fn crm_mon(&self, host: &str) -> Result<State> {
        let line = ["crm_mon", "--one-shot", "--inactive", "--output-as=xml"];
        Ok(crm::state(&self.place.on(host, &line)?))
    }

    /// What Pacemaker says on each server, with failures and fencing, for people.
    pub fn pacemaker(&self) -> String {
        let each = SERVERS.map(|host| {
            let line = ["crm_mon", "-1", "-r", "-f", "-m"];
            let said = self.place.on(host, &line);
            format!(
                "{host}: {}",
                said.unwrap_or_else(|error| format!("{error:#}"))
            )
        });
        each.join("\n")
    }

    /// The CIB, as a host has it.
    pub fn cib(&self, host: &str) -> Result<Vec<crm::Element>> {
        let xml = self.place.on(host, &["cibadmin", "--query"])?;
        Ok(crm::elements(&xml))
    }

    /// Waits until Pacemaker runs targets there, by `crm_mon` on a host.
    pub fn runs(&self, by: &str, seconds: u64, wanted: &[(&str, &str)]) -> Result<()> {
        until("targets run where they should", seconds, || {
            let state = self.crm_mon(by)?;
            for (target, node) in wanted {
                let found = state.resources.get(*target);
                let nodes: Vec<&str> = found
                    .iter()
                    .flat_map(|(_, on)| on)
                    .map(String::as_str)
                    .collect();
                if nodes != [*node] {
                    return Ok(Err(format!("{target} runs on {nodes:?}, not on {node}")));
                }
            }
            Ok(Ok(()))
        })
    }

    /// The spec, with this state for the second server.
    pub fn spec(&self, second: &str) -> String {
        let disk = |at: usize| format!("wwn:0x5000c5000000000{}", self.place.disks[at]);
        format!(
            "candela: 1
servers:
- {{names: h1}}
- {{names: h2, state: {second}}}
ha_groups:
- name: {GROUP}
  servers: h[1-2]
  fencing:
    agent: fence_ipmilan
    parameters: {{username: admin, lanplus: '1', cipher: '3', privlvl: administrator}}
    servers:
      h1: {{ip: 10.79.0.111}}
      h2: {{ip: 10.79.0.112}}
    secrets: {{password: bmc}}
networks:
- {{net: tcp, interfaces: [host0]}}
time: {{sources: [{CLOCK_ADDRESS}]}}
filesystems:
- name: scratch
  mdts:
  - {{devices: ['{}'], home: h1}}
  osts:
  - {{devices: ['{}'], home: h1}}
  - {{devices: ['{}'], home: h2}}
",
            disk(0),
            disk(1),
            disk(2)
        )
    }
}

/// The targets with their homes.
pub const HOMES: [(&str, &str); 3] = [
    ("scratch-MDT0000", "h1"),
    ("scratch-OST0000", "h1"),
    ("scratch-OST0001", "h2"),
];

fn enrol(stage: &Stage) -> Result<()> {
    for host in SERVERS {
        let token = stage
            .product
            .say(&["token", "create", "--profile", "managed"])?;
        let token = format!("CANDELA_ENROLMENT_TOKEN={}", token.trim());
        let address = Product::address();
        let enrol = ["candela-agent", "enroll", "--manager", &address];
        let line: Vec<&str> = ["env", &token].into_iter().chain(enrol).collect();
        stage.place.on(host, &line)?;
        stage.place.on(
            host,
            &["systemctl", "enable", "--now", "candela-agent.service"],
        )?;
    }
    until("both servers are managed and report", 60, || {
        let servers = stage.product.ask(&["server", "list"])?;
        let is_good = |one: &&Value| {
            one["state"] == "online" && SERVERS.iter().any(|host| one["name"] == *host)
        };
        let n_good = servers
            .as_array()
            .into_iter()
            .flatten()
            .filter(is_good)
            .count();
        Ok(if n_good == SERVERS.len() {
            Ok(())
        } else {
            Err(servers.to_string())
        })
    })
}

fn apply(stage: &Stage) -> Result<()> {
    stage
        .product
        .say_with(&["secret", "set", "bmc"], PASSWORD)?;
    let said = stage.product.apply(&stage.spec("in_service"))?;
    // Pacemaker has started a target a moment before its server shows it mounted.
    until("nothing waits", 30, || {
        let plan = stage.product.plan()?;
        let waiting = plan["waiting"].as_array();
        Ok(if waiting.is_some_and(Vec::is_empty) {
            Ok(())
        } else {
            Err(format!("{}\n{said}", plan["waiting"]))
        })
    })?;
    stage.runs("h1", 60, &HOMES)
}

fn again(stage: &Stage) -> Result<()> {
    until("a plan is empty", 60, || {
        let plan = stage.product.plan()?;
        let steps: Vec<String> = plan["steps"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|step| format!("{} on {}", step["title"], step["server"]["name"]))
            .collect();
        let waits = plan["waiting"].to_string();
        Ok(if steps.is_empty() && waits == "[]" {
            Ok(())
        } else {
            Err(format!("{steps:?} {waits}"))
        })
    })
}
