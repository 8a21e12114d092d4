//! What can be typed to change things: each shows its plan, and asks.

use super::Noun;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// How to go about a change.
#[derive(Clone, Debug, Default, Args)]
pub struct Doing {
    /// Show the plan, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask whether to carry it out. It gives no consent to lose data.
    #[arg(long, short)]
    pub yes: bool,
    /// Consent to lose what devices hold: the name of a file system, target or
    /// device, or `blank` for devices that hold nothing; may be given again.
    #[arg(long, value_name = "NAME", alias = "consent")]
    pub yes_destroy: Vec<String>,
    /// Print what happens until the job ends.
    #[arg(long, short)]
    pub follow: bool,
    /// Why; kept with the version of the spec.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub note: String,
}

/// What can be asked of servers.
#[derive(Clone, Debug, Subcommand)]
pub enum ServerVerb {
    /// List or show.
    #[command(flatten)]
    Read(Noun),
    /// Move all targets off servers, and keep them off.
    #[command(
        after_help = "The spec is changed: they stay drained until they are returned.\n\nExamples:\n  candela server drain oss1 --dry-run\n  candela server drain 'oss[1-2]' --yes --follow"
    )]
    Drain(Things),
    /// Let drained servers serve again.
    #[command(after_help = "Example:\n  candela server return oss1 --follow")]
    Return(Things),
    /// Reboot servers; what they serve is moved off, or stopped, and comes back.
    #[command(after_help = "Example:\n  candela server reboot oss1 --follow")]
    Reboot(Things),
    /// Take servers out of the spec, and end their enrolment.
    #[command(
        after_help = "One that runs targets, or alone sees their devices, is refused: drain it first.\n--force is for one that is off and never comes back. Its targets are mounted elsewhere by\nyour word that it is off, which you give by typing its name; it is kept with the job.\n\nExamples:\n  candela server remove oss9\n  candela server remove oss9 --force --follow\n  candela server remove oss9 --force --yes --yes-destroy oss9"
    )]
    Remove {
        /// Which, and how.
        #[command(flatten)]
        things: Things,
        /// It is powered off, and never comes back.
        #[arg(long)]
        force: bool,
        /// Leave its agent enrolled: it is only out of the spec.
        #[arg(long, conflicts_with = "force")]
        keep_enrolled: bool,
    },
    /// List servers that are out of service, by the spec or in Pacemaker.
    #[command(after_help = "Example:\n  candela server maintenance")]
    Maintenance,
    /// Cut a server's agent off at once. For admins.
    #[command(
        after_help = "Its certificate is void from then on, and what it last said grows stale; nothing is done to\nwhat it serves. `candela server remove` first takes it out of the spec.\n\nExample:\n  candela server revoke oss9"
    )]
    Revoke {
        /// Its name or id.
        name: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

/// What can be asked of targets.
#[derive(Clone, Debug, Subcommand)]
pub enum TargetVerb {
    /// List or show.
    #[command(flatten)]
    Read(Noun),
    /// Move targets to another server that may serve them.
    #[command(
        after_help = "Examples:\n  candela target failover scratch-OST0001 --dry-run\n  candela target failover scratch-OST0001 --to oss2 --follow"
    )]
    Failover {
        /// Which, and how.
        #[command(flatten)]
        things: Things,
        /// The server; the best of those that may if not given.
        #[arg(long)]
        to: Option<String>,
    },
    /// Move targets to the server that they belong on.
    #[command(after_help = "Example:\n  candela target failback 'scratch-OST[0000-001f]' --follow")]
    Failback(Things),
    /// Mount targets that are to be up.
    #[command(after_help = "Example:\n  candela target start scratch-OST0001 --follow")]
    Start(Things),
    /// Unmount targets; each goes down with its file system or server, and the answer says how.
    #[command(after_help = "Example:\n  candela target stop scratch-OST0001")]
    Stop(Things),
    /// Take targets out of their file system.
    #[command(
        after_help = "Candela takes no single target out: it says why, and what is safe by hand in which order.\nA target goes with its file system: `candela fs remove`.\n\nExample:\n  candela target remove scratch-OST0001"
    )]
    Remove(Things),
}

/// What can be asked of HA clusters.
#[derive(Clone, Debug, Subcommand)]
pub enum HaVerb {
    /// List or show.
    #[command(flatten)]
    Read(Noun),
    /// Show the targets of one as Pacemaker, the mount tables, the MGS and the spec say them.
    #[command(
        after_help = "Examples:\n  candela ha targets oss1                # of the cluster that this server is in\n  candela ha targets 'oss1 + oss2' --output json"
    )]
    Targets {
        /// Its name or id, or one of its servers.
        name: String,
    },
    /// Move all targets of HA clusters that run elsewhere to the servers that they belong on.
    #[command(after_help = "Example:\n  candela ha failback oss1 --follow")]
    Failback(Things),
}

/// What can be asked of clients.
#[derive(Clone, Debug, Subcommand)]
pub enum ClientVerb {
    /// List or show.
    #[command(flatten)]
    Read(Noun),
    /// Mount a file system on servers, and keep it mounted.
    #[command(
        after_help = "The spec is changed. --fs is needed where neither the spec nor the server knows the mount yet.\n\nExamples:\n  candela client mount 'login[1-4]:/mnt/scratch' --fs scratch --follow\n  candela client mount login1:/mnt/scratch --dry-run"
    )]
    Mount {
        /// Which, and how.
        #[command(flatten)]
        things: Things,
        /// The file system, where it is to be mounted for the first time.
        #[arg(long = "fs", value_name = "NAME")]
        filesystem: Option<String>,
    },
    /// Unmount a file system on servers, and keep it unmounted.
    #[command(
        after_help = "The spec is changed. Who uses the mount keeps it busy: the step then fails and says so.\n\nExample:\n  candela client unmount login1:/mnt/scratch --follow"
    )]
    Unmount(Things),
}

/// What can be asked of pools.
#[derive(Clone, Debug, Subcommand)]
pub enum ZpoolVerb {
    /// List or show.
    #[command(flatten)]
    Read(Noun),
    /// Import pools; each goes where its target goes, and the answer says how.
    #[command(after_help = "Example:\n  candela zpool import scratch-ost0")]
    Import(Things),
    /// Export pools; each goes where its target goes, and the answer says how.
    #[command(after_help = "Example:\n  candela zpool export scratch-ost0")]
    Export(Things),
    /// Destroy pools; each goes with its file system, and the answer says how.
    #[command(after_help = "Example:\n  candela zpool destroy scratch-ost0")]
    Destroy(Things),
}

/// What can be asked of file systems.
#[derive(Clone, Debug, Subcommand)]
pub enum FsVerb {
    /// List or show.
    #[command(flatten)]
    Read(Noun),
    /// Create one: devices and servers that suit are proposed.
    #[command(
        after_help = "Devices that hold data are left out unless they are named.\n\nExamples:\n  candela fs create scratch --dry-run\n  candela fs create scratch --osts 8 --yes --yes-destroy blank --follow\n  candela fs create home --back-end zfs --pool-layout raidz2 --pool-devices 10\n  candela fs create scratch --fencing bmc.yaml\n\nbmc.yaml, where servers report the addresses of their BMCs:\n  agent: fence_ipmilan\n  parameters: {username: admin}\n  secrets: {password: bmc}      # kept by `candela secret set bmc`"
    )]
    Create(Box<CreateArgs>),
    /// Add targets to one, on what is free.
    #[command(
        after_help = "Examples:\n  candela fs grow scratch --osts 4 --dry-run\n  candela fs grow scratch --ost-device wwn:0x5000c50000001009"
    )]
    Grow(Box<GrowArgs>),
    /// Bring file systems up.
    #[command(after_help = "Example:\n  candela fs start scratch --follow")]
    Start(Things),
    /// Take file systems down; they keep all that is in them.
    #[command(after_help = "Example:\n  candela fs stop scratch --follow")]
    Stop(Things),
    /// Remove file systems with all that is in them.
    #[command(
        after_help = "Examples:\n  candela fs remove scratch --dry-run\n  candela fs remove scratch --yes --yes-destroy scratch --follow"
    )]
    Remove(Things),
    /// Take a file system that was removed out of the spec.
    #[command(after_help = "Example:\n  candela fs forget scratch")]
    Forget(Things),
}

/// Things to change, and how.
#[derive(Clone, Debug, Default, Args)]
pub struct Things {
    /// Names; lists such as `oss[1-4]` stand for several.
    #[arg(required = true)]
    pub names: Vec<String>,
    /// How.
    #[command(flatten)]
    pub doing: Doing,
}

/// What targets lie on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BackEndArg {
    /// A device with ldiskfs.
    #[default]
    Ldiskfs,
    /// A dataset in a pool of its own.
    Zfs,
}

/// Who starts and stops targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HaArg {
    /// Corosync and Pacemaker, which Candela sets up; needs fencing.
    Pacemaker,
    /// Nobody: a person decides.
    None,
}

/// What to create.
#[derive(Clone, Debug, Default, Args)]
pub struct CreateArgs {
    /// Its name: 1 to 8 letters, digits, `_` and `-`.
    pub name: String,
    /// What its targets lie on.
    #[arg(long, value_enum, default_value_t)]
    pub back_end: BackEndArg,
    /// Where its MGS is: `on-mdt0`, `own`, or the name of a file system whose
    /// MGS it uses. If not given: the one that there is, or on MDT0000.
    #[arg(long)]
    pub mgs: Option<String>,
    /// What it is made of.
    #[command(flatten)]
    pub parts: Parts,
    /// Who starts and stops targets in HA groups that are new.
    #[arg(long, value_enum)]
    pub ha: Option<HaArg>,
    /// A YAML file that says how servers are turned off: the `fencing` of a spec.
    /// Addresses of BMCs that servers report may be left out; without the file, new
    /// HA groups are fenced as those that the spec has.
    #[arg(long, value_name = "FILE")]
    pub fencing: Option<PathBuf>,
    /// How.
    #[command(flatten)]
    pub doing: Doing,
}

/// What to add.
#[derive(Clone, Debug, Default, Args)]
pub struct GrowArgs {
    /// The file system.
    pub name: String,
    /// What it gets.
    #[command(flatten)]
    pub parts: Parts,
    /// How.
    #[command(flatten)]
    pub doing: Doing,
}

/// Servers and devices of targets.
#[derive(Clone, Debug, Default, Args)]
pub struct Parts {
    /// Servers for MDTs, as a host list.
    #[arg(long, value_name = "SERVERS")]
    pub mdt_servers: Option<String>,
    /// Servers for OSTs, as a host list.
    #[arg(long, value_name = "SERVERS")]
    pub ost_servers: Option<String>,
    /// How many MDTs; one for a new file system, and no more, if not given.
    #[arg(long, value_name = "N")]
    pub mdts: Option<u16>,
    /// How many OSTs; as many as there are devices that suit if not given.
    #[arg(long, value_name = "N")]
    pub osts: Option<u16>,
    /// A device for an MDT, even one that holds data; may be given again.
    #[arg(long, value_name = "DEVICE")]
    pub mdt_device: Vec<String>,
    /// A device for an OST, even one that holds data; may be given again.
    #[arg(long, value_name = "DEVICE")]
    pub ost_device: Vec<String>,
    /// Layout of each OST's pool, for ZFS: mirror, raidz, raidz2, raidz3.
    #[arg(long, value_name = "LAYOUT")]
    pub pool_layout: Option<String>,
    /// Devices in each OST's pool, for ZFS.
    #[arg(long, value_name = "N")]
    pub pool_devices: Option<u16>,
}
