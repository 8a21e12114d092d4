//! Time, firewall, services, boot.

use super::around::no_answer;
use super::{Kind, Seen, Work, read};
use crate::observe::{Look, host_facts};
use model::job::Failure;
use model::step::{FirewallOpen, ServerRebooted, ServiceSet, TimeSynced};
use std::time::Duration;

impl Kind for TimeSynced {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let config = work.hands.read_file(&self.config_path).unwrap_or_default();
        if config != lustre::argv::host::chrony_conf(&self.sources).as_bytes() {
            return Ok(Seen::NotSo(format!(
                "{} says something else",
                self.config_path
            )));
        }
        let unit = unit(work, &self.unit)?;
        if !unit.is_active {
            return Ok(Seen::NotSo(format!("{} does not run", self.unit)));
        }
        if !unit.is_enabled {
            return Ok(Seen::NotSo(format!("{} does not start at boot", self.unit)));
        }
        Ok(Seen::So(format!("{} runs with these sources", self.unit)))
    }
}

impl Kind for FirewallOpen {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        for argv in [
            &["firewall-cmd", "--list-ports"][..],
            &["firewall-cmd", "--permanent", "--list-ports"],
        ] {
            let open = read(work, argv)
                .map(|output| output.stdout)
                .unwrap_or_default();
            let open = String::from_utf8_lossy(&open).into_owned();
            let closed = |port: &&String| !open.split_whitespace().any(|word| word == *port);
            if let Some(port) = self.ports.iter().find(closed) {
                return Ok(Seen::NotSo(format!("{port} is not open")));
            }
        }
        Ok(Seen::So(format!("{} is open", self.ports.join(", "))))
    }
}

impl Kind for ServiceSet {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let seen = unit(work, &self.unit)?;
        let words = format!("{} is {}, {}", self.unit, seen.active, seen.enabled);
        let is_so = seen.is_active == self.is_running
            && self
                .is_enabled
                .is_none_or(|wanted| seen.is_enabled == wanted);
        Ok(if is_so {
            Seen::So(words)
        } else {
            Seen::NotSo(words)
        })
    }

    fn settles_within(&self) -> Duration {
        Duration::from_mins(1)
    }
}

impl Kind for ServerRebooted {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let boot_id = host_facts::identity(&mut Look::new(work.hands), &[]).boot_id;
        Ok(if boot_id == self.boot_id_before || boot_id.is_empty() {
            Seen::NotSo(String::from("it has not booted since"))
        } else {
            Seen::So(format!("it booted: {boot_id}"))
        })
    }

    fn settles_within(&self) -> Duration {
        // The agent goes down with the machine; its next start looks again.
        Duration::from_mins(5)
    }
}

/// A unit as systemd has it.
pub struct Unit {
    pub is_active: bool,
    pub is_enabled: bool,
    pub active: String,
    pub enabled: String,
}

/// Asks systemd.
pub fn unit(work: &Work<'_>, name: &str) -> Result<Unit, Failure> {
    let argv = ["systemctl", "show", "-p", "ActiveState,UnitFileState", name];
    let output = read(work, &argv).ok_or_else(|| no_answer("systemctl"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |key: &str| {
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        found.unwrap_or("unknown").trim().to_owned()
    };
    let (active, enabled) = (value("ActiveState"), value("UnitFileState"));
    Ok(Unit {
        is_active: active == "active",
        is_enabled: enabled.starts_with("enabled"),
        active,
        enabled,
    })
}
