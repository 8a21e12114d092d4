//! LNet as `lnetctl` and `lctl` show it, and as `/etc/lnet.conf` sets it up.
//!
//! - [`tree`]: keys and list items by their columns. - [`net`], [`peer`],
//!   [`route`]: what the sections hold. - [`error`]: what a command could not do.
//! - [`read`]: sections to a [`Document`]. - [`print`]: a document that
//!   `lnetctl import` takes. - [`nids`], [`connections`]: what `lctl` lists.
//! - [`kind`]: the kinds for `candela inspect`.

pub mod connections;
pub mod error;
pub mod kind;
pub mod net;
pub mod nids;
pub mod peer;
pub mod print;
pub mod proc_files;
pub mod read;
pub mod route;
pub mod tree;

pub use error::LnetError;
pub use net::{Net, Ni};
pub use peer::{Peer, PeerNi};
pub use read::parse;
pub use route::{IpToNet, Route, RouterPool, Udsp};

use serde::Serialize;
use std::collections::BTreeMap;

/// Numbers by the name that they are printed under.
pub type Counts = BTreeMap<String, i64>;

/// Everything that one output or file says. Sections that are absent are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Document {
    /// Networks with this host's interfaces.
    pub nets: Vec<Net>,
    /// Peers.
    pub peers: Vec<Peer>,
    /// Peers that answered `ping`.
    pub pinged: Vec<Peer>,
    /// Peers that `discover` found.
    pub discovered: Vec<Peer>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Whether this host routes, where it was said.
    pub is_router: Option<bool>,
    /// Buffers of a router.
    pub router_pools: Vec<RouterPool>,
    /// Sizes of the router's buffers, as configured.
    pub buffers: Option<Counts>,
    /// Settings of the whole host.
    pub global: Option<Counts>,
    /// Counters of the whole host.
    pub statistics: Option<Counts>,
    /// Networks to be chosen by address.
    pub ip_to_nets: Vec<IpToNet>,
    /// Rules that select interfaces (UDSP).
    pub udsps: Vec<Udsp>,
    /// What a command could not do.
    pub errors: Vec<LnetError>,
}

impl Document {
    /// All interfaces of this host, of all networks.
    pub fn nis(&self) -> impl Iterator<Item = &Ni> {
        self.nets.iter().flat_map(|net| &net.nis)
    }
}
