//! What can go wrong, and how a step ends then.

use super::hand::{Hand, Target, agreed, client, host};
use super::ldiskfs::{file_system, targets};
use model::graph::BLANK;
use model::job::Outcome;
use model::step::{PoolExported, ServiceSet, TargetFormatted, TargetWiped};
use sim::world::disk::{DiskFault, DiskId};
use sim::world::power;
use sim::world::record::Happening;

fn failed(outcome: Outcome) -> (String, String) {
    match outcome {
        Outcome::Failed(failure) => (failure.code, failure.text),
        other => panic!("{other:?}"),
    }
}

fn erased(hand: &Hand) -> Vec<String> {
    let world = hand.world();
    let erased = world
        .records_after(0)
        .filter_map(|record| match &record.what {
            Happening::Erased { before, .. } => Some(before.clone()),
            _ => None,
        });
    erased.collect()
}

#[test]
fn a_disk_of_a_pool_is_not_blank() {
    let hand = Hand::new();
    for line in ["zgenhostid", "zpool create o0 /dev/sdb", "zpool export o0"] {
        assert_eq!(hand.sh("oss01", line).0, 0);
    }
    let ost = &targets()[1];
    let (code, text) = failed(hand.carry("oss01", ost.format()));
    assert_eq!(code, "signature-changed", "{text}");
    let devices = hand.report("oss02").devices.unwrap();
    let disk = devices
        .iter()
        .find(|device| device.id.0 == "wwn:0x5000c50000001001")
        .unwrap();
    let with_consent = TargetFormatted {
        consent: vec![agreed(&disk.id, &model::graph::signature(disk))],
        ..ost.format()
    };
    hand.make("oss01", with_consent);
    let erased = erased(&hand);
    assert_eq!((erased.len(), erased[0].as_str()), (2, BLANK));
    assert!(erased[1].starts_with("zfs_member label=o0"));
}

#[test]
fn a_target_is_wiped_only_with_consent_for_it() {
    let hand = file_system();
    let ost = &targets()[1];
    let wiped = |signature: &str| TargetWiped {
        label: ost.label.parse().unwrap(),
        device: ost.device.clone(),
        back_end: String::from("ldiskfs"),
        consent: vec![agreed(&ost.device.id, signature)],
    };
    assert_eq!(failed(hand.carry("oss01", wiped(BLANK))).0, "device-busy");
    assert_eq!(hand.sh("oss01", "umount /lustre/scratch/ost0000").0, 0);
    assert_eq!(
        failed(hand.carry("oss01", wiped(BLANK))).0,
        "signature-changed"
    );
    let devices = hand.report("oss01").devices.unwrap();
    let disk = devices
        .iter()
        .find(|device| device.id.0 == "wwn:0x5000c50000001001")
        .unwrap();
    hand.make("oss01", wiped(&model::graph::signature(disk)));
}

#[test]
fn faults_of_disks_are_told() {
    let disk = DiskId(String::from("5000c50000001001"));
    let ost = &targets()[1];
    for (fault, expected) in [
        (DiskFault::Gone, "device-gone"),
        (DiskFault::ReadOnly, "read-only"),
        (DiskFault::Full, "no-resources"),
    ] {
        let hand = Hand::new();
        hand.lnet();
        hand.world().break_disk(&disk, Some(fault));
        let (code, text) = failed(hand.carry("oss01", ost.format()));
        assert_eq!(code, expected, "{text}");
        assert!(erased(&hand).is_empty());
    }
    let hand = Hand::new();
    hand.world().break_disk(&disk, Some(DiskFault::Slow));
    let before = hand.world().now();
    hand.make("oss01", ost.format());
    assert_eq!(hand.world().now().saturating_sub(before).as_secs(), 50);
}

#[test]
fn a_program_that_hangs_is_ended_or_waited_for() {
    let hand = Hand::new();
    hand.world().stick(&host("oss01"), "systemctl", true);
    let service = || ServiceSet {
        unit: String::from("zfs-zed.service"),
        is_running: false,
        is_enabled: None,
    };
    let before = hand.world().now();
    let (code, _) = failed(hand.carry("oss01", service()));
    assert_eq!(code, "no-answer");
    assert!(hand.world().now() > before);
    hand.world().stick(&host("oss01"), "systemctl", false);
    hand.make("oss01", service());
}

#[test]
fn a_tool_that_does_not_answer_is_no_sign_of_absence() {
    let hand = Hand::new();
    for line in ["zgenhostid", "zpool create o0 /dev/sdb"] {
        assert_eq!(hand.sh("oss01", line).0, 0);
    }
    let step = || PoolExported {
        pool: String::from("o0"),
    };
    hand.world().stick(&host("oss01"), "zpool", true);
    assert_eq!(failed(hand.carry("oss01", step())).0, "no-answer");
    hand.world().stick(&host("oss01"), "zpool", false);
    hand.make("oss01", step());
}

#[test]
fn a_server_that_dies_while_it_mounts_leaves_the_device_marked() {
    let hand = file_system();
    assert_eq!(hand.sh("oss01", "umount /lustre/scratch/ost0000").0, 0);
    let argv = [
        "mount",
        "-t",
        "lustre",
        "/dev/sdb",
        "/lustre/scratch/ost0000",
    ]
    .map(str::to_owned);
    let id = hand.world().begin(&host("oss01"), &argv).unwrap();
    assert!(hand.world().fetch(id).is_none());
    power::cut(&mut hand.world(), &host("oss01"), "crash");
    assert!(hand.world().fetch(id).unwrap().is_err());
    let before = hand.world().now();
    hand.make("oss02", targets()[1].mount());
    assert!(hand.world().now().saturating_sub(before).as_secs() > 40);
    let world = hand.world();
    let mut users = 0;
    for record in world.records_after(0) {
        match &record.what {
            Happening::Mounted { target, .. } if target == "scratch-OST0000" => users += 1,
            Happening::Unmounted { target, .. } if target == "scratch-OST0000" => users -= 1,
            _ => {}
        }
        assert!((0..=1).contains(&users), "{record:?}");
    }
    assert_eq!(users, 1);
}

#[test]
fn a_clock_that_is_off_is_told() {
    let hand = Hand::new();
    for name in ["oss01", "oss02"] {
        let config = b"server 10.0.0.1 iburst\n".to_vec();
        let mut world = hand.world();
        let state = world.hosts.get_mut(&host(name)).unwrap();
        state
            .files
            .insert(String::from("/etc/chrony/chrony.conf"), config);
    }
    hand.world().set_clock_off(&host("oss01"), -90_000);
    assert_eq!(
        hand.report("oss01").time.unwrap().offset_us,
        Some(-90_000_000)
    );
    assert_eq!(hand.report("oss02").time.unwrap().offset_us, Some(0));
    let (one, other) = (
        hand.report("oss01").at.unwrap(),
        hand.report("oss02").at.unwrap(),
    );
    assert_eq!(other.as_second() - one.as_second(), 90);
    assert_eq!(hand.sh("oss01", "systemctl restart chrony.service").0, 0);
    assert_eq!(hand.report("oss01").time.unwrap().offset_us, Some(0));
}

#[test]
fn lnet_that_is_lost_leaves_targets_without_clients() {
    let hand = file_system();
    hand.make("mds02", client());
    hand.world().break_lnet(&host("oss01"));
    let lnet = hand.report("oss01").lnet.unwrap();
    assert!(lnet.nis.is_empty());
    let twin = Target::on_disk("scratch-OST0002", "oss01", "5000c50000001003");
    hand.make("oss01", twin.format());
    assert_eq!(
        failed(hand.carry("oss01", twin.register())).0,
        "lnet-not-up"
    );
}
