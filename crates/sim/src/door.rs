//! An agent's way into a simulated host: the same door as to a real one.

use crate::world::World;
use crate::world::host::HostName;
use crate::world::record::Happening;
use agent::host::{Class, Command, Hands, Host, HostError, Output};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lets virtual time pass for a caller that blocks.
pub trait Gate: Send + Sync {
    /// Comes back when the world is at this time, or says that the caller is
    /// no more: its host went down, its agent was ended.
    fn wait_until(&self, at: Duration) -> Result<(), HostError>;
}

/// A simulated host, as its agent sees it.
#[derive(Clone)]
pub struct Door {
    world: Arc<Mutex<World>>,
    host: HostName,
    gate: Arc<dyn Gate>,
    /// Whether it may change anything.
    is_managed: bool,
    /// The boot it belongs to, if it ends with one.
    boot: Option<u32>,
}

/// How often a waiting caller looks again.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Door {
    /// Into a host of a world.
    pub fn new(
        world: Arc<Mutex<World>>,
        host: HostName,
        gate: Arc<dyn Gate>,
        is_managed: bool,
    ) -> Self {
        Self {
            world,
            host,
            gate,
            is_managed,
            boot: None,
        }
    }

    /// The same for an agent that ends with this boot of its host: what is left
    /// of it finds the host down, and cannot act on the next one.
    #[must_use]
    pub fn of_boot(mut self, boot: u32) -> Self {
        self.boot = Some(boot);
        self
    }

    /// The world behind it.
    pub fn world(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere is that test's failure, not this one's.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_up(&self) -> Result<(), HostError> {
        let is_up = self.world().hosts.get(&self.host).is_some_and(|host| {
            host.is_up && !host.is_hung && self.boot.is_none_or(|boot| boot == host.boot)
        });
        if is_up {
            Ok(())
        } else {
            Err(HostError::Other(String::from("the host is down")))
        }
    }

    fn change(&self) -> Result<(), HostError> {
        if !self.is_managed {
            return Err(HostError::NotAllowed);
        }
        self.is_up()
    }
}

impl Host for Door {
    fn run(&self, command: &Command) -> Result<Output, HostError> {
        // As a real host has it: a look that changes something is none.
        if !agent::host::allow::is_allowed(&command.argv) {
            return Err(HostError::NotAllowed);
        }
        self.is_up()?;
        let answer = self.world().read(&self.host, &command.argv);
        if let Err(HostError::Deadline(_)) = answer {
            self.pause(command.deadline);
        }
        answer
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        self.is_up()?;
        crate::world::host::files::read(&mut self.world(), &self.host, path)
    }

    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError> {
        self.is_up()?;
        crate::world::host::files::list(&self.world(), &self.host, path)
    }

    fn read_link(&self, path: &str) -> Result<String, HostError> {
        self.is_up()?;
        crate::world::host::files::link(&self.world(), &self.host, path)
    }

    fn exists(&self, path: &str) -> bool {
        let mut world = self.world();
        crate::world::host::files::read(&mut world, &self.host, path).is_ok()
            || crate::world::host::files::list(&world, &self.host, path).is_ok()
    }

    fn now(&self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_millisecond(self.world().clock_ms(&self.host)).ok()
    }
}

impl Hands for Door {
    fn act(&self, command: &Command, is_stopped: &dyn Fn() -> bool) -> Result<Output, HostError> {
        self.change()?;
        let (id, begun) = {
            let mut world = self.world();
            world.note(Happening::Commanded {
                host: self.host.clone(),
                argv: command.argv.clone(),
            });
            let id = world.begin(&self.host, &command.argv)?;
            (id, world.now())
        };
        loop {
            let (at, now, is_hung) = {
                let mut world = self.world();
                let host = world.hosts.get(&self.host);
                let is_hung = host.is_some_and(|host| host.is_hung);
                if let Some(output) = world.fetch(id) {
                    return output;
                }
                let now = world.now();
                let next = world.next_due().unwrap_or(now + LOOK_EVERY);
                (
                    next.clamp(now + Duration::from_millis(1), now + LOOK_EVERY),
                    now,
                    is_hung,
                )
            };
            let is_late = !is_hung && now.saturating_sub(begun) >= command.deadline;
            if (is_late || is_stopped()) && command.class != Class::DiskWriting {
                self.world().kill(id);
                if is_late {
                    return Err(HostError::Deadline(command.deadline.as_secs()));
                }
                return Err(HostError::Other(String::from("it was ended")));
            }
            self.gate.wait_until(at)?;
        }
    }

    fn write_file(&self, path: &str, _mode: u32, bytes: &[u8]) -> Result<(), HostError> {
        self.change()?;
        let mut world = self.world();
        if let Some(host) = world.hosts.get_mut(&self.host) {
            host.files.insert(path.to_owned(), bytes.to_vec());
        }
        world.note(Happening::FileChanged {
            host: self.host.clone(),
            path: path.to_owned(),
        });
        Ok(())
    }

    fn make_dir(&self, path: &str) -> Result<(), HostError> {
        self.change()?;
        if let Some(host) = self.world().hosts.get_mut(&self.host) {
            host.folders.insert(path.to_owned());
        }
        Ok(())
    }

    fn remove_file(&self, path: &str) -> Result<(), HostError> {
        self.change()?;
        let mut world = self.world();
        if let Some(host) = world.hosts.get_mut(&self.host) {
            host.files.remove(path);
        }
        world.note(Happening::FileChanged {
            host: self.host.clone(),
            path: path.to_owned(),
        });
        Ok(())
    }

    fn is_secret(&self, path: &str, bytes: &[u8]) -> bool {
        let world = self.world();
        let host = world.hosts.get(&self.host);
        host.is_some_and(|host| host.files.get(path).is_some_and(|found| found == bytes))
    }

    fn pause(&self, how_long: Duration) {
        let until = self.world().now() + how_long;
        // A caller that is no more finds out at its next call.
        let _ = self.gate.wait_until(until);
    }
}
