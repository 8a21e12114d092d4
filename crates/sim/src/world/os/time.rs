//! `chronyc`.

use crate::world::World;
use crate::world::command::printed;
use crate::world::host::HostName;
use agent::host::Output;

const CONFIGS: [&str; 2] = ["/etc/chrony/chrony.conf", "/etc/chrony.conf"];

/// The sources that its configuration names.
fn sources(world: &World, host: &HostName) -> Vec<String> {
    let Some(state) = world.hosts.get(host) else {
        return Vec::new();
    };
    let file = CONFIGS.iter().find_map(|path| state.files.get(*path));
    let text = file
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .unwrap_or_default();
    let servers = text
        .lines()
        .filter_map(|line| line.strip_prefix("server ")?.split(' ').next());
    servers.map(str::to_owned).collect()
}

/// Chrony is started or stopped. It sets a clock that is far off when it starts.
pub fn unit(world: &mut World, host: &HostName, start: bool) {
    let has_sources = !sources(world, host).is_empty();
    let state = world.hosts.get_mut(host);
    if let Some(state) = state.filter(|_| start && has_sources) {
        state.clock_off_ms = 0;
    }
}

/// Answers `chronyc -n tracking` and `sources`.
pub fn chronyc(world: &World, host: &HostName, words: &[&str]) -> Output {
    let unit = world
        .hosts
        .get(host)
        .and_then(|host| host.units.get("chrony.service"));
    if !unit.is_some_and(|unit| unit.is_active) {
        return Output {
            exit: 1,
            ..printed("506 Cannot talk to daemon\n")
        };
    }
    let sources = sources(world, host);
    match words.last().copied() {
        Some("sources") => {
            let head = "MS Name/IP address         Stratum Poll Reach LastRx Last sample               \n===============================================================================\n";
            let line = |(n, name): (usize, &String)| {
                let mark = if n == 0 { '*' } else { '+' };
                format!("^{mark} {name:<28}   2   6   377    21    +12us[  +15us] +/-  180us\n")
            };
            printed(format!(
                "{head}{}",
                sources.iter().enumerate().map(line).collect::<String>()
            ))
        }
        _ => printed(tracking(world, host, sources.first())),
    }
}

fn tracking(world: &World, host: &HostName, source: Option<&String>) -> String {
    let off_ms = world.hosts.get(host).map_or(0, |host| host.clock_off_ms);
    let Some(source) = source else {
        return String::from(
            "Reference ID    : 00000000 ()\nStratum         : 0\nRef time (UTC)  : Thu Jan 01 00:00:00 1970\nSystem time     : 0.000000000 seconds fast of NTP time\nLast offset     : +0.000000000 seconds\nRMS offset      : 0.000000000 seconds\nFrequency       : 0.000 ppm slow\nResidual freq   : +0.000 ppm\nSkew            : 0.000 ppm\nRoot delay      : 1.000000000 seconds\nRoot dispersion : 1.000000000 seconds\nUpdate interval : 0.0 seconds\nLeap status     : Not synchronised\n",
        );
    };
    let way = if off_ms < 0 { "slow" } else { "fast" };
    let off = format!(
        "{}.{:03}",
        off_ms.unsigned_abs() / 1000,
        off_ms.unsigned_abs() % 1000
    );
    format!(
        "Reference ID    : 0A0A0001 ({source})\nStratum         : 3\nRef time (UTC)  : Thu Jan 01 00:00:00 2026\nSystem time     : {off}000000 seconds {way} of NTP time\nLast offset     : +0.000000321 seconds\nRMS offset      : 0.000021000 seconds\nFrequency       : 1.250 ppm slow\nResidual freq   : +0.000 ppm\nSkew            : 0.020 ppm\nRoot delay      : 0.000210000 seconds\nRoot dispersion : 0.000120000 seconds\nUpdate interval : 64.2 seconds\nLeap status     : Normal\n"
    )
}
