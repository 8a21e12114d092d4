//! A wished file system, and what is proposed for it: which devices, on which
//! servers. `plan::propose` makes proposals; nothing is changed by one.

use crate::edit::Edit;
use crate::spec::{BackEnd, Fencing, Finding, HaManager, PoolSpec};
use lustre::label::FsName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a file system is to be; all else is proposed. One that the spec has
/// already is to grow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Its name: 1 to 8 letters, digits, `_` and `-`.
    #[schema(value_type = String)]
    pub name: FsName,
    /// What its targets lie on.
    #[serde(default)]
    pub back_end: BackEnd,
    /// Where its MGS is; where nothing is said, with the one that there is, or
    /// on the first MDT.
    #[serde(default)]
    pub mgs: Option<MgsWish>,
    /// Servers for MDTs and the MGT, as a host list.
    #[serde(default)]
    pub mdt_servers: Option<String>,
    /// Servers for OSTs, as a host list.
    #[serde(default)]
    pub ost_servers: Option<String>,
    /// How many MDTs; one if nothing is said, none where it grows.
    #[serde(default)]
    pub n_mdts: Option<u16>,
    /// How many OSTs; as many as there are devices that suit if nothing is said.
    #[serde(default)]
    pub n_osts: Option<u16>,
    /// Devices for MDTs, by name; they may hold data, which is lost.
    #[serde(default)]
    pub mdt_devices: Vec<String>,
    /// Devices for OSTs, by name; they may hold data, which is lost.
    #[serde(default)]
    pub ost_devices: Vec<String>,
    /// The pool of each MDT, for ZFS; one plain disk if nothing is said.
    #[serde(default)]
    pub mdt_pool: Option<PoolSpec>,
    /// The pool of each OST, for ZFS; one plain disk if nothing is said.
    #[serde(default)]
    pub ost_pool: Option<PoolSpec>,
    /// Who starts and stops targets in HA groups that are new; Pacemaker where
    /// there is fencing, else nobody.
    #[serde(default)]
    pub ha: Option<HaManager>,
    /// How the servers of new HA groups are turned off.
    #[serde(default)]
    pub fencing: Option<Fencing>,
}

impl Wish {
    /// Nothing but a name.
    pub fn named(name: FsName) -> Self {
        Self {
            name,
            back_end: BackEnd::default(),
            mgs: None,
            mdt_servers: None,
            ost_servers: None,
            n_mdts: None,
            n_osts: None,
            mdt_devices: Vec::new(),
            ost_devices: Vec::new(),
            mdt_pool: None,
            ost_pool: None,
            ha: None,
            fencing: None,
        }
    }
}

/// Where an MGS is wished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MgsWish {
    /// On the first MDT.
    OnMdt0,
    /// On a target of its own.
    Own,
    /// The one of another file system of the spec.
    Of(String),
}

/// What is proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proposal {
    /// What to give to `POST /plan` as `edits`; none where there is nothing to propose.
    pub edits: Vec<Edit>,
    /// The targets, and where each would be.
    pub targets: Vec<ProposedTarget>,
    /// Servers whose devices are looked at: those of the wish, else all that suit. By name.
    pub servers: Vec<String>,
    /// Devices that were passed over, and why; not more than 200 of them.
    pub left_out: Vec<LeftOut>,
    /// How many devices were passed over.
    pub n_left_out: u32,
    /// What is wrong with the wish, or should be known of the proposal.
    pub findings: Vec<Finding>,
}

/// A target that would be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposedTarget {
    /// Its label: `scratch-OST0001`.
    pub label: String,
    /// The server it would belong on.
    pub home: String,
    /// Servers that could take it over.
    pub heirs: Vec<String>,
    /// Its HA group.
    pub ha_group: Option<String>,
    /// Its devices.
    pub devices: Vec<String>,
    /// Their paths on its home.
    pub paths: Vec<String>,
    /// Bytes of its devices in all.
    pub bytes: u64,
    /// What its devices hold now, which is lost.
    pub holds: Vec<String>,
}

/// A device that was passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// Id of the device.
    pub device: String,
    /// A path of it, and the server that has it there.
    pub path: String,
    /// That server.
    pub server: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// Why, one sentence.
    pub why: String,
    /// Whether it is taken all the same where a wish names it.
    #[serde(default)]
    pub may_be_named: bool,
}
