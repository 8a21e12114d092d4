//! What must hold at any time, and at the end. None of it shares code with what
//! it checks: it looks at the world as it is, the spec as text, the journal as
//! it was written.
//!
//! - `single`: a target is in use once, and nothing of ours tries twice.
//! - `consent`: what is erased was given up; what is only watched is not touched.
//! - `journal`: records, orders and acknowledgements come in order.
//! - `claims`: work that excludes each other never runs at once.
//! - [`rest`]: when faults stop, the world comes to be as the spec says.

mod claims;
mod consent;
mod journal;
pub mod rest;
mod single;

use super::manager::WATCHED;
use super::stage::ActorId;
use crate::world::World;
use crate::world::host::HostName;
use crate::world::record::{Happening, Record};
use model::graph::Consent;
use model::ids::ServerId;
use model::job::Recorded;
use model::step::Step;
use std::collections::BTreeMap;
use wire::order::OrderKey;

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which checker found it.
    pub checker: String,
    /// When, seconds.
    pub at_s: u64,
    /// What.
    pub text: String,
}

/// All checkers of a run.
pub struct Checks {
    names: BTreeMap<ServerId, HostName>,
    ids: BTreeMap<HostName, ServerId>,
    single: single::Single,
    consent: consent::Given,
    journal: journal::Journal,
    claims: claims::Claims,
    at_work: Option<OrderKey>,
    is_lied_to: bool,
    hash: u64,
    found: Option<Violation>,
}

impl Checks {
    /// Of a town.
    pub fn new(names: BTreeMap<ServerId, HostName>) -> Self {
        let ids = names.iter().map(|(id, name)| (name.clone(), *id));
        Self {
            ids: ids.collect(),
            names,
            single: single::Single::default(),
            consent: consent::Given::default(),
            journal: journal::Journal::default(),
            claims: claims::Claims::default(),
            at_work: None,
            is_lied_to: false,
            hash: 0xcbf2_9ce4_8422_2325,
            found: None,
        }
    }

    /// The host of a server.
    pub fn name(&self, id: ServerId) -> HostName {
        let name = self.names.get(&id).cloned();
        name.unwrap_or_else(|| HostName(id.to_string()))
    }

    /// A number that follows from all that was seen.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// What was found, once.
    pub fn take(&mut self) -> Option<Violation> {
        self.found.take()
    }

    fn found(&mut self, world_s: u64, checker: &str, text: Option<String>) {
        if let Some(text) = text {
            self.found.get_or_insert(Violation {
                checker: checker.to_owned(),
                at_s: world_s,
                text,
            });
        }
    }

    fn mix(&mut self, text: &str) {
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Something happened in the world.
    pub fn happened(&mut self, world: &World, record: &Record) {
        self.mix(&format!("{record:?}"));
        let at = record.at.as_secs();
        let is_watched = |host: &HostName| {
            let id = self.ids.get(host);
            id.is_some_and(|id| id.0.as_u128() > WATCHED)
        };
        match &record.what {
            Happening::Commanded { host, argv } => {
                let line = argv.join(" ");
                let text = is_watched(host)
                    .then(|| format!("{host} is only watched, and `{line}` was run there"));
                self.found(at, "watched", text);
                let since = self.at_work.as_ref().map(|key| self.journal.submitted(key));
                let text = self.single.commanded(world, host, argv, since.flatten());
                self.found(at, "single-mount", text);
            }
            Happening::FileChanged { host, path } => {
                let text = is_watched(host)
                    .then(|| format!("{host} is only watched, and {path} was written there"));
                self.found(at, "watched", text);
            }
            Happening::Erased { host, disk, before } => {
                let text = self.consent.erased(host, &disk.0, before);
                self.found(at, "consent", text);
            }
            Happening::DatasetErased {
                host,
                guid,
                dataset,
                before,
            } => {
                let text = self.consent.dataset_erased(host, *guid, dataset, before);
                self.found(at, "consent", text);
            }
            Happening::Mounted { host, device, .. } => {
                self.single.mounted(world, host, device, record.at);
            }
            _ => {}
        }
    }

    /// A tick is over.
    pub fn look(&mut self, world: &World) {
        let Some((text, is_in_pool)) = single::Single::look(world) else {
            return;
        };
        let has_lied = world.hosts.values().any(|host| host.bmc.has_lied);
        if is_in_pool && has_lied {
            self.is_lied_to = true;
            return;
        }
        self.found(world.now().as_secs(), "single-mount", Some(text));
    }

    /// Whether a BMC's lie had a pool imported twice: nothing of ours could know.
    pub fn is_lied_to(&self) -> bool {
        self.is_lied_to
    }

    /// Whose step runs now: commands that are begun are its.
    pub fn at_work(&mut self, key: Option<OrderKey>) {
        self.at_work = key;
    }

    /// An operator gave a device up.
    pub fn consented(&mut self, consent: &Consent) {
        self.consent.given(consent);
    }

    /// A record is durable.
    pub fn journalled(&mut self, record: &Recorded, at_s: u64) {
        self.mix(&format!("{:?} {:?}", record.job, record.event));
        let text = self.journal.record(record, at_s);
        self.found(at_s, "journal-order", text);
    }

    /// An order came to an agent.
    pub fn order_came(&mut self, key: &OrderKey, at_s: u64) {
        let text = self.journal.came(key);
        self.found(at_s, "journal-order", text);
    }

    /// An agent is told that an outcome is durable.
    pub fn acknowledged(&mut self, key: &OrderKey, at_s: u64) {
        let text = self.journal.acknowledged(key);
        self.found(at_s, "journal-order", text);
    }

    /// An agent begins to carry an order out, or to look what became of it.
    pub fn begun(&mut self, begun: &Begun<'_>, at_s: u64) {
        if !begun.is_interrupted {
            let text = self.journal.begun(begun.key);
            self.found(at_s, "once", text);
        }
        let text = self.claims.begun(begun);
        self.found(at_s, "claims", text);
    }

    /// An actor is no more.
    pub fn actor_gone(&mut self, actor: ActorId) {
        self.claims.gone(actor);
    }
}

/// An order that is begun.
pub struct Begun<'a> {
    /// By whom.
    pub actor: ActorId,
    /// Where.
    pub on: ServerId,
    /// Which.
    pub key: &'a OrderKey,
    /// What.
    pub step: &'a Step,
    /// Whether it only looks.
    pub is_interrupted: bool,
}
