//! `ip`, `nft`, `firewall-cmd`.

use crate::world::World;
use crate::world::command::{failed, printed};
use crate::world::host::HostName;
use agent::host::Output;

/// Answers `ip -j addr show`.
pub fn ip(world: &World, host: &HostName) -> Output {
    let Some(state) = world.hosts.get(host) else {
        return printed("[]\n");
    };
    let mut links = vec![String::from(
        r#"{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"qdisc":"noqueue","operstate":"UNKNOWN","group":"default","txqlen":1000,"link_type":"loopback","address":"00:00:00:00:00:00","broadcast":"00:00:00:00:00:00","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host","label":"lo","valid_life_time":4294967295,"preferred_life_time":4294967295}]}"#,
    )];
    for (n, (name, address)) in state.interfaces.iter().enumerate() {
        let parts: Vec<u8> = address
            .split('.')
            .filter_map(|part| part.parse().ok())
            .collect();
        let mac: Vec<String> = parts.iter().map(|part| format!("{part:02x}")).collect();
        let (index, mac) = (n + 2, mac.join(":"));
        let net = address.rsplitn(3, '.').last().unwrap_or_default();
        links.push(format!(
            r#"{{"ifindex":{index},"ifname":"{name}","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":9000,"qdisc":"mq","operstate":"UP","group":"default","txqlen":1000,"link_type":"ether","address":"52:54:{mac}","broadcast":"ff:ff:ff:ff:ff:ff","addr_info":[{{"family":"inet","local":"{address}","prefixlen":16,"broadcast":"{net}.255.255","scope":"global","label":"{name}","valid_life_time":4294967295,"preferred_life_time":4294967295}}]}}"#
        ));
    }
    printed(format!("[{}]\n", links.join(",")))
}

fn is_firewall_up(world: &World, host: &HostName) -> bool {
    let unit = world
        .hosts
        .get(host)
        .and_then(|host| host.units.get("firewalld.service"));
    unit.is_some_and(|unit| unit.is_active)
}

/// Whether a host lets a port such as `988/tcp` through.
pub fn lets_through(world: &World, host: &HostName, port: &str) -> bool {
    let is_open = world
        .hosts
        .get(host)
        .is_some_and(|host| host.ports.0.contains(port));
    is_open || !is_firewall_up(world, host)
}

/// Answers `nft list ruleset`.
pub fn nft(world: &World, host: &HostName) -> Output {
    if !is_firewall_up(world, host) {
        return printed("");
    }
    let ports = world
        .hosts
        .get(host)
        .map(|host| host.ports.0.clone())
        .unwrap_or_default();
    let rule = |port: &String| {
        let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
        format!("\t\t{protocol} dport {number} accept\n")
    };
    let rules: String = ports.iter().map(rule).collect();
    printed(format!(
        "table inet firewalld {{\n\tchain filter_INPUT {{\n\t\ttype filter hook input priority filter + 10; policy accept;\n\t\tct state {{ established, related }} accept\n\t\tiifname \"lo\" accept\n\t\tct state invalid drop\n\t\tjump filter_INPUT_POLICIES\n\t\treject with icmpx admin-prohibited\n\t}}\n\n\tchain filter_INPUT_POLICIES {{\n\t\tjump filter_IN_public_allow\n\t}}\n\n\tchain filter_IN_public_allow {{\n\t\ttcp dport 22 accept\n{rules}\t}}\n}}\n"
    ))
}

/// Answers `firewall-cmd`.
pub fn firewall_cmd(world: &mut World, host: &HostName, words: &[&str]) -> Output {
    let is_permanent = words.first() == Some(&"--permanent");
    if !is_permanent && !is_firewall_up(world, host) {
        return failed(252, "FirewallD is not running");
    }
    let Some(state) = world.hosts.get_mut(host) else {
        return printed("");
    };
    let word = words.last().copied().unwrap_or_default();
    let ports = if is_permanent {
        &mut state.ports.1
    } else {
        &mut state.ports.0
    };
    if let Some(port) = word.strip_prefix("--add-port=") {
        if !ports.insert(port.to_owned()) {
            let said = format!("Warning: ALREADY_ENABLED: {port}\n");
            return Output {
                stderr: said.into_bytes(),
                ..printed("success\n")
            };
        }
        return printed("success\n");
    }
    if let Some(port) = word.strip_prefix("--remove-port=") {
        ports.remove(port);
        return printed("success\n");
    }
    match word {
        "--list-ports" => {
            let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
            printed(format!("{}\n", ports.join(" ")))
        }
        "--reload" => {
            state.ports.0 = state.ports.1.clone();
            printed("success\n")
        }
        "--state" => printed("running\n"),
        other => failed(
            2,
            &format!(
                "usage: see firewall-cmd man page\nfirewall-cmd: error: unrecognized arguments: {other}"
            ),
        ),
    }
}
