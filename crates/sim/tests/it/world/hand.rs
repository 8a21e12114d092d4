//! A world, worked on by hand: the agent's own steps and reports, one after the
//! other, each with as much time as it wants.

use agent::host::HostError;
use agent::steps::{Work, carry_out};
use detect::Detector;
use model::graph::{BLANK, Consent};
use model::ids::{DeviceId, ServerId};
use model::job::Outcome;
use model::report::Report;
use model::step::{
    ClientMounted, DeviceRef, LnetNet, LnetUp, Step, TargetFormatted, TargetMounted,
    TargetRegistered,
};
use sim::door::{Door, Gate};
use sim::world::World;
use sim::world::host::HostName;
use sim::world::layout::Layout;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Time goes on for whoever waits.
struct Alone(Arc<Mutex<World>>);

impl Gate for Alone {
    fn wait_until(&self, at: Duration) -> Result<(), HostError> {
        self.0.lock().unwrap().advance(at);
        Ok(())
    }
}

pub struct Hand {
    world: Arc<Mutex<World>>,
}

pub fn host(name: &str) -> HostName {
    HostName(name.to_owned())
}

/// An operator's word that what is there may go.
pub fn agreed(device: &DeviceId, signature: &str) -> Consent {
    Consent {
        device: device.clone(),
        signature: signature.to_owned(),
        by: String::from("me"),
        at_ms: 0,
    }
}

impl Hand {
    /// Four servers in pairs, each pair with eight disks.
    pub fn new() -> Self {
        Self::with(&Layout {
            n_servers: 4,
            ..Layout::default()
        })
    }

    /// Of a layout.
    pub fn with(layout: &Layout) -> Self {
        Self {
            world: Arc::new(Mutex::new(layout.build(7))),
        }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub fn door(&self, name: &str) -> Door {
        let gate = Arc::new(Alone(Arc::clone(&self.world)));
        Door::new(Arc::clone(&self.world), host(name), gate, true)
    }

    pub fn wait(&self, seconds: u64) {
        let mut world = self.world();
        let to = world.now() + Duration::from_secs(seconds);
        world.advance(to);
    }

    pub fn report(&self, name: &str) -> Report {
        agent::observe::report(&self.door(name))
    }

    /// Lets an agent carry out a step.
    pub fn carry(&self, name: &str, step: impl Into<Step>) -> Outcome {
        let door = self.door(name);
        let work = Work {
            hands: &door,
            secrets: &BTreeMap::new(),
            console: &|entry| {
                println!(
                    "{name}: {} -> {:?} {}{}",
                    entry.line, entry.exit, entry.stdout, entry.stderr
                );
            },
            is_cancelled: &|| false,
        };
        carry_out(&step.into(), &work)
    }

    /// The same, where it must come to be so by what is done now.
    pub fn make(&self, name: &str, step: impl Into<Step>) {
        let step = step.into();
        let kind = step.kind();
        match self.carry(name, step) {
            Outcome::Done { changed: true, .. } => {}
            other => panic!("{kind} on {name}: {other:?}"),
        }
    }

    /// Runs a command of an admin's, to its end: exit status, output, errors.
    pub fn run(&self, name: &str, line: &[&str]) -> (i32, String, String) {
        if line[0] == "mount" {
            let at = (*line.last().unwrap()).to_owned();
            self.world()
                .hosts
                .get_mut(&host(name))
                .unwrap()
                .folders
                .insert(at);
        }
        let argv: Vec<String> = line.iter().map(|&word| word.to_owned()).collect();
        let id = self.world().begin(&host(name), &argv).unwrap();
        for _ in 0..1000 {
            if let Some(output) = self.world().fetch(id) {
                let output = output.unwrap();
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                return (output.exit, text(&output.stdout), text(&output.stderr));
            }
            self.wait(1);
        }
        panic!("{line:?} does not end");
    }

    /// The same for a line whose words hold no blanks.
    pub fn sh(&self, name: &str, line: &str) -> (i32, String, String) {
        let words: Vec<&str> = line.split(' ').collect();
        self.run(name, &words)
    }

    /// LNet over `eth0` on all servers.
    pub fn lnet(&self) {
        for name in ["mds01", "mds02", "oss01", "oss02"] {
            self.make(
                name,
                LnetUp {
                    nets: vec![LnetNet {
                        net: String::from("tcp"),
                        interfaces: vec![String::from("eth0")],
                    }],
                    gone: Vec::new(),
                },
            );
        }
    }

    /// What `detect` concludes from all servers that are up.
    pub fn detected(&self) -> Detector {
        let mut detector = Detector::new();
        let names: Vec<HostName> = self
            .world()
            .hosts
            .iter()
            .filter(|(_, host)| host.is_up)
            .map(|(name, _)| name.clone())
            .collect();
        for (n, name) in (1..).zip(names) {
            detector.put(
                ServerId(uuid::Uuid::from_u128(n)),
                Arc::new(self.report(&name.0)),
            );
        }
        detector
    }

    /// `label state on SERVERS confidence`, a line each.
    pub fn targets(&self) -> Vec<String> {
        let detector = self.detected();
        let found = detector.inventory();
        let line = |target: &model::inventory::Target| {
            let on: Vec<&str> = target
                .mounted_on
                .iter()
                .map(|id| found.servers[id].name.as_str())
                .collect();
            format!(
                "{} {:?} {} {:?}",
                target.label,
                target.state,
                on.join(" "),
                target.confidence
            )
        };
        let mut lines: Vec<String> = found.targets.values().map(line).collect();
        lines.sort();
        lines
    }
}

/// One target of the file system `scratch`, with all that steps need of it.
pub struct Target {
    pub label: String,
    pub server: String,
    pub device: DeviceRef,
    pub back_end: String,
    pub is_mgs_too: bool,
}

fn node(server: &str) -> Vec<lustre::nid::Nid> {
    let last = match server {
        "mds01" => 1,
        "mds02" => 2,
        "oss01" => 3,
        _ => 4,
    };
    vec![format!("10.10.0.{last}@tcp").parse().unwrap()]
}

impl Target {
    /// On the n-th shared disk of its server.
    pub fn on_disk(label: &str, server: &str, wwn: &str) -> Self {
        Self {
            label: label.to_owned(),
            server: server.to_owned(),
            device: DeviceRef {
                id: DeviceId(format!("wwn:0x{wwn}")),
                path: format!("/dev/disk/by-id/wwn-0x{wwn}"),
            },
            back_end: String::from("ldiskfs"),
            is_mgs_too: label.ends_with("MDT0000"),
        }
    }

    pub fn format(&self) -> TargetFormatted {
        let pair: &[&str] = if self.server.starts_with("mds") {
            &["mds01", "mds02"]
        } else {
            &["oss01", "oss02"]
        };
        let mgs_nodes = if self.is_mgs_too {
            Vec::new()
        } else {
            vec![node("mds01"), node("mds02")]
        };
        TargetFormatted {
            label: self.label.parse().unwrap(),
            is_mgs_too: self.is_mgs_too,
            back_end: self.back_end.clone(),
            device: self.device.clone(),
            mgs_nodes,
            service_nodes: pair.iter().map(|server| node(server)).collect(),
            mkfs_options: None,
            mount_options: None,
            consent: vec![agreed(&self.device.id, BLANK)],
        }
    }

    pub fn mount_point(&self) -> String {
        lustre::argv::target::mount_point(&self.label.parse().unwrap())
    }

    pub fn register(&self) -> TargetRegistered {
        TargetRegistered {
            label: self.label.parse().unwrap(),
            device: self.device.clone(),
            back_end: self.back_end.clone(),
            mount_point: self.mount_point(),
        }
    }

    pub fn mount(&self) -> TargetMounted {
        TargetMounted {
            label: self.label.parse().unwrap(),
            device: self.device.clone(),
            back_end: self.back_end.clone(),
            mount_point: self.mount_point(),
            options: Vec::new(),
            elsewhere: Vec::new(),
        }
    }
}

/// The client of the file system.
pub fn client() -> ClientMounted {
    let fs = "scratch".parse().unwrap();
    let source = lustre::argv::target::client_source(&[node("mds01"), node("mds02")], &fs);
    ClientMounted {
        fs,
        source,
        mount_point: String::from("/mnt/scratch"),
        options: vec![String::from("flock")],
    }
}
