//! Lustre: targets that run, clients, the MGS, `lctl`.
//!
//! What others call: [`mount`] and [`umount`], which do at once what the
//! programs do over a while. A command that was begun goes through the same.

pub mod client;
mod devices;
mod lctl;
mod mgs;
mod mkfs;
pub mod mount;
mod params;
mod recovery;
mod umount;

pub use mount::mount;
pub use recovery::Recovery;
pub use umount::{umount, unmount_all};

use super::World;
use super::command::{self, Part};
use super::host::HostName;
use super::target::Place;
use lustre::label::TargetLabel;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The programs of Lustre.
pub const PART: Part = Part {
    name: "lustre",
    programs: &["mkfs.lustre", "tunefs.lustre", "mount", "umount", "lctl"],
    run: |world, host, argv| match command::program(argv) {
        "mkfs.lustre" => mkfs::run(world, host, argv),
        "tunefs.lustre" => mkfs::tune(world, host, argv),
        "mount" => mount::run(world, host, argv),
        "umount" => umount(world, host, argv.last().map_or("", String::as_str)),
        _ => lctl::run(world, host, argv),
    },
    takes: |world, host, argv| {
        let path = argv.last().map_or("", String::as_str);
        let takes = match command::program(argv) {
            "mkfs.lustre" => Duration::from_secs(5),
            "umount" => Duration::from_secs(2),
            _ => Duration::from_millis(300),
        };
        super::disk::slowed(world, host, path, takes)
    },
    go_on: |world, run| {
        (run.program() == "mount")
            .then(|| mount::go_on(world, run))
            .flatten()
    },
    killed: mount::killed,
    due: recovery::due,
    before_down: umount::before_down,
    ..Part::BARE
};

/// What runs where.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Targets in use, by host and mount point.
    pub running: BTreeMap<(HostName, String), Running>,
    /// Clients, by host and mount point.
    pub clients: BTreeMap<(HostName, String), Client>,
    /// Those of them that are MDTs and run.
    mdts: BTreeSet<(HostName, String)>,
    /// What a number of a due part stands for.
    timers: BTreeMap<u64, recovery::Timer>,
    n_timers: u64,
}

/// A target in use.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// Where it lies.
    pub place: Place,
    /// Device or dataset, as `/proc/mounts` names it.
    pub device: String,
    /// Its label.
    pub label: TargetLabel,
    /// Whether an MGS runs on it.
    pub is_mgs: bool,
    /// Whether its mount has come to its end.
    pub is_started: bool,
    /// Recovery of those who used it before.
    pub recovery: Recovery,
    /// Who is connected: UUIDs.
    pub connected: BTreeSet<String>,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its UUID.
    pub uuid: String,
    /// File system.
    pub fs: String,
    /// As it was mounted: `NID:NID:/fs`.
    pub source: String,
}

impl State {
    /// Targets in use on a host, each with its mount point.
    pub fn on<'a>(&'a self, host: &'a HostName) -> impl Iterator<Item = (&'a String, &'a Running)> {
        let from = (host.clone(), String::new());
        let all = self
            .running
            .range(from..)
            .take_while(move |((one, _), _)| one == host);
        all.map(|((_, at), running)| (at, running))
    }

    /// Clients on a host, each with its mount point.
    pub fn clients_on<'a>(
        &'a self,
        host: &'a HostName,
    ) -> impl Iterator<Item = (&'a String, &'a Client)> {
        let from = (host.clone(), String::new());
        let all = self
            .clients
            .range(from..)
            .take_while(move |((one, _), _)| one == host);
        all.map(|((_, at), client)| (at, client))
    }
}

/// Whether something of Lustre on a host uses LNet.
pub fn uses_lnet(world: &World, host: &HostName) -> bool {
    world.lustre.on(host).next().is_some() || world.lustre.clients_on(host).next().is_some()
}
