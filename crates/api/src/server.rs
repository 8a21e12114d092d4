//! Servers.

pub use model::report::{
    ClientMount, Firewall, Hardware, Identity, Interface, Lnet, Mount, Os, Package, Service,
    TimeSync, Unread, Zpool,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Concern {
    /// Stable code with a page in `docs/errors`.
    pub code: String,
    /// One sentence.
    pub text: String,
}

/// A reference to a named thing.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
pub struct Ref {
    /// Id for URLs.
    pub id: String,
    /// Name to show.
    pub name: String,
}

/// A server in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Server {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Fully qualified name.
    pub fqdn: String,
    /// `online` (its agent is connected), `stale` (silent), `revoked`.
    pub state: String,
    /// `mgs`, `mds`, `oss`, `client`, `router`.
    pub roles: Vec<String>,
    /// NIDs.
    pub nids: Vec<String>,
    /// Addresses.
    pub addresses: Vec<String>,
    /// Distribution.
    pub os: Option<String>,
    /// Kernel release.
    pub kernel: Option<String>,
    /// Lustre version.
    pub lustre_version: Option<String>,
    /// Labels of targets mounted on it.
    pub mounted: Vec<Ref>,
    /// How many targets it may serve.
    pub n_may_serve: u64,
    /// Its HA cluster.
    pub ha_cluster: Option<Ref>,
    /// When its facts were read (RFC 3339).
    pub seen_at: Option<String>,
    /// Age of its facts in seconds.
    pub age_s: Option<u64>,
    /// The site it was enrolled under, if any (demo).
    pub site: Option<String>,
    /// Version of its agent.
    pub agent_version: String,
    /// Whether Candela may change it; else it is only watched.
    #[serde(default)]
    pub is_managed: bool,
    /// Processors.
    pub n_cpus: Option<u32>,
    /// Memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Address of its BMC, where the server knows it.
    #[serde(default)]
    pub bmc_address: Option<String>,
    /// What needs attention.
    pub concerns: Vec<Concern>,
}

/// A server with all its facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServerDetail {
    /// The row.
    #[serde(flatten)]
    pub server: Server,
    /// Identity.
    pub identity: Identity,
    /// Distribution and kernel.
    pub os_facts: Option<Os>,
    /// Processors and memory.
    pub hardware: Option<Hardware>,
    /// Packages.
    pub packages: Vec<Package>,
    /// Services.
    pub services: Vec<Service>,
    /// Interfaces.
    pub interfaces: Vec<Interface>,
    /// LNet.
    pub lnet: Option<Lnet>,
    /// Devices as a tree, roots first.
    pub devices: Vec<crate::device::DeviceNode>,
    /// Pools with vdevs.
    pub zpools: Vec<Zpool>,
    /// Mounts.
    pub mounts: Vec<Mount>,
    /// Client mounts.
    pub clients: Vec<ClientMount>,
    /// Targets that it may serve.
    pub may_serve: Vec<Ref>,
    /// Time.
    pub time: Option<TimeSync>,
    /// Firewall.
    pub firewall: Option<Firewall>,
    /// What its agent could not read, and why.
    pub unread: Vec<Unread>,
}
