//! Corosync and Pacemaker. The step runs on one node; Pacemaker tells the rest.

use super::{Action, Cancel, Claim, Class, Facts, Secret, Thing, Undo};
use lustre::argv::ha;
use lustre::label::TargetLabel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// This node has this `corosync.conf` and key. It takes both at its next start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorosyncConfigured {
    /// The cluster.
    pub cluster: String,
    /// All its nodes.
    pub nodes: Vec<CorosyncNode>,
    /// The key that they share.
    pub key: Secret,
    /// The nodes that it names before; none where there is no configuration
    /// yet. One with others, or that somebody else wrote, is left as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub was: Vec<CorosyncNode>,
}

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CorosyncNode {
    /// Its name.
    pub name: String,
    /// Its number, from 1; kept for good.
    pub id: u32,
    /// Its address on each link.
    pub addresses: Vec<String>,
}

impl CorosyncConfigured {
    /// Whether the server is to have no configuration any more.
    fn is_absent(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Where the configuration is.
    pub const PATH: &str = "/etc/corosync/corosync.conf";
    /// Where the key is.
    pub const KEY_PATH: &str = "/etc/corosync/authkey";

    /// The file that it writes.
    pub fn config(&self) -> String {
        let nodes: Vec<ha::Node<'_>> = self
            .nodes
            .iter()
            .map(|node| ha::Node {
                name: &node.name,
                id: node.id,
                addresses: &node.addresses,
            })
            .collect();
        ha::corosync_conf(&self.cluster, &nodes)
    }

    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: match (self.is_absent(), self.was.is_empty()) {
                (true, _) => format!("Remove Corosync's configuration of {}", self.cluster),
                (_, true) => format!("Configure Corosync for cluster {}", self.cluster),
                (_, false) => {
                    let names: Vec<&str> = self.nodes.iter().map(|one| one.name.as_str()).collect();
                    let names = stdx::hostlist::fold(&names);
                    format!("Configure cluster {} anew, with {names}", self.cluster)
                }
            },
            class: Class::Service,
            deadline_s: 60,
            attempts_max: 3,
            claims: vec![Claim::shared(Thing::ThisServer)],
            undo: Undo::Nothing,
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        if self.is_absent() {
            return vec![Action::Remove {
                path: Self::PATH.to_owned(),
            }];
        }
        vec![
            Action::MakeDir {
                path: String::from("/etc/corosync"),
            },
            Action::WriteSecret {
                path: Self::KEY_PATH.to_owned(),
                mode: 0o400,
                secret: self.key.clone(),
            },
            Action::Write {
                path: Self::PATH.to_owned(),
                mode: 0o644,
                text: self.config(),
            },
        ]
    }
}

/// Corosync on all nodes of a cluster goes by its new configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorosyncReloaded {
    /// The cluster's name.
    pub cluster: String,
    /// Names of the nodes that it knows then.
    pub nodes: Vec<String>,
}

impl CorosyncReloaded {
    pub(super) fn facts(&self) -> Facts {
        facts(
            format!(
                "Let Corosync of cluster {} read its configuration",
                self.cluster
            ),
            vec![Claim::all(Thing::Cib(self.cluster.clone()))],
            Undo::Nothing,
        )
    }

    #[expect(clippy::unused_self, reason = "every kind is asked the same way")]
    pub(super) fn actions(&self) -> Vec<Action> {
        vec![Action::service(ha::reload_corosync(), 60)]
    }
}

/// Pacemaker knows, by a person's word, that a lost node is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FenceConfirmed {
    /// The cluster's name.
    pub cluster: String,
    /// The node.
    pub node: String,
}

impl FenceConfirmed {
    pub(super) fn facts(&self) -> Facts {
        facts(
            format!("Tell Pacemaker that {} is off", self.node),
            vec![Claim::all(Thing::Node(self.node.clone()))],
            Undo::Ask("what was started elsewhere since runs there"),
        )
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        vec![Action::service(ha::confirm_off(&self.node), 120)]
    }
}

/// Pacemaker does not know a node any more, nor how it is fenced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeForgotten {
    /// The cluster's name.
    pub cluster: String,
    /// The node.
    pub node: String,
}

impl NodeForgotten {
    /// The id of its fencing device, as Candela names it.
    pub fn fence(&self) -> String {
        ha::fence_id(&self.node)
    }

    pub(super) fn facts(&self) -> Facts {
        facts(
            format!("Make Pacemaker forget {}", self.node),
            vec![Claim::all(Thing::Cib(self.cluster.clone()))],
            Undo::Ask("the plan that adds it again knows how"),
        )
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let places = format!("//rsc_location[@node=\"{}\"]", self.node);
        let fence = self.fence();
        let others = format!("//rsc_location[@rsc=\"{fence}\"]");
        let device = format!("//primitive[@id=\"{fence}\"]");
        [
            ha::delete_all(&places),
            ha::delete_all(&others),
            ha::delete_all(&device),
            ha::forget_node(&self.node),
        ]
        .into_iter()
        .map(|argv| Action::service(argv, 60))
        .collect()
    }
}

/// Pacemaker has these properties and resource defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaProperties {
    /// The cluster.
    pub cluster: String,
    /// Of the cluster: `stonith-enabled`, `no-quorum-policy`.
    pub properties: BTreeMap<String, String>,
    /// Of resources: `resource-stickiness`.
    #[serde(default)]
    pub defaults: BTreeMap<String, String>,
}

impl HaProperties {
    pub(super) fn facts(&self) -> Facts {
        let names: Vec<&str> = self
            .properties
            .keys()
            .chain(self.defaults.keys())
            .map(String::as_str)
            .collect();
        facts(
            format!("Set {} in cluster {}", names.join(", "), self.cluster),
            vec![Claim::all(Thing::Cib(self.cluster.clone()))],
            Undo::Nothing,
        )
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let properties = self.properties.iter();
        let properties = properties.map(|(name, value)| ha::set_property(name, value));
        let defaults = self.defaults.iter();
        let defaults = defaults.map(|(name, value)| ha::set_default(name, value));
        let all = properties.chain(defaults);
        all.map(|argv| Action::service(argv, 60)).collect()
    }
}

/// A node of the cluster can be fenced.
///
/// The secrets are written where Pacemaker looks for them on the node that runs
/// the step, so each node runs it. Pacemaker gives up for good on a device whose
/// secrets it does not find, so the CIB is changed by the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FenceConfigured {
    /// The cluster.
    pub cluster: String,
    /// The node that is fenced by it.
    pub node: String,
    /// `fence_ipmilan`.
    pub agent: String,
    /// What it is told, without secrets.
    pub parameters: BTreeMap<String, String>,
    /// What it is told in secret.
    #[serde(default)]
    pub secrets: BTreeMap<String, Secret>,
    /// Only the secrets are kept on this node, and another one tells Pacemaker.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_only: bool,
}

impl FenceConfigured {
    /// Its resource.
    pub fn id(&self) -> String {
        ha::fence_id(&self.node)
    }

    /// Where Pacemaker looks for the secrets.
    pub fn folder(&self) -> String {
        format!("/var/lib/pacemaker/lrm/secrets/{}", self.id())
    }

    /// What the CIB says: for a secret, where it is.
    pub fn cib_parameters(&self) -> Vec<(String, String)> {
        let open = self.parameters.clone().into_iter();
        let secret = self.secrets.keys();
        let secret = secret.map(|name| (name.clone(), String::from("lrm://")));
        open.chain(secret).collect()
    }

    pub(super) fn facts(&self) -> Facts {
        let title = if self.keeps_only {
            format!("Keep what {} needs to fence {}", self.agent, self.node)
        } else {
            format!("Let {} be fenced by {}", self.node, self.agent)
        };
        facts(
            title,
            vec![Claim::all(Thing::Cib(self.cluster.clone()))],
            Undo::Nothing,
        )
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let folder = self.folder();
        let mut actions = Vec::new();
        if !self.secrets.is_empty() {
            actions.push(Action::MakeDir {
                path: folder.clone(),
            });
        }
        for (name, secret) in &self.secrets {
            actions.push(Action::WriteSecret {
                path: format!("{folder}/{name}"),
                mode: 0o600,
                secret: secret.clone(),
            });
            actions.push(Action::WriteSecretSum {
                path: format!("{folder}/{name}.sign"),
                mode: 0o600,
                secret: secret.clone(),
            });
        }
        if self.keeps_only {
            return actions;
        }
        let xml = ha::fence_xml(&self.node, &self.agent, &self.cib_parameters());
        actions.push(Action::service(ha::create("resources", &xml), 60));
        let location = ha::fence_location_xml(&self.node);
        actions.push(Action::service(ha::create("constraints", &location), 60));
        actions
    }
}

/// A node is in standby or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standby {
    /// The node.
    pub node: String,
    /// Whether it is.
    pub is_on: bool,
}

impl Standby {
    pub(super) fn facts(&self) -> Facts {
        let title = if self.is_on {
            format!("Put {} into standby", self.node)
        } else {
            format!("Take {} out of standby", self.node)
        };
        let undo = Self {
            node: self.node.clone(),
            is_on: !self.is_on,
        };
        Facts {
            deadline_s: 1200,
            ..facts(
                title,
                vec![Claim::all(Thing::Node(self.node.clone()))],
                Undo::By(Box::new(undo.into())),
            )
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        vec![Action::service(ha::standby(&self.node, self.is_on), 60)]
    }
}

/// What Pacemaker runs for one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetResource {
    /// The target.
    pub label: TargetLabel,
    /// Its resource: the label's text, or `mgs` with the cluster's name.
    pub id: String,
    /// The cluster.
    pub cluster: String,
    /// Device path or `pool/dataset`.
    pub device: String,
    /// Where it is mounted.
    pub mount_point: String,
    /// The pool to import first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zpool: Option<String>,
    /// The group that they are in, where somebody else named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<String>,
    /// Nodes that may run it, the home first.
    pub nodes: Vec<String>,
    /// Nodes of the cluster that may not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barred: Vec<String>,
}

impl TargetResource {
    /// As its XML is made from.
    pub fn parts(&self) -> ha::Resource<'_> {
        ha::Resource {
            id: &self.id,
            device: &self.device,
            mount_point: &self.mount_point,
            zpool: self.zpool.as_deref(),
            nodes: &self.nodes,
            barred: &self.barred,
        }
    }

    /// What is started, stopped and moved.
    pub fn top(&self) -> String {
        let named = self.top.clone();
        named.unwrap_or_else(|| self.parts().top())
    }

    fn claims(&self) -> Vec<Claim> {
        let target = match &self.label {
            TargetLabel::Mgs => Thing::Node(self.id.clone()),
            TargetLabel::Of { .. } => Thing::Target(self.label.clone()),
        };
        vec![
            Claim::all(target),
            Claim::shared(Thing::Cib(self.cluster.clone())),
        ]
    }
}

/// Pacemaker has a target's resources; new ones are stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourcePresent {
    /// Them.
    pub resource: TargetResource,
}

impl ResourcePresent {
    pub(super) fn facts(&self) -> Facts {
        let undo = ResourceAbsent {
            resource: self.resource.clone(),
        };
        facts(
            format!("Add {} to Pacemaker", self.resource.label),
            self.resource.claims(),
            Undo::By(Box::new(undo.into())),
        )
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let parts = self.resource.parts();
        let resource = ha::create("resources", &ha::resource_xml(&parts));
        let places = ha::location_xml(&parts).into_iter();
        let places = places.map(|xml| ha::create("constraints", &xml));
        std::iter::once(resource)
            .chain(places)
            .map(|argv| Action::service(argv, 60))
            .collect()
    }
}

/// Pacemaker no longer has a target's resources. They must be stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceAbsent {
    /// Them.
    pub resource: TargetResource,
}

impl ResourceAbsent {
    pub(super) fn facts(&self) -> Facts {
        facts(
            format!("Remove {} from Pacemaker", self.resource.label),
            self.resource.claims(),
            Undo::Ask("the plan that adds it knows where it may run"),
        )
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let top = self.resource.top();
        let is_group = self.resource.zpool.is_some() || self.resource.top.is_some();
        let element = if is_group { "group" } else { "primitive" };
        let places = self.resource.nodes.iter().chain(&self.resource.barred);
        let places = places.map(|node| format!("//rsc_location[@id=\"location-{top}-{node}\"]"));
        let resource = format!("//{element}[@id=\"{top}\"]");
        let deleted = places.chain([resource]).map(|xpath| ha::delete(&xpath));
        // A constraint that somebody's move left behind would hold the resource,
        // be it the group that was moved or one in it.
        let mut moved = vec![top.clone()];
        if is_group {
            moved.extend([
                self.resource.id.clone(),
                format!("{}-zfs", self.resource.id),
            ]);
        }
        let cleared = moved.iter().map(|id| ha::clear(id));
        cleared
            .chain(deleted)
            .map(|argv| Action::service(argv, 60))
            .collect()
    }
}

/// Pacemaker runs a target's resources, or not, and they have come so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceRole {
    /// Them.
    pub resource: TargetResource,
    /// Whether they run.
    pub is_started: bool,
}

impl ResourceRole {
    pub(super) fn facts(&self) -> Facts {
        let verb = if self.is_started { "Start" } else { "Stop" };
        let undo = Self {
            resource: self.resource.clone(),
            is_started: !self.is_started,
        };
        Facts {
            deadline_s: 1200,
            attempts_max: 2,
            ..facts(
                format!("{verb} {} by Pacemaker", self.resource.label),
                self.resource.claims(),
                Undo::By(Box::new(undo.into())),
            )
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let top = self.resource.top();
        vec![Action::service(ha::target_role(&top, self.is_started), 60)]
    }
}

/// A target's resources run on this node. They keep running there afterwards,
/// since what runs is sticky.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourcePlaced {
    /// Them.
    pub resource: TargetResource,
    /// The node.
    pub node: String,
}

impl ResourcePlaced {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            deadline_s: 1200,
            attempts_max: 2,
            ..facts(
                format!("Move {} to {}", self.resource.label, self.node),
                self.resource.claims(),
                Undo::Ask("move it back by another job"),
            )
        }
    }

    /// The last action ends the constraint that the move made; it runs when the
    /// move has ended, however that was.
    pub(super) fn actions(&self) -> Vec<Action> {
        let top = self.resource.top();
        let lines = [
            ha::cleanup(&top),
            ha::move_to(&top, &self.node),
            ha::clear(&top),
        ];
        lines.map(|argv| Action::service(argv, 60)).to_vec()
    }
}

fn facts(title: String, claims: Vec<Claim>, undo: Undo) -> Facts {
    Facts {
        title,
        class: Class::Service,
        deadline_s: 120,
        attempts_max: 3,
        claims,
        undo,
        cancel: Cancel::Finish,
    }
}
