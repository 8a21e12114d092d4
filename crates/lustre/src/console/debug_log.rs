//! `lctl debug_kernel` and the files that `lctl debug_daemon` and an LBUG leave:
//! Lustre's own trace, one message a line with its masks, time and place.
//!
//! `subsystem:mask:cpu:seconds:stack:pid:extern pid:(file:line:function()) text`

use crate::param::Lines;
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of debug logs.
pub static KIND: Kind = Kind {
    name: "lustre-debug-log",
    about: "lctl debug_kernel: the trace of Lustre and LNet",
    guess,
    read,
};

/// One message of the trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traced<'a> {
    /// Who traces: `ldlm`, `rpc`; as hexadecimal number if not known.
    pub subsystem: String,
    /// What it is about: `dlmtrace`, `error`; as hexadecimal number if not known.
    pub mask: String,
    /// Processor.
    pub cpu: u32,
    /// Seconds since 1970, as printed.
    pub time: &'a str,
    /// Thread.
    pub pid: u32,
    /// Source file.
    pub file: &'a str,
    /// Line of it.
    pub line: u32,
    /// Function.
    pub function: &'a str,
    /// The message; further lines of it follow after a line end.
    pub text: String,
}

/// Reads message by message.
pub fn each<'a>(input: &'a [u8], take: &mut impl FnMut(Result<Traced<'a>, Skip>)) {
    let mut held: Option<Traced<'a>> = None;
    for line in Lines::new(input, 1) {
        if line.text.trim().is_empty() || is_summary(line.text) {
            continue;
        }
        match (traced(line.text), &mut held) {
            (Some(next), _) => {
                if let Some(whole) = held.replace(next) {
                    take(Ok(whole));
                }
            }
            // A text may have several lines.
            (None, Some(before)) if !line.is_binary && before.text.len() < 65_536 => {
                before.text.push('\n');
                before.text.push_str(line.text);
            }
            (None, _) => {
                let reason = format!("not a traced message: {:?}", line.text);
                take(Err(Skip::new(line.number, SkipKind::BadLine, reason)));
            }
        }
    }
    if let Some(whole) = held {
        take(Ok(whole));
    }
}

/// `Debug log: 12 lines, 12 kept, 0 dropped, 0 bad.`
fn is_summary(text: &str) -> bool {
    text.starts_with("Debug log: ") && text.contains(" kept, ")
}

fn traced(text: &str) -> Option<Traced<'_>> {
    let (head, rest) = text.split_once(":(")?;
    let mut parts = head.splitn(7, ':');
    let subsystem = hex(parts.next()?)?;
    let mask = hex(parts.next()?)?;
    // `3.0F`: processor, type of context, and `F` for the first of a log.
    let cpu = parts.next()?.split('.').next()?.parse().ok()?;
    let time = parts.next().filter(|time| is_time(time))?;
    let _stack: u64 = parts.next()?.parse().ok()?;
    let pid = parts.next()?.parse().ok()?;
    let _extern_pid: i64 = parts.next()?.parse().ok()?;
    let (place, text) = rest.split_once("()) ").or_else(|| {
        let place = rest.strip_suffix("())")?;
        Some((place, ""))
    })?;
    let mut place = place.splitn(3, ':');
    Some(Traced {
        subsystem: named(SUBSYSTEMS, subsystem),
        mask: named(MASKS, mask),
        cpu,
        time,
        pid,
        file: place.next()?,
        line: place.next()?.parse().ok()?,
        function: place.next()?,
        text: text.to_owned(),
    })
}

fn hex(text: &str) -> Option<u32> {
    (text.len() == 8).then(|| u32::from_str_radix(text, 16).ok())?
}

fn is_time(text: &str) -> bool {
    text.split_once('.').is_some_and(|(seconds, part)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits(seconds) && digits(part)
    })
}

/// The name of the one bit; the number where it is another.
fn named(names: &[&str], number: u32) -> String {
    let bit = usize::try_from(number.trailing_zeros()).unwrap_or(32);
    match names.get(bit) {
        Some(name) if number.is_power_of_two() && !name.is_empty() => (*name).to_owned(),
        _ => format!("{number:#x}"),
    }
}

/// By bit, as `lctl debug_list subsystems` names them.
const SUBSYSTEMS: &[&str] = &[
    "undefined",
    "mdc",
    "mds",
    "osc",
    "ost",
    "class",
    "log",
    "llite",
    "rpc",
    "mgmt",
    "lnet",
    "lnd",
    "pinger",
    "filter",
    "libcfs",
    "echo",
    "ldlm",
    "lov",
    "lquota",
    "osd",
    "lfsck",
    "snapshot",
    "",
    "lmv",
    "",
    "sec",
    "gss",
    "",
    "mgc",
    "mgs",
    "fid",
    "fld",
];

/// By bit, as `lctl debug_list types` names them.
const MASKS: &[&str] = &[
    "trace", "inode", "super", "iotrace", "malloc", "cache", "info", "ioctl", "neterror", "net",
    "warning", "buffs", "other", "dentry", "nettrace", "page", "dlmtrace", "error", "emerg", "ha",
    "rpctrace", "vfstrace", "reada", "mmap", "config", "console", "quota", "sec", "lfsck", "hsm",
    "snapshot", "layout",
];

fn guess(sample: Sample<'_>) -> Likelihood {
    let lines = sample.text().lines().filter(|line| !line.trim().is_empty());
    let (mut n_good, mut n) = (0, 0);
    for line in lines.take(20) {
        n += 1;
        n_good += u32::from(traced(line.trim_end()).is_some());
    }
    match n_good {
        0 => 0,
        good if good * 2 >= n => 95,
        _ => 60,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    each(input, &mut |found| match found {
        Ok(traced) => sink.record("lustre.trace", &|| json!(traced)),
        Err(skip) => sink.skip(skip),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "00000040:00080000:0.0:1795223811.061556:0:5451:0:(llog.c:852:llog_process_thread()) stop processing\r\n\
        00010000:00020000:3.1F:1795223811.1:1234:7:0:(ldlm_lock.c:12:ldlm()) one\ntwo\n\
        00c00000:80000001:0.0:1.1:0:1:0:(a.c:1:f())\nDebug log: 3 lines, 3 kept, 0 dropped, 0 bad.\n";

    #[test]
    fn messages_are_read_with_their_masks_and_further_lines() {
        let mut told = Vec::new();
        each(LOG.as_bytes(), &mut |found| {
            let one = found.expect("every line is good");
            told.push(format!(
                "{} {} {} {} {}:{} {} {:?}",
                one.subsystem,
                one.mask,
                one.cpu,
                one.pid,
                one.file,
                one.line,
                one.function,
                one.text
            ));
        });
        assert_eq!(
            told,
            [
                "log ha 0 5451 llog.c:852 llog_process_thread \"stop processing\"",
                "ldlm error 3 7 ldlm_lock.c:12 ldlm \"one\\ntwo\"",
                "0xc00000 0x80000001 0 1 a.c:1 f \"\"",
            ]
        );
    }

    #[test]
    fn a_log_is_known_by_its_lines() {
        let of = |text: &str| {
            guess(Sample {
                name: "",
                head: text.as_bytes(),
            })
        };
        assert_eq!(of(LOG), 95);
        assert_eq!(of("a:b:(c) d\n"), 0);
    }
}
