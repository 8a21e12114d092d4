//! What answers which program. Each part of the world is a [`Part`]: its
//! programs, and what it has to do when a host goes down or has booted.

use super::World;
use super::host::{Host, HostName};
use super::{disk, ha, ldiskfs, lnet, lustre, os, zfs};
use agent::host::Output;
use std::time::Duration;

/// What a command that was begun does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// It ends with this.
    Done(Output),
    /// It goes on, and is asked again after a while.
    Again(Duration),
    /// It goes on until something calls [`World::release`].
    Never,
}

/// A command that runs: where, its words, and how far it is.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Its host.
    pub host: &'a HostName,
    /// Program and arguments.
    pub argv: &'a [String],
    /// How often it was asked before.
    pub phase: u32,
    /// How long it has run.
    pub since: Duration,
}

impl Run<'_> {
    /// The program's name, without its folder.
    pub fn program(&self) -> &str {
        program(self.argv)
    }

    /// The words after the program.
    pub fn words(&self) -> Vec<&str> {
        self.argv.iter().skip(1).map(String::as_str).collect()
    }
}

/// How a unit was started or stopped: what it says if that failed; none if the
/// part does not know the unit.
pub type Switched = Option<Result<(), String>>;

/// A part of the world that answers programs.
pub struct Part {
    /// Its name, as in [`super::Due::Part`].
    pub name: &'static str,
    /// Its programs.
    pub programs: &'static [&'static str],
    /// Answers one of its programs at once: its effect and its output.
    pub run: fn(&mut World, &HostName, &[String]) -> Output,
    /// How long that takes.
    pub takes: fn(&World, &HostName, &[String]) -> Duration,
    /// Goes on with a command of several phases; none leaves it to `run`. The
    /// first phase comes at once.
    pub go_on: fn(&mut World, Run<'_>) -> Option<Next>,
    /// A command of several phases was killed.
    pub killed: fn(&mut World, &HostName, &[String]),
    /// A unit of systemd is started (true) or stopped; what it says if it fails.
    /// None: the unit is not one of this part.
    pub unit: fn(&mut World, &HostName, &str, bool) -> Switched,
    /// Something of it is due.
    pub due: fn(&mut World, u64),
    /// A host loses all that is not on disk.
    pub before_down: fn(&mut World, &HostName),
    /// A host has booted, and its units have not started yet.
    pub after_boot: fn(&mut World, &HostName),
}

impl Part {
    /// A part that answers nothing yet.
    pub const BARE: Self = Self {
        name: "",
        programs: &[],
        run: |_, _, argv| failed(127, &format!("{}: command not found", program(argv))),
        takes: |_, _, _| Duration::from_millis(50),
        go_on: |_, _| None,
        killed: |_, _, _| {},
        unit: |_, _, _, _| None,
        due: |_, _| {},
        before_down: |_, _| {},
        after_boot: |_, _| {},
    };
}

/// Every part.
static PARTS: &[&Part] = &[
    &os::PART,
    &disk::PART,
    &ldiskfs::PART,
    &zfs::PART,
    &lnet::PART,
    &lustre::PART,
    &ha::PART,
];

/// The program of a command line, without its folder.
pub fn program(argv: &[String]) -> &str {
    let first = argv.first().map_or("", String::as_str);
    first.rsplit('/').next().unwrap_or(first)
}

fn answers(argv: &[String]) -> Option<&'static Part> {
    let program = program(argv);
    let mut parts = PARTS.iter().copied();
    parts.find(|part| part.programs.contains(&program))
}

/// Whether a host has the program.
pub fn is_installed(host: &Host, argv: &[String]) -> bool {
    answers(argv).is_some() && !host.without.contains(program(argv))
}

/// Goes on with a command: at its begin with phase 0.
pub fn go_on(world: &mut World, run: Run<'_>) -> Next {
    let Some(part) = answers(run.argv) else {
        return Next::Done((Part::BARE.run)(world, run.host, run.argv));
    };
    if let Some(next) = (part.go_on)(world, run) {
        return next;
    }
    match run.phase {
        0 => Next::Again((part.takes)(world, run.host, run.argv)),
        _ => Next::Done((part.run)(world, run.host, run.argv)),
    }
}

/// Runs a command to its end at once, for programs that others call.
pub fn run(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    let run = answers(argv).map_or(Part::BARE.run, |part| part.run);
    run(world, host, argv)
}

/// A command was killed.
pub fn killed(world: &mut World, host: &HostName, argv: &[String]) {
    if let Some(part) = answers(argv) {
        (part.killed)(world, host, argv);
    }
}

/// Starts or stops a unit that is one of a part's; none if none knows it.
pub fn unit(world: &mut World, host: &HostName, unit: &str, start: bool) -> Switched {
    PARTS
        .iter()
        .find_map(|part| (part.unit)(world, host, unit, start))
}

/// Something of a part is due.
pub fn due(world: &mut World, part: &str, number: u64) {
    if let Some(part) = PARTS.iter().find(|one| one.name == part) {
        (part.due)(world, number);
    }
}

/// A host is about to lose all that is not on disk.
pub fn before_down(world: &mut World, host: &HostName) {
    for part in PARTS {
        (part.before_down)(world, host);
    }
}

/// A host has booted: parts first, then the units that are enabled.
pub fn after_boot(world: &mut World, host: &HostName) {
    for part in PARTS {
        (part.after_boot)(world, host);
    }
    os::systemd::boot(world, host);
}

/// Texts in a row.
pub fn joined(texts: impl IntoIterator<Item = String>) -> String {
    texts.into_iter().collect::<Vec<_>>().concat()
}

/// It worked, and printed this.
pub fn printed(stdout: impl Into<Vec<u8>>) -> Output {
    Output {
        exit: 0,
        stdout: stdout.into(),
        stderr: Vec::new(),
        seconds: 0.0,
    }
}

/// It worked, and printed nothing.
pub fn quiet() -> Output {
    printed("")
}

/// It failed, and said this.
pub fn failed(exit: i32, stderr: &str) -> Output {
    Output {
        exit,
        stdout: Vec::new(),
        stderr: format!("{stderr}\n").into_bytes(),
        seconds: 0.0,
    }
}
