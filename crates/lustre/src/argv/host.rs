//! Services, firewall, time, power of the host itself.

use super::{Argv, words};

/// `systemctl VERB UNIT`.
pub fn systemctl(verb: &str, unit: &str) -> Argv {
    words(["systemctl", verb, unit])
}

/// `systemctl daemon-reload`.
pub fn daemon_reload() -> Argv {
    words(["systemctl", "daemon-reload"])
}

/// Opens a port such as `988/tcp`, after the next reload and now.
pub fn open_port(port: &str) -> [Argv; 2] {
    let add = format!("--add-port={port}");
    [
        words(["firewall-cmd", "--permanent", &add]),
        words(["firewall-cmd", &add]),
    ]
}

/// `shutdown -r now`.
pub fn reboot() -> Argv {
    words(["shutdown", "-r", "now"])
}

/// `chrony.conf` that follows these sources.
pub fn chrony_conf(sources: &[String]) -> String {
    let mut text = String::from("# Written by Candela; changes here are overwritten.\n");
    for source in sources {
        text.push_str(&format!("server {source} iburst\n"));
    }
    text.push_str("driftfile /var/lib/chrony/drift\nmakestep 1.0 3\nrtcsync\n");
    text
}

/// The name of the unit that mounts a folder, as `systemd-escape --path` gives
/// it: `/mnt/scratch-1` is `mnt-scratch\x2d1.mount`.
pub fn mount_unit(mount_point: &str) -> String {
    let path = mount_point.trim_matches('/');
    let mut name = String::new();
    for (place, byte) in path.bytes().enumerate() {
        match byte {
            b'/' => name.push('-'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b':' => name.push(char::from(byte)),
            b'.' if place > 0 => name.push('.'),
            _ => name.push_str(&format!("\\x{byte:02x}")),
        }
    }
    if name.is_empty() {
        name.push('-');
    }
    format!("{name}.mount")
}

/// That unit's text.
pub fn mount_unit_text(source: &str, mount_point: &str, options: &[String]) -> String {
    let mut options = options.to_vec();
    options.push(String::from("_netdev"));
    format!(
        "# Written by Candela.\n[Unit]\nDescription=Lustre client of {source}\nRequires=lnet.service\nAfter=lnet.service network-online.target\n\n[Mount]\nWhat={source}\nWhere={mount_point}\nType=lustre\nOptions={}\nTimeoutSec=900\n\n[Install]\nWantedBy=remote-fs.target\n",
        options.join(",")
    )
}
