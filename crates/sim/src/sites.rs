//! The captured sites that are built in: archives that `cargo xtask sites` made.

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use std::path::{Path, PathBuf};

/// Name and archive of each site.
const SITES: &[(&str, &[u8])] = &[
    ("lab01", include_bytes!("../../../sites/lab01.tar.gz")),
    ("valley", include_bytes!("../../../sites/valley.tar.gz")),
];

/// Unpacks every site into a folder, which is made; gives their folders.
pub fn unpack(into: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(into).with_context(|| format!("could not make {}", into.display()))?;
    let mut folders = Vec::new();
    for (name, archive) in SITES {
        let mut archive = tar::Archive::new(GzDecoder::new(*archive));
        archive
            .unpack(into)
            .with_context(|| format!("could not unpack the site {name} into {}", into.display()))?;
        folders.push(into.join(name));
    }
    Ok(folders)
}
