//! NIDs: `192.168.77.11@tcp`, `fd00::1@tcp1`, `5@lo`, `10.0.0.1@o2ib3`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Text is not a NID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a NID such as `192.168.77.11@tcp` or `fd00::1@o2ib1`")]
pub struct NidError(pub String);

/// An address on an LNet network. Kept as Lustre prints it, lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nid {
    text: String,
    at: usize,
}

impl Nid {
    /// The part before `@`.
    pub fn address(&self) -> &str {
        &self.text[..self.at]
    }

    /// The network: `tcp`, `o2ib3`, `lo`.
    pub fn net(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Whether it is this host's own loopback, which names no host to others.
    pub fn is_loopback(&self) -> bool {
        self.net() == "lo"
    }
}

impl FromStr for Nid {
    type Err = NidError;
    fn from_str(given: &str) -> Result<Self, NidError> {
        let wrong = || NidError(given.to_owned());
        let text = given.to_ascii_lowercase();
        let (address, net) = text.split_once('@').ok_or_else(wrong)?;
        let name = net.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_net = !net.is_empty()
            && net.len() <= 16
            && net.bytes().all(|b| b.is_ascii_alphanumeric())
            && (!name.is_empty() && name.len() + 5 >= net.len());
        let is_number = !address.is_empty() && address.bytes().all(|b| b.is_ascii_digit());
        let is_address = is_number
            || address.parse::<Ipv4Addr>().is_ok()
            || address.parse::<Ipv6Addr>().is_ok()
            // Large NIDs of other networks are printed as hexadecimal words.
            || address.starts_with("0x") && address[2..].bytes().all(|b| b.is_ascii_hexdigit());
        if !is_net || !is_address {
            return Err(wrong());
        }
        let at = address.len();
        // Until 2.15 `tcp0` and `tcp` are printed for one network.
        let text = if net == format!("{name}0") {
            format!("{address}@{name}")
        } else {
            text
        };
        Ok(Self { text, at })
    }
}

impl fmt::Display for Nid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Nid {
    type Error = NidError;
    fn try_from(text: String) -> Result<Self, NidError> {
        text.parse()
    }
}

impl From<Nid> for String {
    fn from(nid: Nid) -> Self {
        nid.text
    }
}

/// Nodes with their NIDs, as `mkfs.lustre` and `mount` write them: `:` between
/// nodes, `,` between the NIDs of one. Words that are no NID are left out and
/// returned beside, so that one host name does not lose the rest.
///
/// An IPv6 NID holds colons, so a node ends only at a colon behind a network.
pub fn parse_nodes(text: &str) -> (Vec<Vec<Nid>>, Vec<String>) {
    let (mut nodes, mut node, mut odd) = (Vec::new(), Vec::new(), Vec::new());
    let mut word = String::new();
    for c in text.chars().chain([':']) {
        let ends =
            c == ',' || c == ':' && (word.contains('@') || !word.contains(':') && !is_hex(&word));
        if !ends {
            word.push(c);
            continue;
        }
        match word.parse() {
            Ok(nid) => node.push(nid),
            Err(_) if word.is_empty() => {}
            Err(_) => odd.push(word.clone()),
        }
        word.clear();
        if c == ':' && !node.is_empty() {
            nodes.push(std::mem::take(&mut node));
        }
    }
    if !word.is_empty() {
        odd.push(word.trim_end_matches(':').to_owned());
    }
    if !node.is_empty() {
        nodes.push(node);
    }
    (nodes, odd)
}

fn is_hex(word: &str) -> bool {
    word.len() <= 4 && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Prints nodes as [`parse_nodes`] reads them.
pub fn print_nodes(nodes: &[Vec<Nid>]) -> String {
    let print = |node: &Vec<Nid>| {
        node.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    };
    nodes.iter().map(print).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nids_print_as_they_are_read() {
        for text in [
            "192.168.77.11@tcp",
            "0@lo",
            "10.0.0.1@o2ib3",
            "fd00::1@tcp1",
            "12@gni",
        ] {
            assert_eq!(text.parse::<Nid>().unwrap().to_string(), text);
        }
        assert_eq!(
            "10.0.0.1@tcp0".parse::<Nid>(),
            "10.0.0.1@tcp".parse::<Nid>()
        );
        for text in [
            "",
            "@tcp",
            "1.2.3.4",
            "1.2.3.4@",
            "nosuchhost@tcp",
            "1.2.3.4@tcp@x",
        ] {
            assert!(text.parse::<Nid>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn lists_of_nodes_print_as_they_are_read() {
        for text in [
            "192.168.77.11@tcp:192.168.77.12@tcp",
            "10.0.0.1@o2ib,10.1.0.1@tcp:10.0.0.2@o2ib",
            "fd00::1@tcp:fd00::2@tcp,1.2.3.4@tcp",
        ] {
            let (nodes, odd) = parse_nodes(text);
            assert_eq!((print_nodes(&nodes).as_str(), odd.len()), (text, 0));
        }
        assert_eq!(parse_nodes("oops:1.2.3.4@tcp").1, ["oops"]);
    }
}
