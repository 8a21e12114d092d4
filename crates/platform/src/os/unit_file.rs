//! Unit files of systemd, alone or as `systemctl cat` prints them.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;

/// The reader of unit files.
pub static KIND: Kind = Kind {
    name: "systemd-unit-file",
    about: "a unit file of systemd, systemctl cat UNIT…",
    guess,
    read,
};

/// One file: a unit, or a part that is laid over one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnitFile {
    /// Its path, where `systemctl cat` told it.
    pub path: Option<String>,
    /// What it sets, in order.
    pub settings: Vec<Setting>,
}

/// One thing that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// `Unit`, `Service`, `Install`, `Mount`.
    pub section: String,
    /// Its name.
    pub name: String,
    /// Its value; an empty one takes back what was set before.
    pub value: String,
}

impl UnitFile {
    /// The values of one setting, in order, those taken back left out.
    pub fn values(&self, section: &str, name: &str) -> Vec<&str> {
        let mut found = Vec::new();
        for setting in &self.settings {
            if setting.section == section && setting.name == name {
                if setting.value.is_empty() {
                    found.clear();
                } else {
                    found.push(setting.value.as_str());
                }
            }
        }
        found
    }
}

/// Reads every file.
pub fn parse(input: &[u8]) -> (Vec<UnitFile>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::<UnitFile>::new(), Vec::new());
    let (mut section, mut continues) = (String::new(), false);
    for line in read_lines(input, &mut skips) {
        let text = line.text.trim();
        if let Some(path) = text.strip_prefix("# /").filter(|path| is_unit_path(path)) {
            found.push(UnitFile {
                path: Some(format!("/{path}")),
                ..UnitFile::default()
            });
            (section, continues) = (String::new(), false);
            continue;
        }
        // Comments may stand between the lines of one value.
        if text.starts_with(['#', ';']) || text.is_empty() && !continues {
            continue;
        }
        let (part, goes_on) = match text.strip_suffix('\\') {
            Some(part) => (part.trim_end(), true),
            None => (text, false),
        };
        let was_continued = std::mem::replace(&mut continues, goes_on);
        if was_continued {
            if let Some(setting) = found.last_mut().and_then(|file| file.settings.last_mut()) {
                setting.value.push(' ');
                setting.value.push_str(part);
            }
        } else if let Some(name) = section_name(text) {
            name.clone_into(&mut section);
        } else if let Some((name, value)) = part.split_once('=').filter(|(name, _)| is_name(name)) {
            if section.is_empty() {
                skips.push(line.skip(SkipKind::BadLine, "a setting outside of a section"));
                continue;
            }
            if found.is_empty() {
                found.push(UnitFile::default());
            }
            if let Some(file) = found.last_mut() {
                file.settings.push(Setting {
                    section: section.clone(),
                    name: name.trim().to_owned(),
                    value: value.trim().to_owned(),
                });
            }
        } else if lines::is_error(text) || text.starts_with("No files found for") {
            skips.push(line.skip(SkipKind::ErrorText, "an error"));
        } else {
            skips.push(line.bad("no Name=value"));
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

/// The lines, comments kept: the path of a file is one.
fn read_lines<'a>(input: &'a [u8], skips: &mut Vec<Skip>) -> Vec<lines::Line<'a>> {
    crate::storage::text::lines(input, skips)
        .into_iter()
        .map(|line| lines::Line {
            no: line.no,
            text: line.text,
            ended: line.ended,
        })
        .collect()
}

fn is_unit_path(path: &str) -> bool {
    path.contains("/systemd/") && !path.contains(' ')
}

fn section_name(text: &str) -> Option<&str> {
    text.strip_prefix('[')?
        .strip_suffix(']')
        .filter(|name| !name.is_empty())
}

fn is_name(name: &str) -> bool {
    let name = name.trim();
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn guess(sample: Sample<'_>) -> Likelihood {
    const SECTIONS: [&str; 9] = [
        "[Unit]",
        "[Service]",
        "[Socket]",
        "[Mount]",
        "[Automount]",
        "[Timer]",
        "[Path]",
        "[Slice]",
        "[Install]",
    ];
    let text = sample.text();
    let is_one = |line: &str| SECTIONS.contains(&line.trim());
    let n_sections = text.lines().filter(|line| is_one(line)).count();
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    match (first.is_some_and(is_one), n_sections) {
        (true, 2..) => 94,
        (true, 1) => 85,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("unit-file", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_with_what_is_laid_over_them() {
        let (found, skips) = parse(
            b"# /usr/lib/systemd/system/lnet.service\n[Unit]\nDescription=lnet\nstray\n\n[Service]\nExecStart=/sbin/modprobe lnet\nExecStart=/usr/sbin/lnetctl \\\n# why\n  lnet configure\n\n# /etc/systemd/system/lnet.service.d/own.conf\n[Service]\nExecStart=\nExecStart=/bin/true\n",
        );
        assert_eq!((found.len(), skips.len(), skips[0].line), (2, 1, 4));
        assert_eq!(
            found[0].values("Service", "ExecStart"),
            ["/sbin/modprobe lnet", "/usr/sbin/lnetctl lnet configure"]
        );
        assert_eq!(found[1].values("Service", "ExecStart"), ["/bin/true"]);
        let (found, skips) = parse(b"A=b\n[Install]\r\nWantedBy=x.target\r\n");
        assert_eq!(
            (found.len(), skips.len(), found[0].path.clone()),
            (1, 1, None)
        );
    }
}
