//! Unit files of systemd, also as `systemctl cat` prints them, drop-ins after
//! the unit: what `lnet.service` runs, what a mount waits for.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::ini;
use crate::storage::text;

/// The reader of unit files.
pub static KIND: Kind = Kind {
    name: "systemd-unit",
    about: "a unit file of systemd, systemctl cat",
    guess,
    read,
};

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnitFile {
    /// Where it lies, if `systemctl cat` told.
    pub path: Option<String>,
    /// What it is, in words.
    pub description: Option<String>,
    /// Units it is started after.
    pub after: Vec<String>,
    /// Units without which it is not started.
    pub requires: Vec<String>,
    /// Units that want it.
    pub wanted_by: Vec<String>,
    /// What it runs to start, in order.
    pub exec_start: Vec<String>,
    /// What it runs to stop, in order.
    pub exec_stop: Vec<String>,
    /// What a mount unit mounts, and where.
    pub mount: Option<(String, String)>,
    /// Every setting: section, key, value.
    pub settings: Vec<(String, String, String)>,
}

/// Reads every file.
pub fn parse(input: &[u8]) -> (Vec<UnitFile>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut found = Vec::new();
    let mut line_before = 0_u64;
    for (path, part) in files(input) {
        let mut own = Vec::new();
        let sections = ini::sections(part, &mut own);
        skips.extend(own.into_iter().map(|skip| Skip {
            line: skip.line + line_before,
            ..skip
        }));
        let n_lines = memchr::memchr_iter(b'\n', part).count();
        line_before += u64::try_from(n_lines).unwrap_or(0);
        if !sections.is_empty() {
            found.push(unit(path, &sections));
        }
    }
    (found, skips)
}

/// The parts of an input, each with the path that heads it: `# /lib/…/x.service`.
fn files(input: &[u8]) -> Vec<(Option<String>, &[u8])> {
    let mut found: Vec<(Option<String>, usize)> = vec![(None, 0)];
    let mut at = 0;
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        let path = std::str::from_utf8(line).ok().and_then(|line| {
            let path = line.trim().strip_prefix("# /")?;
            let is_path = !path.contains(' ') && path.contains("/systemd/");
            is_path.then(|| format!("/{path}"))
        });
        if path.is_some() {
            found.push((path, at));
        }
        at += line.len();
    }
    let ends: Vec<usize> = found.iter().skip(1).map(|one| one.1).chain([at]).collect();
    let parts = found.into_iter().zip(ends);
    parts
        .map(|((path, start), end)| (path, &input[start..end]))
        .collect()
}

fn unit(path: Option<String>, sections: &[ini::Section]) -> UnitFile {
    let settings = sections.iter().flat_map(|section| {
        let of =
            |(key, value): &(String, String)| (section.name.clone(), key.clone(), value.clone());
        section.settings.iter().map(of)
    });
    let settings: Vec<(String, String, String)> = settings.collect();
    let all = |wanted: &str| {
        let of_key = settings.iter().filter(move |(_, key, _)| key == wanted);
        of_key
            .map(|(_, _, value)| value.clone())
            .collect::<Vec<_>>()
    };
    let words = |wanted: &str| -> Vec<String> {
        let lines = all(wanted);
        let words = lines.iter().flat_map(|line| line.split_whitespace());
        words.map(str::to_owned).collect()
    };
    UnitFile {
        path,
        description: all("Description").pop(),
        after: words("After"),
        requires: words("Requires"),
        wanted_by: words("WantedBy"),
        exec_start: all("ExecStart"),
        exec_stop: all("ExecStop"),
        mount: all("What").pop().zip(all("Where").pop()),
        settings,
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let headings: Vec<&str> = sample.text().lines().filter_map(ini::heading).collect();
    let has = |name: &str| headings.contains(&name);
    let has_body = [
        "Service",
        "Mount",
        "Install",
        "Timer",
        "Socket",
        "Automount",
        "Path",
        "Slice",
    ]
    .iter()
    .any(|name| has(name));
    match (has("Unit"), has_body) {
        (true, true) => 92,
        (true, false) | (false, true) if headings.len() <= 3 => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("systemd.unit-file", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# /lib/systemd/system/lnet.service\n[Unit]\nDescription=lnet management\nAfter=a.target \\\n  b.service\n\
        [Service]\r\nExecStart=/sbin/modprobe lnet\nExecStart=/usr/sbin/lnetctl lnet configure\nwhat\n\
        # /etc/systemd/system/lnet.service.d/x.conf\n[Service]\nTimeoutStartSec=5\nbroken";

    #[test]
    fn a_unit_and_its_drop_in_are_told_apart() {
        let (found, skips) = parse(TEXT.as_bytes());
        assert_eq!(found[0].after, ["a.target", "b.service"]);
        assert_eq!(found[0].exec_start[1], "/usr/sbin/lnetctl lnet configure");
        assert_eq!(
            found[1].path.as_deref(),
            Some("/etc/systemd/system/lnet.service.d/x.conf")
        );
        let lines: Vec<u64> = skips.iter().map(|skip| skip.line).collect();
        assert_eq!(lines, [9, 13]);
    }
}
