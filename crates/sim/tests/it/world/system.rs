//! The system under Lustre: services, time, firewall, boot, LNet.

use super::hand::{Hand, client};
use super::ldiskfs::{file_system, targets};
use model::job::Outcome;
use model::step::{
    ClientUnmounted, FirewallOpen, LnetDown, ServerRebooted, ServiceSet, TargetUnmounted,
    TimeSynced,
};
use sim::world::record::Happening;

#[test]
fn time_firewall_and_services_are_set() {
    let hand = Hand::new();
    let time = hand.report("oss01").time.unwrap();
    assert_eq!(
        (time.service.as_str(), time.is_synced),
        ("chrony", Some(false))
    );
    hand.make(
        "oss01",
        TimeSynced {
            sources: vec![String::from("10.0.0.1")],
            config_path: String::from("/etc/chrony/chrony.conf"),
            unit: String::from("chrony.service"),
        },
    );
    assert_eq!(hand.report("oss01").time.unwrap().is_synced, Some(true));
    hand.make(
        "oss01",
        ServiceSet {
            unit: String::from("firewalld.service"),
            is_running: true,
            is_enabled: Some(true),
        },
    );
    hand.make(
        "oss01",
        FirewallOpen {
            ports: vec![String::from("988/tcp")],
        },
    );
    let report = hand.report("oss01");
    let firewall = report.firewall.unwrap();
    assert_eq!(
        (firewall.kind.as_str(), firewall.is_active),
        ("firewalld", true)
    );
    let services = report.services.unwrap();
    assert!(services.iter().any(|one| one.unit == "firewalld.service"
        && one.active == "active"
        && one.enabled == "enabled"));
}

#[test]
fn what_is_enabled_comes_back_after_a_boot() {
    let hand = file_system();
    hand.make("mds02", client());
    let before = hand.report("mds02").identity.boot_id;
    hand.make(
        "mds02",
        ServerRebooted {
            boot_id_before: before.clone(),
        },
    );
    let world = hand.world();
    let down = world
        .records_after(0)
        .find_map(|record| match &record.what {
            Happening::Down { host, why } => Some((host.0.clone(), why.clone())),
            _ => None,
        });
    drop(world);
    assert_eq!(
        down,
        Some((String::from("mds02"), String::from("shutdown")))
    );
    hand.wait(10);
    let report = hand.report("mds02");
    assert_ne!(report.identity.boot_id, before);
    assert_eq!(report.lnet.unwrap().nis.len(), 1);
    assert_eq!(report.lustre.unwrap().clients.len(), 1);
}

#[test]
fn lnet_stops_when_nothing_uses_it() {
    let hand = file_system();
    let Outcome::Failed(failure) = hand.carry("oss01", LnetDown {}) else {
        panic!("LNet is used");
    };
    assert_eq!(failure.code, "not-as-told");
    let ost = &targets()[1];
    hand.make(
        "oss01",
        TargetUnmounted {
            label: ost.label.parse().unwrap(),
            device: ost.device.clone(),
            mount_point: ost.mount_point(),
        },
    );
    hand.make("oss01", LnetDown {});
    let Outcome::Failed(failure) = hand.carry("oss01", ost.mount()) else {
        panic!("LNet is down");
    };
    assert_eq!(failure.code, "lnet-not-up");
}

#[test]
fn a_client_is_unmounted_for_good() {
    let hand = file_system();
    hand.make("mds02", client());
    hand.make(
        "mds02",
        ClientUnmounted {
            fs: "scratch".parse().unwrap(),
            mount_point: String::from("/mnt/scratch"),
        },
    );
    assert!(hand.report("mds02").lustre.unwrap().clients.is_empty());
}
