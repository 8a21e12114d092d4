//! Loaded kernel modules: `lsmod` and `/proc/modules`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;

/// The reader of `lsmod`.
pub static LSMOD: Kind = Kind {
    name: "lsmod",
    about: "lsmod",
    guess: guess_lsmod,
    read,
};

/// The reader of `/proc/modules`.
pub static PROC: Kind = Kind {
    name: "proc-modules",
    about: "/proc/modules",
    guess: guess_proc,
    read,
};

/// One loaded module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Its name, with underscores.
    pub name: String,
    /// Memory it takes, bytes.
    pub size_bytes: u64,
    /// Users, of which modules are a part; none where the kernel cannot tell.
    pub n_users: Option<u64>,
    /// The modules that use it.
    pub used_by: Vec<String>,
    /// `Live`, `Loading`, `Unloading`; only `/proc/modules` tells.
    pub state: Option<String>,
    /// Taints: `P` proprietary, `O` out of tree, `E` unsigned.
    pub taints: Option<String>,
}

/// Reads every module, of either form.
pub fn parse(input: &[u8]) -> (Vec<Module>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || is_heading(text) {
            continue;
        }
        match module(text) {
            Some(module) => found.push(module),
            None if lines::is_error(text) => {
                skips.push(line.skip(SkipKind::ErrorText, "an error"));
            }
            None => skips.push(line.bad("no module with a size and its users")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_heading(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.starts_with(&["Module", "Size", "Used"])
}

/// `lnet  1044480  6 ksocklnd,obdclass` or
/// `lnet 1044480 6 ksocklnd,obdclass, Live 0xffffffffc0b2b000 (OE)`.
fn module(text: &str) -> Option<Module> {
    let mut words = text.split_whitespace();
    let name = words.next().filter(|word| is_name(word))?;
    let size = words.next()?.parse().ok()?;
    let users = words.next()?;
    let n_users = match users {
        "-" | "-1" | "-2" => None,
        number => Some(number.parse().ok()?),
    };
    let mut found = Module {
        name: name.to_owned(),
        size_bytes: size,
        n_users,
        ..Module::default()
    };
    for word in words {
        match word {
            "Live" | "Loading" | "Unloading" => found.state = Some(word.to_owned()),
            "-" => {}
            _ if word.starts_with("0x") => {}
            _ if word.starts_with('(') => {
                found.taints = Some(word.trim_matches(['(', ')']).to_owned());
            }
            // `[permanent]` marks a module that cannot be unloaded.
            _ => found.used_by.extend(
                word.split(',')
                    .filter(|one| !one.is_empty() && *one != "[permanent]")
                    .map(str::to_owned),
            ),
        }
    }
    Some(found)
}

fn is_name(word: &str) -> bool {
    word.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn guess_lsmod(sample: Sample<'_>) -> Likelihood {
    let mut lines = sample.text().lines().filter(|line| !lines::is_prompt(line));
    if lines.clone().next().is_some_and(is_heading) {
        return 96;
    }
    // Rows that were picked by grep, or that `lustre_rmmod` left.
    let is_row = |line: &str| {
        !line.contains(" 0x") && module(line).is_some_and(|one| one.size_bytes >= 4096)
    };
    let n_rows = lines.clone().take(50).filter(|line| is_row(line)).count();
    let is_all = n_rows >= 2 && lines.by_ref().take(50).all(is_row);
    if is_all { 45 } else { 0 }
}

fn guess_proc(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let full: Vec<&str> = whole
        .lines()
        .filter(|line| !line.trim().is_empty() && !lines::is_prompt(line))
        .take(10)
        .collect();
    let is_all = full
        .iter()
        .all(|line| line.contains(" 0x") && module(line).is_some_and(|one| one.state.is_some()));
    if !full.is_empty() && is_all { 96 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("module", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let (lsmod, skips) = parse(
            b"Module                  Size  Used by\nksocklnd              200704  1\nlnet                 1044480  6 ksocklnd,obdclass\nxfs 2158592 -2 [permanent]\n",
        );
        assert_eq!(skips, []);
        assert_eq!(
            (lsmod[1].size_bytes, lsmod[1].n_users),
            (1_044_480, Some(6))
        );
        assert_eq!(lsmod[1].used_by, ["ksocklnd", "obdclass"]);
        assert_eq!((lsmod[2].n_users, lsmod[2].used_by.len()), (None, 0));
        let (proc, skips) = parse(
            b"ksocklnd 200704 1 - Live 0xffffffffc0e0c000 (OE)\nlnet 1044480 6 ksocklnd,obdclass, Live 0xffffffffc0b2b000 (OE)\nbad line\n",
        );
        assert_eq!((skips.len(), skips[0].line), (1, 3));
        assert_eq!(proc[1].used_by, lsmod[1].used_by);
        assert_eq!(proc[0].state.as_deref(), Some("Live"));
        assert_eq!(proc[0].taints.as_deref(), Some("OE"));
    }
}
