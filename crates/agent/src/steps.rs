//! Carries out steps: look whether it is so, make it so, look again.
//!
//! A kind says how to look ([`Kind::look`]), what must hold before anything is
//! touched ([`Kind::guard`]), and what of its actions' failures is well. What
//! it runs is in `model::step`, so that a plan shows just that. Nothing here
//! chooses: a step that cannot be made so says why.
//!
//! - [`around`]: the parts of a report that looks need.
//! - [`failure`]: what tools say when they fail, as codes with remedies.
//! - The others are the kinds, by family.

mod around;
mod client;
pub mod failure;
mod ha;
mod host;
mod network;
mod pool;
mod ring;
mod target;

use crate::host::{Class, Command, Hands, HostError, Output};
use failure::failed;
use model::job::{Failure, Outcome};
use model::step::{Action, Secret, Step};
use std::collections::BTreeMap;
use std::time::Duration;

/// Between two looks whether it has become so.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Bytes of one command's output that the console keeps, of each stream.
pub const CONSOLE_MAX: usize = 32 << 10;

/// All that a step has at hand.
pub struct Work<'a> {
    /// The machine.
    pub hands: &'a dyn Hands,
    /// Secrets that came with the order.
    pub secrets: &'a BTreeMap<Secret, Vec<u8>>,
    /// Takes what was run, as it ends.
    pub console: &'a dyn Fn(Entry),
    /// Whether the step is to end early.
    pub is_cancelled: &'a dyn Fn() -> bool,
}

/// A line of a step's console: something was run or written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The command line, or what was written.
    pub line: String,
    /// Exit status; none where nothing was run.
    pub exit: Option<i32>,
    /// Its output, cut at [`CONSOLE_MAX`].
    pub stdout: String,
    /// Its errors, cut at [`CONSOLE_MAX`].
    pub stderr: String,
    /// How long it took, seconds.
    pub seconds: f64,
}

/// What a look saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is so: what was seen.
    So(String),
    /// It is not: what was seen instead.
    NotSo(String),
}

/// How a kind of step is carried out.
trait Kind {
    /// Whether it is so. Only reads.
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure>;

    /// What must hold just before something is touched.
    fn guard(&self, _work: &Work<'_>) -> Result<(), Failure> {
        Ok(())
    }

    /// Whether an action has nothing to do here.
    fn skips(&self, _action: &Action, _work: &Work<'_>) -> bool {
        false
    }

    /// Whether an action that failed like this is as good as done.
    fn tolerates(&self, _action: &Action, _output: &Output) -> bool {
        false
    }

    /// How long it may take to become so after all was done.
    fn settles_within(&self) -> Duration {
        Duration::from_secs(0)
    }

    /// Does it.
    fn act(&self, actions: &[Action], work: &Work<'_>) -> Result<(), Failure>
    where
        Self: Sized,
    {
        actions
            .iter()
            .try_for_each(|action| perform(self, action, work))
    }
}

/// Calls something with the kind that a step is of.
macro_rules! with_kind {
    ($step:expr, $kind:ident => $body:expr) => {
        with_kind!(@ $step, $kind => $body;
            LnetUp LnetDown TimeSynced FirewallOpen ServiceSet ServerRebooted
            CorosyncConfigured CorosyncReloaded HaProperties FenceConfigured FenceConfirmed
            NodeForgotten Standby ServerPrepared
            ResourcePresent ResourceAbsent ResourceRole ResourcePlaced PoolPresent PoolImported
            PoolExported PoolAbsent TargetFormatted TargetRegistered TargetMounted
            TargetUnmounted TargetWiped ConfigErased ClientMounted ClientUnmounted)
    };
    (@ $step:expr, $kind:ident => $body:expr; $($name:ident)*) => {
        match $step { $(Step::$name($kind) => $body,)* }
    };
}

/// Makes a step so.
pub fn carry_out(step: &Step, work: &Work<'_>) -> Outcome {
    let actions = step.actions();
    match with_kind!(step, kind => ensure(kind, &actions, work)) {
        Ok(Some((changed, seen))) => Outcome::Done { changed, seen },
        Ok(None) => Outcome::Cancelled,
        Err(failure) => Outcome::Failed(failure),
    }
}

/// Looks whether a step is so, and touches nothing.
pub fn look(step: &Step, work: &Work<'_>) -> Result<Seen, Failure> {
    with_kind!(step, kind => kind.look(work))
}

type Ended = Result<Option<(bool, String)>, Failure>;

fn ensure<K: Kind>(kind: &K, actions: &[Action], work: &Work<'_>) -> Ended {
    if let Seen::So(seen) = kind.look(work)? {
        return Ok(Some((false, seen)));
    }
    if (work.is_cancelled)() {
        return Ok(None);
    }
    kind.guard(work)?;
    let acted = kind.act(actions, work);
    if (work.is_cancelled)() && acted.is_err() {
        return Ok(None);
    }
    acted?;
    let mut left = kind.settles_within();
    loop {
        match kind.look(work)? {
            Seen::So(seen) => return Ok(Some((true, seen))),
            Seen::NotSo(_) if !left.is_zero() && !(work.is_cancelled)() => {
                let wait = LOOK_EVERY.min(left);
                work.hands.pause(wait);
                left = left.saturating_sub(wait);
            }
            Seen::NotSo(seen) => {
                return Err(failed(
                    "not-as-told",
                    format!("All was done without an error, and it is not so: {seen}"),
                ));
            }
        }
    }
}

/// Does one action and puts it on the console.
fn perform<K: Kind>(kind: &K, action: &Action, work: &Work<'_>) -> Result<(), Failure> {
    if (work.is_cancelled)() && action.class() != Class::DiskWriting {
        return Err(failed("cancelled", format!("{action} was not run")));
    }
    if kind.skips(action, work) {
        return Ok(());
    }
    let hands = work.hands;
    let done = match action {
        Action::Run {
            argv,
            class,
            deadline_s,
        } => {
            let command = Command {
                argv: argv.clone(),
                deadline: Duration::from_secs(u64::from(*deadline_s)),
                class: *class,
            };
            let output = hands
                .act(&command, work.is_cancelled)
                .map_err(|error| failure::of_door(&action.to_string(), &error))?;
            (work.console)(entry(action, &output));
            if output.exit == 0 || kind.tolerates(action, &output) {
                return Ok(());
            }
            return Err(failure::of_output(action, &output));
        }
        Action::Write { path, mode, text } => hands.write_file(path, *mode, text.as_bytes()),
        Action::WriteSecret { path, mode, secret } => match work.secrets.get(secret) {
            Some(bytes) => hands.write_file(path, *mode, bytes),
            None => Err(HostError::Other(format!(
                "the secret {} did not come",
                secret.0
            ))),
        },
        Action::WriteSecretSum { path, mode, secret } => match work.secrets.get(secret) {
            Some(bytes) => hands.write_file(path, *mode, stdx::md5::hex(bytes).as_bytes()),
            None => Err(HostError::Other(format!(
                "the secret {} did not come",
                secret.0
            ))),
        },
        Action::MakeDir { path } => hands.make_dir(path),
        Action::Remove { path } => hands.remove_file(path),
    };
    (work.console)(Entry {
        line: action.to_string(),
        ..Entry::default()
    });
    done.map_err(|error| failure::of_door(&action.to_string(), &error))
}

fn entry(action: &Action, output: &Output) -> Entry {
    Entry {
        line: action.to_string(),
        exit: Some(output.exit),
        stdout: cut(&output.stdout),
        stderr: cut(&output.stderr),
        seconds: output.seconds,
    }
}

/// The end of an output says most.
fn cut(bytes: &[u8]) -> String {
    let from = bytes.len().saturating_sub(CONSOLE_MAX);
    String::from_utf8_lossy(&bytes[from..]).into_owned()
}

/// Runs a command that only reads; none where it did not answer well.
fn read(work: &Work<'_>, argv: &[&str]) -> Option<Output> {
    let output = work.hands.run(&Command::read(argv)).ok()?;
    (output.exit == 0).then_some(output)
}
