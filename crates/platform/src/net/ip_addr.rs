//! `ip -j addr`: interfaces with their addresses, as JSON.

use serde::Serialize;
use serde_json::{Value, json};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

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
    /// Kernel name.
    pub name: String,
    /// `ether`, `loopback`, `infiniband`.
    pub link_type: String,
    /// `bond`, `vlan`, `bridge`, `veth`, where `-d` printed it.
    pub info_kind: Option<String>,
    /// Hardware address.
    pub mac: Option<String>,
    /// Largest frame, bytes.
    pub mtu: u32,
    /// `UP`, `DOWN`, `UNKNOWN`.
    pub state: String,
    /// Flags: `UP`, `LOWER_UP`, `LOOPBACK`.
    pub flags: Vec<String>,
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
}

/// Reads every interface.
pub fn parse(input: &[u8]) -> (Vec<Link>, Vec<Skip>) {
    let list: Vec<Value> = match serde_json::from_slice(input) {
        Ok(Value::Array(list)) => list,
        Ok(_) => {
            return (
                Vec::new(),
                vec![Skip::new(1, SkipKind::BadValue, "not a list of interfaces")],
            );
        }
        Err(error) => {
            let line = u64::try_from(error.line()).unwrap_or(1).max(1);
            let kind = if error.is_eof() {
                SkipKind::Truncated
            } else {
                SkipKind::BadValue
            };
            return (Vec::new(), vec![Skip::new(line, kind, error.to_string())]);
        }
    };
    // `ip -j` prints an empty object where a filter left nothing.
    let full = list
        .iter()
        .filter(|value| value.as_object().is_some_and(|map| !map.is_empty()));
    (full.map(link).collect(), Vec::new())
}

fn link(value: &Value) -> Link {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let address = |info: &Value| {
        let prefix = info["prefixlen"].as_u64()?;
        Some(format!("{}/{prefix}", info["local"].as_str()?))
    };
    Link {
        name: text("ifname"),
        link_type: text("link_type"),
        info_kind: value["linkinfo"]["info_kind"].as_str().map(str::to_owned),
        mac: value["address"].as_str().map(str::to_owned),
        mtu: value["mtu"]
            .as_u64()
            .and_then(|mtu| u32::try_from(mtu).ok())
            .unwrap_or(0),
        state: text("operstate"),
        flags: list(&value["flags"])
            .iter()
            .filter_map(|f| f.as_str().map(str::to_owned))
            .collect(),
        addresses: list(&value["addr_info"])
            .iter()
            .filter_map(address)
            .collect(),
    }
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
    for link in &links {
        sink.record("interface", &|| json!(link));
    }
    for skip in skips {
        sink.skip(skip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_read() {
        let text = br#"[{"ifname":"eth1","link_type":"ether","address":"aa:bb","mtu":1500,"operstate":"UP","flags":["UP","LOWER_UP"],"addr_info":[{"local":"10.0.0.1","prefixlen":24}]},{}]"#;
        let (links, skips) = parse(text);
        assert_eq!((links.len(), skips.len()), (1, 0));
        assert_eq!(links[0].addresses, ["10.0.0.1/24"]);
        assert_eq!(parse(&text[..30]).1[0].kind, SkipKind::Truncated);
    }
}
