//! A target's own configuration: from `CONFIGS/mountdata` on its device, from
//! what `tunefs.lustre --dryrun` prints of it, or from a dataset's properties.

use crate::host::{Command, Host, HostError};
use lustre::disk::{self, format, mount_data};
use model::report::{Device, MountData};
use std::collections::BTreeMap;

/// What the report carries of it.
pub fn shown(data: &disk::MountData) -> MountData {
    let flags = data.flag_words();
    MountData {
        flags: flags.into_iter().map(str::to_owned).collect(),
        mgs_nodes: data.mgs_nodes(),
        service_nodes: data.service_nodes(),
        parameters: data.parameters.clone(),
    }
}

/// From `lustre:*` properties, named without that prefix.
pub fn of_properties(properties: &BTreeMap<String, String>) -> disk::MountData {
    let pairs = properties.iter();
    mount_data::from_properties(pairs.map(|(key, value)| (key.as_str(), value.as_str())))
}

/// From the device, with the command that showed it. `debugfs` is of the same
/// package that makes the file system; where it is not there, `tunefs.lustre`
/// is asked what it would do.
pub fn of_device(host: &dyn Host, device: &Device) -> Option<(disk::MountData, String)> {
    let paths = || std::iter::once(&device.path).chain(&device.links);
    let mut is_absent = true;
    for path in paths() {
        let command = Command::read(&["debugfs", "-c", "-R", "cat CONFIGS/mountdata", path]);
        match host.run(&command) {
            Ok(output) => {
                is_absent = false;
                if let Some(data) = mount_data::parse(&output.stdout) {
                    return Some((data, command.line()));
                }
            }
            Err(error) => {
                let absences = [HostError::NotInstalled, HostError::NotRecorded];
                is_absent &= absences.contains(&error);
            }
        }
    }
    let mut commands = paths()
        .filter(|_| is_absent)
        .map(|path| Command::read(&["tunefs.lustre", "--dryrun", path]));
    commands.find_map(|command| {
        let output = host.run(&command).ok()?;
        let (printed, _) = format::parse(&output.stdout);
        Some((printed.on_disk()?.clone(), command.line()))
    })
}
