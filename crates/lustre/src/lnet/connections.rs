//! `lctl --net NET peer_list`, `conn_list`, `interface_list`.

use super::nids::{is_prompt, nid};
use crate::nid::Nid;
use crate::param::Lines;
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// One line of such a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Connection {
    /// `12345-10.0.0.1@tcp [1]oss1->10.0.0.1:988 #4`
    Peer {
        /// The peer.
        nid: Nid,
        /// Our end and its end, where printed.
        path: String,
        /// Connections or users.
        n_users: Option<u32>,
    },
    /// `12345-10.0.0.1@tcp C[0]oss1->mds1:988 2626560/131072 nonagle`
    Connection {
        /// The peer.
        nid: Nid,
        /// `A`ny, `I`n, `O`ut, `C`ontrol, or another letter.
        direction: String,
        /// Our end and its end.
        path: String,
        /// Sizes of the send and receive buffers.
        buffers: String,
    },
    /// `oss1: (10.0.0.1/255.255.255.0) npeer 0 nroute 2`
    Interface {
        /// Its host name.
        host: String,
        /// Address and mask.
        address: String,
        /// Peers that use it.
        n_peers: Option<u32>,
        /// Routes that use it.
        n_routes: Option<u32>,
    },
}

/// Reads every line.
pub fn parse(input: &[u8]) -> (Vec<Connection>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in Lines::new(input, 1) {
        let text = line.text.trim();
        if text.is_empty() || is_prompt(text) {
            continue;
        }
        match one(text) {
            Some(connection) => found.push(connection),
            None => skips.push(crate::param::skip(
                line.number,
                SkipKind::BadLine,
                "no peer, connection or interface",
                text,
            )),
        }
    }
    (found, skips)
}

fn one(text: &str) -> Option<Connection> {
    interface(text).or_else(|| peer(text))
}

fn peer(text: &str) -> Option<Connection> {
    let mut words = text.split_ascii_whitespace();
    let first = words.next()?;
    if !first.contains('-') {
        return None;
    }
    let nid = nid(first)?;
    let Some(path) = words.next() else {
        return Some(Connection::Peer {
            nid,
            path: String::new(),
            n_users: None,
        });
    };
    let (head, rest) = path.split_once('[').unwrap_or(("", path));
    let path = rest
        .split_once(']')
        .map_or(rest, |(_, path)| path)
        .to_owned();
    let last = words.next();
    Some(if head.is_empty() {
        Connection::Peer {
            nid,
            path,
            n_users: last.and_then(|word| word.strip_prefix('#')?.parse().ok()),
        }
    } else {
        Connection::Connection {
            nid,
            direction: head.to_owned(),
            path,
            buffers: last.unwrap_or_default().to_owned(),
        }
    })
}

fn interface(text: &str) -> Option<Connection> {
    let (host, rest) = text.split_once(": (")?;
    let (address, rest) = rest.split_once(')')?;
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1)?.parse().ok()
    };
    Some(Connection::Interface {
        host: host.to_owned(),
        address: address.to_owned(),
        n_peers: after("npeer"),
        n_routes: after("nroute"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_is_told_from_the_others() {
        let text = "12345-192.168.77.11@tcp [1]node1->node1:988 #4\n\
                    12345-192.168.77.11@tcp C[0]node1->node1:1023 2626560/131072 nonagle\n\
                    node1: (192.168.77.11/255.255.255.0) npeer 0 nroute 2\n\
                    12345-10.0.0.1@o2ib\nodd\n";
        let (found, skips) = parse(text.as_bytes());
        assert_eq!((found.len(), skips.len()), (4, 1));
        assert!(
            matches!(&found[0], Connection::Peer { path, n_users: Some(4), .. } if path == "node1->node1:988")
        );
        assert!(matches!(&found[1], Connection::Connection { direction, .. } if direction == "C"));
        assert!(matches!(
            found[2],
            Connection::Interface {
                n_routes: Some(2),
                ..
            }
        ));
    }
}
