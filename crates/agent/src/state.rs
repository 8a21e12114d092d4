//! What an agent keeps in its own folder: its certificate, and who its manager is.

use serde::{Deserialize, Serialize};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The record of an enrolment. It holds the key, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Enrolled {
    /// `HOST:PORT` of the manager.
    pub manager: String,
    /// Id in the manager.
    pub server_id: String,
    /// Machine id at enrolment: a clone of the disk has another.
    pub machine_id: String,
    /// Certificate, PEM.
    pub cert_pem: String,
    /// Key, PEM.
    pub key_pem: String,
    /// The manager's CA, PEM.
    pub ca_pem: String,
    /// Names the numbering of events.
    pub stream: u64,
    /// Whether the manager may give orders; otherwise the server is only watched.
    #[serde(default)]
    pub is_managed: bool,
}

/// The folder to use where none is given.
pub fn default_folder() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/candela-agent");
    }
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let base = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(home);
    base.unwrap_or_else(|| PathBuf::from("."))
        .join("candela-agent")
}

/// Reads it; none if this host was not enrolled.
pub fn load(folder: &Path) -> io::Result<Option<Enrolled>> {
    match std::fs::read(folder.join("enrolled.json")) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes the folder, and finds out whether it can be written: to be called
/// before a token is spent on what could not be kept.
pub fn prepare(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    let probe = folder.join("enrolled.json.new");
    std::fs::File::create(&probe)?;
    std::fs::remove_file(probe)
}

/// Writes it whole or not at all, for its owner only.
pub fn save(folder: &Path, enrolled: &Enrolled) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    let next = folder.join("enrolled.json.new");
    let bytes = serde_json::to_vec_pretty(enrolled).map_err(io::Error::other)?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&next)?;
    io::Write::write_all(&mut file, &bytes)?;
    file.sync_all()?;
    std::fs::rename(next, folder.join("enrolled.json"))
}
