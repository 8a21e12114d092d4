//! Encodings stay readable, bytes never panic, a delta gives the report.

mod golden;

use model::report::{Identity, Lnet, Report, Unread};
use proptest::prelude::*;
use std::collections::BTreeMap;
use wire::message::{Events, Hello};
use wire::{DecodeError, Sections, ToAgent, ToManager};

fn report() -> Report {
    let identity = Identity {
        hostname: String::from("oss1"),
        ..Identity::default()
    };
    let unread = Unread {
        section: String::from("ha"),
        source: String::from("crm_mon"),
        line: 0,
        reason: String::from("not installed"),
    };
    Report {
        format: 1,
        agent_version: String::from("0.1.0"),
        at: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        identity,
        os: Some(model::report::Os::default()),
        hardware: Some(model::report::Hardware::default()),
        packages: Some(Vec::new()),
        services: Some(Vec::new()),
        interfaces: Some(Vec::new()),
        lnet: Some(Lnet::default()),
        devices: Some(Vec::new()),
        zpools: Some(Vec::new()),
        datasets: Some(Vec::new()),
        mounts: Some(Vec::new()),
        lustre: Some(model::report::Lustre::default()),
        ha: Some(model::report::Ha::default()),
        time: Some(model::report::TimeSync::default()),
        firewall: Some(model::report::Firewall::default()),
        unread: vec![unread],
    }
}

#[test]
fn a_report_survives_its_sections() {
    let report = report();
    assert_eq!(
        wire::report_from(&wire::sections(&report).unwrap()).unwrap(),
        report
    );
    let blank = Report::default();
    assert_eq!(
        wire::report_from(&wire::sections(&blank).unwrap()).unwrap(),
        blank
    );
}

#[test]
fn a_section_of_a_later_release_breaks_nothing() {
    let mut sections = wire::sections(&report()).unwrap();
    sections.insert(String::from("gpus"), b"[{\"model\":\"x\"}]".to_vec());
    assert_eq!(wire::report_from(&sections).unwrap(), report());
}

#[test]
fn a_bad_section_is_named() {
    let mut sections = wire::sections(&report()).unwrap();
    sections.insert(String::from("devices"), b"{".to_vec());
    let error = wire::report_from(&sections).unwrap_err();
    assert!(error.to_string().contains("devices"), "{error}");
}

#[test]
fn a_delta_of_each_section_gives_the_new_report() {
    let (old, new) = (Report::default(), report());
    let (from, to) = (wire::sections(&old).unwrap(), wire::sections(&new).unwrap());
    for (a, b, x, y) in [(&from, &to, &old, &new), (&to, &from, &new, &old)] {
        let (changed, removed) = wire::difference(a, b);
        assert_eq!(&wire::patch(x, &changed, &removed).unwrap(), y);
    }
}

#[test]
fn large_messages_are_compressed_and_huge_ones_refused() {
    let full = |n: usize| {
        let sections = BTreeMap::from([(String::from("devices"), vec![b'x'; n])]);
        ToManager::Full { seq: 1, sections }
    };
    let frame = wire::encode(&full(1 << 20)).unwrap();
    assert!(frame.len() < 10_000, "{}", frame.len());
    assert_eq!(wire::decode::<ToManager>(&frame).unwrap(), full(1 << 20));
    assert!(wire::encode(&full(33 << 20)).is_err());
    let bomb = [&[1, 1][..], &u32::MAX.to_le_bytes(), b"x"].concat();
    assert!(matches!(
        wire::decode::<ToManager>(&bomb),
        Err(DecodeError::TooLarge(_))
    ));
}

#[test]
fn neighbouring_releases_agree() {
    assert_eq!(wire::agree(wire::PROTOCOL), Some(wire::PROTOCOL));
    assert_eq!(wire::agree(wire::PROTOCOL + 1), Some(wire::PROTOCOL));
    assert_eq!(wire::agree(wire::PROTOCOL + 2), None);
    assert_eq!(wire::agree(wire::PROTOCOL_OLDEST - 1), None);
}

#[test]
fn each_refusal_has_its_page() {
    let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for code in wire::code::Code::ALL {
        assert!(
            pages.join(format!("{code}.md")).is_file(),
            "no page for {code}"
        );
    }
}

#[test]
fn events_know_their_numbers() {
    let run = Events {
        stream: 1,
        first: 5,
        events: vec![b"{".to_vec(), Vec::new()],
    };
    assert_eq!(run.upto(), 6);
    let numbers: Vec<u64> = run.unpack().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [5, 6]);
    let last = Events {
        first: u64::MAX,
        ..run
    };
    assert_eq!((last.upto(), last.unpack().len()), (u64::MAX, 2));
}

fn a_name() -> impl Strategy<Value = String> {
    "[a-z]{0,12}"
}

prop_compose! {
    fn some_sections()(map in proptest::collection::btree_map(
        a_name(), proptest::collection::vec(any::<u8>(), 0..2000), 0..6)) -> Sections { map }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = wire::decode::<ToManager>(&bytes);
        let _ = wire::decode::<ToAgent>(&[&[1, 0][..], &bytes].concat());
        let _ = wire::decode::<ToManager>(&[&[1, 0][..], &bytes].concat());
        let _ = wire::decode::<ToManager>(&[&[1, 1, 0, 9, 0, 0][..], &bytes].concat());
        let _ = wire::report_from(&BTreeMap::from([(String::from("ha"), bytes)]));
    }

    #[test]
    fn what_is_encoded_is_decoded(seq: u64, sections in some_sections(), host in a_name()) {
        for message in [
            ToManager::Full { seq, sections: sections.clone() },
            ToManager::Delta { seq, changed: sections, removed: vec![host.clone()] },
            ToManager::Hello(Hello { machine_id: host, ..Hello::default() }),
        ] {
            let frame = wire::encode(&message).unwrap();
            prop_assert_eq!(wire::decode::<ToManager>(&frame).unwrap(), message);
        }
    }

    #[test]
    fn a_truncated_message_is_refused(sections in some_sections(), cut in 1_usize..50) {
        let frame = wire::encode(&ToManager::Full { seq: 1, sections }).unwrap();
        let end = frame.len().saturating_sub(cut);
        prop_assert!(wire::decode::<ToManager>(&frame[..end]).is_err());
    }
}
