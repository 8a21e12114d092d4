//! A file system on ZFS, and pools that two servers could import.

use super::hand::{Hand, Target, agreed, host};
use model::graph::Consent;
use model::ids::DeviceId;
use model::job::Outcome;
use model::step::{
    ConfigErased, DeviceRef, PoolAbsent, PoolExported, PoolImported, PoolPresent, Step,
    TargetUnmounted, TargetWiped, VdevSpec,
};
use sim::world::power;
use sim::world::record::Happening;

const TARGETS: [(&str, &str, &str); 3] = [
    ("scratch-MDT0000", "mds01", "m0"),
    ("scratch-OST0000", "oss01", "o0"),
    ("scratch-OST0001", "oss02", "o1"),
];

fn pool(server: &str, name: &str) -> PoolPresent {
    let first = if server.starts_with("mds") { 0 } else { 0x1000 };
    // The second server of a pair takes other disks.
    let from = if server.ends_with('2') { 2 } else { 0 };
    let devices = (from..from + 2).map(|n| DeviceRef {
        id: DeviceId(format!("wwn:0x5000c500{:08x}", first + n + 1)),
        path: format!("/dev/disk/by-id/wwn-0x5000c500{:08x}", first + n + 1),
    });
    let devices: Vec<DeviceRef> = devices.collect();
    PoolPresent {
        pool: name.to_owned(),
        consent: Vec::new(),
        options: vec![String::from("ashift=12")],
        vdevs: vec![VdevSpec {
            layout: Some(String::from("mirror")),
            devices,
        }],
    }
}

fn with_consent(pool: PoolPresent) -> PoolPresent {
    let consent = pool.devices().map(|device| agreed(&device.id, "blank"));
    PoolPresent {
        consent: consent.collect(),
        ..pool
    }
}

pub fn targets() -> Vec<(Target, PoolPresent)> {
    let target = |(label, server, pool_name): &(&str, &str, &str)| {
        let path = format!(
            "{pool_name}/{}",
            lustre::argv::target::dataset(&label.parse().unwrap())
        );
        let target = Target {
            device: DeviceRef {
                id: DeviceId(format!("dataset:{path}")),
                path,
            },
            back_end: String::from("zfs"),
            ..Target::on_disk(label, server, "")
        };
        (target, with_consent(pool(server, pool_name)))
    };
    TARGETS.iter().map(target).collect()
}

fn file_system() -> Hand {
    let hand = Hand::new();
    hand.lnet();
    for (target, pool) in targets() {
        hand.make(&target.server, pool);
        hand.make(&target.server, target.format());
        if !target.is_mgs_too {
            hand.make(&target.server, target.register());
        }
        hand.make(&target.server, target.mount());
    }
    hand.wait(30);
    hand
}

#[test]
fn a_file_system_is_made_and_found_as_it_is() {
    let hand = file_system();
    assert_eq!(
        hand.targets(),
        [
            "scratch-MDT0000 Mounted mds01 Certain",
            "scratch-OST0000 Mounted oss01 Certain",
            "scratch-OST0001 Mounted oss02 Certain",
        ]
    );
    let report = hand.report("oss01");
    assert!(
        report.unread.iter().all(|one| one.section == "ha"),
        "{:?}",
        report.unread
    );
    let pools = report.zpools.unwrap();
    assert_eq!(
        (pools.len(), pools[0].state.as_str(), pools[0].multihost),
        (1, "ONLINE", Some(true))
    );
    let mirror = &pools[0].vdevs[0];
    let leaves: Vec<&str> = mirror
        .children
        .iter()
        .map(|one| one.device.as_ref().unwrap().0.as_str())
        .collect();
    assert_eq!(
        leaves,
        [
            "part:wwn:0x5000c50000001001/1",
            "part:wwn:0x5000c50000001002/1"
        ]
    );
}

fn failed(outcome: Outcome) -> (String, String) {
    match outcome {
        Outcome::Failed(failure) => (failure.code, failure.text),
        other => panic!("{other:?}"),
    }
}

fn import(fenced: bool) -> PoolImported {
    PoolImported {
        pool: String::from("o0"),
        fenced: fenced.then(|| model::ids::ServerId(uuid::Uuid::from_u128(1))),
        released: Vec::new(),
    }
}

#[test]
fn a_pool_is_taken_only_from_a_server_that_is_off() {
    let hand = file_system();
    for fenced in [false, true] {
        let (code, text) = failed(hand.carry("oss02", import(fenced)));
        assert_eq!(code, "pool-imported-elsewhere", "{text}");
    }
    power::cut(&mut hand.world(), &host("oss01"), "crash");
    let before = hand.world().now();
    let (code, text) = failed(hand.carry("oss02", import(false)));
    assert_eq!(code, "pool-not-exported", "{text}");
    hand.make("oss02", import(true));
    let took = hand.world().now().saturating_sub(before);
    assert!((40..60).contains(&took.as_secs()), "{took:?}");
    let (target, _) = &targets()[1];
    hand.make("oss02", target.mount());
    hand.wait(30);
    assert!(
        hand.targets()
            .contains(&String::from("scratch-OST0000 Mounted oss02 Certain")),
        "{:?}",
        hand.targets()
    );
    // The other comes back, and does not have it.
    power::on(&mut hand.world(), &host("oss01"));
    hand.wait(120);
    let (code, _) = failed(hand.carry("oss01", import(true)));
    assert_eq!(code, "pool-imported-elsewhere");
}

#[test]
fn a_pool_is_taken_from_a_server_that_is_back_without_it() {
    let hand = file_system();
    power::cut(&mut hand.world(), &host("oss01"), "crash");
    power::on(&mut hand.world(), &host("oss01"));
    hand.wait(120);
    let taken = |from: &str| PoolImported {
        released: vec![from.to_owned()],
        ..import(false)
    };
    // Another server's word says nothing of the one that had it.
    let (code, _) = failed(hand.carry("oss02", taken("oss09")));
    assert_eq!(code, "pool-not-exported");
    hand.make("oss02", taken("oss01"));
    let (code, _) = failed(hand.carry("oss01", taken("oss02")));
    assert_eq!(code, "pool-imported-elsewhere");
}

#[test]
fn a_pool_that_is_exported_is_destroyed_too() {
    let hand = file_system();
    let (target, _) = &targets()[1];
    let disks = || {
        let devices = hand.report("oss01").devices.unwrap().into_iter();
        let of_pool = devices.filter(|one| one.label.as_deref() == Some("o0"));
        of_pool.collect::<Vec<_>>()
    };
    let found = disks();
    let absent = PoolAbsent {
        pool: String::from("o0"),
        devices: found.iter().map(|one| one.id.clone()).collect(),
        paths: found.iter().map(|one| one.path.clone()).collect(),
        fenced: None,
        released: Vec::new(),
        consent: vec![agreed(
            &DeviceId(String::from("zpool:o0")),
            found[0].uuid.as_deref().unwrap(),
        )],
    };
    hand.make(
        "oss01",
        TargetUnmounted {
            label: target.label.parse().unwrap(),
            device: target.device.clone(),
            mount_point: target.mount_point(),
        },
    );
    hand.make(
        "oss01",
        PoolExported {
            pool: String::from("o0"),
        },
    );
    let (code, text) = failed(hand.carry("oss01", absent.clone()));
    assert_eq!(
        code, "signature-changed",
        "the dataset is named for another pool: {text}"
    );
    let wiped = TargetWiped {
        label: target.label.parse().unwrap(),
        device: target.device.clone(),
        back_end: target.back_end.clone(),
        consent: vec![agreed(&target.device.id, "dataset")],
    };
    hand.make("oss01", wiped);
    hand.make(
        "oss01",
        PoolExported {
            pool: String::from("o0"),
        },
    );
    hand.make("oss01", absent);
    assert!(disks().is_empty(), "their labels are cleared");
}

#[test]
fn a_pool_moves_by_export() {
    let hand = file_system();
    let (target, _) = &targets()[1];
    let unmount = || TargetUnmounted {
        label: target.label.parse().unwrap(),
        device: target.device.clone(),
        mount_point: target.mount_point(),
    };
    let export = || PoolExported {
        pool: String::from("o0"),
    };
    let (code, text) = failed(hand.carry("oss01", export()));
    assert_eq!(code, "device-busy", "{text}");
    hand.make("oss01", unmount());
    hand.make("oss01", export());
    hand.make("oss02", import(false));
    hand.make("oss02", target.mount());
    let world = hand.world();
    let holders = world.pools.values().map(|pool| pool.holders.len());
    assert!(holders.into_iter().all(|n| n == 1));
}

#[test]
fn a_file_system_goes_without_a_trace() {
    let hand = file_system();
    let mut targets = targets();
    targets.reverse();
    for (target, _) in &targets {
        hand.make(
            &target.server,
            TargetUnmounted {
                label: target.label.parse().unwrap(),
                device: target.device.clone(),
                mount_point: target.mount_point(),
            },
        );
        if target.is_mgs_too {
            continue;
        }
        let wiped = TargetWiped {
            label: target.label.parse().unwrap(),
            device: target.device.clone(),
            back_end: target.back_end.clone(),
            consent: vec![agreed(&target.device.id, "dataset")],
        };
        hand.make(&target.server, wiped);
    }
    let (mdt, _) = &targets[2];
    hand.make("mds01", mdt.mount());
    let erase = ConfigErased {
        fs: "scratch".parse().unwrap(),
    };
    assert_eq!(
        failed(hand.carry("mds01", erase)).0,
        "device-busy",
        "the MDT runs"
    );
    let guid = hand.report("oss01").zpools.unwrap()[0].guid.clone();
    let absent = |guid: &str| -> Step {
        PoolAbsent {
            pool: String::from("o0"),
            devices: Vec::new(),
            paths: Vec::new(),
            fenced: None,
            released: Vec::new(),
            consent: vec![Consent {
                signature: guid.to_owned(),
                ..agreed(&DeviceId(String::from("zpool:o0")), "")
            }],
        }
        .into()
    };
    assert_eq!(
        failed(hand.carry("oss01", absent("1"))).0,
        "signature-changed"
    );
    hand.make("oss01", absent(&guid));
    assert!(hand.report("oss01").zpools.unwrap().is_empty());
    let world = hand.world();
    let erased = world.records_after(0).filter(|record| matches!(&record.what, Happening::Erased { before, .. } if before.starts_with("zfs_member label=o0")));
    assert_eq!(erased.count(), 2);
}
