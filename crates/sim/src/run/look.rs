//! An agent's look at its host, without reading again what it read the last time.
//!
//! The real look asks its host one thing after the other, and what it asks next
//! follows from what it was told. So while all is told as the last time, so is
//! the report: each thing is asked, and nothing is read until an answer differs.

use agent::host::{Command, Host, HostError, Output};
use model::report::Report;
use std::sync::{Mutex, PoisonError};

/// Something that a look asks.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Run(Command),
    File(String),
    Dir(String),
    Link(String),
    Exists(String),
}

/// What it was told.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Output(Result<Output, HostError>),
    Bytes(Result<Vec<u8>, HostError>),
    Names(Result<Vec<String>, HostError>),
    Path(Result<String, HostError>),
    Is(bool),
}

/// The last look of an agent.
#[derive(Default)]
pub struct Last {
    talk: Vec<(Asked, Told)>,
    report: Option<Report>,
}

impl Last {
    /// What the host shows now: what [`agent::observe::report`] gives.
    pub fn report(&mut self, host: &dyn Host) -> Report {
        let mut same = 0;
        let mut other = None;
        if self.report.is_some() {
            for (asked, before) in &self.talk {
                let told = ask(host, asked);
                if told != *before {
                    other = Some((asked.clone(), told));
                    break;
                }
                same += 1;
            }
        }
        if let (Some(report), None) = (&mut self.report, &other) {
            report.at = host.now();
            return report.clone();
        }
        self.talk.truncate(same);
        self.talk.extend(other);
        let known = self.talk.len();
        let listener = Listener {
            host,
            talk: Mutex::new((0, std::mem::take(&mut self.talk))),
        };
        let report = agent::observe::report(&listener);
        let talk = listener.talk.into_inner();
        let (place, talk) = talk.unwrap_or_else(PoisonError::into_inner);
        debug_assert!(
            place >= known,
            "a look asks the same where it is told the same"
        );
        self.talk = talk;
        self.report = Some(report.clone());
        report
    }
}

fn ask(host: &dyn Host, asked: &Asked) -> Told {
    match asked {
        Asked::Run(command) => Told::Output(host.run(command)),
        Asked::File(path) => Told::Bytes(host.read_file(path)),
        Asked::Dir(path) => Told::Names(host.list_dir(path)),
        Asked::Link(path) => Told::Path(host.read_link(path)),
        Asked::Exists(path) => Told::Is(host.exists(path)),
    }
}

/// A host that says first what it said already, and remembers what it says.
struct Listener<'a> {
    host: &'a dyn Host,
    talk: Mutex<(usize, Vec<(Asked, Told)>)>,
}

impl Listener<'_> {
    fn ask(&self, asked: Asked) -> Told {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        let (place, said) = &mut *talk;
        if said.get(*place).is_none_or(|(known, _)| *known != asked) {
            said.truncate(*place);
            let told = ask(self.host, &asked);
            said.push((asked, told));
        }
        *place += 1;
        said[*place - 1].1.clone()
    }
}

const OTHERWISE: &str = "an answer is of the kind that was asked for";

impl Host for Listener<'_> {
    fn run(&self, command: &Command) -> Result<Output, HostError> {
        match self.ask(Asked::Run(command.clone())) {
            Told::Output(told) => told,
            _ => unreachable!("{OTHERWISE}"),
        }
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        match self.ask(Asked::File(path.to_owned())) {
            Told::Bytes(told) => told,
            _ => unreachable!("{OTHERWISE}"),
        }
    }
    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError> {
        match self.ask(Asked::Dir(path.to_owned())) {
            Told::Names(told) => told,
            _ => unreachable!("{OTHERWISE}"),
        }
    }
    fn read_link(&self, path: &str) -> Result<String, HostError> {
        match self.ask(Asked::Link(path.to_owned())) {
            Told::Path(told) => told,
            _ => unreachable!("{OTHERWISE}"),
        }
    }
    fn exists(&self, path: &str) -> bool {
        match self.ask(Asked::Exists(path.to_owned())) {
            Told::Is(told) => told,
            _ => unreachable!("{OTHERWISE}"),
        }
    }
    fn now(&self) -> Option<jiff::Timestamp> {
        self.host.now()
    }
}
