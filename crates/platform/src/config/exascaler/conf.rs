//! `exascaler.conf`: sections of `key: value`, hosts inheriting defaults, OSTs
//! and addresses counted out where the operator did not list them.

use lustre::label::TargetKind;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{
    Cluster, FileSystem, Ha, Host, HostNet, Interface, OstPool, Section, Sfa, Site, Target, Tuning,
};
use crate::config::lines;
use crate::storage::text;

/// The reader of exascaler.conf.
pub static KIND: Kind = Kind {
    name: "exascaler-conf",
    about: "exascaler.conf: an EXAScaler cluster as its operator describes it",
    guess,
    read,
};

/// One `[section]` and its fields; the last of equal keys counts.
#[derive(Clone, Debug, Default)]
struct Raw {
    /// `fs`, `host`, `HA`.
    kind: String,
    /// What follows in the brackets.
    name: String,
    fields: BTreeMap<String, String>,
    /// Whether the input may end within it.
    is_cut: bool,
}

impl Raw {
    fn text(&self, key: &str) -> Option<String> {
        self.fields.get(key).and_then(|value| text::some(value))
    }

    fn list(&self, key: &str) -> Vec<String> {
        let value = self.fields.get(key).map(String::as_str).unwrap_or_default();
        value.split_whitespace().map(ToOwned::to_owned).collect()
    }

    fn flag(&self, key: &str) -> Option<bool> {
        match self.fields.get(key)?.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "1" => Some(true),
            "no" | "false" | "off" | "0" => Some(false),
            _ => None,
        }
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.fields.get(key)?.parse().ok()
    }
}

/// Reads the description.
pub fn parse(input: &[u8]) -> (Site, Vec<Skip>) {
    let (sections, mut skips) = raw(input);
    let empty = Raw::default();
    let defaults = one(&sections, "host_defaults").unwrap_or(&empty);
    let global = one(&sections, "global").unwrap_or(&empty);
    let filesystems: Vec<FileSystem> = of(&sections, "fs").map(filesystem).collect();
    let names = host_names(global, &filesystems);
    let hosts: Vec<&Raw> = of(&sections, "host").collect();
    let mut site = Site {
        cluster: one(&sections, "global").map(cluster),
        ha: one(&sections, "HA").map(ha),
        hosts: hosts
            .iter()
            .map(|raw| host(raw, defaults, &names))
            .collect(),
        sfas: of(&sections, "sfa").map(sfa).collect(),
        ost_pools: of(&sections, "pool").map(ost_pool).collect(),
        tunings: sections.iter().flat_map(tunings).collect(),
        sections: sections.iter().filter_map(other).collect(),
        ..Site::default()
    };
    for (raw, fs) in of(&sections, "fs").zip(&filesystems) {
        site.targets.extend(targets(raw, fs, &hosts, &mut skips));
    }
    site.filesystems = filesystems;
    (super::complete(site), skips)
}

/// Sections with their fields, in order.
fn raw(input: &[u8]) -> (Vec<Raw>, Vec<Skip>) {
    let (mut found, mut skips): (Vec<Raw>, _) = (Vec::new(), Vec::new());
    let mut key: Option<String> = None;
    for line in text::lines(input, &mut skips) {
        let bare = line.text.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        let section = found.last_mut();
        if let Some(head) = bare.strip_prefix('[') {
            key = None;
            match head.split_once(']') {
                Some((head, _)) => found.push(section_of(head)),
                None => skips.push(text::bad_line(line, "wanted [section]")),
            }
            continue;
        }
        let Some(section) = section else {
            skips.push(text::bad_line(line, "wanted [section] first"));
            continue;
        };
        // An indented line goes on with the value before it.
        let goes_on = line.text.starts_with([' ', '\t']);
        if let Some(value) = key
            .as_ref()
            .filter(|_| goes_on)
            .and_then(|key| section.fields.get_mut(key))
        {
            value.push('\n');
            value.push_str(&bare.replace("%%", "%"));
            continue;
        }
        match bare.split_once([':', '=']) {
            Some((name, value)) if !name.trim().is_empty() => {
                let name = name.trim().to_owned();
                key = Some(name.clone());
                let value = value.trim().replace("%%", "%");
                section.fields.insert(name, value);
            }
            _ => skips.push(text::bad_line(line, "wanted `key: value`")),
        }
    }
    if let Some(last) = found.last_mut() {
        last.is_cut = !input.ends_with(b"\n");
    }
    (found, skips)
}

fn section_of(head: &str) -> Raw {
    let (kind, name) = head.trim().split_once(' ').unwrap_or((head.trim(), ""));
    Raw {
        kind: kind.to_owned(),
        name: name.trim().to_owned(),
        ..Raw::default()
    }
}

fn of<'a>(sections: &'a [Raw], kind: &'a str) -> impl Iterator<Item = &'a Raw> {
    let is_named = move |raw: &&Raw| raw.kind == kind && !raw.name.is_empty();
    sections.iter().filter(is_named)
}

fn one<'a>(sections: &'a [Raw], kind: &str) -> Option<&'a Raw> {
    sections.iter().find(|raw| raw.kind == kind)
}

fn cluster(raw: &Raw) -> Cluster {
    let mut extra_hosts = raw.list("extra_hosts_start");
    extra_hosts.extend(raw.list("extra_hosts_end"));
    Cluster {
        name: raw.text("cluster_name"),
        filesystems: raw.list("fs_list"),
        sfas: raw.list("sfa_list"),
        clients: raw.list("clients_list"),
        extra_hosts,
        ntp_servers: raw.list("ntp_list"),
        timezone: raw.text("timezone"),
        log_dir: raw.text("log_dir"),
        has_pingd: raw.flag("pingd"),
    }
}

fn ha(raw: &Raw) -> Ha {
    let is_group = |key: &str| {
        let number = key.strip_prefix("ha_group");
        number.is_some_and(text::all_digits)
    };
    let keys = raw.fields.keys().filter(|key| is_group(key));
    Ha {
        kind: raw.text("type"),
        transport: raw.text("transport"),
        no_quorum_policy: raw.text("no_quorum_policy"),
        rings: raw.list("corosync_nics"),
        port: raw.number("mcastport"),
        starts_at_boot: raw.flag("start_on_boot"),
        fence_timeout_s: raw.number("stonith_timeout"),
        mount_timeout_s: raw.number("lustre_start_timeout"),
        groups: keys.map(|key| raw.list(key)).collect(),
    }
}

/// Hosts in the order in which addresses are counted out: servers of MDTs and
/// of OSTs of each file system, then extra hosts, then clients. A host that is
/// named twice uses up two addresses and has the last.
fn host_names(global: &Raw, filesystems: &[FileSystem]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for fs in filesystems {
        for name in fs.mds.iter().chain(&fs.oss) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    for key in ["extra_hosts_start", "extra_hosts_end", "clients_list"] {
        names.extend(global.list(key));
    }
    names
}

fn host(raw: &Raw, defaults: &Raw, names: &[String]) -> Host {
    let with = |key: &str| raw.text(key).or_else(|| defaults.text(key));
    let list = |key: &str| match raw.list(key) {
        own if own.is_empty() => defaults.list(key),
        own => own,
    };
    let mut interfaces: Vec<Interface> = list("nic_list")
        .into_iter()
        .map(|name| Interface {
            address: raw
                .text(&format!("{name}_ip"))
                .or_else(|| counted(&name, &raw.name, defaults, names)),
            netmask: with(&format!("{name}_netmask")),
            gateway: with(&format!("{name}_gateway")),
            name,
        })
        .collect();
    interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    let nets: Vec<HostNet> = list("lnets")
        .iter()
        .filter_map(|text| lines::network(text))
        .map(|(net, interfaces)| HostNet { net, interfaces })
        .collect();
    let mut fence_peers = list("stonith_primary_peers");
    fence_peers.extend(list("stonith_secondary_peers"));
    Host {
        name: raw.name.clone(),
        nids: super::nids(&nets, &interfaces),
        interfaces,
        nets,
        peers: list("peers"),
        fence_kind: with("stonith_type"),
        fence_peers,
        rings: ["ring0", "ring1"]
            .iter()
            .filter_map(|key| with(key))
            .collect(),
        oid: with("oid"),
        sfas: list("host_sfa_list"),
    }
}

/// The address that counting from the first one gives a host.
fn counted(nic: &str, host: &str, defaults: &Raw, names: &[String]) -> Option<String> {
    let first: Ipv4Addr = defaults.number(&format!("{nic}_ip_base"))?;
    let at = names.iter().rposition(|name| name == host)?;
    let bits = first.to_bits().checked_add(u32::try_from(at).ok()?)?;
    Some(Ipv4Addr::from_bits(bits).to_string())
}

fn filesystem(raw: &Raw) -> FileSystem {
    let mds = raw.list("mds_list");
    let mgs = match raw.list("mgs_list") {
        own if own.is_empty() => mds.iter().take(2).cloned().collect(),
        own => own,
    };
    FileSystem {
        name: raw.name.clone(),
        backend: raw.text("backfs"),
        mgs,
        mds,
        oss: raw.list("oss_list"),
        has_mgt: raw.flag("mgs_internal"),
        is_mgt_apart: raw.flag("mgs_standalone"),
        has_mdt_failback: raw.flag("mdt_failback"),
        mgt_options: raw.text("mgt_mount_opts"),
        mdt_options: raw.text("mdt_mount_opts"),
        ost_options: raw.text("ost_mount_opts"),
        ost_pools: raw.list("pools"),
    }
}

fn targets(raw: &Raw, fs: &FileSystem, hosts: &[&Raw], skips: &mut Vec<Skip>) -> Vec<Target> {
    let mdt_dir = raw.text("mdt_base_device_path");
    let mdt_dir = mdt_dir.or_else(|| raw.text("mds_base_device_path"));
    let mut found = Vec::new();
    found.extend(super::mgt(
        fs,
        raw.text("mgs_device_path").or(mdt_dir.clone()),
    ));
    let kinds = [
        (TargetKind::Mdt, &fs.mds, mdt_dir),
        (TargetKind::Ost, &fs.oss, raw.text("ost_device_path")),
    ];
    for (kind, homes, device_dir) in kinds {
        for (home, index) in indices(raw, kind, homes, hosts, skips) {
            found.extend(
                super::target(&fs.name, kind, index, &home).map(|target| Target {
                    device_dir: device_dir.clone(),
                    ..target
                }),
            );
        }
    }
    found
}

/// Home and index of every target of a kind: listed per host, or counted out
/// from the lowest that nobody lists.
fn indices(
    raw: &Raw,
    kind: TargetKind,
    homes: &[String],
    hosts: &[&Raw],
    skips: &mut Vec<Skip>,
) -> Vec<(String, u16)> {
    let fs = &raw.name;
    let section = |name: &String| hosts.iter().find(|host| &host.name == name);
    let mut found = Vec::new();
    for home in homes {
        let Some(list) = section(home).and_then(|host| host.text(&format!("{fs}_{kind}s"))) else {
            continue;
        };
        let (listed, odd) = numbers(&list);
        found.extend(listed.into_iter().map(|index| (home.clone(), index)));
        if let Some(odd) = odd {
            let reason = format!("{fs}_{kind}s of {home}: {odd:?} is no index");
            skips.push(Skip::new(1, SkipKind::BadValue, reason));
        }
    }
    let taken: BTreeSet<u16> = found.iter().map(|(_, index)| *index).collect();
    let mut free = (0..=u16::MAX).filter(|index| !taken.contains(index));
    for home in homes {
        // Without the whole of a host's section nobody can say that it lists none.
        let Some(host) = section(home).filter(|host| !host.is_cut) else {
            continue;
        };
        if found.iter().any(|(name, _)| name == home) {
            continue;
        }
        let own = host.number(&format!("{fs}_{kind}_count"));
        let n = own.or_else(|| raw.number(&format!("default_{kind}_count")));
        let n = n.unwrap_or(0).min(4096);
        found.extend(free.by_ref().take(n).map(|index| (home.clone(), index)));
    }
    found
}

/// Numbers and ranges, parted by blanks or commas; and the first odd word.
fn numbers(list: &str) -> (Vec<u16>, Option<String>) {
    let (mut found, mut odd) = (Vec::new(), None);
    for word in list.split([' ', ',', '\n']).filter(|word| !word.is_empty()) {
        let (from, to) = word.split_once('-').unwrap_or((word, word));
        match (from.parse::<u16>(), to.parse::<u16>()) {
            (Ok(from), Ok(to)) if from <= to => found.extend(from..=to),
            _ => odd = odd.or_else(|| Some(word.to_owned())),
        }
    }
    (found, odd)
}

fn sfa(raw: &Raw) -> Sfa {
    Sfa {
        name: raw.name.clone(),
        controllers: raw.list("controllers"),
    }
}

fn ost_pool(raw: &Raw) -> OstPool {
    let list = raw.fields.get("ost_list").map(String::as_str);
    let list = list.unwrap_or_default().replace(['[', ']'], " ");
    OstPool {
        name: raw.name.clone(),
        osts: numbers(&list.replace("OST", " ")).0,
    }
}

fn tunings(raw: &Raw) -> Vec<Tuning> {
    let with = match raw.kind.as_str() {
        "set_param_tunings" => "set_param",
        "conf_param_tunings" => "conf_param",
        "sysctl_defaults" | "sysctl" => "sysctl",
        _ => return Vec::new(),
    };
    let pair = |(name, value): (&String, &String)| Tuning {
        with,
        host: text::some(&raw.name),
        name: name.clone(),
        value: value.clone(),
    };
    raw.fields.iter().map(pair).collect()
}

const KNOWN: [&str; 10] = [
    "global",
    "HA",
    "host",
    "host_defaults",
    "fs",
    "sfa",
    "pool",
    "sysctl",
    "sysctl_defaults",
    "set_param_tunings",
];

fn other(raw: &Raw) -> Option<Section> {
    if KNOWN.contains(&raw.kind.as_str()) || raw.kind == "conf_param_tunings" {
        return None;
    }
    let kept = raw.fields.iter().filter(|(key, _)| !super::is_secret(key));
    Some(Section {
        name: format!("{} {}", raw.kind, raw.name).trim().to_owned(),
        fields: kept
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut points: Likelihood = 0;
    for line in sample.text().lines() {
        let Some(head) = line
            .trim()
            .strip_prefix('[')
            .and_then(|one| one.strip_suffix(']'))
        else {
            continue;
        };
        let raw = section_of(head);
        points = points.saturating_add(match (raw.kind.as_str(), raw.name.is_empty()) {
            ("host_defaults" | "set_param_tunings" | "conf_param_tunings", true) => 35,
            ("HA", true) | ("fs" | "sfa" | "host", false) => 30,
            ("global", true) => 15,
            _ => 0,
        });
    }
    points.min(95)
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (site, skips) = parse(input);
    super::emit(&site, sink);
    for skip in skips {
        sink.skip(skip);
    }
}
