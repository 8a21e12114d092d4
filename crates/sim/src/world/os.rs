//! The system's own programs: names, packages, services, network, time, power.

mod network;
pub mod systemd;
mod time;

pub use network::lets_through;

use super::command::{self, Part, failed, printed, quiet};
use super::host::{Host, HostName};
use super::record::Happening;
use super::{Due, World};
use agent::host::Output;
use std::time::Duration;

/// The system's programs.
pub const PART: Part = Part {
    name: "os",
    programs: &[
        "uname",
        "hostname",
        "hostid",
        "dpkg-query",
        "modprobe",
        "shutdown",
        "systemctl",
        "ip",
        "nft",
        "firewall-cmd",
        "chronyc",
        "ipmitool",
    ],
    run: |world, host, argv| {
        let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
        match command::program(argv) {
            "systemctl" => systemd::run(world, host, &words),
            "ip" => network::ip(world, host),
            "nft" => network::nft(world, host),
            "firewall-cmd" => network::firewall_cmd(world, host, &words),
            "chronyc" => time::chronyc(world, host, &words),
            "ipmitool" => bmc(world, host, &words),
            "dpkg-query" => packages(),
            "modprobe" => modprobe(world, host, &words),
            "shutdown" => shutdown(world, host, &words),
            program => name(world, host, program, &words),
        }
    },
    takes: |world, _, argv| match (command::program(argv), argv.get(1).map(String::as_str)) {
        ("modprobe", _) => Duration::from_secs(2),
        ("systemctl", Some("start" | "restart" | "stop")) => Duration::from_secs(1),
        _ => Duration::from_millis(100 + world.now().as_secs() % 3),
    },
    go_on: |world, run| {
        (run.program() == "systemctl")
            .then(|| systemd::go_on(world, run))
            .flatten()
    },
    unit: |world, host, unit, start| {
        let is_chrony = unit == "chrony.service";
        is_chrony.then(|| {
            time::unit(world, host, start);
            Ok(())
        })
    },
    ..Part::BARE
};

/// Answers `ipmitool lan print`.
fn bmc(world: &World, host: &HostName, words: &[&str]) -> Output {
    let address = world.hosts.get(host).and_then(Host::bmc_address);
    match (words, address) {
        (["lan", "print"], Some(address)) => printed(format!(
            "Set in Progress         : Set Complete\nAuth Type Support       : MD5 PASSWORD \nIP Address Source       : Static Address\nIP Address              : {address}\nSubnet Mask             : 255.255.0.0\nDefault Gateway IP      : 10.30.255.254\n"
        )),
        (["lan", "print"], None) => failed(1, "Channel 1 is not a LAN channel"),
        _ => failed(1, "Invalid command"),
    }
}

const KERNEL: &str = "6.1.0-56-amd64";

/// The version of Lustre that is installed.
pub const LUSTRE: &str = "2.17.0";

fn name(world: &World, host: &HostName, program: &str, words: &[&str]) -> Output {
    match (program, words) {
        ("uname", ["-a"]) => printed(format!(
            "Linux {host} {KERNEL} #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16) x86_64 GNU/Linux\n"
        )),
        ("uname", ["-r"]) => printed(format!("{KERNEL}\n")),
        ("uname", _) => printed("Linux\n"),
        ("hostname", ["--fqdn" | "-f"]) => printed(format!("{host}.cluster.example\n")),
        ("hostid", _) => printed(format!("{:08x}\n", host_id(world, host))),
        _ => printed(format!("{host}\n")),
    }
}

/// The id of a host: that of `/etc/hostid`, or one made of its address.
pub fn host_id(world: &World, host: &HostName) -> u32 {
    let Some(state) = world.hosts.get(host) else {
        return 0;
    };
    let file = state.files.get("/etc/hostid");
    let bytes: Option<[u8; 4]> = file.and_then(|bytes| bytes.get(..4)?.try_into().ok());
    if let Some(bytes) = bytes {
        return u32::from_le_bytes(bytes);
    }
    let address = state.interfaces.values().next();
    let parts = address.map(String::as_str).unwrap_or_default().split('.');
    let parts: Vec<u32> = parts.filter_map(|part| part.parse().ok()).collect();
    // As glibc does: the halves of the address, exchanged.
    match parts.as_slice() {
        [a, b, c, d] => b << 24 | a << 16 | d << 8 | c,
        _ => 0,
    }
}

fn packages() -> Output {
    let all = [
        ("chrony", "4.3-2+deb12u1"),
        ("corosync", "3.1.7-1+deb12u1"),
        ("e2fsprogs", "1.47.1-wc2"),
        ("fence-agents-ipmilan", "4.12.1-2"),
        ("firewalld", "1.3.3-1~deb12u1"),
        ("lustre-server-modules-6.1.0-56-amd64", LUSTRE),
        ("lustre-server-utils", LUSTRE),
        ("libzfs6linux", "2.3.2-2~bpo12+2"),
        ("pacemaker", "2.1.5-1+deb12u1"),
        ("resource-agents", "4.12.0-2"),
        ("zfs-dkms", "2.3.2-2~bpo12+2"),
        ("zfsutils-linux", "2.3.2-2~bpo12+2"),
    ];
    let lines = all
        .iter()
        .map(|(name, version)| format!("installed {name} {version}\n"));
    printed(lines.collect::<String>())
}

/// What a module needs, and itself.
fn modules(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "libcfs" => &["libcfs"],
        "lnet" => &["libcfs", "lnet"],
        "ksocklnd" => &["libcfs", "lnet", "ksocklnd"],
        "lustre" => &[
            "libcfs", "lnet", "ksocklnd", "obdclass", "ptlrpc", "fld", "fid", "mgc", "lmv", "lov",
            "mdc", "osc", "lustre",
        ],
        "osd_ldiskfs" => &["ldiskfs", "osd_ldiskfs"],
        "osd_zfs" => &["spl", "zfs", "osd_zfs"],
        "zfs" => &["spl", "zfs"],
        "softdog" => &["softdog"],
        _ => return None,
    })
}

/// Loads a module and what it needs. Whether it is there.
pub fn load(world: &mut World, host: &HostName, name: &str) -> bool {
    let (Some(state), Some(names)) = (world.hosts.get_mut(host), modules(name)) else {
        return false;
    };
    if state.without.contains(name) {
        return false;
    }
    state
        .modules
        .extend(names.iter().map(|&name| name.to_owned()));
    true
}

fn modprobe(world: &mut World, host: &HostName, words: &[&str]) -> Output {
    let name = words
        .iter()
        .find(|word| !word.starts_with('-'))
        .copied()
        .unwrap_or_default();
    if load(world, host, name) {
        return quiet();
    }
    failed(
        1,
        &format!("modprobe: FATAL: Module {name} not found in directory /lib/modules/{KERNEL}"),
    )
}

/// What must go before a host is off: services end, file systems are unmounted.
const SHUTDOWN: Duration = Duration::from_secs(8);

fn shutdown(world: &mut World, host: &HostName, words: &[&str]) -> Output {
    let reboots = words.first() == Some(&"-r");
    if let Some(state) = world.hosts.get_mut(host) {
        state.is_rebooting = reboots;
    }
    world.note(Happening::ShuttingDown { host: host.clone() });
    world.after(SHUTDOWN, Due::Off(host.clone()));
    quiet()
}
