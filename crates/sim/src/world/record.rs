//! What happened in the world, as it is; not as anyone saw or reported it.

use super::disk::DiskId;
use super::host::HostName;
use std::time::Duration;

/// One happening.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub at: Duration,
    /// What.
    pub what: Happening,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A target's file system came into use on a host.
    Mounted {
        /// Where.
        host: HostName,
        /// Device or `pool/dataset`.
        device: String,
        /// The target's name.
        target: String,
    },
    /// It went out of use.
    Unmounted {
        /// Where.
        host: HostName,
        /// Device or `pool/dataset`.
        device: String,
        /// The target's name.
        target: String,
    },
    /// The content of a disk was replaced or wiped.
    Erased {
        /// Who did it.
        host: HostName,
        /// The disk.
        disk: DiskId,
        /// What was on it, as its signature.
        before: String,
    },
    /// A target in a dataset was replaced or destroyed.
    DatasetErased {
        /// Who did it.
        host: HostName,
        /// The pool's guid.
        guid: u64,
        /// The dataset.
        dataset: String,
        /// The name of the target that was in it.
        before: String,
    },
    /// A pool was imported, or made.
    Imported {
        /// Where.
        host: HostName,
        /// Its name.
        pool: String,
        /// Its guid.
        guid: u64,
    },
    /// A pool was exported.
    Exported {
        /// Where.
        host: HostName,
        /// Its name.
        pool: String,
        /// Its guid.
        guid: u64,
    },
    /// A file was written or removed on a host from outside it.
    FileChanged {
        /// Where.
        host: HostName,
        /// Which.
        path: String,
    },
    /// A command that may change something was begun on a host.
    Commanded {
        /// Where.
        host: HostName,
        /// Its words.
        argv: Vec<String>,
    },
    /// A host was told to go down by itself.
    ShuttingDown {
        /// Which.
        host: HostName,
    },
    /// A host went down.
    Down {
        /// Which.
        host: HostName,
        /// Why: `fenced`, `crash`, `shutdown`.
        why: String,
    },
    /// A host came up.
    Up {
        /// Which.
        host: HostName,
    },
}
