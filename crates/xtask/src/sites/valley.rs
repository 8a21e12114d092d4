//! `valley`: servers of several clusters, from captures that others published
//! under permissive licences (`sites/README.md` names each).

use super::Recorded::{NidsOf, Run, TreeBlocks, TreeMounts, TreeUdev};
use super::{Host, Moment, Recorded, Site};

const TREES: &str = "devices/iml/devtrees-4-hosts.json";
const STATE: &str = "iml-state/warp-drive-cache.json";

/// The whole site.
pub fn site() -> Site {
    let trees = TREE_HOSTS
        .iter()
        .map(|(name, fqdn)| (*name, TREE_NOTE, of_tree(fqdn)));
    let cluster = CLUSTER.iter().map(|name| (*name, HA_NOTE, of_cluster()));
    let dumps = DUMPS.iter().map(|(name, file)| {
        let recorded = vec![Run(file, "lctl get_param *", 0)];
        (*name, DUMP_NOTE, recorded)
    });
    let hosts = trees.chain(cluster).chain(dumps).zip(MACHINE_IDS);
    let hosts = hosts
        .map(|((name, note, recorded), machine_id)| host(name, machine_id, note, recorded))
        .collect();
    Site {
        name: "valley",
        note: "Twelve servers of several clusters, from published captures.",
        from: "",
        hosts,
    }
}

const TREE_HOSTS: [(&str, &str); 4] = [
    ("mds1", "mds1.local"),
    ("mds2", "mds2.local"),
    ("oss1", "oss1.local"),
    ("oss2", "oss2.local"),
];
const CLUSTER: [&str; 4] = [
    "ai400-0a9c-vm00",
    "ai400-0a9c-vm01",
    "ai400-0a9c-vm02",
    "ai400-0a9c-vm03",
];
const TREE_NOTE: &str = "Its devices and mounts are from a device tree of an IML manager, its NID from that manager's state.";
const HA_NOTE: &str = "Only what its Pacemaker says is known.";
const DUMP_NOTE: &str = "Only its parameters are known; its name was not recorded, and that of its file system stands in.";

/// Servers of which one dump of parameters is known.
const DUMPS: [(&str, &str); 4] = [
    ("ai400x2", "lctl-get_param/2.14.0_ddn133-many-exports.txt"),
    ("ai400x3", "lctl-get_param/2.14.0_ddn194-mds-oss.txt"),
    ("es01a", "lctl-get_param/ipv6-nids-mds.txt"),
    ("ai400", "lctl-get_param/server-unhealthy.txt"),
];

/// Machine ids were not recorded; these stand in.
const MACHINE_IDS: [&str; 12] = [
    "7a11e700000000000000000000000001",
    "7a11e700000000000000000000000002",
    "7a11e700000000000000000000000003",
    "7a11e700000000000000000000000004",
    "7a11e700000000000000000000000005",
    "7a11e700000000000000000000000006",
    "7a11e700000000000000000000000007",
    "7a11e700000000000000000000000008",
    "7a11e700000000000000000000000009",
    "7a11e70000000000000000000000000a",
    "7a11e70000000000000000000000000b",
    "7a11e70000000000000000000000000c",
];

fn host(
    name: &'static str,
    machine_id: &'static str,
    note: &'static str,
    recorded: Vec<Recorded>,
) -> Host {
    Host {
        name,
        machine_id,
        note,
        moments: vec![Moment {
            name: "captured",
            offset_s: 0,
            silent: false,
            note,
            recorded,
        }],
    }
}

fn of_cluster() -> Vec<Recorded> {
    vec![Run(
        "ha/exascaler-crm_mon.xml",
        "crm_mon --one-shot --inactive --as-xml",
        0,
    )]
}

fn of_tree(fqdn: &'static str) -> Vec<Recorded> {
    vec![
        TreeBlocks(TREES, fqdn),
        TreeUdev(TREES, fqdn),
        TreeMounts(TREES, fqdn),
        NidsOf(STATE, fqdn),
    ]
}
