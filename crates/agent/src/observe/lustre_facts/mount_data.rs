//! A target's own configuration: the properties of a dataset, or the record
//! in `CONFIGS/mountdata` (`struct lustre_disk_data` of `lustre_disk.h`).

use lustre::nid::parse_nodes;
use model::report::MountData;
use std::collections::BTreeMap;

const MAGIC: u32 = 0x1dd0_0001;
const FLAGS_AT: usize = 20;
const PARAMS_AT: usize = 5320;
const PARAMS_LEN: usize = 4096;

/// Bits of the flags and our words for them.
const FLAGS: &[(u32, &str)] = &[
    (0x1, "MDT"),
    (0x2, "OST"),
    (0x4, "MGS"),
    (0x10, "need_index"),
    (0x20, "first_time"),
    (0x40, "update"),
    (0x100, "writeconf"),
    (0x1000, "no_primnode"),
];

fn words(flags: u32) -> Vec<String> {
    let set = FLAGS.iter().filter(|(bit, _)| flags & bit != 0);
    set.map(|(_, word)| (*word).to_owned()).collect()
}

/// From `lustre:*` properties, named without that prefix.
pub fn from_properties(properties: &BTreeMap<String, String>) -> MountData {
    let flags = properties
        .get("flags")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let get = |key: &str| properties.get(key).map(String::as_str).unwrap_or_default();
    MountData {
        flags: words(flags),
        mgs_nodes: parse_nodes(get("mgsnode")).0,
        service_nodes: parse_nodes(get("failover.node")).0,
        parameters: properties
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect(),
    }
}

/// From the bytes of `CONFIGS/mountdata`; none if they are not that.
pub fn from_bytes(bytes: &[u8]) -> Option<MountData> {
    let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    if number(0)? != MAGIC {
        return None;
    }
    let params = bytes.get(PARAMS_AT..)?;
    let params = &params[..params.len().min(PARAMS_LEN)];
    let end = params
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(params.len());
    let text = String::from_utf8_lossy(&params[..end]);
    let mut data = MountData {
        flags: words(number(FLAGS_AT)?),
        ..MountData::default()
    };
    for word in text.split_whitespace() {
        match word.split_once('=') {
            Some(("mgsnode", nodes)) => data.mgs_nodes.extend(parse_nodes(nodes).0),
            Some(("failover.node", nodes)) => data.service_nodes.extend(parse_nodes(nodes).0),
            _ => {}
        }
        data.parameters.push(word.to_owned());
    }
    Some(data)
}
