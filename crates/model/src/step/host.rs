//! The host itself: time, firewall, services, boot.

use super::{Action, Cancel, Claim, Class, Facts, Thing, Undo};
use lustre::argv::host;
use serde::{Deserialize, Serialize};

/// The clock follows these sources, by chrony.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSynced {
    /// Names or addresses, best first.
    pub sources: Vec<String>,
    /// Where this distribution keeps `chrony.conf`.
    pub config_path: String,
    /// Chrony's unit on this distribution.
    pub unit: String,
}

impl TimeSynced {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Follow the time of {}", self.sources.join(", ")),
            class: Class::Service,
            deadline_s: 120,
            attempts_max: 3,
            claims: vec![Claim::shared(Thing::ThisServer)],
            undo: Undo::Nothing,
            cancel: Cancel::Kill,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        vec![
            Action::Write {
                path: self.config_path.clone(),
                mode: 0o644,
                text: host::chrony_conf(&self.sources),
            },
            Action::service(host::systemctl("enable", &self.unit), 30),
            Action::service(host::systemctl("restart", &self.unit), 60),
        ]
    }
}

/// Ports are open in firewalld, now and after each boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirewallOpen {
    /// `988/tcp`.
    pub ports: Vec<String>,
}

impl FirewallOpen {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Open {} in the firewall", self.ports.join(", ")),
            class: Class::Service,
            deadline_s: 60,
            attempts_max: 3,
            claims: vec![Claim::shared(Thing::ThisServer)],
            undo: Undo::Nothing,
            cancel: Cancel::Kill,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let lines = self.ports.iter().flat_map(|port| host::open_port(port));
        lines.map(|argv| Action::service(argv, 30)).collect()
    }
}

/// A unit runs or not, and starts at boot or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSet {
    /// `pacemaker.service`.
    pub unit: String,
    /// Whether it runs.
    pub is_running: bool,
    /// Whether it starts at boot; none leaves that as it is.
    pub is_enabled: Option<bool>,
}

impl ServiceSet {
    pub(super) fn facts(&self) -> Facts {
        let verb = if self.is_running { "Start" } else { "Stop" };
        Facts {
            title: format!("{verb} {}", self.unit),
            class: Class::Service,
            deadline_s: 300,
            attempts_max: 2,
            claims: vec![Claim::shared(Thing::ThisServer)],
            undo: Undo::By(Box::new(
                Self {
                    is_running: !self.is_running,
                    is_enabled: self.is_enabled.map(|is_enabled| !is_enabled),
                    unit: self.unit.clone(),
                }
                .into(),
            )),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let enable = self.is_enabled.map(|is_enabled| {
            let verb = if is_enabled { "enable" } else { "disable" };
            Action::service(host::systemctl(verb, &self.unit), 30)
        });
        let verb = if self.is_running { "start" } else { "stop" };
        let run = Action::service(host::systemctl(verb, &self.unit), 300);
        enable.into_iter().chain([run]).collect()
    }
}

/// The server has booted since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRebooted {
    /// Boot id that it must no longer have.
    pub boot_id_before: String,
}

impl ServerRebooted {
    #[expect(clippy::unused_self, reason = "every kind is asked the same way")]
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: String::from("Reboot"),
            class: Class::Service,
            deadline_s: 1200,
            attempts_max: 1,
            claims: vec![Claim::all(Thing::ThisServer)],
            undo: Undo::Nothing,
            cancel: Cancel::Finish,
        }
    }

    #[expect(clippy::unused_self, reason = "every kind is asked the same way")]
    pub(super) fn actions(&self) -> Vec<Action> {
        vec![Action::service(host::reboot(), 60)]
    }
}
