//! Packages and services that matter to Lustre and its cluster.

use super::Look;
use model::report::{Package, Service};
use platform::os::{packages, systemctl};

/// Beginnings of package names that matter.
const PACKAGES: &[&str] = &[
    "lustre",
    "kmod-lustre",
    "kernel-lustre",
    "zfs",
    "kmod-zfs",
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
pub(crate) const UNITS: &[&str] = &[
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
    let (bytes, source) = look.run("packages", &[dpkg, rpm])?;
    let (all, skips) = if source.starts_with("dpkg") {
        packages::query(&bytes)
    } else {
        packages::rpm(&bytes)
    };
    look.skips("packages", &source, &skips);
    let matters = |name: &str| PACKAGES.iter().any(|known| name.starts_with(known));
    let mut found: Vec<Package> = all
        .into_iter()
        .filter(|package| package.is_installed && matters(&package.name))
        .map(|package| Package {
            name: package.name,
            version: package.version,
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
    let (bytes, source) = look.run("services", &[&argv])?;
    let (units, skips) = systemctl::show(&bytes);
    look.skips("services", &source, &skips);
    let is_there =
        |unit: &systemctl::Unit| !unit.name.is_empty() && unit.load.as_deref() != Some("not-found");
    let mut found: Vec<Service> = units
        .into_iter()
        .filter(is_there)
        .map(|unit| Service {
            unit: unit.name,
            load: unit.load.unwrap_or_default(),
            active: unit.active.unwrap_or_default(),
            sub: unit.sub.unwrap_or_default(),
            enabled: unit.enabled.unwrap_or_default(),
        })
        .collect();
    found.sort();
    found.dedup();
    Some(found)
}
