//! Every encoding that was ever sent, as hexadecimal text, one file each. A
//! file is written once, for a new message, with `CANDELA_GOLDEN=write`, and
//! never changed: agents and managers in the field send these bytes.

use model::job::Outcome;
use model::step::{ServiceSet, Step};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::path::PathBuf;
use wire::code::Code;
use wire::message::{Events, Hello, Welcome};
use wire::order::{ConsoleLine, Ended, Order, OrderKey};
use wire::{ToAgent, ToManager};

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, message: &T) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/v1")
        .join(name);
    let frame = wire::encode(message).unwrap();
    if std::env::var_os("CANDELA_GOLDEN").is_some() && !path.exists() {
        let text = frame.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        std::fs::write(&path, text + "\n").unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("no golden file {name}"));
    let text = text.trim().as_bytes();
    let digits = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    let golden: Vec<u8> = text.chunks(2).map(digits).collect();
    assert_eq!(
        &wire::decode::<T>(&golden).unwrap(),
        message,
        "{name} is read otherwise"
    );
    assert_eq!(frame, golden, "{name} is written otherwise");
}

fn key() -> OrderKey {
    OrderKey {
        job: String::from("0197d7a0-0000-7000-8000-000000000002"),
        step: 4,
        attempt: 2,
    }
}

#[test]
fn messages_of_agents_keep_their_bytes() {
    let sections = BTreeMap::from([
        (String::from("format"), b"1".to_vec()),
        (
            String::from("identity"),
            b"{\"hostname\":\"oss1\"}".to_vec(),
        ),
    ]);
    check(
        "hello.hex",
        &ToManager::Hello(Hello {
            protocol: 1,
            agent_version: String::from("0.1.0"),
            machine_id: String::from("0123456789abcdef0123456789abcdef"),
            boot_id: String::from("6e0b5f3a-1d0f-4c9e-9d34-0a4b8e7b2c11"),
            sent_at_ms: 1_767_323_045_000,
            site: Some(String::from("lab")),
            extra: BTreeMap::from([(String::from("later"), String::from("x"))]),
        }),
    );
    check(
        "full.hex",
        &ToManager::Full {
            seq: 1,
            sections: sections.clone(),
        },
    );
    let removed = vec![String::from("ha")];
    check(
        "delta.hex",
        &ToManager::Delta {
            seq: 2,
            changed: sections,
            removed,
        },
    );
    let long = BTreeMap::from([(String::from("devices"), vec![b' '; 5000])]);
    check(
        "full_compressed.hex",
        &ToManager::Full {
            seq: 300,
            sections: long,
        },
    );
    let event = br#"{"at":"2026-01-02T03:04:05Z","severity":"info","kind":"a.b","text":"c"}"#;
    let events = Events {
        stream: u64::MAX,
        first: 7,
        events: vec![event.to_vec()],
    };
    assert!(events.unpack()[0].1.is_ok());
    check("events.hex", &ToManager::Events(events));
    check("heartbeat.hex", &ToManager::Heartbeat { sent_at_ms: -1 });
    let seen = String::from("scratch-OST0001 is mounted at /lustre/scratch/ost0001");
    let outcome = Outcome::Done {
        changed: true,
        seen,
    };
    let ended = Ended::new(key(), &outcome).unwrap();
    assert_eq!(ended.outcome().unwrap(), outcome);
    check("ended.hex", &ToManager::Ended(ended));
    let line = ConsoleLine {
        key: key(),
        number: 3,
        at_ms: 1_767_323_045_000,
        line: String::from("mount -t lustre /dev/sdb /lustre/scratch/ost0001"),
        exit: Some(5),
        stdout: String::new(),
        stderr: String::from("mount.lustre: Input/output error"),
        took_ms: 1200,
    };
    check("console.hex", &ToManager::Console(vec![line]));
    let csr = "-----BEGIN CERTIFICATE REQUEST-----".to_owned();
    check("renew.hex", &ToManager::Renew { csr });
}

#[test]
fn messages_of_managers_keep_their_bytes() {
    check(
        "welcome.hex",
        &ToAgent::Welcome(Welcome {
            protocol: 1,
            server_id: String::from("0197d7a0-0000-7000-8000-000000000001"),
            now_ms: 1_767_323_045_000,
            manager_version: String::from("0.1.0"),
            extra: BTreeMap::new(),
        }),
    );
    check("ack_report.hex", &ToAgent::AckReport { seq: 9 });
    check(
        "ack_events.hex",
        &ToAgent::AckEvents {
            stream: u64::MAX,
            upto: 7,
        },
    );
    check("need_full.hex", &ToAgent::NeedFull);
    check("goodbye.hex", &ToAgent::Goodbye);
    check("revoked.hex", &ToAgent::Revoked);
    let unit = String::from("lnet.service");
    let step = Step::from(ServiceSet {
        unit,
        is_running: true,
        is_enabled: Some(true),
    });
    let secrets = vec![(String::from("ha/mds/authkey"), vec![1, 2, 3])];
    let order = Order::new(key(), 7, &step, secrets).unwrap();
    assert_eq!(order.step().unwrap(), step);
    assert!(!format!("{order:?}").contains("[1, 2, 3]"));
    check("order.hex", &ToAgent::Order(order));
    check("recall.hex", &ToAgent::Recall { key: key() });
    check("ack_ended.hex", &ToAgent::AckEnded { key: key() });
    let certificate = "-----BEGIN CERTIFICATE-----".to_owned();
    check("renewed.hex", &ToAgent::Renewed { certificate });
    for code in Code::ALL {
        let refused = ToAgent::Refused {
            code: *code,
            text: String::from("no"),
        };
        check(&format!("refused_{code}.hex"), &refused);
    }
}
