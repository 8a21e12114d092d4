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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
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
    /// Processors.
    pub n_cpus: Option<u32>,
    /// Memory, bytes.
    pub memory_bytes: Option<u64>,
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
    #[schema(value_type = Object)]
    pub identity: Identity,
    /// Distribution and kernel.
    #[schema(value_type = Option<Object>)]
    pub os_facts: Option<Os>,
    /// Processors and memory.
    #[schema(value_type = Option<Object>)]
    pub hardware: Option<Hardware>,
    /// Packages.
    #[schema(value_type = Vec<Object>)]
    pub packages: Vec<Package>,
    /// Services.
    #[schema(value_type = Vec<Object>)]
    pub services: Vec<Service>,
    /// Interfaces.
    #[schema(value_type = Vec<Object>)]
    pub interfaces: Vec<Interface>,
    /// LNet.
    #[schema(value_type = Option<Object>)]
    pub lnet: Option<Lnet>,
    /// Devices as a tree, roots first.
    pub devices: Vec<crate::device::DeviceNode>,
    /// Pools with vdevs.
    #[schema(value_type = Vec<Object>)]
    pub zpools: Vec<Zpool>,
    /// Mounts.
    #[schema(value_type = Vec<Object>)]
    pub mounts: Vec<Mount>,
    /// Client mounts.
    #[schema(value_type = Vec<Object>)]
    pub clients: Vec<ClientMount>,
    /// Targets that it may serve.
    pub may_serve: Vec<Ref>,
    /// Time.
    #[schema(value_type = Option<Object>)]
    pub time: Option<TimeSync>,
    /// Firewall.
    #[schema(value_type = Option<Object>)]
    pub firewall: Option<Firewall>,
    /// What its agent could not read, and why.
    #[schema(value_type = Vec<Object>)]
    pub unread: Vec<Unread>,
}
