//! The YAML that `lnetctl` prints and reads.

/// `lnetctl global show` of a node with nothing changed.
pub const GLOBAL: &str = "global:\n    numa_range: 0\n    max_interfaces: 200\n    discovery: 1\n    drop_asym_route: 0\n    retry_count: 2\n    transaction_timeout: 150\n    health_sensitivity: 100\n    recovery_interval: 1\n    router_sensitivity: 100\n    lnd_timeout: 49\n    response_tracking: 3\n    recovery_limit: 0\n    max_recovery_ping_interval: 900\n";

/// Nets and interfaces of a configuration file.
pub fn config(text: &str) -> Vec<(String, String)> {
    let (mut net, mut is_in, mut found) = (String::new(), false, Vec::new());
    for line in text.lines() {
        let line = line.trim().trim_start_matches("- ").trim();
        if let Some(name) = line.strip_prefix("net type:") {
            (net, is_in) = (name.trim().to_owned(), false);
        } else if line.starts_with("interfaces:") {
            is_in = true;
        } else if let Some((number, name)) = line.split_once(':') {
            is_in &= !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            if is_in && net != "lo" {
                found.push((net.clone(), name.trim().to_owned()));
            }
        }
    }
    found
}

/// `lnetctl net show`: each net with its NIDs and their interfaces.
pub fn nets(nets: &[(String, Vec<(String, String)>)], is_long: bool) -> String {
    let mut text = String::from(
        "net:\n-     net type: lo\n      local NI(s):\n      -     nid: 0@lo\n            status: up\n",
    );
    if is_long {
        text.push_str(&details([0, 0, 0], "", "dev cpt: 0"));
    }
    for (net, nis) in nets {
        text.push_str(&format!("-     net type: {net}\n      local NI(s):\n"));
        for (nid, interface) in nis {
            text.push_str(&format!(
                "      -     nid: {nid}\n            status: up\n            interfaces:\n                  0: {interface}\n"
            ));
            if is_long {
                let lnd = "            lnd tunables:\n                  conns_per_peer: 1\n                  timeout: 50\n                  tos: -1\n";
                text.push_str(&details([180, 8, 256], lnd, "dev cpt: -1"));
            }
        }
    }
    text
}

fn details([timeout, peer, credits]: [u32; 3], lnd: &str, cpt: &str) -> String {
    format!(
        "            statistics:\n                  send_count: 0\n                  recv_count: 0\n                  drop_count: 0\n            tunables:\n                  peer_timeout: {timeout}\n                  peer_credits: {peer}\n                  peer_buffer_credits: 0\n                  credits: {credits}\n{lnd}            {cpt}\n            CPT: \"[0]\"\n"
    )
}
