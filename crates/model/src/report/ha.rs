//! Corosync and Pacemaker as one node sees them.

use jiff::Timestamp;
use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// High availability on one host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ha {
    /// Corosync, if it runs or is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corosync: Option<Corosync>,
    /// Version of Pacemaker that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pacemaker_version: Option<String>,
    /// Whether Pacemaker answered on this host.
    pub is_running: bool,
    /// Name of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// The designated controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dc: Option<String>,
    /// Whether this partition has quorum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_quorum: Option<bool>,
    /// `stonith-enabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fencing_enabled: Option<bool>,
    /// Whole-cluster maintenance mode.
    pub maintenance: bool,
    /// Cluster properties as set.
    pub properties: BTreeMap<String, String>,
    /// Nodes.
    pub nodes: Vec<HaNode>,
    /// Resources, groups flattened.
    pub resources: Vec<HaResource>,
    /// Fencing devices.
    pub fence_devices: Vec<FenceDevice>,
    /// What was fenced, newest first.
    pub fence_history: Vec<FenceEvent>,
    /// Constraints in one line each.
    pub constraints: Vec<Constraint>,
    /// What Pacemaker did last, newest first: starts, stops, what failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<HaOperation>,
}

/// Corosync as one node sees it: its links, members and votes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Corosync {
    /// `totem.cluster_name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// `knet`, `udpu`, `udp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// Members that are joined; where Corosync does not answer, those configured.
    pub members: Vec<CorosyncMember>,
    /// Rings or links.
    pub links: Vec<CorosyncLink>,
    /// Votes, where Corosync answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub votes: Option<CorosyncVotes>,
    /// Whether Candela wrote its configuration.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_by_candela: bool,
}

/// A member of Corosync's ring.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CorosyncMember {
    /// Id; 0 is a quorum device.
    pub id: u64,
    /// Name, or an address.
    pub name: String,
    /// Votes it brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub votes: Option<u64>,
    /// Whether it is joined.
    pub is_joined: bool,
    /// Its address on each link, as the configuration has it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

/// A ring or link of Corosync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CorosyncLink {
    /// Number.
    pub number: u64,
    /// This node's address on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it works towards every member, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_up: Option<bool>,
    /// Members that it does not reach, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
}

/// How Corosync counts votes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CorosyncVotes {
    /// Whether this partition has quorum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_quorate: Option<bool>,
    /// Votes that are expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// Votes present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Votes needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<u64>,
    /// `2Node`, `WaitForAll`, `Qdevice`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

/// How a node stands in the cluster.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum HaNodeState {
    /// Joined and may run resources.
    Online,
    /// Joined, runs nothing by order.
    Standby,
    /// Joined, nothing is started or stopped.
    Maintenance,
    /// Joining.
    Pending,
    /// Lost and not yet known to be off.
    Unclean,
    /// Not joined.
    #[default]
    Offline,
}

/// A node of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct HaNode {
    /// Name.
    pub name: String,
    /// Id as Pacemaker prints it.
    pub id: String,
    /// State.
    pub state: HaNodeState,
    /// Whether it runs nothing by order, now or once it is back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_standby: bool,
    /// Whether it is the designated controller.
    pub is_dc: bool,
    /// Node attributes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// A resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct HaResource {
    /// Id.
    pub id: String,
    /// Group, clone or bundle it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Agent: `ocf:lustre:Lustre`.
    pub agent: String,
    /// Role: `Started`, `Stopped`, `Promoted`…
    pub role: String,
    /// What it is told to be: `Started`, `Stopped`; none if nothing is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_role: Option<String>,
    /// Nodes it runs on.
    pub nodes: Vec<String>,
    /// Whether it failed.
    pub is_failed: bool,
    /// Whether Pacemaker manages it.
    pub is_managed: bool,
    /// Whether it blocks.
    pub is_blocked: bool,
    /// Failures counted, over all nodes.
    pub n_failures: u32,
    /// The same by node, where there are any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failed_on: BTreeMap<String, u32>,
    /// Instance parameters that name what it runs (`target`, `mountpoint`,
    /// `pool`, `device`, `directory`); never passwords.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

impl HaResource {
    /// The target that it is named for: `ost0003-scratch`,
    /// `scratch-OST0003_1a2b3c`, `mgs`.
    pub fn target(&self) -> Option<TargetLabel> {
        let whole = self.id.as_str();
        let stem = whole.rsplit_once('_').map(|(stem, _)| stem);
        std::iter::once(whole).chain(stem).find_map(named_for)
    }
}

fn named_for(name: &str) -> Option<TargetLabel> {
    if name.eq_ignore_ascii_case("mgs") || name.eq_ignore_ascii_case("mgt") {
        return Some(TargetLabel::Mgs);
    }
    if let Ok(label) = name.parse() {
        return Some(label);
    }
    let (target, fs) = name.split_once('-')?;
    let (kind, digits) = target.split_at_checked(3)?;
    let kind = match kind {
        "mdt" => TargetKind::Mdt,
        "ost" => TargetKind::Ost,
        _ => return None,
    };
    (digits.len() == 4).then_some(())?;
    Some(TargetLabel::Of {
        fs: FsName::new(fs).ok()?,
        kind,
        index: TargetIndex(u16::from_str_radix(digits, 16).ok()?),
    })
}

/// A fencing device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FenceDevice {
    /// Resource id.
    pub id: String,
    /// Agent: `stonith:fence_ipmilan`.
    pub agent: String,
    /// Hosts that it can fence, where listed.
    pub hosts: Vec<String>,
    /// Whether it is started.
    pub is_running: bool,
}

/// One fencing action of the past.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FenceEvent {
    /// Node that was fenced.
    pub target: String,
    /// `reboot`, `off`, `on`.
    pub action: String,
    /// `success`, `failed`, `pending`.
    pub status: String,
    /// When it completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
}

/// Something that Pacemaker had done on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct HaOperation {
    /// The resource.
    pub resource: String,
    /// The node.
    pub node: String,
    /// `start`, `stop`, `monitor`.
    pub task: String,
    /// Exit code of the resource's agent; 0 is well.
    pub code: i32,
    /// What that means, and what the agent said.
    pub said: String,
    /// When, by the cluster's clock: `2026-11-21 10:14:45`, with its offset
    /// where that is told. To be sorted by.
    pub clock: String,
    /// When, where the offset is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
}

/// A constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Constraint {
    /// Id.
    pub id: String,
    /// `location`, `colocation`, `order`, `ticket`.
    pub kind: String,
    /// The resource it is about (the first, where several).
    pub resource: String,
    /// Node for a location, other resource otherwise.
    pub with: String,
    /// Score as printed: `100`, `INFINITY`; `rule` where a rule decides.
    pub score: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_named_for_its_target() {
        let label = |id: &str| {
            let resource = HaResource {
                id: id.into(),
                ..HaResource::default()
            };
            resource.target().map(|label| label.to_string())
        };
        for (id, expected) in [
            ("ost0003-fs0a9c", Some("fs0a9c-OST0003")),
            ("mdt000a-fs-one", Some("fs-one-MDT000a")),
            ("testfs-OST0001_4a3b2c", Some("testfs-OST0001")),
            ("my_fs-OST0001", Some("my_fs-OST0001")),
            ("my_fs-OST0001_4a3b2c", Some("my_fs-OST0001")),
            ("mgs", Some("MGS")),
            ("MGS_1f2e3d", Some("MGS")),
            ("mgs-vg", None),
            ("ost12-fs", None),
            ("esui-fs", None),
        ] {
            assert_eq!(label(id).as_deref(), expected, "{id}");
        }
    }
}
