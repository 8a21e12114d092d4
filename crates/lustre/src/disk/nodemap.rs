//! `CONFIGS/nodemap` on an MGT: nodemaps in an index of fixed-size entries.
//!
//! The file is a tree of pages of 4096 bytes. Leaves are found by their mark,
//! so a page that is damaged costs only its own entries.

use super::bytes::Bytes;
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

const PAGE: usize = 4096;
/// Mark of the first page.
const ROOT: u64 = 0x0b_edab_b1ed;
const LEAF: u16 = 0x1976;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Entry {
    /// A nodemap.
    Nodemap {
        /// Its number.
        id: u32,
        /// Its name.
        name: String,
        /// Its flags' bits.
        flags: u8,
        /// User that unknown users become.
        squash_uid: u32,
        /// Group that unknown groups become.
        squash_gid: u32,
    },
    /// A range of NIDs of a nodemap.
    Range {
        /// The nodemap.
        id: u32,
        /// First NID, as a number where it is none.
        first: String,
        /// Last NID.
        last: String,
    },
    /// An identity of clients that is another on the file system.
    IdMap {
        /// The nodemap.
        id: u32,
        /// `uid`, `gid` or `projid`.
        kind: &'static str,
        /// On clients.
        client: u32,
        /// On the file system.
        server: u32,
    },
    /// Whether nodemaps are in force.
    Active {
        /// Whether they are.
        is_active: bool,
    },
}

/// Whether the bytes begin such an index.
pub fn is_index(input: &[u8]) -> bool {
    let bytes = Bytes(input);
    let sizes = (bytes.u16(8), bytes.u16(10), bytes.u16(12));
    bytes
        .u64(0)
        .is_some_and(|mark| mark & 0xff_ffff_ffff == ROOT)
        && sizes == (Some(8), Some(32), Some(4))
}

/// Reads the entries of all leaves.
pub fn parse(input: &[u8]) -> (Vec<Entry>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for (number, page) in input.chunks(PAGE).enumerate().skip(1) {
        let page = Bytes(page);
        if page.u16(0) != Some(LEAF) {
            continue;
        }
        for place in 0..usize::from(page.u16(2).unwrap_or(0)) {
            let at = 4 + place * 40;
            let offset = u64::try_from(number * PAGE + at).unwrap_or(0);
            let Some(entry) = page.slice(at, 40).map(Bytes) else {
                let text = format!("entry {place} is beyond the page");
                skips.push(Skip::new(offset, SkipKind::Truncated, text));
                break;
            };
            match read(entry) {
                Some(Ok(entry)) => found.push(entry),
                Some(Err(kind)) => {
                    let text = format!("entry of kind {kind} is not known");
                    skips.push(Skip::new(offset, SkipKind::Unknown, text));
                }
                None => {}
            }
        }
    }
    (found, skips)
}

/// An entry: its kind in the upper 4 bits of the first number.
fn read(entry: Bytes<'_>) -> Option<Result<Entry, u32>> {
    let key = entry.u32(0)?;
    let (kind, id, sub) = (key >> 28, key & 0x0fff_ffff, entry.u32(4)?);
    let number = |at: usize| entry.u32(8 + at);
    Some(Ok(match kind {
        0 => return None,
        1 => Entry::Nodemap {
            id,
            name: entry.text(8, 17),
            flags: entry.u8(8 + 17)?,
            squash_uid: number(24)?,
            squash_gid: number(28)?,
        },
        2 => Entry::Range {
            id,
            first: nid(entry.u64(8)?),
            last: nid(entry.u64(16)?),
        },
        3..=5 => Entry::IdMap {
            id,
            kind: ["uid", "gid", "projid"][usize::try_from(kind - 3).ok()?],
            client: sub,
            server: number(0)?,
        },
        15 => Entry::Active {
            is_active: entry.u8(8)? != 0,
        },
        other => return Some(Err(other)),
    }))
}

fn nid(number: u64) -> String {
    match super::llog::small_nid(number) {
        Some(nid) => nid.to_string(),
        None => format!("{number:#x}"),
    }
}
