//! What the rest of the kernel says that matters to a file system's servers:
//! disks, pools, paths, links, memory, faults.

use super::event::Event;

/// What a kernel message tells, and the device it names.
pub(crate) fn classify(text: &str) -> Option<(Event, Option<&str>)> {
    disk_fs(text)
        .or_else(|| pool(text))
        .or_else(|| disk(text))
        .or_else(|| link(text))
        .or_else(|| fault(text))
}

/// The text between two others.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    let (inside, _) = rest.split_once(close)?;
    Some(inside)
}

/// The word behind a text, without what punctuation ends it.
fn word_behind<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    let word = rest.split([' ', ',', ':', ')', ']', '\'']).next()?;
    (!word.is_empty()).then_some(word)
}

/// `LDISKFS-fs (sdg): …`, `EXT4-fs error (device sda1): …`, `XFS (dm-0): …`.
fn disk_fs(text: &str) -> Option<(Event, Option<&str>)> {
    let head = text.split([' ', ':']).next()?;
    if !matches!(
        head,
        "LDISKFS-fs" | "EXT4-fs" | "EXT3-fs" | "XFS" | "JBD2" | "BTRFS" | "Aborting"
    ) {
        return None;
    }
    let inside = between(text, "(", ")").unwrap_or_default();
    let device = inside.strip_prefix("device ").unwrap_or(inside);
    let device = (!device.is_empty() && !device.contains(' ')).then_some(device);
    let has = |part: &str| text.contains(part);
    let event = if has("multi_mount_protect") || has("MMP") || has("mmp") {
        Event::MultiMountProtection
    } else if has("emounting filesystem read-only")
        || has("journal has aborted")
        || has("Aborting journal")
    {
        Event::DiskReadOnly
    } else if has("-fs error")
        || has("-fs critical")
        || has("orruption")
        || has("shutting down filesystem")
    {
        Event::DiskError
    } else if has("unmounting filesystem") || has("Unmounting Filesystem") {
        Event::DiskUnmounted
    } else if has("mounted filesystem") || has("Ending clean mount") {
        Event::DiskMounted
    } else if has("recovery complete") || has("Ending recovery") {
        Event::DiskRecovered
    } else {
        return None;
    };
    Some((event, device))
}

/// What ZFS says.
fn pool(text: &str) -> Option<(Event, Option<&str>)> {
    let is_suspended = text.contains("has been suspended")
        || text.contains("suspending pool")
        || text.contains("was suspended");
    let name = between(text, "ool '", "'")?;
    if is_suspended {
        let pool = name.to_owned();
        return Some((Event::PoolSuspended { pool }, None));
    }
    text.contains("MMP")
        .then_some((Event::MultiMountProtection, None))
}

fn disk(text: &str) -> Option<(Event, Option<&str>)> {
    let has = |part: &str| text.contains(part);
    if has("multipath") || has("device-mapper") {
        let path = text.split_once(" path ").map(|(_, path)| path);
        let device = path.and_then(|path| path.split(' ').next());
        let device = device.map(|path| path.trim_end_matches('.'));
        if has("Failing path") {
            return Some((Event::PathFailed, device));
        }
        if has("Reinstating path") {
            return Some((Event::PathRestored, device));
        }
    }
    let is_error = has("I/O error")
        || has("critical medium error")
        || has("critical target error")
        || has("Unrecovered read error")
        || has("rejecting I/O to offline device")
        || has("Disk failure on");
    if !is_error || text.contains("lustre") {
        return None;
    }
    let device = word_behind(text, "dev ")
        .or_else(|| word_behind(text, "Disk failure on "))
        .or_else(|| word_behind(text, "on device "))
        .or_else(|| between(text, "[", "]"));
    let disk = device.unwrap_or_default().to_owned();
    Some((Event::IoError { disk }, device))
}

fn link(text: &str) -> Option<(Event, Option<&str>)> {
    let lower = text.to_ascii_lowercase();
    let is_link = lower.contains("link is ")
        || lower.contains("link becomes ")
        || lower.contains("link down")
        || lower.contains("link up")
        || lower.contains("lost carrier");
    // `ata1: SATA link down` says that a socket is empty.
    if !is_link || lower.contains("sata") || lower.contains("pcie") {
        return None;
    }
    let device = text
        .split([' ', ':', '(', ')'])
        .find(|word| is_interface(word));
    let is_down = lower.contains("link is down")
        || lower.contains("link is not ready")
        || lower.contains("link down")
        || lower.contains("lost carrier");
    let event = if is_down {
        Event::LinkDown
    } else {
        Event::LinkUp
    };
    device.map(|device| (event, Some(device)))
}

/// `eth0`, `enp3s0f1`, `ib0`, `bond0`: what names of interfaces look like.
fn is_interface(word: &str) -> bool {
    let starts = [
        "eth", "en", "ib", "bond", "team", "br", "wl", "hsn", "opa", "net",
    ];
    word.len() <= 15
        && word.bytes().any(|b| b.is_ascii_digit())
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_' || b == b'-')
        && starts.iter().any(|start| word.starts_with(start))
}

fn fault(text: &str) -> Option<(Event, Option<&str>)> {
    let starts = |part: &str| text.starts_with(part);
    let has = |part: &str| text.contains(part);
    if let Some(rest) = text.strip_prefix("INFO: task ") {
        let (task, rest) = rest.split_once(" blocked for more than ")?;
        let task = task
            .rsplit_once(':')
            .map_or(task, |(name, _)| name)
            .to_owned();
        let seconds = rest.split(' ').next().and_then(|word| word.parse().ok());
        return Some((Event::HungTask { task, seconds }, None));
    }
    if has("soft lockup")
        || has("hard LOCKUP")
        || has("self-detected stall")
        || has("detected stalls on CPUs")
    {
        return Some((Event::Lockup, None));
    }
    if let Some(rest) = text.split_once("ut of memory: Kill").map(|(_, rest)| rest) {
        let process = between(rest, "(", ")").unwrap_or_default().to_owned();
        return Some((Event::OutOfMemory { process }, None));
    }
    if let Some((process, _)) = text.split_once(" invoked oom-killer") {
        return Some((
            Event::OutOfMemory {
                process: process.to_owned(),
            },
            None,
        ));
    }
    if has("page allocation failure") {
        let process = text.split(':').next().unwrap_or_default().to_owned();
        return Some((Event::OutOfMemory { process }, None));
    }
    let event = if starts("Kernel panic") {
        Event::Panic
    } else if starts("BUG: ")
        || starts("Oops: ")
        || starts("general protection fault")
        || starts("kernel BUG at")
        || starts("WARNING: CPU:")
    {
        Event::KernelFault
    } else if has("[Hardware Error]") && has("vent")
        || starts("EDAC ") && (has(" UE ") || has(" CE "))
    {
        Event::HardwareError
    } else if starts("Linux version ") {
        Event::Booted
    } else {
        return None;
    };
    Some((event, None))
}
