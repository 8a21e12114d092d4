//! This machine, where it is managed: the only place that changes a server.
//! Commands come from a list, files from a list of places.

use super::real::{BYTES_MAX, RealHost, find};
use super::{Class, Command, Hands, Host, HostError, Output};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Programs that steps run to change something.
const PROGRAMS: &[&str] = &[
    "cibadmin",
    "corosync-cfgtool",
    "crm_attribute",
    "crm_node",
    "crm_resource",
    "firewall-cmd",
    "lctl",
    "lnetctl",
    "lustre_rmmod",
    "mkfs.lustre",
    "modprobe",
    "mount",
    "shutdown",
    "stonith_admin",
    "systemctl",
    "umount",
    "wipefs",
    "zfs",
    "zgenhostid",
    "zpool",
];

/// Where files may be written: each is a file, or a folder with a `/` at its end.
const PLACES: &[&str] = &[
    "/etc/lnet.conf",
    "/etc/chrony.conf",
    "/etc/chrony/chrony.conf",
    "/etc/corosync/corosync.conf",
    "/etc/corosync/authkey",
    "/etc/systemd/system/",
    "/var/lib/pacemaker/lrm/secrets/",
];

/// Between two looks whether a command has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// This machine, to be changed. Made only by an agent whose server is managed.
#[derive(Clone, Copy, Debug)]
pub struct RealHands {
    host: RealHost,
}

impl RealHands {
    /// The word of an operator that this server is managed was given when it
    /// was enrolled.
    pub fn of_managed_server() -> Self {
        Self { host: RealHost }
    }
}

/// Whether a file may be written or removed.
fn is_place(path: &str) -> bool {
    let is_plain = !path.contains("..") && !path.contains('\0') && path.starts_with('/');
    let fits = |place: &str| match place.strip_suffix('/') {
        Some(_) => path
            .strip_prefix(place)
            .is_some_and(|rest| !rest.is_empty()),
        None => path == place,
    };
    // Of systemd's own folder only the mounts of clients are ours.
    let is_ours =
        !path.starts_with("/etc/systemd/system/") || path.strip_suffix(".mount").is_some();
    is_plain && is_ours && PLACES.iter().any(|place| fits(place))
}

impl Host for RealHands {
    fn run(&self, command: &Command) -> Result<Output, HostError> {
        self.host.run(command)
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        self.host.read_file(path)
    }
    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError> {
        self.host.list_dir(path)
    }
    fn read_link(&self, path: &str) -> Result<String, HostError> {
        self.host.read_link(path)
    }
    fn exists(&self, path: &str) -> bool {
        self.host.exists(path)
    }
    fn is_live(&self) -> bool {
        self.host.is_live()
    }
}

impl Hands for RealHands {
    fn act(&self, command: &Command, is_stopped: &dyn Fn() -> bool) -> Result<Output, HostError> {
        let Some((name, arguments)) = command.argv.split_first() else {
            return Err(HostError::NotAllowed);
        };
        if !PROGRAMS.contains(&name.as_str()) {
            return Err(HostError::NotAllowed);
        }
        let program = find(name).ok_or(HostError::NotInstalled)?;
        supervise(&program, arguments, command, is_stopped)
    }

    fn write_file(&self, path: &str, mode: u32, bytes: &[u8]) -> Result<(), HostError> {
        if !is_place(path) {
            return Err(HostError::NotAllowed);
        }
        let beside = format!("{path}.candela-new");
        let _ = std::fs::remove_file(&beside);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        if let Some(folder) = Path::new(path).parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn make_dir(&self, path: &str) -> Result<(), HostError> {
        if path.contains("..") || !path.starts_with('/') {
            return Err(HostError::NotAllowed);
        }
        Ok(std::fs::create_dir_all(path)?)
    }

    fn remove_file(&self, path: &str) -> Result<(), HostError> {
        if !is_place(path) {
            return Err(HostError::NotAllowed);
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn is_secret(&self, path: &str, bytes: &[u8]) -> bool {
        is_place(path) && std::fs::read(path).is_ok_and(|found| found == bytes)
    }

    fn pause(&self, how_long: Duration) {
        std::thread::sleep(how_long);
    }
}

/// Runs a program to its end, which for one that does not write to a disk
/// comes at the deadline, or when it is stopped.
fn supervise(
    program: &Path,
    arguments: &[String],
    command: &Command,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Output, HostError> {
    let started = Instant::now();
    let mut child = std::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", super::real::PATH)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let readers = (drain(child.stdout.take()), drain(child.stderr.take()));
    let mut is_late = false;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        is_late |= started.elapsed() >= command.deadline;
        if (is_late || is_stopped()) && command.class != Class::DiskWriting {
            // It may have ended by itself in the meantime.
            let _ = child.kill();
        }
        std::thread::sleep(LOOK_EVERY);
    };
    if is_late && status.code().is_none() {
        return Err(HostError::Deadline(command.deadline.as_secs()));
    }
    Ok(Output {
        exit: status.code().unwrap_or(128),
        stdout: readers.0.take(),
        stderr: readers.1.take(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// What is read of a stream while its command runs. A child that the command
/// left behind may hold the stream open for ever, so its end is not waited for.
struct Drained {
    bytes: Arc<std::sync::Mutex<Vec<u8>>>,
    is_over: Arc<AtomicBool>,
}

fn drain(from: Option<impl Read + Send + 'static>) -> Drained {
    let drained = Drained {
        bytes: Arc::default(),
        is_over: Arc::default(),
    };
    let (bytes, is_over) = (Arc::clone(&drained.bytes), Arc::clone(&drained.is_over));
    std::thread::spawn(move || {
        let mut block = [0; 8192];
        if let Some(mut from) = from {
            while let Ok(n @ 1..) = from.read(&mut block) {
                let Ok(mut bytes) = bytes.lock() else { break };
                if bytes.len() < BYTES_MAX {
                    bytes.extend_from_slice(&block[..n]);
                }
            }
        }
        is_over.store(true, Ordering::Release);
    });
    drained
}

impl Drained {
    fn take(&self) -> Vec<u8> {
        let until = Instant::now() + Duration::from_secs(1);
        while !self.is_over.load(Ordering::Acquire) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.bytes
            .lock()
            .map(|mut bytes| std::mem::take(&mut *bytes))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str, class: Class, deadline_ms: u64) -> Command {
        Command {
            argv: line.split(' ').map(str::to_owned).collect(),
            deadline: Duration::from_millis(deadline_ms),
            class,
        }
    }

    #[test]
    fn only_known_programs_and_places_are_touched() {
        let hands = RealHands::of_managed_server();
        for line in ["sh -c true", "/bin/mount x y", "rm -rf x", "dd if=a of=b"] {
            let ran = hands.act(&command(line, Class::Service, 1000), &|| false);
            assert_eq!(ran, Err(HostError::NotAllowed), "{line}");
        }
        for path in [
            "/etc/passwd",
            "/etc/lnet.conf/../passwd",
            "/etc/systemd/system/sshd.service",
            "/etc/systemd/system/",
            "etc/lnet.conf",
        ] {
            let wrote = hands.write_file(path, 0o644, b"x");
            assert_eq!(wrote, Err(HostError::NotAllowed), "{path}");
            assert_eq!(
                hands.remove_file(path),
                Err(HostError::NotAllowed),
                "{path}"
            );
        }
        assert!(is_place("/etc/systemd/system/mnt-scratch.mount"));
        assert!(is_place(
            "/var/lib/pacemaker/lrm/secrets/fence-oss1/password"
        ));
    }

    #[test]
    fn a_command_is_ended_when_late_or_stopped_unless_it_writes_to_a_disk() {
        let sleep = |seconds: &str, class, deadline_ms, is_stopped: bool| {
            let line = format!("sleep {seconds}");
            let arguments = [seconds.to_owned()];
            let command = command(&line, class, deadline_ms);
            supervise(Path::new("/bin/sleep"), &arguments, &command, &|| {
                is_stopped
            })
        };
        let late = sleep("30", Class::Service, 50, false);
        assert_eq!(late, Err(HostError::Deadline(0)));
        let stopped = sleep("30", Class::Service, 60_000, true);
        assert_eq!(stopped.unwrap().exit, 128);
        let left = sleep("0.1", Class::DiskWriting, 0, true);
        assert_eq!(left.unwrap().exit, 0, "late and stopped, it ran to its end");
    }
}
