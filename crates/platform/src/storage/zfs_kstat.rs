//! `/proc/spl/kstat/zfs/*`: named values, rows of `io`, and pool states.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of ZFS kstats.
pub static KIND: Kind = Kind {
    name: "zfs-kstat",
    about: "/proc/spl/kstat/zfs/*",
    guess,
    read,
};

/// One value of a kstat.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Datum<'a> {
    /// A counter that is not negative.
    Unsigned(u64),
    /// A negative number.
    Signed(i64),
    /// Text.
    Text(&'a str),
}

/// One kstat: what stands between two headers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Kstat<'a> {
    /// 0 raw, 1 named, 3 I/O.
    #[serde(rename = "type")]
    pub kind: u64,
    /// Nanoseconds after boot when it was made.
    pub created_ns: u64,
    /// Nanoseconds after boot when it was read.
    pub snapshot_ns: u64,
    /// Values in the order printed; a raw table has one list per row.
    pub rows: Vec<Row<'a>>,
}

/// The values of one row, in the order printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row<'a>(pub Vec<(&'a str, Datum<'a>)>);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'a> Kstat<'a> {
    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&Datum<'a>> {
        self.rows
            .iter()
            .flat_map(|row| &row.0)
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// Reads kstats with headers. A lone state (`ONLINE`) becomes a kstat with one value `state`.
pub fn parse(input: &[u8]) -> (Vec<Kstat<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out: Vec<Kstat<'_>> = Vec::new();
    let mut columns: Option<Vec<&str>> = None;
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        if let Some(found) = header(text) {
            out.push(found);
            columns = None;
            continue;
        }
        if is_state(text) && out.is_empty() {
            out.push(Kstat {
                rows: vec![Row(vec![("state", Datum::Text(text))])],
                ..Kstat::default()
            });
            continue;
        }
        let Some(kstat) = out.last_mut() else {
            skips.push(text::bad_line(
                line,
                "wanted a kstat header or a pool's state",
            ));
            continue;
        };
        let Some(names) = &columns else {
            columns = Some(text.split_whitespace().collect());
            if kstat.kind == 1 {
                kstat.rows.push(Row::default());
            }
            continue;
        };
        if !add(kstat, names, text) {
            let kind = if line.ended {
                SkipKind::BadValue
            } else {
                SkipKind::Truncated
            };
            skips.push(Skip::new(
                line.no,
                kind,
                format!("wanted the row of a kstat, not {:?}", text::cut(text)),
            ));
        }
    }
    (out, skips)
}

fn header(text: &str) -> Option<Kstat<'_>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [_id, kind, flags, _count, _size, created, snapshot] = words.as_slice() else {
        return None;
    };
    flags.strip_prefix("0x")?;
    Some(Kstat {
        kind: kind.parse().ok()?,
        created_ns: created.parse().ok()?,
        snapshot_ns: snapshot.parse().ok()?,
        rows: Vec::new(),
    })
}

fn add<'a>(kstat: &mut Kstat<'a>, names: &[&'a str], text: &'a str) -> bool {
    if kstat.kind == 1 && names.starts_with(&["name", "type"]) {
        let Some((name, rest)) = text.split_once(char::is_whitespace) else {
            return false;
        };
        let Some((kind, data)) = rest.trim_start().split_once(char::is_whitespace) else {
            return false;
        };
        let (Some(datum), Some(row)) = (typed(kind, data.trim()), kstat.rows.last_mut()) else {
            return false;
        };
        row.0.push((name, datum));
        return true;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() != names.len() {
        return false;
    }
    kstat.rows.push(Row(names
        .iter()
        .zip(&words)
        .map(|(name, word)| (*name, number(word)))
        .collect()));
    true
}

/// A value by the type of its kstat: 7 is text, the others are numbers.
fn typed<'a>(kind: &str, data: &'a str) -> Option<Datum<'a>> {
    match kind {
        "0" | "7" => Some(Datum::Text(data)),
        "1" | "2" | "3" | "4" | "5" | "6" => match number(data) {
            Datum::Text(_) => None,
            datum => Some(datum),
        },
        _ => None,
    }
}

fn number(word: &str) -> Datum<'_> {
    if let Ok(value) = word.parse() {
        return Datum::Unsigned(value);
    }
    word.parse().map_or(Datum::Text(word), Datum::Signed)
}

fn is_state(text: &str) -> bool {
    matches!(
        text,
        "ONLINE" | "DEGRADED" | "FAULTED" | "OFFLINE" | "REMOVED" | "UNAVAIL" | "SUSPENDED"
    )
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if header(text::first_line(text)).is_some() {
        return 92;
    }
    if text.len() < 16 && is_state(text.trim()) {
        70
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (kstats, skips) = parse(input);
    text::emit("zfs.kstat", &kstats, skips, sink);
}
