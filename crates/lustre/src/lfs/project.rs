//! `lfs project`: the project of files and folders; `lfs getsom`: sizes that the MDT keeps.

use super::{lines, number, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lfs project` and `lfs getsom`.
pub static KIND: Kind = Kind {
    name: "lfs-project",
    about: "lfs project [-d] [-r] [-c], lfs getsom",
    guess,
    read,
};

/// The project of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Project<'a> {
    /// Id.
    pub id: u64,
    /// Whether what is made below inherits it.
    pub inherits: bool,
    /// Path.
    pub path: &'a str,
}

/// What `lfs project -c` finds wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectFault<'a> {
    /// Path.
    pub path: &'a str,
    /// What is wrong: `project identifier is not set (inode=0, tree=1000)`.
    pub fault: &'a str,
}

/// What the MDT believes of a file's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SizeOnMdt<'a> {
    /// Path.
    pub path: &'a str,
    /// Bytes.
    pub size: u64,
    /// Blocks of 512 bytes.
    pub blocks: u64,
    /// How far it is to be believed: 1 strict, 2 stale, 4 lazy.
    pub flags: u64,
}

/// `  1000 P /l/dir`.
pub fn project(text: &str) -> Option<Project<'_>> {
    let (id, rest) = text.trim_start().split_once(' ')?;
    let (flag, path) = rest.split_once(' ')?;
    let inherits = match flag {
        "P" => true,
        "-" => false,
        _ => return None,
    };
    let is_path = !path.is_empty() && path == path.trim_start();
    Some(Project {
        id: number(id).filter(|_| is_path)?,
        inherits,
        path,
    })
}

/// `/l/f - project identifier is not set (inode=0, tree=1000)`.
pub fn fault(text: &str) -> Option<ProjectFault<'_>> {
    let (path, fault) = text.trim().split_once(" - project ")?;
    let fault = text
        .trim()
        .get(text.trim().len() - fault.len() - "project ".len()..)?;
    Some(ProjectFault { path, fault })
}

/// `file: /l/f size: 4096 blocks: 8 flags: 4`.
pub fn size(text: &str) -> Option<SizeOnMdt<'_>> {
    let rest = text.trim().strip_prefix("file: ")?;
    let (path, rest) = rest.rsplit_once(" size: ")?;
    let (size, rest) = rest.split_once(" blocks: ")?;
    let (blocks, flags) = rest.split_once(" flags: ")?;
    let flags = flags.trim();
    Some(SizeOnMdt {
        path,
        size: number(size)?,
        blocks: number(blocks)?,
        flags: u64::from_str_radix(flags.strip_prefix("0x").unwrap_or(flags), 16).ok()?,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut good, mut sure, mut all) = (0_u32, 0_u32, 0_u32);
    for line in text_lines(sample.text()).take(10) {
        all += 1;
        good += u32::from(project(line).is_some_and(|found| found.path.starts_with(['/', '.'])));
        sure += u32::from(fault(line).is_some() || size(line).is_some());
    }
    match (good + sure, all) {
        (0, _) => 0,
        (found, all) if found == all && sure > 0 => 90,
        (found, all) if found == all => 72,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    for line in lines(input) {
        let text = if line.is_binary { "" } else { line.text };
        if let Some(found) = size(text) {
            sink.record("lfs-size-on-mdt", &|| json!(found));
        } else if let Some(found) = fault(text) {
            sink.record("lfs-project-fault", &|| json!(found));
        } else if let Some(found) = project(text) {
            sink.record("lfs-project", &|| json!(found));
        } else {
            odd(&line, "not the project of a file", sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    #[test]
    fn projects_and_sizes_are_read() {
        let text = " 1000 P /l/dir a\n    0 - /l/f\n/l/g - project identifier is not set (inode=0, tree=1000)\nfile: /l/h size: 4096 blocks: 8 flags: 4\nodd\n";
        let mut found = Collected::with_records();
        read(text.as_bytes(), &mut found);
        assert_eq!(
            found.records["lfs-project"][0],
            json!({"id": 1000, "inherits": true, "path": "/l/dir a"})
        );
        assert_eq!(found.records["lfs-project"][1]["inherits"], false);
        assert_eq!(
            found.records["lfs-project-fault"][0],
            json!({"path": "/l/g", "fault": "project identifier is not set (inode=0, tree=1000)"})
        );
        assert_eq!(found.records["lfs-size-on-mdt"][0]["blocks"], 8);
        assert_eq!((found.skips.len(), found.skips[0].line), (1, 5));
    }
}
