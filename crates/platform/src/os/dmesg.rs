//! The kernel's ring buffer: `dmesg` in its forms, `/dev/kmsg`.

use super::journal::{Entry, put};
use super::stamp::{self, Stamp};
use crate::storage::json;
use crate::storage::text::{bad_line, lines};
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

/// The reader of `dmesg`.
pub static DMESG: Kind = Kind {
    name: "dmesg",
    about: "dmesg: plain, -T, -x, -r, -d, -J, --time-format=iso",
    guess: guess_dmesg,
    read: read_dmesg,
};

/// The reader of `/dev/kmsg`.
pub static KMSG: Kind = Kind {
    name: "kmsg",
    about: "/dev/kmsg",
    guess: guess_kmsg,
    read: read_kmsg,
};

/// Reads every message of `dmesg`. A line without a time goes on with the one before.
pub fn parse(input: &[u8]) -> (Vec<Entry>, Vec<Skip>) {
    if let Some(found) = from_json(input) {
        return found;
    }
    let (mut entries, mut skips): (Vec<Entry>, Vec<Skip>) = (Vec::new(), Vec::new());
    for line in lines(input, &mut skips) {
        let text = line.text.trim_end();
        if text.trim().is_empty() || is_prompt(text) {
            continue;
        }
        match (entry(text), entries.last_mut()) {
            (Some(entry), _) => entries.push(entry),
            (None, Some(last)) if last.message.len() < 16_384 => {
                last.message.push('\n');
                last.message.push_str(text);
            }
            (None, _) => skips.push(bad_line(line, "a time and a message")),
        }
    }
    (entries, skips)
}

fn is_prompt(text: &str) -> bool {
    text.contains("dmesg")
        && (text.starts_with('#') || text.starts_with('$') || text.starts_with("[root@"))
}

/// One line; none if it has not this form.
pub fn entry(text: &str) -> Option<Entry> {
    let mut found = Entry {
        is_kernel: true,
        identifier: Some("kernel".into()),
        ..Entry::default()
    };
    let mut rest = text;
    if let Some((level, tail)) = text.strip_prefix('<').and_then(|tail| tail.split_once('>')) {
        found.priority = level
            .parse::<u16>()
            .ok()
            .and_then(|n| u8::try_from(n & 7).ok());
        rest = tail;
    } else if let Some((head, tail)) = text.split_once(": ")
        && let Some(priority) = decoded(head)
    {
        found.priority = Some(priority);
        rest = tail;
    }
    let (at, message) = time(rest)?;
    found.at = at;
    message.clone_into(&mut found.message);
    Some(found)
}

/// `kern  :info  `, as `-x` has it.
fn decoded(head: &str) -> Option<u8> {
    let (_facility, level) = head.split_once(':')?;
    let levels = [
        "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
    ];
    let at = levels.iter().position(|known| *known == level.trim())?;
    u8::try_from(at).ok()
}

fn time(text: &str) -> Option<(Stamp, &str)> {
    if let Some((inside, mut rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let inside = inside.trim();
        // `-d` adds the time since the message before.
        let bare = inside.split('<').next().unwrap_or(inside).trim();
        let at = if let Some(us) = stamp::seconds_us(bare) {
            Stamp::SinceBootUs(us)
        } else if inside.starts_with('+') || inside.split(' ').any(is_clock) {
            Stamp::Text(inside.to_owned())
        } else {
            return None;
        };
        // The kernel may name the caller: `[    1.0][  T12] `.
        if let Some((caller, tail)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
            && caller.trim().starts_with(['T', 'C'])
        {
            rest = tail;
        }
        return Some((at, rest.strip_prefix(' ').unwrap_or(rest)));
    }
    let (word, rest) = text.split_once(' ')?;
    stamp::iso(word).map(|at| (Stamp::AtUs(at), rest))
}

/// `00:24`, `00:24:47`.
fn is_clock(word: &str) -> bool {
    word.contains(':') && word.bytes().all(|b| b.is_ascii_digit() || b == b':')
}

/// `dmesg -J`: `{"dmesg": [{"pri": 6, "time": 1.5, "msg": "…"}]}`.
fn from_json(input: &[u8]) -> Option<(Vec<Entry>, Vec<Skip>)> {
    if !json::is_object(input) {
        return None;
    }
    let mut skips = Vec::new();
    let whole = json::read(input, &mut skips).unwrap_or_default();
    let list = match whole.get("dmesg") {
        Some(Value::Array(list)) => list.as_slice(),
        _ => &[],
    };
    let entry = |one: &Value| Entry {
        at: time_of_json(&one["time"]),
        priority: one["pri"].as_u64().and_then(|n| u8::try_from(n & 7).ok()),
        is_kernel: true,
        identifier: Some("kernel".into()),
        message: one["msg"].as_str().unwrap_or_default().to_owned(),
        ..Entry::default()
    };
    Some((list.iter().map(entry).collect(), skips))
}

fn time_of_json(value: &Value) -> Stamp {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Stamp::None,
    };
    stamp::iso(&text)
        .map(Stamp::AtUs)
        .or_else(|| stamp::seconds_us(text.trim()).map(Stamp::SinceBootUs))
        .unwrap_or(Stamp::Text(text))
}

/// One record of `/dev/kmsg`: `6,123,456,-;text`, its number, and the lines with
/// keys behind it, which are left out.
pub fn kmsg(record: &str) -> Option<(u64, Entry)> {
    let (head, text) = record.split_once(';')?;
    let mut parts = head.split(',');
    let level: u32 = parts.next()?.parse().ok()?;
    let sequence: u64 = parts.next()?.parse().ok()?;
    let since_boot: u64 = parts.next()?.parse().ok()?;
    parts.next()?;
    // Facility 0 is the kernel; others wrote into its buffer.
    let is_kernel = level >> 3 == 0;
    let message = text.split('\n').next().unwrap_or_default();
    let entry = Entry {
        at: Stamp::SinceBootUs(since_boot),
        priority: u8::try_from(level & 7).ok(),
        is_kernel,
        identifier: is_kernel.then(|| "kernel".to_owned()),
        message: unescape(message),
        ..Entry::default()
    };
    Some((sequence, entry))
}

/// The kernel writes bytes that are no plain text as `\x09`.
fn unescape(text: &str) -> String {
    crate::storage::text::unescape_quoted(text).into_owned()
}

fn read_dmesg(input: &[u8], sink: &mut dyn Sink) {
    let (entries, skips) = parse(input);
    for entry in &entries {
        put(entry, sink);
    }
    for skip in skips {
        sink.skip(skip);
    }
}

fn read_kmsg(input: &[u8], sink: &mut dyn Sink) {
    let mut skips = Vec::new();
    for line in lines(input, &mut skips) {
        let text = line.text;
        // ` SUBSYSTEM=scsi`: keys of the record before.
        if text.trim().is_empty() || text.starts_with(' ') && text.contains('=') {
            continue;
        }
        match kmsg(text) {
            Some((_, entry)) => put(&entry, sink),
            None => skips.push(bad_line(line, "a record of /dev/kmsg")),
        }
    }
    for skip in skips {
        sink.skip(skip);
    }
}

fn share(sample: Sample<'_>, fits: impl Fn(&str) -> bool) -> (u32, u32) {
    let (mut found, mut all) = (0_u32, 0_u32);
    let rows = sample.text().lines().filter(|row| !row.trim().is_empty());
    for row in rows.filter(|row| !is_prompt(row)).take(200) {
        all += 1;
        found += u32::from(fits(row));
    }
    (found, all)
}

fn guess_dmesg(sample: Sample<'_>) -> Likelihood {
    let head = sample.text().trim_start();
    if head.starts_with('{') {
        return if head.contains("\"dmesg\"") && head.contains("\"msg\"") {
            95
        } else {
            0
        };
    }
    match share(sample, |row| entry(row).is_some()) {
        (0, _) => 0,
        (found, all) if found * 10 >= all * 9 => 88,
        (found, all) if found * 2 >= all => 61,
        _ => 10,
    }
}

fn guess_kmsg(sample: Sample<'_>) -> Likelihood {
    match share(sample, |row| row.starts_with(' ') || kmsg(row).is_some()) {
        (found, all)
            if found > 0
                && found * 10 >= all * 9
                && kmsg(sample.text().lines().next().unwrap_or_default()).is_some() =>
        {
            95
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, at: &Stamp, priority: Option<u8>, message: &str) {
        let found = entry(line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(
            (&found.at, found.priority, found.message.as_str()),
            (at, priority, message),
            "{line}"
        );
    }

    #[test]
    fn every_form_of_dmesg_is_read() {
        let at = Stamp::SinceBootUs(2_940_465_974);
        check("[ 2940.465974] Lustre: x", &at, None, "Lustre: x");
        check("<3>[ 2940.465974] Lustre: x", &at, Some(3), "Lustre: x");
        check(
            "kern  :err   : [ 2940.465974] Lustre: x",
            &at,
            Some(3),
            "Lustre: x",
        );
        check("[ 2940.465974][  T12] Lustre: x", &at, None, "Lustre: x");
        check(
            "[ 2940.465974 <    0.000001>] Lustre: x",
            &at,
            None,
            "Lustre: x",
        );
        check(
            "[Sat Nov 21 00:24:47 2026] x",
            &Stamp::Text("Sat Nov 21 00:24:47 2026".into()),
            None,
            "x",
        );
        check(
            "2026-11-21T00:51:55,000000+00:00 x y",
            &Stamp::AtUs(1_795_222_315_000_000),
            None,
            "x y",
        );
        let (entries, skips) = parse(br#"{"dmesg": [{"pri": 6, "time": 1.500000, "msg": "hi"}]}"#);
        assert_eq!(
            (entries[0].message.as_str(), &entries[0].at, skips.len()),
            ("hi", &Stamp::SinceBootUs(1_500_000), 0)
        );
        for line in ["Lustre: x", "[ INFO: lock ]", "[root@n ~]# x"] {
            assert!(entry(line).is_none(), "{line}");
        }
    }

    #[test]
    fn records_of_kmsg_have_a_number() {
        let (number, entry) = kmsg("4,1234,5678,-;LustreError: \\x09x\n SUBSYSTEM=a").unwrap();
        assert_eq!(
            (number, entry.message.as_str(), entry.priority),
            (1234, "LustreError: \tx", Some(4))
        );
        assert!(kmsg("30,1,2,-;systemd[1]: x").is_some_and(|(_, entry)| !entry.is_kernel));
        assert_eq!(kmsg("nonsense"), None);
    }
}
