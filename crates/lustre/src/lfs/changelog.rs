//! `lfs changelog`: what was done to names and files, one record a line.
//!
//! `IDX TYPE TIME DATE FLAGS t=FID [key=value]… [p=FID NAME [s=FID sp=FID OLDNAME]]`

use super::{lines, number, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lfs changelog`.
pub static KIND: Kind = Kind {
    name: "lfs-changelog",
    about: "lfs changelog MDT",
    guess,
    read,
};

/// One record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChangelogRecord<'a> {
    /// Its number.
    pub index: u64,
    /// Its type by number.
    pub type_number: u64,
    /// Its type: `CREAT`, `RENME`, `UNLNK`, `CLOSE`.
    pub type_name: &'a str,
    /// `2026.11.21`.
    pub date: &'a str,
    /// `01:15:09.169946360`.
    pub time: &'a str,
    /// Flags, hexadecimal.
    pub flags: &'a str,
    /// What it was done to.
    pub target: &'a str,
    /// Folder of the name.
    pub parent: Option<&'a str>,
    /// The name; may hold blanks.
    pub name: Option<&'a str>,
    /// What was renamed.
    pub source: Option<&'a str>,
    /// Folder it was renamed from.
    pub source_parent: Option<&'a str>,
    /// Name before.
    pub source_name: Option<&'a str>,
    /// Job that did it.
    pub job: Option<&'a str>,
    /// User and group: `0:0`.
    pub ids: Option<&'a str>,
    /// Where it was done.
    pub nid: Option<&'a str>,
    /// Mode a file was opened with: `-w-`.
    pub open_mode: Option<&'a str>,
    /// Extended attribute.
    pub xattr: Option<&'a str>,
}

/// Reads one line.
pub fn record(text: &str) -> Option<ChangelogRecord<'_>> {
    let mut rest = text.trim_start();
    let mut word = || {
        let (word, tail) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = tail.trim_start();
        (!word.is_empty()).then_some(word)
    };
    let index = number(word()?)?;
    let kind = word()?;
    let digits = kind.find(|c: char| !c.is_ascii_digit())?;
    let mut found = ChangelogRecord {
        index,
        type_number: number(kind.get(..digits)?)?,
        type_name: kind.get(digits..)?,
        time: word().filter(|time| time.contains(':'))?,
        date: word().filter(|date| date.split('.').count() == 3)?,
        flags: word().filter(|flags| flags.starts_with("0x"))?,
        ..ChangelogRecord::default()
    };
    pairs(rest, &mut found);
    (!found.target.is_empty()).then_some(found)
}

/// The pairs; a name follows `p=` and `sp=` and goes on to the next of their kind.
fn pairs<'a>(mut rest: &'a str, found: &mut ChangelogRecord<'a>) {
    while !rest.is_empty() {
        let (word, tail) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = tail;
        let Some((key, value)) = word.split_once('=') else {
            continue;
        };
        let fid = || value.trim_matches(['[', ']']);
        match key {
            "t" => found.target = fid(),
            "j" => found.job = Some(value),
            "u" => found.ids = Some(value),
            "nid" => found.nid = Some(value),
            "m" => found.open_mode = Some(value),
            "x" => found.xattr = Some(value),
            "s" => found.source = Some(fid()),
            "p" => {
                found.parent = Some(fid());
                let end = rest.find(" s=[").unwrap_or(rest.len());
                let (name, tail) = rest.split_at(end);
                found.name = Some(name).filter(|name| !name.is_empty());
                rest = tail.trim_start();
            }
            "sp" => {
                found.source_parent = Some(fid());
                found.source_name = Some(rest).filter(|name| !name.is_empty());
                return;
            }
            _ => {}
        }
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut good, mut all) = (0_u32, 0_u32);
    for line in text_lines(sample.text()).take(10) {
        all += 1;
        good += u32::from(record(line).is_some());
    }
    if good > 0 && good * 2 >= all { 96 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    for line in lines(input) {
        match record(line.text).filter(|_| !line.is_binary) {
            Some(found) => sink.record("lfs-changelog", &|| json!(found)),
            None => odd(&line, "not a record of a changelog", sink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read() {
        let found = record("5 08RENME 01:15:09.462435930 2026.11.21 0x0 t=[0:0x0:0x0] j=mv.0 ef=0x13 u=0:0 nid=0@lo p=[0x200000bd1:0x7:0x0] a new name s=[0x200000bd1:0x6:0x0] sp=[0x200000007:0x1:0x0] old one").unwrap();
        assert_eq!(
            (found.index, found.type_number, found.type_name),
            (5, 8, "RENME")
        );
        assert_eq!(
            (found.name, found.source, found.source_name),
            (
                Some("a new name"),
                Some("0x200000bd1:0x6:0x0"),
                Some("old one")
            )
        );
        assert_eq!((found.job, found.nid), (Some("mv.0"), Some("0@lo")));
        let found = record("8 10OPEN  01:15:09.573442160 2026.11.21 0x1 t=[0x200000bd1:0x7:0x0] j=rm.0 ef=0x17 u=0:0 nid=0@lo m=r--").unwrap();
        assert_eq!((found.name, found.open_mode), (None, Some("r--")));
        let found = record("2 02MKDIR 20:15:37.1113 2010.03.19 0x0 t=[0x200000420:0x3:0x0] p=[0x61b4:0xca2c7dde:0x0] pics").unwrap();
        assert_eq!(
            (found.parent, found.name),
            (Some("0x61b4:0xca2c7dde:0x0"), Some("pics"))
        );
        for text in [
            "",
            "x",
            "1 01CREAT",
            "1 2 3 4 5 6",
            "1 01CREAT 01:02 2026.11.21 0x0 j=a",
        ] {
            assert_eq!(record(text), None, "{text:?}");
        }
    }
}
