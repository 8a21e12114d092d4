//! Reports, gaps, events, silence and revocation over the in-memory link.

use crate::agent::{
    full, greet, hear, hello, join, machine, n_in, report, start, start_with, until,
};
use jiff::Timestamp;
use manager::state::ServerState;
use model::event::{HostEvent, Severity};
use std::time::Duration;
use store::record::EventFilter;
use wire::code::Code;
use wire::message::Events;
use wire::{ToAgent, ToManager};

fn everything() -> EventFilter {
    EventFilter {
        after: Some(0),
        limit: 1000,
        ..EventFilter::default()
    }
}

#[tokio::test]
async fn a_gap_asks_for_a_full_report() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut end = join(&running, 1).await;
    let mut now = report(&machine(1), "oss1");
    let old = wire::sections(&now).unwrap();
    now.identity.fqdn = String::from("oss1.lab");
    let (changed, removed) = wire::difference(&old, &wire::sections(&now).unwrap());
    assert_eq!(changed.keys().collect::<Vec<_>>(), ["identity"]);

    let delta = |seq| ToManager::Delta {
        seq,
        changed: changed.clone(),
        removed: removed.clone(),
    };
    end.send(delta(3)).await.unwrap();
    assert_eq!(hear(&mut end).await, ToAgent::NeedFull);
    // Asked once; what comes before the full report is passed over.
    end.send(delta(4)).await.unwrap();
    full(&mut end, 5, &now).await;
    end.send(delta(6)).await.unwrap();
    assert_eq!(hear(&mut end).await, ToAgent::AckReport { seq: 6 });
    let world = running.manager().world();
    let entry = world.servers.values().next().unwrap();
    assert_eq!(entry.report.as_ref().unwrap().identity.fqdn, "oss1.lab");
}

#[tokio::test]
async fn a_delta_before_any_report_asks_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut end = running
        .memory_connector()
        .connect(&machine(1), "oss1", None)
        .await
        .unwrap();
    greet(&mut end, hello(&machine(1), "boot")).await;
    let (changed, removed) = (wire::Sections::new(), Vec::new());
    end.send(ToManager::Delta {
        seq: 1,
        changed,
        removed,
    })
    .await
    .unwrap();
    assert_eq!(hear(&mut end).await, ToAgent::NeedFull);
}

#[tokio::test]
async fn events_are_kept_once_however_often_they_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut end = join(&running, 1).await;
    let event = |text: &str| HostEvent {
        at: Timestamp::now(),
        severity: Severity::Warning,
        kind: String::from("test.event"),
        text: text.to_owned(),
        target: None,
        raw: None,
    };
    let three = [event("a"), event("b"), event("c")];
    for (first, events, upto) in [(1, &three[..2], 2), (1, &three[..], 3), (3, &three[2..], 3)] {
        let run = Events::pack(7, first, events).unwrap();
        end.send(ToManager::Events(run)).await.unwrap();
        assert_eq!(hear(&mut end).await, ToAgent::AckEvents { stream: 7, upto });
    }
    let kept = running
        .manager()
        .store()
        .events(everything())
        .await
        .unwrap();
    let kept: Vec<_> = kept
        .iter()
        .filter(|e| e.what.kind == "test.event")
        .collect();
    assert_eq!(
        kept.iter().map(|e| &*e.what.text).collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    assert_eq!(kept[0].server_name.as_deref(), Some("oss1"));
}

#[tokio::test]
async fn revocation_ends_the_link_at_once_and_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut end = join(&running, 1).await;
    let id = *running.manager().world().servers.keys().next().unwrap();
    running
        .manager()
        .revoke(id, String::from("user:admin"))
        .await
        .unwrap();
    assert_eq!(hear(&mut end).await, ToAgent::Revoked);
    assert!(end.recv().await.is_none());
    assert!(
        running
            .memory_connector()
            .connect(&machine(1), "oss1", None)
            .await
            .is_err()
    );
    let again = running
        .manager()
        .revoke(id, String::from("user:admin"))
        .await;
    assert!(matches!(
        again,
        Err(manager::state::ManagerError::RevokedAlready)
    ));
    assert!(running.manager().world().inventory().servers.is_empty());
}

#[tokio::test]
async fn a_silent_server_is_stale_and_keeps_its_facts() {
    let folder = tempfile::tempdir().unwrap();
    let silence = Duration::from_millis(50);
    let running = start_with(folder.path(), |config| config.silence = silence).await;
    let mut end = join(&running, 1).await;
    let manager = running.manager();
    until(manager, "stale", |m| n_in(m, ServerState::Stale) == 1).await;
    {
        let world = manager.world();
        let entry = world.servers.values().next().unwrap();
        assert_eq!(entry.report.as_ref().unwrap().identity.hostname, "oss1");
        assert!(entry.seen_at.is_some());
        assert_eq!(world.inventory().servers.len(), 1);
    }
    assert!(end.recv().await.is_none(), "the agent must notice");
}

#[tokio::test]
async fn facts_survive_a_restart_as_stale_ones() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    assert!(running.first_admin.is_some());
    let mut end = join(&running, 1).await;
    running.shutdown().await;
    assert_eq!(hear(&mut end).await, ToAgent::Goodbye);

    let running = start(folder.path()).await;
    assert!(
        running.first_admin.is_none(),
        "only the first start makes an account"
    );
    let world = running.manager().world();
    let entry = world.servers.values().next().unwrap();
    assert_eq!(entry.state, ServerState::Stale);
    assert_eq!(entry.record.site.as_deref(), Some("lab"));
    assert_eq!(entry.report.as_ref().unwrap().identity.hostname, "oss1");
    assert!(entry.seen_at.is_some());
    assert_eq!(world.inventory().servers.len(), 1);
}

#[tokio::test]
async fn a_copy_of_a_running_host_is_refused_and_a_reconnect_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut first = join(&running, 1).await;
    let connector = running.memory_connector();
    let mut copy = connector.connect(&machine(1), "oss1", None).await.unwrap();
    let answer = greet(&mut copy, hello(&machine(1), "another boot")).await;
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
    let mut again = connector.connect(&machine(1), "oss1", None).await.unwrap();
    assert!(matches!(
        greet(&mut again, hello(&machine(1), "boot")).await,
        ToAgent::Welcome(_)
    ));
    assert!(first.recv().await.is_none(), "the older link ends");
    assert_eq!(n_in(running.manager(), ServerState::Online), 1);
}

#[tokio::test]
async fn a_clock_far_off_is_a_concern() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut end = running
        .memory_connector()
        .connect(&machine(1), "oss1", None)
        .await
        .unwrap();
    let mut late = hello(&machine(1), "boot");
    late.sent_at_ms -= 3_600_000;
    assert!(matches!(greet(&mut end, late).await, ToAgent::Welcome(_)));
    let concerns = running
        .manager()
        .world()
        .servers
        .values()
        .next()
        .unwrap()
        .concerns();
    assert_eq!(concerns[0].code, "clock-off");
    assert!(
        concerns[0].text.contains("3600 s behind"),
        "{}",
        concerns[0].text
    );
}

#[tokio::test]
async fn an_agent_too_new_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    for (protocol, good) in [(wire::PROTOCOL + 1, true), (wire::PROTOCOL + 2, false)] {
        let mut end = running
            .memory_connector()
            .connect(&machine(1), "a", None)
            .await
            .unwrap();
        let answer = greet(
            &mut end,
            wire::message::Hello {
                protocol,
                ..hello(&machine(1), "b")
            },
        )
        .await;
        let refused = matches!(
            answer,
            ToAgent::Refused {
                code: Code::ProtocolUnknown,
                ..
            }
        );
        assert_eq!(refused, !good, "{answer:?}");
    }
}
