//! Who the host is, its system, its processors and memory.

use super::Look;
use jiff::Timestamp;
use model::report::{Hardware, Identity, Interface, Os};

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
    let stat = look.optional("/proc/stat")?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    Timestamp::from_second(line.trim().parse().ok()?).ok()
}

/// Distribution and kernel.
pub fn os(look: &mut Look<'_>) -> Option<Os> {
    let release = look.file("os", "/etc/os-release");
    let kernel = look.run("os", &[&["uname", "-a"]]);
    if release.is_none() && kernel.is_none() {
        return None;
    }
    let mut os = Os::default();
    for line in release.as_deref().unwrap_or_default().lines() {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches(['"', '\'']).to_owned();
        match key {
            "ID" => os.id = value,
            "VERSION_ID" => os.version = value,
            "PRETTY_NAME" => os.pretty = value,
            _ => {}
        }
    }
    let text = kernel
        .map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .get(2)
        .copied()
        .unwrap_or_default()
        .clone_into(&mut os.kernel);
    let arch = words.iter().rev().find(|word| **word != "GNU/Linux");
    arch.copied().unwrap_or_default().clone_into(&mut os.arch);
    Some(os)
}

/// Processors and memory.
pub fn hardware(look: &mut Look<'_>) -> Option<Hardware> {
    let memory = look.file("hardware", "/proc/meminfo")?;
    let bytes = |key: &str| {
        let line = memory
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        line.split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()?
            .checked_mul(1024)
    };
    let cpus = look.optional("/proc/cpuinfo").unwrap_or_default();
    let value = |key: &str| {
        let line = cpus.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let step = 64 << 20;
    Some(Hardware {
        n_cpus: u32::try_from(
            cpus.lines()
                .filter(|line| line.starts_with("processor"))
                .count(),
        )
        .unwrap_or(0),
        cpu_model: value("model name").unwrap_or_default(),
        memory_bytes: bytes("MemTotal").unwrap_or(0),
        memory_available_bytes: bytes("MemAvailable").unwrap_or(0) / step * step,
        swap_bytes: bytes("SwapTotal").unwrap_or(0),
    })
}
