//! The world at rest is as the spec says.

use crate::world::World;
use crate::world::disk::{Content, Disk};
use crate::world::ha::cib::INFINITY;
use crate::world::host::HostName;
use crate::world::target::{Place, Standing, TargetData};
use model::spec::{FsSpec, FsWanted, MgsSpec, ServerWanted, Spec, TargetsSpec};
use std::collections::{BTreeMap, BTreeSet};

/// What of the world is not as the spec says.
pub fn differences(world: &World, spec: &Spec) -> Vec<String> {
    let mut found = Vec::new();
    let drained = drained(spec);
    for fs in &spec.filesystems {
        let mut of = Of {
            world,
            fs,
            drained: &drained,
            serves: served_by(spec, fs).is_some(),
            found: &mut found,
            labels: BTreeSet::new(),
        };
        if let MgsSpec::Own(mgs) = &fs.mgs {
            of.targets(mgs, "MGS");
        }
        for targets in &fs.mdts {
            of.targets(targets, "MDT");
        }
        for targets in &fs.osts {
            of.targets(targets, "OST");
        }
        of.count();
    }
    for ((host, _), running) in &world.lustre.running {
        if drained.contains(&host.0) {
            found.push(format!(
                "{} runs on {host}, which is drained",
                running.label
            ));
        }
    }
    found
}

/// A file system that is to be up and has its MGS with this one.
fn served_by<'a>(spec: &'a Spec, fs: &FsSpec) -> Option<&'a FsSpec> {
    let name = fs.name.as_str();
    spec.filesystems.iter().find(|other| {
        let is_of = matches!(&other.mgs, MgsSpec::Of(of) if of == name);
        is_of && other.state == FsWanted::Mounted
    })
}

/// Whether something may wait for ever: a file system that is to be down, and
/// whose MGS, on its MDT0000, serves another one; a target whose only servers are
/// drained.
pub fn may_wait(spec: &Spec, code: &str) -> bool {
    let mut all = spec.filesystems.iter();
    match code {
        "mgs-shared" => all.any(|fs| {
            let is_down = fs.state != FsWanted::Mounted;
            is_down && matches!(fs.mgs, MgsSpec::OnMdt0) && served_by(spec, fs).is_some()
        }),
        "heir-absent" => !drained(spec).is_empty(),
        _ => false,
    }
}

/// Whether Pacemaker is told for good not to run a target on a host.
fn is_barred(world: &World, label: &str, host: &HostName) -> bool {
    let mut rules = world.ha.rings.values().flat_map(|ring| &ring.told.rules);
    rules.any(|rule| {
        let is_its = rule.resource.contains(label) && rule.node == host.0;
        is_its && rule.score <= -INFINITY && !rule.id.starts_with("cli-")
    })
}

fn drained(spec: &Spec) -> BTreeSet<String> {
    let all = spec.servers.iter();
    let drained = all.filter(|one| one.state == ServerWanted::Drained);
    drained
        .flat_map(|one| one.names.split(',').map(str::to_owned))
        .collect()
}

struct Of<'a> {
    world: &'a World,
    fs: &'a FsSpec,
    drained: &'a BTreeSet<String>,
    /// Whether its MGS serves another file system that is to be up.
    serves: bool,
    found: &'a mut Vec<String>,
    labels: BTreeSet<String>,
}

impl Of<'_> {
    fn targets(&mut self, targets: &TargetsSpec, kind: &str) {
        for device in &targets.devices {
            self.target(device, kind);
        }
    }

    fn target(&mut self, device: &str, kind: &str) {
        let id = device.trim_start_matches("wwn:0x");
        let mut disks = self.world.disks.iter();
        let Some((id, disk)) = disks.find(|(one, _)| one.0 == id) else {
            return self.say(&format!("there is no {device}"));
        };
        let held = held(self.world, disk, id);
        if self.fs.state == FsWanted::Absent {
            if let Some((_, data)) = held.filter(|(_, data)| data.fs() == self.fs.name.as_str()) {
                self.say(&format!("{device} still holds {}", data.name()));
            }
            return;
        }
        // What is to be down is made, and made known, once it is to be up.
        let is_made = self.fs.state == FsWanted::Mounted;
        if held.is_none() && !is_made && is_free(self.world, disk) {
            return;
        }
        let Some((place, data)) = held else {
            return self.say(&format!("{device} holds no target, and is to be an {kind}"));
        };
        let label = data.label.to_string();
        if !label.contains(kind) || kind != "MGS" && data.fs() != self.fs.name.as_str() {
            return self.say(&format!("{device} is to be an {kind}, and holds {label}"));
        }
        if is_made && data.standing != Standing::Known && kind != "MGS" {
            self.say(&format!("{label} is not known to its MGS"));
        }
        if !self.labels.insert(label.clone()) {
            self.say(&format!("{label} lies on two devices"));
        }
        let viewers = self.world.hosts.iter();
        let viewers = viewers.filter(|(_, host)| host.disks.values().any(|one| one == id));
        // One that was made while a single server saw its disk is for that alone.
        let is_alone = data.service_nodes.is_empty();
        let able = viewers.filter(|(name, _)| {
            let is_drained = self.drained.contains(&name.0);
            !(is_drained || is_alone && is_barred(self.world, &label, name))
        });
        let able: Vec<&HostName> = able.map(|(name, _)| name).collect();
        let running = self.world.lustre.running.iter();
        let on: Vec<&HostName> = running
            .filter(|(_, one)| one.place == place && one.is_started)
            .map(|((host, _), _)| host)
            .collect();
        let is_mgs = match &self.fs.mgs {
            MgsSpec::Own(_) => kind == "MGS",
            MgsSpec::OnMdt0 => label.ends_with("-MDT0000"),
            _ => false,
        };
        let is_wanted = self.fs.state == FsWanted::Mounted || is_mgs && self.serves;
        let is_up = is_wanted && !able.is_empty();
        match (is_up, on.as_slice()) {
            (true, [one]) if able.contains(one) => {}
            (false, []) => {}
            (true, []) => self.say(&format!("{label} is not mounted")),
            (_, on) => self.say(&format!("{label} is mounted on {on:?}")),
        }
    }

    /// Indices without gaps, and no target too many.
    fn count(&mut self) {
        if self.fs.state != FsWanted::Mounted {
            return;
        }
        let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
        for label in &self.labels {
            let kind = if label.contains("MDT") { "MDT" } else { "OST" };
            *by_kind.entry(kind).or_default() += usize::from(label != "MGS");
        }
        for (kind, n) in by_kind {
            for index in 0..n {
                let label = format!("{}-{kind}{index:04x}", self.fs.name);
                if !self.labels.contains(&label) {
                    self.say(&format!("there is no {label}"));
                }
            }
        }
    }

    fn say(&mut self, text: &str) {
        let text = format!("{}: {text}", self.fs.name);
        self.found.push(text);
    }
}

/// Whether nothing was made on a disk yet, or no more than a pool with nothing
/// in it.
fn is_free(world: &World, disk: &Disk) -> bool {
    match &disk.content {
        Content::Blank => true,
        Content::PoolMember { guid, .. } => {
            let pool = world.pools.get(guid);
            pool.is_some_and(|pool| pool.datasets.values().all(|one| one.target.is_none()))
        }
        Content::Ldiskfs(_) | Content::FileSystem { .. } => false,
    }
}

/// The target that a disk holds, itself or in its pool.
fn held<'a>(
    world: &'a World,
    disk: &'a Disk,
    id: &crate::world::disk::DiskId,
) -> Option<(Place, &'a TargetData)> {
    match &disk.content {
        Content::Ldiskfs(data) => Some((Place::Disk(id.clone()), data)),
        Content::PoolMember { guid, .. } => {
            let pool = world.pools.get(guid).filter(|pool| !pool.is_destroyed)?;
            pool.datasets.iter().find_map(|(name, dataset)| {
                let place = Place::Dataset(*guid, name.clone());
                Some((place, dataset.target.as_ref()?))
            })
        }
        Content::Blank | Content::FileSystem { .. } => None,
    }
}
