//! Targets: format, register, mount, unmount, wipe.

use super::{Action, Cancel, Claim, Class, Facts, Thing, Undo};
use crate::graph::Consent;
use crate::ids::{DeviceId, ServerId};
use lustre::argv::{pool, target};
use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use serde::{Deserialize, Serialize};

/// A device as one server sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeviceRef {
    /// The same everywhere. For a target on ZFS the dataset's:
    /// `dataset:POOL-GUID/POOL/NAME`, or `dataset:POOL/NAME` before the pool is made.
    pub id: DeviceId,
    /// The path on that server, or `pool/dataset`.
    pub path: String,
}

/// A device holds a target's empty file system, not yet known to its MGS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFormatted {
    /// The target.
    pub label: TargetLabel,
    /// Whether an MDT holds the MGS too.
    #[serde(default)]
    pub is_mgs_too: bool,
    /// `ldiskfs` or `zfs`.
    pub back_end: String,
    /// Where.
    pub device: DeviceRef,
    /// NIDs of each MGS node; none for an MGT.
    pub mgs_nodes: Vec<Vec<Nid>>,
    /// NIDs of each server that may serve it.
    pub service_nodes: Vec<Vec<Nid>>,
    /// Options for the back end's mkfs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mkfs_options: Option<String>,
    /// Mount options that it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_options: Option<String>,
    /// What may be lost; needed for a blank device too.
    pub consent: Vec<Consent>,
}

impl TargetFormatted {
    /// Whether there is something on the device that goes.
    pub fn is_reformat(&self) -> bool {
        let mut known = self.consent.iter();
        known.any(|consent| consent.signature != crate::graph::BLANK)
    }

    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Format {} on {}", self.label, self.device.path),
            class: Class::DiskWriting,
            deadline_s: 1800,
            attempts_max: 1,
            claims: vec![
                Claim::all(Thing::Device(self.device.id.clone())),
                claim_target(&self.label, &self.device),
            ],
            undo: Undo::Ask("what was on the device is gone; wiping it again needs consent"),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let argv = target::mkfs(&target::Format {
            label: &self.label,
            is_mgs_too: self.is_mgs_too,
            back_end: &self.back_end,
            mgs_nodes: &self.mgs_nodes,
            service_nodes: &self.service_nodes,
            mkfs_options: self.mkfs_options.as_deref(),
            mount_options: self.mount_options.as_deref(),
            is_reformat: self.is_reformat(),
            device: &self.device.path,
        });
        vec![Action::disk(argv, 1800)]
    }
}

/// A target was mounted once, so that its MGS knows it; it is unmounted again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRegistered {
    /// The target.
    pub label: TargetLabel,
    /// Where it lies.
    pub device: DeviceRef,
    /// `ldiskfs` or `zfs`.
    pub back_end: String,
    /// Where it is mounted for that.
    pub mount_point: String,
}

impl TargetRegistered {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Register {} with its MGS", self.label),
            class: Class::DiskWriting,
            deadline_s: 600,
            attempts_max: 3,
            claims: vec![
                claim_target(&self.label, &self.device),
                Claim::shared(Thing::ThisLnet),
            ],
            undo: Undo::Ask("the MGS knows the target; forgetting it erases configuration"),
            cancel: Cancel::Complete,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        vec![
            Action::MakeDir {
                path: self.mount_point.clone(),
            },
            Action::disk(
                target::mount(&self.device.path, &self.mount_point, &[]),
                600,
            ),
            Action::disk(target::umount(&self.mount_point), 300),
        ]
    }
}

/// Pacemaker can start a target on this server: its agents make no mount point,
/// and take no pool that is protected against two hosts where the host has no id.
/// So each server that may serve the target is prepared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPrepared {
    /// The target.
    pub label: TargetLabel,
    /// Where Pacemaker will mount it.
    pub mount_point: String,
    /// Whether it lies in a pool.
    #[serde(default)]
    pub has_pool: bool,
}

impl ServerPrepared {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Prepare for {}", self.label),
            class: Class::Service,
            deadline_s: 30,
            attempts_max: 3,
            claims: vec![Claim::all(Thing::MountPoint(self.mount_point.clone()))],
            undo: Undo::Nothing,
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let folder = Action::MakeDir {
            path: self.mount_point.clone(),
        };
        let id = Action::service(pool::host_id(), 30);
        std::iter::once(folder)
            .chain(self.has_pool.then_some(id))
            .collect()
    }
}

/// Why a target cannot be mounted on another server at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Elsewhere {
    /// That server's agent is here and shows it unmounted, or unmounts it before.
    Unmounted,
    /// That server is proven off.
    Fenced,
}

/// A target is mounted here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetMounted {
    /// The target.
    pub label: TargetLabel,
    /// Where it lies.
    pub device: DeviceRef,
    /// `ldiskfs` or `zfs`.
    pub back_end: String,
    /// Where.
    pub mount_point: String,
    /// Options: `abort_recov`, `nosvc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Each other server that can reach the device, and why it does not have
    /// the target. **Invariant:** the planner names them all.
    pub elsewhere: Vec<(ServerId, Elsewhere)>,
}

impl TargetMounted {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Mount {}", self.label),
            class: Class::DiskWriting,
            deadline_s: 900,
            attempts_max: 3,
            claims: vec![
                claim_target(&self.label, &self.device),
                Claim::shared(Thing::ThisLnet),
            ],
            undo: Undo::By(Box::new(
                TargetUnmounted {
                    label: self.label.clone(),
                    device: self.device.clone(),
                    mount_point: self.mount_point.clone(),
                }
                .into(),
            )),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        vec![
            Action::MakeDir {
                path: self.mount_point.clone(),
            },
            Action::disk(
                target::mount(&self.device.path, &self.mount_point, &self.options),
                900,
            ),
        ]
    }
}

/// A target is not mounted here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetUnmounted {
    /// The target.
    pub label: TargetLabel,
    /// Where it lies.
    pub device: DeviceRef,
    /// Where it is mounted.
    pub mount_point: String,
}

impl TargetUnmounted {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Unmount {}", self.label),
            class: Class::DiskWriting,
            deadline_s: 600,
            attempts_max: 3,
            claims: vec![
                claim_target(&self.label, &self.device),
                Claim::shared(Thing::ThisLnet),
            ],
            undo: Undo::Ask("the plan that mounts it knows where it may be"),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        vec![Action::disk(target::umount(&self.mount_point), 600)]
    }
}

/// A device no longer holds a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetWiped {
    /// The target that it held.
    pub label: TargetLabel,
    /// Where.
    pub device: DeviceRef,
    /// `ldiskfs` or `zfs`.
    pub back_end: String,
    /// What is lost.
    pub consent: Vec<Consent>,
}

impl TargetWiped {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Wipe {} from {}", self.label, self.device.path),
            class: Class::DiskWriting,
            deadline_s: 600,
            attempts_max: 1,
            claims: vec![
                Claim::all(Thing::Device(self.device.id.clone())),
                claim_target(&self.label, &self.device),
            ],
            undo: Undo::Ask("what is wiped is gone"),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let argv = if self.back_end == "zfs" {
            pool::destroy_dataset(&self.device.path)
        } else {
            target::wipe(&self.device.path)
        };
        vec![Action::disk(argv, 600)]
    }
}

/// The MGS that runs here no longer knows a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigErased {
    /// Which.
    pub fs: FsName,
}

impl ConfigErased {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Make the MGS forget {}", self.fs),
            class: Class::DiskWriting,
            deadline_s: 120,
            attempts_max: 3,
            claims: vec![Claim::all(Thing::FileSystem(self.fs.clone()))],
            undo: Undo::Ask("its targets must be written out anew to come back"),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        vec![Action::disk(target::erase_config(&self.fs), 120)]
    }
}

/// The claim on a target: all MGTs share one label, so theirs is on the device.
fn claim_target(label: &TargetLabel, device: &DeviceRef) -> Claim {
    Claim::all(match label {
        TargetLabel::Mgs => Thing::Device(device.id.clone()),
        TargetLabel::Of { .. } => Thing::Target(label.clone()),
    })
}
