//! `ip -j addr`: interfaces with their addresses, as JSON. The text forms are
//! read by [`super::ip_text`] into the same record.

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;
use crate::storage::json;

/// The reader of `ip -j addr` and `ip -j link`.
pub static KIND: Kind = Kind {
    name: "ip-addr-json",
    about: "ip -j addr, ip -j link",
    guess,
    read,
};

/// One interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The kernel's number; 0 where it is not printed.
    pub index: u32,
    /// Kernel name.
    pub name: String,
    /// The lower interface of a VLAN, or the peer of a veth.
    pub parent: Option<String>,
    /// The bond or bridge that it is part of.
    pub master: Option<String>,
    /// `ether`, `loopback`, `infiniband`.
    pub link_type: String,
    /// `bond`, `vlan`, `bridge`, `veth`, where `-d` printed it.
    pub info_kind: Option<String>,
    /// VLAN number, where `-d` printed it.
    pub vlan: Option<u32>,
    /// Hardware address.
    pub mac: Option<String>,
    /// Largest frame, bytes.
    pub mtu: u32,
    /// `UP`, `DOWN`, `UNKNOWN`.
    pub state: String,
    /// Flags: `UP`, `LOWER_UP`, `LOOPBACK`.
    pub flags: Vec<String>,
    /// Other names.
    pub altnames: Vec<String>,
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// What came in, where `-s` printed it.
    pub received: Option<Counters>,
    /// What went out.
    pub sent: Option<Counters>,
}

impl Link {
    /// Whether it can carry traffic: up, or of a kind that tells no state but
    /// has a carrier.
    pub fn is_up(&self) -> bool {
        let has_carrier = self.flags.iter().any(|flag| flag == "LOWER_UP");
        self.state == "UP" || self.state == "UNKNOWN" && has_carrier
    }
}

/// Counters of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Bytes.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Errors.
    pub errors: u64,
    /// Packets that were thrown away.
    pub dropped: u64,
}

/// Reads every interface.
pub fn parse(input: &[u8]) -> (Vec<Link>, Vec<Skip>) {
    let mut skips = Vec::new();
    let list = match json::read(input, &mut skips) {
        Some(Value::Array(list)) => list,
        Some(_) => {
            skips.push(Skip::new(1, SkipKind::BadValue, "not a list of interfaces"));
            Vec::new()
        }
        None => Vec::new(),
    };
    // `ip -j` prints an empty object where a filter left nothing.
    let full = list
        .iter()
        .filter(|value| value.as_object().is_some_and(|map| !map.is_empty()));
    (full.map(link).collect(), skips)
}

fn link(value: &Value) -> Link {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let texts = |key: &str| {
        let all = list(&value[key]);
        all.iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect()
    };
    let address = |info: &Value| {
        let own = info["local"].as_str()?;
        Some(match info["prefixlen"].as_u64() {
            Some(length) => format!("{own}/{length}"),
            None => own.to_owned(),
        })
    };
    let stats = value.get("stats64").or_else(|| value.get("stats"));
    Link {
        index: number(&value["ifindex"]).unwrap_or(0),
        name: text("ifname").unwrap_or_default(),
        parent: text("link"),
        master: text("master"),
        link_type: text("link_type").unwrap_or_default(),
        info_kind: value["linkinfo"]["info_kind"].as_str().map(str::to_owned),
        vlan: number(&value["linkinfo"]["info_data"]["id"]),
        mac: text("address"),
        mtu: number(&value["mtu"]).unwrap_or(0),
        state: text("operstate").unwrap_or_default(),
        flags: texts("flags"),
        altnames: texts("altnames"),
        addresses: list(&value["addr_info"])
            .iter()
            .filter_map(address)
            .collect(),
        received: stats.and_then(|stats| counters(&stats["rx"])),
        sent: stats.and_then(|stats| counters(&stats["tx"])),
    }
}

fn counters(value: &Value) -> Option<Counters> {
    let of = |key: &str| value[key].as_u64();
    Some(Counters {
        bytes: of("bytes")?,
        packets: of("packets")?,
        errors: of("errors").unwrap_or(0),
        dropped: of("dropped").unwrap_or(0),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text().trim_start();
    if text.starts_with('[') && text.contains("\"ifname\"") {
        95
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (links, skips) = parse(input);
    lines::emit("interface", &links, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_read() {
        let text = br#"[{"ifindex":4,"ifname":"eth1","master":"bond0","link_type":"ether","address":"aa:bb","mtu":1500,"operstate":"UP","flags":["UP","LOWER_UP"],"linkinfo":{"info_kind":"vlan","info_data":{"id":7}},"addr_info":[{"local":"10.0.0.1","prefixlen":24}],"stats64":{"rx":{"bytes":5,"packets":2},"tx":{"bytes":6,"packets":1,"errors":3}}},{}]"#;
        let (links, skips) = parse(text);
        assert_eq!((links.len(), skips.len()), (1, 0));
        assert_eq!(links[0].addresses, ["10.0.0.1/24"]);
        assert_eq!((links[0].index, links[0].vlan), (4, Some(7)));
        assert_eq!(links[0].master.as_deref(), Some("bond0"));
        assert_eq!(links[0].sent.unwrap().errors, 3);
        assert!(links[0].is_up());
    }

    #[test]
    fn a_cut_list_keeps_what_was_whole() {
        let text = br#"[{"ifname":"lo","mtu":65536},{"ifname":"eth0","mt"#;
        let (links, skips) = parse(text);
        assert_eq!((links.len(), links[0].name.as_str()), (1, "lo"));
        assert_eq!(skips[0].kind, SkipKind::Truncated);
    }
}
