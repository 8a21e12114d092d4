//! How RPCs are secured (`srpc_info`, rules), and lists of flags.

use super::flow;
use super::{Block, skip};
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// `srpc_info`: the security of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RpcSecurity<'a> {
    /// `null`, `plain`, `gssnull`, `skn`, `ska`, `ski`, `skpi`, `krb5n`, `krb5p`, …
    pub rpc_flavor: &'a str,
    /// Flavor of bulk data.
    pub bulk_flavor: &'a str,
    /// `rootonly`, `reverse`, `udesc`, …
    pub flags: Vec<&'a str>,
    /// Number of the security.
    pub id: Option<i64>,
    /// Security contexts.
    pub n_contexts: Option<i64>,
}

/// Reads `srpc_info`; none without a flavor.
pub fn info<'a>(block: &Block<'a>) -> Option<RpcSecurity<'a>> {
    let mut found = RpcSecurity::default();
    for line in flow::lines(block) {
        let Some((key, value)) = flow::split(line.text) else {
            continue;
        };
        match key {
            "rpc flavor" => found.rpc_flavor = value,
            "bulk flavor" => found.bulk_flavor = value,
            "flags" => {
                found.flags = flow::items(value).filter(|flag| *flag != "-").collect();
            }
            "id" => found.id = value.parse().ok(),
            "nctx" => found.n_contexts = value.parse().ok(),
            _ => {}
        }
    }
    (!found.rpc_flavor.is_empty()).then_some(found)
}

/// One rule: who speaks what flavor to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FlavorRule<'a> {
    /// File system or target: `lab01`, `lab01-OST0000`, `_mgs`.
    pub subject: &'a str,
    /// The network: `default`, `tcp`, `o2ib1`.
    pub net: &'a str,
    /// `cli2mdt`, `cli2ost`, `mdt2ost`, …
    pub direction: Option<&'a str>,
    /// The flavor.
    pub flavor: &'a str,
}

/// A line such as `lab01.srpc.flavor.default.cli2mdt=skpi`.
pub fn rule(text: &str) -> Option<FlavorRule<'_>> {
    let (name, flavor) = text.trim().split_once('=')?;
    let (subject, rest) = name.split_once(".srpc.flavor.")?;
    let (net, direction) = match rest.split_once('.') {
        Some((net, direction)) => (net, Some(direction)),
        None => (rest, None),
    };
    Some(FlavorRule {
        subject,
        net,
        direction,
        flavor,
    })
}

/// Reads `srpc_rules`.
pub fn rules<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Vec<FlavorRule<'a>> {
    let mut found = Vec::new();
    for line in flow::lines(block) {
        match rule(line.text) {
            Some(rule) => found.push(rule),
            None if line.text.ends_with(':') => {}
            None => skips.push(skip(
                line.number,
                SkipKind::BadLine,
                "not a rule of sptlrpc",
                line.text,
            )),
        }
    }
    found
}

/// Flags by name, with the bits they are made of where those are printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flags<'a> {
    /// `flags=0x…` and `flags2=0x…`, as printed.
    pub bits: Vec<&'a str>,
    /// The names.
    pub names: Vec<&'a str>,
}

/// Reads `sbi_flags` (one line) or `connect_flags` (one name a line).
pub fn flags<'a>(block: &Block<'a>) -> Flags<'a> {
    let mut found = Flags::default();
    let words = flow::lines(block).flat_map(|line| line.text.split([' ', '\t', ',']));
    for word in words {
        let word = word.trim_matches(['[', ']', '"']);
        match word.split_once('=') {
            Some((_, bits)) => found.bits.push(bits),
            None if word.starts_with("0x") => found.bits.push(word),
            None if word.is_empty() || word.ends_with(':') => {}
            None => found.names.push(word),
        }
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
    fn the_security_of_a_connection_is_read() {
        let text = "mgc.MGC1.2.3.4@tcp.srpc_info=\nrpc flavor:\tnull\nbulk flavor:\tnull\nflags:\t\t-,\nid:\t\t-1\nrefcount:\t20\nnctx:\t1\ngc internal\t0\n";
        let found = info(&block(text)).unwrap();
        assert_eq!(
            (
                found.rpc_flavor,
                found.flags.len(),
                found.id,
                found.n_contexts
            ),
            ("null", 0, Some(-1), Some(1))
        );
    }

    #[test]
    fn rules_and_flags_are_read() {
        let found = rule("lab01-MDT0000.srpc.flavor.tcp.cli2mdt=skpi").unwrap();
        assert_eq!(
            (found.subject, found.net, found.direction, found.flavor),
            ("lab01-MDT0000", "tcp", Some("cli2mdt"), "skpi")
        );
        assert_eq!(rule("lab01.sys.timeout=3"), None);
        let found = flags(&block(
            "mdc.a.connect_flags=\nflags=0x2\nflags2=0x24\nacl\nversion\n",
        ));
        assert_eq!(found.bits, ["0x2", "0x24"]);
        assert_eq!(found.names, ["acl", "version"]);
        let found = flags(&block("llite.a.sbi_flags=checksum acl lru_resize "));
        assert_eq!(found.names, ["checksum", "acl", "lru_resize"]);
    }
}
