//! `zpool status` (text and `-j`) and `zpool import` listings, which share
//! their form.

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{json, text};

/// The reader of `zpool status`.
pub static KIND: Kind = Kind {
    name: "zpool-status",
    about: "zpool status, text or -j",
    guess,
    read,
};

/// The reader of `zpool import` without a pool.
pub static IMPORT_KIND: Kind = Kind {
    name: "zpool-import",
    about: "zpool import: pools that can be imported, or why one cannot",
    guess: guess_import,
    read: read_import,
};

/// What a virtual device is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Data.
    #[default]
    Normal,
    /// Intent log.
    Log,
    /// Read cache.
    Cache,
    /// Spare.
    Spare,
    /// Metadata and small blocks.
    Special,
    /// Deduplication tables.
    Dedup,
}

/// A virtual device: a disk, or a group of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Vdev {
    /// Name as printed.
    pub name: String,
    /// What it is used for.
    pub class: Class,
    /// `ONLINE`, `DEGRADED`, `FAULTED`, `UNAVAIL`, `REMOVED`, `OFFLINE`, `AVAIL`, `INUSE`.
    pub state: String,
    /// Read errors.
    pub read: Option<u64>,
    /// Write errors.
    pub write: Option<u64>,
    /// Checksum errors.
    pub cksum: Option<u64>,
    /// What is printed after the columns, e.g. `cannot open`, `(resilvering)`.
    pub note: Option<String>,
    /// Guid, from JSON or `-g`.
    pub guid: Option<String>,
    /// Path of the node, from JSON.
    pub path: Option<String>,
    /// Members.
    pub children: Vec<Vdev>,
}

/// One pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// Name.
    pub name: String,
    /// Guid, from JSON or from the `id:` line of an import listing.
    pub guid: Option<String>,
    /// `ONLINE`, `DEGRADED`, `FAULTED`, `SUSPENDED`, `UNAVAIL`.
    pub state: String,
    /// What is not as it should be.
    pub status: Option<String>,
    /// What to do.
    pub action: Option<String>,
    /// Address of an explanation.
    pub see: Option<String>,
    /// Comment of the pool.
    pub comment: Option<String>,
    /// Scrub or resilver: lines joined with newlines.
    pub scan: Option<String>,
    /// Removal of a virtual device.
    pub remove: Option<String>,
    /// Checkpoint.
    pub checkpoint: Option<String>,
    /// Read errors of the root.
    pub read: Option<u64>,
    /// Write errors of the root.
    pub write: Option<u64>,
    /// Checksum errors of the root.
    pub cksum: Option<u64>,
    /// What is printed after the root's columns.
    pub note: Option<String>,
    /// Top-level virtual devices of all classes.
    pub vdevs: Vec<Vdev>,
    /// The errors line, e.g. `No known data errors`.
    pub errors: Option<String>,
    /// Files with permanent errors.
    pub error_files: Vec<String>,
}

/// A pool that `zpool import` refused, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The pool.
    pub pool: String,
    /// Why.
    pub reason: String,
    /// Host that has or had it.
    pub host: Option<String>,
    /// Host id of that host, hexadecimal without `0x`.
    pub hostid: Option<String>,
    /// When it was last used there, as printed.
    pub last_access: Option<String>,
}

/// Reads every pool.
pub fn parse(input: &[u8]) -> (Vec<Pool>, Vec<Skip>) {
    let mut skips = Vec::new();
    if json::is_object(input) {
        let pools = parse_json(input, &mut skips);
        return (pools, skips);
    }
    let mut reader = Reader::default();
    for line in text::lines(input, &mut skips) {
        reader.line(line, &mut skips);
    }
    reader.close();
    (reader.pools, skips)
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    None,
    Status,
    Action,
    See,
    Comment,
    Scan,
    Remove,
    Checkpoint,
    Config,
    Errors,
    Other,
}

#[derive(Default)]
struct Reader {
    pools: Vec<Pool>,
    part: Part,
    class: Class,
    base: Option<usize>,
    /// Virtual devices that are still open: indent and device.
    open: Vec<(usize, Vdev)>,
    root_seen: bool,
}

impl Reader {
    fn close(&mut self) {
        self.close_to(0);
    }

    /// Ends the devices whose indent is `indent` or more.
    fn close_to(&mut self, indent: usize) {
        while self.open.last().is_some_and(|(at, _)| *at >= indent) {
            let Some((_, vdev)) = self.open.pop() else {
                return;
            };
            match self.open.last_mut() {
                Some((_, parent)) => parent.children.push(vdev),
                None => {
                    if let Some(pool) = self.pools.last_mut() {
                        pool.vdevs.push(vdev);
                    }
                }
            }
        }
    }

    fn line(&mut self, line: text::Line<'_>, skips: &mut Vec<Skip>) {
        let text = line.text.trim();
        if text.is_empty() || text::is_prompt(line.text) || text == "..." {
            return;
        }
        if let Some((key, value)) = heading(line.text) {
            self.heading(key, value.trim());
            return;
        }
        let known = match self.part {
            Part::Config => self.config(line.text),
            Part::None => false,
            Part::Errors => self.pools.last_mut().is_some_and(|pool| {
                pool.error_files.push(text.to_owned());
                true
            }),
            Part::Other => true,
            _ => self.field().is_some_and(|field| {
                let joined = field.get_or_insert_default();
                joined.push('\n');
                joined.push_str(text);
                true
            }),
        };
        if !known {
            let refused = text.starts_with("no pools available") || text.starts_with("cannot ");
            if refused {
                skips.push(Skip::new(line.no, SkipKind::ErrorText, text::cut(text)));
            } else {
                skips.push(text::bad_line(line, "wanted a line of zpool status"));
            }
        }
    }

    fn heading(&mut self, key: &str, value: &str) {
        if key == "pool" {
            self.close();
            self.pools.push(Pool {
                name: value.to_owned(),
                ..Pool::default()
            });
            (self.base, self.root_seen, self.class, self.part) =
                (None, false, Class::Normal, Part::None);
            return;
        }
        let Some(pool) = self.pools.last_mut() else {
            if key == "scan" {
                self.part = Part::Other;
            }
            return;
        };
        self.part = match key {
            "id" => {
                pool.guid = Some(value.to_owned());
                Part::None
            }
            "state" => {
                value.clone_into(&mut pool.state);
                Part::None
            }
            "errors" => {
                pool.errors = Some(value.to_owned());
                Part::Errors
            }
            "status" => Part::Status,
            "action" => Part::Action,
            "see" => Part::See,
            "comment" => Part::Comment,
            "scan" | "scrub" => Part::Scan,
            "remove" => Part::Remove,
            "checkpoint" => Part::Checkpoint,
            "config" => Part::Config,
            _ => Part::Other,
        };
        if let Some(field) = self.field() {
            *field = Some(value.to_owned());
        }
        if self.part != Part::Config {
            self.close();
        }
    }

    fn field(&mut self) -> Option<&mut Option<String>> {
        let pool = self.pools.last_mut()?;
        Some(match self.part {
            Part::Status => &mut pool.status,
            Part::Action => &mut pool.action,
            Part::See => &mut pool.see,
            Part::Comment => &mut pool.comment,
            Part::Scan => &mut pool.scan,
            Part::Remove => &mut pool.remove,
            Part::Checkpoint => &mut pool.checkpoint,
            _ => return None,
        })
    }

    /// A row below `config:`.
    fn config(&mut self, text: &str) -> bool {
        let indent = indent(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.first() == Some(&"NAME") && words.get(1) == Some(&"STATE") {
            self.base = Some(indent);
            return true;
        }
        let base = *self.base.get_or_insert(indent);
        if let Some(class) = section(words[0]).filter(|_| words.len() == 1) {
            self.close();
            self.class = class;
            return true;
        }
        let vdev = row(text, &words, self.class);
        if indent <= base && !self.root_seen {
            self.root_seen = true;
            let Some(pool) = self.pools.last_mut() else {
                return false;
            };
            (pool.read, pool.write, pool.cksum, pool.note) =
                (vdev.read, vdev.write, vdev.cksum, vdev.note);
            return true;
        }
        if vdev.state.is_empty() {
            return false;
        }
        self.close_to(indent);
        self.open.push((indent, vdev));
        true
    }
}

/// Column of the first character; a tab goes to the next multiple of 8.
fn indent(text: &str) -> usize {
    let mut at = 0;
    for c in text.chars() {
        match c {
            ' ' => at += 1,
            '\t' => at = (at / 8 + 1) * 8,
            _ => break,
        }
    }
    at
}

fn section(word: &str) -> Option<Class> {
    Some(match word {
        "logs" => Class::Log,
        "cache" | "l2cache" => Class::Cache,
        "spares" => Class::Spare,
        "special" => Class::Special,
        "dedup" => Class::Dedup,
        _ => return None,
    })
}

fn row(text: &str, words: &[&str], class: Class) -> Vdev {
    let state = words
        .get(1)
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_uppercase()));
    let mut vdev = Vdev {
        name: words[0].to_owned(),
        class,
        ..Vdev::default()
    };
    let Some(state) = state else { return vdev };
    (*state).clone_into(&mut vdev.state);
    let count = |at: usize| words.get(at).and_then(|word| counter(word));
    let mut used = 2;
    if let (Some(read), Some(write), Some(cksum)) = (count(2), count(3), count(4)) {
        (vdev.read, vdev.write, vdev.cksum) = (Some(read), Some(write), Some(cksum));
        used = 5;
    }
    if words.len() > used {
        let mut rest = text.trim_start();
        for word in &words[..used] {
            rest = rest.strip_prefix(word).unwrap_or(rest).trim_start();
        }
        vdev.note = Some(rest.trim_end().to_owned());
    }
    vdev
}

/// A count of errors: plain, or rounded to thousands of 1024 (`1.23K`).
fn counter(word: &str) -> Option<u64> {
    text::size(word).map(|(count, _)| count)
}

/// A heading and its value. Headings are right-aligned before a colon.
fn heading(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    let short = indent(text) <= 8 && !text.starts_with('\t');
    let key = key.trim();
    let known = [
        "pool",
        "id",
        "state",
        "status",
        "action",
        "see",
        "comment",
        "scan",
        "scrub",
        "remove",
        "checkpoint",
        "config",
        "errors",
        "dedup",
        "expand",
    ];
    (short && known.contains(&key) && (value.is_empty() || value.starts_with(' ')))
        .then_some((key, value))
}

fn parse_json(input: &[u8], skips: &mut Vec<Skip>) -> Vec<Pool> {
    let Some(value) = json::read(input, skips) else {
        return Vec::new();
    };
    let Some(pools) = value.get("pools").and_then(Value::as_object) else {
        skips.push(Skip::new(1, SkipKind::BadValue, "no `pools` object"));
        return Vec::new();
    };
    pools
        .iter()
        .map(|(name, pool)| pool_json(name, pool))
        .collect()
}

fn pool_json(name: &str, value: &Value) -> Pool {
    let mut pool = Pool {
        name: json::field(value, "name").unwrap_or_else(|| name.to_owned()),
        guid: json::field(value, "pool_guid").or_else(|| json::field(value, "guid")),
        state: json::field(value, "state").unwrap_or_default(),
        status: json::field(value, "status"),
        action: json::field(value, "action"),
        see: json::field(value, "moreinfo").or_else(|| json::field(value, "msgid")),
        comment: json::field(value, "comment"),
        scan: value
            .get("scan_stats")
            .or_else(|| value.get("scan"))
            .map(scan_json),
        errors: json::field(value, "error_count").or_else(|| json::field(value, "errors")),
        ..Pool::default()
    };
    let sections = [
        ("vdevs", Class::Normal),
        ("logs", Class::Log),
        ("l2cache", Class::Cache),
        ("cache", Class::Cache),
        ("spares", Class::Spare),
        ("special", Class::Special),
        ("dedup", Class::Dedup),
    ];
    for (key, class) in sections {
        for (name, vdev) in value
            .get(key)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let vdev = vdev_json(name, vdev, class);
            if class == Class::Normal && vdev.name == pool.name {
                (pool.read, pool.write, pool.cksum) = (vdev.read, vdev.write, vdev.cksum);
                pool.vdevs.extend(vdev.children);
            } else {
                pool.vdevs.push(vdev);
            }
        }
    }
    let files = value
        .get("errlist")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    pool.error_files = files.filter_map(json::text).collect();
    pool
}

/// The scan object on one line: its members as `name=value`.
fn scan_json(value: &Value) -> String {
    let members = value.as_object().into_iter().flatten();
    let words: Vec<String> = members
        .filter_map(|(key, value)| Some(format!("{key}={}", json::text(value)?)))
        .collect();
    words.join(" ")
}

fn vdev_json(name: &str, value: &Value, outer: Class) -> Vdev {
    let class = match json::field(value, "class").as_deref() {
        Some("logs" | "log") => Class::Log,
        Some("special") => Class::Special,
        Some("dedup") => Class::Dedup,
        Some("l2cache") => Class::Cache,
        Some("spare") => Class::Spare,
        _ => outer,
    };
    let count = |key: &str| json::field(value, key).and_then(|found| counter(&found));
    let members = value
        .get("vdevs")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    Vdev {
        name: json::field(value, "name").unwrap_or_else(|| name.to_owned()),
        class,
        state: json::field(value, "state").unwrap_or_default(),
        read: count("read_errors"),
        write: count("write_errors"),
        cksum: count("checksum_errors"),
        note: json::field(value, "was").or_else(|| json::field(value, "aux")),
        guid: json::field(value, "guid"),
        path: json::field(value, "path"),
        children: members
            .map(|(name, vdev)| vdev_json(name, vdev, class))
            .collect(),
    }
}

/// Reads refusals of `zpool import`.
pub fn parse_refusals(input: &[u8]) -> Vec<Refusal> {
    let mut out: Vec<Refusal> = Vec::new();
    for line in text::lines(input, &mut Vec::new()) {
        let found = line
            .text
            .strip_prefix("cannot import '")
            .and_then(|rest| rest.split_once("': "));
        if let Some((pool, reason)) = found {
            out.push(Refusal {
                pool: pool.to_owned(),
                reason: reason.to_owned(),
                ..Refusal::default()
            });
        }
        let Some(refusal) = out.last_mut() else {
            continue;
        };
        if let Some((before, after)) = line.text.split_once(" (hostid") {
            let host = before
                .rsplit(' ')
                .next()
                .unwrap_or_default()
                .trim_matches('\'');
            refusal.host = text::some(host);
            let id = after.trim_start_matches(['=', ':', ' ']);
            let id = id.strip_prefix("0x").unwrap_or(id);
            refusal.hostid = id.split(')').next().and_then(text::some);
            refusal.last_access = after
                .split_once(") at ")
                .and_then(|(_, when)| text::some(when));
        }
    }
    out
}

fn has_columns(text: &str) -> bool {
    text.lines().any(|line| {
        line.split_whitespace()
            .eq(["NAME", "STATE", "READ", "WRITE", "CKSUM"])
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if let Some(at) = text.find("\"output_version\"").filter(|&at| at < 200) {
        let near = &text[at..text.len().min(at + 200)]
            .get(..)
            .unwrap_or_default();
        return if near.contains("\"zpool status\"") {
            98
        } else {
            0
        };
    }
    let pool = text.lines().any(|line| line.starts_with("  pool: "));
    match (pool, has_columns(text)) {
        (true, true) => 97,
        (true, false) if !text.contains("    id: ") => 60,
        _ if text::first_line(text) == "no pools available" => 90,
        _ => 0,
    }
}

fn guess_import(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let first = text::first_line(text);
    if first.starts_with("cannot import '") || first == "no pools available to import" {
        return 95;
    }
    let pool = text
        .lines()
        .any(|line| line.trim_start().starts_with("pool: "));
    let id = text.lines().any(|line| {
        line.trim_start()
            .strip_prefix("id: ")
            .is_some_and(text::all_digits)
    });
    if pool && id {
        if has_columns(text) { 90 } else { 97 }
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (pools, skips) = parse(input);
    text::emit("zpool.pool", &pools, skips, sink);
}

fn read_import(input: &[u8], sink: &mut dyn Sink) {
    let (pools, mut skips) = parse(input);
    let refusals = parse_refusals(input);
    if !refusals.is_empty() {
        skips.clear();
    }
    text::emit("zpool.importable", &pools, skips, sink);
    text::emit("zpool.refusal", &refusals, Vec::new(), sink);
}
