//! The daemons' own log files: `pacemaker.log` of 1.1 and of 2.x, and
//! `corosync.log`. What they send to syslog is read as syslog.

use super::lines;
use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

/// The reader of the daemons' log files.
pub static KIND: Kind = Kind {
    name: "ha-log",
    about: "pacemaker.log, corosync.log",
    guess,
    read,
};

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Local time without a year, as printed.
    pub at: String,
    /// Node.
    pub host: Option<String>,
    /// `pacemaker-fenced`, `crmd`, `corosync`.
    pub daemon: String,
    /// Process.
    pub pid: Option<u32>,
    /// `info`, `notice`, `warning`, `error`, `crit`.
    pub level: Option<String>,
    /// Function that says it, or the part of Corosync: `TOTEM`.
    pub by: Option<String>,
    /// The text.
    pub message: String,
}

/// Reads every message. A line that is set in goes on with the one before.
pub fn parse(input: &[u8]) -> (Vec<Message>, Vec<Skip>) {
    let (mut found, mut skips): (Vec<Message>, Vec<Skip>) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        if line.text.trim().is_empty() || line.text.starts_with("Set r/w permissions") {
            continue;
        }
        match (message(line.text), found.last_mut()) {
            (Some(one), _) => found.push(one),
            (None, Some(last))
                if line.text.starts_with([' ', '\t']) && last.message.len() < 16_384 =>
            {
                last.message.push('\n');
                last.message.push_str(line.text.trim());
            }
            (None, _) => skips.push(line.bad("no line of pacemaker.log or corosync.log")),
        }
    }
    (found, skips)
}

const LEVELS: [&str; 11] = [
    "emerg", "alert", "crit", "error", "err", "warning", "warn", "notice", "info", "debug", "trace",
];

/// The time in front: `Aug 21 12:58:32`, with a fraction, or ISO.
fn time(text: &str) -> Option<(&str, &str)> {
    let is_clock = |word: &str| {
        word.len() >= 8
            && word
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
            && word.matches(':').count() == 2
    };
    let first = text.split(' ').next()?;
    if first.len() >= 19 && first.contains('T') && first.matches(':').count() >= 2 {
        return text.split_at_checked(first.len());
    }
    // The day may have one digit, and then two blanks before it.
    let is_month = first.len() == 3 && first.starts_with(|c: char| c.is_ascii_uppercase());
    let clock = text
        .split_whitespace()
        .nth(2)
        .filter(|word| is_clock(word))?;
    if !is_month {
        return None;
    }
    let end = text.find(clock)? + clock.len();
    text.split_at_checked(end)
}

/// One line; none if it has not this form.
pub fn message(text: &str) -> Option<Message> {
    let (at, rest) = time(text)?;
    let rest = rest.trim_start();
    let mut found = Message {
        at: at.to_owned(),
        ..Message::default()
    };
    // `[11661] host crmd: info: f: text` of 1.1, `[7] host corosync notice [TOTEM ] text`.
    if let Some((pid, rest)) = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        found.pid = Some(pid.trim().parse().ok()?);
        let (host, rest) = rest.trim_start().split_once(char::is_whitespace)?;
        found.host = Some(host.to_owned());
        return old(found, rest.trim_start());
    }
    if let Some(rest) = rest.strip_prefix("corosync ") {
        return corosync(found, rest);
    }
    // On the console: `notice  [MAIN  ] text`.
    if let Some((level, after)) = rest.split_once('[')
        && LEVELS.contains(&level.trim())
        && after.split(']').next().is_some_and(|by| by.len() == 6)
    {
        return corosync(found, rest);
    }
    let (host, rest) = rest.split_once(char::is_whitespace)?;
    found.host = Some(host.to_owned());
    new(found, rest.trim_start())
}

/// `crmd: info: f: text`, `corosync notice [TOTEM ] text`.
fn old(mut found: Message, rest: &str) -> Option<Message> {
    if let Some(rest) = rest.strip_prefix("corosync ") {
        return corosync(found, rest);
    }
    let (daemon, rest) = rest.split_once(':')?;
    let (level, rest) = rest.trim_start().split_once(':')?;
    if daemon.contains(' ') || !LEVELS.contains(&level.trim()) {
        return None;
    }
    daemon.clone_into(&mut found.daemon);
    found.level = Some(level.trim().to_owned());
    let rest = rest.trim();
    let is_function = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    match rest.split_once(':').filter(|(name, _)| is_function(name)) {
        Some((by, message)) => {
            found.by = Some(by.to_owned());
            message.trim().clone_into(&mut found.message);
        }
        None => rest.clone_into(&mut found.message),
    }
    Some(found)
}

/// `notice  [TOTEM ] text`, `[TOTEM ] text`.
fn corosync(mut found: Message, rest: &str) -> Option<Message> {
    "corosync".clone_into(&mut found.daemon);
    let (level, rest) = rest.split_once('[')?;
    let (by, message) = rest.split_once(']')?;
    let level = level.trim();
    if !level.is_empty() && !LEVELS.contains(&level) {
        return None;
    }
    found.level = Some(level.to_owned()).filter(|level| !level.is_empty());
    found.by = Some(by.trim().to_owned());
    message.trim().clone_into(&mut found.message);
    Some(found)
}

/// `pacemaker-fenced    [1234] (f@file.c:12) notice: text`, without the function too.
fn new(mut found: Message, rest: &str) -> Option<Message> {
    let (daemon, rest) = rest.split_once('[')?;
    let daemon = daemon.trim();
    let (pid, rest) = rest.split_once(']')?;
    found.pid = Some(pid.parse().ok()?);
    if daemon.is_empty() || daemon.contains(' ') {
        return None;
    }
    daemon.clone_into(&mut found.daemon);
    let mut rest = rest.trim_start();
    if let Some((by, text)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        found.by = Some(by.to_owned());
        rest = text.trim_start();
    }
    let (level, message) = rest
        .split_once(": ")
        .or(rest.strip_suffix(':').map(|level| (level, "")))?;
    if !LEVELS.contains(&level) {
        return None;
    }
    found.level = Some(level.to_owned());
    message.trim().clone_into(&mut found.message);
    Some(found)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let lines: Vec<&str> = sample
        .text()
        .lines()
        .filter(|line| !line.is_empty())
        .take(50)
        .collect();
    let n = lines.iter().filter(|line| message(line).is_some()).count();
    match lines.len() {
        0 => 0,
        all if n * 10 >= all * 8 => 95,
        all if n * 2 > all => 75,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("ha.log", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        let one = message(text).expect("a message");
        let some = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let pid = one.pid.map_or("-".to_owned(), |pid| pid.to_string());
        assert_eq!(
            format!(
                "{}|{}|{}|{pid}|{}|{}|{}",
                one.at,
                some(one.host),
                one.daemon,
                some(one.level),
                some(one.by),
                one.message
            ),
            want
        );
        assert_eq!(
            guess(Sample {
                name: "",
                head: text.as_bytes()
            }),
            95
        );
    }

    #[test]
    fn all_generations_are_read() {
        check(
            "Aug 21 12:58:32 [11661] a.example       crmd:   notice: do_state_transition: \tState transition S_IDLE -> S_ELECTION",
            "Aug 21 12:58:32|a.example|crmd|11661|notice|do_state_transition|State transition S_IDLE -> S_ELECTION",
        );
        check(
            "Nov  1 08:12:01.123 a pacemaker-fenced    [77] (log_op@fenced.c:12) \tnotice: Operation 'reboot' targeting b: OK",
            "Nov  1 08:12:01.123|a|pacemaker-fenced|77|notice|log_op@fenced.c:12|Operation 'reboot' targeting b: OK",
        );
        check(
            "Nov 21 08:12:01 [90] a corosync notice  [TOTEM ] A new membership (1.2f) was formed.",
            "Nov 21 08:12:01|a|corosync|90|notice|TOTEM|A new membership (1.2f) was formed.",
        );
        check(
            "Nov 21 08:12:01 corosync [MAIN  ] ready",
            "Nov 21 08:12:01|-|corosync|-|-|MAIN|ready",
        );
        check(
            "Nov 21 08:12:01 info    [MAIN  ] ready",
            "Nov 21 08:12:01|-|corosync|-|info|MAIN|ready",
        );
    }

    #[test]
    fn syslog_is_not_taken() {
        for text in [
            "Nov 21 08:12:01 a pacemaker-fenced[77]: notice: Operation",
            "Nov 21 08:12:01 a kernel: [1.2] Lustre: x",
            "Nov 21 08:12:01 a sshd[1]: error: x",
            "",
        ] {
            assert_eq!(
                guess(Sample {
                    name: "",
                    head: text.as_bytes()
                }),
                0,
                "{text}"
            );
        }
    }
}
