//! Tables that followed a random history answer as rows made from nothing do.

use super::{AT_ONCE, Listed, Lists, Mark};
use crate::state::{ServerEntry, ServerState, World};
use crate::views::list::{Ask, Field, SortKey, text_of};
use crate::views::noun::{Clients, Devices, FileSystems, HaClusters, Noun, Servers, Targets};
use crate::views::picture::{self, Picture};
use crate::views::table::Table;
use api::summary::{Attention, Topology};
use detect::Changed;
use jiff::Timestamp;
use lustre::label::TargetLabel;
use model::ids::{DeviceId, ServerId};
use model::report::{ClientMount, Device, DeviceKind, Lustre, Report, TargetSeen, TargetSource};
use serde_json::Value;
use std::fmt::Debug;
use std::sync::Arc;
use store::record;

const SERVERS: u32 = 12;
const STEPS: usize = 400;

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn id(n: u32) -> ServerId {
    ServerId(uuid::Uuid::from_u128(u128::from(n)))
}

fn entry(n: u32) -> ServerEntry {
    ServerEntry {
        record: record::Server {
            id: id(n),
            machine_id: format!("{n:032x}"),
            name: format!("new{n}"),
            certificate: None,
            certificate_next: None,
            is_managed: false,
            site: None,
            agent_version: String::new(),
            enrolled_at: now(),
            seen_at: None,
            revoked_at: None,
        },
        state: ServerState::Stale,
        report: None,
        seen_at: None,
        boot_id: None,
        clock_off_ms: None,
        is_fresh: true,
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap() % n
    }
}

/// One of two partners that see the same two disks; names, paths, mounts and
/// clients are as the dice fall.
fn report(n: u32, dice: &mut Dice) -> Report {
    let mut report = Report::default();
    report.identity.hostname = format!("oss{}", n + 100 * dice.roll(2));
    report.identity.fqdn = format!("oss{n}.site{}", dice.roll(2));
    let mut lustre = Lustre::default();
    let mut devices = Vec::new();
    let pair = n / 2;
    for k in 0..2 {
        let number = pair * 2 + k;
        let device = DeviceId(format!("wwn:{number}"));
        devices.push(Device {
            id: device.clone(),
            kind: DeviceKind::Disk,
            path: format!("/dev/sd{}", dice.roll(3)),
            links: Vec::new(),
            size_bytes: 100 + u64::from(dice.roll(3)),
            parents: Vec::new(),
            model: (dice.roll(2) == 0).then(|| format!("M{}", dice.roll(20))),
            serial: None,
            wwn: None,
            transport: None,
            content: None,
            label: None,
            uuid: None,
            is_read_only: false,
            is_rotational: None,
            states: Vec::new(),
        });
        let kind = if number == 0 { "MDT" } else { "OST" };
        let label: TargetLabel = format!("lab-{kind}{number:04x}").parse().unwrap();
        if dice.roll(3) > 0 {
            let is_here = dice.roll(2) == 0;
            let mut seen = seen(label, device, is_here);
            if is_here {
                seen.n_clients = Some(dice.roll(3));
                seen.bytes_total = Some(dice.roll(3).into());
                seen.bytes_available = Some(0);
                seen.back_end = (dice.roll(2) == 0).then(|| "zfs".into());
            }
            lustre.targets.push(seen);
        }
    }
    if dice.roll(3) == 0 {
        lustre.clients.push(ClientMount {
            fs: "lab".parse().unwrap(),
            mgs: "10.0.0.1@tcp".into(),
            mount_point: format!("/mnt/lab{}", dice.roll(2)),
            is_read_only: false,
        });
    }
    report.lustre = Some(lustre);
    report.devices = Some(devices);
    report
}

fn seen(label: TargetLabel, device: DeviceId, is_here: bool) -> TargetSeen {
    TargetSeen {
        label,
        source: if is_here {
            TargetSource::Mount
        } else {
            TargetSource::Label
        },
        evidence: String::new(),
        device: Some(device),
        device_path: None,
        back_end: None,
        mount_point: is_here.then(|| "/mnt/target".into()),
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

/// What happens to a server, as the ingest task does it.
fn step(world: &mut World, lists: &Lists, dice: &mut Dice) {
    let n = dice.roll(SERVERS);
    let mut changed = Changed::default();
    changed.servers.insert(id(n));
    match dice.roll(6) {
        0 => {
            changed.merge(world.detector.remove(id(n)));
            let mut entry = entry(n);
            entry.state = ServerState::Revoked;
            world.insert(entry);
        }
        1 => {
            changed.merge(world.detector.set_silent(id(n), true));
            if let Some(entry) = world.servers.get_mut(&id(n)) {
                entry.state = ServerState::Stale;
            }
        }
        _ => {
            let report = Arc::new(report(n, dice));
            let mut entry = entry(n);
            entry.state = ServerState::Online;
            entry.report = Some(Arc::clone(&report));
            world.insert(entry);
            changed.merge(world.detector.put(id(n), report));
        }
    }
    let renamed = world.rename(&changed.servers);
    lists.note(world, &changed, &renamed);
}

fn catch_up<N: Listed>(lists: &Lists, table: &mut Table<N>, ask: &Ask, world: &World) {
    lists.hand_over(table, world);
    table.prepare(ask, world, now()).unwrap();
    while !table.work(world, now(), AT_ONCE) {}
}

/// The same, from every row as it is now.
fn slowly<N: Noun>(ask: &Ask, world: &World) -> Vec<N::Key> {
    let mut found: Vec<(SortKey, N::Key)> = Vec::new();
    for key in N::keys(world) {
        let row = serde_json::to_value(N::row(world, &key, now()).unwrap()).unwrap();
        let facets = N::facets(world, &key).unwrap();
        let has = |wanted: &(Field, String)| facets.values.contains(wanted);
        let holds = |text: &String| text_of(&row).contains(text);
        if ask.wanted.iter().all(has) && ask.text.as_ref().is_none_or(holds) {
            let by = ask
                .sort
                .as_ref()
                .map_or(&Value::Null, |(field, _)| &row[field]);
            found.push((SortKey::of(by), key));
        }
    }
    found.sort();
    if ask.sort.as_ref().is_some_and(|(_, is_down)| *is_down) {
        found.reverse();
    }
    found.into_iter().map(|(_, key)| key).collect()
}

fn check<N: Listed>(lists: &Lists, world: &World, dice: &mut Dice, fields: &[&str], texts: &[&str])
where
    N::Key: Debug,
{
    let pick = |dice: &mut Dice, of: &[&str]| {
        let n = dice.roll(u32::try_from(of.len() * 2).unwrap());
        of.get(usize::try_from(n).unwrap()).map(ToString::to_string)
    };
    let values = [
        (Field::State, "stale"),
        (Field::State, "mounted"),
        (Field::Kind, "ost"),
        (Field::Kind, "disk"),
        (Field::FileSystem, "lab"),
        (Field::Server, "oss3"),
        (Field::Server, "oss103"),
    ];
    let is_asked = |(field, _): &&(Field, &str)| N::FIELDS.contains(field);
    let values: Vec<_> = values.iter().filter(is_asked).collect();
    let mut ask = Ask {
        text: pick(dice, texts),
        sort: pick(dice, fields).map(|field| (field, dice.roll(2) == 0)),
        start: usize::try_from(dice.roll(4)).unwrap(),
        limit: 5,
        ..Ask::default()
    };
    for _ in 0..dice.roll(3) {
        let n = dice.roll(u32::try_from(values.len().max(1)).unwrap());
        if let Some((field, value)) = values.get(usize::try_from(n).unwrap()) {
            ask.wanted.push((*field, (*value).to_owned()));
        }
    }
    let mut table = N::table(lists).try_lock().unwrap();
    catch_up(lists, &mut table, &ask, world);
    let (page, total) = table.page(&ask, world);
    let page: Vec<N::Key> = page.iter().map(|key| N::Key::clone(key)).collect();
    let expected = slowly::<N>(&ask, world);
    let end = expected.len().min(ask.start + ask.limit);
    let cut = expected.get(ask.start..end).unwrap_or_default();
    assert_eq!(
        (page.as_slice(), total),
        (cut, expected.len()),
        "{} {ask:?}",
        N::NAME
    );

    let mut fresh = Table::<N>::default();
    fresh.mark_all(world);
    while !fresh.work(world, now(), AT_ONCE) {}
    for field in [Field::State, Field::Kind, Field::Server, Field::Shared] {
        assert_eq!(
            table.counts(field),
            fresh.counts(field),
            "{} {field:?}",
            N::NAME
        );
    }
    let said =
        |table: &Table<N>| -> Vec<Attention> { table.attention().values().cloned().collect() };
    assert_eq!(said(&table), said(&fresh), "{}", N::NAME);
}

fn update(picture: &mut Picture, world: &World, marks: &Mark<ServerId>) {
    let (groups, filesystems) = (picture::groups(world), picture::filesystems(world));
    picture.forget(&groups, marks);
    picture.draw(world, &groups);
    picture.put_together(&groups, &filesystems);
}

#[test]
fn the_picture_follows_what_happens() {
    let (mut world, lists) = (World::default(), Lists::default());
    let (mut dice, mut picture) = (Dice(11), Picture::default());
    for _ in 0..STEPS {
        for _ in 0..=dice.roll(3) {
            step(&mut world, &lists, &mut dice);
        }
        update(&mut picture, &world, &lists.take_drawn());
        let mut fresh = Picture::default();
        update(&mut fresh, &world, &Mark::All);
        assert_eq!(picture.whole(), fresh.whole());
    }
    let whole: Topology = serde_json::from_slice(&picture.whole()).unwrap();
    assert!(whole.groups.iter().any(|group| group.targets.len() > 1));
}

#[test]
fn tables_follow_what_happens() {
    let (mut world, lists) = (World::default(), Lists::default());
    let mut dice = Dice(7);
    for _ in 0..STEPS {
        for _ in 0..=dice.roll(3) {
            step(&mut world, &lists, &mut dice);
        }
        check::<Servers>(
            &lists,
            &world,
            &mut dice,
            &["name", "state", "mounted", "age_s"],
            &["oss1", "lab-"],
        );
        let by = [
            "label",
            "state",
            "kind",
            "mounted_on",
            "back_end",
            "bytes_total",
            "n_clients",
            "confidence",
            "device_path",
            "servers",
        ];
        check::<Targets>(&lists, &world, &mut dice, &by, &["oss10", "sd1"]);
        check::<FileSystems>(
            &lists,
            &world,
            &mut dice,
            &["n_mounted", "state"],
            &["oss1"],
        );
        let by = ["path", "size_bytes", "kind", "content", "model", "seen_by"];
        check::<Devices>(&lists, &world, &mut dice, &by, &["oss10", "ost0003"]);
        let by = ["name", "filesystem", "state", "mount_point"];
        check::<Clients>(&lists, &world, &mut dice, &by, &["oss10", "/mnt"]);
        check::<HaClusters>(&lists, &world, &mut dice, &["name", "servers"], &["oss10"]);
    }
    assert!(
        world.inventory().targets.len() > 5,
        "the history is too dull"
    );
}

#[test]
fn what_cannot_be_sorted_by_is_said() {
    let (mut world, lists) = (World::default(), Lists::default());
    world.insert(entry(1));
    let mut table = Servers::table(&lists).try_lock().unwrap();
    lists.hand_over(&mut table, &world);
    let ask = Ask {
        sort: Some(("size".into(), false)),
        ..Ask::default()
    };
    assert!(table.prepare(&ask, &world, now()).is_err());
}

#[test]
fn a_disk_is_shown_as_the_first_server_by_name_sees_it() {
    let (mut world, mut dice) = (World::default(), Dice(3));
    // The server that came first is not the first by name.
    for (n, name, path) in [(0, "oss10", "/dev/sdd"), (1, "oss9", "/dev/sdb")] {
        let mut report = report(n, &mut dice);
        report.identity.hostname = name.into();
        report.identity.fqdn = name.into();
        for device in report.devices.iter_mut().flatten() {
            device.path = path.into();
        }
        let report = Arc::new(report);
        let mut entry = entry(n);
        entry.report = Some(Arc::clone(&report));
        world.insert(entry);
        world.detector.put(id(n), report);
    }
    world.rename(&[id(0), id(1)]);
    let row = Devices::row(&world, &DeviceId("wwn:0".into()), now()).unwrap();
    let seen = row.seen_by.iter();
    let seen: Vec<_> = seen.map(|at| (&*at.server.name, &*at.path)).collect();
    assert_eq!(seen, [("oss9", "/dev/sdb"), ("oss10", "/dev/sdd")]);
    assert_eq!(row.path, "/dev/sdb");
}
