//! Packages and services that matter to Lustre and its cluster.

use super::Look;
use model::report::{Package, Service};

/// Beginnings of package names that matter.
const PACKAGES: &[&str] = &[
    "lustre",
    "kmod-lustre",
    "kernel-lustre",
    "zfs",
    "libzfs",
    "e2fsprogs",
    "pacemaker",
    "corosync",
    "pcs",
    "fence-agents",
    "resource-agents",
    "chrony",
    "ntp",
    "device-mapper-multipath",
    "multipath-tools",
    "mdadm",
    "lvm2",
    "linux-image",
    "openzfs",
];

/// Units that matter.
const UNITS: &[&str] = &[
    "lnet.service",
    "lustre.service",
    "pacemaker.service",
    "corosync.service",
    "pcsd.service",
    "sbd.service",
    "multipathd.service",
    "zfs-zed.service",
    "zfs.target",
    "chronyd.service",
    "chrony.service",
    "ntpd.service",
    "ntp.service",
    "systemd-timesyncd.service",
    "firewalld.service",
    "nftables.service",
    "mdmonitor.service",
];

/// Installed packages that matter, sorted.
pub fn packages(look: &mut Look<'_>) -> Option<Vec<Package>> {
    let dpkg: &[&str] = &[
        "dpkg-query",
        "-W",
        "-f",
        "${db:Status-Status} ${Package} ${Version}\\n",
    ];
    let rpm: &[&str] = &[
        "rpm",
        "-qa",
        "--qf",
        "installed %{NAME} %{VERSION}-%{RELEASE}\\n",
    ];
    let (bytes, _) = look.run("packages", &[dpkg, rpm])?;
    let text = String::from_utf8_lossy(&bytes);
    let mut found: Vec<Package> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (status, name, version) = (words.next()?, words.next()?, words.next()?);
            let matters =
                status == "installed" && PACKAGES.iter().any(|known| name.starts_with(known));
            matters.then(|| Package {
                name: name.to_owned(),
                version: version.to_owned(),
            })
        })
        .collect();
    found.sort();
    Some(found)
}

/// Units that matter and are there, sorted.
pub fn services(look: &mut Look<'_>) -> Option<Vec<Service>> {
    let mut argv = vec![
        "systemctl",
        "show",
        "-p",
        "Id,LoadState,ActiveState,SubState,UnitFileState",
    ];
    argv.extend(UNITS);
    let (bytes, _) = look.run("services", &[&argv])?;
    let text = String::from_utf8_lossy(&bytes);
    let mut found = Vec::new();
    for part in text.split("\n\n") {
        let value = |key: &str| {
            let line = part
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().to_owned()
        };
        let service = Service {
            unit: value("Id"),
            load: value("LoadState"),
            active: value("ActiveState"),
            sub: value("SubState"),
            enabled: value("UnitFileState"),
        };
        if !service.unit.is_empty() && service.load != "not-found" {
            found.push(service);
        }
    }
    found.sort();
    found.dedup();
    Some(found)
}
