//! `lfs df`: space or inodes of every target, and of the file system.

use super::{amount, lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lfs df`.
pub static KIND: Kind = Kind {
    name: "lfs-df",
    about: "lfs df [-h] [-i] [-v] [--pool]",
    guess,
    read,
};

/// One line: a target, or the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Space<'a> {
    /// `lab01-OST0000_UUID`; none for the whole.
    pub uuid: Option<&'a str>,
    /// What is counted.
    pub unit: Unit,
    /// Size; bytes or inodes.
    pub total: u64,
    /// In use.
    pub used: u64,
    /// Left for use.
    pub available: u64,
    /// Whether the figures are as counted, and not rounded by `-h`.
    pub is_exact: bool,
    /// Percent in use, as printed.
    pub percent: Option<u64>,
    /// Where the client has it mounted.
    pub mount: &'a str,
    /// `MDT:0`, `OST:1`; none for the whole.
    pub target: Option<&'a str>,
    /// Letters of its state behind the target: `D` degraded, `R` read-only, `N` no precreate, `S` out of space, `I` out of inodes.
    pub flags: &'a str,
}

/// What a table counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Inodes.
    Inodes,
}

/// A target that gave no figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Absent<'a> {
    /// `lab01-OST0003_UUID`, or `OST0003`.
    pub uuid: &'a str,
    /// `inactive device`, or the error.
    pub reason: &'a str,
}

#[derive(Clone, Copy)]
struct Columns {
    unit: Unit,
    factor: u64,
}

fn columns(text: &str) -> Option<Columns> {
    let mut words = text.split_ascii_whitespace();
    words.next().filter(|word| *word == "UUID")?;
    let (unit, factor) = match words.next()? {
        "1K-blocks" => (Unit::Bytes, 1024),
        "bytes" => (Unit::Bytes, 1),
        "Inodes" => (Unit::Inodes, 1),
        _ => return None,
    };
    Some(Columns { unit, factor })
}

fn space(text: &str, columns: Columns) -> Option<Space<'_>> {
    let (name, mut rest) = text.trim().split_once(char::is_whitespace)?;
    let mut word = || {
        let (word, tail) = rest.trim_start().split_once(char::is_whitespace)?;
        rest = tail;
        Some(word)
    };
    let mut is_exact = true;
    let mut size = || {
        let (found, exact) = amount(word()?)?;
        is_exact &= exact;
        if exact {
            found.checked_mul(columns.factor)
        } else {
            Some(found)
        }
    };
    let (total, used, available) = (size()?, size()?, size()?);
    let percent = word()?.strip_suffix('%')?;
    let place = rest.trim();
    let (mount, target, flags) = match place.rsplit_once('[') {
        Some((mount, tail)) => {
            let (target, flags) = tail.split_once(']')?;
            (mount, Some(target), flags.trim())
        }
        None => (place, None, ""),
    };
    let is_whole = name == "filesystem_summary:" || name == "filesystem" || name == "summary:";
    Some(Space {
        uuid: (!is_whole).then_some(name),
        unit: columns.unit,
        total,
        used,
        available,
        is_exact,
        percent: percent.parse().ok(),
        mount,
        target,
        flags,
    })
}

fn absent(text: &str) -> Option<Absent<'_>> {
    let (uuid, reason) = text.trim().split_once(": ")?;
    let uuid = uuid.trim();
    let is_target = uuid.contains("OST") || uuid.contains("MDT");
    (is_target && !uuid.contains(' ')).then_some(Absent {
        uuid,
        reason: reason.trim(),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    if text_lines(sample.text())
        .take(4)
        .any(|line| columns(line).is_some() && line.contains("Mounted on"))
    {
        96
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut known = None;
    for line in lines(input) {
        if let Some(found) = columns(line.text) {
            known = Some(found);
            continue;
        }
        // Until 2.12 the last line begins with two words.
        let text = line.text.trim_start();
        let text = text
            .strip_prefix("filesystem summary:")
            .map_or_else(|| text.to_owned(), |rest| format!("summary: {rest}"));
        let row = known.and_then(|columns| space(&text, columns));
        if let Some(row) = row.filter(|_| !line.is_binary) {
            let family = match row.uuid {
                Some(_) => "lfs-df",
                None => "lfs-df-summary",
            };
            sink.record(family, &|| json!(row));
        } else if let Some(row) = absent(line.text) {
            sink.record("lfs-df-absent", &|| json!(row));
        } else {
            odd(&line, "not a line of lfs df", sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    fn check(text: &str, counts: [usize; 3], skips: usize) -> Collected {
        let mut found = Collected::with_records();
        read(text.as_bytes(), &mut found);
        let got = ["lfs-df", "lfs-df-summary", "lfs-df-absent"]
            .map(|family| found.records.get(family).map_or(0, Vec::len));
        assert_eq!((got, found.skips.len()), (counts, skips), "{text:?}");
        found
    }

    #[test]
    fn space_is_read_in_bytes() {
        let text = "UUID                   1K-blocks        Used   Available Use%  Mounted on\nlab01-MDT0000_UUID       1818112        7680     1808384   1%  /lustre/client[MDT:0]\nlab01-OST0001_UUID       1817600        9216     1806336   1%  /lustre/client[OST:1] DR\nOST0002             : inactive device\n\nfilesystem_summary:      7361740       29196     7205160   1%  /lustre/client\n";
        let found = check(text, [2, 1, 1], 0);
        let row = &found.records["lfs-df"][1];
        assert_eq!(row["total"], 1_817_600_u64 * 1024);
        assert_eq!(
            (&row["target"], &row["flags"]),
            (&json!("OST:1"), &json!("DR"))
        );
        assert_eq!(
            found.records["lfs-df-absent"][0]["reason"],
            "inactive device"
        );
    }

    #[test]
    fn inodes_and_rounded_figures_are_told() {
        let text = "UUID                      Inodes       IUsed       IFree IUse% Mounted on\nlab01-MDT0000_UUID         56012         334       55678   1% /lustre/my client[MDT:0]\nfilesystem summary:        56012         334       55678   1% /lustre/my client\n";
        let found = check(text, [1, 1, 0], 0);
        let row = &found.records["lfs-df"][0];
        assert_eq!(
            (&row["unit"], &row["mount"]),
            (&json!("inodes"), &json!("/lustre/my client"))
        );
        let text = "# lfs df -h\nUUID                       bytes        Used   Available Use%  Mounted on\nlab01-OST0003_UUID        1.8G      1.5M      1.7G   1%  /l[OST:3]\nlfs df: cannot\n";
        let found = check(text, [1, 0, 0], 1);
        assert_eq!(found.records["lfs-df"][0]["is_exact"], false);
    }
}
