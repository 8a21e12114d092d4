//! The JSON form of EXAScaler's description.

use lustre::label::TargetKind;
use serde_json::{Map, Value};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{
    Cluster, FileSystem, Ha, Host, HostNet, Interface, OstPool, Section, Sfa, Site, Target, Tuning,
};
use crate::config::lines;
use crate::storage::json::{self, field};

/// The reader of the JSON form.
pub static KIND: Kind = Kind {
    name: "exascaler-json",
    about: "EXAScaler's description of a cluster, as JSON",
    guess,
    read,
};

/// Reads the description.
pub fn parse(input: &[u8]) -> (Site, Vec<Skip>) {
    let mut skips = Vec::new();
    let Some(root) = json::read(input, &mut skips) else {
        return (Site::default(), skips);
    };
    let mut site = Site {
        cluster: object(&root, "global_settings").map(cluster),
        ha: object(&root, "ha_settings").map(ha),
        hosts: each(&root, "hosts_settings", host),
        filesystems: each(&root, "fs_settings", filesystem),
        sfas: each(&root, "sfa_settings", |name, value| Sfa {
            name: name.to_owned(),
            controllers: texts(value, "controllers"),
        }),
        ost_pools: each(&root, "pool_settings", ost_pool),
        ..Site::default()
    };
    for (name, value) in members(root.get("fs_settings")) {
        site.targets.extend(targets(name, value));
    }
    site.tunings = tunings(&root);
    site.sections = sections(&root);
    if site.hosts.is_empty() && site.filesystems.is_empty() && skips.is_empty() {
        skips.push(Skip::new(
            1,
            SkipKind::Unknown,
            "neither `hosts_settings` nor `fs_settings`",
        ));
    }
    (super::complete(site), skips)
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn object<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|one| one.is_object())
}

fn each<T>(root: &Value, key: &str, make: impl Fn(&str, &Value) -> T) -> Vec<T> {
    members(root.get(key))
        .map(|(name, value)| make(name, value))
        .collect()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array);
    let list = list.into_iter().flatten();
    list.filter_map(json::text).collect()
}

fn flag(value: &Value, key: &str) -> Option<bool> {
    value.get(key).and_then(Value::as_bool)
}

fn cluster(value: &Value) -> Cluster {
    let mut extra_hosts = texts(value, "extra_hosts_start");
    extra_hosts.extend(texts(value, "extra_hosts_end"));
    Cluster {
        name: field(value, "cluster_name"),
        filesystems: texts(value, "fs_list"),
        sfas: texts(value, "sfa_list"),
        clients: texts(value, "clients_list"),
        extra_hosts,
        ntp_servers: texts(value, "ntp_list"),
        timezone: field(value, "timezone"),
        log_dir: field(value, "log_dir"),
        has_pingd: flag(value, "pingd"),
    }
}

fn ha(value: &Value) -> Ha {
    let number = |key| value.get(key).and_then(Value::as_u64);
    let groups = value.get("ha_groups").and_then(Value::as_array);
    let group = |one: &Value| {
        let names = one.as_array().into_iter().flatten();
        names.filter_map(json::text).collect()
    };
    Ha {
        kind: field(value, "type"),
        transport: field(value, "transport"),
        no_quorum_policy: field(value, "no_quorum_policy"),
        rings: texts(value, "corosync_nics"),
        port: number("mcastport").and_then(|port| u16::try_from(port).ok()),
        starts_at_boot: flag(value, "start_on_boot"),
        fence_timeout_s: number("stonith_timeout"),
        mount_timeout_s: number("lustre_start_timeout"),
        groups: groups.into_iter().flatten().map(group).collect(),
    }
}

fn host(name: &str, value: &Value) -> Host {
    let mut interfaces = each(value, "nics", |name, nic| Interface {
        name: name.to_owned(),
        address: field(nic, "ip"),
        netmask: field(nic, "netmask"),
        gateway: field(nic, "gateway"),
    });
    interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    let nets: Vec<HostNet> = texts(value, "lnets")
        .iter()
        .filter_map(|text| lines::network(text))
        .map(|(net, interfaces)| HostNet { net, interfaces })
        .collect();
    let mut fence_peers = texts(value, "stonith_primary_peers");
    fence_peers.extend(texts(value, "stonith_secondary_peers"));
    Host {
        name: name.to_owned(),
        nids: super::nids(&nets, &interfaces),
        interfaces,
        nets,
        peers: texts(value, "peers"),
        fence_kind: field(value, "stonith_type"),
        fence_peers,
        rings: ["ring0", "ring1"]
            .iter()
            .filter_map(|key| field(value, key))
            .collect(),
        oid: field(value, "oid"),
        sfas: texts(value, "host_sfa_list"),
    }
}

fn filesystem(name: &str, value: &Value) -> FileSystem {
    FileSystem {
        name: name.to_owned(),
        backend: field(value, "backfs"),
        mgs: texts(value, "mgs_list"),
        mds: texts(value, "mds_list"),
        oss: texts(value, "oss_list"),
        has_mgt: flag(value, "mgs_internal"),
        is_mgt_apart: flag(value, "mgs_standalone"),
        has_mdt_failback: flag(value, "mdt_failback"),
        mgt_options: field(value, "mgt_mount_opts"),
        mdt_options: field(value, "mdt_mount_opts"),
        ost_options: field(value, "ost_mount_opts"),
        ost_pools: texts(value, "pools"),
    }
}

fn targets(name: &str, value: &Value) -> Vec<Target> {
    let mut found = Vec::new();
    let lists = [
        (TargetKind::Mdt, "mdt_list", "mdt_base_device_path"),
        (TargetKind::Ost, "ost_list", "ost_device_path"),
    ];
    for (kind, list, device) in lists {
        for (home, indices) in members(value.get(list)) {
            let indices = indices.as_array().into_iter().flatten();
            let indices = indices
                .filter_map(Value::as_u64)
                .filter_map(|index| u16::try_from(index).ok());
            for mut target in indices.filter_map(|index| super::target(name, kind, index, home)) {
                target.device_dir = field(value, device);
                found.push(target);
            }
        }
    }
    let mgs_device = field(value, "mgs_device_path");
    let mgs_device = mgs_device.or_else(|| field(value, "mdt_base_device_path"));
    found.extend(super::mgt(&filesystem(name, value), mgs_device));
    found
}

fn ost_pool(name: &str, value: &Value) -> OstPool {
    let index = |text: &String| text.strip_prefix("OST")?.parse().ok();
    OstPool {
        name: name.to_owned(),
        osts: texts(value, "ost_list").iter().filter_map(index).collect(),
    }
}

fn tunings(root: &Value) -> Vec<Tuning> {
    let all = |value: Option<&Value>, with, host: Option<&str>| -> Vec<Tuning> {
        let pair = |(name, value): (&String, &Value)| {
            Some(Tuning {
                with,
                host: host.map(ToOwned::to_owned),
                name: name.clone(),
                value: json::text(value)?,
            })
        };
        members(value).filter_map(pair).collect()
    };
    let global = |key| root.get("global_settings").and_then(|one| one.get(key));
    let mut found = all(global("set_param_tunings"), "set_param", None);
    found.extend(all(global("conf_param_tunings"), "conf_param", None));
    for (name, host) in members(root.get("hosts_settings")) {
        found.extend(all(host.get("sysctl"), "sysctl", Some(name)));
    }
    found
}

const KNOWN: [&str; 7] = [
    "global_settings",
    "ha_settings",
    "hosts_settings",
    "host_defaults_settings",
    "fs_settings",
    "sfa_settings",
    "pool_settings",
];

fn sections(root: &Value) -> Vec<Section> {
    let fields = |map: &Map<String, Value>| {
        let kept = map.iter().filter(|(key, _)| !super::is_secret(key));
        let text = |(key, value): (&String, &Value)| Some((key.clone(), json::text(value)?));
        kept.filter_map(text).collect()
    };
    members(Some(root))
        .filter(|(name, _)| !KNOWN.contains(&name.as_str()))
        .filter_map(|(name, value)| {
            Some(Section {
                name: name.clone(),
                fields: fields(value.as_object()?),
            })
        })
        .collect()
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if !text.trim_start().starts_with('{') {
        return 0;
    }
    let n_known = KNOWN
        .iter()
        .filter(|key| text.contains(&format!("\"{key}\"")))
        .count();
    match n_known {
        0 => 0,
        1 => 50,
        _ => 95,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (site, skips) = parse(input);
    super::emit(&site, sink);
    for skip in skips {
        sink.skip(skip);
    }
}
