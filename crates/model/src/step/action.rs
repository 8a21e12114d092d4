//! What a step does to a machine, at most: commands and files.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a command may do, which decides what may be done to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Only reads; may be killed.
    #[default]
    ReadOnly,
    /// Changes a service or a setting; may be killed, and is looked at then.
    Service,
    /// Writes to a disk; never killed: reported as stuck, and watched.
    DiskWriting,
}

/// One thing that a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A command; no shell reads it.
    Run {
        /// Program and arguments.
        argv: Vec<String>,
        /// What it may do.
        class: Class,
        /// Seconds after which it is killed, or reported as stuck.
        deadline_s: u32,
    },
    /// A whole file, written beside and renamed.
    Write {
        /// Where.
        path: String,
        /// Permissions.
        mode: u32,
        /// What.
        text: String,
    },
    /// A whole file whose content nobody else may read; it is handed over with
    /// the order, and never journalled or shown.
    WriteSecret {
        /// Where.
        path: String,
        /// Permissions.
        mode: u32,
        /// Which.
        secret: Secret,
    },
    /// The MD5 sum of a secret, as Pacemaker wants it beside each.
    WriteSecretSum {
        /// Where.
        path: String,
        /// Permissions.
        mode: u32,
        /// Of which.
        secret: Secret,
    },
    /// A folder, and those above it.
    MakeDir {
        /// Where.
        path: String,
    },
    /// No such file.
    Remove {
        /// Where.
        path: String,
    },
}

/// The name of a secret that the manager keeps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl Action {
    /// A command that changes a service or a setting.
    pub fn service(argv: Vec<String>, deadline_s: u32) -> Self {
        Self::Run {
            argv,
            class: Class::Service,
            deadline_s,
        }
    }

    /// A command that writes to a disk.
    pub fn disk(argv: Vec<String>, deadline_s: u32) -> Self {
        Self::Run {
            argv,
            class: Class::DiskWriting,
            deadline_s,
        }
    }

    /// What it may do.
    pub fn class(&self) -> Class {
        match self {
            Self::Run { class, .. } => *class,
            _ => Class::Service,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { argv, .. } => {
                let words: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
                f.write_str(&words.join(" "))
            }
            Self::Write { path, .. } => write!(f, "write {path}"),
            Self::WriteSecret { path, .. } => write!(f, "write {path} (secret)"),
            Self::WriteSecretSum { path, .. } => write!(f, "write {path} (sum of a secret)"),
            Self::MakeDir { path } => write!(f, "mkdir -p {path}"),
            Self::Remove { path } => write!(f, "rm -f {path}"),
        }
    }
}

/// A word as a shell would need it, so that a line can be copied.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_copied_into_a_shell() {
        let argv = ["mkfs.lustre", "--mkfsoptions=-O quota", "it's", ""].map(str::to_owned);
        let line = Action::service(argv.to_vec(), 1).to_string();
        assert_eq!(line, r"mkfs.lustre '--mkfsoptions=-O quota' 'it'\''s' ''");
    }
}
