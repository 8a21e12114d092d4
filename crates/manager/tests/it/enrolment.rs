//! Enrolment and the link over TLS, and every way in which they are refused.

use crate::agent::{full, greet, hear, hello, join, machine, n_in, report, start};
use jiff::{SignedDuration, Timestamp};
use link::{Config, DialError, EnrolError, Enrolment, Identity};
use manager::Running;
use manager::state::ServerState;
use rt::{Shutdown, Tasks};
use std::sync::Arc;
use std::time::Duration;
use store::record::EventFilter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use wire::ToAgent;
use wire::code::Code;

async fn token(running: &Running) -> String {
    let hour = Duration::from_hours(1);
    let who = String::from("user:admin");
    let made = running
        .manager()
        .create_enrolment_token(hour, String::from("monitor"), who)
        .await;
    made.unwrap().secret
}

fn ask(running: &Running, token: String, n: usize) -> Enrolment {
    Enrolment {
        manager: running.address().to_string(),
        token,
        machine_id: machine(n),
        boot_id: String::from("boot"),
        hostname: format!("oss{n}"),
        agent_version: String::from("0.1.0"),
        sent_at: Timestamp::now(),
        site: None,
        tasks: Tasks::new(Shutdown::new()),
    }
}

fn config(running: &Running, identity: &Identity) -> Config {
    Config {
        manager: running.address().to_string(),
        ca_pem: identity.ca_pem.clone(),
        cert_pem: identity.cert_pem.clone(),
        key_pem: identity.key_pem.clone(),
        tasks: Tasks::new(Shutdown::new()),
    }
}

async fn refused(ask: Enrolment) -> EnrolError {
    match link::enrol(ask).await {
        Ok(_) => panic!("it was enrolled"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn an_enrolled_agent_links_over_tls_until_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let identity = link::enrol(ask(&running, token(&running).await, 1))
        .await
        .unwrap();
    let mut end = link::dial(config(&running, &identity)).await.unwrap();
    let ToAgent::Welcome(welcome) = greet(&mut end, hello(&machine(1), "boot")).await else {
        panic!("not welcome");
    };
    assert_eq!(welcome.server_id, identity.server_id);
    let mut big = report(&machine(1), "oss1");
    big.agent_version = "x".repeat(300_000);
    full(&mut end, 1, &big).await;
    assert_eq!(n_in(running.manager(), ServerState::Online), 1);

    let id = identity.server_id.parse().unwrap();
    running
        .manager()
        .revoke(id, String::from("user:admin"))
        .await
        .unwrap();
    assert_eq!(hear(&mut end).await, ToAgent::Revoked);
    let error = link::dial(config(&running, &identity)).await.unwrap_err();
    assert!(
        matches!(
            error,
            DialError::Refused {
                code: Code::ServerRevoked,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_new_certificate_voids_the_old_one_and_keeps_the_id() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let old = link::enrol(ask(&running, token(&running).await, 1))
        .await
        .unwrap();
    let new = link::enrol(ask(&running, token(&running).await, 1))
        .await
        .unwrap();
    assert_eq!(old.server_id, new.server_id);
    for (identity, good) in [(&old, false), (&new, true)] {
        let mut end = link::dial(config(&running, identity)).await.unwrap();
        let answer = greet(&mut end, hello(&machine(1), "boot")).await;
        assert_eq!(matches!(answer, ToAgent::Welcome(_)), good, "{answer:?}");
    }
}

/// Asks for the next certificate over an open link.
async fn renewed(end: &mut link::AgentEnd, identity: &Identity) -> Identity {
    let asked = link::renew::ask().unwrap();
    let csr = asked.csr_pem;
    end.send(wire::ToManager::Renew { csr }).await.unwrap();
    let ToAgent::Renewed { certificate } = hear(end).await else {
        panic!("no certificate");
    };
    assert!(link::renew::is_for(
        &certificate,
        &asked.key_pem,
        &identity.server_id
    ));
    Identity {
        cert_pem: certificate,
        key_pem: asked.key_pem,
        ..identity.clone()
    }
}

/// Links, and says whether that is welcome.
async fn is_welcome(running: &Running, identity: &Identity) -> Option<link::AgentEnd> {
    let mut end = link::dial(config(running, identity)).await.unwrap();
    let answer = greet(&mut end, hello(&machine(1), "boot")).await;
    matches!(answer, ToAgent::Welcome(_)).then_some(end)
}

#[tokio::test]
async fn a_renewed_certificate_voids_the_old_one_when_it_is_first_shown() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let old = link::enrol(ask(&running, token(&running).await, 1))
        .await
        .unwrap();
    let mut end = is_welcome(&running, &old).await.unwrap();
    let lost = renewed(&mut end, &old).await;
    // The agent died before it kept the answer: it comes as before, and asks again.
    let mut end = is_welcome(&running, &old).await.unwrap();
    let new = renewed(&mut end, &old).await;
    drop(end);
    running.shutdown().await;
    let running = start(folder.path()).await;
    assert!(is_welcome(&running, &lost).await.is_none(), "never kept");
    is_welcome(&running, &old).await.expect("good until then");
    is_welcome(&running, &new).await.expect("the new one");
    assert!(is_welcome(&running, &old).await.is_none(), "void now");
    let filter = EventFilter {
        kind: Some("server.certificate_renewed".into()),
        limit: 9,
        ..EventFilter::default()
    };
    let store = running.manager().store();
    assert_eq!(store.events(filter).await.unwrap().len(), 1);
    running.shutdown().await;
    let running = start(folder.path()).await;
    assert!(is_welcome(&running, &old).await.is_none(), "and stays void");
    let mut end = is_welcome(&running, &new).await.expect("and stays good");
    let id = new.server_id.parse().unwrap();
    let newer = renewed(&mut end, &new).await;
    let who = String::from("user:admin");
    running.manager().revoke(id, who).await.unwrap();
    for identity in [&new, &newer] {
        let refused = link::dial(config(&running, identity)).await;
        assert!(refused.is_err(), "revoked is revoked");
    }
}

#[tokio::test]
async fn a_link_that_asks_for_certificates_without_end_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let identity = link::enrol(ask(&running, token(&running).await, 1))
        .await
        .unwrap();
    for (text, n_good) in [("not a request", 0), ("", 5)] {
        let mut end = is_welcome(&running, &identity).await.unwrap();
        for _ in 0..n_good {
            renewed(&mut end, &identity).await;
        }
        let csr = match text {
            "" => link::renew::ask().unwrap().csr_pem,
            text => text.to_owned(),
        };
        end.send(wire::ToManager::Renew { csr }).await.unwrap();
        let answer = hear(&mut end).await;
        let code = Code::LinkMisused;
        assert!(
            matches!(&answer, ToAgent::Refused { code: found, .. } if *found == code),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn each_refusal_is_clear_on_both_sides_and_enrols_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let _end = join(&running, 1).await;
    let spent = token(&running).await;
    link::enrol(ask(&running, spent.clone(), 2)).await.unwrap();
    let who = String::from("user:admin");
    let manager = running.manager();
    let ended = manager
        .create_enrolment_token(Duration::ZERO, String::from("monitor"), who)
        .await;
    let ended = ended.unwrap().secret;
    let fresh = token(&running).await;
    let copy = Enrolment {
        boot_id: String::from("another"),
        ..ask(&running, fresh.clone(), 1)
    };
    let hour_ago = Timestamp::now() - SignedDuration::from_hours(1);
    let late = Enrolment {
        sent_at: hour_ago,
        ..ask(&running, fresh.clone(), 3)
    };
    for (ask, code, words) in [
        (ask(&running, spent, 3), Code::TokenUsed, "was used at"),
        (
            ask(&running, ended, 3),
            Code::TokenExpired,
            "this token ended at",
        ),
        (copy, Code::MachineCloned, "has the machine-id"),
        (late, Code::ClockOff, "3600 s behind the manager's"),
    ] {
        let host = ask.hostname.clone();
        let error = refused(ask).await;
        assert_eq!(error.code(), Some(code), "{error}");
        let said = error.to_string();
        assert!(
            said.contains(words) && said.contains(code.as_str()),
            "{said}"
        );
        let filter = EventFilter {
            limit: 1,
            ..EventFilter::default()
        };
        let last = manager.store().events(filter).await.unwrap().remove(0);
        assert_eq!(last.what.kind, "enrolment.refused", "{code}");
        let text = last.what.text;
        assert!(text.contains(words) && text.contains(&host), "{text}");
        assert_eq!(manager.world().servers.len(), 2, "{code}");
        assert_eq!(manager.store().servers().await.unwrap().len(), 2, "{code}");
    }
    link::enrol(ask(&running, fresh, 3))
        .await
        .expect("a token that was refused with is not spent");
}

#[tokio::test]
async fn a_token_works_once() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let token = token(&running).await;
    link::enrol(ask(&running, token.clone(), 1)).await.unwrap();
    let error = refused(ask(&running, token, 2)).await;
    assert_eq!(error.code(), Some(Code::TokenUsed), "{error}");
    assert_eq!(
        running.manager().world().servers.len(),
        1,
        "nothing is half enrolled"
    );
    let filter = EventFilter {
        limit: 1,
        ..EventFilter::default()
    };
    let last = running
        .manager()
        .store()
        .events(filter)
        .await
        .unwrap()
        .remove(0)
        .what;
    assert_eq!(last.kind, "enrolment.refused");
    assert!(
        last.text.contains("oss2") && last.text.contains("was used"),
        "{}",
        last.text
    );
}

#[tokio::test]
async fn a_token_ends() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let who = String::from("user:admin");
    let made = running
        .manager()
        .create_enrolment_token(Duration::ZERO, String::from("monitor"), who)
        .await
        .unwrap();
    let error = refused(ask(&running, made.secret, 1)).await;
    assert_eq!(error.code(), Some(Code::TokenExpired), "{error}");
}

#[tokio::test]
async fn a_token_of_another_manager_sends_nothing() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (running, other) = (start(here.path()).await, start(there.path()).await);
    let foreign = token(&other).await;
    let error = refused(ask(&running, foreign, 1)).await;
    assert_eq!(error.code(), Some(Code::FingerprintWrong), "{error}");
    let error = refused(ask(&running, String::from("candela1.no.token"), 1)).await;
    assert_eq!(error.code(), Some(Code::TokenMalformed), "{error}");
    // The right fingerprint with a secret that nobody made.
    let real = token(&running).await;
    let fingerprint = real.rsplit('.').next().unwrap();
    let forged = format!("candela1.{}.{fingerprint}", "A".repeat(43));
    let error = refused(ask(&running, forged, 1)).await;
    assert_eq!(error.code(), Some(Code::TokenUnknown), "{error}");
    assert!(running.manager().world().servers.is_empty());
}

#[tokio::test]
async fn a_copy_of_a_running_host_is_not_enrolled_and_its_token_stays_good() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let _end = join(&running, 1).await;
    let token = token(&running).await;
    let copy = Enrolment {
        boot_id: String::from("another"),
        ..ask(&running, token.clone(), 1)
    };
    let error = refused(copy).await;
    assert_eq!(error.code(), Some(Code::MachineCloned), "{error}");
    link::enrol(ask(&running, token, 2)).await.unwrap();
}

#[tokio::test]
async fn a_clock_far_off_is_refused_with_how_far() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    for (off, word) in [(-7200, "behind"), (7200, "ahead")] {
        let sent_at = Timestamp::now()
            .checked_add(SignedDuration::from_secs(off))
            .unwrap();
        let late = Enrolment {
            sent_at,
            ..ask(&running, token(&running).await, 1)
        };
        let error = refused(late).await;
        assert_eq!(error.code(), Some(Code::ClockOff), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(running.manager().world().servers.is_empty());
}

#[tokio::test]
async fn a_link_without_a_certificate_or_of_another_ca_is_refused() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (running, other) = (start(here.path()).await, start(there.path()).await);
    let foreign = link::enrol(ask(&other, token(&other).await, 1))
        .await
        .unwrap();
    let error = link::dial(config(&running, &foreign)).await.unwrap_err();
    assert!(matches!(error, DialError::Stranger(_)), "{error}");
    // It trusts the right CA but shows the other's certificate.
    let ca_pem = running.manager().ca_pem().to_owned();
    let mixed = Config {
        ca_pem,
        ..config(&running, &foreign)
    };
    let error = link::dial(mixed).await.unwrap_err();
    assert!(matches!(error, DialError::Tls { .. }), "{error}");
}

/// Answer to a WebSocket request by a caller that trusts the CA and shows nothing.
async fn answer_without_certificate(running: &Running) -> String {
    let mut roots = RootCertStore::empty();
    let ca = running.manager().ca_pem();
    roots
        .add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(running.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .unwrap();
    let request = "GET /agent/v1/link HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
        Connection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    tls.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let n = tls.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..n]).into_owned()
}

#[tokio::test]
async fn a_caller_without_a_certificate_has_no_link() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let answer = answer_without_certificate(&running).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("certificate-unknown"), "{answer}");
}

#[tokio::test]
async fn a_certificate_is_good_on_its_own_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let identity = link::enrol(ask(&running, token(&running).await, 1))
        .await
        .unwrap();
    let mut end = link::dial(config(&running, &identity)).await.unwrap();
    let answer = greet(&mut end, hello(&machine(2), "boot")).await;
    assert!(
        matches!(
            answer,
            ToAgent::Refused {
                code: Code::MachineCloned,
                ..
            }
        ),
        "{answer:?}"
    );
    assert_eq!(n_in(running.manager(), ServerState::Online), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_agents_link_over_tls_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let running = Arc::new(start(folder.path()).await);
    let mut joining = tokio::task::JoinSet::new();
    for n in 1..=100 {
        let running = Arc::clone(&running);
        joining.spawn(async move {
            let identity = link::enrol(ask(&running, token(&running).await, n))
                .await
                .unwrap();
            let mut end = link::dial(config(&running, &identity)).await.unwrap();
            let answer = greet(&mut end, hello(&machine(n), "boot")).await;
            assert!(matches!(answer, ToAgent::Welcome(_)), "{answer:?}");
            full(&mut end, 1, &report(&machine(n), &format!("oss{n}"))).await;
            end
        });
    }
    let ends = joining.join_all().await;
    assert_eq!(n_in(running.manager(), ServerState::Online), 100);
    drop(ends);
}
