//! What an agent tells first: what a step changed, then that the step ended. A
//! manager that heard it the other way around would plan with what was before.

use agent::host::{Hands, Host, HostError};
use agent::run::{self, Cadence, Memory, Workshop};
use model::job::Outcome;
use model::step::{ServiceSet, Step};
use rt::Shutdown;
use sim::door::{Door, Gate};
use sim::world::World;
use sim::world::layout::Layout;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wire::message::Welcome;
use wire::order::{Order, OrderKey};
use wire::{ToAgent, ToManager};

const PATIENCE: Duration = Duration::from_secs(30);
/// How soon an order is said again.
const AGAIN: Duration = Duration::from_micros(100);
const UNIT: &str = "firewalld.service";

/// Whoever waits makes time go on.
struct Onward(Arc<Mutex<World>>);

impl Gate for Onward {
    fn wait_until(&self, at: Duration) -> Result<(), HostError> {
        self.0.lock().unwrap().advance(at);
        Ok(())
    }
}

/// The next message of the agent.
async fn next(manager: &mut link::ManagerEnd) -> ToManager {
    let message = tokio::time::timeout(PATIENCE, manager.recv()).await;
    message.expect("in time").expect("the agent goes on")
}

#[tokio::test]
async fn a_step_ends_only_after_the_report_that_shows_what_it_changed() {
    let layout = Layout::default();
    let world = Arc::new(Mutex::new(layout.build(1)));
    let gate = Arc::new(Onward(Arc::clone(&world)));
    let name = layout.names()[0].clone();
    let door = Arc::new(Door::new(world, name, gate, true));
    let workshop = Workshop::open(Arc::clone(&door) as Arc<dyn Hands>, None).unwrap();
    let mut memory = Memory::new(1, None).with_work(workshop);
    let (agent_end, mut manager) = link::memory();
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let agent = tokio::spawn(async move {
        let host = door as Arc<dyn Host>;
        run::run(host, agent_end, Cadence::default(), &mut memory, &stop).await
    });
    assert!(matches!(next(&mut manager).await, ToManager::Hello(_)));
    let welcome = Welcome {
        protocol: wire::PROTOCOL,
        server_id: "s".into(),
        now_ms: 0,
        manager_version: "0".into(),
        extra: BTreeMap::new(),
    };
    manager.send(ToAgent::Welcome(welcome)).await.unwrap();
    let ToManager::Full {
        sections: before, ..
    } = next(&mut manager).await
    else {
        panic!("everything comes first")
    };

    for (number, is_running) in [(1, true), (2, false), (3, true)] {
        let step = Step::ServiceSet(ServiceSet {
            unit: UNIT.into(),
            is_running,
            is_enabled: None,
        });
        let key = OrderKey {
            job: "j".into(),
            step: number,
            attempt: 1,
        };
        let order = Order::new(key.clone(), 1, &step, Vec::new()).unwrap();
        let mut told = Vec::new();
        let begun = Instant::now();
        let ended = loop {
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            // It comes again and again: when it has ended, and was not seen yet.
            manager.send(ToAgent::Order(order.clone())).await.unwrap();
            let soon = tokio::time::timeout(AGAIN, manager.recv()).await;
            match soon.map(|message| message.expect("the agent goes on")) {
                Ok(ToManager::Delta { changed, .. }) => told.extend(changed.into_keys()),
                Ok(ToManager::Ended(ended)) if ended.key == key => break ended,
                _ => {}
            }
        };
        assert_eq!(ended.key, key);
        assert!(matches!(
            ended.outcome().unwrap(),
            Outcome::Done { changed: true, .. }
        ));
        assert!(
            told.contains(&"services".to_owned()),
            "{told:?} of {:?}",
            before.keys()
        );
        manager.send(ToAgent::AckEnded { key }).await.unwrap();
    }
    shutdown.begin();
    assert_eq!(agent.await.unwrap(), run::Ended::Stopped);
}
