//! Folders of captured hosts: one host, or a site of several.

use crate::host::captured::{CaptureError, CapturedHost};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// `site.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct About {
    /// Name of the site.
    pub name: String,
    /// For people.
    pub note: String,
}

/// A host folder, or the host folders of a site, sorted by name.
pub fn hosts(folder: &Path) -> Result<(Option<About>, Vec<PathBuf>), CaptureError> {
    if folder.join("host.json").is_file() {
        return Ok((None, vec![folder.to_owned()]));
    }
    let fail = |error| CaptureError::Read(folder.to_owned(), error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.join("host.json").is_file() {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        let none = std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "no host.json in it, nor in any folder in it",
        );
        return Err(fail(none));
    }
    let about = std::fs::read(folder.join("site.json")).ok();
    let about = about.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok((about, found))
}

/// Opens every host of a folder.
pub fn open(folder: &Path) -> Result<(Option<About>, Vec<CapturedHost>), CaptureError> {
    let (about, folders) = hosts(folder)?;
    let opened: Result<_, _> = folders
        .iter()
        .map(|folder| CapturedHost::open(folder))
        .collect();
    Ok((about, opened?))
}
