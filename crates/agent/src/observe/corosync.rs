//! Corosync, as this node sees it: links, members, votes.

use super::Look;
use model::report::{Corosync, CorosyncLink, CorosyncMember, CorosyncVotes};
use platform::ha::cfgtool::{self, CfgTool, Link};
use platform::ha::corosync_conf::{self, CorosyncConf};
use platform::ha::quorum::{self, QuorumStatus};
use std::collections::BTreeMap;

const CONF: &str = "/etc/corosync/corosync.conf";

/// Corosync on this host; none where it is neither configured nor answers.
pub fn corosync(look: &mut Look<'_>) -> Option<Corosync> {
    let mut is_by_candela = false;
    let conf = look.host().read_file(CONF).ok().map(|bytes| {
        is_by_candela = bytes.starts_with(lustre::argv::ha::CONF_HEADER.as_bytes());
        let (conf, skips) = corosync_conf::parse(&bytes);
        look.skips("ha", CONF, &skips);
        conf
    });
    let links = look
        .run("ha", &[&["corosync-cfgtool", "-s"]])
        .map(|(bytes, _)| {
            let (links, skips) = cfgtool::parse(&bytes);
            look.skips("ha", "corosync-cfgtool -s", &skips);
            links
        });
    let votes = look
        .run("ha", &[&["corosync-quorumtool", "-s"]])
        .map(|(bytes, _)| {
            let (votes, skips) = quorum::parse(&bytes);
            look.skips("ha", "corosync-quorumtool -s", &skips);
            votes
        });
    let is_there = conf.is_some() || links.is_some() || votes.is_some();
    is_there.then(|| Corosync {
        is_by_candela,
        ..join(&conf.unwrap_or_default(), links.as_ref(), votes.as_ref())
    })
}

fn join(conf: &CorosyncConf, links: Option<&CfgTool>, votes: Option<&QuorumStatus>) -> Corosync {
    let names: BTreeMap<u64, String> = conf
        .nodes
        .iter()
        .filter_map(|node| {
            let name = node.name.as_ref().or(node.addresses.values().next())?;
            Some((node.id?, name.clone()))
        })
        .collect();
    let name_of = |id: u64| names.get(&id).cloned();
    let addresses_of = |id: u64| -> Vec<String> {
        let node = conf.nodes.iter().find(|node| node.id == Some(id));
        let addresses = node.into_iter().flat_map(|node| node.addresses.values());
        addresses.cloned().collect()
    };
    let mut members: BTreeMap<u64, CorosyncMember> = names
        .iter()
        .map(|(id, name)| {
            let member = CorosyncMember {
                id: *id,
                name: name.clone(),
                addresses: addresses_of(*id),
                ..CorosyncMember::default()
            };
            (*id, member)
        })
        .collect();
    for seen in votes.iter().flat_map(|votes| &votes.members) {
        let member = CorosyncMember {
            id: seen.id,
            name: name_of(seen.id).unwrap_or_else(|| seen.name.clone()),
            votes: seen.votes,
            is_joined: true,
            addresses: addresses_of(seen.id),
        };
        members.insert(seen.id, member);
    }
    let totem = conf.totem.as_ref();
    let transport = links.and_then(|links| links.transport.clone());
    Corosync {
        cluster_name: totem.and_then(|totem| totem.cluster_name.clone()),
        transport: transport.or(totem.and_then(|totem| totem.transport.clone())),
        members: members.into_values().collect(),
        links: links
            .iter()
            .flat_map(|links| &links.links)
            .map(|one| link(one, &name_of))
            .collect(),
        votes: votes
            .filter(|votes| votes.votes_total.is_some())
            .map(counted),
        is_by_candela: false,
    }
}

fn link(from: &Link, name_of: &dyn Fn(u64) -> Option<String>) -> CorosyncLink {
    let lost = from
        .nodes
        .iter()
        .filter(|node| !node.is_local && node.is_connected == Some(false));
    CorosyncLink {
        number: from.number,
        address: from.address.clone(),
        is_up: from.is_up(),
        lost: lost
            .map(|node| name_of(node.node).unwrap_or_else(|| node.node.to_string()))
            .collect(),
    }
}

fn counted(from: &QuorumStatus) -> CorosyncVotes {
    let flags = from.flags.iter().filter(|flag| *flag != "Quorate");
    CorosyncVotes {
        is_quorate: from.is_quorate,
        expected: from.votes_expected,
        total: from.votes_total,
        needed: from.votes_needed,
        flags: flags.cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_members_and_votes_come_together() {
        let conf = corosync_conf::parse(
            b"totem {\n cluster_name: pair\n}\nnodelist {\n node {\n  ring0_addr: 10.0.0.1\n  name: a\n  nodeid: 1\n }\n node {\n  ring0_addr: 10.0.0.2\n  name: b\n  nodeid: 2\n }\n}\n",
        );
        let links = cfgtool::parse(
            b"Local node ID 1, transport knet\nLINK ID 0 udp\n\taddr\t= 10.0.0.1\n\tstatus:\n\t\tnodeid:          1:\tlocalhost\n\t\tnodeid:          2:\tdisconnected\n",
        );
        let votes = quorum::parse(
            b"Quorum information\n------------------\nQuorate:          Yes\n\nVotequorum information\n----------------------\nExpected votes:   2\nTotal votes:      1\nQuorum:           1\nFlags:            2Node Quorate WaitForAll\n\nMembership information\n----------------------\n    Nodeid      Votes Name\n         1          1 10.0.0.1 (local)\n",
        );
        let found = join(&conf.0, Some(&links.0), Some(&votes.0));
        assert_eq!(
            (found.cluster_name.as_deref(), found.transport.as_deref()),
            (Some("pair"), Some("knet"))
        );
        let members: Vec<_> = found
            .members
            .iter()
            .map(|one| (one.id, one.name.as_str(), one.votes, one.is_joined))
            .collect();
        assert_eq!(members, [(1, "a", Some(1), true), (2, "b", None, false)]);
        let one = &found.links[0];
        assert_eq!(
            (one.is_up, one.lost.join(",")),
            (Some(false), "b".to_owned())
        );
        let votes = found.votes.expect("votes");
        assert_eq!((votes.total, votes.needed), (Some(1), Some(1)));
        assert_eq!(votes.flags, ["2Node", "WaitForAll"]);
    }
}
