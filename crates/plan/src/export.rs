//! What is there, as a spec: planning it does nothing, so that a cluster that
//! runs is adopted without a change.

use crate::world::World;
use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use lustre::nid::print_nodes;
use model::ids::ServerId;
use model::inventory::{FileSystem, HaCluster, Target, TargetKey};
use model::report::HaNodeState;
use model::spec::{
    BackEnd, ClientSpec, FORM, Fencing, FsSpec, FsWanted, HaGroup, HaManager, MgsSpec, NetworkSpec,
    ServerSpec, ServerWanted, Spec, TargetsSpec, TimeSpec,
};
use std::collections::{BTreeMap, BTreeSet};
use stdx::hostlist::fold;

/// A spec of all that is managed, as it is now.
pub fn export(world: World<'_>) -> Spec {
    let exporter = Exporter {
        names: names(world),
        world,
    };
    Spec {
        candela: FORM,
        servers: exporter.servers(),
        ha_groups: exporter.groups(),
        networks: exporter.networks(),
        time: exporter.time(),
        filesystems: exporter.filesystems(),
        clients: exporter.clients(),
        ..Spec::default()
    }
}

/// A name for each managed server that no other server has.
fn names(world: World<'_>) -> BTreeMap<ServerId, String> {
    let reports = world.reports.iter();
    let reports = reports.filter(|(id, _)| world.managed.contains(id));
    let mut taken: BTreeMap<&str, u32> = BTreeMap::new();
    for report in world.reports.values() {
        let own = BTreeSet::from([
            report.identity.hostname.as_str(),
            report.identity.fqdn.as_str(),
        ]);
        for name in own {
            *taken.entry(name).or_default() += 1;
        }
    }
    let named = reports.map(|(id, report)| {
        let short = report.identity.hostname.as_str();
        let is_own = taken.get(short) == Some(&1);
        let name = if is_own {
            short
        } else {
            report.identity.fqdn.as_str()
        };
        (*id, name.to_owned())
    });
    named.collect()
}

struct Exporter<'a> {
    world: World<'a>,
    names: BTreeMap<ServerId, String>,
}

impl Exporter<'_> {
    fn fold(&self, ids: impl IntoIterator<Item = ServerId>) -> String {
        let mut names: Vec<&String> = ids
            .into_iter()
            .filter_map(|id| self.names.get(&id))
            .collect();
        names.sort();
        fold(&names)
    }

    fn servers(&self) -> Vec<ServerSpec> {
        let all = self.names.keys().copied();
        let (drained, serving): (Vec<_>, Vec<_>) = all.partition(|id| self.is_standby(*id));
        let parts = [
            (serving, ServerWanted::InService),
            (drained, ServerWanted::Drained),
        ];
        let parts = parts.into_iter().filter(|(ids, _)| !ids.is_empty());
        parts
            .map(|(ids, state)| ServerSpec {
                names: self.fold(ids),
                state,
            })
            .collect()
    }

    fn cluster(&self, id: ServerId) -> Option<&HaCluster> {
        let server = self.world.inventory.servers.get(&id)?;
        self.world.inventory.ha_clusters.get(server.ha.as_ref()?)
    }

    fn is_standby(&self, id: ServerId) -> bool {
        let Some(report) = self.world.report(id) else {
            return false;
        };
        let names = [&report.identity.hostname, &report.identity.fqdn];
        let mut nodes = self.cluster(id).into_iter().flat_map(|c| &c.nodes);
        nodes.any(|node| names.contains(&&node.name) && node.state == HaNodeState::Standby)
    }

    fn groups(&self) -> Vec<HaGroup> {
        let clusters = self.world.inventory.ha_clusters.values();
        let mut taken = BTreeSet::new();
        let mut groups = Vec::new();
        for (nth, cluster) in clusters.enumerate() {
            let servers = cluster.servers.iter().copied();
            let servers: Vec<ServerId> = servers.filter(|id| self.names.contains_key(id)).collect();
            if servers.is_empty() {
                continue;
            }
            let name = cluster.name.replace(|c: char| !is_plain(c), "-");
            let mut name: String = name.chars().take(32).collect();
            if name.is_empty() || !taken.insert(name.clone()) {
                name = format!("group-{nth}");
            }
            let is_pacemaker = cluster.manager == "pacemaker";
            groups.push(HaGroup {
                name,
                servers: self.fold(servers.iter().copied()),
                manager: if is_pacemaker {
                    HaManager::Pacemaker
                } else {
                    HaManager::None
                },
                links: Vec::new(),
                fencing: is_pacemaker
                    .then(|| self.fencing(cluster, &servers))
                    .flatten(),
            });
        }
        groups
    }

    /// Fencing devices without their parameters, which are not reported.
    fn fencing(&self, cluster: &HaCluster, servers: &[ServerId]) -> Option<Fencing> {
        let first = cluster.fence_devices.first()?;
        let names = servers.iter().filter_map(|id| self.names.get(id));
        Some(Fencing {
            agent: first.agent.trim_start_matches("stonith:").to_owned(),
            servers: names.map(|name| (name.clone(), BTreeMap::new())).collect(),
            ..Fencing::default()
        })
    }

    fn networks(&self) -> Vec<NetworkSpec> {
        let mut found: BTreeMap<(String, Vec<String>), Vec<ServerId>> = BTreeMap::new();
        for &id in self.names.keys() {
            let lnet = self
                .world
                .report(id)
                .and_then(|report| report.lnet.as_ref());
            let mut by_net: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for ni in lnet.into_iter().flat_map(|lnet| &lnet.nis) {
                let interfaces = by_net.entry(ni.nid.net().to_owned()).or_default();
                interfaces.extend(ni.interfaces.iter().cloned());
                if ni.interfaces.is_empty() {
                    interfaces.extend(self.carrier(id, ni.nid.address()));
                }
            }
            for key in by_net.into_iter().filter(|(_, names)| !names.is_empty()) {
                found.entry(key).or_default().push(id);
            }
        }
        let all = self.names.len();
        let found = found.into_iter();
        found
            .map(|((net, interfaces), ids)| NetworkSpec {
                net,
                interfaces,
                servers: (ids.len() < all).then(|| self.fold(ids)),
            })
            .collect()
    }

    /// The interface that has an address.
    fn carrier(&self, id: ServerId, address: &str) -> Option<String> {
        let all = self.world.report(id)?.interfaces.as_ref()?;
        let has = |text: &String| text.split('/').next() == Some(address);
        let found = all.iter().find(|one| one.addresses.iter().any(has))?;
        Some(found.name.clone())
    }

    /// Sources of time, where all servers that follow any follow the same.
    fn time(&self) -> Option<TimeSpec> {
        let ids = self.names.keys();
        let reports = ids.filter_map(|id| self.world.report(*id)?.time.as_ref());
        let each = reports.map(|time| {
            let names = time.sources.iter().map(|source| source.name.clone());
            let is_chrony = time.service.starts_with("chrony");
            names.filter(|_| is_chrony).collect::<Vec<String>>()
        });
        let mut each: Vec<Vec<String>> = each.collect();
        each.dedup();
        match each.as_slice() {
            [sources] if !sources.is_empty() => Some(TimeSpec {
                sources: sources.clone(),
            }),
            _ => None,
        }
    }

    fn filesystems(&self) -> Vec<FsSpec> {
        let mut owners: BTreeMap<&TargetKey, &FsName> = BTreeMap::new();
        let mut found = Vec::new();
        for fs in self.world.inventory.filesystems.values() {
            let targets: Vec<&Target> = fs
                .targets
                .iter()
                .filter_map(|key| self.world.target(key))
                .filter(|target| target.device.is_some())
                .collect();
            let is_ours = targets.iter().any(|target| self.is_ours(target));
            if !is_ours {
                continue;
            }
            let mgs = self.mgs(fs, &mut owners);
            let kinds = |kind: TargetKind| -> Vec<TargetsSpec> {
                let of_kind = targets.iter().filter(|target| target.kind == kind);
                entries(of_kind.map(|target| self.entry(target)))
            };
            let is_zfs = targets.iter().any(|t| t.back_end.as_deref() == Some("zfs"));
            let is_up = targets.iter().any(|target| !target.mounted_on.is_empty());
            found.push(FsSpec {
                name: fs.name.clone(),
                state: if is_up {
                    FsWanted::Mounted
                } else {
                    FsWanted::Stopped
                },
                back_end: if is_zfs {
                    BackEnd::Zfs
                } else {
                    BackEnd::Ldiskfs
                },
                mgs,
                mdts: kinds(TargetKind::Mdt),
                osts: kinds(TargetKind::Ost),
            });
        }
        found
    }

    fn is_ours(&self, target: &Target) -> bool {
        let mut servers = target.servers.iter();
        servers.any(|id| self.names.contains_key(id))
    }

    fn mgs<'f>(
        &self,
        fs: &'f FileSystem,
        owners: &mut BTreeMap<&'f TargetKey, &'f FsName>,
    ) -> MgsSpec {
        let seen = fs
            .mgt
            .as_ref()
            .and_then(|key| Some((key, self.world.target(key)?)));
        let seen = seen.filter(|(_, target)| target.device.is_some() && self.is_ours(target));
        let Some((key, target)) = seen else {
            let nodes: Vec<_> = fs.mgs_nids.iter().map(|nid| vec![nid.clone()]).collect();
            return MgsSpec::External(nodes.into_iter().map(|node| print_nodes(&[node])).collect());
        };
        if target.label.fs() == Some(&fs.name) {
            return MgsSpec::OnMdt0;
        }
        if let TargetLabel::Of { fs: other, .. } = &target.label {
            return MgsSpec::Of(other.to_string());
        }
        if let Some(owner) = owners.get(key) {
            return MgsSpec::Of(owner.to_string());
        }
        owners.insert(key, &fs.name);
        let mut own = self.entry(target);
        own.index = None;
        own.count = None;
        MgsSpec::Own(Box::new(own))
    }

    /// One target as an entry.
    fn entry(&self, target: &Target) -> TargetsSpec {
        let home = target.home.as_ref().or(target.servers.first());
        TargetsSpec {
            index: target.label.index().map(|TargetIndex(index)| index),
            devices: target.device.iter().map(|id| id.0.clone()).collect(),
            home: home.and_then(|id| self.names.get(id).cloned()),
            ..TargetsSpec::default()
        }
    }

    fn clients(&self) -> Vec<ClientSpec> {
        let mut found: BTreeMap<(FsName, String), Vec<ServerId>> = BTreeMap::new();
        for ((server, mount_point), client) in &self.world.inventory.clients {
            if self.names.contains_key(server) {
                let key = (client.fs_name.clone(), mount_point.clone());
                found.entry(key).or_default().push(*server);
            }
        }
        let found = found.into_iter();
        found
            .map(|((filesystem, mount_point), ids)| ClientSpec {
                filesystem,
                servers: self.fold(ids),
                mount_point,
                options: Vec::new(),
                mounted: true,
            })
            .collect()
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Entries of one target each, joined where they follow each other at one home.
fn entries(each: impl Iterator<Item = TargetsSpec>) -> Vec<TargetsSpec> {
    let mut sorted: Vec<TargetsSpec> = each.collect();
    sorted.sort_by_key(|entry| entry.index);
    let mut joined: Vec<TargetsSpec> = Vec::new();
    for entry in sorted {
        if let Some(last) = joined.last_mut() {
            let next = u16::try_from(last.devices.len())
                .ok()
                .and_then(|n| last.index?.checked_add(n));
            if last.home == entry.home && next == entry.index && !entry.devices.is_empty() {
                last.devices.extend(entry.devices);
                continue;
            }
        }
        joined.push(entry);
    }
    joined
}
