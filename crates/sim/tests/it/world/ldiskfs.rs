//! A file system on ldiskfs, from bare servers.

use super::hand::{Hand, Target, client};
use sim::world::record::Happening;

pub fn targets() -> Vec<Target> {
    vec![
        Target::on_disk("scratch-MDT0000", "mds01", "5000c50000000001"),
        Target::on_disk("scratch-OST0000", "oss01", "5000c50000001001"),
        Target::on_disk("scratch-OST0001", "oss02", "5000c50000001002"),
    ]
}

pub fn file_system() -> Hand {
    let hand = Hand::new();
    hand.lnet();
    let targets = targets();
    for target in &targets {
        hand.make(&target.server, target.format());
    }
    for target in &targets {
        if !target.is_mgs_too {
            hand.make(&target.server, target.register());
        }
        hand.make(&target.server, target.mount());
    }
    hand
}

#[test]
fn bare_servers_are_seen_as_bare() {
    let hand = Hand::new();
    let report = hand.report("oss01");
    let unread = report.unread.iter().map(|one| one.section.as_str());
    let unread: Vec<&str> = unread.filter(|section| *section != "ha").collect();
    assert_eq!(
        unread,
        ["lnet", "lustre", "lustre"],
        "no modules are loaded"
    );
    assert_eq!(report.identity.fqdn, "oss01.cluster.example");
    let devices = report.devices.unwrap();
    assert_eq!(devices.len(), 9);
    assert_eq!(devices[1].id.0, "wwn:0x5000c50000001001");
    assert!(devices[1..].iter().all(|device| device.content.is_none()));
    assert!(hand.targets().is_empty());
}

#[test]
fn a_file_system_is_made_and_found_as_it_is() {
    let hand = file_system();
    hand.wait(30);
    assert_eq!(
        hand.targets(),
        [
            "scratch-MDT0000 Mounted mds01 Certain",
            "scratch-OST0000 Mounted oss01 Certain",
            "scratch-OST0001 Mounted oss02 Certain",
        ]
    );
    hand.make("oss02", client());
    let report = hand.report("oss02");
    assert!(
        report.unread.iter().all(|one| one.section == "ha"),
        "{:?}",
        report.unread
    );
    assert_eq!(
        report.lustre.unwrap().clients[0].mount_point,
        "/mnt/scratch"
    );
    let world = hand.world();
    let mounted = world
        .records_after(0)
        .filter(|record| matches!(record.what, Happening::Mounted { .. }));
    assert_eq!(mounted.count(), 5, "two OSTs were registered before");
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let all = || -> Vec<String> {
        let hand = file_system();
        hand.make("oss02", client());
        hand.wait(60);
        let world = hand.world();
        world
            .records_after(0)
            .map(|record| format!("{record:?}"))
            .collect()
    };
    let one = all();
    assert!(one.len() > 20);
    assert_eq!(one, all());
}
