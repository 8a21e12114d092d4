//! LNet.

use super::{Action, Cancel, Claim, Class, Facts, Thing, Undo};
use lustre::argv::{host, lnet};
use serde::{Deserialize, Serialize};

/// LNet has these nets up, now and after each boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LnetUp {
    /// The nets.
    pub nets: Vec<LnetNet>,
    /// Nets of before, which go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// A net and the interfaces that carry it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LnetNet {
    /// `tcp`, `o2ib1`.
    pub net: String,
    /// Kernel names: `eth0`.
    pub interfaces: Vec<String>,
}

impl LnetUp {
    /// The file that it writes.
    pub fn config(&self) -> String {
        let nets = self.nets.iter();
        lnet::config(nets.map(|net| (net.net.as_str(), net.interfaces.as_slice())))
    }

    pub(super) fn facts(&self) -> Facts {
        let nets: Vec<&str> = self.nets.iter().map(|net| net.net.as_str()).collect();
        Facts {
            title: if self.gone.is_empty() {
                format!("Bring LNet up with {}", nets.join(", "))
            } else {
                format!("Take {} out of LNet", self.gone.join(", "))
            },
            class: Class::Service,
            deadline_s: 120,
            attempts_max: 3,
            claims: vec![
                Claim::shared(Thing::ThisServer),
                Claim::all(Thing::ThisLnet),
            ],
            undo: if self.gone.is_empty() {
                Undo::By(Box::new(LnetDown {}.into()))
            } else {
                Undo::Ask("the plan that adds the net again knows its interfaces")
            },
            cancel: Cancel::Kill,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let mut actions = vec![
            Action::Write {
                path: lnet::CONFIG.to_owned(),
                mode: 0o644,
                text: self.config(),
            },
            Action::service(host::systemctl("enable", "lnet.service"), 30),
            Action::service(lnet::load(), 60),
            Action::service(lnet::configure(), 60),
            Action::service(lnet::import(), 60),
        ];
        let gone = self.gone.iter().map(|net| lnet::remove(net));
        actions.extend(gone.map(|argv| Action::service(argv, 60)));
        actions
    }
}

/// LNet is stopped, its modules are unloaded, and it stays so after a boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LnetDown {}

impl LnetDown {
    #[expect(clippy::unused_self, reason = "every kind is asked the same way")]
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: String::from("Stop LNet"),
            class: Class::Service,
            deadline_s: 180,
            attempts_max: 2,
            claims: vec![
                Claim::shared(Thing::ThisServer),
                Claim::all(Thing::ThisLnet),
            ],
            undo: Undo::Ask("the plan that brings LNet up knows its nets"),
            cancel: Cancel::Finish,
        }
    }

    #[expect(clippy::unused_self, reason = "every kind is asked the same way")]
    pub(super) fn actions(&self) -> Vec<Action> {
        let mut actions = vec![Action::service(
            host::systemctl("disable", "lnet.service"),
            30,
        )];
        actions.extend(lnet::stop().map(|argv| Action::service(argv, 60)));
        actions
    }
}
