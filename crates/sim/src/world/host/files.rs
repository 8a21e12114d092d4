//! Files of a host: those that were written, and those that its kernel and its
//! distribution show.

use super::HostName;
use crate::world::World;
use agent::host::HostError;

/// The bytes of a file.
pub fn read(world: &mut World, host: &HostName, path: &str) -> Result<Vec<u8>, HostError> {
    let state = world.hosts.get(host).ok_or(HostError::NotFound)?;
    if let Some(bytes) = state.files.get(path) {
        return Ok(bytes.clone());
    }
    let text = match path {
        "/etc/machine-id" => format!("{}\n", state.machine_id),
        "/proc/sys/kernel/random/boot_id" => {
            let tail = &state.machine_id[20..];
            format!("{:08x}-0000-4000-8000-{tail}\n", state.boot)
        }
        "/proc/mounts" => {
            let lines = state.mounts.iter();
            let lines = lines.map(|mount| {
                format!(
                    "{} {} {} {} 0 0\n",
                    mount.source, mount.at, mount.kind, mount.options
                )
            });
            lines.collect::<Vec<_>>().concat()
        }
        _ => return Err(HostError::NotFound),
    };
    Ok(text.into_bytes())
}

/// Names in a folder.
pub fn list(world: &World, host: &HostName, path: &str) -> Result<Vec<String>, HostError> {
    let state = world.hosts.get(host).ok_or(HostError::NotFound)?;
    let under = format!("{}/", path.trim_end_matches('/'));
    let all = state.files.keys().chain(&state.folders);
    let mut names: Vec<String> = all
        .filter_map(|file| file.strip_prefix(&under)?.split('/').next())
        .map(str::to_owned)
        .collect();
    let modules = state.modules.iter();
    if under == "/sys/module/" {
        names.extend(modules.cloned());
    } else if modules
        .map(|name| format!("/sys/module/{name}/"))
        .any(|module| module == under)
    {
        return Ok(Vec::new());
    }
    names.sort();
    names.dedup();
    if names.is_empty() && !state.folders.contains(path.trim_end_matches('/')) {
        return Err(HostError::NotFound);
    }
    Ok(names)
}

/// Where a link points.
pub fn link(world: &World, host: &HostName, path: &str) -> Result<String, HostError> {
    world.hosts.get(host).ok_or(HostError::NotFound)?;
    match path {
        "/etc/localtime" => Ok(String::from("/usr/share/zoneinfo/UTC")),
        _ => Err(HostError::NotFound),
    }
}
