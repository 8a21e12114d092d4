//! Looks at a host and makes its report. One file per section.

pub mod corosync;
pub mod devices;
pub mod ha;
pub mod host_facts;
pub mod lnet;
pub mod lustre_facts;
pub mod mounts;
pub mod network;
pub mod pools;
pub mod software;
pub mod time;

use crate::host::{Command, Host, HostError};
use model::report::{FORMAT, Report, Unread};
use std::collections::BTreeSet;
use stdx::reading::Skip;

/// Entries of [`Report::unread`] at most.
const UNREAD_MAX: usize = 200;

/// One pass over a host: the door, and what could not be read through it.
pub struct Look<'a> {
    host: &'a dyn Host,
    unread: Vec<Unread>,
    missing: BTreeSet<&'static str>,
}

impl<'a> Look<'a> {
    /// A fresh pass.
    pub fn new(host: &'a dyn Host) -> Self {
        Self {
            host,
            unread: Vec::new(),
            missing: BTreeSet::new(),
        }
    }

    /// Output of the first of these commands that answers. One that fails with
    /// nothing on its output counts as no answer.
    pub fn run(
        &mut self,
        section: &'static str,
        commands: &[&[&str]],
    ) -> Option<(Vec<u8>, String)> {
        let mut reason: Option<(String, HostError)> = None;
        for argv in commands {
            let command = Command::read(argv);
            let error = match self.host.run(&command) {
                Ok(output) if output.exit == 0 || !output.stdout.is_empty() => {
                    return Some((output.stdout, command.line()));
                }
                Ok(output) => {
                    let text = String::from_utf8_lossy(&output.stderr);
                    let first = text.lines().next().unwrap_or("no output").trim().to_owned();
                    HostError::Other(format!("exit {}: {first}", output.exit))
                }
                Err(error) => error,
            };
            // A failure says more than an absence does.
            let is_absence = matches!(error, HostError::NotRecorded | HostError::NotInstalled);
            if reason.is_none() || !is_absence {
                reason = Some((command.line(), error));
            }
        }
        if let Some((source, error)) = reason {
            self.unread(section, &source, &error);
        }
        None
    }

    /// A file as text.
    pub fn file(&mut self, section: &'static str, path: &str) -> Option<String> {
        match self.host.read_file(path) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => {
                self.unread(section, path, &error);
                None
            }
        }
    }

    /// A file that may well be absent, as trimmed text.
    pub fn optional(&self, path: &str) -> Option<String> {
        let bytes = self.host.read_file(path).ok()?;
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// The door.
    pub fn host(&self) -> &'a dyn Host {
        self.host
    }

    /// Notes why something is missing; of tools that are absent, one a section.
    pub fn unread(&mut self, section: &'static str, source: &str, error: &HostError) {
        let is_absence = matches!(
            error,
            HostError::NotInstalled | HostError::NotRecorded | HostError::NotFound
        );
        if is_absence && !self.missing.insert(section) {
            return;
        }
        self.note(section, source, 0, error.to_string());
    }

    /// Notes what a reader passed over.
    pub fn skips(&mut self, section: &'static str, source: &str, skips: &[Skip]) {
        for skip in skips {
            self.note(section, source, skip.line, skip.reason.clone());
        }
    }

    fn note(&mut self, section: &str, source: &str, line: u64, reason: String) {
        if self.unread.len() < UNREAD_MAX {
            self.unread.push(Unread {
                section: section.to_owned(),
                source: source.to_owned(),
                line,
                reason,
            });
        }
    }
}

/// Everything about a host.
pub fn report(host: &dyn Host) -> Report {
    let mut look = Look::new(host);
    let interfaces = network::interfaces(&mut look);
    let identity = host_facts::identity(&mut look, interfaces.as_deref().unwrap_or_default());
    let mounts = mounts::mounts(&mut look);
    let mut devices = devices::devices(&mut look, &identity.machine_id);
    let zpools = pools::zpools(&mut look, devices.as_deref().unwrap_or_default());
    let datasets = pools::datasets(&mut look);
    if let Some(devices) = &mut devices {
        pools::add_devices(
            devices,
            zpools.as_deref().unwrap_or_default(),
            datasets.as_deref().unwrap_or_default(),
        );
    }
    let ha = ha::ha(&mut look);
    let seen = lustre_facts::Around {
        mounts: mounts.as_deref().unwrap_or_default(),
        devices: devices.as_deref().unwrap_or_default(),
        datasets: datasets.as_deref().unwrap_or_default(),
        has_mounts: mounts.is_some(),
        ha: ha.as_ref().map(|ha| (ha, identity.hostname.as_str())),
    };
    let lustre = lustre_facts::lustre(&mut look, &seen);
    let lnet = lnet::lnet(&mut look);
    let mut report = Report {
        format: FORMAT,
        agent_version: crate::VERSION.to_owned(),
        os: host_facts::os(&mut look),
        hardware: host_facts::hardware(&mut look),
        packages: software::packages(&mut look),
        services: software::services(&mut look),
        ha,
        time: time::time(&mut look),
        firewall: network::firewall(&mut look),
        identity,
        interfaces,
        lnet,
        devices,
        zpools,
        datasets,
        mounts,
        lustre,
        ..Report::default()
    };
    look.unread.sort();
    look.unread.dedup();
    report.unread = look.unread;
    report.at = Some(host.now().unwrap_or_else(jiff::Timestamp::now));
    report
}
