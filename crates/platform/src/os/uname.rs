//! `uname -a`: kernel, release, machine.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;

/// The reader of `uname -a`.
pub static KIND: Kind = Kind {
    name: "uname",
    about: "uname -a",
    guess,
    read,
};

/// What a kernel says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Uname {
    /// `Linux`.
    pub system: String,
    /// The host's name.
    pub node: String,
    /// The kernel's release.
    pub release: String,
    /// Which build of it, and when: `#1 SMP Fri Jan 12 …`.
    pub version: String,
    /// `x86_64`, `aarch64`, `ppc64le`.
    pub machine: String,
    /// `GNU/Linux`, where it is told.
    pub os: Option<String>,
}

/// Reads one line a host.
pub fn parse(input: &[u8]) -> (Vec<Uname>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        if line.text.trim().is_empty() {
            continue;
        }
        match one(line.text) {
            Some(uname) => found.push(uname),
            None if lines::is_error(line.text) => {
                skips.push(line.skip(SkipKind::ErrorText, "an error"));
            }
            None => skips.push(line.bad("no answer of uname -a")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

/// `SYSTEM NODE RELEASE #VERSION… MACHINE [PROCESSOR PLATFORM] [OS]`. The version
/// holds blanks, so it ends where the machine, told once or thrice, begins.
fn one(text: &str) -> Option<Uname> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let os = words
        .pop_if(|word| word.contains("Linux") && word.contains('/'))
        .map(str::to_owned);
    let machine = words.pop().filter(|word| is_machine(word))?;
    while words
        .last()
        .is_some_and(|word| is_machine(word) || *word == "unknown")
    {
        words.pop();
    }
    let [system, node, release, version @ ..] = words.as_slice() else {
        return None;
    };
    let is_release = release.starts_with(|c: char| c.is_ascii_digit());
    let is_version = version.first().is_some_and(|word| word.starts_with('#'));
    (is_release && is_version).then(|| Uname {
        system: (*system).to_owned(),
        node: (*node).to_owned(),
        release: (*release).to_owned(),
        version: version.join(" "),
        machine: machine.to_owned(),
        os,
    })
}

fn is_machine(word: &str) -> bool {
    let starts = [
        "x86_64",
        "aarch64",
        "arm",
        "ppc",
        "s390",
        "riscv",
        "i386",
        "i486",
        "i586",
        "i686",
        "mips",
        "loongarch",
        "ia64",
        "sparc",
    ];
    starts.iter().any(|start| word.starts_with(start))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let mut full = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !lines::is_prompt(line));
    if full.next().is_some_and(|line| one(line).is_some())
        && full.next().is_none_or(|line| one(line).is_some())
    {
        92
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("uname", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, node: &str, release: &str, machine: &str) {
        let (found, skips) = parse(text.as_bytes());
        assert_eq!((found.len(), skips.len()), (1, 0), "{text}");
        let one = &found[0];
        assert_eq!(
            (
                one.node.as_str(),
                one.release.as_str(),
                one.machine.as_str()
            ),
            (node, release, machine)
        );
        assert!(one.version.starts_with("#1 SMP") && !one.version.contains(machine));
    }

    #[test]
    fn the_version_may_hold_blanks() {
        check(
            "Linux node1 6.1.0-56-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16) x86_64 GNU/Linux\n",
            "node1",
            "6.1.0-56-amd64",
            "x86_64",
        );
        check(
            "Linux oss1 4.18.0-553.el8_lustre.x86_64 #1 SMP Fri Jan 12 10:00:00 UTC 2024 x86_64 x86_64 x86_64 GNU/Linux\r\n",
            "oss1",
            "4.18.0-553.el8_lustre.x86_64",
            "x86_64",
        );
        check(
            "# uname -a\nLinux a 5.14.0 #1 SMP x aarch64",
            "a",
            "5.14.0",
            "aarch64",
        );
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["Linux", "Linux a b #1 c x86_64", "hello x86_64"] {
            assert_eq!(parse(text.as_bytes()).0, [], "{text}");
        }
    }
}
