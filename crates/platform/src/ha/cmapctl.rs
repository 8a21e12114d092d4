//! `corosync-cmapctl`: `key (type) = value`, of the configuration map and of
//! the statistics map (`-m stats`); `corosync-objctl` of Corosync 1.

use super::lines;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of `corosync-cmapctl`.
pub static KIND: Kind = Kind {
    name: "corosync-cmapctl",
    about: "corosync-cmapctl, corosync-cmapctl -m stats, corosync-objctl",
    guess,
    read,
};

/// The types that the map knows.
const TYPES: [&str; 12] = [
    "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "flt", "dbl", "str", "bin",
];

/// One key of the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key<'a> {
    /// Key, with dots between its parts.
    pub key: &'a str,
    /// Type: `u32`, `str`; none in Corosync 1.
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
    /// Value as printed; `(left out)` for a secret.
    pub value: &'a str,
}

/// A member as the map shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Node id.
    pub id: u64,
    /// `joined`, `left`.
    pub status: Option<String>,
    /// Address by ring, from `r(0) ip(10.0.0.1)`.
    pub addresses: BTreeMap<u64, String>,
}

/// Reads every key.
pub fn parse(input: &[u8]) -> (Vec<Key<'_>>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim_start();
        match key(text) {
            Some(key) => found.push(key),
            None if text.is_empty() => {}
            None if lines::is_error(text) => {
                skips.push(line.skip(SkipKind::ErrorText, "the tool says"));
            }
            None => skips.push(line.bad("wanted `key (type) = value`")),
        }
    }
    (found, skips)
}

fn key(text: &str) -> Option<Key<'_>> {
    let (left, value) = text.split_once('=')?;
    let (name, kind) = match left.trim_end().strip_suffix(')') {
        Some(left) => {
            let (name, kind) = left.rsplit_once(" (")?;
            (name, Some(kind))
        }
        None => (left.trim_end(), None),
    };
    let name = name.trim_end();
    let is_key = !name.is_empty() && !name.contains([' ', '\t']) && name.contains('.');
    let is_type = kind.is_none_or(|kind| TYPES.contains(&kind));
    let value = if name == "totem.key" {
        "(left out)"
    } else {
        value.trim()
    };
    (is_key && is_type).then_some(Key {
        key: name,
        kind,
        value,
    })
}

/// The members that the map knows (`runtime.members` of Corosync 3,
/// `runtime.totem.pg.mrp.srp.members` of 2), by node id.
pub fn members(keys: &[Key<'_>]) -> Vec<Member> {
    let mut found: BTreeMap<u64, Member> = BTreeMap::new();
    for key in keys {
        let rest = key
            .key
            .strip_prefix("runtime.members.")
            .or_else(|| key.key.strip_prefix("runtime.totem.pg.mrp.srp.members."));
        let Some((id, part)) = rest.and_then(|rest| rest.split_once('.')) else {
            continue;
        };
        let Ok(id) = id.parse() else { continue };
        let member = found.entry(id).or_default();
        member.id = id;
        match part {
            "status" => member.status = Some(key.value.to_owned()),
            "ip" => member.addresses = addresses(key.value),
            _ => {}
        }
    }
    found.into_values().collect()
}

/// `r(0) ip(10.0.0.1) r(1) ip(10.1.0.1)`.
fn addresses(text: &str) -> BTreeMap<u64, String> {
    let mut found = BTreeMap::new();
    let mut ring = None;
    for word in text.split_whitespace() {
        let inside = |start: &str| word.strip_prefix(start)?.strip_suffix(')');
        if let Some(number) = inside("r(") {
            ring = number.parse().ok();
        } else if let (Some(address), Some(ring)) = (inside("ip("), ring) {
            found.insert(ring, address.to_owned());
        }
    }
    found
}

/// A key's value.
pub fn value<'a>(keys: &[Key<'a>], name: &str) -> Option<&'a str> {
    keys.iter().find(|key| key.key == name).map(|key| key.value)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut typed, mut known, mut all) = (0_u32, 0_u32, 0_u32);
    let text = sample.text();
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(200)
    {
        all += 1;
        let Some(key) = key(line.trim()) else {
            continue;
        };
        typed += u32::from(key.kind.is_some());
        let first = key.key.split('.').next().unwrap_or_default();
        let roots: BTreeSet<&str> = ["totem", "runtime", "nodelist", "quorum", "logging"].into();
        known += u32::from(key.kind.is_some() || roots.contains(first));
    }
    match (typed, known) {
        (1.., _) if typed * 2 >= all => 95,
        (_, 3..) if known * 4 >= all * 3 => 70,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("corosync.cmap", &found, sink);
    lines::emit("corosync.member", &members(&found), sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_their_types() {
        let text = "nodelist.node.0.name (str) = oss1\nstats.schedmiss.0.delay (flt) = 2023.957031\r\n\
totem.key (str) = secret\nempty.value (str) = \nodd.value (str) = a (b) = c\n";
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(skips, []);
        let seen: Vec<_> = found
            .iter()
            .map(|key| (key.key, key.kind.unwrap_or_default(), key.value))
            .collect();
        assert_eq!(
            seen,
            [
                ("nodelist.node.0.name", "str", "oss1"),
                ("stats.schedmiss.0.delay", "flt", "2023.957031"),
                ("totem.key", "str", "(left out)"),
                ("empty.value", "str", ""),
                ("odd.value", "str", "a (b) = c"),
            ]
        );
    }

    #[test]
    fn members_are_taken_together() {
        let text = "runtime.members.1.config_version (u64) = 0\nruntime.members.1.ip (str) = r(0) ip(10.0.0.1) r(1) ip(10.1.0.1) \n\
runtime.members.1.status (str) = joined\nruntime.totem.pg.mrp.srp.members.2.status (str) = left\n";
        let (found, _) = parse(text.as_bytes());
        let members = members(&found);
        assert_eq!(members[0].addresses[&1], "10.1.0.1");
        assert_eq!(
            members
                .iter()
                .map(|m| m.status.as_deref())
                .collect::<Vec<_>>(),
            [Some("joined"), Some("left")]
        );
    }

    #[test]
    fn what_is_no_key_is_a_skip() {
        let (found, skips) = parse(b"Failed to initialize the cmap API. Error CS_ERR_LIBRARY\na.b (u99) = 1\na.b (u8) = 1\nc.d (u");
        assert_eq!(found.len(), 1);
        assert_eq!(
            skips.iter().map(|s| s.kind).collect::<Vec<_>>(),
            [SkipKind::ErrorText, SkipKind::BadLine, SkipKind::Truncated]
        );
    }
}
