//! A target's own configuration: what `mkfs.lustre` wrote and the MGS was told.
//!
//! On ldiskfs it is the file `CONFIGS/mountdata` (three pages: fields, mount
//! options, parameters); on ZFS the same fields are `lustre:*` properties.

use super::bytes::Bytes;
use crate::label::{FsName, Registration, TargetLabel, registration_state};
use crate::nid::{Nid, parse_nodes};
use serde::Serialize;

/// The first number of `CONFIGS/mountdata`.
pub const MAGIC: u32 = 0x1dd0_0001;
/// The index that a target has which is given none.
const NO_INDEX: u32 = 0xffff;
const PAGE: usize = 4096;

/// What a target lies on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackEnd {
    /// ext3 of old releases.
    Ext3,
    /// ldiskfs.
    #[default]
    Ldiskfs,
    /// ldiskfs of old releases, from ext4.
    Ldiskfs2,
    /// ZFS.
    Zfs,
    /// A word or number that we do not know.
    Other,
}

impl BackEnd {
    /// The word as tools print it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ext3 => "ext3",
            Self::Ldiskfs => "ldiskfs",
            Self::Ldiskfs2 => "ldiskfs2",
            Self::Zfs => "zfs",
            Self::Other => "other",
        }
    }

    /// From the word that tools print.
    pub fn from_word(word: &str) -> Self {
        match word {
            "ext3" => Self::Ext3,
            "ldiskfs" => Self::Ldiskfs,
            "ldiskfs2" => Self::Ldiskfs2,
            "zfs" => Self::Zfs,
            _ => Self::Other,
        }
    }

    fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Ext3,
            1 => Self::Ldiskfs,
            4 => Self::Ldiskfs2,
            5 => Self::Zfs,
            _ => Self::Other,
        }
    }
}

/// Bits of the flags with the words that `mkfs.lustre` prints for them, or ours
/// where it prints none.
const FLAGS: &[(u32, &str)] = &[
    (0x1, "MDT"),
    (0x2, "OST"),
    (0x4, "MGS"),
    (0x8, "all_services"),
    (0x10, "needs_index"),
    (0x20, "first_time"),
    (0x40, "update"),
    (0x80, "rewrite"),
    (0x100, "writeconf"),
    (0x200, "upgrade1.4"),
    (0x400, "param"),
    (0x1000, "no_primnode"),
    (0x2000, "ir_capable"),
    (0x4000, "refused"),
    (0x8000, "param2"),
    (0x1_0000, "no_local_logs"),
];

/// The words for flags.
pub fn flag_words(flags: u32) -> Vec<&'static str> {
    let set = FLAGS.iter().filter(|(bit, _)| flags & bit != 0);
    set.map(|(_, word)| *word).collect()
}

/// A target's configuration. What was not said is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MountData {
    /// The name with its separator: `lab01:OST0000` was never registered.
    pub name: String,
    /// The file system's name; empty for an MGS alone.
    pub fs_name: String,
    /// Number among its kind, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// What it lies on.
    pub back_end: BackEnd,
    /// The flags' bits.
    pub flags: u32,
    /// UUID, where one was set.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uuid: String,
    /// The administrator's comment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Options that every mount gets.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mount_options: String,
    /// Parameters as written: `mgsnode=…`, `failover.node=…`, `sys.timeout=20`.
    pub parameters: Vec<String>,
    /// How often it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Features that older releases may not know: compatible, read-only
    /// compatible, incompatible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<[u32; 3]>,
}

impl MountData {
    /// The target's label, where the name is one.
    pub fn label(&self) -> Option<TargetLabel> {
        self.name.parse().ok()
    }

    /// How far it is registered.
    pub fn registration(&self) -> Option<Registration> {
        registration_state(&self.name)
    }

    /// The file system; none for an MGS alone.
    pub fn fs(&self) -> Option<FsName> {
        FsName::new(&self.fs_name).ok()
    }

    /// Words for the flags.
    pub fn flag_words(&self) -> Vec<&'static str> {
        flag_words(self.flags)
    }

    /// Whether an MGS lies on it, alone or beside an MDT.
    pub fn is_mgs(&self) -> bool {
        self.flags & 0x4 != 0
    }

    /// The MGS's nodes, each with its NIDs.
    pub fn mgs_nodes(&self) -> Vec<Vec<Nid>> {
        self.nodes(&["mgsnode"])
    }

    /// The nodes that may serve the target, each with its NIDs.
    pub fn service_nodes(&self) -> Vec<Vec<Nid>> {
        self.nodes(&["failover.node", "failnode", "servicenode"])
    }

    /// Whether [`MountData::service_nodes`] is all nodes; else the one that
    /// registered first is a node too.
    pub fn are_service_nodes_all(&self) -> bool {
        self.flags & 0x1000 != 0
    }

    fn nodes(&self, keys: &[&str]) -> Vec<Vec<Nid>> {
        let mut found: Vec<Vec<Nid>> = Vec::new();
        for parameter in &self.parameters {
            let Some((key, value)) = parameter.split_once('=') else {
                continue;
            };
            if !keys.contains(&key) {
                continue;
            }
            for mut node in parse_nodes(value).0 {
                dedup(&mut node);
                if !found.contains(&node) {
                    found.push(node);
                }
            }
        }
        found
    }

    /// Sets the index, unless it is the number of none.
    pub(super) fn set_index(&mut self, index: u32) {
        self.index = (index != NO_INDEX).then_some(index);
    }
}

/// Leaves the first of each NID.
pub(super) fn dedup(nids: &mut Vec<Nid>) {
    let mut seen = Vec::with_capacity(nids.len());
    for nid in nids.drain(..) {
        if !seen.contains(&nid) {
            seen.push(nid);
        }
    }
    *nids = seen;
}

/// Reads `CONFIGS/mountdata`; none if it is not that. A file that is cut reads
/// as far as it goes.
pub fn parse(input: &[u8]) -> Option<MountData> {
    let bytes = Bytes(input);
    if bytes.u32(0)? != MAGIC {
        return None;
    }
    let mut data = MountData {
        features: Some([bytes.u32(4)?, bytes.u32(8)?, bytes.u32(12)?]),
        version: bytes.u32(16),
        flags: bytes.u32(20)?,
        back_end: BackEnd::from_number(bytes.u32(28)?),
        fs_name: bytes.text(32, 64),
        name: bytes.text(96, 64),
        uuid: bytes.text(160, 40),
        comment: bytes.text(200, 824),
        mount_options: bytes.text(PAGE, PAGE),
        ..MountData::default()
    };
    data.set_index(bytes.u32(24)?);
    data.parameters = words(&bytes.text(2 * PAGE, PAGE));
    Some(data)
}

/// Reads `lustre:*` properties, named without that prefix. Each property that
/// is no field is a parameter.
pub fn from_properties<'a>(properties: impl Iterator<Item = (&'a str, &'a str)>) -> MountData {
    let mut data = MountData {
        back_end: BackEnd::Zfs,
        ..MountData::default()
    };
    for (key, value) in properties {
        let number = || value.parse().ok();
        match key {
            "svname" => value.clone_into(&mut data.name),
            "fsname" => value.clone_into(&mut data.fs_name),
            "flags" => data.flags = number().unwrap_or(0),
            "version" => data.version = number(),
            "index" => data.set_index(number().unwrap_or(NO_INDEX)),
            "uuid" => value.clone_into(&mut data.uuid),
            "mountopts" => value.clone_into(&mut data.mount_options),
            "userdata" => value.clone_into(&mut data.comment),
            _ => data.parameters.push(format!("{key}={value}")),
        }
    }
    data
}

/// Parameters between white space. A value in quotes keeps its spaces.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut word, mut is_quoted) = (String::new(), false);
    for c in text.chars() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                word.push(c);
            }
            c if c.is_ascii_whitespace() && !is_quoted => found.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    found.push(word);
    found.retain(|word| !word.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_fields_and_parameters() {
        let properties = [
            ("svname", "lab01=OST0002"),
            ("fsname", "lab01"),
            ("index", "2"),
            ("flags", "4354"),
            ("version", "1"),
            ("mgsnode", "192.168.77.11@tcp:192.168.77.12@tcp"),
            ("failover.node", "1.2.3.4@tcp,4.3.2.1@tcp:1.2.3.5@o2ib"),
            ("autodegrade", "on"),
        ];
        let data = from_properties(properties.into_iter());
        assert_eq!(data.flag_words(), ["OST", "writeconf", "no_primnode"]);
        assert_eq!(data.registration(), Some(Registration::WriteConf));
        assert_eq!((data.index, data.parameters.len()), (Some(2), 3));
        let counts = |nodes: Vec<Vec<Nid>>| nodes.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(counts(data.mgs_nodes()), [1, 1]);
        assert_eq!(counts(data.service_nodes()), [2, 1]);
        assert!(data.are_service_nodes_all());
    }

    #[test]
    fn a_file_reads_as_far_as_it_goes() {
        let mut file = vec![0; 3 * PAGE];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &MAGIC.to_le_bytes());
        put(20, &0x25_u32.to_le_bytes());
        put(24, &0xffff_u32.to_le_bytes());
        put(28, &5_u32.to_le_bytes());
        put(32, b"lustre");
        put(96, b"MGS");
        put(
            2 * PAGE,
            b" sys.timeout=20 x=\"a b\" mgsnode=1.2.3.4@tcp,1.2.3.4@tcp",
        );
        let data = parse(&file).expect("the magic is right");
        assert_eq!(
            (data.index, data.back_end, data.is_mgs()),
            (None, BackEnd::Zfs, true)
        );
        assert_eq!(data.parameters[..2], ["sys.timeout=20", "x=\"a b\""]);
        assert_eq!(data.mgs_nodes(), [["1.2.3.4@tcp".parse().expect("a NID")]]);
        for end in 0..file.len() {
            assert_eq!(parse(&file[..end]).is_some(), end >= 32, "cut at {end}");
        }
        assert_eq!(parse(&[1; 4096]), None);
    }
}
