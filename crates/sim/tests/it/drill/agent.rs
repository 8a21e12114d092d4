//! An agent with its real ledger and its real steps, whose hands, or whose life,
//! can fail at a chosen moment.

use agent::host::{Command, Hands, Host, HostError, Output};
use agent::orders::{self, Answer, Ledger};
use agent::steps::{Work, carry_out};
use model::job::Outcome;
use model::step::Step;
use sim::door::{Door, Gate};
use sim::world::World;
use sim::world::host::HostName;
use sim::world::power;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use wire::order::{Order, OrderKey};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A touch fails before it has an effect.
    Before,
    /// It has its effect, and fails all the same.
    After,
    /// It has its effect, and nobody is told.
    Lost,
    /// The agent ends just before it.
    Dies,
    /// The agent ends while the command runs, which goes on.
    DiesWhile,
    /// The server loses its power while the command runs.
    Crashes,
    /// The command hangs for longer than it may.
    Hangs,
    /// The order is recalled just before it.
    Recalled,
    /// A command that only reads does not answer.
    Blind,
}

impl Trouble {
    /// All that can go wrong at a touch.
    pub const OF_TOUCH: [Self; 8] = [
        Self::Before,
        Self::After,
        Self::Lost,
        Self::Dies,
        Self::DiesWhile,
        Self::Crashes,
        Self::Hangs,
        Self::Recalled,
    ];
}

/// Time goes on for whoever waits; what hangs is let go at its time.
struct Clock {
    world: Arc<Mutex<World>>,
    let_go: Mutex<Option<(Duration, HostName, String)>>,
}

impl Gate for Clock {
    fn wait_until(&self, at: Duration) -> Result<(), HostError> {
        let mut world = self.world.lock().unwrap();
        world.advance(at);
        let mut let_go = self.let_go.lock().unwrap();
        if let Some((when, host, program)) = let_go.take_if(|(when, ..)| *when <= at) {
            assert!(when <= world.now());
            world.stick(&host, &program, false);
        }
        Ok(())
    }
}

/// Hands that count what they do, and fail once.
struct Shaky {
    door: Door,
    clock: Arc<Clock>,
    host: HostName,
    trouble: Option<(Trouble, usize)>,
    touches: AtomicUsize,
    reads: AtomicUsize,
    is_dead: AtomicBool,
    is_recalled: AtomicBool,
}

fn lost(why: &str) -> HostError {
    HostError::Other(why.to_owned())
}

impl Shaky {
    /// What goes wrong at this touch.
    fn touch(&self) -> Result<Option<Trouble>, HostError> {
        if self.is_dead.load(SeqCst) {
            return Err(lost("the agent has ended"));
        }
        let number = self.touches.fetch_add(1, SeqCst);
        let now = self
            .trouble
            .filter(|(trouble, at)| *at == number && *trouble != Trouble::Blind);
        match now {
            Some((Trouble::Dies, _)) => {
                self.is_dead.store(true, SeqCst);
                Err(lost("the agent has ended"))
            }
            Some((Trouble::Recalled, _)) => {
                self.is_recalled.store(true, SeqCst);
                Ok(None)
            }
            Some((trouble, _)) => Ok(Some(trouble)),
            None => Ok(None),
        }
    }

    /// A touch that is no command.
    fn file(&self, touch: impl Fn() -> Result<(), HostError>) -> Result<(), HostError> {
        match self.touch()? {
            None => touch(),
            Some(Trouble::Before | Trouble::Hangs) => Err(lost("the drill lets it fail")),
            Some(Trouble::Crashes) => {
                touch()?;
                power::cut(&mut self.door.world(), &self.host, "crash");
                Err(lost("the host is down"))
            }
            Some(Trouble::DiesWhile) => {
                touch()?;
                self.is_dead.store(true, SeqCst);
                Err(lost("the agent has ended"))
            }
            Some(_) => {
                touch()?;
                Err(lost("the drill loses the answer"))
            }
        }
    }

    fn hang(&self, command: &Command, is_stopped: &dyn Fn() -> bool) -> Result<Output, HostError> {
        let program = command.argv[0].rsplit('/').next().unwrap().to_owned();
        {
            let mut world = self.door.world();
            world.stick(&self.host, &program, true);
            let until = world.now() + 2 * command.deadline + Duration::from_secs(1);
            let held = (until, self.host.clone(), program.clone());
            *self.clock.let_go.lock().unwrap() = Some(held);
        }
        let output = self.door.act(command, is_stopped);
        *self.clock.let_go.lock().unwrap() = None;
        self.door.world().stick(&self.host, &program, false);
        output
    }

    /// Begins a command and lets it go on for a moment, without waiting for it.
    fn begin(&self, command: &Command) -> Result<(), HostError> {
        let mut world = self.door.world();
        world.begin(&self.host, &command.argv)?;
        let soon = world.now() + Duration::from_millis(100);
        world.advance(soon);
        Ok(())
    }
}

impl Host for Shaky {
    fn run(&self, command: &Command) -> Result<Output, HostError> {
        if self.is_dead.load(SeqCst) {
            return Err(lost("the agent has ended"));
        }
        let number = self.reads.fetch_add(1, SeqCst);
        if self.trouble == Some((Trouble::Blind, number)) {
            return Err(HostError::Deadline(20));
        }
        self.door.run(command)
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        self.door.read_file(path)
    }
    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError> {
        self.door.list_dir(path)
    }
    fn read_link(&self, path: &str) -> Result<String, HostError> {
        self.door.read_link(path)
    }
    fn exists(&self, path: &str) -> bool {
        self.door.exists(path)
    }
    fn now(&self) -> Option<jiff::Timestamp> {
        self.door.now()
    }
}

impl Hands for Shaky {
    fn act(&self, command: &Command, is_stopped: &dyn Fn() -> bool) -> Result<Output, HostError> {
        match self.touch()? {
            None => self.door.act(command, is_stopped),
            Some(Trouble::Before) => Ok(Output {
                exit: 1,
                stderr: b"the drill lets it fail\n".to_vec(),
                ..Output::default()
            }),
            Some(Trouble::After) => Ok(Output {
                exit: 1,
                ..self.door.act(command, is_stopped)?
            }),
            Some(Trouble::DiesWhile) => {
                self.begin(command)?;
                self.is_dead.store(true, SeqCst);
                Err(lost("the agent has ended"))
            }
            Some(Trouble::Crashes) => {
                self.begin(command)?;
                power::cut(&mut self.door.world(), &self.host, "crash");
                Err(lost("the host is down"))
            }
            Some(Trouble::Hangs) => self.hang(command, is_stopped),
            Some(_) => {
                self.door.act(command, is_stopped)?;
                Err(lost("the drill loses the answer"))
            }
        }
    }

    fn write_file(&self, path: &str, mode: u32, bytes: &[u8]) -> Result<(), HostError> {
        self.file(|| self.door.write_file(path, mode, bytes))
    }
    fn make_dir(&self, path: &str) -> Result<(), HostError> {
        self.file(|| self.door.make_dir(path))
    }
    fn remove_file(&self, path: &str) -> Result<(), HostError> {
        self.file(|| self.door.remove_file(path))
    }
    fn is_secret(&self, path: &str, bytes: &[u8]) -> bool {
        self.door.is_secret(path, bytes)
    }
    fn pause(&self, how_long: Duration) {
        if !self.is_dead.load(SeqCst) {
            self.door.pause(how_long);
        }
    }
}

/// What an order came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It ended so, with this many touches and reads.
    Ended(Outcome, usize, usize),
    /// It was not begun: an answer from the ledger.
    Answered(Answer),
    /// The server went down, and nobody turns it on.
    Silent,
}

/// An agent on a host. Its memory is what its ledger's file holds.
pub struct Agent {
    pub world: Arc<Mutex<World>>,
    pub host: HostName,
    file: String,
    n_orders: u32,
    /// Whether its server is turned on again when it went down.
    comes_back: bool,
}

impl Agent {
    pub fn new(world: World, host: &HostName) -> Self {
        Self {
            comes_back: true,
            ..Self::on(&Arc::new(Mutex::new(world)), host)
        }
    }

    /// On a host of a world that others are in too.
    pub fn on(world: &Arc<Mutex<World>>, host: &HostName) -> Self {
        Self {
            world: Arc::clone(world),
            host: host.clone(),
            file: serde_json::to_string(&Ledger::default()).unwrap(),
            n_orders: 0,
            comes_back: false,
        }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub fn wait(&self, seconds: u64) {
        let mut world = self.world();
        let to = world.now() + Duration::from_secs(seconds);
        world.advance(to);
    }

    /// What became of its world.
    pub fn into_world(self) -> World {
        self.world().clone()
    }

    fn boot(&self) -> (bool, u32) {
        let world = self.world();
        let host = &world.hosts[&self.host];
        (host.is_up, host.boot)
    }

    /// The next order of a step: an attempt of its own.
    pub fn next_order(&mut self, step: &Step) -> Order {
        self.n_orders += 1;
        let key = OrderKey {
            job: String::from("drill"),
            step: 0,
            attempt: self.n_orders,
        };
        order_of(key, step)
    }

    /// An order comes. Where the agent ends with it, its next life looks at what
    /// was left, once the server is up again.
    pub fn order(&mut self, order: &Order, trouble: Option<(Trouble, usize)>) -> Told {
        let mut ledger: Ledger = serde_json::from_str(&self.file).unwrap();
        let step = match ledger.take(order) {
            Answer::Begin(step) => step,
            answer => return Told::Answered(answer),
        };
        self.file = serde_json::to_string(&ledger).unwrap();
        let before = self.boot();
        let hands = self.hands(trouble);
        let mut outcome = work(order, &hands, |work| carry_out(&step, work));
        let counts = (hands.touches.load(SeqCst), hands.reads.load(SeqCst));
        if hands.is_dead.load(SeqCst) || self.boot() != before {
            if !self.comes_back {
                return Told::Silent;
            }
            self.come_back();
            outcome = self.interrupted(order);
        }
        self.end(order, &outcome);
        Told::Ended(outcome, counts.0, counts.1)
    }

    fn end(&mut self, order: &Order, outcome: &Outcome) {
        let mut ledger: Ledger = serde_json::from_str(&self.file).unwrap();
        ledger.end(&order.key, outcome.clone());
        ledger.acknowledge(&order.key);
        self.file = serde_json::to_string(&ledger).unwrap();
    }

    /// The next life looks at what an order left.
    fn interrupted(&self, order: &Order) -> Outcome {
        let ledger: Ledger = serde_json::from_str(&self.file).unwrap();
        let (key, step) = ledger.unfinished().pop().unwrap();
        assert_eq!(key, order.key);
        let hands = self.hands(None);
        let looked = work(order, &hands, |work| {
            orders::after_interruption(&step, work)
        });
        let n_touches = hands.touches.load(SeqCst);
        assert_eq!(n_touches, 0, "what was cut off is only looked at");
        looked
    }

    /// The server is up again: what became of an order that it had.
    pub fn answer_again(&mut self, order: &Order) -> Outcome {
        let outcome = self.interrupted(order);
        self.end(order, &outcome);
        outcome
    }

    fn hands(&self, trouble: Option<(Trouble, usize)>) -> Shaky {
        let clock = Arc::new(Clock {
            world: Arc::clone(&self.world),
            let_go: Mutex::new(None),
        });
        let gate = Arc::clone(&clock) as Arc<dyn Gate>;
        Shaky {
            door: Door::new(Arc::clone(&self.world), self.host.clone(), gate, true),
            clock,
            host: self.host.clone(),
            trouble,
            touches: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            is_dead: AtomicBool::new(false),
            is_recalled: AtomicBool::new(false),
        }
    }

    /// The server is turned on again if it is off, and is up.
    fn come_back(&self) {
        power::on(&mut self.world(), &self.host);
        while !self.boot().0 {
            self.wait(1);
        }
    }
}

/// An order of a step, with its secrets.
pub fn order_of(key: OrderKey, step: &Step) -> Order {
    let secrets = step.secrets().into_iter();
    let secrets = secrets.map(|secret| (secret.0, b"of the drill".to_vec()));
    Order::new(key, 1, step, secrets.collect()).unwrap()
}

fn work(order: &Order, hands: &Shaky, does: impl Fn(&Work<'_>) -> Outcome) -> Outcome {
    let work = Work {
        hands,
        secrets: &orders::secrets(order),
        console: &|_| (),
        is_cancelled: &|| hands.is_recalled.load(SeqCst),
    };
    does(&work)
}
