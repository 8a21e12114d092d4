//! The store in a temporary folder.

mod job;

use jiff::Timestamp;
use model::event::{HostEvent, Severity};
use model::ids::{EnrolmentId, ServerId, SessionId, TokenId, UserId};
use model::role::Role;
use std::collections::BTreeMap;
use std::path::Path;
use store::journal::{EVENTS_SCANNED_MAX, Run};
use store::record::{
    ApiToken, Enrolment, EventFilter, NewEvent, Server, Session, StoredReport, User, UserChange,
};
use store::server::Use;
use store::{SCHEMA, STATEMENTS, Store, StoreError};
use tokio::task::JoinSet;
use uuid::Uuid;

fn open(folder: &Path) -> Store {
    Store::open(&store::connection::file_in(folder)).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_323_045 + second).unwrap()
}

fn server(n: u128) -> Server {
    Server {
        id: ServerId(Uuid::from_u128(n)),
        machine_id: format!("{n:032x}"),
        name: format!("oss{n}"),
        certificate: Some(format!("{n:x}")),
        certificate_next: None,
        is_managed: false,
        site: None,
        agent_version: String::from("0.1.0"),
        enrolled_at: at(0),
        seen_at: None,
        revoked_at: None,
    }
}

fn event(text: &str, severity: Severity) -> NewEvent {
    let what = HostEvent {
        at: at(1),
        severity,
        kind: String::from("target.mounted"),
        text: text.to_owned(),
        target: Some("lab01-OST0003".parse().unwrap()),
        raw: None,
    };
    let (recorded_at, server) = (at(2), Some(ServerId(Uuid::from_u128(1))));
    NewEvent {
        recorded_at,
        server,
        server_name: Some(String::from("oss1")),
        actor: None,
        what,
    }
}

fn user(n: u128, name: &str) -> User {
    let (id, name) = (UserId(Uuid::from_u128(n)), name.to_owned());
    User {
        id,
        name,
        role: Role::Operator,
        password_hash: String::from("x"),
        created_at: at(0),
        is_disabled: false,
    }
}

#[test]
fn every_statement_prepares_on_a_schema_made_from_empty() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close();
    let db = rusqlite::Connection::open(store::connection::file_in(folder.path())).unwrap();
    for (name, text) in STATEMENTS {
        db.prepare(text)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let found: i64 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(usize::try_from(found).unwrap(), SCHEMA);
    let mode: String = db
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    let file = std::fs::metadata(store::connection::file_in(folder.path())).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777,
        0o600
    );
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = store::connection::file_in(folder.path());
    open(folder.path()).close();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", i64::try_from(SCHEMA).unwrap() + 1)
        .unwrap();
    drop(db);
    assert!(matches!(
        Store::open(&path),
        Err(StoreError::SchemaNewer { .. })
    ));
}

#[tokio::test]
async fn reports_are_on_disk_once_the_store_is_closed() {
    const SERVERS: u128 = 100;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let sections = |name: &str, body: Vec<u8>| BTreeMap::from([(name.to_owned(), body)]);
    let big = vec![b' '; 50_000];
    for n in 0..SERVERS {
        store.put_server(server(n)).await.unwrap();
        store.put_report(StoredReport {
            server: server(n).id,
            sections: sections("os", b"{}".to_vec()),
        });
    }
    for n in 0..SERVERS {
        let removed = vec![String::from("os")];
        store.change_report(server(n).id, sections("ha", big.clone()), removed);
    }
    // One that has no server is no reason to lose the others.
    store.change_report(server(999).id, sections("ha", big.clone()), Vec::new());
    store.put_server(server(SERVERS)).await.unwrap();
    store.close();

    let found = open(folder.path()).reports().await.unwrap();
    let expected: Vec<_> = (0..SERVERS)
        .map(|n| StoredReport {
            server: server(n).id,
            sections: sections("ha", big.clone()),
        })
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_was_answered_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.put_server(server(1)).await.unwrap();
    store
        .append(vec![event("a", Severity::Info)])
        .await
        .unwrap();
    store
        .put_setting("greeting", String::from("hello"))
        .await
        .unwrap();
    // Closed as a crash would: without the courtesy of `close`.
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.servers().await.unwrap(), [server(1)]);
    assert_eq!(store.last_event().await.unwrap(), 1);
    assert_eq!(
        store.setting("greeting").await.unwrap().as_deref(),
        Some("hello")
    );
    assert!(store.revoke_server(server(1).id, at(9)).await.unwrap());
    assert!(!store.revoke_server(server(1).id, at(10)).await.unwrap());
    let revoked = store
        .server_by_machine(server(1).machine_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (revoked.revoked_at, revoked.certificate),
        (Some(at(9)), None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writes_share_a_commit_and_the_journal_has_no_holes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let before = store.n_commits();
    let mut writing = JoinSet::new();
    for n in 0..2000 {
        let store = store.clone();
        writing.spawn(async move {
            store
                .append(vec![event(&n.to_string(), Severity::Info)])
                .await
                .unwrap()[0]
        });
    }
    let mut places = writing.join_all().await;
    places.sort_unstable();
    assert_eq!(places, (1..=2000).collect::<Vec<u64>>());
    let commits = store.n_commits() - before;
    assert!(commits < 500, "{commits} commits for 2000 operations");
}

#[tokio::test]
async fn a_failed_operation_takes_no_other_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let twin = User {
        id: UserId(Uuid::from_u128(9)),
        ..user(1, "ADMIN")
    };
    let (first, second, third) = tokio::join!(
        store.add_user(user(1, "admin")),
        store.add_user(twin),
        store.add_user(user(2, "ops"))
    );
    assert!(first.is_ok() && third.is_ok());
    assert!(matches!(second, Err(StoreError::Exists(_))));
    let names: Vec<_> = store
        .users()
        .await
        .unwrap()
        .into_iter()
        .map(|user| user.name)
        .collect();
    assert_eq!(names, ["admin", "ops"]);
}

#[tokio::test]
async fn a_run_of_events_is_kept_once_per_numbering() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.put_server(server(1)).await.unwrap();
    let run = |stream, first| Run {
        server: server(1).id,
        stream,
        first,
    };
    let events = |n: usize| vec![event("x", Severity::Info); n];
    assert_eq!(
        store.append_run(run(u64::MAX, 1), events(3)).await.unwrap(),
        [1, 2, 3]
    );
    assert_eq!(
        store.append_run(run(u64::MAX, 2), events(3)).await.unwrap(),
        [4]
    );
    assert_eq!(
        store.append_run(run(u64::MAX, 1), events(2)).await.unwrap(),
        [0; 0]
    );
    assert_eq!(
        store.append_run(run(u64::MAX, 5), events(1)).await.unwrap(),
        [5]
    );
    // A new numbering begins anew.
    assert_eq!(store.append_run(run(8, 1), events(1)).await.unwrap(), [6]);
}

#[tokio::test]
async fn the_journal_is_read_both_ways_and_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let severities = [Severity::Info, Severity::Warning, Severity::Error];
    let news = severities.map(|severity| event(&format!("It is {severity:?}"), severity));
    store.append(news.to_vec()).await.unwrap();
    let read = |filter: EventFilter| {
        let store = store.clone();
        async move {
            let events = store.events(filter).await.unwrap();
            events.iter().map(|event| event.seq).collect::<Vec<_>>()
        }
    };
    let all = || EventFilter {
        limit: 10,
        ..EventFilter::default()
    };
    assert_eq!(read(all()).await, [3, 2, 1]);
    assert_eq!(
        read(EventFilter {
            before: Some(3),
            limit: 1,
            ..all()
        })
        .await,
        [2]
    );
    assert_eq!(
        read(EventFilter {
            after: Some(1),
            ..all()
        })
        .await,
        [2, 3]
    );
    let bad = vec![Severity::Warning, Severity::Error];
    assert_eq!(
        read(EventFilter {
            severities: bad.clone(),
            ..all()
        })
        .await,
        [3, 2]
    );
    assert_eq!(
        read(EventFilter {
            text: Some(String::from("IS ERR")),
            ..all()
        })
        .await,
        [3]
    );
    assert_eq!(
        read(EventFilter {
            kind: Some(String::from("target.")),
            ..all()
        })
        .await,
        [3, 2, 1]
    );
    assert_eq!(
        read(EventFilter {
            kind: Some(String::from("%")),
            ..all()
        })
        .await,
        [0; 0]
    );
    let target = Some(String::from("lab01-OST0003"));
    assert_eq!(
        read(EventFilter {
            target,
            server: Some(server(1).id),
            ..all()
        })
        .await,
        [3, 2, 1]
    );
    let n = store
        .count_events(EventFilter {
            severities: bad,
            ..all()
        })
        .await
        .unwrap();
    assert_eq!(n, 2);
}

/// Filters with the positions that they keep and how many they count.
#[tokio::test]
async fn conditions_hold_together_whichever_index_answers() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for n in [1, 2] {
        store.put_server(server(n)).await.unwrap();
    }
    let mut news = Vec::new();
    for (n, severity) in [
        (1, Severity::Info),
        (2, Severity::Warning),
        (1, Severity::Error),
        (2, Severity::Error),
    ] {
        let mut one = event(&format!("It is {severity:?}"), severity);
        one.server = Some(server(n).id);
        one.what.target = (severity != Severity::Info).then(|| "lab01-OST0003".parse().unwrap());
        news.push(one);
    }
    store.append(news).await.unwrap();
    let all = || EventFilter {
        limit: 10,
        ..EventFilter::default()
    };
    let of = |n| Some(server(n).id);
    let target = || Some(String::from("lab01-OST0003"));
    let warnings = vec![Severity::Warning, Severity::Error];
    let cases = [
        (all(), vec![4, 3, 2, 1]),
        (
            EventFilter {
                severities: warnings.clone(),
                ..all()
            },
            vec![4, 3, 2],
        ),
        (
            EventFilter {
                severities: vec![Severity::Error],
                ..all()
            },
            vec![4, 3],
        ),
        (
            EventFilter {
                severities: vec![Severity::Info],
                ..all()
            },
            vec![1],
        ),
        (
            EventFilter {
                server: of(2),
                ..all()
            },
            vec![4, 2],
        ),
        (
            EventFilter {
                server: of(1),
                severities: warnings,
                ..all()
            },
            vec![3],
        ),
        (
            EventFilter {
                target: target(),
                ..all()
            },
            vec![4, 3, 2],
        ),
        (
            EventFilter {
                target: target(),
                server: of(2),
                ..all()
            },
            vec![4, 2],
        ),
        (
            EventFilter {
                text: Some("warn".into()),
                server: of(2),
                ..all()
            },
            vec![2],
        ),
        (
            EventFilter {
                kind: Some("nothing.".into()),
                ..all()
            },
            vec![],
        ),
    ];
    for (filter, expected) in cases {
        let found = store.events(filter.clone()).await.unwrap();
        let found: Vec<u64> = found.iter().map(|event| event.seq).collect();
        assert_eq!(found, expected, "{filter:?}");
        let n = store.count_events(filter.clone()).await.unwrap();
        assert_eq!(n, u64::try_from(expected.len()).unwrap(), "{filter:?}");
        let on = EventFilter {
            after: Some(2),
            ..filter
        };
        let found = store.events(on.clone()).await.unwrap();
        let found: Vec<u64> = found.iter().map(|event| event.seq).collect();
        let mut rising: Vec<u64> = expected.into_iter().filter(|seq| *seq > 2).collect();
        rising.reverse();
        assert_eq!(found, rising, "{on:?}");
    }
}

#[tokio::test]
async fn a_search_in_a_long_journal_stops_and_says_where_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.put_server(server(1)).await.unwrap();
    let most = usize::try_from(EVENTS_SCANNED_MAX).unwrap();
    let mut news = vec![event("The oldest", Severity::Info)];
    news.resize(most + 1, event("Dull", Severity::Info));
    store.append(news).await.unwrap();
    let filter = EventFilter {
        text: Some("oldest".into()),
        limit: 10,
        ..EventFilter::default()
    };
    let page = store.events_page(filter.clone()).await.unwrap();
    assert_eq!((page.events.len(), page.next), (0, Some(2)));
    let before = page.next;
    let page = store
        .events_page(EventFilter { before, ..filter })
        .await
        .unwrap();
    assert_eq!((page.events.len(), page.next), (1, None));
}

/// Without an index, the time that a question takes grows with the journal.
#[test]
fn questions_for_some_events_use_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = store::connection::file_in(folder.path());
    Store::open(&path).unwrap().close();
    let db = rusqlite::Connection::open(path).unwrap();
    for (name, text) in STATEMENTS {
        // The first one is found without a search.
        if !name.starts_with("EVENTS_") || *name == "EVENTS_FIRST" {
            continue;
        }
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
        let n = plan.parameter_count();
        let plan = plan.query_map(rusqlite::params_from_iter(vec![0; n]), |row| row.get(3));
        let plan: Vec<String> = plan.unwrap().collect::<Result<_, _>>().unwrap();
        let plan = plan.join("; ");
        let by = [
            "events_by_time",
            "events_warnings",
            "events_errors",
            "events_by_server",
            "events_by_target",
        ];
        let is_indexed =
            by.iter().any(|index| plan.contains(index)) || plan.contains("INTEGER PRIMARY KEY");
        assert!(
            is_indexed && !plan.contains("TEMP B-TREE"),
            "{name}: {plan}"
        );
    }
}

#[tokio::test]
async fn a_token_enrols_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let token = Enrolment {
        id: EnrolmentId(Uuid::from_u128(5)),
        secret_hash: [7; 32],
        profile: String::from("monitor"),
        created_by: String::from("user:admin"),
        created_at: at(0),
        expires_at: at(60),
        used_at: None,
    };
    store.add_enrolment(token.clone()).await.unwrap();
    assert_eq!(
        store.enrolment_by_hash([7; 32]).await.unwrap(),
        Some(token.clone())
    );
    assert_eq!(
        store.enrol(token.id, at(1), server(1)).await.unwrap(),
        Use::Enrolled
    );
    assert_eq!(
        store.enrol(token.id, at(2), server(2)).await.unwrap(),
        Use::Spent
    );
    assert_eq!(store.servers().await.unwrap(), [server(1)]);
    // A server that cannot be written leaves the token good.
    let other = Enrolment {
        id: EnrolmentId(Uuid::from_u128(6)),
        secret_hash: [8; 32],
        ..token
    };
    store.add_enrolment(other.clone()).await.unwrap();
    let twin = Server {
        machine_id: server(1).machine_id,
        ..server(3)
    };
    let refused = store.enrol(other.id, at(3), twin).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))));
    assert_eq!(store.enrolment_by_hash([8; 32]).await.unwrap(), Some(other));
}

#[tokio::test]
async fn the_oldest_events_are_forgotten_by_age_and_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let many = |n: i64| {
        (1..=n).map(|second| NewEvent {
            recorded_at: at(second),
            ..event("x", Severity::Info)
        })
    };
    store.append(many(20).collect()).await.unwrap();
    let places = async |store: &Store| {
        let filter = EventFilter {
            after: Some(0),
            limit: 100,
            ..EventFilter::default()
        };
        let found = store.events(filter).await.unwrap();
        found.iter().map(|event| event.seq).collect::<Vec<_>>()
    };
    // (recorded before, kept, at once), how many go, the first that stays.
    for (oldest, n_max, n_once, gone, first) in [
        (0, 100, 100, 0, 1),
        (4, 100, 100, 3, 4),
        (0, 15, 100, 2, 6),
        (15, 100, 5, 5, 11),
        (15, 100, 5, 4, 15),
        (100, 0, 100, 5, 20),
        (100, 0, 100, 0, 20),
    ] {
        let n = store.forget_events(at(oldest), n_max, n_once).await;
        assert_eq!(n.unwrap(), gone, "before {oldest}, {n_max} kept");
        assert_eq!(places(&store).await.first(), Some(&first));
    }
    let next = store.append(many(1).collect()).await.unwrap();
    assert_eq!(next, [21], "positions go on");
}

#[tokio::test]
async fn a_changed_account_loses_its_logins_but_the_kept_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.add_user(user(1, "admin")).await.unwrap();
    store.add_user(user(2, "vera")).await.unwrap();
    let session = |n: u8, owner: u128| Session {
        id: SessionId(Uuid::from_u128(n.into())),
        user: UserId(Uuid::from_u128(owner)),
        secret_hash: [n; 32],
        csrf: String::from("c"),
        created_at: at(0),
        expires_at: at(10),
    };
    for (n, owner) in [(1, 1), (2, 1), (3, 2)] {
        store.add_session(session(n, owner)).await.unwrap();
    }
    let id = user(1, "admin").id;
    let role = UserChange {
        role: Some(Role::Viewer),
        ..UserChange::default()
    };
    assert!(store.change_user(id, role).await.unwrap());
    assert!(store.session_by_hash([2; 32]).await.unwrap().is_some());
    let password = UserChange {
        password_hash: Some("y".into()),
        kept: Some(session(1, 1).id),
        ..UserChange::default()
    };
    assert!(store.change_user(id, password.clone()).await.unwrap());
    let mut left = Vec::new();
    for n in 1..=3 {
        left.extend(store.session_by_hash([n; 32]).await.unwrap().map(|_| n));
    }
    assert_eq!(left, [1, 3]);
    let found = store.user(id).await.unwrap().unwrap();
    assert_eq!(
        (found.role, found.password_hash.as_str()),
        (Role::Viewer, "y")
    );
    assert!(!found.is_disabled);
    let nobody = UserId(Uuid::from_u128(9));
    assert!(!store.change_user(nobody, password).await.unwrap());
}

#[tokio::test]
async fn logins_and_tokens_go_with_their_account() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.add_user(user(1, "admin")).await.unwrap();
    let owner = user(1, "admin").id;
    let session = Session {
        id: SessionId(Uuid::from_u128(2)),
        user: owner,
        secret_hash: [1; 32],
        csrf: String::from("c"),
        created_at: at(0),
        expires_at: at(10),
    };
    let token = ApiToken {
        id: TokenId(Uuid::from_u128(3)),
        user: owner,
        name: String::from("ci"),
        role: Role::Viewer,
        secret_hash: [2; 32],
        created_at: at(0),
        expires_at: at(10),
    };
    store.add_session(session.clone()).await.unwrap();
    store.add_token(token.clone()).await.unwrap();
    assert_eq!(
        store.session_by_hash([1; 32]).await.unwrap(),
        Some(session.clone())
    );
    assert_eq!(
        store.token_by_hash([2; 32]).await.unwrap(),
        Some(token.clone())
    );
    assert_eq!(store.tokens().await.unwrap(), std::slice::from_ref(&token));
    store.expire_sessions(at(10)).await.unwrap();
    assert_eq!(store.session_by_hash([1; 32]).await.unwrap(), None);
    store.add_session(session.clone()).await.unwrap();
    assert!(store.remove_user(owner).await.unwrap());
    assert!(!store.remove_user(owner).await.unwrap());
    assert_eq!(store.session_by_hash([1; 32]).await.unwrap(), None);
    assert_eq!(store.token_by_hash([2; 32]).await.unwrap(), None);
    assert!(!store.remove_session(session.id).await.unwrap());
    assert!(!store.remove_token(token.id).await.unwrap());
}
