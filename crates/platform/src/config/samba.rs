//! `smb.conf`, `testparm`: shares of Samba, and whether it is clustered.

use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::ini::{self, Section};
use crate::storage::text;

/// The reader of Samba's configuration.
pub static KIND: Kind = Kind {
    name: "samba-conf",
    about: "smb.conf, testparm: shares of Samba",
    guess,
    read,
};

/// One share, or the settings for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Its name; `global` holds for all.
    pub name: String,
    /// The folder it gives access to.
    pub path: Option<String>,
    /// Whether it may be written to, if told.
    pub is_writable: Option<bool>,
    /// Modules between Samba and the folder, such as `fileid`.
    pub vfs_objects: Vec<String>,
    /// Every setting but secrets, keys in lower case.
    pub settings: BTreeMap<String, String>,
}

/// Reads every section.
pub fn parse(input: &[u8]) -> (Vec<Share>, Vec<Skip>) {
    let mut skips = Vec::new();
    let sections = ini::sections(input, &mut skips);
    (sections.iter().map(share).collect(), skips)
}

fn share(section: &Section) -> Share {
    let flag = |key: &str| {
        section
            .get(key)
            .and_then(|word| text::flag(&word.to_ascii_lowercase()))
    };
    let writable = flag("writable").or_else(|| flag("writeable"));
    let modules = section.get("vfs objects").unwrap_or_default();
    let kept = section
        .settings
        .iter()
        .filter(|(key, _)| !ini::is_secret(key));
    Share {
        name: section.name.clone(),
        path: section.get("path").and_then(text::some),
        is_writable: writable.or_else(|| flag("read only").map(|read_only| !read_only)),
        vfs_objects: modules.split_whitespace().map(str::to_owned).collect(),
        settings: kept
            .map(|(key, value)| (key.to_ascii_lowercase(), value.clone()))
            .collect(),
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let whole = sample.text();
    let has_global = whole
        .lines()
        .filter_map(ini::heading)
        .any(|name| name.eq_ignore_ascii_case("global"));
    let marks = [
        "workgroup",
        "netbios name",
        "server string",
        "security",
        "clustering",
        "passdb backend",
        "vfs objects",
        "valid users",
        "path",
        "map to guest",
        "log level",
        "ctdbd socket",
    ];
    let is_mark = |line: &str| {
        let key = line
            .split('=')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        line.contains('=') && marks.contains(&key.as_str())
    };
    match (
        has_global,
        whole.lines().filter(|line| is_mark(line)).count(),
    ) {
        (true, 2..) => 92,
        (true, 1) => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("samba.share", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_without_secrets() {
        let text = "[global]\r\n  workgroup = LAB\n  clustering = yes\n  ldap password = x\n; note\n\
            [scratch]\n  path = /lustre/scratch\n  read only = No\n  vfs objects = fileid acl_xattr\nwhat\n";
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(found[0].settings.len(), 2);
        let share = &found[1];
        assert_eq!(share.path.as_deref(), Some("/lustre/scratch"));
        assert_eq!(
            (share.is_writable, share.vfs_objects.len()),
            (Some(true), 2)
        );
        assert_eq!(skips.len(), 1);
    }
}
