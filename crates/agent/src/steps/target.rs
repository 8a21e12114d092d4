//! Targets.

use super::around::{Around, mounts, real_name};
use super::failure::{failed, passing};
use super::pool::{HOST_ID, is_host_id};
use super::{Kind, Seen, Work};
use crate::observe::lustre_facts::mount_data;
use lustre::disk::mount_data::MountData;
use lustre::label::{Registration, TargetLabel, registration_state};
use model::graph::{Consent, signature};
use model::job::Failure;
use model::report::Mount;
use model::step::{
    Action, ConfigErased, DeviceRef, ServerPrepared, TargetFormatted, TargetMounted,
    TargetRegistered, TargetUnmounted, TargetWiped,
};

/// The device still holds what was agreed to lose. Read just before.
pub(super) fn agreed(
    around: &Around,
    wanted: &DeviceRef,
    consents: &[Consent],
) -> Result<(), Failure> {
    let Some(device) = around.device(wanted) else {
        return Err(failed(
            "device-gone",
            format!("{} is not {} on this server now", wanted.path, wanted.id),
        ));
    };
    let now = signature(device);
    let is_same = |consent: &Consent| consent.device == wanted.id && consent.signature == now;
    if consents.iter().any(is_same) {
        return Ok(());
    }
    Err(failed(
        "signature-changed",
        format!("{} holds {now}, which nobody agreed to lose", wanted.path),
    ))
}

fn is_zfs(back_end: &str) -> bool {
    back_end == "zfs"
}

/// What a target's device carries, of its own.
fn on_disk(
    around: &Around,
    device: &DeviceRef,
    back_end: &str,
    work: &Work<'_>,
) -> Result<Option<MountData>, Failure> {
    if is_zfs(back_end) {
        let dataset = around.dataset(&device.path)?;
        let data = dataset.map(|dataset| mount_data::of_properties(&dataset.lustre));
        return Ok(data.filter(|data| !data.name.is_empty()));
    }
    let device = around.device(device);
    let device = device.filter(|device| device.content.is_some());
    let read = device.and_then(|device| mount_data::of_device(work.hands, device));
    Ok(read.map(|(data, _)| data))
}

fn is_target(data: &MountData, label: &TargetLabel) -> bool {
    data.label().as_ref() == Some(label) || (*label == TargetLabel::Mgs && data.is_mgs())
}

/// Where it is mounted on this server. What is mounted by one name of a device
/// is listed by another, so that real names are compared.
fn mounted<'a>(
    mounts: &'a [Mount],
    label: &TargetLabel,
    device: &DeviceRef,
    work: &Work<'_>,
) -> Option<&'a Mount> {
    let svname = format!("svname={label}");
    let is_named = |mount: &&Mount| {
        let mut options = mount.options.split(',');
        *label != TargetLabel::Mgs && options.any(|option| option == svname)
    };
    let here = || {
        mounts
            .iter()
            .filter(|one| one.fs_type.starts_with("lustre"))
    };
    let known = here().find(|one| one.source == device.path || is_named(one));
    if known.is_some() || here().next().is_none() {
        return known;
    }
    let name = real_name(work, &device.path);
    here().find(|one| real_name(work, &one.source) == name)
}

impl Kind for TargetFormatted {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let around = Around::new(work)?;
        Ok(
            match on_disk(&around, &self.device, &self.back_end, work)? {
                Some(data) if is_target(&data, &self.label) => {
                    Seen::So(format!("{} holds {}", self.device.path, data.name))
                }
                Some(data) => Seen::NotSo(format!("{} holds {}", self.device.path, data.name)),
                None => Seen::NotSo(format!("{} holds no target", self.device.path)),
            },
        )
    }

    fn guard(&self, work: &Work<'_>) -> Result<(), Failure> {
        let around = Around::new(work)?;
        if let Some(mount) = mounted(&around.mounts, &self.label, &self.device, work) {
            return Err(failed(
                "device-busy",
                format!("{} is mounted at {}", self.device.path, mount.mount_point),
            ));
        }
        if is_zfs(&self.back_end) {
            return dataset_agreed(&around, &self.device);
        }
        agreed(&around, &self.device, &self.consent)
    }
}

/// A dataset is made by the format: the pool must be here, and the name free.
fn dataset_agreed(around: &Around, device: &DeviceRef) -> Result<(), Failure> {
    let pool = device.path.split('/').next().unwrap_or_default();
    if around.zpool(pool)?.is_none() {
        return Err(failed(
            "pool-not-here",
            format!("the pool {pool} is not imported on this server"),
        ));
    }
    match around.dataset(&device.path)? {
        Some(_) => Err(failed(
            "formatted-already",
            format!("{} is there and holds another target", device.path),
        )),
        None => Ok(()),
    }
}

impl Kind for TargetRegistered {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let around = Around::new(work)?;
        if mounted(&around.mounts, &self.label, &self.device, work).is_some() {
            return Ok(Seen::NotSo(format!("{} is still mounted", self.label)));
        }
        Ok(
            match on_disk(&around, &self.device, &self.back_end, work)? {
                Some(data) if !is_target(&data, &self.label) => {
                    return Err(failed(
                        "other-target",
                        format!(
                            "{} holds {}, not {}",
                            self.device.path, data.name, self.label
                        ),
                    ));
                }
                Some(data) => match name_now(&around, &self.device, &self.back_end)? {
                    Some(name) if registration_state(&name) == Some(Registration::Registered) => {
                        Seen::So(format!("{} is registered", self.label))
                    }
                    name => {
                        let name = name.unwrap_or(data.name);
                        Seen::NotSo(format!("{name} was never registered"))
                    }
                },
                None => Seen::NotSo(format!("{} holds no target", self.device.path)),
            },
        )
    }

    fn skips(&self, action: &Action, work: &Work<'_>) -> bool {
        // Interrupted between mount and unmount: only the second is left.
        action.to_string().starts_with("mount ")
            && mounts(work)
                .is_ok_and(|mounts| mounted(&mounts, &self.label, &self.device, work).is_some())
    }
}

/// A target's name with the separator that tells whether its MGS knows it: the
/// label of the file system on ldiskfs, where `CONFIGS/mountdata` keeps the name
/// and the flags of the format for ever; the property on ZFS.
fn name_now(
    around: &Around,
    device: &DeviceRef,
    back_end: &str,
) -> Result<Option<String>, Failure> {
    if is_zfs(back_end) {
        let dataset = around.dataset(&device.path)?;
        return Ok(dataset.and_then(|dataset| dataset.lustre.get("svname").cloned()));
    }
    let device = around.device(device);
    Ok(device.and_then(|device| device.label.clone()))
}

impl Kind for ServerPrepared {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let id = self.has_pool.then_some(HOST_ID);
        let needed = [self.mount_point.as_str()].into_iter().chain(id);
        let missing = needed.into_iter().find(|path| !work.hands.exists(path));
        Ok(match missing {
            None => Seen::So(format!("{} is there", self.mount_point)),
            Some(path) => Seen::NotSo(format!("there is no {path}")),
        })
    }

    fn skips(&self, action: &Action, work: &Work<'_>) -> bool {
        is_host_id(action, work)
    }
}

impl Kind for TargetMounted {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let mounts = mounts(work)?;
        Ok(match mounted(&mounts, &self.label, &self.device, work) {
            Some(mount) => Seen::So(format!(
                "{} is mounted at {}",
                self.label, mount.mount_point
            )),
            None => Seen::NotSo(format!("{} is not mounted", self.label)),
        })
    }

    fn guard(&self, work: &Work<'_>) -> Result<(), Failure> {
        let around = Around::new(work)?;
        match on_disk(&around, &self.device, &self.back_end, work)? {
            Some(data) if is_target(&data, &self.label) => Ok(()),
            Some(data) => Err(failed(
                "other-target",
                format!(
                    "{} holds {}, not {}",
                    self.device.path, data.name, self.label
                ),
            )),
            None => Err(passing(
                "not-formatted",
                format!("{} holds no target that can be read", self.device.path),
            )),
        }
    }
}

impl Kind for TargetUnmounted {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let mounts = mounts(work)?;
        Ok(match mounted(&mounts, &self.label, &self.device, work) {
            None => Seen::So(format!("{} is not mounted here", self.label)),
            Some(mount) => Seen::NotSo(format!(
                "{} is mounted at {}",
                self.label, mount.mount_point
            )),
        })
    }
}

impl Kind for TargetWiped {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let around = Around::new(work)?;
        let data = on_disk(&around, &self.device, &self.back_end, work)?;
        if let Some(data) = data {
            return Ok(Seen::NotSo(format!(
                "{} holds {}",
                self.device.path, data.name
            )));
        }
        let content = around
            .device(&self.device)
            .and_then(|one| one.content.clone());
        Ok(match content {
            Some(content) if !is_zfs(&self.back_end) => {
                Seen::NotSo(format!("{} holds {content}", self.device.path))
            }
            _ => Seen::So(format!("{} holds no target", self.device.path)),
        })
    }

    fn guard(&self, work: &Work<'_>) -> Result<(), Failure> {
        let around = Around::new(work)?;
        if let Some(mount) = mounted(&around.mounts, &self.label, &self.device, work) {
            return Err(failed(
                "device-busy",
                format!("{} is mounted at {}", self.device.path, mount.mount_point),
            ));
        }
        if is_zfs(&self.back_end) {
            let agreed = self.consent.iter().any(|one| one.device == self.device.id);
            return if agreed {
                Ok(())
            } else {
                Err(failed(
                    "signature-changed",
                    format!("nobody agreed to lose {}", self.device.path),
                ))
            };
        }
        agreed(&around, &self.device, &self.consent)
    }
}

impl Kind for ConfigErased {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let name = format!("mgs.MGS.live.{}", self.fs);
        let found = super::read(work, &["lctl", "get_param", "-N", "mgs.MGS.live.*"]);
        let Some(found) = found else {
            return Err(passing(
                "mgs-unreachable",
                String::from("no MGS runs on this server"),
            ));
        };
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        Ok(if text.lines().any(|line| line.trim() == name) {
            Seen::NotSo(format!("the MGS knows {}", self.fs))
        } else {
            Seen::So(format!("the MGS does not know {}", self.fs))
        })
    }
}
