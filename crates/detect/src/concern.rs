//! Codes of what needs attention. Each has a page in `docs/errors`.

use model::inventory::Concern;

/// Reported mounted by two servers that both report now.
pub(crate) const MOUNTED_TWICE: &str = "target-mounted-twice";
/// Known to the MGS or Pacemaker, shown by no server.
pub(crate) const MISSING: &str = "target-missing";
/// Mounted nowhere.
pub(crate) const UNMOUNTED: &str = "target-unmounted";
/// In recovery.
pub(crate) const RECOVERING: &str = "target-recovering";
/// Mounted, though not at home.
pub(crate) const AWAY: &str = "target-away-from-home";
/// Last seen mounted on a server that is silent.
pub(crate) const STALE: &str = "target-stale";
/// Seen, but not in its MGS's log.
pub(crate) const NOT_REGISTERED: &str = "target-not-registered";
/// One label on two devices.
pub(crate) const TWO_DEVICES: &str = "target-on-two-devices";
/// Pacemaker says one place, the mount table another.
pub(crate) const HA_DISAGREES: &str = "ha-disagrees";
/// Names servers that do not report.
pub(crate) const SERVER_UNKNOWN: &str = "server-not-enrolled";
/// The agent is silent.
pub(crate) const SERVER_SILENT: &str = "server-silent";
/// `health_check` is not healthy.
pub(crate) const UNHEALTHY: &str = "server-unhealthy";
/// The clock is not in step.
pub(crate) const CLOCK: &str = "clock-not-synchronised";
/// A pool is not ONLINE.
pub(crate) const ZPOOL: &str = "zpool-degraded";
/// LNet is not up while targets are here.
pub(crate) const LNET_DOWN: &str = "lnet-down";
/// Pacemaker without fencing.
pub(crate) const NO_FENCING: &str = "ha-no-fencing";
/// No quorum.
pub(crate) const NO_QUORUM: &str = "ha-no-quorum";
/// A link of Corosync does not reach every member.
pub(crate) const HA_LINK: &str = "ha-link-down";
/// A node is not online.
pub(crate) const HA_NODE: &str = "ha-node-not-online";
/// A resource failed or is blocked.
pub(crate) const HA_RESOURCE: &str = "ha-resource-failed";
/// The MGS is on no server that reports.
pub(crate) const MGS_EXTERNAL: &str = "mgs-external";
/// The MGT is seen but mounted nowhere.
pub(crate) const MGS_DOWN: &str = "mgs-down";
/// The file system lacks MDT0000 or any OST.
pub(crate) const FS_INCOMPLETE: &str = "filesystem-incomplete";

/// A concern in one sentence.
pub(crate) fn concern(code: &str, text: impl Into<String>) -> Concern {
    Concern {
        code: code.to_owned(),
        text: text.into(),
    }
}
