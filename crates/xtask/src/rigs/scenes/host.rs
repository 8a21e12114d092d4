//! Clocks and firewalls of the hosts.

use super::super::place::{CLOCK, CLOCK_ADDRESS, SERVERS};
use super::super::shell::until;
use super::Stage;
use anyhow::{Result, bail};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Chrony was blank before, and follows the source now.
pub fn clocks(stage: &Stage) -> Result<()> {
    for host in SERVERS {
        until("chrony follows its source", 60, || {
            let sources = stage.place.on(host, &["chronyc", "-n", "sources"])?;
            let is_followed = |line: &str| line.starts_with(&format!("^* {CLOCK_ADDRESS}"));
            Ok(if sources.lines().any(is_followed) {
                Ok(())
            } else {
                Err(sources)
            })
        })?;
        let enabled = stage
            .place
            .on(host, &["systemctl", "is-enabled", "chrony.service"])?;
        if enabled.trim() != "enabled" {
            bail!("chrony is {} on {host}", enabled.trim());
        }
    }
    until("the manager shows the source", 60, || {
        let shown = stage.product.ask(&["server", "show", "h1"])?.to_string();
        Ok(if shown.contains(CLOCK_ADDRESS) {
            Ok(())
        } else {
            Err(shown)
        })
    })
}

/// Planned ports are open now and after a boot; others are not.
pub fn firewall(stage: &Stage) -> Result<()> {
    for host in SERVERS {
        for line in [
            &["firewall-cmd", "--list-ports"][..],
            &["firewall-cmd", "--permanent", "--list-ports"],
        ] {
            let open = stage.place.on(host, line)?;
            let mut ports: Vec<&str> = open.split_whitespace().collect();
            ports.sort_unstable();
            if ports != ["5405/udp", "988/tcp"] {
                bail!("on {host} {} are open", ports.join(", "));
            }
        }
    }
    // What listens on a port that nobody opened is not reached.
    let listen = "import socket\ns = socket.create_server(('', 7000))\ns.accept()";
    let unit = [
        "systemd-run",
        "--quiet",
        "--collect",
        "--unit",
        "rig-listens",
        "python3",
        "-c",
        listen,
    ];
    stage.place.on("h1", &unit)?;
    until("something listens on port 7000", 20, || {
        let inside = stage
            .place
            .on("h1", &["ss", "-Hltn", "sport", "=", ":7000"])?;
        Ok(if inside.contains(":7000") {
            Ok(())
        } else {
            Err(inside)
        })
    })?;
    let is_reached = |port: u16| {
        let address = SocketAddr::from(([10, 79, 0, 11], port));
        TcpStream::connect_timeout(&address, Duration::from_secs(3)).is_ok()
    };
    let (lnet, other) = (is_reached(988), is_reached(7000));
    stage
        .place
        .on("h1", &["systemctl", "stop", "rig-listens"])?;
    if !lnet || other {
        bail!("port 988 reached: {lnet}; port 7000 reached: {other}");
    }
    // The host that nobody manages was not touched.
    let other = stage.place.on(CLOCK, &["cat", "/etc/chrony/chrony.conf"])?;
    if other.contains("Candela") {
        bail!("{CLOCK} is not managed, and its chrony.conf was written");
    }
    Ok(())
}
