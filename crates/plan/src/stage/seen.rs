//! How a target stands, from what is seen of it.

use crate::compose::Composer;
use crate::resolved::{Hidden, TargetPlace};
use lustre::label::{FsName, Registration, TargetLabel, registration_state};
use model::ids::ServerId;
use model::inventory::{HaCluster, TargetState};
use model::report::{HaResource, TargetSeen, TargetSource};
use model::step::Step;

/// How a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// There is none yet.
    Nothing,
    /// Its pool is there, imported nowhere: it may be in it or not.
    Hidden,
    /// It is on its device, mounted nowhere that reports.
    Unmounted {
        /// Whether its MGS knows it.
        is_registered: bool,
    },
    /// It runs there.
    Mounted(ServerId),
    /// It ran there when that server was last heard of.
    Stale(ServerId),
    /// It is mounted on two servers.
    Twice,
}

impl Composer<'_> {
    pub(super) fn seen(&self, place: &TargetPlace) -> Seen {
        let key = place.key.as_ref();
        let Some(target) = key.and_then(|key| self.world.target(key)) else {
            return match place.hidden {
                None => Seen::Nothing,
                Some(Hidden::Made) => Seen::Unmounted {
                    is_registered: true,
                },
                Some(Hidden::Unknown) => Seen::Hidden,
            };
        };
        let on = target.mounted_on.first().copied();
        match (target.state, on) {
            (TargetState::MountedTwice, _) => Seen::Twice,
            (TargetState::Mounted | TargetState::Recovering, Some(on)) => Seen::Mounted(on),
            (TargetState::Stale, Some(on)) => Seen::Stale(on),
            _ => Seen::Unmounted {
                is_registered: self.is_registered(place, &target.servers),
            },
        }
    }

    /// Whether its MGS knows a target: what is on its device says so, by the
    /// newest report that tells.
    fn is_registered(&self, place: &TargetPlace, servers: &[ServerId]) -> bool {
        if place.label == TargetLabel::Mgs {
            return true;
        }
        let mut told = Vec::new();
        for server in servers {
            let Some(report) = self.world.report(*server) else {
                continue;
            };
            let seen = report.lustre.iter().flat_map(|lustre| &lustre.targets);
            let those = seen.filter(|seen| seen.label == place.label);
            for sight in those {
                match first_time(sight) {
                    Some(false) => return true,
                    Some(true) => told.push((report.at, false)),
                    None => {}
                }
            }
            let device = self.world.device_on(*server, &place.device);
            let label = device.and_then(|device| device.label.as_deref());
            if let Some(state) = label.and_then(registration_state) {
                told.push((report.at, state != Registration::FirstMount));
            }
        }
        let newest = told.into_iter().max();
        newest.is_none_or(|(_, is_registered)| is_registered)
    }

    /// The cluster that Pacemaker shows of a group.
    pub(super) fn cluster(&self, group: usize) -> Option<&HaCluster> {
        *self.clusters[group].get_or_init(|| {
            let inventory = self.world.inventory;
            let members = &self.resolved.groups[group].servers;
            let mut keys = members.iter().filter_map(|id| {
                let server = inventory.servers.get(id)?;
                server.ha.as_ref()
            });
            let clusters = &inventory.ha_clusters;
            keys.find_map(|key| clusters.get(key).filter(|one| one.manager == "pacemaker"))
        })
    }

    /// The Pacemaker resource that runs a target.
    pub(super) fn resource_of(&self, place: &TargetPlace) -> Option<&HaResource> {
        let cluster = self.cluster(place.group?)?;
        let target = place.key.as_ref().and_then(|key| self.world.target(key));
        let known = target.and_then(|target| target.ha_resource.as_ref());
        let ours = self.resource_id(place);
        let is_it = |resource: &&HaResource| Some(&resource.id) == known || resource.id == ours;
        let found = cluster.resources.iter().find(is_it);
        // Who tells of the cluster may not have looked since another was told.
        let told_at = cluster.seen_by.and_then(|id| self.world.report(id)?.at);
        found.or_else(|| {
            let others = self.resolved.groups[place.group?].servers.iter();
            let others = others.filter(|id| self.world.is_online(**id));
            let newer = others.filter_map(|id| self.world.report(*id));
            let newer = newer.filter(|report| report.at > told_at);
            let mut all = newer.flat_map(|report| report.ha.iter().flat_map(|ha| &ha.resources));
            all.find(is_it)
        })
    }

    /// Whether Pacemaker, which is ours to tell, runs a target.
    pub(super) fn is_pacemaker_run(&self, place: &TargetPlace) -> bool {
        let group = place.group.map(|group| &self.resolved.groups[group]);
        group.is_some_and(crate::resolved::GroupPlace::is_pacemaker)
    }
}

/// Whether a sight says that the target was never mounted; none if it does not
/// say.
fn first_time(sight: &TargetSeen) -> Option<bool> {
    match sight.source {
        TargetSource::Mount | TargetSource::ObdDevice => Some(false),
        TargetSource::MountData | TargetSource::ZfsProperties => {
            let data = sight.mount_data.as_ref()?;
            Some(data.flags.iter().any(|flag| flag == "first_time"))
        }
        TargetSource::Label | TargetSource::HaResource | TargetSource::ConfigFile => None,
    }
}

/// Whether a step is about a file system.
pub(super) fn touches(step: &Step, fs: &FsName) -> bool {
    let label = match step {
        Step::TargetFormatted(step) => &step.label,
        Step::TargetRegistered(step) => &step.label,
        Step::TargetMounted(step) => &step.label,
        Step::TargetUnmounted(step) => &step.label,
        Step::TargetWiped(step) => &step.label,
        Step::ServerPrepared(step) => &step.label,
        Step::ResourcePresent(step) => &step.resource.label,
        Step::ResourceAbsent(step) => &step.resource.label,
        Step::ResourceRole(step) => &step.resource.label,
        Step::ResourcePlaced(step) => &step.resource.label,
        Step::ConfigErased(step) => return step.fs == *fs,
        Step::ClientMounted(step) => return step.fs == *fs,
        Step::ClientUnmounted(step) => return step.fs == *fs,
        _ => return false,
    };
    label.fs() == Some(fs)
}
