//! Steps: what an agent can be told to make so. One file for each family.
//!
//! A step says *ensure*: it is looked whether it is so already, then made so,
//! then looked again. Adding a kind: its struct and [`Facts`] here, a planner
//! that asks for it, and how to look in `agent/src/steps`. Journal and wire
//! carry steps as they are, so a field once released keeps its name.

mod action;
mod client;
mod ha;
mod host;
mod network;
mod pool;
mod target;

pub use action::{Action, Class, Secret};
pub use client::{ClientMounted, ClientUnmounted};
pub use ha::{
    CorosyncConfigured, CorosyncNode, CorosyncReloaded, FenceConfigured, FenceConfirmed,
    HaProperties, NodeForgotten, ResourceAbsent, ResourcePlaced, ResourcePresent, ResourceRole,
    Standby, TargetResource,
};
pub use host::{FirewallOpen, ServerRebooted, ServiceSet, TimeSynced};
pub use network::{LnetDown, LnetNet, LnetUp};
pub use pool::{PoolAbsent, PoolExported, PoolImported, PoolPresent, VdevSpec};
pub use target::{
    ConfigErased, DeviceRef, Elsewhere, ServerPrepared, TargetFormatted, TargetMounted,
    TargetRegistered, TargetUnmounted, TargetWiped,
};

use crate::graph::Consent;
use crate::ids::DeviceId;
use lustre::label::{FsName, TargetLabel};
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! steps {
    ($($(#[$doc:meta])* $kind:ident)*) => {
        /// What to make so.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Step {
            $($(#[$doc])* $kind($kind),)*
        }

        impl Step {
            /// Its kind, as it is journalled: `target_mounted`.
            pub fn kind(&self) -> String {
                let name = match self { $(Self::$kind(_) => stringify!($kind),)* };
                snake(name)
            }

            /// All that is true of it whatever the plan.
            pub fn facts(&self) -> Facts {
                match self { $(Self::$kind(step) => step.facts(),)* }
            }

            /// What it runs and writes where nothing is so yet, in order.
            pub fn actions(&self) -> Vec<Action> {
                match self { $(Self::$kind(step) => step.actions(),)* }
            }
        }

        $(impl From<$kind> for Step {
            fn from(step: $kind) -> Self {
                Self::$kind(step)
            }
        })*

        /// Every kind there is, for tests that must not miss one.
        pub const KINDS: &[&str] = &[$(stringify!($kind)),*];
    };
}

steps! {
    /// LNet is configured, now and after each boot.
    LnetUp
    /// LNet is stopped and its modules are unloaded.
    LnetDown
    /// The clock follows these sources.
    TimeSynced
    /// These ports are open, now and after each boot.
    FirewallOpen
    /// A unit runs or not, and starts at boot or not.
    ServiceSet
    /// The server was rebooted.
    ServerRebooted
    /// Corosync has this configuration and key.
    CorosyncConfigured
    /// Corosync on all nodes goes by its new configuration.
    CorosyncReloaded
    /// Pacemaker has these properties and defaults.
    HaProperties
    /// A node has a fencing device.
    FenceConfigured
    /// Pacemaker knows, by a person's word, that a lost node is off.
    FenceConfirmed
    /// Pacemaker does not know a node any more.
    NodeForgotten
    /// A node is in standby or not.
    Standby
    /// Pacemaker can start a target here.
    ServerPrepared
    /// Pacemaker has the resources of a target.
    ResourcePresent
    /// Pacemaker no longer has them.
    ResourceAbsent
    /// Pacemaker is told to run or stop them, and has done so.
    ResourceRole
    /// The resources run on one node.
    ResourcePlaced
    /// A pool exists.
    PoolPresent
    /// A pool is imported here.
    PoolImported
    /// A pool is not imported here.
    PoolExported
    /// A pool is destroyed.
    PoolAbsent
    /// A device holds a target's empty file system.
    TargetFormatted
    /// A target is known to its MGS.
    TargetRegistered
    /// A target is mounted here.
    TargetMounted
    /// A target is not mounted here.
    TargetUnmounted
    /// A device no longer holds a target.
    TargetWiped
    /// An MGS no longer knows a file system.
    ConfigErased
    /// A file system is mounted here as a client.
    ClientMounted
    /// It is not.
    ClientUnmounted
}

/// What is true of a step whatever the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// One line for people: `Mount scratch-OST0001`.
    pub title: String,
    /// The strongest thing its commands do; decides what may be done to it.
    pub class: Class,
    /// Longest time that is normal, seconds.
    pub deadline_s: u32,
    /// How often it is tried in all before a person is asked; 1 is never again.
    pub attempts_max: u8,
    /// What it holds while it runs.
    pub claims: Vec<Claim>,
    /// What can be done about it afterwards.
    pub undo: Undo,
    /// What a cancelled job does with it while it runs.
    pub cancel: Cancel,
}

/// What undoes a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// Nothing has to be undone.
    Nothing,
    /// This step undoes it.
    By(Box<Step>),
    /// A person must say: why.
    Ask(&'static str),
}

/// What cancelling means for a running step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// Its command may be killed.
    Kill,
    /// It is left to end, and what follows is not started.
    Finish,
    /// The same; and where its agent or server ended in the middle, it is asked again,
    /// so that nothing is left half done. A second cancel leaves it.
    Complete,
}

/// Something that only so many steps may hold at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim {
    /// What.
    pub thing: Thing,
    /// Whether nobody else may hold it.
    pub exclusive: bool,
}

/// What can be claimed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// The server that runs the step, as a whole: its boot, its services.
    ThisServer,
    /// LNet on the server that runs the step.
    ThisLnet,
    /// A server by name: Pacemaker's node.
    Node(String),
    /// A device.
    Device(DeviceId),
    /// A pool by name.
    Zpool(String),
    /// A target: its label, and its device for those that have no label yet.
    Target(TargetLabel),
    /// The MGS with these NIDs: its configuration.
    Mgs(String),
    /// A file system.
    FileSystem(FsName),
    /// Pacemaker's configuration in a cluster of this name.
    Cib(String),
    /// A client's mount point on the server that runs the step.
    MountPoint(String),
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThisServer => f.write_str("its server"),
            Self::ThisLnet => f.write_str("LNet of its server"),
            Self::Node(name) => write!(f, "node {name}"),
            Self::Device(id) => write!(f, "device {id}"),
            Self::Zpool(name) => write!(f, "zpool {name}"),
            Self::Target(label) => write!(f, "target {label}"),
            Self::Mgs(nids) => write!(f, "the MGS at {nids}"),
            Self::FileSystem(name) => write!(f, "file system {name}"),
            Self::Cib(name) => write!(f, "the configuration of HA cluster {name}"),
            Self::MountPoint(path) => write!(f, "mount point {path}"),
        }
    }
}

impl Claim {
    /// Nobody else.
    pub fn all(thing: Thing) -> Self {
        Self {
            thing,
            exclusive: true,
        }
    }

    /// Others may too.
    pub fn shared(thing: Thing) -> Self {
        Self {
            thing,
            exclusive: false,
        }
    }
}

impl Step {
    /// The consent that it needs; none for a step that can lose no data.
    pub fn consent(&self) -> Option<&Vec<Consent>> {
        match self {
            Self::TargetFormatted(step) => Some(&step.consent),
            Self::TargetWiped(step) => Some(&step.consent),
            Self::PoolPresent(step) => Some(&step.consent),
            Self::PoolAbsent(step) => Some(&step.consent),
            _ => None,
        }
    }

    /// Secrets that its actions write, each once.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut found: Vec<Secret> = self
            .actions()
            .into_iter()
            .filter_map(|action| match action {
                Action::WriteSecret { secret, .. } => Some(secret),
                _ => None,
            })
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// Devices that lose what they hold when it runs.
    pub fn erases(&self) -> Vec<&DeviceId> {
        match self {
            Self::TargetFormatted(step) => vec![&step.device.id],
            Self::TargetWiped(step) => vec![&step.device.id],
            Self::PoolPresent(step) => step.devices().map(|device| &device.id).collect(),
            Self::PoolAbsent(step) => step.devices.iter().collect(),
            _ => Vec::new(),
        }
    }
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
