//! A thousand agents, and a manager that goes away and comes back.

use crate::agent::{full, greet, hello, machine, n_in, report, start, until};
use link::AgentEnd;
use manager::Running;
use manager::state::ServerState;
use tokio::task::JoinSet;
use wire::ToAgent;

const AGENTS: usize = 1000;

async fn join_all(running: &Running) -> Vec<AgentEnd> {
    let mut joining = JoinSet::new();
    for n in 0..AGENTS {
        let connector = running.memory_connector();
        joining.spawn(async move {
            let (id, name) = (machine(n + 1), format!("host{n:04}"));
            let mut end = connector.connect(&id, &name, None).await.unwrap();
            assert!(matches!(
                greet(&mut end, hello(&id, "boot")).await,
                ToAgent::Welcome(_)
            ));
            full(&mut end, 1, &report(&id, &name)).await;
            end
        });
    }
    joining.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_agents_come_and_come_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let ends = join_all(&running).await;
    let manager = running.manager();
    until(manager, "all online", |m| {
        n_in(m, ServerState::Online) == AGENTS
    })
    .await;
    let ids: Vec<_> = manager.world().servers.keys().copied().collect();
    // Many operations share a commit, or this would take a thousand of each.
    assert!(
        manager.store().n_commits() < 3 * AGENTS,
        "{}",
        manager.store().n_commits()
    );
    running.shutdown().await;
    drop(ends);

    let running = start(folder.path()).await;
    let manager = running.manager();
    assert_eq!(n_in(manager, ServerState::Stale), AGENTS);
    assert_eq!(manager.world().inventory().servers.len(), AGENTS);
    let ends = join_all(&running).await;
    until(manager, "all back", |m| {
        n_in(m, ServerState::Online) == AGENTS
    })
    .await;
    let back: Vec<_> = manager.world().servers.keys().copied().collect();
    assert_eq!(ids, back, "a server keeps its id");
    drop(ends);
}
