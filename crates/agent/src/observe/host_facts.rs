//! Who the host is, its system, its processors and memory.

use super::Look;
use crate::host::Command;
use jiff::Timestamp;
use model::report::{Hardware, Identity, Interface, Os};
use platform::os::{ipmi, os_release, proc, uname};

/// Identity; fields that cannot be read stay empty.
pub fn identity(look: &mut Look<'_>, interfaces: &[Interface]) -> Identity {
    let hostname = look
        .file("identity", "/proc/sys/kernel/hostname")
        .unwrap_or_default();
    let hostname = hostname.trim();
    let short = hostname.split('.').next().unwrap_or_default().to_owned();
    let fqdn = look.run("identity", &[&["hostname", "--fqdn"]]);
    let fqdn = fqdn.map(|(bytes, _)| String::from_utf8_lossy(&bytes).trim().to_owned());
    let chassis: Vec<String> = ["sys_vendor", "product_name", "product_serial"]
        .iter()
        .filter_map(|name| look.optional(&format!("/sys/class/dmi/id/{name}")))
        .collect();
    let addresses = interfaces
        .iter()
        .filter(|one| one.kind != "loopback")
        .flat_map(|one| &one.addresses);
    let addresses = addresses.filter_map(|text| text.split('/').next());
    let addresses =
        addresses.filter(|text| !text.starts_with("fe80:") && !text.starts_with("169.254."));
    Identity {
        machine_id: look
            .file("identity", "/etc/machine-id")
            .unwrap_or_default()
            .trim()
            .to_owned(),
        boot_id: look
            .optional("/proc/sys/kernel/random/boot_id")
            .unwrap_or_default(),
        fqdn: fqdn
            .filter(|name| !name.is_empty() && name != "localhost")
            .unwrap_or_else(|| hostname.to_owned()),
        hostname: short,
        addresses: addresses.map(str::to_owned).collect(),
        booted_at: booted_at(look),
        chassis: (!chassis.is_empty()).then(|| chassis.join(" ")),
    }
}

fn booted_at(look: &Look<'_>) -> Option<Timestamp> {
    let text = look.optional("/proc/stat")?;
    let seconds = proc::stat(text.as_bytes()).boot_time_s?;
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

/// Distribution and kernel.
pub fn os(look: &mut Look<'_>) -> Option<Os> {
    let release = look.file("os", "/etc/os-release");
    let kernel = look.run("os", &[&["uname", "-a"]]);
    if release.is_none() && kernel.is_none() {
        return None;
    }
    let (release, skips) = os_release::parse(release.unwrap_or_default().as_bytes());
    look.skips("os", "/etc/os-release", &skips);
    let field = |key: &str| release.get(key).unwrap_or_default().to_owned();
    let mut os = Os {
        id: field("ID"),
        version: field("VERSION_ID"),
        pretty: field("PRETTY_NAME"),
        ..Os::default()
    };
    if let Some((bytes, source)) = kernel {
        let (found, skips) = uname::parse(&bytes);
        look.skips("os", &source, &skips);
        if let Some(uname) = found.into_iter().next() {
            (os.kernel, os.arch) = (uname.release, uname.machine);
        }
    }
    Some(os)
}

/// Processors and memory.
pub fn hardware(look: &mut Look<'_>) -> Option<Hardware> {
    let memory = look.file("hardware", "/proc/meminfo")?;
    let (memory, skips) = proc::meminfo(memory.as_bytes());
    look.skips("hardware", "/proc/meminfo", &skips);
    let bytes = |key: &str| memory.get(key).copied().unwrap_or(0);
    let cpus = look.optional("/proc/cpuinfo").unwrap_or_default();
    let cpus = proc::cpuinfo(cpus.as_bytes());
    // What is free changes all the time; only great changes are news.
    let step = 64 << 20;
    Some(Hardware {
        n_cpus: cpus.n_cpus,
        cpu_model: cpus.model.unwrap_or_default(),
        memory_bytes: bytes("MemTotal"),
        memory_available_bytes: bytes("MemAvailable") / step * step,
        swap_bytes: bytes("SwapTotal"),
        bmc_address: bmc_address(look),
    })
}

/// How the BMC is reached. Where there is no way to ask it, that is no news.
fn bmc_address(look: &Look<'_>) -> Option<String> {
    let host = look.host();
    if !host.exists("/dev/ipmi0") {
        return None;
    }
    let output = host
        .run(&Command::read(&["ipmitool", "lan", "print"]))
        .ok()?;
    ipmi::lan(&output.stdout)?.address
}
