//! The network: interfaces, addresses, routes, counters, the packet filter.

pub mod ethtool;
pub mod firewalld;
pub mod infiniband;
pub mod ip_addr;
pub mod ip_route;
pub mod ip_text;
pub mod iptables;
pub mod net_dev;
pub mod nft;
pub mod packet_filter;

use stdx::reading::Kind;

/// The kinds of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &ip_addr::KIND,
        &ip_text::KIND,
        &ip_route::TEXT,
        &ip_route::JSON,
        &net_dev::KIND,
        &ethtool::LINK,
        &ethtool::PAIRS,
        &infiniband::KIND,
        &firewalld::KIND,
        &nft::TEXT,
        &nft::JSON,
        &iptables::KIND,
    ]
}
