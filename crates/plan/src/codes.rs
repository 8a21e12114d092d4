//! Codes of what a plan waits for, and of what its checks find. Each has a page
//! in `docs/errors`.

/// A server that must do something has no agent connected.
pub const AGENT_ABSENT: &str = "agent-absent";
/// Somebody else runs the targets of an HA group.
pub const HA_EXTERNAL: &str = "ha-external";
/// Pacemaker is told to keep its hands off.
pub const HA_MAINTENANCE: &str = "ha-maintenance";
/// Pacemaker does not know a server of the group.
pub const HA_NODE_MISSING: &str = "ha-node-missing";
/// Corosync is configured for another cluster.
pub const HA_FOREIGN: &str = "ha-foreign";
/// Pacemaker is at work on a target already.
pub const HA_MOVING: &str = "ha-moving";
/// Pacemaker cannot run a target.
pub const HA_BLOCKED: &str = "ha-blocked";
/// LNet is to stop on a server where Lustre is mounted.
pub const LNET_IN_USE: &str = "lnet-in-use";
/// A target is mounted, but not by the Pacemaker of its group.
pub const HA_NOT_OURS: &str = "ha-not-ours";
/// Another server may still have a target mounted.
pub const FENCE_UNPROVEN: &str = "fence-unproven";
/// The MGS is not up, nor will be by this plan.
pub const MGS_WAITED: &str = "mgs-waited";
/// An MDT that must be up first is not, nor will be by this plan.
pub const MDT_WAITED: &str = "mdt-waited";
/// Another file system needs the MGS of one that is to go.
pub const MGS_SHARED: &str = "mgs-shared";
/// An MGS that is not ours still knows a file system that goes.
pub const MGS_FORGET: &str = "mgs-forget";
/// A known target's device is seen nowhere.
pub const TARGET_GONE: &str = "target-gone";
/// A device has no name that Pacemaker could be told.
pub const NO_STABLE_PATH: &str = "no-stable-path";
/// A target is mounted on two servers.
pub const TARGET_DOUBLE: &str = "target-double";
/// No server can take a target over.
pub const HEIR_ABSENT: &str = "heir-absent";
/// A step needs an operator's consent.
pub const CONSENT_NEEDED: &str = "consent-needed";
/// A server that is said to be off answers.
pub const SERVER_ANSWERS: &str = "server-answers";
/// A server that is to go still has something that is needed.
pub const SERVER_NEEDED: &str = "server-needed";
/// A goal names something that is not there.
pub const GOAL_UNKNOWN: &str = "goal-unknown";
/// A check found a plan wrong: a fault of Candela.
pub const PLAN_FAULT: &str = "plan-fault";
