//! EXAScaler's description of a cluster: the operator's `exascaler.conf`, and
//! the JSON that EXAScaler's tools make of it. Both give the same records.
//!
//! Passwords are never kept.

pub mod conf;
pub mod json;

use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use lustre::nid::Nid;
use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::Sink;

use crate::storage::text;

/// All that a description says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// What holds for the whole cluster.
    pub cluster: Option<Cluster>,
    /// How failover is set up.
    pub ha: Option<Ha>,
    /// The servers and further hosts, by name.
    pub hosts: Vec<Host>,
    /// The file systems, by name.
    pub filesystems: Vec<FileSystem>,
    /// The targets, by file system, kind and index; the MGT first.
    pub targets: Vec<Target>,
    /// The storage systems, by name.
    pub sfas: Vec<Sfa>,
    /// Named sets of OSTs, by name.
    pub ost_pools: Vec<OstPool>,
    /// Lustre parameters and kernel settings.
    pub tunings: Vec<Tuning>,
    /// What there is no type for: web page, REST service, HSM.
    pub sections: Vec<Section>,
}

/// What holds for the whole cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// Its name.
    pub name: Option<String>,
    /// Its file systems.
    pub filesystems: Vec<String>,
    /// Its storage systems.
    pub sfas: Vec<String>,
    /// Hosts that only mount.
    pub clients: Vec<String>,
    /// Hosts beside servers and clients.
    pub extra_hosts: Vec<String>,
    /// Time servers.
    pub ntp_servers: Vec<String>,
    /// Its time zone.
    pub timezone: Option<String>,
    /// Where logs are gathered.
    pub log_dir: Option<String>,
    /// Whether a host that loses its network stops its targets.
    pub has_pingd: Option<bool>,
}

/// How failover is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ha {
    /// `corosync` or `none`.
    pub kind: Option<String>,
    /// `multicast` or `unicast`.
    pub transport: Option<String>,
    /// What Pacemaker does without quorum.
    pub no_quorum_policy: Option<String>,
    /// Which of the hosts' rings Corosync runs on.
    pub rings: Vec<String>,
    /// Corosync's port.
    pub port: Option<u16>,
    /// Whether failover begins at boot.
    pub starts_at_boot: Option<bool>,
    /// How long a fence may take, in seconds.
    pub fence_timeout_s: Option<u64>,
    /// How long mounting a target may take, in seconds.
    pub mount_timeout_s: Option<u64>,
    /// Hosts that take over from each other.
    pub groups: Vec<Vec<String>>,
}

/// An interface of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: Option<String>,
    /// Its mask.
    pub netmask: Option<String>,
    /// The gateway behind it.
    pub gateway: Option<String>,
}

/// A network that LNet runs, and on what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HostNet {
    /// The network as NIDs name it.
    pub net: String,
    /// The host's interfaces on it.
    pub interfaces: Vec<String>,
}

/// A host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Its interfaces, by name.
    pub interfaces: Vec<Interface>,
    /// Its LNet networks.
    pub nets: Vec<HostNet>,
    /// Its NIDs: the addresses of the interfaces on its networks.
    pub nids: Vec<Nid>,
    /// Hosts that take over from it, the first first.
    pub peers: Vec<String>,
    /// How it is fenced: `sfa_vm`, `ipmi`, `ssh`, `none`.
    pub fence_kind: Option<String>,
    /// Hosts that fence it best.
    pub fence_peers: Vec<String>,
    /// Interfaces of Corosync's rings.
    pub rings: Vec<String>,
    /// Number of the virtual machine on its controller.
    pub oid: Option<String>,
    /// The storage systems it sees.
    pub sfas: Vec<String>,
}

/// A file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileSystem {
    /// Its name.
    pub name: String,
    /// `ldiskfs` or `zfs`.
    pub backend: Option<String>,
    /// Servers that may mount the MGT, the primary first.
    pub mgs: Vec<String>,
    /// Servers of MDTs.
    pub mds: Vec<String>,
    /// Servers of OSTs.
    pub oss: Vec<String>,
    /// Whether it has the MGT; otherwise another file system has it.
    pub has_mgt: Option<bool>,
    /// Whether the MGT is on a device of its own.
    pub is_mgt_apart: Option<bool>,
    /// Whether MDTs return to their home.
    pub has_mdt_failback: Option<bool>,
    /// Mount options of the MGT.
    pub mgt_options: Option<String>,
    /// Mount options of MDTs.
    pub mdt_options: Option<String>,
    /// Mount options of OSTs.
    pub ost_options: Option<String>,
    /// Its pools of OSTs.
    pub ost_pools: Vec<String>,
}

/// A target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Its label, once it is formatted.
    pub label: TargetLabel,
    /// The file system.
    pub filesystem: String,
    /// What it holds.
    pub kind: TargetKind,
    /// The server it belongs to.
    pub home: String,
    /// All servers that may mount it, its home first.
    pub servers: Vec<String>,
    /// The folder of its device.
    pub device_dir: Option<String>,
}

/// A storage system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sfa {
    /// Its name.
    pub name: String,
    /// Addresses of its controllers.
    pub controllers: Vec<String>,
}

/// A named set of OSTs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OstPool {
    /// Its name.
    pub name: String,
    /// Indices of its OSTs.
    pub osts: Vec<u16>,
}

/// A setting of Lustre or of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Tuning {
    /// `set_param`, `conf_param` or `sysctl`.
    pub with: &'static str,
    /// The host, if it is not for all.
    pub host: Option<String>,
    /// The parameter.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A section there is no type for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: BTreeMap<String, String>,
}

/// Whether a field holds a secret, so that it is not kept.
pub(crate) fn is_secret(key: &str) -> bool {
    key.contains("pass") && !key.contains("policy") || key.contains("secret")
}

/// NIDs of a host, by its networks.
fn nids(nets: &[HostNet], interfaces: &[Interface]) -> Vec<Nid> {
    let address = |name: &str| {
        let found = interfaces.iter().find(|one| one.name == name)?;
        found.address.as_deref()
    };
    let nid = |net: &HostNet, name: &str| format!("{}@{}", address(name)?, net.net).parse().ok();
    nets.iter()
        .flat_map(|net| net.interfaces.iter().filter_map(|name| nid(net, name)))
        .collect()
}

/// The servers of a target: its home, then the peers of its home that serve
/// the same kind; for the MGT the list itself.
fn servers(home: &str, hosts: &[Host], able: &[String]) -> Vec<String> {
    let peers = hosts.iter().find(|host| host.name == home);
    let peers = peers.map(|host| host.peers.as_slice()).unwrap_or_default();
    let mut all = vec![home.to_owned()];
    all.extend(peers.iter().filter(|peer| able.contains(peer)).cloned());
    all
}

/// A target of an index, if the file system's name is one.
fn target(fs: &str, kind: TargetKind, index: u16, home: &str) -> Option<Target> {
    Some(Target {
        label: TargetLabel::Of {
            fs: FsName::new(fs).ok()?,
            kind,
            index: TargetIndex(index),
        },
        filesystem: fs.to_owned(),
        kind,
        home: home.to_owned(),
        servers: Vec::new(),
        device_dir: None,
    })
}

/// The MGT of a file system that has one.
fn mgt(fs: &FileSystem, device_dir: Option<String>) -> Option<Target> {
    let home = fs.mgs.first().filter(|_| fs.has_mgt != Some(false))?;
    Some(Target {
        label: TargetLabel::Mgs,
        filesystem: fs.name.clone(),
        kind: TargetKind::Mgt,
        home: home.clone(),
        servers: fs.mgs.clone(),
        device_dir,
    })
}

/// Sorts what has no order of its own, and completes the targets' servers.
fn complete(mut site: Site) -> Site {
    site.hosts.sort_by(|a, b| a.name.cmp(&b.name));
    site.filesystems.sort_by(|a, b| a.name.cmp(&b.name));
    site.sfas.sort_by(|a, b| a.name.cmp(&b.name));
    site.ost_pools.sort_by(|a, b| a.name.cmp(&b.name));
    site.tunings.sort();
    for target in &mut site.targets {
        let fs = site
            .filesystems
            .iter()
            .find(|fs| fs.name == target.filesystem);
        let able = match (target.kind, fs) {
            (TargetKind::Mgt, _) | (_, None) => continue,
            (TargetKind::Mdt, Some(fs)) => &fs.mds,
            (TargetKind::Ost, Some(fs)) => &fs.oss,
        };
        target.servers = servers(&target.home, &site.hosts, able);
    }
    site.targets
        .sort_by(|a, b| (&a.filesystem, &a.label).cmp(&(&b.filesystem, &b.label)));
    site
}

fn emit(site: &Site, sink: &mut dyn Sink) {
    let none = Vec::new;
    text::emit("exascaler.cluster", site.cluster.as_slice(), none(), sink);
    text::emit("exascaler.ha", site.ha.as_slice(), none(), sink);
    text::emit("exascaler.host", &site.hosts, none(), sink);
    text::emit("exascaler.filesystem", &site.filesystems, none(), sink);
    text::emit("exascaler.target", &site.targets, none(), sink);
    text::emit("exascaler.sfa", &site.sfas, none(), sink);
    text::emit("exascaler.ost-pool", &site.ost_pools, none(), sink);
    text::emit("exascaler.tuning", &site.tunings, none(), sink);
    text::emit("exascaler.section", &site.sections, none(), sink);
}
