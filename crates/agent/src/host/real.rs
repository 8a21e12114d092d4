//! The machine this program runs on. Read-only by construction: commands come
//! from the list in [`super::allow`], files are opened for reading.

use super::{Command, Following, Host, HostError, Output, Running, Watched, allow};
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, Protocol, SocketFlags, SocketType};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Bytes of output or of a file at most.
pub const BYTES_MAX: usize = 64 << 20;
/// Where programs are looked for, whatever the environment says.
pub(super) const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin";

/// How long what a BMC told is taken for true.
const BMC_KEPT: Duration = Duration::from_hours(1);

/// How long one that does not answer is left alone: each look would wait for it.
const BMC_SILENT_KEPT: Duration = Duration::from_mins(5);

/// This machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealHost;

impl Host for RealHost {
    fn run(&self, command: &Command) -> Result<Output, HostError> {
        if !allow::is_allowed(&command.argv) {
            return Err(HostError::NotAllowed);
        }
        if command.argv.first().is_some_and(|name| name == "ipmitool") {
            return told_by_bmc(command);
        }
        ended(command)
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        if is_secret(path) {
            return Err(HostError::NotAllowed);
        }
        bounded(File::open(path)?)
    }

    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn read_link(&self, path: &str) -> Result<String, HostError> {
        Ok(std::fs::read_link(path)?.to_string_lossy().into_owned())
    }

    fn exists(&self, path: &str) -> bool {
        std::path::Path::new(path).exists()
    }

    fn is_live(&self) -> bool {
        true
    }

    fn watch(&self, what: Watched) -> Result<OwnedFd, HostError> {
        match what {
            Watched::Mounts => Ok(File::open("/proc/self/mountinfo")?.into()),
            // Group 1 is the kernel's own, group 2 that of udevd.
            Watched::Devices => netlink(Some(netlink::KOBJECT_UEVENT), 0x1 | 0x2),
            // The first family is that of links, IPv4 and IPv6 addresses.
            Watched::Network => netlink(None, 0x1 | 0x10 | 0x100),
        }
    }

    fn follow(&self, command: &Command) -> Result<Following, HostError> {
        if !allow::is_allowed(&command.argv) {
            return Err(HostError::NotAllowed);
        }
        let mut child = prepared(command)?.stderr(Stdio::null()).spawn()?;
        let Some(output) = child.stdout.take() else {
            return Err(HostError::Other("no output pipe".into()));
        };
        Ok(Following {
            output: output.into(),
            running: Running(Some(child)),
        })
    }
}

/// Runs a command to its end, or kills it at its deadline.
fn ended(command: &Command) -> Result<Output, HostError> {
    let started = Instant::now();
    let mut child = prepared(command)?.stderr(Stdio::piped()).spawn()?;
    let output = collect(&mut child, command.deadline);
    if output.is_err() {
        // It may have ended by itself in the meantime.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let (stdout, stderr) = output?;
    Ok(Output {
        exit: status.code().unwrap_or(128),
        stdout,
        stderr,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// A BMC is slow, and keeps a processor busy while it is asked; what it is asked
/// here hardly ever changes.
fn told_by_bmc(command: &Command) -> Result<Output, HostError> {
    static TOLD: Mutex<Option<(Instant, Result<Output, HostError>)>> = Mutex::new(None);
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, answer)) = &*told {
        let kept = if answer.is_ok() {
            BMC_KEPT
        } else {
            BMC_SILENT_KEPT
        };
        if at.elapsed() < kept {
            return answer.clone();
        }
    }
    let answer = ended(command);
    *told = Some((Instant::now(), answer.clone()));
    answer
}

/// A socket that hears these groups of a netlink family. It sends nothing.
fn netlink(family: Option<Protocol>, groups: u32) -> Result<OwnedFd, HostError> {
    let open = || -> rustix::io::Result<OwnedFd> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let kind = SocketType::DGRAM;
        let socket = rustix::net::socket_with(AddressFamily::NETLINK, kind, flags, family)?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, groups))?;
        Ok(socket)
    };
    open().map_err(|error| HostError::from(std::io::Error::from(error)))
}

/// A command with nothing of our environment, and nothing to read.
fn prepared(command: &Command) -> Result<std::process::Command, HostError> {
    let (program, arguments) = command.argv.split_first().ok_or(HostError::NotAllowed)?;
    let program = find(program).ok_or(HostError::NotInstalled)?;
    let mut prepared = std::process::Command::new(program);
    prepared
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    Ok(prepared)
}

/// Files that hold keys or passwords are never opened.
fn is_secret(path: &str) -> bool {
    [
        "/etc/corosync/authkey",
        "/etc/pacemaker/authkey",
        "/etc/shadow",
        "/etc/gshadow",
    ]
    .contains(&path)
        || path.contains("/private/")
        || path.contains("/.ssh/")
}

pub(super) fn find(program: &str) -> Option<std::path::PathBuf> {
    PATH.split(':')
        .map(|folder| std::path::Path::new(folder).join(program))
        .find(|path| path.is_file())
}

fn bounded(from: impl Read) -> Result<Vec<u8>, HostError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX) + 1;
    from.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > BYTES_MAX {
        return Err(HostError::TooLarge(BYTES_MAX));
    }
    Ok(bytes)
}

/// Reads both outputs at once, up to the deadline.
fn collect(child: &mut Child, deadline: Duration) -> Result<(Vec<u8>, Vec<u8>), HostError> {
    let until = Instant::now() + deadline;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(HostError::Other("no output pipe".into()));
    };
    let (send, receive) = mpsc::channel();
    let sender = send.clone();
    std::thread::spawn(move || sender.send((true, bounded(out))));
    std::thread::spawn(move || send.send((false, bounded(err))));
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let left = until.saturating_duration_since(Instant::now());
        match receive.recv_timeout(left) {
            Ok((true, bytes)) => stdout = bytes?,
            Ok((false, bytes)) => stderr = bytes?,
            Err(_) => return Err(HostError::Deadline(deadline.as_secs())),
        }
    }
    Ok((stdout, stderr))
}
