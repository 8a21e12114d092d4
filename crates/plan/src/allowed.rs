//! What may be done to each thing, and if not, why. No rule is written here
//! that a stage has: a verb is planned, and what the plan waits for is why not.

mod parts;

use crate::codes;
use crate::compose::Composer;
use crate::resolve::resolve;
use crate::resolved::{FsPlace, Resolved, TargetPlace};
use crate::world::World;
use model::edit::Edit;
use model::graph::Waiting;
use model::ids::ServerId;
use model::inventory::{FsKey, HaKey, Target, TargetKey, TargetState};
use model::role::Role;
use model::spec::{Finding, FsWanted, Goal, HaManager, ServerWanted, Spec};
use std::collections::BTreeMap;

/// A verb of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verb {
    /// `drain`, `failover`, `stop`.
    pub verb: &'static str,
    /// Why it may not be done, one sentence; none if it may.
    pub why_not: Option<String>,
    /// What a person should know before doing it.
    pub warnings: Vec<String>,
    /// What is wanted once for it.
    pub goals: Vec<Goal>,
    /// How the spec changes for it.
    pub edits: Vec<Edit>,
}

/// What may be done, thing by thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Of servers: drain, return, reboot, remove, and remove by force.
    pub servers: BTreeMap<ServerId, Vec<Verb>>,
    /// Of targets: failover, failback, start, stop, remove.
    pub targets: BTreeMap<TargetKey, Vec<Verb>>,
    /// Of file systems: start, stop, grow, remove.
    pub filesystems: BTreeMap<FsKey, Vec<Verb>>,
    /// Of HA clusters: failback of all their targets.
    pub ha_clusters: BTreeMap<HaKey, Vec<Verb>>,
}

/// All verbs of all things. A page asks [`Allowing`] for the rows that it shows.
pub fn allowed(world: World<'_>, spec: &Spec, role: Role) -> Allowed {
    let allowing = Allowing::new(world, spec, role);
    let servers = world.inventory.servers.keys();
    let targets = world.inventory.targets.keys();
    let filesystems = world.inventory.filesystems.keys();
    let ha_clusters = world.inventory.ha_clusters.keys();
    Allowed {
        servers: servers.map(|id| (*id, allowing.server(*id))).collect(),
        targets: targets
            .map(|key| (key.clone(), allowing.target(key)))
            .collect(),
        filesystems: filesystems
            .map(|key| (key.clone(), allowing.filesystem(key)))
            .collect(),
        ha_clusters: ha_clusters
            .map(|key| (key.clone(), allowing.ha_cluster(key)))
            .collect(),
    }
}

/// Answers what may be done to one thing.
pub struct Allowing<'a> {
    world: World<'a>,
    role: Role,
    resolved: Resolved,
    error: Option<Finding>,
    by_key: BTreeMap<TargetKey, usize>,
}

impl Verb {
    fn free(verb: &'static str) -> Self {
        Self {
            verb,
            why_not: None,
            warnings: Vec::new(),
            goals: Vec::new(),
            edits: Vec::new(),
        }
    }

    fn not(verb: &'static str, why: impl Into<String>) -> Self {
        Self {
            why_not: Some(why.into()),
            ..Self::free(verb)
        }
    }

    /// With what is wanted once for it, where it may be done.
    fn asks(mut self, goals: &[Goal]) -> Self {
        if self.why_not.is_none() {
            self.goals = goals.to_vec();
        }
        self
    }

    /// With how the spec changes for it, where it may be done.
    fn edits(mut self, edit: Edit) -> Self {
        if self.why_not.is_none() {
            self.edits = vec![edit];
        }
        self
    }
}

impl<'a> Allowing<'a> {
    /// Resolves the spec once.
    pub fn new(world: World<'a>, spec: &Spec, role: Role) -> Self {
        let (resolved, findings) = resolve(spec, world);
        let by_key = resolved.targets.iter().enumerate();
        let by_key = by_key.filter_map(|(at, place)| Some((place.key.clone()?, at)));
        Self {
            by_key: by_key.collect(),
            error: findings.into_iter().find(|finding| finding.is_error),
            world,
            role,
            resolved,
        }
    }

    /// Why nothing may be done to anything.
    fn never(&self) -> Option<String> {
        if self.role < Role::Operator {
            return Some(format!(
                "Your role is {}; an operator may do this.",
                self.role
            ));
        }
        let error = self.error.as_ref()?;
        Some(format!(
            "The spec has errors, which come first: {}: {}",
            error.path, error.reason
        ))
    }

    /// What a plan of this waits for: why not if nothing would be done, else
    /// what to know.
    fn judged(
        &self,
        verb: &'static str,
        resolved: &Resolved,
        compose: impl Fn(&mut Composer<'_>),
    ) -> Verb {
        let mut composer = Composer::new(self.world, resolved, &[]);
        compose(&mut composer);
        let is_refusal = |one: &&Waiting| one.code != codes::HEIR_ABSENT;
        let first = composer.waiting.iter().find(is_refusal);
        let is_idle = composer.graph.is_empty();
        if let Some(one) = first.filter(|_| is_idle) {
            return Verb::not(verb, format!("It waits for this: {}", one.for_what));
        }
        let warnings = composer.waiting.iter();
        Verb {
            warnings: warnings
                .map(|one| format!("To {}, this is waited for: {}", one.what, one.for_what))
                .collect(),
            ..Verb::free(verb)
        }
    }

    /// Verbs of a server.
    pub fn server(&self, id: ServerId) -> Vec<Verb> {
        const VERBS: [&str; 5] = ["drain", "return", "reboot", "remove", "force-remove"];
        let all = |why: String| VERBS.map(|verb| Verb::not(verb, why.clone())).to_vec();
        if let Some(why) = self.never() {
            return all(why);
        }
        if !self.world.managed.contains(&id) {
            return all(String::from(
                "It is only watched: Candela changes nothing on it.",
            ));
        }
        let Some(place) = self.resolved.servers.get(&id) else {
            let unlisted = "The spec does not list it.";
            let others = VERBS[..3].iter().map(|verb| Verb::not(verb, unlisted));
            return others.chain(self.removals(id)).collect();
        };
        let group = place.group.map(|group| &self.resolved.groups[group].spec);
        let is_external = group.is_some_and(|group| group.manager == HaManager::External);
        let others = || String::from("Somebody else runs its HA group: Candela only watches it.");
        let is_drained = place.wanted == ServerWanted::Drained;
        let drain = match (is_external, is_drained) {
            (true, _) => Verb::not("drain", others()),
            (_, true) => Verb::not("drain", "It is drained already."),
            (_, false) => self.with_wanted("drain", id, ServerWanted::Drained),
        };
        let back = match (is_external, is_drained) {
            (true, _) => Verb::not("return", others()),
            (_, false) => Verb::not("return", "It is in service."),
            (_, true) => self.with_wanted("return", id, ServerWanted::InService),
        };
        let reboot = Goal::Reboot {
            server: place.name.clone(),
        };
        let reboot = self.with_goals("reboot", &[reboot]);
        let [remove, force] = self.removals(id);
        vec![drain, back, reboot, remove, force]
    }

    fn with_goals(&self, verb: &'static str, goals: &[Goal]) -> Verb {
        self.judged(verb, &self.resolved, |composer| composer.goals(goals))
            .asks(goals)
    }

    fn with_wanted(&self, verb: &'static str, id: ServerId, wanted: ServerWanted) -> Verb {
        let mut resolved = self.resolved.clone();
        let Some(place) = resolved.servers.get_mut(&id) else {
            return Verb::not(verb, "The spec does not list it.");
        };
        place.wanted = wanted;
        let edit = Edit::SetServers {
            servers: place.name.clone(),
            state: wanted,
        };
        self.judged(verb, &resolved, |composer| composer.server_moved(id))
            .edits(edit)
    }

    /// Whether a server may go: one that answers, and one that never will again.
    fn removals(&self, id: ServerId) -> [Verb; 2] {
        let name = |place: &TargetPlace| place.label.to_string();
        let places = self.resolved.targets.iter();
        let served = places.filter(|place| place.servers().any(|server| server == id));
        let served: Vec<&TargetPlace> = served.collect();
        let alone = served.iter().find(|place| place.heirs.is_empty());
        let mut clients = self.resolved.clients.iter();
        let is_online = self.world.is_online(id);
        // Where its agent is silent, this is as it was last seen.
        let here = self.runs(id);
        let why = match (here, alone) {
            (Some(label), _) if is_online => Some(format!("It runs {label}; drain it first.")),
            (Some(label), _) => Some(format!("It is silent, and ran {label} when last seen.")),
            (None, Some(place)) => Some(format!("No other server may serve {}.", name(place))),
            (None, None) if clients.any(|client| client.server == id && client.mounted) => {
                Some(String::from("The spec wants clients mounted on it."))
            }
            (None, None) => None,
        };
        let force_why = match alone {
            _ if is_online => Some(String::from(
                "Its agent is connected; remove it without force.",
            )),
            Some(place) => Some(format!("No other server may serve {}.", name(place))),
            None => None,
        };
        let warnings = served.first().map(|first| {
            let n_others = served.len() - 1;
            let first = name(first);
            format!("{first} and {n_others} others lose a server that may take them over.")
        });
        [("remove", why, false), ("force-remove", force_why, true)].map(|(verb, why_not, force)| {
            let mut verb = Verb {
                why_not,
                ..Verb::free(verb)
            };
            if verb.why_not.is_none() {
                verb.warnings.extend(warnings.clone());
            }
            let listed = self.resolved.servers.get(&id);
            let server = listed.map_or_else(|| self.world.name(id), |place| place.name.clone());
            let goal = Goal::Remove {
                server: server.clone(),
                is_off: force,
            };
            verb.asks(&[goal]).edits(Edit::RemoveServers {
                servers: server,
                force,
            })
        })
    }

    /// A target that is mounted on a server, as far as is known.
    fn runs(&self, id: ServerId) -> Option<String> {
        let server = self.world.inventory.servers.get(&id);
        let mut keys = server.into_iter().flat_map(|server| &server.may_serve);
        let found = keys.find_map(|key| {
            let target = self.world.target(key)?;
            target.mounted_on.contains(&id).then_some(target)
        });
        found.map(|target| target.label.to_string())
    }

    /// Verbs of a target.
    pub fn target(&self, key: &TargetKey) -> Vec<Verb> {
        const VERBS: [&str; 5] = ["failover", "failback", "start", "stop", "remove"];
        let all = |why: String| VERBS.map(|verb| Verb::not(verb, why.clone())).to_vec();
        if let Some(why) = self.never() {
            return all(why);
        }
        let Some(&at) = self.by_key.get(key) else {
            return all(String::from(
                "It is not in the spec: it is only watched (`candela spec export` writes one that has it).",
            ));
        };
        let place = &self.resolved.targets[at];
        let over = Goal::Failover {
            target: key.0.clone(),
            to: None,
        };
        let back = Goal::Failback {
            target: key.0.clone(),
        };
        let up = self.up(key);
        let is_up = up.is_some();
        let is_home = up.is_some_and(|target| target.mounted_on.contains(&place.home));
        let failover = if place.heirs.is_empty() {
            Verb::not(
                "failover",
                "No other server of its HA group sees its device.",
            )
        } else {
            // An heir that is away is more than a warning for one target.
            let verb = self.with_goals("failover", &[over]);
            match verb.warnings.first() {
                Some(warning) if verb.why_not.is_none() => Verb::not("failover", warning.clone()),
                _ => verb,
            }
        };
        let failback = if is_home {
            Verb::not("failback", "It is at home.")
        } else {
            self.with_goals("failback", &[back])
        };
        let fs = &self.resolved.filesystems[place.fs];
        let start = match (is_up, fs.state) {
            (true, _) => Verb::not("start", "It is up."),
            (_, FsWanted::Mounted) => self.judged("start", &self.resolved, |composer| {
                composer.one_up(at);
            }),
            _ => Verb::not("start", format!("Start {}, which is to be down.", fs.name)),
        };
        let stop = if is_up {
            "A target goes down with its file system, or with its server when that is drained."
        } else {
            "It is not up."
        };
        let remove = crate::resolve::left_out::why_not_removed(&place.label, &fs.name);
        let (stop, remove) = (Verb::not("stop", stop), Verb::not("remove", remove));
        vec![failover, failback, start, stop, remove]
    }

    /// A target, if it is mounted.
    fn up(&self, key: &TargetKey) -> Option<&'a Target> {
        use TargetState::{Mounted, MountedTwice, Recovering};
        let target = self.world.target(key)?;
        matches!(target.state, Mounted | MountedTwice | Recovering).then_some(target)
    }

    /// Verbs of an HA cluster; those of its servers and targets are theirs.
    pub fn ha_cluster(&self, key: &HaKey) -> Vec<Verb> {
        let cluster = self.world.inventory.ha_clusters.get(key);
        vec![match (self.never(), cluster) {
            (Some(why), _) => Verb::not("failback", why),
            (None, None) => Verb::not("failback", "It is not seen any more."),
            (None, Some(cluster)) => self.all_back(cluster.targets.iter()),
        }]
    }

    /// All targets that run elsewhere go home.
    fn all_back<'k>(&self, keys: impl Iterator<Item = &'k TargetKey>) -> Verb {
        let mut goals = Vec::new();
        for key in keys {
            let place = self.by_key.get(key).map(|at| &self.resolved.targets[*at]);
            let Some((place, up)) = place.zip(self.up(key)) else {
                continue;
            };
            if !up.mounted_on.contains(&place.home) {
                goals.push(Goal::Failback {
                    target: key.0.clone(),
                });
            }
        }
        if goals.is_empty() {
            return Verb::not(
                "failback",
                "None of its targets that are up is away from home.",
            );
        }
        self.with_goals("failback", &goals)
    }

    /// Verbs of a file system.
    pub fn filesystem(&self, key: &FsKey) -> Vec<Verb> {
        const VERBS: [&str; 4] = ["start", "stop", "grow", "remove"];
        let all = |why: String| VERBS.map(|verb| Verb::not(verb, why.clone())).to_vec();
        if let Some(why) = self.never() {
            return all(why);
        }
        let mut known = self.resolved.filesystems.iter().enumerate();
        // One of which only exported pools are left is known by its name alone.
        let is_it = |fs: &FsPlace| match &fs.key {
            Some(known) => known == key,
            None => fs.name.as_str() == key.0,
        };
        let Some((at, fs)) = known.find(|(_, fs)| is_it(fs)) else {
            return all(String::from(
                "It is not in the spec: it is only watched (`candela spec export` writes one that has it).",
            ));
        };
        let start = match fs.state {
            FsWanted::Mounted => Verb::not("start", "It is to be up already."),
            FsWanted::Absent => Verb::not("start", "It is to be gone."),
            FsWanted::Stopped => self.with_state("start", at, FsWanted::Mounted),
        };
        let stop = match fs.state {
            FsWanted::Stopped => Verb::not("stop", "It is to be down already."),
            FsWanted::Absent => Verb::not("stop", "It is to be gone."),
            FsWanted::Mounted => self.with_state("stop", at, FsWanted::Stopped),
        };
        let grow = match fs.state {
            FsWanted::Mounted => self.judged("grow", &self.resolved, |composer| {
                composer.mgs_there(at);
            }),
            FsWanted::Stopped | FsWanted::Absent => Verb::not(
                "grow",
                "It is not up; a new target is made known to its MGS.",
            ),
        };
        vec![start, stop, grow, self.remove_fs(at, fs)]
    }

    fn with_state(&self, verb: &'static str, at: usize, state: FsWanted) -> Verb {
        let mut resolved = self.resolved.clone();
        resolved.filesystems[at].state = state;
        let edit = Edit::SetFilesystem {
            filesystem: resolved.filesystems[at].name.clone(),
            state,
        };
        self.judged(verb, &resolved, |composer| composer.fs_moved(at))
            .edits(edit)
    }

    fn remove_fs(&self, at: usize, fs: &FsPlace) -> Verb {
        // A removal that ended early is asked for again.
        let is_left = fs.targets().next().is_some() || !fs.missing.is_empty();
        if fs.state == FsWanted::Absent && !is_left {
            return Verb::not("remove", "Nothing is left of it.");
        }
        let mut verb = self.with_state("remove", at, FsWanted::Stopped);
        if verb.why_not.is_none() {
            let text = "All that is in it is lost. Each device needs your consent.";
            verb.warnings.insert(0, text.to_owned());
        }
        verb.edits(Edit::SetFilesystem {
            filesystem: fs.name.clone(),
            state: FsWanted::Absent,
        })
    }
}
