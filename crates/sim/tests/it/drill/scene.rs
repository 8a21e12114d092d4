//! Worlds in which every kind of step comes to be due: what operators want of
//! them, one thing after the other, planned by the real planner.

use agent::host::HostError;
use detect::Detector;
use model::graph::Consent;
use model::ids::ServerId;
use model::report::Report;
use model::spec::{Goal, Spec};
use plan::Plan;
use sim::door::{Door, Gate};
use sim::world::World;
use sim::world::host::{HostName, Unit};
use sim::world::layout::Layout;
use sim::world::power;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What an operator wants.
pub struct Act {
    pub spec: Spec,
    pub goals: Vec<Goal>,
    /// A host that dies before, for good; its BMC is deaf.
    pub dies: Option<&'static str>,
}

impl Act {
    /// What is wanted for good: a goal is wanted once, but who is dead stays so.
    pub fn without_goals(&self) -> Self {
        let goals = self.goals.iter();
        let goals = goals.filter(|goal| matches!(goal, Goal::Remove { .. }));
        Self {
            spec: self.spec.clone(),
            goals: goals.cloned().collect(),
            dies: self.dies,
        }
    }
}

/// A world and what is wanted of it.
pub struct Scene {
    pub name: &'static str,
    pub world: World,
    pub acts: Vec<Act>,
}

/// Servers, nets, time; the groups' lines with their manager and fencing.
fn base(manager: &str, has_fencing: bool) -> String {
    let group = |name: &str| {
        let names = ["01", "02"].map(|number| format!("{name}{number}"));
        let servers = names.map(|name| format!("{name}: {{ip: 10.1.0.1}}"));
        let fencing = format!(
            ", fencing: {{agent: fence_ipmilan, parameters: {{username: admin}}, \
             secrets: {{password: bmc}}, servers: {{{}}}}}",
            servers.join(", ")
        );
        let fencing = if has_fencing { fencing.as_str() } else { "" };
        format!("- {{name: {name}, servers: '{name}[01-02]', manager: {manager}{fencing}}}\n")
    };
    format!(
        "candela: 1
servers:
- names: mds[01-02],oss[01-03]
networks:
- {{net: tcp, interfaces: [eth0]}}
time: {{sources: [10.0.0.1]}}
ha_groups:
{}{}",
        group("mds"),
        group("oss")
    )
}

fn spec(text: &str) -> Spec {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn act(text: &str, goals: Vec<Goal>) -> Act {
    Act {
        spec: spec(text),
        goals,
        dies: None,
    }
}

/// Five servers; the fifth is a client's, and one filters.
fn town() -> World {
    let layout = Layout {
        n_servers: 5,
        ..Layout::default()
    };
    let mut world = layout.build(3);
    let oss = world
        .hosts
        .get_mut(&HostName(String::from("oss01")))
        .unwrap();
    let runs = Unit {
        is_active: true,
        is_enabled: true,
    };
    oss.units.insert(String::from("firewalld.service"), runs);
    world
}

/// All scenes.
pub fn all() -> Vec<Scene> {
    vec![
        by_hand(),
        by_pacemaker(),
        pools_by_hand(),
        nodes_come_and_go(),
    ]
}

/// Without Pacemaker: mounts by hand, clients, a boot, a file system that goes
/// while the MGS stays.
fn by_hand() -> Scene {
    let base = base("none", false);
    let fs = "filesystems:
- name: scratch
  mgs: {own: {devices: ['wwn:0x5000c50000000001']}}
  mdts: [{devices: ['wwn:0x5000c50000000002']}]
  osts: [{devices: ['wwn:0x5000c50000001001']}]
";
    let other = |state: &str| {
        format!(
            "- name: home
  state: {state}
  mgs: {{of: scratch}}
  mdts: [{{devices: ['wwn:0x5000c50000000003']}}]
  osts: [{{devices: ['wwn:0x5000c50000001002']}}]
"
        )
    };
    let client = |mounted: bool| {
        format!(
            "clients: [{{filesystem: scratch, servers: oss03, mount_point: /mnt/scratch, mounted: {mounted}}}]\n"
        )
    };
    let whole = |state: &str, mounted| format!("{base}{fs}{}{}", other(state), client(mounted));
    let failover = Goal::Failover {
        target: String::from("scratch-OST0000"),
        to: None,
    };
    let reboot = Goal::Reboot {
        server: String::from("oss02"),
    };
    Scene {
        name: "by hand",
        world: town(),
        acts: vec![
            act(&whole("mounted", true), vec![]),
            act(&whole("mounted", true), vec![failover]),
            act(&whole("mounted", true), vec![reboot]),
            act(&whole("absent", false), vec![]),
        ],
    }
}

/// By Pacemaker, with pools: set up, drained, moved, removed.
fn by_pacemaker() -> Scene {
    let base = base("pacemaker", true);
    let whole = |state: &str| {
        format!(
            "{base}filesystems:
- name: scratch
  state: {state}
  back_end: zfs
  mdts: [{{devices: ['wwn:0x5000c50000000002'], zpool: {{n_devices: 1}}}}]
  osts: [{{devices: ['wwn:0x5000c50000001001'], zpool: {{n_devices: 1}}}}]
"
        )
    };
    let drained = whole("mounted").replace(
        "- names: mds[01-02],oss[01-03]",
        "- names: mds[01-02],oss[02-03]\n- {names: oss01, state: drained}",
    );
    let failover = Goal::Failover {
        target: String::from("scratch-OST0000"),
        to: None,
    };
    let failback = Goal::Failback {
        target: String::from("scratch-OST0000"),
    };
    Scene {
        name: "by Pacemaker",
        world: town(),
        acts: vec![
            act(&whole("mounted"), vec![]),
            act(&drained, vec![]),
            act(&whole("mounted"), vec![]),
            act(&whole("mounted"), vec![failover]),
            act(&whole("mounted"), vec![failback]),
            act(&whole("absent"), vec![]),
        ],
    }
}

/// A third node comes into a cluster that runs targets, and leaves it again.
fn nodes_come_and_go() -> Scene {
    let two = base("pacemaker", true);
    let three = two
        .replace("servers: 'oss[01-02]'", "servers: 'oss[01-03]'")
        .replace(
            "oss02: {ip: 10.1.0.1}",
            "oss02: {ip: 10.1.0.1}, oss03: {ip: 10.1.0.1}",
        );
    let fs = "filesystems:
- name: scratch
  mdts: [{devices: ['wwn:0x5000c50000000002']}]
  osts: [{devices: ['wwn:0x5000c50000001001']}]
";
    let without = two.replace(
        "- names: mds[01-02],oss[01-03]",
        "- names: mds[01-02],oss[01-02]",
    );
    let gone = Goal::Remove {
        server: String::from("oss03"),
        is_off: true,
    };
    Scene {
        name: "nodes come and go",
        world: town(),
        acts: vec![
            act(&format!("{two}{fs}"), vec![]),
            act(&format!("{three}{fs}"), vec![]),
            act(&format!("{two}{fs}"), vec![]),
            act(&format!("{three}{fs}"), vec![]),
            Act {
                dies: Some("oss03"),
                ..act(&format!("{without}{fs}"), vec![gone])
            },
        ],
    }
}

/// Pools without Pacemaker: exported and imported by hand.
fn pools_by_hand() -> Scene {
    let base = base("none", false);
    let whole = format!(
        "{base}filesystems:
- name: scratch
  back_end: zfs
  mdts: [{{devices: ['wwn:0x5000c50000000002'], zpool: {{n_devices: 1}}}}]
  osts: [{{devices: ['wwn:0x5000c50000001001', 'wwn:0x5000c50000001002'], zpool: {{layout: mirror, n_devices: 2}}}}]
"
    );
    let failover = Goal::Failover {
        target: String::from("scratch-OST0000"),
        to: None,
    };
    let gone = whole.replace("- name: scratch\n", "- name: scratch\n  state: absent\n");
    Scene {
        name: "pools by hand",
        world: town(),
        acts: vec![
            act(&whole, vec![]),
            act(&whole, vec![failover]),
            act(&gone, vec![]),
        ],
    }
}

/// A host dies for good: even its BMC does not answer.
pub fn die(world: &mut World, name: &str) {
    let name = HostName(name.to_owned());
    power::cut(world, &name, "crash");
    if let Some(host) = world.hosts.get_mut(&name) {
        host.bmc.answers = false;
    }
}

/// Names of hosts as ids, and back.
pub fn ids(world: &World) -> BTreeMap<ServerId, HostName> {
    let names = (1..).zip(world.hosts.keys().cloned());
    names
        .map(|(n, name)| (ServerId(uuid::Uuid::from_u128(n)), name))
        .collect()
}

/// Time stands still for who only looks.
struct Still;

impl Gate for Still {
    fn wait_until(&self, _at: Duration) -> Result<(), HostError> {
        Ok(())
    }
}

/// Reports by server.
pub type Reports = BTreeMap<ServerId, Arc<Report>>;

/// What the agents of servers that are up report now.
pub fn reports(world: &World) -> Reports {
    let shared = Arc::new(Mutex::new(world.clone()));
    let mut reports = Reports::new();
    for (id, name) in ids(world) {
        if world.hosts.get(&name).is_some_and(|host| host.is_up) {
            let door = Door::new(Arc::clone(&shared), name, Arc::new(Still), false);
            reports.insert(id, Arc::new(agent::observe::report(&door)));
        }
    }
    reports
}

/// What somebody says who knows what agents report now, and of those that are
/// silent what they reported last.
pub fn seen<T>(world: &World, last: &Reports, says: impl FnOnce(plan::World<'_>) -> T) -> T {
    let now = reports(world);
    let online: BTreeSet<ServerId> = now.keys().copied().collect();
    let mut reports = last.clone();
    reports.extend(now);
    let mut detector = Detector::new();
    for (id, report) in &reports {
        detector.put(*id, Arc::clone(report));
        detector.set_silent(*id, !online.contains(id));
    }
    let managed: BTreeSet<ServerId> = ids(world).into_keys().collect();
    says(plan::World {
        inventory: detector.inventory(),
        reports: &reports,
        managed: &managed,
        online: &online,
        now_ms: sim::world::EPOCH_MS + i64::try_from(world.now().as_millis()).unwrap(),
    })
}

/// The plan for an act, as it is shown before anybody agrees to anything.
pub fn asked(world: &World, last: &Reports, act: &Act) -> Plan {
    seen(world, last, |seen| {
        plan::plan(&act.spec, seen, &act.goals, &[])
    })
}

/// The plan for an act, with every consent that it asks for.
pub fn plan(world: &World, last: &Reports, act: &Act) -> Plan {
    seen(world, last, |seen| {
        let asked = plan::plan(&act.spec, seen, &act.goals, &[]);
        let needed = asked.consent_needed.iter();
        let given: Vec<Consent> = needed
            .map(|needed| Consent {
                device: needed.device.clone(),
                signature: needed.signature.clone(),
                by: String::from("the drill"),
                at_ms: 0,
            })
            .collect();
        plan::plan(&act.spec, seen, &act.goals, &given)
    })
}
