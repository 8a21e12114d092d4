//! Edits: changes of a spec as a person would say them, so that a small change
//! needs no whole document. `plan::edit` makes them.

use crate::spec::{FsWanted, ServerWanted, Spec, TargetsSpec};
use lustre::label::FsName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A change of the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// What is in the fragment and not in the spec yet is added: servers, HA
    /// groups, networks, time, file systems, client mounts.
    Add {
        /// A part of a spec.
        fragment: Box<Spec>,
    },
    /// Servers serve, or are drained.
    SetServers {
        /// Their names, as a host list.
        servers: String,
        /// What they are to do.
        state: ServerWanted,
    },
    /// Servers are taken out of everything that names them.
    RemoveServers {
        /// Their names, as a host list.
        servers: String,
        /// Even where targets run on them, or only they see a device.
        #[serde(default)]
        force: bool,
    },
    /// A server is a client of a file system, or no more.
    SetClient {
        /// Name of the server.
        server: String,
        /// Name of the file system.
        #[schema(value_type = String)]
        filesystem: FsName,
        /// Where.
        mount_point: String,
        /// Whether it is to be mounted.
        mounted: bool,
    },
    /// A file system is up, down, or gone with all that is in it.
    SetFilesystem {
        /// Its name.
        #[schema(value_type = String)]
        filesystem: FsName,
        /// What it is to do.
        state: FsWanted,
    },
    /// A file system gets more targets.
    Grow {
        /// Its name.
        #[schema(value_type = String)]
        filesystem: FsName,
        /// More MDTs.
        #[serde(default)]
        mdts: Vec<TargetsSpec>,
        /// More OSTs.
        #[serde(default)]
        osts: Vec<TargetsSpec>,
    },
    /// A file system that is gone is named no more.
    ForgetFilesystem {
        /// Its name.
        #[schema(value_type = String)]
        filesystem: FsName,
    },
}

impl Edit {
    /// What it is for, in a few words.
    pub fn title(&self) -> String {
        match self {
            Self::Add { fragment } => match fragment.filesystems.as_slice() {
                [] => String::from("Add to the spec"),
                [one] => format!("Create file system {}", one.name),
                [one, rest @ ..] => {
                    format!("Create file system {} and {} more", one.name, rest.len())
                }
            },
            Self::SetServers {
                servers,
                state: ServerWanted::Drained,
            } => format!("Drain {servers}"),
            Self::SetServers {
                servers,
                state: ServerWanted::InService,
            } => format!("Return {servers} to service"),
            Self::RemoveServers { servers, .. } => format!("Remove {servers}"),
            Self::SetClient {
                server,
                filesystem,
                mounted,
                ..
            } => {
                let verb = if *mounted { "Mount" } else { "Unmount" };
                format!("{verb} {filesystem} on {server}")
            }
            Self::SetFilesystem { filesystem, state } => match state {
                FsWanted::Mounted => format!("Start file system {filesystem}"),
                FsWanted::Stopped => format!("Stop file system {filesystem}"),
                FsWanted::Absent => format!("Remove file system {filesystem}"),
            },
            Self::Grow { filesystem, .. } => format!("Grow file system {filesystem}"),
            Self::ForgetFilesystem { filesystem } => format!("Forget file system {filesystem}"),
        }
    }
}
