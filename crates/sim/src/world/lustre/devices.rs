//! `lctl dl`: what the kernel has set up of Lustre.

use super::lctl::is_loaded;
use super::{Client, Running, mgs};
use crate::world::World;
use crate::world::command::{failed, joined, printed};
use crate::world::disk::{number_from, uuid_from};
use crate::world::host::HostName;
use crate::world::lnet;
use agent::host::Output;
use lustre::label::{TargetIndex, TargetKind, TargetLabel};

/// Lines of the list, and the devices that a host has once.
#[derive(Default)]
struct Rows {
    lines: Vec<String>,
    once: Vec<String>,
}

impl Rows {
    fn add(&mut self, class: &str, name: &str, uuid: &str, count: usize) {
        let number = self.lines.len();
        self.lines
            .push(format!("{number:>3} UP {class} {name} {uuid} {count}\n"));
    }

    /// One whose UUID follows from its name.
    fn own(&mut self, class: &str, name: &str, count: usize) {
        self.add(class, name, &format!("{name}_UUID"), count);
    }

    fn once(&mut self, class: &str, name: &str, uuid: &str, count: usize) {
        if !self.once.iter().any(|known| known == name) {
            self.once.push(name.to_owned());
            self.add(class, name, uuid, count);
        }
    }
}

/// Answers `lctl dl`.
pub fn list(world: &World, host: &HostName) -> Output {
    if !is_loaded(world, host, "obdclass") {
        return failed(2, "Writer error: failed to resolve Netlink family id");
    }
    let mut rows = Rows::default();
    for (_, running) in world.lustre.on(host) {
        storage(running, &mut rows);
        if running.is_started {
            target(world, host, running, &mut rows);
        }
    }
    for (_, client) in world.lustre.clients_on(host) {
        of_client(world, host, client, &mut rows);
    }
    printed(joined(rows.lines))
}

fn mgc(rows: &mut Rows, host: &HostName, nid: &str) {
    let uuid = uuid_from(&format!("{host} {nid}"));
    rows.once("mgc", &format!("MGC{nid}"), &uuid, 5);
}

/// What a mount sets up first, before it asks the MGS.
fn storage(running: &Running, rows: &mut Rows) {
    let osd = format!("osd-{}", running.place.back_end());
    rows.own(&osd, &format!("{}-osd", running.label), 5);
}

fn target(world: &World, host: &HostName, running: &Running, rows: &mut Rows) {
    let name = running.label.to_string();
    if running.is_mgs {
        rows.add("mgs", "MGS", "MGS", 5);
    }
    let data = world.target(&running.place);
    let nid = data.and_then(|data| mgs::nids(&data.mgs_nodes).next().map(str::to_owned));
    let own = || lnet::nids(world, host).into_iter().next();
    mgc(rows, host, &nid.or_else(own).unwrap_or_default());
    let connected = 5 + running.connected.len();
    match running.label.kind() {
        TargetKind::Mgt => return,
        TargetKind::Mdt => {
            rows.once("mds", "MDS", "MDS_uuid", 3);
            rows.own("lod", &format!("{name}-mdtlov"), 4);
            rows.own("mdt", &name, connected);
            rows.own("mdd", &name.replace("-MDT", "-MDD"), 4);
            if running.label.index() == Some(TargetIndex(0)) {
                rows.own("qmt", &name.replace("-MDT", "-QMT"), 4);
            }
            others(world, &running.label, rows);
        }
        TargetKind::Ost => {
            rows.once("ost", "OSS", "OSS_uuid", 3);
            rows.own("obdfilter", &name, connected);
        }
    }
    // The light-weight connection to MDT0000.
    if let Some(fs) = running.label.fs() {
        rows.own(
            "lwp",
            &format!("{fs}-MDT0000-lwp-{}", short(&running.label)),
            5,
        );
    }
}

/// What an MDT has of the other targets.
fn others(world: &World, mdt: &TargetLabel, rows: &mut Rows) {
    let fs = mdt.fs().map(ToString::to_string).unwrap_or_default();
    for other in known(world, &fs).iter().filter(|other| *other != mdt) {
        let is_mdt = other.kind() == TargetKind::Mdt;
        let kind = if is_mdt { "osp" } else { "osc" };
        let name = format!("{other}-{kind}-{}", short(mdt));
        rows.add("osp", &name, &format!("{mdt}-mdtlov_UUID"), 5);
    }
}

fn of_client(world: &World, host: &HostName, client: &Client, rows: &mut Rows) {
    let id = number_from(&client.uuid, 3) & 0xffff_ffff_ffff;
    let (fs, uuid) = (&client.fs, &client.uuid);
    let nid = client.source.split([':', ',']).next().unwrap_or_default();
    mgc(rows, host, nid);
    rows.add("lov", &format!("{fs}-clilov-ffff{id:012x}"), uuid, 4);
    rows.add("lmv", &format!("{fs}-clilmv-ffff{id:012x}"), uuid, 5);
    for label in known(world, fs) {
        let is_mdt = label.kind() == TargetKind::Mdt;
        let class = if is_mdt { "mdc" } else { "osc" };
        rows.add(class, &format!("{label}-{class}-ffff{id:012x}"), uuid, 5);
    }
}

/// The targets of a file system that any MGS knows.
fn known(world: &World, fs: &str) -> Vec<TargetLabel> {
    let mut mgs = world
        .lustre
        .running
        .values()
        .filter(|running| running.is_mgs);
    let config = mgs.find_map(|mgs| world.target(&mgs.place)?.configs.get(fs));
    let targets = config.map(|config| config.targets.iter().map(|one| one.label.clone()));
    targets.map(Iterator::collect).unwrap_or_default()
}

fn short(label: &TargetLabel) -> String {
    let text = label.to_string();
    text.rsplit('-').next().unwrap_or_default().to_owned()
}
