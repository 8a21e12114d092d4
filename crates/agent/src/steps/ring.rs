//! Who is in a cluster: Corosync's configuration, and the nodes that Pacemaker
//! knows.

use super::failure::{failed, passing};
use super::ha::{is_gone_already, state, told};
use super::{Kind, Seen, Work, read};
use crate::host::Output;
use lustre::argv::ha::CONF_HEADER;
use model::job::Failure;
use model::step::{
    Action, CorosyncConfigured, CorosyncNode, CorosyncReloaded, FenceConfirmed, NodeForgotten,
};
use platform::ha::corosync_conf;
use std::collections::BTreeSet;
use std::time::Duration;

/// Number, name and addresses of each node of a configuration.
type Nodes = BTreeSet<(u64, String, Vec<String>)>;

fn named(nodes: &[CorosyncNode]) -> Nodes {
    let nodes = nodes.iter();
    nodes
        .map(|one| (u64::from(one.id), one.name.clone(), one.addresses.clone()))
        .collect()
}

fn written(config: &[u8]) -> Nodes {
    let nodes = corosync_conf::parse(config).0.nodes.into_iter();
    nodes
        .map(|one| {
            let addresses = one.addresses.into_values().collect();
            (one.id.unwrap_or(0), one.name.unwrap_or_default(), addresses)
        })
        .collect()
}

/// Whether a file is one that Candela wrote for these nodes.
fn is_of(config: &[u8], nodes: &[CorosyncNode]) -> bool {
    config.starts_with(CONF_HEADER.as_bytes()) && written(config) == named(nodes)
}

impl Kind for CorosyncConfigured {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let found = work.hands.read_file(Self::PATH);
        if self.nodes.is_empty() {
            return Ok(match found {
                Ok(_) => Seen::NotSo(format!("there is {}", Self::PATH)),
                Err(_) => Seen::So(format!("there is no {}", Self::PATH)),
            });
        }
        if found.unwrap_or_default() != self.config().as_bytes() {
            return Ok(Seen::NotSo(format!("{} says something else", Self::PATH)));
        }
        let key = work.secrets.get(&self.key);
        let Some(key) = key else {
            return Err(failed(
                "secret-missing",
                format!("the key {} did not come with the order", self.key.0),
            ));
        };
        Ok(if work.hands.is_secret(Self::KEY_PATH, key) {
            Seen::So(format!("{} and its key are there", Self::PATH))
        } else {
            Seen::NotSo(format!("{} is another key", Self::KEY_PATH))
        })
    }

    /// A cluster that runs goes on with the configuration that it has, unless
    /// that is the very one that was seen.
    fn guard(&self, work: &Work<'_>) -> Result<(), Failure> {
        if self.was.is_empty() {
            return Ok(());
        }
        let found = work.hands.read_file(Self::PATH).unwrap_or_default();
        if !is_of(&found, &self.was) && !is_of(&found, &self.nodes) {
            let text = format!(
                "{} is not as Candela wrote it: it names other nodes, or somebody else wrote it",
                Self::PATH
            );
            return Err(failed("ha-differs", text));
        }
        let key = work.secrets.get(&self.key);
        let is_same = key.is_some_and(|key| work.hands.is_secret(Self::KEY_PATH, key));
        // One that goes needs no key.
        if !is_same && !self.nodes.is_empty() {
            let text = format!("{} is another key than Candela's", Self::KEY_PATH);
            return Err(failed("ha-differs", text));
        }
        Ok(())
    }
}

impl Kind for CorosyncReloaded {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let Some(output) = read(work, &["corosync-cmapctl"]) else {
            return Err(passing(
                "pacemaker-silent",
                String::from("Corosync does not answer on this server"),
            ));
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().filter_map(|line| {
            let (key, value) = line.split_once(" = ")?;
            let key = key.strip_prefix("nodelist.node.")?;
            let (_, key) = key.split_once('.')?;
            key.starts_with("name ").then(|| value.trim().to_owned())
        });
        let known: BTreeSet<String> = names.collect();
        let wanted: BTreeSet<String> = self.nodes.iter().cloned().collect();
        let list = known.iter().map(String::as_str).collect::<Vec<_>>();
        let words = format!("Corosync knows {}", list.join(", "));
        Ok(if known == wanted {
            Seen::So(words)
        } else {
            Seen::NotSo(words)
        })
    }

    fn settles_within(&self) -> Duration {
        Duration::from_mins(1)
    }
}

impl Kind for FenceConfirmed {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let state = state(work)?;
        let node = state.nodes.iter().find(|node| node.name == self.node);
        Ok(match node {
            Some(node) if node.unclean => {
                Seen::NotSo(format!("Pacemaker does not know what {} does", self.node))
            }
            Some(node) if node.online => {
                let text = format!("{} is online in Pacemaker, so it is not off", self.node);
                return Err(failed("ha-still-runs", text));
            }
            _ => Seen::So(format!("Pacemaker knows that {} is off", self.node)),
        })
    }

    fn settles_within(&self) -> Duration {
        Duration::from_mins(2)
    }
}

impl Kind for NodeForgotten {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let cib = told(work)?;
        let state = state(work)?;
        let node = &self.node;
        if state.nodes.iter().any(|one| one.name == *node) {
            return Ok(Seen::NotSo(format!("Pacemaker knows {node}")));
        }
        if cib.resources.iter().any(|one| one.id == self.fence()) {
            return Ok(Seen::NotSo(format!("Pacemaker has {}", self.fence())));
        }
        let of_node = |one: &platform::ha::cib::Constraint| one.with == *node;
        Ok(if cib.constraints.iter().any(of_node) {
            Seen::NotSo(format!("there are constraints for {node}"))
        } else {
            Seen::So(format!("Pacemaker does not know {node}"))
        })
    }

    fn guard(&self, work: &Work<'_>) -> Result<(), Failure> {
        let state = state(work)?;
        let mut nodes = state.nodes.iter();
        match nodes.find(|one| one.name == self.node && (one.online || one.unclean)) {
            Some(node) if node.online => {
                let text = format!("{} is online in Pacemaker", self.node);
                Err(failed("ha-still-runs", text))
            }
            Some(_) => {
                let text = format!("Pacemaker does not know whether {} is off", self.node);
                Err(failed("ha-still-runs", text))
            }
            None => Ok(()),
        }
    }

    fn tolerates(&self, _action: &Action, output: &Output) -> bool {
        is_gone_already(output)
    }

    fn settles_within(&self) -> Duration {
        Duration::from_mins(1)
    }
}
