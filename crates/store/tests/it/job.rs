//! Jobs, specs and secrets in a temporary folder.

use crate::{at, open};
use model::graph::{Graph, StepId};
use model::ids::JobId;
use model::job::{Attempt, JobEvent, Outcome, Recorded};
use store::job::{Line, SpecVersion};
use uuid::Uuid;

fn job(n: u128) -> JobId {
    JobId(Uuid::from_u128(n))
}

#[tokio::test]
async fn records_of_jobs_come_back_in_order_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let records = vec![
        Recorded {
            job: job(1),
            at_ms: 5,
            event: JobEvent::Submitted {
                graph: Box::new(Graph::default()),
                by: String::from("user:admin"),
                plan_hash: String::from("abc"),
                consents: Vec::new(),
            },
        },
        Recorded {
            job: job(1),
            at_ms: 6,
            event: JobEvent::Ended {
                step: StepId(0),
                attempt: Attempt(1),
                outcome: Outcome::Cancelled,
            },
        },
    ];
    let store = open(folder.path());
    store.append_jobs(records.clone()).await.unwrap();
    store.close();
    let store = open(folder.path());
    let (last, read) = store.job_records(0).await.unwrap();
    assert_eq!(read, records);
    assert_eq!(store.job_records(last).await.unwrap(), (last, Vec::new()));
}

#[tokio::test]
async fn a_console_is_read_in_order_and_a_repeated_line_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let line = |attempt, number| Line {
        job: job(1),
        step: 3,
        attempt,
        number,
        body: format!("{attempt}.{number}"),
    };
    let lines = vec![line(2, 0), line(1, 1), line(1, 0), line(1, 1)];
    store.add_lines(lines).await.unwrap();
    let read = store.lines(job(1), 3, 0).await.unwrap();
    let bodies: Vec<_> = read.iter().map(|line| line.body.as_str()).collect();
    assert_eq!(bodies, ["1.0", "1.1", "2.0"]);
    assert_eq!(store.lines(job(1), 3, 2).await.unwrap().len(), 1);
    assert!(store.lines(job(2), 3, 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn of_two_who_change_the_same_spec_the_second_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.spec(None).await.unwrap(), None);
    let spec = |body: &str| SpecVersion {
        version: 0,
        at: at(0),
        author: String::from("user:admin"),
        note: String::new(),
        body: body.to_owned(),
    };
    assert_eq!(store.add_spec(0, spec("a")).await.unwrap(), Some(1));
    assert_eq!(store.add_spec(0, spec("b")).await.unwrap(), None);
    assert_eq!(store.add_spec(1, spec("c")).await.unwrap(), Some(2));
    assert_eq!(store.spec(None).await.unwrap().unwrap().body, "c");
    assert_eq!(store.spec(Some(1)).await.unwrap().unwrap().body, "a");
    for (before, limit, wanted) in [
        (None, 9, &[2, 1][..]),
        (None, 1, &[2]),
        (Some(2), 1, &[1]),
        (Some(1), 1, &[]),
    ] {
        let (found, total) = store.specs(before, limit).await.unwrap();
        let versions: Vec<u64> = found.iter().map(|v| v.version).collect();
        assert_eq!((versions.as_slice(), total), (wanted, 2));
    }
}

#[tokio::test]
async fn a_secret_is_kept_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let name = || String::from("bmc/oss1");
    store.put_secret(name(), vec![1]).await.unwrap();
    store.put_secret(name(), vec![2, 3]).await.unwrap();
    assert_eq!(store.secret(name()).await.unwrap(), Some(vec![2, 3]));
    assert_eq!(store.secret_names().await.unwrap(), [name()]);
}
