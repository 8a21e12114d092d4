//! Lustre on this host: targets by every sign, clients, what an MGS knows.

mod mgs;
pub(crate) mod mount_data;
mod signs;

use super::{Look, devices};
use crate::host::Command;
use jiff::Timestamp;
use lustre::devices::ObdDevice;
use lustre::label::{FsName, TargetLabel};
use lustre::param::{self, Block, state};
use model::report::{
    ClientMount, Dataset, Device, DeviceKind, Ha, Health, Lustre, Mount, MountData, Recovery,
    RecoveryState, TargetSeen, TargetSource,
};

/// What other sections found that bears on Lustre.
pub struct Around<'a> {
    /// Mounts.
    pub mounts: &'a [Mount],
    /// Devices with pools and datasets.
    pub devices: &'a [Device],
    /// Datasets with Lustre's properties.
    pub datasets: &'a [Dataset],
    /// Whether the mount table was read.
    pub has_mounts: bool,
    /// Pacemaker, and this host's name in it.
    pub ha: Option<(&'a Ha, &'a str)>,
}

const PARAMS: &[&str] = &[
    "lctl",
    "get_param",
    "version",
    "health_check",
    "*.*.recovery_status",
    "*.*.num_exports",
    "osd-*.*.kbytestotal",
    "osd-*.*.kbytesavail",
    "osd-*.*.filestotal",
    "osd-*.*.filesfree",
    "mgs.MGS.live.*",
    "mdt.*.exports.*.uuid",
];

/// Everything Lustre. A host without Lustre gives an empty section.
pub fn lustre(look: &mut Look<'_>, around: &Around<'_>) -> Option<Lustre> {
    let mut found = Lustre::default();
    for mount in around.mounts {
        add_mount(&mut found, mount, around);
    }
    let listed = look.run("lustre", &[&["lctl", "dl"]]);
    if let Some((bytes, source)) = &listed {
        let (obds, skips) = lustre::devices::parse(bytes);
        look.skips("lustre", source, &skips);
        add_obd_devices(&mut found, &obds);
        found.opened = opened(&found, &obds);
    }
    found.targets.extend(
        around
            .datasets
            .iter()
            .filter_map(|dataset| from_dataset(dataset, around)),
    );
    let candidates: Vec<&Device> = around
        .devices
        .iter()
        .filter(|device| is_ldiskfs(device))
        .collect();
    for device in candidates {
        found.targets.push(on_disk(look, device));
    }
    // Parameters are asked for only where modules are loaded: `lctl` fails else.
    found.is_loaded = listed.as_ref().is_some_and(|(bytes, _)| !bytes.is_empty());
    if let Some((bytes, _)) = look.run("lustre", &[PARAMS]) {
        let knows_devices = around.has_mounts || listed.is_some();
        let mut exports = signs::Exports::default();
        for block in param::blocks(&bytes).filter_map(Result::ok) {
            if !knows_devices {
                signs::from_param(&mut found, &block);
            }
            exports.add(&block);
        }
        for block in param::blocks(&bytes).filter_map(Result::ok) {
            add_param(&mut found, &block);
        }
        exports.settle(&mut found);
    }
    if let (false, Some((ha, host))) = (around.has_mounts, around.ha) {
        signs::from_ha(&mut found, ha, host);
    }
    let is_told = around.has_mounts || listed.is_some();
    mgs::settle(look, &mut found, is_told);
    if found.version.is_none() {
        let version = look.host().run(&Command::read(&["lctl", "--version"])).ok();
        let text = version
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default();
        found.version = text.split_whitespace().last().map(str::to_owned);
    }
    Some(found)
}

fn seen(label: TargetLabel, source: TargetSource, evidence: String) -> TargetSeen {
    TargetSeen {
        label,
        source,
        evidence,
        device: None,
        device_path: None,
        back_end: None,
        mount_point: None,
        obd_state: None,
        is_mgs_too: false,
        mount_data: None,
        recovery: None,
        n_clients: None,
        bytes_total: None,
        bytes_available: None,
        inodes_total: None,
        inodes_free: None,
    }
}

fn option<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    options
        .split(',')
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

fn add_mount(found: &mut Lustre, mount: &Mount, around: &Around<'_>) {
    if mount.fs_type != "lustre" && mount.fs_type != "lustre_tgt" {
        return;
    }
    let evidence = || format!("mounted: {} on {}", mount.source, mount.mount_point);
    if let Some(label) = option(&mount.options, "svname").and_then(|name| name.parse().ok()) {
        let device = devices::find(around.devices, &mount.source);
        let osd = option(&mount.options, "osd").and_then(|osd| osd.strip_prefix("osd-"));
        let is_mgs_too =
            label != TargetLabel::Mgs && mount.options.split(',').any(|word| word == "mgs");
        let mgs = option(&mount.options, "mgsnode");
        found.targets.push(TargetSeen {
            device: device
                .map(|device| device.id.clone())
                .or_else(|| super::pools::by_member(around.devices, &mount.source)),
            mount_data: mgs.map(|nodes| MountData {
                mgs_nodes: lustre::nid::parse_nodes(nodes).0,
                ..MountData::default()
            }),
            device_path: Some(mount.source.clone()),
            back_end: osd.map(str::to_owned),
            mount_point: Some(mount.mount_point.clone()),
            is_mgs_too,
            ..seen(label, TargetSource::Mount, evidence())
        });
        return;
    }
    // `NID[,NID…][:NID…]:/FS[/sub/folder]`
    let Some((mgs, path)) = mount.source.split_once(":/") else {
        return;
    };
    let Ok(fs) = FsName::new(path.split('/').next().unwrap_or_default()) else {
        return;
    };
    found.clients.push(ClientMount {
        fs,
        mgs: mgs.to_owned(),
        mount_point: mount.mount_point.clone(),
        is_read_only: mount.options.split(',').any(|word| word == "ro"),
    });
}

fn add_obd_devices(found: &mut Lustre, obds: &[ObdDevice<'_>]) {
    // An MGS beside an MDT has no target of its own.
    let is_mgs = |target: &TargetSeen| target.label == TargetLabel::Mgs;
    let is_combined =
        found.targets.iter().any(|target| target.is_mgs_too) && !found.targets.iter().any(is_mgs);
    for obd in obds {
        if obd.class == "mgs" && is_combined {
            continue;
        }
        if !matches!(obd.class, "mdt" | "obdfilter" | "mgs") {
            continue;
        }
        let Ok(label) = obd.name.parse::<TargetLabel>() else {
            continue;
        };
        // The reference count moves all the time.
        let line = [obd.state, obd.class, obd.name, obd.uuid].join(" ");
        found.targets.push(TargetSeen {
            obd_state: Some(obd.state.to_owned()),
            ..seen(label, TargetSource::ObdDevice, format!("lctl dl: {line}"))
        });
    }
}

/// Targets of which only the storage is set up. A mount opens that first, waits for
/// the MGS, then starts the server (`server_fill_super` of Lustre); an unmount goes
/// the other way. Neither is in the mount table meanwhile.
fn opened(found: &Lustre, obds: &[ObdDevice<'_>]) -> Vec<TargetLabel> {
    let storage = obds.iter().filter(|obd| obd.class.starts_with("osd-"));
    let labels = storage.filter_map(|obd| obd.name.strip_suffix("-osd")?.parse().ok());
    let runs = |label: &TargetLabel| found.targets.iter().any(|target| target.label == *label);
    labels.filter(|label| !runs(label)).collect()
}

fn from_dataset(dataset: &Dataset, around: &Around<'_>) -> Option<TargetSeen> {
    let label: TargetLabel = dataset.lustre.get("svname")?.parse().ok()?;
    let device = devices::find(around.devices, &dataset.name);
    let data = mount_data::of_properties(&dataset.lustre);
    let evidence = format!(
        "zfs get lustre:svname {}: {}",
        dataset.name,
        dataset.lustre.get("svname")?
    );
    Some(TargetSeen {
        device: device.map(|device| device.id.clone()),
        device_path: Some(dataset.name.clone()),
        back_end: Some("zfs".into()),
        is_mgs_too: label != TargetLabel::Mgs && data.is_mgs(),
        mount_data: Some(mount_data::shown(&data)),
        ..seen(label, TargetSource::ZfsProperties, evidence)
    })
}

/// An ext4 or ldiskfs file system whose label is a target's.
fn is_ldiskfs(device: &Device) -> bool {
    let is_ext4 = matches!(device.content.as_deref(), Some("ext4" | "ldiskfs"));
    let is_label = device
        .label
        .as_deref()
        .is_some_and(|label| label.parse::<TargetLabel>().is_ok());
    is_ext4 && is_label && !matches!(device.kind, DeviceKind::Zpool | DeviceKind::Dataset)
}

fn on_disk(look: &mut Look<'_>, device: &Device) -> TargetSeen {
    let text = device.label.clone().unwrap_or_default();
    let label = text.parse().unwrap_or(TargetLabel::Mgs);
    let read = mount_data::of_device(look.host(), device);
    let (source, evidence, data) = match read {
        Some((data, line)) => (TargetSource::MountData, line, Some(data)),
        None => (
            TargetSource::Label,
            format!("label {text} on {}", device.path),
            None,
        ),
    };
    let is_mgs = data.as_ref().is_some_and(lustre::disk::MountData::is_mgs);
    TargetSeen {
        device: Some(device.id.clone()),
        device_path: Some(device.path.clone()),
        back_end: Some("ldiskfs".into()),
        is_mgs_too: label != TargetLabel::Mgs && is_mgs,
        mount_data: data.as_ref().map(mount_data::shown),
        ..seen(label, source, evidence)
    }
}

fn add_param(found: &mut Lustre, block: &Block<'_>) {
    let number = || block.inline.trim().parse::<u64>().ok();
    match (block.name.class, block.name.param) {
        ("", "version") => {
            let first = std::iter::once(block.inline).chain(block.body.map(|line| line.text));
            let first = first
                .map(|text| text.trim().trim_start_matches("lustre:").trim())
                .find(|text| !text.is_empty());
            found.version = first.map(str::to_owned);
            found.is_loaded = true;
        }
        ("", "health_check") => {
            let health = state::health(block);
            let unhealthy = health
                .unhealthy
                .iter()
                .map(|&name| name.to_owned())
                .collect();
            found.health = Some(Health {
                is_healthy: health.is_healthy,
                unhealthy,
            });
        }
        ("mgs", _) if block.name.full.starts_with("mgs.MGS.live.") => {
            mgs::add_live(found, block);
        }
        (_, "recovery_status") => {
            let read = state::recovery(block).map(|status| recovery(&status));
            each(found, block, |target| target.recovery.clone_from(&read));
        }
        // Those of an OST are not told apart from its servers'.
        (_, "num_exports") if block.name.class == "mdt" => {
            let count = number().and_then(|count| u32::try_from(count).ok());
            each(found, block, |target| target.n_clients = count);
        }
        (_, "kbytestotal") => each(found, block, |target| {
            target.bytes_total = number().map(|n| n << 10);
        }),
        (_, "kbytesavail") => {
            each(found, block, |target| {
                target.bytes_available = number().map(|n| n >> 10 << 20);
            });
        }
        (_, "filestotal") => each(found, block, |target| target.inodes_total = number()),
        (_, "filesfree") => each(found, block, |target| target.inodes_free = number()),
        _ => {}
    }
}

/// Every sight of the parameter's target where it runs.
fn each(found: &mut Lustre, block: &Block<'_>, mut set: impl FnMut(&mut TargetSeen)) {
    let Ok(label) = block.name.instance.parse::<TargetLabel>() else {
        return;
    };
    let runs = |target: &&mut TargetSeen| {
        target.label == label
            && matches!(target.source, TargetSource::Mount | TargetSource::ObdDevice)
    };
    found.targets.iter_mut().filter(runs).for_each(&mut set);
}

fn recovery(status: &state::RecoveryStatus<'_>) -> Recovery {
    let count = |number: u64| u32::try_from(number).ok();
    let time = status
        .start
        .filter(|&start| start > 0)
        .and_then(|start| i64::try_from(start).ok());
    Recovery {
        state: match status.status {
            "INACTIVE" => RecoveryState::Inactive,
            "COMPLETE" => RecoveryState::Complete,
            "RECOVERING" => RecoveryState::Recovering,
            "WAITING_FOR_CLIENTS" => RecoveryState::WaitingForClients,
            "WAITING" => RecoveryState::Waiting,
            _ => RecoveryState::Other,
        },
        started_at: time.and_then(|time| Timestamp::from_second(time).ok()),
        duration_s: status.duration,
        remaining_s: status.time_remaining,
        clients_expected: status
            .connected
            .or(status.completed)
            .and_then(|(_, all)| count(all)),
        clients_connected: status.connected.and_then(|(now, _)| count(now)),
        clients_completed: status.completed.and_then(|(now, _)| count(now)),
        clients_evicted: status.evicted.and_then(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_opened_does_not_run() {
        let listed = "\
            \x20 0 UP osd-zfs MGS-osd MGS-osd_UUID 5\n\
            \x20 1 UP mgs MGS MGS 5\n\
            \x20 2 UP osd-ldiskfs lab01-MDT0000-osd lab01-MDT0000-osd_UUID 5\n\
            \x20 3 UP osd-ldiskfs lab01-OST0003-osd lab01-OST0003-osd_UUID 5\n\
            \x20 4 UP obdfilter lab01-OST0003 lab01-OST0003_UUID 5\n";
        let (obds, skips) = lustre::devices::parse(listed.as_bytes());
        assert_eq!((obds.len(), skips.len()), (5, 0));
        let mut found = Lustre::default();
        add_obd_devices(&mut found, &obds);
        let opened: Vec<String> = opened(&found, &obds)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(opened, ["lab01-MDT0000"]);
    }
}
