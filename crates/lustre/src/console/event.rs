//! What a console message tells, with a stable name and how much it matters.

use serde::Serialize;

/// How much a message matters to whoever runs the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    Info,
    /// Odd; someone should look when there is time.
    Warning,
    /// Someone must act.
    Error,
}

/// Why a server gave a client up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EvictionCause {
    /// Nothing was heard from it.
    Silence,
    /// It did not give a lock back in time.
    LockCallback,
    /// An administrator asked for it.
    Administrator,
    /// It did not come back in recovery.
    Recovery,
    /// The message does not say.
    Unknown,
}

/// What happened. Numbers that a message does not carry, or carries in a form
/// that cannot be read, are absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The modules are loaded.
    ModulesLoaded {
        /// Version of Lustre.
        version: String,
    },
    /// A target is mounted for the first time.
    TargetFirstMount,
    /// A target is about to be served.
    TargetStarting,
    /// A target is served.
    TargetStarted {
        /// Least and largest time that its recovery may take, seconds.
        recovery_window_s: Option<(u64, u64)>,
        /// Whether the MGS tells clients of its restart.
        imperative_recovery: Option<bool>,
    },
    /// A target is about to stop.
    TargetStopping,
    /// A target is no longer served.
    TargetStopped,
    /// A target could not be started.
    TargetFailed {
        /// Error number, negative.
        rc: Option<i64>,
    },
    /// A client mounted the file system.
    ClientMounted,
    /// A client unmounted it.
    ClientUnmounted,
    /// A client could not mount it.
    ClientMountFailed {
        /// Error number, negative.
        rc: Option<i64>,
    },
    /// Somebody asked for a target that this server does not serve.
    NotAvailable {
        /// `no target`, `stopping`, `not set up`.
        reason: String,
    },
    /// A new client has to wait until recovery is over.
    ConnectionDenied {
        /// Clients that the target knows.
        known: Option<u64>,
        /// Of those, recovered.
        recovered: Option<u64>,
        /// Of those, recovering.
        in_progress: Option<u64>,
        /// Of those, evicted or never seen.
        missing: Option<u64>,
        /// Seconds left.
        left_s: Option<u64>,
    },
    /// A target waits for its first client.
    RecoveryWaiting,
    /// Recovery began.
    RecoveryStarted {
        /// Seconds it may take.
        window_s: Option<u64>,
        /// Clients expected.
        clients: Option<u64>,
    },
    /// Recovery ended.
    RecoveryDone {
        /// Seconds it took.
        seconds: Option<u64>,
        /// Clients expected.
        clients: Option<u64>,
        /// Clients that came back.
        recovered: Option<u64>,
        /// Clients that were given up.
        evicted: Option<u64>,
    },
    /// Recovery was ended by force.
    RecoveryAborted,
    /// Recovery takes longer than it should.
    RecoveryOverdue,
    /// A server gave a client up.
    ClientEvicted {
        /// Why.
        cause: EvictionCause,
        /// For how long it was waited, seconds.
        after_s: Option<u64>,
    },
    /// Several clients were given up at the end of recovery.
    ClientsEvicted {
        /// How many.
        n: Option<u64>,
    },
    /// This host was given up by a server.
    EvictedHere,
    /// A client connected for the first time.
    ClientConnected,
    /// A client that the target knows connected again.
    ClientReconnecting,
    /// A client may not connect.
    ClientRefused,
    /// This host lost a server.
    ConnectionLost,
    /// This host has the server back.
    ConnectionRestored,
    /// A server answered with an error.
    OperationFailed {
        /// `ost_connect`, `mds_statfs`.
        operation: String,
        /// Error number, negative.
        rc: Option<i64>,
    },
    /// A request got no answer.
    RequestExpired,
    /// Lustre met a state that must not be; the thread stopped for ever.
    Lbug {
        /// The function.
        function: Option<String>,
    },
    /// What Lustre takes for granted is not so.
    Assertion {
        /// The condition.
        condition: String,
    },
    /// A target says that it is not well.
    Unhealthy,
    /// A back end was set read-only.
    ReadOnly,
    /// A service thread makes no progress.
    ThreadStuck {
        /// For how long, whole seconds.
        seconds: Option<u64>,
    },
    /// A service thread that made none has finished.
    ThreadDone {
        /// After how long, whole seconds.
        seconds: Option<u64>,
    },
    /// The back end answers slowly.
    SlowIo {
        /// What is slow: `journal start`, `parent lock`.
        what: String,
        /// For how long, seconds.
        seconds: Option<u64>,
    },
    /// The object index is being checked or rebuilt.
    OiScrub,
    /// The consistency check says something.
    Lfsck,
    /// Something about quota failed.
    QuotaFailed,
    /// Configuration could not be had from the MGS, or the MGS refused it.
    MgsFailed {
        /// Error number, negative.
        rc: Option<i64>,
    },
    /// The MGS changed a configuration log.
    ConfigChanged {
        /// The log.
        log: Option<String>,
    },
    /// A target was taken out of use by an administrator.
    TargetDeactivated,
    /// And taken into use again.
    TargetActivated,
    /// An LNet interface is up.
    LnetUp,
    /// An LNet interface is gone.
    LnetDown,
    /// LNet could not start.
    LnetFailed {
        /// Error number, negative.
        rc: Option<i64>,
    },
    /// A message was not sent or answered in time.
    LnetTimeout {
        /// After how long, seconds.
        seconds: Option<u64>,
    },
    /// A node cannot be reached, or refuses.
    LnetUnreachable,
    /// A peer's or an interface's health went down, or its recovery failed.
    LnetHealth,
    /// A file system of a disk was mounted.
    DiskMounted,
    /// A file system of a disk was unmounted.
    DiskUnmounted,
    /// A journal was replayed.
    DiskRecovered,
    /// A file system on a disk is damaged.
    DiskError,
    /// A file system on a disk was set read-only.
    DiskReadOnly,
    /// Another server may have the disk in use.
    MultiMountProtection,
    /// A pool stands still.
    PoolSuspended {
        /// Its name.
        pool: String,
    },
    /// A disk gave an error.
    IoError {
        /// `sdb`.
        disk: String,
    },
    /// A path to a disk failed.
    PathFailed,
    /// A path to a disk works again.
    PathRestored,
    /// A link of the network went down.
    LinkDown,
    /// A link of the network came up.
    LinkUp,
    /// A task waits without progress.
    HungTask {
        /// Its name.
        task: String,
        /// For how long, seconds.
        seconds: Option<u64>,
    },
    /// A processor does not come back to the scheduler.
    Lockup,
    /// Memory ran out.
    OutOfMemory {
        /// The process that was killed, or that asked.
        process: String,
    },
    /// The kernel stopped.
    Panic,
    /// The kernel met a fault and went on.
    KernelFault,
    /// The hardware reported an error.
    HardwareError,
    /// The kernel started.
    Booted,
    /// The message before was said as often again.
    Repeated {
        /// How often.
        n: u64,
    },
    /// None of these.
    Other,
}

impl Event {
    /// Stable dotted name: `lustre.client_evicted`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ModulesLoaded { .. } => "lustre.modules_loaded",
            Self::TargetFirstMount => "lustre.target_first_mount",
            Self::TargetStarting => "lustre.target_starting",
            Self::TargetStarted { .. } => "lustre.target_started",
            Self::TargetStopping => "lustre.target_stopping",
            Self::TargetStopped => "lustre.target_stopped",
            Self::TargetFailed { .. } => "lustre.target_failed",
            Self::ClientMounted => "lustre.client_mounted",
            Self::ClientUnmounted => "lustre.client_unmounted",
            Self::ClientMountFailed { .. } => "lustre.client_mount_failed",
            Self::NotAvailable { .. } => "lustre.not_available",
            Self::ConnectionDenied { .. } => "lustre.connection_denied",
            Self::RecoveryWaiting => "lustre.recovery_waiting",
            Self::RecoveryStarted { .. } => "lustre.recovery_started",
            Self::RecoveryDone { .. } => "lustre.recovery_done",
            Self::RecoveryAborted => "lustre.recovery_aborted",
            Self::RecoveryOverdue => "lustre.recovery_overdue",
            Self::ClientEvicted { .. } => "lustre.client_evicted",
            Self::ClientsEvicted { .. } => "lustre.clients_evicted",
            Self::EvictedHere => "lustre.evicted_here",
            Self::ClientConnected => "lustre.client_connected",
            Self::ClientReconnecting => "lustre.client_reconnecting",
            Self::ClientRefused => "lustre.client_refused",
            Self::ConnectionLost => "lustre.connection_lost",
            Self::ConnectionRestored => "lustre.connection_restored",
            Self::OperationFailed { .. } => "lustre.operation_failed",
            Self::RequestExpired => "lustre.request_expired",
            Self::Lbug { .. } => "lustre.lbug",
            Self::Assertion { .. } => "lustre.assertion",
            Self::Unhealthy => "lustre.unhealthy",
            Self::ReadOnly => "lustre.read_only",
            Self::ThreadStuck { .. } => "lustre.thread_stuck",
            Self::ThreadDone { .. } => "lustre.thread_done",
            Self::SlowIo { .. } => "lustre.slow_io",
            Self::OiScrub => "lustre.oi_scrub",
            Self::Lfsck => "lustre.lfsck",
            Self::QuotaFailed => "lustre.quota_failed",
            Self::MgsFailed { .. } => "lustre.mgs_failed",
            Self::ConfigChanged { .. } => "lustre.config_changed",
            Self::TargetDeactivated => "lustre.target_deactivated",
            Self::TargetActivated => "lustre.target_activated",
            Self::Repeated { .. } => "lustre.repeated",
            Self::Other => "lustre.other",
            other => other.name_of_others(),
        }
    }

    fn name_of_others(&self) -> &'static str {
        match self {
            Self::LnetUp => "lnet.up",
            Self::LnetDown => "lnet.down",
            Self::LnetFailed { .. } => "lnet.failed",
            Self::LnetTimeout { .. } => "lnet.timeout",
            Self::LnetUnreachable => "lnet.unreachable",
            Self::LnetHealth => "lnet.health",
            Self::DiskMounted => "disk.mounted",
            Self::DiskUnmounted => "disk.unmounted",
            Self::DiskRecovered => "disk.recovered",
            Self::DiskError => "disk.error",
            Self::DiskReadOnly => "disk.read_only",
            Self::MultiMountProtection => "disk.mmp",
            Self::PoolSuspended { .. } => "zpool.suspended",
            Self::IoError { .. } => "disk.io_error",
            Self::PathFailed => "disk.path_failed",
            Self::PathRestored => "disk.path_restored",
            Self::LinkDown => "net.link_down",
            Self::LinkUp => "net.link_up",
            Self::HungTask { .. } => "kernel.hung_task",
            Self::Lockup => "kernel.lockup",
            Self::OutOfMemory { .. } => "kernel.out_of_memory",
            Self::Panic => "kernel.panic",
            Self::KernelFault => "kernel.fault",
            Self::HardwareError => "kernel.hardware_error",
            Self::Booted => "kernel.booted",
            _ => "lustre.other",
        }
    }

    /// How much it matters; that of [`Event::Other`] depends on its message.
    pub fn severity(&self) -> Severity {
        match self {
            Self::TargetFailed { .. }
            | Self::Lbug { .. }
            | Self::Assertion { .. }
            | Self::Unhealthy
            | Self::ReadOnly
            | Self::LnetFailed { .. }
            | Self::DiskError
            | Self::DiskReadOnly
            | Self::PoolSuspended { .. }
            | Self::OutOfMemory { .. }
            | Self::Panic
            | Self::KernelFault
            | Self::Lockup
            | Self::HardwareError
            | Self::IoError { .. } => Severity::Error,
            Self::ClientMountFailed { .. }
            | Self::ConnectionDenied { .. }
            | Self::RecoveryAborted
            | Self::RecoveryOverdue
            | Self::ClientEvicted { .. }
            | Self::ClientsEvicted { .. }
            | Self::EvictedHere
            | Self::ClientRefused
            | Self::ConnectionLost
            | Self::OperationFailed { .. }
            | Self::RequestExpired
            | Self::ThreadStuck { .. }
            | Self::SlowIo { .. }
            | Self::OiScrub
            | Self::QuotaFailed
            | Self::MgsFailed { .. }
            | Self::TargetDeactivated
            | Self::LnetTimeout { .. }
            | Self::LnetUnreachable
            | Self::LnetHealth
            | Self::MultiMountProtection
            | Self::PathFailed
            | Self::LinkDown
            | Self::HungTask { .. } => Severity::Warning,
            Self::RecoveryDone { evicted, .. } if evicted.is_some_and(|n| n > 0) => {
                Severity::Warning
            }
            _ => Severity::Info,
        }
    }
}
