//! Client mounts.

use super::{Action, Cancel, Claim, Class, Facts, Thing, Undo};
use lustre::argv::host;
use lustre::label::FsName;
use serde::{Deserialize, Serialize};

/// A file system is mounted here as a client, now and after each boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientMounted {
    /// Which.
    pub fs: FsName,
    /// `NID:NID:/scratch`.
    pub source: String,
    /// Where.
    pub mount_point: String,
    /// Options: `flock`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

impl ClientMounted {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Mount {} at {}", self.fs, self.mount_point),
            class: Class::Service,
            deadline_s: 900,
            attempts_max: 3,
            claims: vec![
                Claim::all(Thing::MountPoint(self.mount_point.clone())),
                Claim::shared(Thing::FileSystem(self.fs.clone())),
                Claim::shared(Thing::ThisLnet),
            ],
            undo: Undo::By(Box::new(
                ClientUnmounted {
                    fs: self.fs.clone(),
                    mount_point: self.mount_point.clone(),
                }
                .into(),
            )),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let unit = host::mount_unit(&self.mount_point);
        vec![
            Action::MakeDir {
                path: self.mount_point.clone(),
            },
            Action::Write {
                path: format!("/etc/systemd/system/{unit}"),
                mode: 0o644,
                text: host::mount_unit_text(&self.source, &self.mount_point, &self.options),
            },
            Action::service(host::daemon_reload(), 60),
            Action::service(host::systemctl("enable", &unit), 30),
            Action::service(host::systemctl("start", &unit), 900),
        ]
    }
}

/// A file system is not mounted here as a client, nor after a boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientUnmounted {
    /// Which.
    pub fs: FsName,
    /// Where it is mounted.
    pub mount_point: String,
}

impl ClientUnmounted {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Unmount {} from {}", self.fs, self.mount_point),
            class: Class::Service,
            deadline_s: 600,
            attempts_max: 3,
            claims: vec![
                Claim::all(Thing::MountPoint(self.mount_point.clone())),
                Claim::shared(Thing::ThisLnet),
            ],
            undo: Undo::Ask("the plan that mounts it knows its options"),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let unit = host::mount_unit(&self.mount_point);
        vec![
            Action::service(host::systemctl("disable", &unit), 30),
            Action::service(host::systemctl("stop", &unit), 600),
            Action::Remove {
                path: format!("/etc/systemd/system/{unit}"),
            },
            Action::service(host::daemon_reload(), 60),
        ]
    }
}
