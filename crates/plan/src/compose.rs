//! The graph while it is made: what is done already, what comes after what,
//! what must wait.

use crate::codes;
use crate::plan::ConsentNeeded;
use crate::resolved::{Resolved, TargetPlace};
use crate::world::World;
use model::graph::{Consent, Graph, Impact, Planned, StepId, Waiting};
use model::ids::{DeviceId, ServerId};
use model::inventory::HaCluster;
use model::step::Step;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// How far something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It is so.
    Met,
    /// It is so after these steps.
    After(Vec<StepId>),
    /// It will not be so by this plan; something waits, and says so.
    Blocked,
}

impl Status {
    /// The steps to wait for; none if it is blocked.
    pub fn steps(&self) -> Option<&[StepId]> {
        match self {
            Self::Met => Some(&[]),
            Self::After(steps) => Some(steps),
            Self::Blocked => None,
        }
    }

    /// Both of them.
    pub fn and(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Blocked, _) | (_, Self::Blocked) => Self::Blocked,
            (Self::Met, other) => other.clone(),
            (known, Self::Met) => known,
            (Self::After(mut steps), Self::After(more)) => {
                steps.extend(more);
                Self::After(steps)
            }
        }
    }

    /// After this one step.
    pub fn step(step: StepId) -> Self {
        Self::After(vec![step])
    }
}

/// What has to be looked at: the rest is as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Loud {
    pub servers: BTreeSet<ServerId>,
    pub groups: BTreeSet<usize>,
    pub targets: BTreeSet<usize>,
    pub clients: BTreeSet<usize>,
}

impl Loud {
    /// Everything.
    pub fn all(resolved: &Resolved) -> Self {
        Self {
            servers: resolved.servers.keys().copied().collect(),
            groups: (0..resolved.groups.len()).collect(),
            targets: (0..resolved.targets.len()).collect(),
            clients: (0..resolved.clients.len()).collect(),
        }
    }
}

/// About how many steps it takes to make what is not there: many thousand of them are
/// not moved again and again while more come.
fn steps_expected(resolved: &Resolved) -> usize {
    const PER_TARGET: usize = 6;
    const PER_SERVER: usize = 9;
    let new = resolved.targets.iter().filter(|place| place.key.is_none());
    let n_new = new.count();
    if n_new == 0 {
        return 0;
    }
    n_new * PER_TARGET + resolved.servers.len() * PER_SERVER
}

/// A step with its reason, before it has a number.
pub(crate) struct Ask {
    pub on: ServerId,
    pub step: Step,
    pub why: String,
    pub feels: Vec<Impact>,
}

/// The graph while it is made.
pub(crate) struct Composer<'a> {
    pub world: World<'a>,
    pub resolved: &'a Resolved,
    pub graph: Graph,
    pub waiting: BTreeSet<Waiting>,
    /// How often something waited.
    n_waits: usize,
    pub consent_needed: BTreeSet<ConsentNeeded>,
    pub loud: Loud,
    /// What was looked at and is as it is to be.
    pub quiet: Loud,
    consents: BTreeMap<(&'a DeviceId, &'a str), &'a Consent>,
    /// LNet of each server that was asked for.
    pub lnet: BTreeMap<ServerId, Status>,
    /// Pacemaker of each group that was asked for.
    pub ha: BTreeMap<usize, Status>,
    /// Targets that are to be up.
    pub up: BTreeMap<usize, Status>,
    /// Steps that take nodes of a group out of standby.
    pub back: BTreeMap<usize, Vec<StepId>>,
    /// Steps by which Pacemaker stops a target.
    pub stopped: BTreeMap<usize, StepId>,
    /// Steps that put a server's node into standby, so that its targets move.
    pub away: BTreeMap<ServerId, StepId>,
    /// Steps that unmount a target, by where.
    pub unmounted: BTreeMap<(usize, ServerId), StepId>,
    /// Where a target's pool was imported last, and by which step.
    pub imported: BTreeMap<usize, (ServerId, StepId)>,
    /// Pools of targets that leave a server by this plan.
    pub exported: BTreeSet<(usize, ServerId)>,
    /// Steps that take a target out of Pacemaker.
    pub dropped: BTreeMap<usize, StepId>,
    /// The cluster that Pacemaker shows of each group, once it was asked for.
    pub clusters: Vec<OnceCell<Option<&'a HaCluster>>>,
}

impl<'a> Composer<'a> {
    pub fn new(world: World<'a>, resolved: &'a Resolved, consents: &'a [Consent]) -> Self {
        let consents = consents.iter();
        let keyed = consents.map(|one| ((&one.device, one.signature.as_str()), one));
        Self {
            world,
            resolved,
            graph: Graph {
                steps: Vec::with_capacity(steps_expected(resolved)),
                ..Graph::default()
            },
            waiting: BTreeSet::new(),
            n_waits: 0,
            consent_needed: BTreeSet::new(),
            loud: Loud::default(),
            quiet: Loud::default(),
            consents: keyed.collect(),
            lnet: BTreeMap::new(),
            ha: BTreeMap::new(),
            up: BTreeMap::new(),
            back: BTreeMap::new(),
            stopped: BTreeMap::new(),
            away: BTreeMap::new(),
            unmounted: BTreeMap::new(),
            imported: BTreeMap::new(),
            exported: BTreeSet::new(),
            dropped: BTreeMap::new(),
            clusters: vec![OnceCell::new(); resolved.groups.len()],
        }
    }

    /// How much there is so far: the same before and after something quiet.
    pub fn mark(&self) -> (usize, usize) {
        (self.graph.steps.len(), self.n_waits)
    }

    /// What is to be looked at the next time too.
    pub fn still_loud(&self) -> Loud {
        let (loud, quiet) = (&self.loud, &self.quiet);
        Loud {
            servers: loud.servers.difference(&quiet.servers).copied().collect(),
            groups: loud.groups.difference(&quiet.groups).copied().collect(),
            targets: loud.targets.difference(&quiet.targets).copied().collect(),
            clients: loud.clients.difference(&quiet.clients).copied().collect(),
        }
    }

    /// Adds a step after others.
    pub fn add(&mut self, ask: Ask, after: &[StepId]) -> StepId {
        // As `Graph::push` does it, without a set for each of many thousand steps.
        let id = StepId(u32::try_from(self.graph.steps.len()).unwrap_or(u32::MAX));
        let mut after = after.to_vec();
        after.retain(|before| *before < id);
        after.sort_unstable();
        after.dedup();
        self.graph.steps.push(Planned {
            id,
            on: ask.on,
            step: ask.step,
            after,
            why: ask.why,
            feels: ask.feels,
            closes: None,
        });
        id
    }

    /// Something waits.
    pub fn wait(&mut self, what: impl Into<String>, for_what: impl Into<String>, code: &str) {
        self.n_waits += 1;
        self.waiting.insert(Waiting {
            what: what.into(),
            for_what: for_what.into(),
            code: code.to_owned(),
        });
    }

    /// Whether a server can be told something; if not, that is waited for.
    pub fn is_there(&mut self, server: ServerId, what: &str) -> bool {
        if self.world.is_online(server) {
            return true;
        }
        let text = format!("The agent on {} to connect.", self.name(server));
        self.wait(what, text, codes::AGENT_ABSENT);
        false
    }

    /// A server's name, as the spec writes it.
    pub fn name(&self, server: ServerId) -> String {
        match self.resolved.servers.get(&server) {
            Some(place) => place.name.clone(),
            None => self.world.name(server),
        }
    }

    /// The path of a target's device on a server.
    pub fn path(&self, place: &TargetPlace, server: ServerId) -> String {
        if let Some(pool) = &place.pool {
            let name = lustre::argv::target::dataset(&place.label);
            let known = place.device.0.strip_prefix("dataset:");
            let known = known.and_then(|path| path.split_once('/'));
            return match known {
                Some((guid, path)) if guid != pool.name => path.to_owned(),
                _ => format!("{}/{name}", pool.name),
            };
        }
        let path = self.world.lasting_path(server, &place.device);
        path.unwrap_or(&place.device.0).to_owned()
    }

    /// A target's device on a server.
    pub fn device(&self, place: &TargetPlace, server: ServerId) -> model::step::DeviceRef {
        model::step::DeviceRef {
            id: place.device.clone(),
            path: self.path(place, server),
        }
    }

    /// The operator's word for a device as it is now, or a note that it is needed.
    pub fn consent(&mut self, device: &DeviceId, on: ServerId, ask: &Asked<'_>) -> Vec<Consent> {
        // A pool is known by its guid, imported or not.
        let guid = device.0.strip_prefix("zpool:").map(str::to_owned);
        let seen = guid.or_else(|| self.world.signature(device, on));
        let signature = seen.unwrap_or_else(|| String::from(model::graph::BLANK));
        let given = self.given(device, &signature);
        if !given.is_empty() {
            return given;
        }
        self.consent_needed.insert(ConsentNeeded {
            device: device.clone(),
            signature,
            target: ask.target.to_owned(),
            server: on,
            why: ask.why.clone(),
        });
        Vec::new()
    }

    /// The operator's word for a device with this on it; none if not given.
    pub fn given(&self, device: &DeviceId, signature: &str) -> Vec<Consent> {
        let known = self.consents.get(&(device, signature));
        known.map(|known| (*known).clone()).into_iter().collect()
    }
}

/// For what consent is asked.
pub(crate) struct Asked<'t> {
    /// The target.
    pub target: &'t str,
    /// What will be lost, and why.
    pub why: String,
}
