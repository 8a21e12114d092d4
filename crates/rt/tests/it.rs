//! Tasks are listed, end on the signal, and a panic is noted.

use rt::{Clock, Shutdown, Tasks};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn tasks_are_listed_and_end_on_the_signal() {
    let tasks = Tasks::new(Shutdown::new());
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("test", "waits", async move { shutdown.wait().await });
    assert_eq!(tasks.list()[0].name, "waits");
    assert!(tasks.finish(Duration::from_secs(1)).await.is_empty());
    assert!(tasks.list().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_end_is_named() {
    let tasks = Tasks::new(Shutdown::new());
    tasks.spawn("test", "stubborn", std::future::pending());
    assert_eq!(tasks.finish(Duration::from_secs(1)).await, ["stubborn"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_noted() {
    let tasks = Tasks::new(Shutdown::new());
    tasks.spawn("test", "falls", async { panic!("meant") });
    tasks.finish(Duration::from_secs(1)).await;
    assert_eq!(tasks.panicked()[0].name, "falls");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_follows_tokio_stands_still_with_it() {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let clock = Clock::following_tokio(start);
    assert_eq!(clock.now(), start);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(clock.now().to_string(), "2026-01-01T00:01:00Z");
}
