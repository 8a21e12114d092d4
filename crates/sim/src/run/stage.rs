//! Actors: work that blocks, each on a thread of its own, of which one at a
//! time is let go on. A thread stops wherever it waits for virtual time, and
//! before and after each of its commands; the scheduler says who is next.

use crate::door::{Door, Gate};
use agent::host::{Command, Hands, Host, HostError, Output};
use model::job::Outcome;
use model::report::Report;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Number of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActorId(pub u64);

/// What an actor's work came to.
pub enum Product {
    /// Of a step.
    Outcome(Outcome),
    /// Of a look at its host.
    Report(Box<Report>),
}

/// Where an actor stopped.
pub enum Stop {
    /// It waits for a time.
    Waits(Duration),
    /// It is about to run a command.
    Before,
    /// A command of its ended.
    After,
    /// It is done.
    Over(Product),
}

/// An actor's side: it blocks here until it is let go on.
pub struct Turn {
    said: Sender<Stop>,
    go: Mutex<Receiver<bool>>,
    is_gone: AtomicBool,
}

impl Turn {
    fn stop(&self, stop: Stop) -> Result<(), HostError> {
        let gone = || Err(HostError::Other(String::from("the agent was ended")));
        if self.is_gone.load(Ordering::Acquire) {
            return gone();
        }
        let told = self.said.send(stop).is_ok()
            && self
                .go
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv()
                .unwrap_or(false);
        if told {
            return Ok(());
        }
        self.is_gone.store(true, Ordering::Release);
        gone()
    }

    fn lives(&self) -> Result<(), HostError> {
        if self.is_gone.load(Ordering::Acquire) {
            return Err(HostError::Other(String::from("the agent was ended")));
        }
        Ok(())
    }
}

impl Gate for Turn {
    fn wait_until(&self, at: Duration) -> Result<(), HostError> {
        self.stop(Stop::Waits(at))
    }
}

/// A host as an actor sees it: nothing of it is reached once its agent ended.
pub struct Reach {
    door: Door,
    turn: Arc<Turn>,
}

impl Host for Reach {
    fn run(&self, command: &Command) -> Result<Output, HostError> {
        self.turn.lives()?;
        self.door.run(command)
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        self.turn.lives()?;
        self.door.read_file(path)
    }
    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError> {
        self.turn.lives()?;
        self.door.list_dir(path)
    }
    fn read_link(&self, path: &str) -> Result<String, HostError> {
        self.turn.lives()?;
        self.door.read_link(path)
    }
    fn exists(&self, path: &str) -> bool {
        self.turn.lives().is_ok() && self.door.exists(path)
    }
    fn now(&self) -> Option<jiff::Timestamp> {
        self.door.now()
    }
}

impl Hands for Reach {
    fn act(&self, command: &Command, is_stopped: &dyn Fn() -> bool) -> Result<Output, HostError> {
        self.turn.stop(Stop::Before)?;
        let output = self.door.act(command, is_stopped);
        self.turn.stop(Stop::After)?;
        output
    }
    fn write_file(&self, path: &str, mode: u32, bytes: &[u8]) -> Result<(), HostError> {
        self.turn.stop(Stop::Before)?;
        self.door.write_file(path, mode, bytes)
    }
    fn make_dir(&self, path: &str) -> Result<(), HostError> {
        self.turn.lives()?;
        self.door.make_dir(path)
    }
    fn remove_file(&self, path: &str) -> Result<(), HostError> {
        self.turn.stop(Stop::Before)?;
        self.door.remove_file(path)
    }
    fn is_secret(&self, path: &str, bytes: &[u8]) -> bool {
        self.turn.lives().is_ok() && self.door.is_secret(path, bytes)
    }
    fn pause(&self, how_long: Duration) {
        if self.turn.lives().is_ok() {
            self.door.pause(how_long);
        }
    }
}

struct Actor {
    go: Sender<bool>,
    said: Receiver<Stop>,
    thread: Option<JoinHandle<()>>,
    wakes: Duration,
}

/// All actors of a run.
#[derive(Default)]
pub struct Stage {
    actors: BTreeMap<ActorId, Actor>,
    next: u64,
}

impl Stage {
    /// Brings an actor on, which begins at this time.
    pub fn enter(
        &mut self,
        at: Duration,
        door: impl FnOnce(Arc<dyn Gate>) -> Door,
        work: impl FnOnce(&Reach) -> Product + Send + 'static,
    ) -> ActorId {
        let (said, hears) = channel();
        let (go, goes) = channel();
        let turn = Arc::new(Turn {
            said,
            go: Mutex::new(goes),
            is_gone: AtomicBool::new(false),
        });
        let door = door(Arc::clone(&turn) as Arc<dyn Gate>);
        let thread = std::thread::spawn(move || {
            let reach = Reach { door, turn };
            if reach.turn.stop(Stop::Before).is_err() {
                return;
            }
            let product = work(&reach);
            // A scheduler that is gone wants nothing.
            let _ = reach.turn.said.send(Stop::Over(product));
        });
        self.next += 1;
        let id = ActorId(self.next);
        let actor = Actor {
            go,
            said: hears,
            thread: Some(thread),
            wakes: at,
        };
        // It stands at its begin now.
        let first = actor.said.recv();
        debug_assert!(first.is_ok(), "an actor begins");
        self.actors.insert(id, actor);
        id
    }

    /// When the next of them goes on.
    pub fn next_wake(&self) -> Option<Duration> {
        self.actors.values().map(|actor| actor.wakes).min()
    }

    /// Those that may go on at this time.
    pub fn due(&self, now: Duration) -> Vec<ActorId> {
        let due = self.actors.iter().filter(|(_, actor)| actor.wakes <= now);
        due.map(|(id, _)| *id).collect()
    }

    /// Lets one go on until it stops. None where its work broke.
    pub fn go_on(&mut self, id: ActorId, now: Duration) -> Option<Stop> {
        let actor = self.actors.get_mut(&id)?;
        let stop = if actor.go.send(true).is_ok() {
            actor.said.recv().ok()
        } else {
            None
        };
        match stop {
            Some(Stop::Waits(at)) => actor.wakes = at.max(now),
            Some(Stop::Before | Stop::After) => actor.wakes = now,
            Some(Stop::Over(_)) | None => self.leave(id),
        }
        stop
    }

    /// Ends one wherever it is.
    pub fn leave(&mut self, id: ActorId) {
        if let Some(mut actor) = self.actors.remove(&id) {
            // One that is over hears nothing.
            let _ = actor.go.send(false);
            if let Some(thread) = actor.thread.take() {
                // A panic in it is seen as work that broke.
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let all: Vec<ActorId> = self.actors.keys().copied().collect();
        for id in all {
            self.leave(id);
        }
    }
}
