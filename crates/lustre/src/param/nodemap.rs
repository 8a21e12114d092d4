//! Nodemaps: ranges of NIDs, mapped ids, exports, file sets.

use super::flow;
use super::stats::number;
use super::{Block, skip};
use crate::nid::Nid;
use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Skip, SkipKind};

/// NIDs that belong to a nodemap, or (in `banlist`) that are kept out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NidRange {
    /// Number of the range.
    pub id: Option<u64>,
    /// First NID.
    pub start: Nid,
    /// Last NID.
    pub end: Nid,
}

/// One id of the clients and what the file system sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct IdMap<'a> {
    /// `uid`, `gid`, `projid`.
    pub id_type: &'a str,
    /// On the client.
    pub client_id: u64,
    /// On disk.
    pub fs_id: u64,
}

/// One client that a nodemap governs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodemapExport<'a> {
    /// Where it is; not printed in the list of one NID.
    pub nid: Option<Nid>,
    /// Its UUID.
    pub uuid: &'a str,
    /// The target, or the nodemap in the list of one NID.
    pub of: &'a str,
}

/// Reads `ranges` or `banlist`.
pub fn ranges(block: &Block<'_>, skips: &mut Vec<Skip>) -> Vec<NidRange> {
    rows(block, skips, "not a range of NIDs", |map| {
        let nid = |key| map.get(key).and_then(|text: &&str| text.parse().ok());
        Some(NidRange {
            id: map.get("id").copied().and_then(number),
            start: nid("start_nid")?,
            end: nid("end_nid")?,
        })
    })
}

/// Reads `idmap`.
pub fn id_maps<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Vec<IdMap<'a>> {
    rows(block, skips, "not a mapped id", |map| {
        let id = |key| map.get(key).copied().and_then(number);
        Some(IdMap {
            id_type: map.get("idtype").copied()?,
            client_id: id("client_id")?,
            fs_id: id("fs_id")?,
        })
    })
}

/// Reads `exports` of a nodemap, and `nodemap` of an export.
pub fn exports<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Vec<NodemapExport<'a>> {
    rows(block, skips, "not an export of a nodemap", |map| {
        Some(NodemapExport {
            nid: map.get("nid").and_then(|text| text.parse().ok()),
            uuid: map.get("uuid").copied()?,
            of: map
                .get("dev")
                .or(map.get("nodemap"))
                .copied()
                .unwrap_or_default(),
        })
    })
}

/// Reads lists such as `fileset`, and maps such as `offset`, as maps of text.
pub fn maps<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Vec<BTreeMap<&'a str, &'a str>> {
    let (mut found, mut open) = (Vec::new(), None::<BTreeMap<_, _>>);
    for line in flow::lines(block) {
        let text = line.text.trim();
        match text {
            "{" => open = Some(BTreeMap::new()),
            "}" | "}," => found.extend(open.take()),
            _ => match open.as_mut() {
                Some(map) => map.extend(flow::split(text.trim_end_matches(','))),
                None => found.extend(row(text, line.number, "not a map", skips)),
            },
        }
    }
    found.extend(open);
    found
}

fn rows<'a, T>(
    block: &Block<'a>,
    skips: &mut Vec<Skip>,
    what: &str,
    read: impl Fn(&BTreeMap<&'a str, &'a str>) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    for line in flow::lines(block) {
        let Some(map) = row(line.text.trim(), line.number, what, skips) else {
            continue;
        };
        match read(&map) {
            Some(item) => found.push(item),
            None => skips.push(skip(line.number, SkipKind::BadValue, what, line.text)),
        }
    }
    found
}

/// The map of one line; brackets that open and close the list are nothing.
fn row<'a>(
    text: &'a str,
    line: u64,
    what: &str,
    skips: &mut Vec<Skip>,
) -> Option<BTreeMap<&'a str, &'a str>> {
    if text.chars().all(|c| "[], ".contains(c)) {
        return None;
    }
    let text = text.trim_matches(['[', ']', ' ']);
    let found = flow::map(text).map(Iterator::collect);
    if found.is_none() {
        skips.push(skip(line, SkipKind::BadLine, what, text));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::blocks;
    use super::*;

    fn block(text: &str) -> Block<'_> {
        blocks(text.as_bytes()).next().unwrap().unwrap()
    }

    #[test]
    fn ranges_and_ids_are_read() {
        let mut skips = Vec::new();
        let text = "nodemap.lab.ranges=\n[\n { id: 1, start_nid: 192.168.77.50@tcp, end_nid: 192.168.77.60@tcp },\n { id: 2, start_nid: oops, end_nid: fd00::1@tcp }\n]\n";
        let found = ranges(&block(text), &mut skips);
        assert_eq!(
            (found.len(), found[0].end.to_string().as_str()),
            (1, "192.168.77.60@tcp")
        );
        assert_eq!((skips.len(), skips[0].line), (1, 4));
        let text = "nodemap.lab.idmap=\n[\n { idtype: uid, client_id: 500, fs_id: 600 }\n]\n";
        let found = id_maps(&block(text), &mut skips);
        assert_eq!(
            (found[0].id_type, found[0].client_id, found[0].fs_id),
            ("uid", 500, 600)
        );
        assert_eq!(ranges(&block("nodemap.lab.banlist=[]"), &mut skips), []);
        assert_eq!(skips.len(), 1);
    }

    #[test]
    fn exports_and_maps_are_read() {
        let mut skips = Vec::new();
        let text = "nodemap.default.exports=\n[\n { nid: fd00::1@tcp, uuid: f1e8, dev: lab01-OST0002 },\n]\n";
        let found = exports(&block(text), &mut skips);
        assert_eq!(
            (found[0].nid.is_some(), found[0].uuid, found[0].of),
            (true, "f1e8", "lab01-OST0002")
        );
        let text = "nodemap.lab.offset=\n{\n start_uid: 0,\n limit_uid: 7\n}\n";
        assert_eq!(maps(&block(text), &mut skips)[0]["limit_uid"], "7");
        assert_eq!(skips, []);
    }
}
