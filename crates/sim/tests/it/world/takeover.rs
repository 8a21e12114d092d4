//! Targets on ldiskfs: who may mount them, and what their clients feel.

use super::hand::{Hand, agreed, client, host};
use super::ldiskfs::{file_system, targets};
use model::graph::BLANK;
use model::ids::DeviceId;
use model::job::Outcome;
use model::step::{DeviceRef, TargetFormatted, TargetMounted, TargetUnmounted};
use sim::world::power;

fn failed(outcome: Outcome) -> (String, String) {
    match outcome {
        Outcome::Failed(failure) => (failure.code, failure.text),
        other => panic!("{other:?}"),
    }
}

fn recovery(hand: &Hand, server: &str) -> String {
    let (_, text, _) = hand.run(
        server,
        &[
            "lctl",
            "get_param",
            "obdfilter.scratch-OST0000.recovery_status",
        ],
    );
    text
}

#[test]
fn a_target_is_not_mounted_twice() {
    let hand = file_system();
    let ost = &targets()[1];
    let (_, text) = failed(hand.carry("oss02", ost.mount()));
    assert!(text.contains("(22)"), "{text}");
    power::cut(&mut hand.world(), &host("oss01"), "crash");
    let before = hand.world().now();
    hand.make("oss02", ost.mount());
    let took = hand.world().now().saturating_sub(before);
    assert!((42..60).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn clients_come_back_to_a_target_that_moved() {
    let hand = file_system();
    hand.make("mds02", client());
    hand.make("oss02", client());
    power::cut(&mut hand.world(), &host("oss01"), "crash");
    hand.make("oss02", targets()[1].mount());
    assert!(recovery(&hand, "oss02").ends_with("=status: WAITING_FOR_CLIENTS\n"));
    hand.wait(30);
    let text = recovery(&hand, "oss02");
    assert!(
        text.contains("status: COMPLETE") && text.contains("completed_clients: 3/3"),
        "{text}"
    );
}

#[test]
fn a_client_that_does_not_come_back_is_evicted() {
    let hand = file_system();
    hand.make("mds02", client());
    hand.make("oss02", client());
    power::cut(&mut hand.world(), &host("mds02"), "crash");
    power::cut(&mut hand.world(), &host("oss01"), "crash");
    hand.make("oss02", targets()[1].mount());
    hand.wait(60);
    let text = recovery(&hand, "oss02");
    assert!(
        text.contains("status: RECOVERING") && text.contains("connected_clients: 2/3"),
        "{text}"
    );
    assert!(
        hand.targets()
            .iter()
            .any(|line| line == "scratch-OST0000 Recovering oss02 Certain")
    );
    hand.wait(300);
    let text = recovery(&hand, "oss02");
    assert!(
        text.contains("status: COMPLETE") && text.contains("completed_clients: 2/3"),
        "{text}"
    );
}

#[test]
fn a_client_waits_for_the_first_mdt() {
    let hand = file_system();
    power::cut(&mut hand.world(), &host("mds01"), "crash");
    let mount = [
        "mount",
        "-t",
        "lustre",
        "10.10.0.1@tcp:10.10.0.2@tcp:/scratch",
        "/mnt/scratch",
    ];
    let argv: Vec<String> = mount.iter().map(|&word| word.to_owned()).collect();
    let id = {
        let mut world = hand.world();
        let oss = world.hosts.get_mut(&host("oss02")).unwrap();
        oss.folders.insert(String::from("/mnt/scratch"));
        world.begin(&host("oss02"), &argv).unwrap()
    };
    hand.wait(60);
    assert!(hand.world().fetch(id).is_none());
    hand.make("mds02", targets()[0].mount());
    hand.wait(30);
    assert_eq!(hand.world().fetch(id).unwrap().unwrap().exit, 0);
}

#[test]
fn an_mgs_that_does_not_answer_fails_a_mount_in_the_end() {
    let hand = Hand::new();
    hand.lnet();
    let ost = &targets()[1];
    hand.make("oss01", ost.format());
    let (code, text) = failed(hand.carry("oss01", ost.register()));
    assert_eq!(code, "mgs-unreachable", "{text}");
    assert!(text.contains("(5)"), "{text}");
}

#[test]
fn an_index_is_used_once() {
    let hand = file_system();
    let twin = super::hand::Target::on_disk("scratch-OST0000", "oss02", "5000c50000001003");
    hand.make("oss02", twin.format());
    let (code, text) = failed(hand.carry("oss02", twin.register()));
    assert_eq!(code, "index-in-use", "{text}");
}

#[test]
fn the_network_between_two_servers_matters() {
    let hand = file_system();
    hand.world()
        .cut_between(&host("mds01"), &host("oss01"), true);
    let (exit, _, _) = hand.run("oss01", &["lctl", "ping", "10.10.0.1@tcp"]);
    assert_eq!(exit, 113);
    hand.run("oss01", &["umount", "/lustre/scratch/ost0000"]);
    let (code, _) = failed(hand.carry("oss01", targets()[1].mount()));
    assert_eq!(code, "mgs-unreachable");
    hand.world()
        .cut_between(&host("mds01"), &host("oss01"), false);
    hand.make("oss01", targets()[1].mount());
}

#[test]
fn a_target_given_by_a_link_to_its_device_is_found_mounted() {
    let hand = Hand::new();
    hand.lnet();
    let label: lustre::label::TargetLabel = "MGS".parse().unwrap();
    let device = DeviceRef {
        id: DeviceId(String::from("wwn:0x5000c50000000001")),
        path: String::from("/dev/disk/by-id/wwn-0x5000c50000000001"),
    };
    let mount_point = String::from("/lustre/mgs");
    hand.make(
        "mds01",
        TargetFormatted {
            label: label.clone(),
            is_mgs_too: false,
            back_end: String::from("ldiskfs"),
            consent: vec![agreed(&device.id, BLANK)],
            device: device.clone(),
            mgs_nodes: Vec::new(),
            service_nodes: Vec::new(),
            mkfs_options: None,
            mount_options: None,
        },
    );
    let mount = TargetMounted {
        label: label.clone(),
        device: device.clone(),
        back_end: String::from("ldiskfs"),
        mount_point: mount_point.clone(),
        options: Vec::new(),
        elsewhere: Vec::new(),
    };
    hand.make("mds01", mount.clone());
    let again = hand.carry("mds01", mount);
    assert!(matches!(again, Outcome::Done { changed: false, .. }));
    let unmount = TargetUnmounted {
        label,
        device,
        mount_point,
    };
    hand.make("mds01", unmount);
    assert_eq!(hand.world().lustre.running.len(), 0);
}
