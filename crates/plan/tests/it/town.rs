//! A town: a small world that does what steps say, and reports it. It knows
//! nothing of plans.

use lustre::label::TargetLabel;
use lustre::nid::Nid;
use model::ids::ServerId;
use model::step::{LnetNet, Step, TargetResource};
use std::collections::{BTreeMap, BTreeSet};

/// The id of the server of this name.
pub fn server(name: &str) -> ServerId {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    ServerId(uuid::Uuid::from_bytes(bytes))
}

/// What a disk or dataset holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Content {
    #[default]
    Blank,
    /// Something that is not ours.
    Other(String),
    Member(String),
    Target(Target),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub label: TargetLabel,
    pub is_mgs_too: bool,
    pub is_registered: bool,
    pub mgs_nodes: Vec<Vec<Nid>>,
    pub service_nodes: Vec<Vec<Nid>>,
}

#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub content: Content,
    pub bytes: u64,
    pub seen_by: BTreeSet<String>,
}

impl Host {
    /// The cluster of itself alone that Debian's packages begin with runs.
    pub fn install_cluster(&mut self) {
        self.cluster = Some("debian".into());
        self.conf = Some(vec!["node1".into()]);
        self.services = ["corosync.service", "pacemaker.service"]
            .map(String::from)
            .into();
    }
}

#[derive(Clone, Debug, Default)]
pub struct Pool {
    pub disks: Vec<String>,
    /// The host that has it imported.
    pub on: Option<String>,
    pub dataset: BTreeMap<String, Content>,
}

#[derive(Clone, Debug, Default)]
pub struct Host {
    pub number: u8,
    pub is_watched: bool,
    pub is_silent: bool,
    pub boot: u32,
    pub nets: Vec<LnetNet>,
    pub sources: Vec<String>,
    pub filters: bool,
    pub ports: BTreeSet<String>,
    pub conf: Option<Vec<String>>,
    pub cluster: Option<String>,
    pub services: BTreeSet<String>,
    /// What is mounted: path of the device, to where.
    pub mounts: BTreeMap<String, String>,
    pub clients: BTreeMap<String, (String, String)>,
    pub folders: BTreeSet<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub nodes: Vec<String>,
    pub properties: BTreeMap<String, String>,
    pub fences: BTreeSet<String>,
    pub standby: BTreeSet<String>,
    pub resources: BTreeMap<String, Resource>,
    pub fenced: Vec<String>,
    pub maintenance: bool,
}

#[derive(Clone, Debug)]
pub struct Resource {
    pub of: TargetResource,
    pub is_started: bool,
    pub on: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Town {
    pub hosts: BTreeMap<String, Host>,
    pub disks: BTreeMap<String, Disk>,
    pub pools: BTreeMap<String, Pool>,
    pub clusters: BTreeMap<String, Cluster>,
    /// What each MGS knows, by the device it lies on.
    pub known: BTreeMap<String, BTreeSet<TargetLabel>>,
}

/// A disk's plain name: `/dev/d1` for `/dev/disk/by-id/wwn-d1`.
pub fn plain(path: &str) -> String {
    path.replace("/disk/by-id/wwn-", "/")
}

impl Town {
    pub fn name(&self, id: ServerId) -> String {
        let mut names = self.hosts.keys();
        names.find(|name| server(name) == id).unwrap().clone()
    }

    /// The target at a path: `/dev/d1` or `pool/dataset`.
    pub fn at(&mut self, path: &str) -> Option<&mut Content> {
        if let Some(disk) = plain(path).strip_prefix("/dev/") {
            return Some(&mut self.disks.get_mut(disk)?.content);
        }
        let (pool, name) = path.split_once('/')?;
        let pool = self.pools.get_mut(pool)?;
        Some(pool.dataset.entry(name.to_owned()).or_default())
    }

    fn target_at(&mut self, path: &str) -> &mut Target {
        match self.at(path) {
            Some(Content::Target(target)) => target,
            other => panic!("no target at {path}: {other:?}"),
        }
    }

    /// Mounts a target. Panics where that would hang or destroy.
    fn mount(&mut self, on: &str, path: &str, point: &str) {
        let path = &plain(path);
        assert!(
            !self.hosts[on].nets.is_empty(),
            "{path} is mounted on {on} without LNet"
        );
        for (name, host) in &self.hosts {
            assert!(
                !host.mounts.contains_key(path) || name == on,
                "{path} is mounted on {name} already"
            );
        }
        if let Some((pool, _)) = path.split_once('/').filter(|_| !path.starts_with('/')) {
            assert_eq!(self.pools[pool].on.as_deref(), Some(on), "{pool} of {path}");
        }
        let target = self.target_at(path).clone();
        let is_mgs = target.label == TargetLabel::Mgs || target.is_mgs_too;
        let mgs = if is_mgs {
            self.known.entry(path.to_owned()).or_default();
            path.to_owned()
        } else {
            let mgs = self.mgs_of(&target);
            mgs.unwrap_or_else(|| panic!("{path} is mounted without its MGS"))
        };
        if target.label != TargetLabel::Mgs {
            self.known.entry(mgs).or_default().insert(target.label);
        }
        self.target_at(path).is_registered = true;
        let host = self.hosts.get_mut(on).unwrap();
        host.mounts.insert(path.to_owned(), point.to_owned());
    }

    /// The device of the MGS that runs at one of these NIDs.
    fn mgs_of(&mut self, target: &Target) -> Option<String> {
        let at: Vec<String> = target
            .mgs_nodes
            .iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        let hosts = self.hosts.clone();
        let mounted = hosts.values().filter(|host| at.contains(&host.nid()));
        let paths: Vec<String> = mounted
            .flat_map(|host| host.mounts.keys().cloned())
            .collect();
        paths.into_iter().find(|path| {
            let found = self.target_at(path);
            found.label == TargetLabel::Mgs || found.is_mgs_too
        })
    }

    fn unmount(&mut self, on: &str, path: &str) {
        self.hosts.get_mut(on).unwrap().mounts.remove(&plain(path));
    }

    /// Does what a step says.
    pub fn apply(&mut self, on: ServerId, step: &Step) {
        let on = self.name(on);
        assert!(!self.hosts[&on].is_silent, "{on} is silent");
        assert!(!self.hosts[&on].is_watched, "{on} is only watched");
        match step {
            Step::LnetUp(step) => self.host(&on).nets.clone_from(&step.nets),
            Step::LnetDown(_) => self.host(&on).nets.clear(),
            Step::TimeSynced(step) => self.host(&on).sources.clone_from(&step.sources),
            Step::FirewallOpen(step) => self.host(&on).ports.extend(step.ports.clone()),
            Step::ServiceSet(step) => self.service(&on, &step.unit, step.is_running),
            Step::ServerRebooted(_) => {
                let host = self.host(&on);
                host.boot += 1;
                assert!(host.mounts.is_empty(), "{on} reboots with targets mounted");
            }
            Step::CorosyncConfigured(step) if step.nodes.is_empty() => {
                let host = self.host(&on);
                (host.conf, host.cluster) = (None, None);
            }
            Step::CorosyncReloaded(step) => {
                for node in &step.nodes {
                    let conf = self.hosts[node].conf.as_ref();
                    assert_eq!(conf, Some(&step.nodes), "{node} is configured first");
                }
            }
            Step::FenceConfirmed(step) => {
                let cluster = self.cluster_of(&on);
                cluster.fenced.push(step.node.clone());
            }
            Step::NodeForgotten(step) => {
                let runs = self.hosts[&step.node]
                    .services
                    .contains("pacemaker.service");
                assert!(!runs || self.hosts[&step.node].is_silent, "it still runs");
                let cluster = self.cluster_of(&on);
                cluster.nodes.retain(|node| *node != step.node);
                cluster.fences.remove(&step.node);
                cluster.standby.remove(&step.node);
            }
            Step::CorosyncConfigured(step) => {
                let nodes = step.nodes.iter().map(|node| node.name.clone());
                let host = self.host(&on);
                host.conf = Some(nodes.collect());
                host.cluster = Some(step.cluster.clone());
            }
            Step::HaProperties(step) => {
                let cluster = self.clusters.get_mut(&step.cluster).unwrap();
                cluster.properties.extend(step.properties.clone());
            }
            Step::FenceConfigured(step) => {
                let cluster = self.clusters.get_mut(&step.cluster).unwrap();
                cluster.fences.insert(step.node.clone());
            }
            Step::Standby(step) => self.standby(&on, &step.node, step.is_on),
            Step::ServerPrepared(step) => {
                self.host(&on).folders.insert(step.mount_point.clone());
            }
            Step::ResourcePresent(step) => self.resource_present(&on, &step.resource),
            Step::ResourceAbsent(step) => {
                let cluster = self.cluster_of(&on);
                let gone = cluster.resources.remove(&step.resource.id);
                assert!(gone.is_none_or(|gone| gone.on.is_none()), "it still runs");
            }
            Step::ResourceRole(step) => {
                let cluster = self.cluster_of(&on);
                let resource = cluster.resources.get_mut(&step.resource.id).unwrap();
                resource.is_started = step.is_started;
                self.settle();
            }
            Step::ResourcePlaced(step) => {
                let cluster = self.cluster_of(&on);
                let from = cluster.resources[&step.resource.id].on.clone();
                if let Some(from) = from {
                    self.stop_resource(&on, &step.resource.id, &from);
                }
                let node = step.node.clone();
                self.start_resource(&on, &step.resource.id, &node);
            }
            Step::PoolPresent(step) => {
                let disks = step
                    .devices()
                    .map(|one| plain(&one.path).replace("/dev/", ""));
                let disks: Vec<String> = disks.collect();
                for disk in &disks {
                    let content = &mut self.disks.get_mut(disk).unwrap().content;
                    *content = Content::Member(step.pool.clone());
                }
                let pool = Pool {
                    disks,
                    on: Some(on),
                    dataset: BTreeMap::new(),
                };
                self.pools.insert(step.pool.clone(), pool);
            }
            Step::PoolImported(step) => {
                let pool = self.pools.get_mut(&step.pool).unwrap();
                assert!(
                    pool.on.is_none() || pool.on.as_deref() == Some(&on) || step.fenced.is_some()
                );
                pool.on = Some(on);
            }
            Step::PoolExported(step) => {
                let busy = format!("{}/", step.pool);
                let mounted = self.hosts[&on].mounts.keys();
                assert!(!mounted.into_iter().any(|path| path.starts_with(&busy)));
                self.pools.get_mut(&step.pool).unwrap().on = None;
            }
            Step::PoolAbsent(step) => {
                let pool = self.pools.remove(&step.pool).unwrap();
                for disk in pool.disks {
                    self.disks.get_mut(&disk).unwrap().content = Content::Blank;
                }
            }
            Step::TargetFormatted(step) => {
                let target = Target {
                    label: step.label.clone(),
                    is_mgs_too: step.is_mgs_too,
                    is_registered: step.label == TargetLabel::Mgs,
                    mgs_nodes: step.mgs_nodes.clone(),
                    service_nodes: step.service_nodes.clone(),
                };
                let content = self.at(&step.device.path).unwrap();
                // As the agent looks first: what is there already stays.
                if !matches!(content, Content::Target(there) if there.label == target.label) {
                    *content = Content::Target(target);
                }
            }
            Step::TargetRegistered(step) => {
                if self.target_at(&step.device.path).is_registered {
                    return;
                }
                self.mount(&on, &step.device.path, &step.mount_point);
                self.unmount(&on, &step.device.path);
            }
            Step::TargetMounted(step) => self.mount(&on, &step.device.path, &step.mount_point),
            Step::TargetUnmounted(step) => self.unmount(&on, &step.device.path),
            Step::TargetWiped(step) => {
                *self.at(&step.device.path).unwrap() = Content::Blank;
            }
            Step::ConfigErased(step) => {
                for labels in self.known.values_mut() {
                    labels.retain(|label| label.fs() != Some(&step.fs));
                }
            }
            Step::ClientMounted(step) => {
                let mount = (step.fs.to_string(), step.source.clone());
                self.host(&on)
                    .clients
                    .insert(step.mount_point.clone(), mount);
            }
            Step::ClientUnmounted(step) => {
                self.host(&on).clients.remove(&step.mount_point);
            }
        }
    }

    fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.get_mut(name).unwrap()
    }

    fn service(&mut self, on: &str, unit: &str, is_running: bool) {
        let host = self.host(on);
        if !is_running {
            host.services.remove(unit);
            return;
        }
        host.services.insert(unit.to_owned());
        if unit == "pacemaker.service" {
            assert!(host.services.contains("corosync.service"));
            let nodes = host.conf.clone().expect("Corosync has a configuration");
            let name = host.cluster.clone().unwrap();
            self.clusters.entry(name).or_default().nodes = nodes;
        }
    }

    pub fn cluster_of(&mut self, on: &str) -> &mut Cluster {
        let mut all = self.clusters.values_mut();
        all.find(|cluster| cluster.nodes.iter().any(|node| node == on))
            .unwrap()
    }

    fn standby(&mut self, on: &str, node: &str, is_on: bool) {
        let cluster = self.cluster_of(on);
        if is_on {
            cluster.standby.insert(node.to_owned());
        } else {
            cluster.standby.remove(node);
        }
        let there = cluster
            .resources
            .iter()
            .filter(|(_, r)| r.on.as_deref() == Some(node));
        let there: Vec<String> = there.map(|(id, _)| id.clone()).collect();
        if is_on {
            for id in there {
                self.stop_resource(on, &id, node);
            }
        }
        self.settle();
    }

    fn resource_present(&mut self, on: &str, of: &TargetResource) {
        if let Some(known) = self.cluster_of(on).resources.get_mut(&of.id) {
            known.of = of.clone();
            return;
        }
        let resource = Resource {
            of: of.clone(),
            is_started: false,
            on: None,
        };
        let mounted = self
            .hosts
            .values()
            .any(|host| host.mounts.contains_key(&plain(&of.device)));
        assert!(!mounted, "{} is added while it is mounted by hand", of.id);
        for node in &of.nodes {
            let is_there = self.hosts[node].folders.contains(&of.mount_point);
            assert!(is_there, "{} has nowhere to be mounted on {node}", of.id);
        }
        self.cluster_of(on)
            .resources
            .insert(of.id.clone(), resource);
    }

    fn stop_resource(&mut self, on: &str, id: &str, from: &str) {
        let cluster = self.cluster_of(on);
        let resource = cluster.resources.get_mut(id).unwrap();
        resource.on = None;
        let of = resource.of.clone();
        self.unmount(from, &of.device);
        if let Some(pool) = &of.zpool {
            self.pools.get_mut(pool).unwrap().on = None;
        }
    }

    fn start_resource(&mut self, on: &str, id: &str, node: &str) {
        let resource = self.cluster_of(on).resources.get_mut(id).unwrap();
        resource.on = Some(node.to_owned());
        let of = resource.of.clone();
        if let Some(pool) = &of.zpool {
            let pool = self.pools.get_mut(pool).unwrap();
            assert!(pool.on.is_none(), "{id}: its pool is imported elsewhere");
            pool.on = Some(node.to_owned());
        }
        self.mount(node, &of.device, &of.mount_point);
    }

    /// Pacemaker does what it is told.
    pub fn settle(&mut self) {
        let hosts = self.hosts.clone();
        let names: Vec<String> = self.clusters.keys().cloned().collect();
        for name in names {
            let cluster = self.clusters[&name].clone();
            for (id, resource) in &cluster.resources {
                let able = resource.of.nodes.iter().find(|node| {
                    !cluster.standby.contains(*node)
                        && !hosts[*node].is_silent
                        && hosts[*node].services.contains("pacemaker.service")
                });
                match (&resource.on, resource.is_started, able) {
                    (None, true, Some(node)) => self.start_resource(&cluster.nodes[0], id, node),
                    (Some(from), false, _) => self.stop_resource(&cluster.nodes[0], id, from),
                    _ => {}
                }
            }
        }
    }
}

impl Host {
    pub fn nid(&self) -> String {
        format!("10.0.0.{}@tcp", self.number)
    }
}
