//! A spec that makes one file system of the whole cluster, with Pacemaker and
//! fencing: something to begin with, and to change.

use crate::world::layout::Layout;
use stdx::hostlist;

/// The secret of the BMCs.
pub(super) const SECRET: &str = "demo-bmc";
/// The interfaces of each server: LNet's, and a second link for Corosync.
const LINKS: &str = "[eth0, eth1]";

/// The spec, for people.
pub(super) fn spec(layout: &Layout) -> String {
    let names = layout.names();
    let all: Vec<&String> = names.iter().map(|name| &name.0).collect();
    let mut out = format!(
        "# What the demo's servers can be made into: change it, or take it as it is.\ncandela: 1\nservers:\n- names: {}\nha_groups:\n",
        hostlist::fold(&all)
    );
    let mut groups = Vec::new();
    for (number, members) in all.chunks(layout.per_group).enumerate() {
        let name = match number {
            0 => String::from("mds"),
            _ => format!("oss-{number}"),
        };
        out += &format!(
            "- name: {name}\n  servers: {}\n  links: {LINKS}\n  fencing:\n    agent: fence_ipmilan\n    parameters: {{username: admin, lanplus: '1'}}\n    servers:\n",
            hostlist::fold(members)
        );
        for (place, server) in members.iter().enumerate() {
            let place = number * layout.per_group + place;
            let (high, low) = (place / 250, place % 250 + 1);
            out += &format!("      {server}: {{ip: 10.30.{high}.{low}}}\n");
        }
        out += &format!("    secrets: {{password: {SECRET}}}\n");
        groups.push(name);
    }
    let oss = if groups.len() > 1 {
        &groups[1..]
    } else {
        &groups
    };
    let n_oss = oss.len() * layout.per_group;
    // Two for each server, as far as indexes go with room to grow.
    let per_server = if n_oss > 2000 { 1 } else { 2 };
    out += &format!(
        "networks:\n- {{net: tcp, interfaces: [eth0]}}\ntime: {{sources: [10.10.255.1]}}\nfilesystems:\n- name: lab\n  mgs:\n    own: {{count: 1, select: {{}}, ha_groups: [mds]}}\n  mdts:\n  - {{count: 2, select: {{}}, ha_groups: [mds]}}\n  osts:\n  - {{count: {}, select: {{}}, ha_groups: [{}]}}\n",
        n_oss * per_server,
        oss.join(", ")
    );
    out
}
