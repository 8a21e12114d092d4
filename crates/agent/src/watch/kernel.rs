//! Hears the kernel: mounts, devices, interfaces. Its messages are hints: what
//! is reported is what is read after them, so a forged or lost one costs a look.

use super::{Signal, Signals};
use crate::host::Watched;
use platform::storage::uevent;
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixDatagram;

/// Devices of these subsystems are part of a report.
const SUBSYSTEMS: &[&str] = &[
    "block",
    "net",
    "infiniband",
    "scsi",
    "nvme",
    "enclosure",
    "lustre",
];

/// Hears until the agent ends, or the kernel has nothing more to say.
pub async fn run(what: Watched, fd: OwnedFd, signals: Signals) {
    let heard = match what {
        Watched::Mounts => mounts(fd, &signals).await,
        Watched::Devices | Watched::Network => datagrams(what, fd, &signals).await,
    };
    if let Err(error) = heard {
        tracing::warn!(?what, %error, "The kernel is no longer heard; looks replace it.");
    }
}

/// The mount table's file is ready with priority once after each change; asking
/// for its state is what takes the readiness back.
async fn mounts(fd: OwnedFd, signals: &Signals) -> io::Result<()> {
    #[expect(
        deprecated,
        reason = "its successor is unsafe; what could go wrong here, a descriptor that changes, an OwnedFd cannot"
    )]
    let table = AsyncFd::with_interest(fd, Interest::PRIORITY)?;
    loop {
        table.ready(Interest::PRIORITY).await?.clear_ready();
        if signals.send(Signal::Changed).await.is_err() {
            return Ok(());
        }
    }
}

async fn datagrams(what: Watched, fd: OwnedFd, signals: &Signals) -> io::Result<()> {
    // Only receiving is asked of the socket, which is the same for every family.
    let socket = std::os::unix::net::UnixDatagram::from(fd);
    socket.set_nonblocking(true)?;
    let socket = UnixDatagram::from_std(socket)?;
    let mut bytes = vec![0_u8; 64 << 10];
    loop {
        let is_change = match socket.recv(&mut bytes).await {
            Ok(n) => is_change(what, bytes.get(..n).unwrap_or_default()),
            // More came than the socket holds: something changed for sure.
            Err(error) if error.raw_os_error() == Some(NO_BUFFERS) => true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => false,
            Err(error) => return Err(error),
        };
        if is_change && signals.send(Signal::Changed).await.is_err() {
            return Ok(());
        }
    }
}

const NO_BUFFERS: i32 = rustix::io::Errno::NOBUFS.raw_os_error();

fn is_change(what: Watched, datagram: &[u8]) -> bool {
    what == Watched::Network
        || uevent::parse(datagram)
            .is_some_and(|event| SUBSYSTEMS.contains(&event.subsystem.as_str()))
}
