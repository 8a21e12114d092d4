//! Log lines with a time, a host and a name: `journalctl -o short*`, files of
//! rsyslog and syslog-ng, RFC 5424.

use super::journal::{Entry, is_remark, put};
use super::stamp::{self, Stamp};
use crate::storage::text::{Line, bad_line, lines};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

/// The reader of log lines.
pub static KIND: Kind = Kind {
    name: "syslog",
    about: "journalctl -o short, short-iso, short-precise, short-full, short-unix, short-monotonic; /var/log/messages",
    guess,
    read,
};

/// Reads every entry. A line that is set in goes on with the one before.
pub fn parse(input: &[u8]) -> (Vec<Entry>, Vec<Skip>) {
    let (mut entries, mut skips): (Vec<Entry>, Vec<Skip>) = (Vec::new(), Vec::new());
    for line in lines(input, &mut skips) {
        let text = line.text.trim_end();
        if text.trim().is_empty() || is_note(text) {
            continue;
        }
        match (entry(text), entries.last_mut()) {
            (Some(entry), _) => entries.push(entry),
            (None, Some(last)) if goes_on(line) && last.message.len() < 16_384 => {
                last.message.push('\n');
                last.message.push_str(text.trim_start());
            }
            (None, _) => skips.push(bad_line(line, "a time, a host and a name")),
        }
    }
    (entries, skips)
}

fn goes_on(line: Line<'_>) -> bool {
    line.text.starts_with("    ") || line.text.starts_with('\t')
}

/// Remarks of journalctl and prompts.
fn is_note(text: &str) -> bool {
    is_remark(text.as_bytes())
        || text.starts_with("Hint: ")
        || text.starts_with("      Users in ")
        || text.starts_with("      Pass -q")
        || text.contains("journalctl ")
            && (text.starts_with('#') || text.starts_with('$') || text.starts_with('['))
}

/// One line; none if it has not this form.
pub fn entry(text: &str) -> Option<Entry> {
    let (priority, text) = level(text);
    if let Some(rest) = text.strip_prefix("1 ").filter(|_| priority.is_some()) {
        return rfc5424(rest, priority);
    }
    let (at, rest) = time(text)?;
    let (host, rest) = rest.trim_start().split_once(' ')?;
    let is_host = !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':'));
    if !is_host || host.ends_with(':') {
        return None;
    }
    let (name, message) = rest
        .split_once(": ")
        .or_else(|| rest.strip_suffix(':').map(|name| (name, "")))?;
    let (identifier, pid) = name_and_pid(name)?;
    Some(Entry {
        at,
        host: Some(host.to_owned()),
        is_kernel: identifier == "kernel",
        identifier: Some(identifier.to_owned()),
        pid,
        priority,
        message: message.to_owned(),
        ..Entry::default()
    })
}

/// `sshd[12]`, `kernel`; short-with-unit has `sshd.service[12]`.
fn name_and_pid(name: &str) -> Option<(&str, Option<u32>)> {
    let (identifier, pid) = match name
        .strip_suffix(']')
        .and_then(|rest| rest.rsplit_once('['))
    {
        Some((identifier, pid)) => (identifier, pid.parse().ok()),
        None => (name, None),
    };
    let fits = !identifier.is_empty() && identifier.len() <= 128;
    // Names with blanks are of desktop programs and of scripts; a sentence is none.
    (fits && identifier.split(' ').count() <= 3).then_some((identifier, pid))
}

/// `<34>` in front: the priority is its last three bits.
fn level(text: &str) -> (Option<u8>, &str) {
    let inside = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    match inside.and_then(|(number, rest)| Some((number.parse::<u16>().ok()?, rest))) {
        Some((number, rest)) => (u8::try_from(number & 7).ok(), rest),
        None => (None, text),
    }
}

/// `TIMESTAMP HOST APP PROC MSGID DATA MESSAGE`.
fn rfc5424(text: &str, priority: Option<u8>) -> Option<Entry> {
    let mut words = text.splitn(6, ' ');
    let (at, host, app, pid, _id) = (
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
    );
    let rest = words.next().unwrap_or_default();
    let message = match rest.strip_prefix("- ") {
        Some(message) => message,
        None if rest.starts_with('[') => rest.split_once("] ").map_or("", |(_, message)| message),
        None => rest.trim_start_matches('-'),
    };
    let some = |text: &str| (text != "-").then(|| text.to_owned());
    Some(Entry {
        at: stamp::iso(at).map_or(Stamp::None, Stamp::AtUs),
        host: some(host),
        is_kernel: app == "kernel",
        identifier: some(app),
        pid: pid.parse().ok(),
        priority,
        message: message.trim_start_matches('\u{feff}').to_owned(),
        ..Entry::default()
    })
}

/// The time a line begins with, and what stands behind it.
fn time(text: &str) -> Option<(Stamp, &str)> {
    iso_time(text)
        .or_else(|| classic(text))
        .or_else(|| full(text))
        .or_else(|| monotonic(text))
        .or_else(|| unix(text))
}

fn iso_time(text: &str) -> Option<(Stamp, &str)> {
    let (word, rest) = text.split_once(' ')?;
    if word.len() < 19 || word.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    match stamp::iso(word) {
        Some(at) => Some((Stamp::AtUs(at), rest)),
        None => stamp::iso(&format!("{word}Z")).map(|_| (Stamp::Text(word.to_owned()), rest)),
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Nov 21 00:52:30`, `Nov  1 00:52:30.123456`, `2026 Nov 21 00:52:30`.
fn classic(text: &str) -> Option<(Stamp, &str)> {
    let month = text
        .split_at_checked(5)
        .filter(|(year, _)| {
            year.ends_with(' ') && year.trim_end().bytes().all(|b| b.is_ascii_digit())
        })
        .map_or(text, |(_, rest)| rest);
    let name = month.get(..3)?;
    if !MONTHS.contains(&name) {
        return None;
    }
    let day = month.get(3..)?.trim_start();
    let (day, clock) = day.split_once(' ')?;
    let (clock, rest) = clock.split_once(' ')?;
    let is_day = (1..=2).contains(&day.len()) && day.bytes().all(|b| b.is_ascii_digit());
    if !is_day || !is_clock(clock) {
        return None;
    }
    let end = text.len().checked_sub(rest.len() + 1)?;
    Some((Stamp::Text(text.get(..end)?.to_owned()), rest))
}

fn is_clock(text: &str) -> bool {
    text.len() >= 8
        && text.split(':').count() == 3
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b','))
}

/// `Sat 2026-11-21 00:52:30 UTC`, as short-full has it.
fn full(text: &str) -> Option<(Stamp, &str)> {
    let mut words = text.splitn(5, ' ');
    let (day, date, clock, zone) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let rest = words.next()?;
    if day.len() != 3 || date.len() != 10 || !is_clock(clock) {
        return None;
    }
    let whole = format!("{date} {clock} {zone}");
    stamp::iso(&format!("{date} {clock} UTC"))?;
    Some(match stamp::iso(&whole) {
        Some(at) => (Stamp::AtUs(at), rest),
        None => (Stamp::Text(whole), rest),
    })
}

/// `[  636.050342] `, as short-monotonic has it: a host follows.
fn monotonic(text: &str) -> Option<(Stamp, &str)> {
    let (inside, rest) = text.strip_prefix('[')?.split_once(']')?;
    Some((Stamp::SinceBootUs(stamp::seconds_us(inside.trim())?), rest))
}

/// `1795221323.836530 `.
fn unix(text: &str) -> Option<(Stamp, &str)> {
    let (word, rest) = text.split_once(' ')?;
    let us = stamp::seconds_us(word).filter(|_| word.len() >= 12)?;
    Some((Stamp::AtUs(i64::try_from(us).ok()?), rest))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut fits, mut all) = (0_u32, 0_u32);
    let rows = sample.text().lines().filter(|row| !row.trim().is_empty());
    for row in rows.filter(|row| !is_note(row)).take(200) {
        if row.starts_with("    ") {
            continue;
        }
        all += 1;
        fits += u32::from(entry(row).is_some());
    }
    match (fits, all) {
        (0, _) => 0,
        (fits, all) if fits * 10 >= all * 9 => 92,
        (fits, all) if fits * 2 >= all => 62,
        _ => 10,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (entries, skips) = parse(input);
    for entry in &entries {
        put(entry, sink);
    }
    for skip in skips {
        sink.skip(skip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, at: &Stamp, who: &str, pid: Option<u32>, message: &str) {
        let found = entry(line).unwrap_or_else(|| panic!("{line}"));
        let said = found.identifier.as_deref();
        assert_eq!(
            (&found.at, said, found.pid, found.message.as_str()),
            (at, Some(who), pid, message),
            "{line}"
        );
    }

    #[test]
    fn every_short_form_is_read() {
        let at = Stamp::AtUs(1_795_222_350_000_000);
        let text = |text: &str| Stamp::Text(text.to_owned());
        check(
            "2026-11-21T00:52:30+0000 node2 kernel: x: y",
            &at,
            "kernel",
            None,
            "x: y",
        );
        check(
            "2026-11-21T00:52:30.000000+00:00 n systemd[1]: Started x.",
            &at,
            "systemd",
            Some(1),
            "Started x.",
        );
        check(
            "Sat 2026-11-21 00:52:30 UTC n sshd[12]: hi",
            &at,
            "sshd",
            Some(12),
            "hi",
        );
        check(
            "1795222350.000000 n sshd[12]: hi",
            &at,
            "sshd",
            Some(12),
            "hi",
        );
        check(
            "Nov 21 00:52:30 n kernel: a",
            &text("Nov 21 00:52:30"),
            "kernel",
            None,
            "a",
        );
        check(
            "Nov  1 00:52:30.123456 n CRON[3]: (root) CMD",
            &text("Nov  1 00:52:30.123456"),
            "CRON",
            Some(3),
            "(root) CMD",
        );
        check(
            "[  636.050342] n kernel: a",
            &Stamp::SinceBootUs(636_050_342),
            "kernel",
            None,
            "a",
        );
        check(
            "<30>1 2026-11-21T00:52:30Z n app 7 ID - said",
            &at,
            "app",
            Some(7),
            "said",
        );
        check(
            "<13>Nov 21 00:52:30 n logger: a",
            &text("Nov 21 00:52:30"),
            "logger",
            None,
            "a",
        );
    }

    #[test]
    fn other_lines_are_no_entries() {
        for line in [
            "",
            "Lustre: x",
            "[  1.5] Lustre: x",
            "Nov 21",
            "2026-11-21T00:51:55,000000+00:00 Linux version 6.1",
            "Sep 9 x y z: w",
        ] {
            assert!(entry(line).is_none(), "{line}");
        }
        let (entries, skips) = parse(b"-- Boot 1 --\nNov 21 00:52:30 n a: one\n    two\nbad\n");
        assert_eq!((entries.len(), skips.len()), (1, 1));
        assert_eq!(entries[0].message, "one\ntwo");
    }
}
