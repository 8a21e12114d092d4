//! The records of a configuration log, whatever they were read from.

use crate::nid::Nid;
use serde::Serialize;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Its number in the log.
    pub index: u32,
    /// What it says.
    #[serde(flatten)]
    pub command: Command,
}

/// What a record says. Names of devices are as in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Begins or ends a group of records.
    Marker(Marker),
    /// A device is to exist.
    Attach {
        /// Its name: `lab01-OST0000-osc`.
        device: String,
        /// Its type: `osc`, `mdc`, `osp`, `lov`, `obdfilter`, `mdt`.
        class: String,
        /// Its UUID.
        uuid: String,
    },
    /// A device is to be set up.
    Setup {
        /// The device.
        device: String,
        /// The UUID of the target it talks to or is.
        uuid: String,
        /// The node that serves the target first.
        node: String,
        /// More words.
        options: Vec<String>,
    },
    /// A node has a NID.
    AddUuid {
        /// The NID; none if it cannot be read.
        nid: Option<Nid>,
        /// The node's name, often its first NID.
        node: String,
    },
    /// A node is no more.
    DelUuid {
        /// The node's name.
        node: String,
    },
    /// A target may be served by another node too.
    AddConn {
        /// The device that talks to the target.
        device: String,
        /// The node.
        node: String,
    },
    /// A target is no more served by a node.
    DelConn {
        /// The device that talks to the target.
        device: String,
        /// The node.
        node: String,
    },
    /// What a mount begins with.
    NewProfile {
        /// `lab01-client`, or an MDT's name.
        name: String,
        /// Its `lov` device.
        lov: String,
        /// Its `lmv` device.
        lmv: String,
    },
    /// An OST or MDT joins a group.
    AddTarget {
        /// The `lov` or `lmv`.
        group: String,
        /// The target's UUID: `lab01-OST0000_UUID`.
        uuid: String,
        /// Its number.
        index: Option<u32>,
        /// Whether it joins as inactive.
        is_inactive: bool,
    },
    /// An OST or MDT leaves a group.
    DelTarget {
        /// The `lov` or `lmv`.
        group: String,
        /// The target's UUID.
        uuid: String,
        /// Its number.
        index: Option<u32>,
    },
    /// A parameter of one device (`lctl conf_param`).
    ConfParam {
        /// The device.
        device: String,
        /// `osc.active=1`.
        parameter: String,
    },
    /// A parameter by its path (`lctl set_param -P`).
    SetParam {
        /// `jobid_var=procname_uid`.
        parameter: String,
    },
    /// A timeout.
    SetTimeout {
        /// Seconds.
        seconds: u32,
        /// `sys.timeout` or `sys.ldlm_timeout`.
        parameter: String,
    },
    /// An OST pool begins.
    NewPool {
        /// File system.
        fs: String,
        /// Pool.
        pool: String,
    },
    /// An OST joins a pool.
    AddPool {
        /// File system.
        fs: String,
        /// Pool.
        pool: String,
        /// The OST's UUID.
        uuid: String,
    },
    /// An OST leaves a pool.
    RemovePool {
        /// File system.
        fs: String,
        /// Pool.
        pool: String,
        /// The OST's UUID.
        uuid: String,
    },
    /// An OST pool ends.
    DelPool {
        /// File system.
        fs: String,
        /// Pool.
        pool: String,
    },
    /// A record of a kind that has no type here.
    Other {
        /// Its name, or its code in hexadecimal.
        name: String,
        /// Its words in order.
        words: Vec<String>,
    },
}

/// A mark around records that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Marker {
    /// Number of the group.
    pub step: u32,
    /// Bits: 1 begins, 2 ends, 4 is to be skipped.
    pub flags: u32,
    /// Release that wrote it: `2.17.0.0`.
    pub version: String,
    /// What it is about: `lab01-OST0000`.
    pub about: String,
    /// What it does: `add osc`.
    pub comment: String,
    /// When it was written, seconds since 1970.
    pub created: Option<u64>,
    /// When it was taken back, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<u64>,
}

impl Marker {
    /// Whether it begins a group.
    pub fn begins(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether it ends a group.
    pub fn ends(&self) -> bool {
        self.flags & 2 != 0
    }

    /// Whether the group is taken back.
    pub fn is_skipped(&self) -> bool {
        self.flags & 4 != 0
    }
}

impl Command {
    /// The name as `llog_print` has it.
    pub fn name(&self) -> &str {
        match self {
            Self::Marker(_) => "marker",
            Self::Attach { .. } => "attach",
            Self::Setup { .. } => "setup",
            Self::AddUuid { .. } => "add_uuid",
            Self::DelUuid { .. } => "del_uuid",
            Self::AddConn { .. } => "add_conn",
            Self::DelConn { .. } => "del_conn",
            Self::NewProfile { .. } => "new_profile",
            Self::AddTarget { .. } => "add_target",
            Self::DelTarget { .. } => "del_target",
            Self::ConfParam { .. } => "conf_param",
            Self::SetParam { .. } => "set_param",
            Self::SetTimeout { .. } => "set_timeout",
            Self::NewPool { .. } => "new_pool",
            Self::AddPool { .. } => "add_pool",
            Self::RemovePool { .. } => "remove_pool",
            Self::DelPool { .. } => "del_pool",
            Self::Other { name, .. } => name,
        }
    }
}

/// A record as it lies in a log: a command's code, a number, a NID, and words.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    pub(super) name: &'static str,
    pub(super) number: u32,
    pub(super) nid: Option<Nid>,
    pub(super) words: Vec<String>,
}

/// Codes of commands, the name that `llog_print` has for them, and others.
const COMMANDS: &[(u32, &str, &[&str])] = &[
    (0xcf001, "attach", &[]),
    (0xcf002, "detach", &[]),
    (0xcf003, "setup", &["lov_setup"]),
    (0xcf004, "cleanup", &[]),
    (0xcf005, "add_uuid", &[]),
    (0xcf006, "del_uuid", &[]),
    (0xcf007, "new_profile", &["mount_option"]),
    (0xcf008, "del_profile", &["del_mount_option"]),
    (0xcf009, "set_timeout", &[]),
    (0xcf00a, "set_upcall", &[]),
    (0xcf00b, "add_conn", &[]),
    (0xcf00c, "del_conn", &[]),
    (
        0xcf00d,
        "add_osc",
        &["lov_modify_tgts add", "lov_modify_tgts", "lov_add_obd"],
    ),
    (0xcf00e, "del_osc", &["lov_modify_tgts del", "lov_del_obd"]),
    (0xcf00f, "conf_param", &["param"]),
    (0xcf010, "marker", &[]),
    (0xce011, "log_start", &[]),
    (0xce012, "log_end", &[]),
    (
        0xcf013,
        "add_osc_inactive",
        &["lov_modify_tgts add inactive", "lov_add_ina"],
    ),
    (0xcf014, "add_mdc", &["modify_mdc_tgts add", "add_mdc"]),
    (0xcf015, "del_mdc", &["modify_mdc_tgts del"]),
    (0xce016, "security", &["sptlrpc_conf", "srpc_conf"]),
    (0xce020, "new_pool", &["pool new", "pool_new"]),
    (0xce021, "add_pool", &["pool add", "pool_add"]),
    (0xce022, "remove_pool", &["pool remove", "pool_rem"]),
    (
        0xce023,
        "del_pool",
        &["pool destroy", "pool del", "pool_del"],
    ),
    (0xcf030, "set_ldlm_timeout", &[]),
    (0xcf031, "pre_cleanup", &[]),
    (0xce032, "set_param", &[]),
];

/// The name of a code.
pub(super) fn name_of(code: u32) -> Option<&'static str> {
    let found = COMMANDS.iter().find(|(known, ..)| *known == code);
    found.map(|(_, name, _)| *name)
}

/// Our name for a name that a tool prints.
pub(super) fn known_name(name: &str) -> Option<&'static str> {
    let found = COMMANDS
        .iter()
        .find(|(_, known, others)| *known == name || others.contains(&name));
    found.map(|(_, name, _)| *name)
}

impl Raw {
    /// The typed command. Markers are made elsewhere.
    pub(super) fn command(self) -> Command {
        let word = |at: usize| self.words.get(at).cloned().unwrap_or_default();
        let number = |at: usize| self.words.get(at).and_then(|word| word.parse().ok());
        let (device, first, second) = (word(0), word(1), word(2));
        match self.name {
            "attach" => Command::Attach {
                device,
                class: first,
                uuid: second,
            },
            "setup" => Command::Setup {
                device,
                uuid: first,
                node: second,
                options: self.words.iter().skip(3).cloned().collect(),
            },
            "add_uuid" => Command::AddUuid {
                nid: self
                    .nid
                    .clone()
                    .or_else(|| second.parse().ok())
                    .or_else(|| first.parse().ok()),
                node: first,
            },
            "del_uuid" => Command::DelUuid { node: first },
            "add_conn" => Command::AddConn {
                device,
                node: first,
            },
            "del_conn" => Command::DelConn {
                device,
                node: first,
            },
            "new_profile" => Command::NewProfile {
                name: first,
                lov: second,
                lmv: word(3),
            },
            "add_osc" | "add_osc_inactive" | "add_mdc" => Command::AddTarget {
                group: device,
                uuid: first,
                index: number(2),
                is_inactive: self.name == "add_osc_inactive",
            },
            "del_osc" | "del_mdc" => Command::DelTarget {
                group: device,
                uuid: first,
                index: number(2),
            },
            "conf_param" => Command::ConfParam {
                device,
                parameter: first,
            },
            "set_param" => Command::SetParam { parameter: first },
            "set_timeout" | "set_ldlm_timeout" => Command::SetTimeout {
                seconds: self.number,
                parameter: first,
            },
            "new_pool" => Command::NewPool {
                fs: first,
                pool: second,
            },
            "add_pool" => Command::AddPool {
                fs: first,
                pool: second,
                uuid: word(3),
            },
            "remove_pool" => Command::RemovePool {
                fs: first,
                pool: second,
                uuid: word(3),
            },
            "del_pool" => Command::DelPool {
                fs: first,
                pool: second,
            },
            name => Command::Other {
                name: name.to_owned(),
                words: self.words,
            },
        }
    }
}

/// The release in a marker's number: 8 bits for each part.
pub(super) fn version(number: u32) -> String {
    let [major, minor, patch, fix] = number.to_be_bytes();
    format!("{major}.{minor}.{patch}.{fix}")
}
