//! Proposals: a file system from a few wishes. What is free, alike and seen by
//! servers that stand in for each other is dealt out, consecutive targets to
//! different servers. It ends as edits of the spec, which are planned like any.

mod devices;
mod servers;

use crate::edit::edit;
use crate::findings::{Findings, some_of};
use crate::resolve::device::Devices;
use crate::resolve::resolve;
use crate::resolved::{Resolved, TargetPlace};
use crate::world::World;
use devices::{Dealt, Free};
use model::edit::Edit;
use model::graph::BLANK;
use model::ids::{DeviceId, ServerId};
use model::proposal::{MgsWish, Proposal, ProposedTarget, Wish};
use model::spec::{
    BackEnd, FORM, FsSpec, FsWanted, MgsSpec, NetworkSpec, PoolSpec, Spec, TargetsSpec,
};
use std::collections::BTreeSet;

/// A proposal for a wish, beside what the spec has.
pub fn propose(wish: &Wish, spec: &Spec, world: World<'_>) -> Proposal {
    let mut proposer = Proposer {
        wish,
        spec,
        world,
        devices: Devices::new(world),
        found: Findings::default(),
        before: resolve(spec, world).0,
    };
    proposer.run()
}

struct Proposer<'a> {
    wish: &'a Wish,
    spec: &'a Spec,
    world: World<'a>,
    devices: Devices<'a>,
    found: Findings,
    /// What the spec is without the wish.
    before: Resolved,
}

/// Servers that targets may be put on.
struct Chosen {
    mdt: Vec<ServerId>,
    ost: Vec<ServerId>,
}

impl Chosen {
    fn all(&self) -> BTreeSet<ServerId> {
        self.mdt.iter().chain(&self.ost).copied().collect()
    }
}

impl Proposer<'_> {
    fn run(&mut self) -> Proposal {
        let Some(chosen) = self.choose() else {
            return self.nothing();
        };
        let groups = self.groups(&chosen.all());
        let free = Free::of(self, &chosen, &groups);
        let (left_out, n_left_out) = free.left_out(self, &chosen);
        let is_new = !self.is_known();
        let n_mdts = usize::from(self.wish.n_mdts.unwrap_or(u16::from(is_new)));
        let has_mgt = is_new && self.wish.mgs == Some(MgsWish::Own);
        let dealt = free.deal(self, n_mdts, has_mgt);
        let mut fragment = self.surroundings(&chosen, groups);
        let edits = if is_new {
            fragment.filesystems.push(self.filesystem(dealt));
            vec![add(fragment)]
        } else {
            let grow = self.grow(dealt);
            let is_bare = fragment.servers.is_empty() && fragment.networks.is_empty();
            let around = (!is_bare).then(|| add(fragment));
            around.into_iter().chain([grow]).collect()
        };
        let (after, wrong) = edit(self.spec, &edits, self.world);
        let (resolved, findings) = resolve(&after, self.world);
        let targets = self.targets(&resolved);
        self.single(&targets, chosen.all().len());
        let mut findings = [wrong, findings, self.found_all()].concat();
        findings.sort_by_key(|finding| !finding.is_error);
        findings.dedup();
        Proposal {
            edits,
            targets,
            servers: self.names(&chosen),
            left_out,
            n_left_out,
            findings,
        }
    }

    fn nothing(&mut self) -> Proposal {
        Proposal {
            findings: self.found_all(),
            ..Proposal::default()
        }
    }

    fn found_all(&mut self) -> Vec<model::spec::Finding> {
        std::mem::take(&mut self.found).all()
    }

    /// Whether the spec has the file system already.
    fn is_known(&self) -> bool {
        let mut known = self.spec.filesystems.iter();
        known.any(|fs| fs.name == self.wish.name && fs.state != FsWanted::Absent)
    }

    fn entry(&self, devices: Vec<Vec<DeviceId>>, pool: Option<&PoolSpec>) -> TargetsSpec {
        let zpool = (self.back_end() == BackEnd::Zfs).then(|| pool_of(pool));
        let devices = devices.into_iter().flatten();
        TargetsSpec {
            devices: devices.map(|id| id.0).collect(),
            zpool,
            ..TargetsSpec::default()
        }
    }

    /// A file system that is there keeps its back end.
    fn back_end(&self) -> BackEnd {
        let mut known = self.spec.filesystems.iter();
        let known = known.find(|fs| fs.name == self.wish.name);
        known.map_or(self.wish.back_end, |fs| fs.back_end)
    }

    fn filesystem(&mut self, dealt: Dealt) -> FsSpec {
        let mgs = match &self.wish.mgs {
            Some(MgsWish::Own) => MgsSpec::Own(Box::new(self.entry(dealt.mgt, None))),
            Some(MgsWish::Of(name)) => MgsSpec::Of(name.clone()),
            Some(MgsWish::OnMdt0) => MgsSpec::OnMdt0,
            None => self.mgs_there(),
        };
        let entries = |entry: TargetsSpec| {
            let is_any = !entry.devices.is_empty();
            is_any.then_some(entry).into_iter().collect()
        };
        FsSpec {
            name: self.wish.name.clone(),
            state: FsWanted::Mounted,
            back_end: self.wish.back_end,
            mgs,
            mdts: entries(self.entry(dealt.mdts, self.wish.mdt_pool.as_ref())),
            osts: entries(self.entry(dealt.osts, self.wish.ost_pool.as_ref())),
        }
    }

    /// A server has one MGS at most, so a second file system uses the first's.
    fn mgs_there(&mut self) -> MgsSpec {
        let mut others = self.spec.filesystems.iter();
        let other = others.find(|fs| fs.state == FsWanted::Mounted);
        let Some(other) = other else {
            return MgsSpec::OnMdt0;
        };
        let owner = match &other.mgs {
            MgsSpec::Of(owner) => owner.clone(),
            MgsSpec::External(nids) => return MgsSpec::External(nids.clone()),
            MgsSpec::Own(_) | MgsSpec::OnMdt0 => other.name.to_string(),
        };
        let reason = format!("It uses the MGS of {owner}.");
        let remedy = "Say where its MGS is to be if that is not meant.";
        self.found.warn("mgs", reason, remedy);
        MgsSpec::Of(owner)
    }

    fn grow(&self, dealt: Dealt) -> Edit {
        let entries = |entry: TargetsSpec| {
            let is_any = !entry.devices.is_empty();
            is_any.then_some(entry).into_iter().collect()
        };
        Edit::Grow {
            filesystem: self.wish.name.clone(),
            mdts: entries(self.entry(dealt.mdts, self.wish.mdt_pool.as_ref())),
            osts: entries(self.entry(dealt.osts, self.wish.ost_pool.as_ref())),
        }
    }

    /// The targets that would be made, as the spec after the edits has them.
    fn targets(&self, resolved: &Resolved) -> Vec<ProposedTarget> {
        let of_wish = |place: &&TargetPlace| {
            let fs = &resolved.filesystems[place.fs];
            fs.name == self.wish.name && place.key.is_none()
        };
        let before = self.before.targets.iter();
        let before: BTreeSet<_> = before.map(|old| (&old.label, &old.device)).collect();
        let is_new = |place: &&TargetPlace| !before.contains(&(&place.label, &place.device));
        let places = resolved.targets.iter().filter(of_wish).filter(is_new);
        places.map(|place| self.target(resolved, place)).collect()
    }

    fn target(&self, resolved: &Resolved, place: &TargetPlace) -> ProposedTarget {
        let name = |id: &ServerId| {
            let server = resolved.servers.get(id);
            server.map_or_else(|| self.world.name(*id), |server| server.name.clone())
        };
        let devices: Vec<DeviceId> = match &place.pool {
            Some(pool) => pool.devices.clone(),
            None => vec![place.device.clone()],
        };
        let paths = devices
            .iter()
            .filter_map(|id| self.world.path(place.home, id));
        let sizes = devices.iter().map(|id| self.bytes(id));
        let holds = devices.iter().filter_map(|id| {
            let signature = self.world.signature(id, place.home)?;
            (signature != BLANK).then(|| format!("{id}: {signature}"))
        });
        ProposedTarget {
            label: place.label.to_string(),
            home: name(&place.home),
            heirs: place.heirs.iter().map(name).collect(),
            ha_group: place
                .group
                .map(|group| resolved.groups[group].spec.name.clone()),
            paths: paths.map(str::to_owned).collect(),
            bytes: sizes.sum(),
            holds: holds.collect(),
            devices: devices.into_iter().map(|id| id.0).collect(),
        }
    }

    fn bytes(&self, id: &DeviceId) -> u64 {
        let device = self.world.inventory.devices.get(id);
        device.map_or(0, |device| device.size_bytes)
    }

    /// Says which targets nobody could take over: those outside HA groups, for the
    /// others are told of with the spec's findings.
    fn single(&mut self, targets: &[ProposedTarget], n_servers: usize) {
        let alone: Vec<&str> = targets
            .iter()
            .filter(|target| target.heirs.is_empty() && target.ha_group.is_none())
            .map(|target| target.label.as_str())
            .collect();
        if alone.is_empty() || n_servers < 2 {
            return;
        }
        let some = some_of(&alone);
        let reason = format!("Only one server may serve {some}: nobody takes over.");
        let remedy = "Choose devices that two servers of an HA group see, if that matters.";
        self.found.warn("targets", reason, remedy);
    }
}

fn add(fragment: Spec) -> Edit {
    Edit::Add {
        fragment: Box::new(fragment),
    }
}

/// A pool as it is wished; one plain disk if nothing is said.
fn pool_of(wished: Option<&PoolSpec>) -> PoolSpec {
    let pool = wished.cloned().unwrap_or_default();
    PoolSpec {
        n_devices: pool.n_devices.max(1),
        ..pool
    }
}

/// A spec of nothing but what the file system needs around it.
fn around() -> Spec {
    Spec {
        candela: FORM,
        ..Spec::default()
    }
}

/// A net on these interfaces, for all servers.
fn network(net: &str, interface: &str) -> NetworkSpec {
    NetworkSpec {
        net: net.to_owned(),
        interfaces: vec![interface.to_owned()],
        servers: None,
    }
}
