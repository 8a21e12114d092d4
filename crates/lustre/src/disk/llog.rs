//! A configuration log as a file: `CONFIGS/lab01-client` on an MGT, and the
//! copies that targets keep.
//!
//! A header of one chunk with a bitmap of the records that still hold, then
//! records of any length, each with its length and number before and behind it.

use super::bytes::{Bytes, until_nul};
use super::record::{Command, Marker, Raw, Record, name_of, version};
use crate::nid::Nid;
use std::net::Ipv4Addr;
use stdx::reading::{Skip, SkipKind};

/// Type of the header record.
pub const HEADER: u32 = 0x1064_5539;
const CONFIG: u32 = 0x1062_0000;
const PADDING: u32 = 0x1060_0000;
const CATALOG_ENTRY: u32 = 0x1064_553b;
const CONFIG_VERSION: u32 = 0x1cf6_0001;
const BODY_AT: usize = 16;
const TAIL: usize = 8;

/// Whether the bytes begin a log.
pub fn is_log(input: &[u8]) -> bool {
    Bytes(input).u32(8) == Some(HEADER)
}

/// Reads every record that was not cancelled. Lines of skips are byte offsets.
pub fn parse(input: &[u8]) -> (Vec<Record>, Vec<Skip>) {
    let bytes = Bytes(input);
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    let skip =
        |at: usize, kind, text: String| Skip::new(u64::try_from(at).unwrap_or(0), kind, text);
    let header = bytes.u32(0).and_then(|len| usize::try_from(len).ok());
    let Some(mut at) = header.filter(|len| is_log(input) && *len >= 0x58) else {
        skips.push(skip(0, SkipKind::BadLine, "not the header of a log".into()));
        return (found, skips);
    };
    while at < input.len() {
        let length = bytes
            .u32(at)
            .and_then(|len| usize::try_from(len).ok())
            .unwrap_or(0);
        if length == 0
            && input
                .get(at..)
                .is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
        {
            break;
        }
        let record = bytes
            .slice(at, length)
            .filter(|_| length >= BODY_AT + TAIL && length % 8 == 0);
        let Some(record) = record.map(Bytes) else {
            let text = format!("a record of {length} bytes does not fit in the file");
            skips.push(skip(at, SkipKind::Truncated, text));
            break;
        };
        let index = record.u32(4).unwrap_or(0);
        match record.u32(8).unwrap_or(0) {
            CONFIG if is_cancelled(bytes, index) => {}
            CONFIG => match config(&record.0[BODY_AT..length - TAIL]) {
                Some(command) => found.push(Record { index, command }),
                None => skips.push(skip(
                    at,
                    SkipKind::BadValue,
                    format!("record {index} is no configuration"),
                )),
            },
            PADDING => {}
            CATALOG_ENTRY => {
                skips.push(skip(
                    at,
                    SkipKind::Unknown,
                    format!("record {index} names another log"),
                ));
            }
            other => skips.push(skip(
                at,
                SkipKind::Unknown,
                format!("record {index} has type {other:#x}"),
            )),
        }
        at += length;
    }
    (found, skips)
}

/// Whether the header's bitmap lacks the record.
fn is_cancelled(file: Bytes<'_>, index: u32) -> bool {
    let Some(bitmap_at) = file.u32(0x1c).and_then(|at| usize::try_from(at).ok()) else {
        return false;
    };
    let Some(index) = usize::try_from(index).ok() else {
        return false;
    };
    let byte = bitmap_at.checked_add(index / 8).and_then(|at| file.u8(at));
    byte.is_some_and(|byte| byte & (1 << (index % 8)) == 0)
}

fn config(body: &[u8]) -> Option<Command> {
    let body = Bytes(body);
    if body.u32(0)? != CONFIG_VERSION {
        return None;
    }
    let code = body.u32(4)?;
    let buffers = buffers(body)?;
    if name_of(code) == Some("marker") {
        return Some(Command::Marker(marker(Bytes(buffers.get(1)?))?));
    }
    let nid = body.u64(16)?;
    let words: Vec<String> = buffers.into_iter().map(word).collect();
    let Some(name) = name_of(code) else {
        return Some(Command::Other {
            name: format!("{code:#x}"),
            words,
        });
    };
    let raw = Raw {
        name,
        number: body.u32(8)?,
        nid: if nid == 0 { None } else { small_nid(nid) },
        words,
    };
    Some(raw.command())
}

/// The buffers behind a record's fixed part, each begun at 8 bytes.
fn buffers(body: Bytes<'_>) -> Option<Vec<&[u8]>> {
    let count = usize::try_from(body.u32(28)?)
        .ok()
        .filter(|count| *count <= 1024)?;
    let mut at = round_up(32 + 4 * count);
    let mut found = Vec::with_capacity(count.min(16));
    for number in 0..count {
        let length = usize::try_from(body.u32(32 + 4 * number)?).ok()?;
        found.push(body.slice(at, length)?);
        at = round_up(at.checked_add(length)?);
    }
    Some(found)
}

fn round_up(length: usize) -> usize {
    length.saturating_add(7) / 8 * 8
}

/// A buffer as a word. A structure (a `lov`'s settings) is no word.
fn word(buffer: &[u8]) -> String {
    let text = until_nul(buffer);
    if text.contains(char::is_control) || text.contains('\u{fffd}') {
        String::new()
    } else {
        text
    }
}

fn marker(buffer: Bytes<'_>) -> Option<Marker> {
    Some(Marker {
        step: buffer.u32(0)?,
        flags: buffer.u32(4)?,
        version: version(buffer.u32(8)?),
        created: buffer.u64(16).filter(|time| *time > 0),
        cancelled: buffer.u64(24).filter(|time| *time > 0),
        about: buffer.text(32, 64),
        comment: buffer.text(96, 64),
    })
}

/// A NID of 8 bytes: network type and number above, address below.
pub fn small_nid(nid: u64) -> Option<Nid> {
    let [a, b, c, d, low @ ..] = nid.to_be_bytes();
    let (class, number) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    let low = u32::from_be_bytes(low);
    let net = match class {
        1 => "elan",
        2 => "tcp",
        4 => "ptl",
        5 => "o2ib",
        6 => "cib",
        7 => "openib",
        8 => "iib",
        9 => "lo",
        10 => "ra",
        11 => "vib",
        12 => "mx",
        13 => "gni",
        14 => "gip",
        15 => "ptlf",
        16 => "kfi",
        17 => "efa",
        _ => return None,
    };
    let is_plain = matches!(class, 1 | 4 | 9 | 12 | 13 | 15 | 16);
    let address = if is_plain {
        low.to_string()
    } else {
        Ipv4Addr::from(low).to_string()
    };
    let number = if number == 0 {
        String::new()
    } else {
        number.to_string()
    };
    format!("{address}@{net}{number}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nids_of_8_bytes_print_as_lustre_does() {
        let check = |nid: u64, text: Option<&str>| {
            assert_eq!(small_nid(nid).map(|nid| nid.to_string()).as_deref(), text);
        };
        check(0x0002_0000_0ad3_3710, Some("10.211.55.16@tcp"));
        check(0x0005_0003_ac10_0018, Some("172.16.0.24@o2ib3"));
        check(0x000d_0000_0000_0015, Some("21@gni"));
        check(0x0009_0000_0000_0000, Some("0@lo"));
        check(0x00ff_0000_0000_0000, None);
    }
}
