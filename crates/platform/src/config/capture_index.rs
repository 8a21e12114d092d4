//! The index of a captured site: which file holds the output of which command,
//! on which host, and how the command ended.
//!
//! `folder/name TAB host TAB exit status TAB seconds TAB command`

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use crate::storage::text;

/// The reader of such an index.
pub static KIND: Kind = Kind {
    name: "capture-index",
    about: "index of a captured site: file, host, exit status, seconds, command",
    guess,
    read,
};

/// One command that was captured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Captured<'a> {
    /// Folder and name of its output, without the ending.
    pub path: &'a str,
    /// Where it ran.
    pub host: &'a str,
    /// Its exit status.
    pub exit: i32,
    /// How long it took.
    pub seconds: f64,
    /// The command line.
    pub command: &'a str,
}

/// Reads every line.
pub fn parse(input: &[u8]) -> (Vec<Captured<'_>>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in text::lines(input, &mut skips) {
        if line.text.trim().is_empty() || line.text.starts_with('#') {
            continue;
        }
        match captured(line.text) {
            Some(one) => found.push(one),
            None => skips.push(text::bad_line(
                line,
                "wanted file, host, status, seconds and command",
            )),
        }
    }
    (found, skips)
}

fn captured(line: &str) -> Option<Captured<'_>> {
    let mut cells = line.splitn(5, '\t');
    let found = Captured {
        path: cells.next()?,
        host: cells.next()?,
        exit: cells.next()?.parse().ok()?,
        seconds: cells
            .next()?
            .parse()
            .ok()
            .filter(|one: &f64| one.is_finite())?,
        command: cells.next()?.trim(),
    };
    // Other tables of numbers have tabs too; a command begins with a name or a path.
    let is_command = found
        .command
        .starts_with(|c: char| c.is_ascii_alphabetic() || "/._([{".contains(c));
    (found.path.contains('/') && !found.host.contains(' ') && is_command).then_some(found)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let lines = sample.text().lines().filter(|line| !line.is_empty());
    let (good, bad): (Vec<&str>, Vec<&str>) = lines.partition(|line| captured(line).is_some());
    match (good.len(), bad.len()) {
        (1.., 0) => 85,
        (good, bad) if good > 4 * bad => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("capture.command", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        let text = "01/lctl-dl\tnode1\t0\t1.28\tlctl dl \r\n01/x\tnode1\tno\t1\tx\n01/y\tnode1\t1";
        let (found, skips) = parse(text.as_bytes());
        assert_eq!((found[0].command, found[0].exit), ("lctl dl", 0));
        assert_eq!((found.len(), skips.len()), (1, 2));
        assert_eq!(skips[1].kind, stdx::reading::SkipKind::Truncated);
    }
}
