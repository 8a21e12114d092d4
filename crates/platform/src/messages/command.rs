//! Messages of commands, as their standard error keeps them: who speaks, what
//! about, and which error of the kernel is behind it.
//!
//! `error: get_param: param_path 'x': No such file or directory`,
//! `mount.lustre: mount A at B failed: Connection timed out`; the lines of `dd`.

use serde::Serialize;
use stdx::errno::{self, Errno};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use crate::inspect::LIKELIHOOD_MIN;
use crate::storage::text;

/// The reader of such messages.
pub static KIND: Kind = Kind {
    name: "command-messages",
    about: "what commands say on standard error: errors, refusals, confirmations",
    guess,
    read,
};

/// How bad a message is, as far as its words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Something was not done.
    Error,
    /// Done, but.
    Warning,
    /// Neither.
    Note,
}

/// One line that a command said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message<'a> {
    /// Line of the input, from 1.
    pub line: u64,
    /// The tool or its verb: `mount.lustre`, `lfs check`, `get_param`.
    pub from: Option<&'a str>,
    /// How bad it is.
    pub tone: Tone,
    /// The path or quoted name it is about.
    pub about: Option<&'a str>,
    /// The kernel's error, if the message ends with one.
    pub errno: Option<Errno>,
    /// The whole line.
    pub text: &'a str,
}

/// What `dd` moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transfer {
    /// Line of the input, from 1.
    pub line: u64,
    /// Bytes copied.
    pub bytes: u64,
    /// In so many seconds.
    pub seconds: f64,
}

/// Everything that was said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said<'a> {
    /// Messages, in input order.
    pub messages: Vec<Message<'a>>,
    /// Lines of `dd`.
    pub transfers: Vec<Transfer>,
}

/// Reads every line that says something.
pub fn parse(input: &[u8]) -> (Said<'_>, Vec<Skip>) {
    let (mut said, mut skips) = (Said::default(), Vec::new());
    for line in text::lines(input, &mut skips) {
        if line.text.trim().is_empty() || is_dd_count(line.text) {
            continue;
        }
        match transfer(line.no, line.text) {
            Some(one) => said.transfers.push(one),
            None => said.messages.push(message(line.no, line.text)),
        }
    }
    (said, skips)
}

/// Reads one line.
pub fn message(line: u64, text: &str) -> Message<'_> {
    let text = text.trim_end();
    let errno = errno::at_end(text).map(|found| found.1);
    let (label, from, rest) = speaker(text.trim_start());
    let tone = label.unwrap_or(match errno {
        Some(_) => Tone::Error,
        None => tone(rest),
    });
    Message {
        line,
        from,
        tone,
        about: about(rest),
        errno,
        text,
    }
}

/// `error:`, `WARNING:` and the like; then who speaks; then what is said.
fn speaker(text: &str) -> (Option<Tone>, Option<&str>, &str) {
    let (mut label, mut from, mut rest) = (None, None, text);
    for _ in 0..3 {
        let Some((head, tail)) = rest.split_once(':') else {
            break;
        };
        let (who, tone) = labelled(head.trim());
        if tone.is_some() && label.is_none() {
            label = tone;
        } else if tone.is_some() || from.is_some() {
            break;
        }
        match who {
            "" => {}
            who if from.is_none() && is_speaker(who) => from = Some(who),
            _ if tone.is_some() => return (label, from, tail.trim_start()),
            _ => break,
        }
        rest = tail.trim_start();
    }
    (label, from, rest)
}

/// Splits `mkfs.lustre FATAL` into who and how bad.
fn labelled(head: &str) -> (&str, Option<Tone>) {
    let (who, word) = head.rsplit_once(' ').unwrap_or(("", head));
    let tone = match word.to_ascii_lowercase().as_str() {
        "error" | "fatal" | "failed" | "err" | "critical" => Tone::Error,
        "warning" | "warn" => Tone::Warning,
        "info" | "note" | "notice" => Tone::Note,
        _ => return (head, None),
    };
    (who, Some(tone))
}

/// One or two words of a command and its verb: no sentence, no path with spaces.
fn is_speaker(who: &str) -> bool {
    let is_name = |word: &str| {
        word.len() <= 64
            && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-/+@".contains(&b))
    };
    let mut words = who.split(' ');
    let (first, second) = (words.next(), words.next());
    words.next().is_none()
        && first.is_some_and(is_name)
        && second.is_none_or(|word| is_name(word) && word.starts_with(char::is_lowercase))
}

fn tone(text: &str) -> Tone {
    let lower = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&ERROR_WORDS) {
        Tone::Error
    } else if lower.starts_with("warning") {
        Tone::Warning
    } else {
        Tone::Note
    }
}

const ERROR_WORDS: [&str; 22] = [
    "can't ",
    "cannot ",
    "can not ",
    "couldn't ",
    "could not ",
    "unable to ",
    "failed",
    "failure",
    "not found",
    "not been formatted",
    "unrecognized",
    "unrecognised",
    "invalid",
    "already exists",
    "does not exist",
    "is already ",
    "is in use",
    "is busy",
    "not part of",
    "no such ",
    "traceback (",
    "miss ",
];

/// The first quoted name, else the first absolute path.
fn about(text: &str) -> Option<&str> {
    let quoted = [('\'', '\''), ('‘', '’'), ('"', '"'), ('`', '\'')];
    let found = quoted.iter().filter_map(|(open, close)| {
        let at = text.find(*open)?;
        // An apostrophe within a word (`can't`) opens nothing.
        let is_start = text[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric());
        let inner = text[at..].strip_prefix(*open).filter(|_| is_start)?;
        let end = inner.find(*close)?;
        Some((at, &inner[..end]))
    });
    let first = found.min_by_key(|(at, _)| *at).map(|(_, inner)| inner);
    first.filter(|inner| !inner.is_empty()).or_else(|| {
        let mut words = text.split([' ', '\t', ',', '(', ')']);
        let path = words.find(|word| word.len() > 1 && word.starts_with('/'))?;
        Some(path.trim_end_matches([':', '.', ';']))
    })
}

/// `64+0 records in`, which the line of the transfer sums up.
fn is_dd_count(text: &str) -> bool {
    let Some((count, what)) = text.trim().split_once(' ') else {
        return false;
    };
    let is_count = count
        .split_once('+')
        .is_some_and(|(whole, part)| text::all_digits(whole) && text::all_digits(part));
    is_count && ["records in", "records out"].contains(&what)
}

/// `67108864 bytes (67 MB, 64 MiB) copied, 10.7248 s, 6.3 MB/s`.
fn transfer(line: u64, text: &str) -> Option<Transfer> {
    let (bytes, rest) = text.trim().split_once(" byte")?;
    let (_, rest) = rest.split_once("copied, ")?;
    let seconds = rest.split([' ', ',']).next()?;
    let seconds: f64 = seconds.parse().ok()?;
    seconds.is_finite().then_some(())?;
    Some(Transfer {
        line,
        bytes: bytes.parse().ok()?,
        seconds,
    })
}

/// Tools whose name before a colon makes a line a message of theirs.
const TOOLS: [&str; 44] = [
    "lctl",
    "lfs",
    "lnetctl",
    "mount",
    "umount",
    "mount.lustre",
    "umount.lustre",
    "mkfs.lustre",
    "tunefs.lustre",
    "lustre_rmmod",
    "l_getidentity",
    "lhsmtool_posix",
    "zpool",
    "zfs",
    "ls",
    "cat",
    "cp",
    "mv",
    "rm",
    "mkdir",
    "rmdir",
    "touch",
    "chmod",
    "chown",
    "stat",
    "setfattr",
    "getfattr",
    "dd",
    "tar",
    "find",
    "bash",
    "sh",
    "sudo",
    "modprobe",
    "insmod",
    "rmmod",
    "modinfo",
    "grep",
    "sed",
    "awk",
    "ssh",
    "df",
    "blkid",
    "dumpe2fs",
];

/// How much one line looks like a message: 2 surely, 1 perhaps, 0 no.
fn weight(text: &str) -> u8 {
    if is_dd_count(text) || transfer(0, text).is_some() {
        return 2;
    }
    let said = message(0, text);
    let (label, from, rest) = speaker(text.trim());
    let tool = from.and_then(|from| from.split(' ').next());
    let is_tool = tool.is_some_and(|tool| TOOLS.contains(&tool) || tool.starts_with("/bin/"));
    match (said.errno, label, is_tool) {
        (Some(_), ..) | (_, Some(Tone::Error | Tone::Warning), _) | (_, _, true) => 2,
        _ if tone(rest) != Tone::Note => 1,
        _ => 0,
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let is_stderr = sample.name.contains("stderr");
    let (mut n_lines, mut n_sure, mut n_perhaps) = (0_usize, 0, 0);
    let lines = sample.text().lines().filter(|line| !line.trim().is_empty());
    for line in lines.take(200) {
        n_lines += 1;
        match weight(line) {
            2 => n_sure += 1,
            1 => n_perhaps += 1,
            _ => {}
        }
    }
    let n_said = n_sure + n_perhaps;
    match n_lines {
        0 => 0,
        _ if n_sure == n_lines => 45,
        _ if n_sure > 0 && n_said * 10 >= n_lines * 6 => 40,
        1..=3 if n_said == n_lines => 35,
        1..=9 if is_stderr || n_sure > 0 => LIKELIHOOD_MIN,
        _ if is_stderr => LIKELIHOOD_MIN,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (said, skips) = parse(input);
    text::emit("command.transfer", &said.transfers, Vec::new(), sink);
    text::emit("command.message", &said.messages, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, from: Option<&str>, tone: Tone, about: Option<&str>, errno: i32) {
        let found = message(1, line);
        let number = found.errno.map_or(0, |one| one.number);
        let seen = (found.from, found.tone, found.about, number);
        assert_eq!(seen, (from, tone, about, errno), "{line:?}");
    }

    #[test]
    fn messages_tell_who_speaks_of_what_and_why() {
        use Tone::{Error, Note, Warning};
        check(
            "error: get_param: param_path 'no/such': No such file or directory",
            Some("get_param"),
            Error,
            Some("no/such"),
            2,
        );
        check(
            "mount.lustre: mount 192.168.77.99@tcp:/lab01 at /mnt/x failed: Connection timed out",
            Some("mount.lustre"),
            Error,
            Some("/mnt/x"),
            110,
        );
        check(
            "lfs check: error: check 'lab01-OST0001-osc-MDT0000': Resource temporarily unavailable (11)",
            Some("lfs check"),
            Error,
            Some("lab01-OST0001-osc-MDT0000"),
            11,
        );
        check(
            "lctl pool_list: cannot open /proc/x/pools/nopool: No such file or directory (2)",
            Some("lctl pool_list"),
            Error,
            Some("/proc/x/pools/nopool"),
            2,
        );
        check(
            "mkfs.lustre FATAL: unknown filesystem type",
            Some("mkfs.lustre"),
            Error,
            None,
            0,
        );
        check(
            "Warning, standalone MGS for \"nofs\", unknown",
            None,
            Warning,
            Some("nofs"),
            0,
        );
        check("Pool lab01.fast created", None, Note, None, 0);
        check(
            "Can't umount the snapshot snap1: Invalid argument",
            None,
            Error,
            None,
            22,
        );
        check(
            "mkdir: cannot create directory ‘/l/p’: File exists",
            Some("mkdir"),
            Error,
            Some("/l/p"),
            17,
        );
        check(
            "Writer error: failed to resolve",
            Some("Writer"),
            Error,
            None,
            0,
        );
        check(":::", None, Note, None, 0);
    }

    #[test]
    fn what_dd_moved_is_told() {
        let text = b"64+0 records in\r\n64+0 records out\r\n67108864 bytes (67 MB, 64 MiB) copied, 10.7248 s, 6.3 MB/s\nx: \xff\numount: /a: target is busy.";
        let (said, skips) = parse(text);
        let moved = Transfer {
            line: 3,
            bytes: 67_108_864,
            seconds: 10.7248,
        };
        assert_eq!(said.transfers, [moved]);
        assert_eq!(
            (said.messages[0].line, said.messages[0].about),
            (5, Some("/a"))
        );
        assert_eq!(skips.len(), 1);
    }

    #[test]
    fn only_what_reads_like_messages_is_taken() {
        let of = |name, head: &str| {
            guess(Sample {
                name,
                head: head.as_bytes(),
            })
        };
        assert_eq!(
            of("", "error: replace_nids: Operation now in progress\n"),
            45
        );
        assert_eq!(
            of(
                "",
                "The snapshot snapA exists\nCan't create the snapshot snapA\n"
            ),
            0
        );
        assert_eq!(of("x.stderr.txt", "The snapshot snapA exists\n"), 30);
        assert_eq!(of("", "NAME=x\nID=y\n"), 0);
        assert_eq!(of("", "health_check=healthy\n"), 0);
    }
}
