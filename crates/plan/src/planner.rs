//! A planner that keeps what it worked out, so that one server's change costs
//! what that server has a part in.
//!
//! **Invariant:** it gives what [`crate::plan::plan`] gives. A test compares them.

use crate::compose::{Composer, Loud};
use crate::plan::{Plan, finish};
use crate::resolve::resolve;
use crate::resolved::{Resolved, TargetPlace};
use crate::world::World;
use model::graph::Consent;
use model::ids::{DeviceId, ServerId};
use model::inventory::{Target, TargetKey};
use model::report::Report;
use model::spec::{Finding, FsWanted, Goal, Spec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Plans again and again for a world that changes little by little.
#[derive(Debug, Default)]
pub struct Planner {
    kept: Option<Kept>,
}

/// What was worked out for a spec.
#[derive(Debug)]
struct Kept {
    spec: Arc<Spec>,
    managed: BTreeSet<ServerId>,
    reports: BTreeMap<ServerId, Arc<Report>>,
    resolved: Resolved,
    findings: Vec<Finding>,
    /// What each target's place was chosen by.
    signs: Vec<Sign>,
    by_key: BTreeMap<TargetKey, usize>,
    touches: BTreeMap<ServerId, Touched>,
    /// What was not as it is to be, or could not be known.
    loud: Loud,
}

/// What a server has a part in.
#[derive(Debug, Default)]
struct Touched {
    targets: BTreeSet<usize>,
    clients: BTreeSet<usize>,
}

/// The facts of a target that its place follows from.
#[derive(Debug, PartialEq, Eq)]
struct Sign {
    device: Option<DeviceId>,
    servers: Vec<ServerId>,
    home: Option<ServerId>,
    back_end: Option<String>,
    is_mgs_too: bool,
    mount_point: String,
    barred: Vec<ServerId>,
}

impl Planner {
    /// One that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Plans. `changed` are the servers that reported, came or fell silent since
    /// it was asked last; more do no harm, fewer do.
    pub fn plan(
        &mut self,
        spec: &Arc<Spec>,
        world: World<'_>,
        changed: &BTreeSet<ServerId>,
        goals: &[Goal],
        consents: &[Consent],
    ) -> Plan {
        let is_kept = self
            .kept
            .as_mut()
            .is_some_and(|kept| kept.still_holds(spec, world, changed));
        if !is_kept {
            let (resolved, findings) = resolve(spec, world);
            if findings.iter().any(|finding| finding.is_error) {
                self.kept = None;
                return Plan {
                    findings,
                    ..Plan::default()
                };
            }
            self.kept = Some(Kept::new(spec, world, resolved, findings));
        }
        let kept = self.kept.as_mut().expect("it was just put there");
        let mut composer = Composer::new(world, &kept.resolved, consents);
        composer.loud = std::mem::take(&mut kept.loud);
        composer.words(goals);
        composer.everything();
        let still = composer.still_loud();
        composer.goals(goals);
        let made = finish(spec, world, composer, kept.findings.clone(), goals);
        kept.loud = still;
        made
    }
}

impl Kept {
    fn new(spec: &Arc<Spec>, world: World<'_>, resolved: Resolved, findings: Vec<Finding>) -> Self {
        let mut touches: BTreeMap<ServerId, Touched> = BTreeMap::new();
        let mut by_key = BTreeMap::new();
        let mut signs = Vec::with_capacity(resolved.targets.len());
        for (at, place) in resolved.targets.iter().enumerate() {
            let target = place.key.as_ref().and_then(|key| world.target(key));
            let pool = place.pool.iter().flat_map(|pool| &pool.devices);
            let devices = pool.chain([&place.device]);
            let viewers = devices.flat_map(|device| world.viewers(device));
            let known = target.into_iter().flat_map(|target| &target.servers);
            let group = place.group.map(|group| &resolved.groups[group].servers);
            let members = group.into_iter().flatten();
            let all = place.servers().chain(viewers);
            for server in all.chain(known.copied()).chain(members.copied()) {
                touches.entry(server).or_default().targets.insert(at);
            }
            by_key.extend(place.key.clone().map(|key| (key, at)));
            signs.push(sign(world, place, target));
        }
        for (at, client) in resolved.clients.iter().enumerate() {
            touches.entry(client.server).or_default().clients.insert(at);
        }
        Self {
            spec: Arc::clone(spec),
            managed: world.managed.clone(),
            reports: world.reports.clone(),
            loud: Loud::all(&resolved),
            resolved,
            findings,
            signs,
            by_key,
            touches,
        }
    }

    /// Whether every choice would be made again; marks what is to be looked at.
    fn still_holds(
        &mut self,
        spec: &Arc<Spec>,
        world: World<'_>,
        changed: &BTreeSet<ServerId>,
    ) -> bool {
        let is_same_spec = Arc::ptr_eq(spec, &self.spec) || **spec == *self.spec;
        if !is_same_spec || *world.managed != self.managed {
            return false;
        }
        let fs_keys = &world.inventory.filesystems;
        let is_named = self.resolved.filesystems.iter().all(|fs| {
            let is_seen = fs.key.as_ref().is_some_and(|key| fs_keys.contains_key(key));
            is_seen && fs.missing.is_empty() && fs.state != FsWanted::Absent
        });
        let is_found = self
            .resolved
            .targets
            .iter()
            .all(|place| place.key.is_some());
        let is_fenced = self.resolved.groups.iter().all(|group| {
            let is_warned = group.is_pacemaker() && group.spec.fencing.is_none();
            !is_warned || group.servers.iter().all(|id| !changed.contains(id))
        });
        is_named && is_found && is_fenced && changed.iter().all(|id| self.is_same(world, *id))
    }

    fn is_same(&mut self, world: World<'_>, id: ServerId) -> bool {
        let new = world.reports.get(&id);
        let is_same_host = match (self.reports.get(&id), new) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new) || is_same_host(old, new),
            (None, None) => true,
            _ => false,
        };
        if !is_same_host {
            return false;
        }
        if let Some(new) = new {
            self.reports.insert(id, Arc::clone(new));
        }
        let mut targets: BTreeSet<usize> = BTreeSet::new();
        if let Some(touched) = self.touches.get(&id) {
            targets.extend(&touched.targets);
            self.loud.clients.extend(&touched.clients);
        }
        let server = world.inventory.servers.get(&id);
        let keys = server.into_iter().flat_map(|server| &server.may_serve);
        targets.extend(keys.filter_map(|key| self.by_key.get(key)));
        let resolved = &self.resolved;
        let is_same = targets.iter().all(|at| {
            let place = &resolved.targets[*at];
            let target = place.key.as_ref().and_then(|key| world.target(key));
            target.is_some() && sign(world, place, target) == self.signs[*at]
        });
        self.loud.targets.extend(targets);
        if let Some(place) = resolved.servers.get(&id) {
            self.loud.servers.insert(id);
            self.loud.groups.extend(place.group);
        }
        is_same
    }
}

/// Whether what the choices follow from is the same: names, addresses, NIDs.
fn is_same_host(old: &Report, new: &Report) -> bool {
    let nids = |report: &Report| -> Vec<_> {
        let nis = report.lnet.iter().flat_map(|lnet| &lnet.nis);
        nis.map(|ni| ni.nid.clone()).collect()
    };
    let identity = |report: &Report| {
        let of = &report.identity;
        (of.hostname.clone(), of.fqdn.clone(), of.addresses.clone())
    };
    identity(old) == identity(new) && old.interfaces == new.interfaces && nids(old) == nids(new)
}

fn sign(world: World<'_>, place: &TargetPlace, target: Option<&Target>) -> Sign {
    Sign {
        device: target.and_then(|target| target.device.clone()),
        servers: target
            .map(|target| target.servers.clone())
            .unwrap_or_default(),
        home: target.and_then(|target| target.home),
        back_end: target.and_then(|target| target.back_end.clone()),
        is_mgs_too: target.is_some_and(|target| target.is_mgs_too),
        mount_point: target
            .map(|target| crate::resolve::mount_point_of(world, target, &place.label))
            .unwrap_or_default(),
        barred: target
            .map(|target| barred(world, target))
            .unwrap_or_default(),
    }
}

/// Servers of a target that Pacemaker is told for good not to run it on.
fn barred(world: World<'_>, target: &Target) -> Vec<ServerId> {
    let servers = target.servers.iter().copied();
    servers
        .filter(|id| crate::resolve::is_barred(world, target, *id))
        .collect()
}
