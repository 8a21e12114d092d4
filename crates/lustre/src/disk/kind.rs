//! The kinds of on-disk data and of what tools say of it, for `candela inspect`.

use super::record::Record;
use super::{bytes::Bytes, format, last_rcvd, llog, llog_text, mount_data, nodemap, registry};
use crate::devices;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// All of them.
pub static KINDS: &[&Kind] = &[
    &MOUNT_DATA,
    &CONFIG_LOG,
    &LLOG_PRINT,
    &CATALOG,
    &FORMAT,
    &LAST_RCVD,
    &NODEMAP,
];

/// The reader of `CONFIGS/mountdata`.
pub static MOUNT_DATA: Kind = Kind {
    name: "mountdata",
    about: "CONFIGS/mountdata of an ldiskfs target (binary)",
    guess: |sample| {
        if Bytes(sample.head).u32(0) == Some(mount_data::MAGIC) {
            100
        } else {
            0
        }
    },
    read: read_mount_data,
};

/// The reader of configuration logs.
pub static CONFIG_LOG: Kind = Kind {
    name: "config-llog",
    about: "a configuration log such as CONFIGS/lab01-client (binary)",
    guess: |sample| if llog::is_log(sample.head) { 98 } else { 0 },
    read: |input, sink| {
        let (records, skips) = llog::parse(input);
        show_log(&records, skips, sink);
    },
};

/// The reader of printed configuration logs.
pub static LLOG_PRINT: Kind = Kind {
    name: "llog-print",
    about: "lctl --device MGS llog_print, llog_reader",
    guess: guess_print,
    read: |input, sink| {
        let (records, mut skips) = llog_text::parse(input);
        // `lctl dl` is often printed before a log.
        let lines = Lines::of(input);
        skips.retain(|skip| {
            let (found, _) = devices::parse(lines.at(skip));
            for device in &found {
                sink.record("obd-device", &|| json!(device));
            }
            found.is_empty()
        });
        show_log(&records, skips, sink);
    },
};

/// The reader of the list of logs, and of what is said of one.
pub static CATALOG: Kind = Kind {
    name: "llog-catlist",
    about: "lctl --device MGS llog_catlist, llog_info",
    guess: guess_catalog,
    read: read_catalog,
};

/// The reader of `mkfs.lustre` and `tunefs.lustre`.
pub static FORMAT: Kind = Kind {
    name: "mkfs-lustre",
    about: "mkfs.lustre, tunefs.lustre, mount.lustre -v",
    guess: guess_format,
    read: read_format,
};

/// The reader of `last_rcvd`.
pub static LAST_RCVD: Kind = Kind {
    name: "last-rcvd",
    about: "last_rcvd of a target (binary)",
    guess: |sample| {
        if last_rcvd::parse(sample.head).is_some() {
            95
        } else {
            0
        }
    },
    read: read_last_rcvd,
};

/// The reader of the nodemaps' index.
pub static NODEMAP: Kind = Kind {
    name: "nodemap-index",
    about: "CONFIGS/nodemap of an MGT (binary)",
    guess: |sample| {
        if nodemap::is_index(sample.head) {
            98
        } else {
            0
        }
    },
    read: |input, sink| {
        let (entries, skips) = nodemap::parse(input);
        for entry in &entries {
            sink.record("nodemap-entry", &|| json!(entry));
        }
        give(skips, sink);
    },
};

/// Lines by their number.
struct Lines<'a>(Vec<&'a [u8]>);

impl<'a> Lines<'a> {
    fn of(input: &'a [u8]) -> Self {
        Self(input.split(|&byte| byte == b'\n').collect())
    }

    /// The line that was passed over.
    fn at(&self, skip: &Skip) -> &'a [u8] {
        let at = usize::try_from(skip.line).ok();
        let line = at.and_then(|at| self.0.get(at.checked_sub(1)?));
        line.copied().unwrap_or_default()
    }
}

fn give(skips: Vec<Skip>, sink: &mut dyn Sink) {
    for skip in skips {
        sink.skip(skip);
    }
}

fn read_mount_data(input: &[u8], sink: &mut dyn Sink) {
    let Some(data) = mount_data::parse(input) else {
        sink.skip(Skip::new(0, SkipKind::BadLine, "not the mark of mountdata"));
        return;
    };
    sink.record("mountdata", &|| json!(data));
    if input.len() < 3 * 4096 {
        let text = format!("{} bytes; a whole file has 12288", input.len());
        let end = u64::try_from(input.len()).unwrap_or(u64::MAX);
        sink.skip(Skip::new(end, SkipKind::Truncated, text));
    }
}

fn show_log(records: &[Record], skips: Vec<Skip>, sink: &mut dyn Sink) {
    for record in records {
        let family = format!("llog.{}", record.command.name());
        sink.record(&family, &|| json!(record));
    }
    let log = registry::read(records);
    for target in &log.targets {
        sink.record("llog-target", &|| json!(target));
    }
    for (pool, members) in &log.pools {
        sink.record("llog-pool", &|| json!({"pool": pool, "members": members}));
    }
    give(skips, sink);
}

fn guess_print(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(200);
    let is_whole = |line: &&str| llog_text::record(line).is_some();
    let good = lines.clone().filter(is_whole).count();
    // `llog_reader` of a damaged log prints more errors than records.
    match (good, lines.count()) {
        (0, _) if text.contains("- { index: ") && text.contains(", event: ") => 60,
        (0, _) => 0,
        (good, all) if good * 2 >= all => 95,
        _ => 70,
    }
}

fn guess_catalog(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_list = lines.any(|line| llog_text::catalog_entry(line).is_some());
    if is_list && text.contains("config") || llog_text::info(text.as_bytes()).is_some() {
        90
    } else {
        0
    }
}

fn read_catalog(input: &[u8], sink: &mut dyn Sink) {
    if let Some(info) = llog_text::info(input) {
        sink.record("llog-info", &|| json!(info));
        return;
    }
    let (names, skips) = llog_text::catalog(input);
    for name in &names {
        sink.record("llog-name", &|| json!({"name": name}));
    }
    give(skips, sink);
}

fn guess_format(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let begins = |head: &str| text.lines().any(|line| line.trim_start().starts_with(head));
    if text.contains("usage: mkfs.lustre") || text.contains("usage: tunefs.lustre") {
        return 0;
    }
    if begins("Permanent disk data:") || begins("Read previous values:") {
        return 96;
    }
    let is_tool = begins("mkfs.lustre") || begins("tunefs.lustre");
    if is_tool || begins("checking for existing Lustre data") {
        90
    } else if text.starts_with("warning: ") && text.contains("for Lustre 2.4 and later") {
        80
    } else {
        0
    }
}

fn read_format(input: &[u8], sink: &mut dyn Sink) {
    let (found, mut skips) = format::parse(input);
    // The log is often printed after what changed it.
    let (records, _) = llog_text::parse(input);
    if !records.is_empty() {
        let lines = Lines::of(input);
        skips.retain(|skip| llog_text::parse(lines.at(skip)).0.is_empty());
        show_log(&records, Vec::new(), sink);
    }
    if let Some(mounting) = &found.mounting {
        sink.record("mount-run", &|| json!(mounting));
    }
    if let Some(data) = &found.previous {
        sink.record("mountdata-previous", &|| json!(data));
    }
    if let Some(data) = &found.permanent {
        sink.record("mountdata-permanent", &|| json!(data));
    }
    for message in &found.messages {
        sink.record("mkfs-message", &|| json!(message));
    }
    sink.record("mkfs-run", &|| {
        json!({
            "was_formatted": found.was_formatted, "device": found.device, "command": found.command,
            "written": found.written, "is_dry_run": found.is_dry_run,
        })
    });
    give(skips, sink);
}

fn read_last_rcvd(input: &[u8], sink: &mut dyn Sink) {
    let Some(found) = last_rcvd::parse(input) else {
        sink.skip(Skip::new(0, SkipKind::BadLine, "not the head of last_rcvd"));
        return;
    };
    sink.record("last_rcvd", &|| json!(found));
    for client in &found.clients {
        sink.record("last_rcvd-client", &|| json!(client));
    }
}
