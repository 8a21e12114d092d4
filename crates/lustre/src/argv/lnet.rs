//! LNet: load, configure, stop; the file that keeps it over a boot.
//!
//! Source: `lnetctl(8)`; `lnet.service` imports `/etc/lnet.conf`.

use super::{Argv, words};

/// Where `lnet.service` reads its configuration.
pub const CONFIG: &str = "/etc/lnet.conf";

/// `modprobe lnet`.
pub fn load() -> Argv {
    words(["modprobe", "lnet"])
}

/// `lnetctl lnet configure`.
pub fn configure() -> Argv {
    words(["lnetctl", "lnet", "configure"])
}

/// `lnetctl import /etc/lnet.conf`: adds what is missing.
pub fn import() -> Argv {
    words(["lnetctl", "import", CONFIG])
}

/// Stops LNet: unloads what uses it, unconfigures it, unloads the rest.
pub fn stop() -> [Argv; 3] {
    [
        words(["lustre_rmmod", "ptlrpc"]),
        words(["lnetctl", "lnet", "unconfigure"]),
        words(["lustre_rmmod"]),
    ]
}

/// `/etc/lnet.conf` for these nets, each with its interfaces.
pub fn config<'a>(nets: impl IntoIterator<Item = (&'a str, &'a [String])>) -> String {
    let mut text = String::from("net:\n");
    for (net, interfaces) in nets {
        text.push_str(&format!("    - net type: {net}\n      local NI(s):\n"));
        for interface in interfaces {
            text.push_str(&format!(
                "        - interfaces:\n              0: {interface}\n"
            ));
        }
    }
    text
}

/// Takes a net away, with all its interfaces.
pub fn remove(net: &str) -> Argv {
    words(["lnetctl", "net", "del", "--net", net])
}

/// The nets of a file that [`config`] made; none of a file by somebody else.
pub fn nets_of(file: &str) -> Vec<String> {
    let mut nets: Vec<(String, Vec<String>)> = Vec::new();
    for line in file.lines() {
        let line = line.trim();
        if let Some(net) = line.strip_prefix("- net type: ") {
            nets.push((net.to_owned(), Vec::new()));
        } else if let (Some(name), Some((_, of))) = (line.strip_prefix("0: "), nets.last_mut()) {
            of.push(name.to_owned());
        }
    }
    let pairs = nets.iter();
    let same = config(pairs.map(|(net, of)| (net.as_str(), of.as_slice())));
    if same != file {
        return Vec::new();
    }
    nets.into_iter().map(|(net, _)| net).collect()
}
