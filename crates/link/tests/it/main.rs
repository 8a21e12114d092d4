//! Ends of links, token texts and the CA. The link over TLS is tested with the
//! manager, which is the other side of it.

use jiff::Timestamp;
use link::authority::{Authority, peer};
use link::token::{self, Fingerprint, Secret};
use std::os::unix::fs::PermissionsExt;
use wire::{ToAgent, ToManager};

#[tokio::test]
async fn messages_cross_a_link_in_memory_and_its_end_is_seen() {
    let (mut agent, mut manager) = link::memory();
    agent
        .send(ToManager::Heartbeat { sent_at_ms: 1 })
        .await
        .unwrap();
    assert_eq!(
        manager.recv().await,
        Some(ToManager::Heartbeat { sent_at_ms: 1 })
    );
    manager.send(ToAgent::Goodbye).await.unwrap();
    drop(manager);
    assert_eq!(agent.recv().await, Some(ToAgent::Goodbye));
    assert_eq!(agent.recv().await, None);
    assert!(
        agent
            .send(ToManager::Heartbeat { sent_at_ms: 2 })
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let (agent, _manager) = link::memory();
    let sender = agent.sender();
    for _ in 0..link::connection::FRAMES_WAITING_MAX {
        sender
            .try_send(&ToManager::Heartbeat { sent_at_ms: 1 })
            .unwrap();
    }
    let full = sender.try_send(&ToManager::Heartbeat { sent_at_ms: 1 });
    assert!(matches!(full, Err(link::Closed::Full)));
}

#[test]
fn a_token_is_read_as_it_was_printed() {
    let (secret, fingerprint) = (Secret::random().unwrap(), Fingerprint::of(b"ca"));
    let text = token::print(&secret, &fingerprint);
    assert_eq!(
        token::parse(&format!(" {text}\n")),
        Ok((secret, fingerprint))
    );
    for bad in [
        "",
        "candela1",
        "candela2.a.b",
        &format!("{text}.x"),
        &text[..text.len() - 2],
    ] {
        assert!(token::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_ca_is_made_once_and_kept_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::now();
    let first = Authority::open(folder.path(), now).unwrap().fingerprint();
    assert_eq!(
        Authority::open(folder.path(), now).unwrap().fingerprint(),
        first
    );
    let mode = std::fs::metadata(folder.path().join("ca.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(folder.path().join("ca.key"), "rubbish").unwrap();
    assert!(
        Authority::open(folder.path(), now).is_err(),
        "a damaged CA is not replaced"
    );
}

#[test]
fn a_certificate_says_whose_it_is_whatever_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path(), Timestamp::now()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut asked = rcgen::CertificateParams::new([String::from("candela-manager")]).unwrap();
    asked.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let csr = asked.serialize_request(&key).unwrap().pem().unwrap();
    let granted = authority
        .grant(&csr, "server-7", "0af3/../x", Timestamp::now())
        .unwrap();
    let pem = granted.pem.as_bytes();
    let der =
        <rustls::pki_types::CertificateDer as rustls::pki_types::pem::PemObject>::from_pem_slice(
            pem,
        )
        .unwrap();
    let who = peer(&der).unwrap();
    assert_eq!((&*who.server, &who.serial), ("server-7", &granted.serial));
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    assert!(!parsed.is_ca());
    let names = format!("{:?}", parsed.subject_alternative_name().unwrap());
    assert!(
        !names.contains("candela-manager") && names.contains("0af3x"),
        "{names}"
    );
    assert!(
        authority
            .grant("rubbish", "x", "y", Timestamp::now())
            .is_err()
    );
}
