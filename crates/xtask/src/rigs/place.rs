//! The machines: hosts, their shared disks, their BMCs. All of it is gone when
//! this is dropped.

use super::shell::{ended, output, within};
use crate::run::{has, root};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Hosts that become servers.
pub const SERVERS: [&str; 2] = ["h1", "h2"];
/// The host that has the time.
pub const CLOCK: &str = "h9";
/// The address of the clock's host.
pub const CLOCK_ADDRESS: &str = "10.79.0.19";
/// This machine's address on the hosts' network.
pub const GATEWAY: &str = "10.79.0.1";
/// Where everything of the rig lies.
const FOLDER: &str = "/var/lib/candela-rigs";
/// Disks that both servers see, and bytes of each.
const N_DISKS: usize = 3;
const DISK: &str = "256M";
/// What the servers need beside the base system.
const PACKAGES: &[&str] = &[
    "pacemaker",
    "corosync",
    "pacemaker-cli-utils",
    "resource-agents",
    "fence-agents",
    "ipmitool",
    "firewalld",
    "e2fsprogs",
    "python3",
    "util-linux",
];

/// Why there can be no rig here; none if there can.
pub fn hindrance() -> Option<&'static str> {
    let id = Command::new("id").arg("-u").output();
    let is_root = id.is_ok_and(|output| output.stdout.starts_with(b"0\n"));
    if !is_root {
        return Some("rigs need root");
    }
    if !has("apt-get") {
        return Some("rigs need Debian's apt-get");
    }
    if !Path::new("/sys/class/zram-control").exists() {
        return Some("rigs need zram in the kernel");
    }
    None
}

/// The machines.
pub struct Place {
    /// Where the rig keeps its things.
    pub folder: PathBuf,
    /// Numbers of the zram disks.
    pub disks: Vec<u32>,
    is_kept: bool,
}

impl Place {
    /// Builds what is not built yet, and boots blank hosts.
    pub fn make(is_kept: bool) -> Result<Self> {
        let folder = PathBuf::from(FOLDER);
        let mut place = Self {
            folder,
            disks: Vec::new(),
            is_kept,
        };
        // What an interrupted run has left.
        place.down();
        place.layer()?;
        place.standins()?;
        for _ in 0..N_DISKS {
            let disk = place.disk()?;
            place.disks.push(disk);
        }
        let bind = place.bind();
        let mut up = place.hosts(180, &["up"]);
        up.args(SERVERS).env("RIG_BIND", bind);
        output(up)?;
        let mut up = place.hosts(120, &["up", CLOCK]);
        up.env("RIG_LAYERS", "");
        output(up)?;
        let mut up = place.script(120, "power.sh", &["up"]);
        up.args(SERVERS);
        output(up)?;
        Ok(place)
    }

    fn script(&self, seconds: u64, script: &str, args: &[&str]) -> Command {
        let path = root().join("rigs").join(script);
        let mut command = within(seconds, &path.to_string_lossy());
        command
            .args(args)
            .env("RIG_DIR", &self.folder)
            .env("RIG_LAYERS", "cluster site")
            .env("RIG_BIND", self.bind())
            .env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "1");
        command
    }

    fn hosts(&self, seconds: u64, args: &[&str]) -> Command {
        self.script(seconds, "hosts.sh", args)
    }

    fn bind(&self) -> String {
        let agent = root().join("target/debug/candela-agent");
        let agent = format!("--bind-ro={}:/usr/bin/candela-agent", agent.display());
        let disks = self
            .disks
            .iter()
            .map(|disk| format!("--bind=/dev/zram{disk}"));
        disks.chain([agent]).collect::<Vec<_>>().join(" ")
    }

    /// The packages, installed once.
    fn layer(&self) -> Result<()> {
        let mut layer = self.hosts(1500, &["layer", "cluster"]);
        layer.args(PACKAGES).env("RIG_LAYERS", "");
        output(layer).map(drop)
    }

    /// What is not real, and the agent's service, as a layer over the packages.
    fn standins(&self) -> Result<()> {
        let up = self.folder.join("layers/bookworm-site/up");
        let from = root().join("rigs/standin");
        let lists: &[(&str, &[&str])] = &[
            (
                "usr/sbin",
                &[
                    "lctl",
                    "lnetctl",
                    "lustre_rmmod",
                    "mkfs.lustre",
                    "modprobe",
                    "mount.lustre",
                ],
            ),
            ("usr/lib/standin", &["common.py"]),
            ("usr/lib/ocf/resource.d/lustre", &["Lustre"]),
            (
                "etc/systemd/system",
                &["lnet.service", "candela-agent.service"],
            ),
            ("etc/udev/rules.d", &["99-rig.rules"]),
        ];
        let _ = fs::remove_dir_all(&up);
        for (folder, names) in lists {
            let folder = up.join(folder);
            fs::create_dir_all(&folder)?;
            for name in *names {
                fs::copy(from.join(name), folder.join(name))
                    .with_context(|| format!("could not place the stand-in {name}"))?;
            }
        }
        let mut compile = within(60, "cc");
        compile.args(["-shared", "-fPIC", "-O1", "-o"]);
        compile.arg(up.join("usr/lib/standin/mounts.so"));
        compile.arg(from.join("mounts.c"));
        output(compile).map(drop)
    }

    /// A disk in memory that every host sees and no power cut takes.
    fn disk(&self) -> Result<u32> {
        let number = fs::read_to_string("/sys/class/zram-control/hot_add")?;
        let number: u32 = number.trim().parse()?;
        fs::create_dir_all(self.folder.join("disks"))?;
        fs::write(self.folder.join(format!("disks/{number}")), "")?;
        fs::write(format!("/sys/block/zram{number}/disksize"), DISK)?;
        Ok(number)
    }

    /// Runs a command on a host.
    pub fn on(&self, host: &str, line: &[&str]) -> Result<String> {
        output(self.inside(host, line))
    }

    fn inside(&self, host: &str, line: &[&str]) -> Command {
        let mut command = self.hosts(120, &["exec", host]);
        command.args(line);
        command
    }

    /// Asks a host's BMC, as an operator would.
    pub fn ipmi(&self, host: &str, words: &[&str]) -> Result<String> {
        let mut command = self.script(30, "power.sh", &["ipmitool", host]);
        command.args(words);
        output(command)
    }

    /// Pulls a host's network cable; a power cycle plugs it in again.
    pub fn unplug(&self, host: &str) -> Result<()> {
        output(self.hosts(30, &["isolate", host])).map(drop)
    }

    /// What a host's BMC was told: seconds since 1970, and the words.
    pub fn bmc_record(&self, host: &str) -> Result<Vec<(f64, String)>> {
        let text = fs::read_to_string(self.folder.join(format!("power/{host}.log")))?;
        let lines = text.lines().filter_map(|line| {
            let (at, words) = line.split_once(' ')?;
            Some((at.parse().ok()?, words.trim().to_owned()))
        });
        Ok(lines.collect())
    }

    fn down(&self) {
        for (script, verb) in [("power.sh", "down"), ("hosts.sh", "down")] {
            match ended(self.script(120, script, &[verb]), "") {
                Ok(ended) if !ended.is_ok => eprintln!("{script} {verb}: {}", ended.stderr.trim()),
                Ok(_) => {}
                Err(error) => eprintln!("{script} {verb}: {error:#}"),
            }
        }
        let disks = fs::read_dir(self.folder.join("disks"));
        for disk in disks.into_iter().flatten().flatten() {
            let name = disk.file_name().to_string_lossy().into_owned();
            match fs::write("/sys/class/zram-control/hot_remove", &name) {
                Ok(()) => drop(fs::remove_file(disk.path())),
                Err(error) => eprintln!("zram{name} stays: {error}"),
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_kept {
            eprintln!("the rig stays up: `rigs/hosts.sh status`; the next run ends it");
        } else {
            self.down();
        }
    }
}
