//! Towns and specs from a line of text, plans as a line of text.

use crate::town::{Content, Disk, Host, Town, plain, server};
use lustre::label::TargetLabel;
use model::graph::Graph;
use model::spec::{
    BackEnd, ClientSpec, Fencing, FsSpec, FsWanted, HaGroup, HaManager, MgsSpec, NetworkSpec,
    PoolSpec, ServerSpec, ServerWanted, Spec, TargetsSpec, TimeSpec,
};
use model::step::Step;
use plan::Plan;
use std::collections::BTreeMap;
use stdx::hostlist::expand;

/// `oss[1-2] c1; watched x1; filters oss1; installed oss1; d[1-4] on oss[1-2]; d9 holds ext4`.
pub fn town(text: &str) -> Town {
    let mut town = Town::default();
    for part in text.split(';').map(str::trim) {
        match part.split(' ').collect::<Vec<_>>().as_slice() {
            [disks, "on", hosts] => {
                for disk in expand(disks).unwrap() {
                    let seen_by = expand(hosts).unwrap().into_iter().collect();
                    let (content, bytes) = (Content::Blank, 1 << 40);
                    let new = Disk {
                        content,
                        bytes,
                        seen_by,
                    };
                    town.disks.insert(disk, new);
                }
            }
            [disk, "holds", what] => {
                town.disks.get_mut(*disk).unwrap().content = Content::Other((*what).to_owned());
            }
            ["watched", hosts] => add_hosts(&mut town, hosts, |host| host.is_watched = true),
            ["silent", hosts] => add_hosts(&mut town, hosts, |host| host.is_silent = true),
            ["installed", hosts] => add_hosts(&mut town, hosts, Host::install_cluster),
            ["filters", hosts] => add_hosts(&mut town, hosts, |host| host.filters = true),
            lists => {
                for hosts in lists {
                    add_hosts(&mut town, hosts, |_| {});
                }
            }
        }
    }
    town
}

fn add_hosts(town: &mut Town, list: &str, change: impl Fn(&mut Host)) {
    for name in expand(list).unwrap() {
        let number = u8::try_from(town.hosts.len() + 1).unwrap();
        let host = town.hosts.entry(name).or_insert_with(|| Host {
            number,
            ..Host::default()
        });
        change(host);
    }
}

/// `servers LIST [drained]; group NAME LIST [none|external]; time A; fs NAME
/// [zfs] [stopped|absent]: mgs D, mdt D, ost D [in GROUP] [home S] [at N], ost 4;
/// client FS LIST DIR; nets LIST`. Groups are Pacemaker's, with fencing, unless said.
pub fn spec(text: &str) -> Spec {
    let mut spec = Spec {
        candela: 1,
        networks: vec![NetworkSpec {
            net: "tcp".into(),
            interfaces: vec!["eth0".into()],
            servers: None,
        }],
        ..Spec::default()
    };
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        if let Some(rest) = part.strip_prefix("fs ") {
            spec.filesystems.push(filesystem(rest));
            continue;
        }
        match part.split(' ').collect::<Vec<_>>().as_slice() {
            ["servers", list] => spec.servers.push(servers(list, ServerWanted::InService)),
            ["servers", list, "drained"] => {
                spec.servers.push(servers(list, ServerWanted::Drained));
            }
            ["group", name, list] => spec.ha_groups.push(group(name, list, HaManager::Pacemaker)),
            ["group", name, list, "none"] => {
                spec.ha_groups.push(group(name, list, HaManager::None));
            }
            ["group", name, list, "external"] => {
                spec.ha_groups.push(group(name, list, HaManager::External));
            }
            ["time", sources @ ..] => {
                let sources = sources.iter().map(|one| (*one).to_owned()).collect();
                spec.time = Some(TimeSpec { sources });
            }
            ["nets", list] => spec.networks[0].servers = Some((*list).to_owned()),
            ["net", net, interface] => spec.networks.push(NetworkSpec {
                net: (*net).to_owned(),
                interfaces: vec![(*interface).to_owned()],
                servers: None,
            }),
            ["client", fs, list, dir, rest @ ..] => spec.clients.push(ClientSpec {
                filesystem: fs.parse().unwrap(),
                servers: (*list).to_owned(),
                mount_point: (*dir).to_owned(),
                options: vec![],
                mounted: rest.is_empty(),
            }),
            other => panic!("{other:?}"),
        }
    }
    spec
}

fn servers(list: &str, state: ServerWanted) -> ServerSpec {
    ServerSpec {
        names: list.to_owned(),
        state,
    }
}

fn group(name: &str, list: &str, manager: HaManager) -> HaGroup {
    let fencing = (manager == HaManager::Pacemaker).then(|| Fencing {
        agent: "fence_ipmilan".into(),
        servers: expand(list)
            .unwrap()
            .into_iter()
            .map(|name| {
                let ip = format!("bmc-{name}");
                (name, BTreeMap::from([("ip".to_owned(), ip)]))
            })
            .collect(),
        ..Fencing::default()
    });
    HaGroup {
        name: name.to_owned(),
        servers: list.to_owned(),
        manager,
        links: vec![],
        fencing,
    }
}

fn filesystem(text: &str) -> FsSpec {
    let (head, rest) = text.split_once(':').unwrap_or((text, ""));
    let mut words = head.split(' ');
    let mut fs = FsSpec {
        name: words.next().unwrap().parse().unwrap(),
        state: FsWanted::Mounted,
        back_end: BackEnd::Ldiskfs,
        mgs: MgsSpec::OnMdt0,
        mdts: vec![],
        osts: vec![],
    };
    for word in words {
        match word {
            "zfs" => fs.back_end = BackEnd::Zfs,
            "stopped" => fs.state = FsWanted::Stopped,
            "absent" => fs.state = FsWanted::Absent,
            other => panic!("{other}"),
        }
    }
    for part in split_outside(rest) {
        let (what, rest) = part.split_once(' ').unwrap();
        match what {
            "mgs" if rest.starts_with("of ") => fs.mgs = MgsSpec::Of(rest[3..].to_owned()),
            "mgs" if rest.starts_with("at ") => {
                fs.mgs = MgsSpec::External(vec![rest[3..].to_owned()]);
            }
            "mgs" => fs.mgs = MgsSpec::Own(Box::new(targets(rest, fs.back_end))),
            "mdt" => fs.mdts.push(targets(rest, fs.back_end)),
            "ost" => fs.osts.push(targets(rest, fs.back_end)),
            other => panic!("{other}"),
        }
    }
    fs
}

/// Parts between commas that stand in no brackets.
fn split_outside(text: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in text.chars() {
        depth += i32::from(c == '[') - i32::from(c == ']');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    let parts = parts.into_iter().map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

fn targets(text: &str, back_end: BackEnd) -> TargetsSpec {
    let mut of = TargetsSpec::default();
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        match word {
            "in" => of.ha_groups.push(words.next().unwrap().to_owned()),
            "home" => of.home = Some(words.next().unwrap().to_owned()),
            "at" => of.index = Some(words.next().unwrap().parse().unwrap()),
            "raidz" | "mirror" => {
                let n_devices = words.next().unwrap().parse().unwrap();
                of.zpool = Some(PoolSpec {
                    layout: Some(word.to_owned()),
                    n_devices,
                    options: vec![],
                });
            }
            number if number.parse::<u16>().is_ok() => {
                of.count = Some(number.parse().unwrap());
            }
            disks => {
                let disks = expand(disks).unwrap().into_iter();
                of.devices.extend(disks.map(|disk| format!("wwn:{disk}")));
            }
        }
    }
    if back_end == BackEnd::Zfs && of.zpool.is_none() {
        of.zpool = Some(PoolSpec {
            n_devices: 1,
            ..PoolSpec::default()
        });
    }
    of
}

/// The steps in order, shortly.
pub fn steps(town: &Town, graph: &Graph) -> String {
    let texts = graph.steps.iter().map(|planned| {
        let on = town.hosts.keys().find(|name| server(name) == planned.on);
        step(&planned.step, on.unwrap())
    });
    texts.collect::<Vec<_>>().join("; ")
}

fn short(label: &TargetLabel) -> String {
    let text = label.to_string();
    text.rsplit('-').next().unwrap().to_owned()
}

fn step(step: &Step, on: &str) -> String {
    match step {
        Step::LnetUp(step) if !step.gone.is_empty() => {
            format!("lnet {on} without {}", step.gone.join(" "))
        }
        Step::LnetUp(_) => format!("lnet {on}"),
        Step::LnetDown(_) => format!("lnet down {on}"),
        Step::TimeSynced(_) => format!("time {on}"),
        Step::FirewallOpen(step) => format!("open {} on {on}", step.ports.join(" ")),
        Step::ServiceSet(step) => {
            let unit = step.unit.trim_end_matches(".service");
            let verb = if step.is_running { "start" } else { "stop" };
            format!("{verb} {unit} on {on}")
        }
        Step::ServerRebooted(_) => format!("reboot {on}"),
        Step::CorosyncConfigured(step) if step.nodes.is_empty() => format!("no conf on {on}"),
        Step::CorosyncConfigured(step) => format!("conf {} on {on}", step.cluster),
        Step::CorosyncReloaded(step) => format!("reload {}", step.nodes.join(" ")),
        Step::FenceConfirmed(step) => format!("confirm {}", step.node),
        Step::NodeForgotten(step) => format!("forget {}", step.node),
        Step::HaProperties(step) => format!("properties {}", step.cluster),
        Step::FenceConfigured(step) if step.keeps_only => {
            format!("keep fence {} on {on}", step.node)
        }
        Step::FenceConfigured(step) => format!("fence {}", step.node),
        Step::Standby(step) => {
            let way = if step.is_on { "on" } else { "off" };
            format!("standby {way} {}", step.node)
        }
        Step::ServerPrepared(step) => format!("prepare {} on {on}", short(&step.label)),
        Step::ResourcePresent(step) => {
            format!(
                "add {} for {}",
                short(&step.resource.label),
                step.resource.nodes.join(" ")
            )
        }
        Step::ResourceAbsent(step) => format!("drop {}", short(&step.resource.label)),
        Step::ResourceRole(step) => {
            let verb = if step.is_started { "start" } else { "stop" };
            format!("{verb} {}", short(&step.resource.label))
        }
        Step::ResourcePlaced(step) => {
            format!("move {} to {}", short(&step.resource.label), step.node)
        }
        Step::PoolPresent(step) => format!("pool {} on {on}", step.pool),
        Step::PoolImported(step) => format!("import {} on {on}", step.pool),
        Step::PoolExported(step) => format!("export {} on {on}", step.pool),
        Step::PoolAbsent(step) => format!("destroy {} on {on}", step.pool),
        Step::TargetFormatted(step) => {
            let path = plain(&step.device.path);
            let path = path.trim_start_matches("/dev/");
            format!("format {} {path} on {on}", short(&step.label))
        }
        Step::TargetRegistered(step) => format!("register {} on {on}", short(&step.label)),
        Step::TargetMounted(step) => format!("mount {} on {on}", short(&step.label)),
        Step::TargetUnmounted(step) => format!("unmount {} on {on}", short(&step.label)),
        Step::TargetWiped(step) => format!("wipe {} on {on}", short(&step.label)),
        Step::ConfigErased(step) => format!("erase {} on {on}", step.fs),
        Step::ClientMounted(step) => format!("client {} on {on}", step.fs),
        Step::ClientUnmounted(step) => format!("client off {} on {on}", step.fs),
    }
}

/// Findings and what is waited for, shortly.
pub fn trouble(plan: &Plan) -> String {
    let findings = plan.findings.iter().map(|finding| {
        let mark = if finding.is_error { "!" } else { "" };
        format!("{mark}{}: {}", finding.path, finding.reason)
    });
    let waiting = plan
        .waiting
        .iter()
        .map(|one| format!("{} ({})", one.what, one.code));
    let all: Vec<String> = findings.chain(waiting).collect();
    all.join("\n")
}
