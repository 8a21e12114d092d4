//! What Lustre and LNet say, by example. Releases word a few things
//! differently; each wording has its line, the newest first.

use super::event::{Event, EvictionCause};
use super::template::Found;

/// A wording, and what it means.
pub(crate) type Rule = (&'static str, fn(&Found<'_>) -> Event);

fn available(found: &Found<'_>) -> Event {
    Event::NotAvailable {
        reason: found.text(0).to_owned(),
    }
}

fn denied(found: &Found<'_>) -> Event {
    Event::ConnectionDenied {
        known: found.number(0),
        recovered: found.number(1),
        in_progress: found.number(2),
        missing: found.number(3),
        left_s: found.clock(4),
    }
}

fn recovery_started(found: &Found<'_>) -> Event {
    Event::RecoveryStarted {
        window_s: found.clock(0),
        clients: found.number(1),
    }
}

fn recovery_done(found: &Found<'_>) -> Event {
    Event::RecoveryDone {
        seconds: found.clock(0),
        clients: found.number(1),
        recovered: found.number(2),
        evicted: found.number(3),
    }
}

fn evicted(cause: EvictionCause, after_s: Option<u64>) -> Event {
    Event::ClientEvicted { cause, after_s }
}

/// `parent lock 324`: what is slow, and for how many seconds.
fn slow(found: &Found<'_>) -> Event {
    let (what, seconds) = found.text(0).rsplit_once(' ').unwrap_or_default();
    Event::SlowIo {
        what: what.to_owned(),
        seconds: seconds.parse().ok(),
    }
}

fn log_changed(found: &Found<'_>) -> Event {
    Event::ConfigChanged {
        log: found.others.last().map(|log| (*log).to_owned()),
    }
}

/// What targets and clients say of themselves.
const TARGET: &[Rule] = &[
    ("Build Version: {}", |f| Event::ModulesLoaded {
        version: f.text(0).to_owned(),
    }),
    ("{dev}: new disk, initializing", |_| Event::TargetFirstMount),
    ("{dev}: mounting server target with", |_| {
        Event::TargetStarting
    }),
    (
        "{dev}: Imperative Recovery enabled, recovery window shrunk from {} down to {}-{}",
        |f| Event::TargetStarted {
            recovery_window_s: f.number(1).zip(f.number(2)),
            imperative_recovery: Some(true),
        },
    ),
    (
        "{dev}: Imperative Recovery {}, recovery window {}-{}",
        |f| Event::TargetStarted {
            recovery_window_s: f.number(1).zip(f.number(2)),
            imperative_recovery: Some(f.text(0) == "enabled"),
        },
    ),
    ("{dev}: Now serving {}", |_| Event::TargetStarted {
        recovery_window_s: None,
        imperative_recovery: None,
    }),
    ("{dev}: now active, resetting orphans", |_| {
        Event::TargetActivated
    }),
    ("MGS {dev} started", |_| Event::TargetStarted {
        recovery_window_s: None,
        imperative_recovery: None,
    }),
    ("Failing over {dev}", |_| Event::TargetStopping),
    ("{dev}: shutting down for failover", |_| {
        Event::TargetStopping
    }),
    ("server umount {dev} complete", |_| Event::TargetStopped),
    ("OST {dev} has stopped", |_| Event::TargetStopped),
    ("MDT {dev} has stopped", |_| Event::TargetStopped),
    ("{dev} has stopped", |_| Event::TargetStopped),
    ("Unable to start osd on {}: {}", |f| Event::TargetFailed {
        rc: f.rc(1),
    }),
    ("Unable to start targets: {}", |f| Event::TargetFailed {
        rc: f.rc(0),
    }),
    ("Mounted {dev}", |_| Event::ClientMounted),
    ("Client {dev} has started", |_| Event::ClientMounted),
    ("mount {dev} complete", |_| Event::ClientMounted),
    ("Unmounted {dev}", |_| Event::ClientUnmounted),
    ("client {dev} umount complete", |_| Event::ClientUnmounted),
    ("client umount complete", |_| Event::ClientUnmounted),
    ("llite: Unable to mount {}: rc = {}", |f| {
        Event::ClientMountFailed { rc: f.rc(1) }
    }),
    ("{dev}: Unable to mount {}: rc = {}", |f| {
        Event::ClientMountFailed { rc: f.rc(1) }
    }),
    ("Unable to mount {}({}", |f| Event::ClientMountFailed {
        rc: f.rc(1),
    }),
    ("{dev}: device reported unhealthy", |_| Event::Unhealthy),
    ("device {dev} reported unhealthy", |_| Event::Unhealthy),
    ("{dev}: *** setting device {} read-only", |_| {
        Event::ReadOnly
    }),
    ("*** setting {} read-only", |_| Event::ReadOnly),
    ("{dev}: set dev_rdonly on this device", |_| Event::ReadOnly),
    ("{dev}: slow {}s due to heavy IO load", slow),
];

/// Recovery and evictions, as a server tells them.
const RECOVERY: &[Rule] = &[
    (
        "{dev}: in recovery but waiting for the first client",
        |_| Event::RecoveryWaiting,
    ),
    (
        "{dev}: Will be in recovery for at least {}, or until {} client",
        recovery_started,
    ),
    (
        "{dev}: in recovery for at least {}, or until all {} client",
        recovery_started,
    ),
    (
        "{dev}: Recovery over after {}, of {} clients {} recovered and {} w",
        recovery_done,
    ),
    (
        "{dev}: Recovery over after {}, of {} client {} recovered and {} w",
        recovery_done,
    ),
    (
        "{dev}: Recovery period over after {}, of {} clients {} recovered and {} w",
        recovery_done,
    ),
    (
        "{dev}: recovery period over; {} clients never reconnected after {}s ({} clients did)",
        |f| Event::RecoveryDone {
            seconds: f.number(1),
            clients: f
                .number(0)
                .zip(f.number(2))
                .and_then(|(lost, back)| lost.checked_add(back)),
            recovered: f.number(2),
            evicted: f.number(0),
        },
    ),
    ("{dev}: Recovery over after {}, of {}", recovery_done),
    ("{dev}: recovery complete: rc 0", |_| Event::RecoveryDone {
        seconds: None,
        clients: None,
        recovered: None,
        evicted: None,
    }),
    ("{dev}: Aborting {}recovery", |_| Event::RecoveryAborted),
    ("recovery is aborted", |_| Event::RecoveryAborted),
    ("{dev}: recovery is aborted", |_| Event::RecoveryAborted),
    ("{dev}: recovery is timed out", |_| Event::RecoveryOverdue),
    ("recovery is timed out", |_| Event::RecoveryOverdue),
    ("{dev}: recovery timed out", |_| Event::RecoveryOverdue),
    ("{dev}: extended recovery timer reach", |_| {
        Event::RecoveryOverdue
    }),
    ("{dev}: Recovery already passed deadline", |_| {
        Event::RecoveryOverdue
    }),
    (
        "{dev}: Denying connection for new client {client} (at {nid}), waiting for all {} known clients ({} recovered, {} in progress, and {} {}) to recover{}",
        denied_with_word,
    ),
    (
        "{dev}: Denying connection for new client {client} (at {nid}), waiting for {} known clients ({} recovered, {} in progress, and {} {}) to recover{}",
        denied_with_word,
    ),
    (
        "{dev}: Denying connection for new client {client} (at {nid}), waiting for {} clients in recovery for {}",
        denied_short,
    ),
    (
        "{dev}: Denying connection for new client {client}, waiting for {} clients in recovery for {}",
        denied_short,
    ),
    ("{dev}: Denying connection for new client", denied),
    (
        "{dev}: denying connection for new client {nid} ({client}): {} clients in recovery for {}s",
        |f| Event::ConnectionDenied {
            known: f.number(0),
            recovered: None,
            in_progress: None,
            missing: None,
            left_s: f.number(1),
        },
    ),
    ("{dev}: denying connection for new client", denied),
    (
        "{dev}: haven't heard from client {client} (at {nid}) in {} seconds",
        |f| evicted(EvictionCause::Silence, f.number(0)),
    ),
    ("{dev}: haven't heard from {nid} in {} seconds", |f| {
        evicted(EvictionCause::Silence, f.number(0))
    }),
    ("{dev}: haven't heard from", |_| {
        evicted(EvictionCause::Silence, None)
    }),
    ("{dev}: evicting {client} (at {nid}) by admin", |_| {
        evicted(EvictionCause::Administrator, None)
    }),
    ("{dev}: evicting {client} at admin", |_| {
        evicted(EvictionCause::Administrator, None)
    }),
    ("{dev}: evicting {client} by admin", |_| {
        evicted(EvictionCause::Administrator, None)
    }),
    ("{dev}: evict client {client} (at {nid})", |_| {
        evicted(EvictionCause::Unknown, None)
    }),
    (
        "### lock callback timer expired after {}s: evicting client at {nid} ",
        |f| evicted(EvictionCause::LockCallback, f.number(0)),
    ),
    (
        "{dev}: A client on nid {nid} was evicted due to a lock",
        |_| evicted(EvictionCause::LockCallback, None),
    ),
    ("A client on nid {nid} was evicted", |_| {
        evicted(EvictionCause::Unknown, None)
    }),
    ("{dev}: disconnecting {} stale clients", |f| {
        Event::ClientsEvicted { n: f.number(0) }
    }),
    ("{dev}: disconnect stale client {client}", |_| {
        evicted(EvictionCause::Recovery, None)
    }),
    ("disconnect stale client {client}", |_| {
        evicted(EvictionCause::Recovery, None)
    }),
];

fn denied_with_word(f: &Found<'_>) -> Event {
    Event::ConnectionDenied {
        known: f.number(0),
        recovered: f.number(1),
        in_progress: f.number(2),
        missing: f.number(3),
        left_s: f
            .text(5)
            .strip_prefix(" in ")
            .and_then(super::template::clock),
    }
}

fn denied_short(f: &Found<'_>) -> Event {
    Event::ConnectionDenied {
        known: f.number(0),
        recovered: None,
        in_progress: None,
        missing: None,
        left_s: f.clock(1),
    }
}

/// Connections, seen from either end.
const CONNECTION: &[Rule] = &[
    (
        "{dev}: not available for connect from {nid} ({})",
        available,
    ),
    (
        "{dev}: Not available for connect from {nid} ({})",
        available,
    ),
    ("UUID '{dev}' is not available for connect ({})", available),
    ("UUID '{dev}' is not available", |_| Event::NotAvailable {
        reason: String::new(),
    }),
    ("{dev}: This client was evicted by {}; ", |_| {
        Event::EvictedHere
    }),
    ("This client was evicted by {dev}; ", |_| Event::EvictedHere),
    ("Evicted from {dev} (at {nid})", |_| Event::EvictedHere),
    ("{dev}: Client {client} (at {nid}) reconnecting", |_| {
        Event::ClientReconnecting
    }),
    ("{dev}: Client {client} (at {nid}) refused", |_| {
        Event::ClientRefused
    }),
    ("{dev}: Client {client} (at {nid}) evicted", |_| {
        evicted(EvictionCause::Unknown, None)
    }),
    ("{dev}: refuse reconnection from {client}@{nid} to", |_| {
        Event::ClientRefused
    }),
    ("{dev}: {client} reconnecting", |_| {
        Event::ClientReconnecting
    }),
    ("{dev}: connection denied by", |_| Event::ClientRefused),
    ("{dev}: local client {client} w/o recovery", |_| {
        Event::ClientConnected
    }),
    ("{dev}: connection from {client}@{nid} ", |_| {
        Event::ClientConnected
    }),
    (
        "{dev}: Connection to service {} via nid {nid} was lost",
        |_| Event::ConnectionLost,
    ),
    ("{dev}: Connection to {} (at {nid}) was lost", |_| {
        Event::ConnectionLost
    }),
    ("Connection to service {dev} via nid {nid} was lost", |_| {
        Event::ConnectionLost
    }),
    (
        "{dev}: Connection restored to service {} using nid {nid}",
        |_| Event::ConnectionRestored,
    ),
    ("{dev}: Connection restored to {} (at {nid})", |_| {
        Event::ConnectionRestored
    }),
    ("{dev}: Connection restored", |_| Event::ConnectionRestored),
    (
        "Connection restored to service {dev} using nid {nid}",
        |_| Event::ConnectionRestored,
    ),
    ("{dev}: operation {} to node {nid} failed: rc = {}", |f| {
        Event::OperationFailed {
            operation: f.text(0).to_owned(),
            rc: f.rc(1),
        }
    }),
    (
        "{dev}: Communicating with {nid}, operation {} failed with {}",
        |f| Event::OperationFailed {
            operation: f.text(0).to_owned(),
            rc: f.rc(1),
        },
    ),
    (
        "an error occurred while communicating with {nid} The {} operation failed with {}",
        |f| Event::OperationFailed {
            operation: f.text(0).to_owned(),
            rc: f.rc(1),
        },
    ),
    (
        "an error occurred while communicating with {nid}. The {} operation failed with {}",
        |f| Event::OperationFailed {
            operation: f.text(0).to_owned(),
            rc: f.rc(1),
        },
    ),
    ("@@@ Request {}has {}: [sent {}]{}->{dev}@{nid}:", |_| {
        Event::RequestExpired
    }),
    ("@@@ Request {}sent has ", |_| Event::RequestExpired),
    ("@@@ timeout ", |_| Event::RequestExpired),
    (
        "Request {} sent from {dev} to NID {nid} {} has timed out",
        |_| Event::RequestExpired,
    ),
];

/// Configuration, the MGS, quota and checks.
const ADMIN: &[Rule] = &[
    (
        "{dev}: cannot register this server with the MGS: rc = {}",
        |f| Event::MgsFailed { rc: f.rc(0) },
    ),
    ("Communication to the MGS return error {}", |f| {
        Event::MgsFailed { rc: f.rc(0) }
    }),
    ("Failed to get MGS log {}", |_| Event::MgsFailed {
        rc: None,
    }),
    ("{dev}: Configuration from log {} failed from MGS {}", |f| {
        Event::MgsFailed { rc: f.rc(1) }
    }),
    ("{dev}: Confguration from log {} failed from MGS {}", |f| {
        Event::MgsFailed { rc: f.rc(1) }
    }),
    ("{dev}: The configuration from log '{}' failed ({})", |f| {
        Event::MgsFailed { rc: f.rc(1) }
    }),
    ("{dev}: failed processing log, type {}: rc = {}", |f| {
        Event::MgsFailed { rc: f.rc(1) }
    }),
    ("failed processing log: {}", |f| Event::MgsFailed {
        rc: f.rc(0),
    }),
    ("Server {dev} requested index", |_| Event::MgsFailed {
        rc: None,
    }),
    ("The MGS is refusing", |_| Event::MgsFailed { rc: None }),
    ("{dev}: The MGS is not running", |_| Event::MgsFailed {
        rc: None,
    }),
    ("{dev}: Regenerating {} log", |f| Event::ConfigChanged {
        log: Some(f.text(0).to_owned()),
    }),
    ("Found index {} for {}, updating log", |f| {
        Event::ConfigChanged {
            log: Some(f.text(1).to_owned()),
        }
    }),
    ("Setting parameter {} in log {}", log_changed),
    ("Modifying parameter {} in log {}", log_changed),
    ("Disabling parameter {} in log {}", log_changed),
    ("Permanently deactivating {dev}", |_| {
        Event::TargetDeactivated
    }),
    ("Permanently reactivating {dev}", |_| Event::TargetActivated),
    (
        "setting import {dev} INACTIVE by administrator request",
        |_| Event::TargetDeactivated,
    ),
    (
        "setting import {dev} ACTIVE by administrator request",
        |_| Event::TargetActivated,
    ),
    ("{dev}: failed to enqueue global quota lock", |_| {
        Event::QuotaFailed
    }),
];

/// What LNet says.
const LNET: &[Rule] = &[
    ("Added LNI {nid} ", |_| Event::LnetUp),
    ("Added LNI {nid}", |_| Event::LnetUp),
    ("Removed LNI {nid}", |_| Event::LnetDown),
    ("Error {} starting up LNI", |f| Event::LnetFailed {
        rc: f.rc(0),
    }),
    ("Can't start acceptor on port", |_| Event::LnetFailed {
        rc: None,
    }),
    ("Can't create socket: port", |_| Event::LnetFailed {
        rc: None,
    }),
    ("Timed out tx for {nid}: {} seconds", |f| {
        Event::LnetTimeout {
            seconds: f.number(0),
        }
    }),
    ("Timed out RDMA with {nid} ({})", |f| Event::LnetTimeout {
        seconds: f.number(0),
    }),
    ("Timed out tx: {}, {} seconds", |f| Event::LnetTimeout {
        seconds: f.number(1),
    }),
    ("Timed out {}", |_| Event::LnetTimeout { seconds: None }),
    ("Timing out ", |_| Event::LnetTimeout { seconds: None }),
    ("Timeout ", |_| Event::LnetTimeout { seconds: None }),
    ("Total {} tx timed out on {nid}", |_| Event::LnetTimeout {
        seconds: None,
    }),
    ("A connection with {nid} ({}) timed out", |_| {
        Event::LnetTimeout { seconds: None }
    }),
    ("A connection with {nid} (", |_| Event::LnetUnreachable),
    ("Connection to {nid} at host {} was unreachable", |_| {
        Event::LnetUnreachable
    }),
    ("Connection to {nid} at host {} was refused", |_| {
        Event::LnetUnreachable
    }),
    ("Connection to {nid} at host {}", |_| Event::LnetUnreachable),
    (
        "There was an unexpected network error while writing to {}",
        |_| Event::LnetUnreachable,
    ),
    ("There was an unexpected network error", |_| {
        Event::LnetUnreachable
    }),
    ("Unexpected error {} connecting to {nid} ", |_| {
        Event::LnetUnreachable
    }),
    ("Unexpected error {} connecting to", |_| {
        Event::LnetUnreachable
    }),
    ("{nid}: connection to {} failed", |_| Event::LnetUnreachable),
    ("peer {nid} has no available nets", |_| {
        Event::LnetUnreachable
    }),
    ("No route to {nid} via", |_| Event::LnetUnreachable),
    ("no route to {nid} from", |_| Event::LnetUnreachable),
    ("No route to {}", |_| Event::LnetUnreachable),
    ("no route to {}", |_| Event::LnetUnreachable),
    ("peer NI ({nid}) recovery failed", |_| Event::LnetHealth),
    ("lpni {nid} added to recovery queue", |_| Event::LnetHealth),
    ("ni {nid} added to recovery queue", |_| Event::LnetHealth),
    ("router {nid} is ", |_| Event::LnetHealth),
    ("Deleting messages from {nid}: connection failed", |_| {
        Event::LnetUnreachable
    }),
    ("{nid} rejected: ", |_| Event::LnetUnreachable),
];

/// What service threads say; their own name may stand first.
const THREAD: &[Rule] = &[
    ("ervice thread pid {} was inactive for {}s", |f| {
        Event::ThreadStuck {
            seconds: f.number(1),
        }
    }),
    ("ervice thread pid {} was inactive for {} seconds", |f| {
        Event::ThreadStuck {
            seconds: f.number(1),
        }
    }),
    ("ervice thread pid {} was inactive for", |_| {
        Event::ThreadStuck { seconds: None }
    }),
    ("ervice thread pid {} completed after {}s", |f| {
        Event::ThreadDone {
            seconds: f.number(1),
        }
    }),
    (
        "atchdog triggered for pid {}: it was inactive for {}",
        |f| Event::ThreadStuck {
            seconds: f.number(1).map(|ms| ms / 1000),
        },
    ),
];

/// Groups, in the order they are tried.
pub(crate) const LUSTRE: &[&[Rule]] = &[RECOVERY, CONNECTION, TARGET, ADMIN, LNET];
/// For messages of LNet.
pub(crate) const OF_LNET: &[&[Rule]] = &[LNET];
/// Rules for what follows `S` or `s` of `Service thread`.
pub(crate) const OF_THREADS: &[Rule] = THREAD;
