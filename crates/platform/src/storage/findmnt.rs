//! `findmnt`: JSON (`-J`), pairs (`-P`), events (`--poll -P`), and the table.

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{json, table, text};

/// The reader of findmnt.
pub static KIND: Kind = Kind {
    name: "findmnt",
    about: "findmnt: JSON, pairs, --poll events, or the table",
    guess,
    read,
};

/// One mounted file system, or one change of a mount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// `mount`, `umount`, `remount`, `move`: only from `--poll`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Where it is mounted.
    pub target: String,
    /// What is mounted.
    pub source: String,
    /// Type.
    pub fstype: String,
    /// Options as printed, parted by commas.
    pub options: String,
    /// Target before the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_target: Option<String>,
    /// Options before the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_options: Option<String>,
}

impl Mount {
    fn set(&mut self, column: &str, value: &str) {
        let value = value.to_owned();
        match column.to_ascii_lowercase().replace('_', "-").as_str() {
            "action" => self.action = Some(value),
            "target" => self.target = value,
            "source" => self.source = value,
            "fstype" => self.fstype = value,
            "options" => self.options = value,
            "old-target" => self.old_target = Some(value).filter(|one| !one.is_empty()),
            "old-options" => self.old_options = Some(value).filter(|one| !one.is_empty()),
            _ => {}
        }
    }
}

/// Reads any of the forms.
pub fn parse(input: &[u8]) -> (Vec<Mount>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut mounts = Vec::new();
    if json::is_object(input) {
        if let Some(value) = json::read(input, &mut skips) {
            match value.get("filesystems").and_then(Value::as_array) {
                Some(all) => all.iter().for_each(|one| add_json(&mut mounts, one)),
                None => skips.push(Skip::new(1, SkipKind::BadValue, "no `filesystems` list")),
            }
        }
        return (mounts, skips);
    }
    let mut lines = text::lines(input, &mut skips);
    lines.retain(|line| !line.text.trim().is_empty() && !text::is_prompt(line.text));
    if let Some(at) = lines.iter().position(|line| is_heading(line.text)) {
        let headings = table::headings(lines[at].text, 1);
        for row in table::rows(&headings, &lines[at + 1..]) {
            let mut mount = Mount::default();
            for (heading, cell) in headings.iter().zip(&row.cells) {
                let bare = cell.trim_start_matches(['|', '`', '-', ' ', '│', '├', '└', '─']);
                mount.set(
                    &heading.name,
                    if heading.name == "TARGET" { bare } else { cell },
                );
            }
            if mount.target.starts_with('/') {
                mounts.push(mount);
            } else {
                skips.push(text::bad_line(row.line, "wanted a mount"));
            }
        }
        return (mounts, skips);
    }
    for line in lines {
        match text::pairs(line.text) {
            Ok(pairs) if pairs.iter().any(|(key, _)| *key == "TARGET") => {
                let mut mount = Mount::default();
                for (column, value) in &pairs {
                    mount.set(column, value);
                }
                mounts.push(mount);
            }
            _ => skips.push(text::bad_line(line, "wanted TARGET=\"...\" pairs")),
        }
    }
    (mounts, skips)
}

fn add_json(mounts: &mut Vec<Mount>, value: &Value) {
    let Some(fields) = value.as_object() else {
        return;
    };
    let mut mount = Mount::default();
    for (column, value) in fields {
        if let Some(found) = json::text(value) {
            mount.set(column, &found);
        }
    }
    mounts.push(mount);
    for child in fields
        .get("children")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        add_json(mounts, child);
    }
}

fn is_heading(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.contains(&"TARGET") && words.contains(&"SOURCE") && !text.contains('=')
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if let Some(rest) = text.trim_start().strip_prefix('{') {
        return if rest.trim_start().starts_with("\"filesystems\"") {
            96
        } else {
            0
        };
    }
    let first = text::first_line(text);
    let pairs =
        first.contains("TARGET=\"") && first.contains("FSTYPE=\"") && first.contains("SOURCE=\"");
    if pairs && text::pairs(first).is_ok() {
        return 95;
    }
    if is_heading(first) { 92 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (mounts, skips) = parse(input);
    text::emit("findmnt.mount", &mounts, skips, sink);
}
