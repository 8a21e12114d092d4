//! `ipmitool lan print`: how a server's BMC is reached.

use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Skip, SkipKind};

/// The reader of `ipmitool lan print`.
pub static LAN: Kind = Kind {
    name: "ipmitool-lan",
    about: "ipmitool lan print",
    guess,
    read: |input, sink| match lan(input) {
        Some(found) => sink.record("bmc", &|| json!(found)),
        None => sink.skip(Skip::new(1, SkipKind::BadLine, "no IP address is listed")),
    },
};

/// A BMC, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lan {
    /// Its IPv4 address; none if it has none yet.
    pub address: Option<String>,
    /// Where it has it from: `Static Address`, `DHCP Address`.
    pub source: Option<String>,
    /// Its MAC address.
    pub mac: Option<String>,
}

/// What `NAME : VALUE` lines tell; none if they tell of no address at all.
pub fn lan(input: &[u8]) -> Option<Lan> {
    let text = String::from_utf8_lossy(input);
    let value = |wanted: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(name, _)| name.trim() == wanted)?;
        Some(value.trim().to_owned())
    };
    let address = value("IP Address")?;
    Some(Lan {
        address: Some(address).filter(|address| {
            let parsed = address.parse::<std::net::Ipv4Addr>();
            parsed.is_ok_and(|parsed| !parsed.is_unspecified())
        }),
        source: value("IP Address Source"),
        mac: value("MAC Address"),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |name: &str| text.lines().any(|line| line.starts_with(name));
    if has("IP Address Source") && has("Set in Progress") {
        95
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Set in Progress         : Set Complete\nAuth Type Enable        : Callback : MD5 \n                        : User     : MD5 \nIP Address Source       : Static Address\nIP Address              : 10.30.0.7\nSubnet Mask             : 255.255.0.0\nMAC Address             : 52:54:00:0a:1e:07\n";

    #[test]
    fn its_address_is_read() {
        let found = lan(TEXT.as_bytes()).unwrap();
        assert_eq!(found.address.as_deref(), Some("10.30.0.7"));
        assert_eq!(found.mac.as_deref(), Some("52:54:00:0a:1e:07"));
    }

    #[test]
    fn a_bmc_without_an_address_has_none() {
        let text = TEXT.replace("10.30.0.7", "0.0.0.0");
        assert_eq!(lan(text.as_bytes()).unwrap().address, None);
        assert_eq!(lan(b"Channel 1 is not a LAN channel"), None);
    }
}
