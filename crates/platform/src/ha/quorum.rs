//! `corosync-quorumtool -s`, `pcs quorum status`, `pcs quorum device status`.

use super::lines::{self, Line, number};
use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of quorum status.
pub static KIND: Kind = Kind {
    name: "corosync-quorum",
    about: "corosync-quorumtool -s or -l, pcs quorum status",
    guess,
    read,
};

/// Quorum as one node sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QuorumStatus {
    /// When, as printed.
    pub date: Option<String>,
    /// `corosync_votequorum`.
    pub provider: Option<String>,
    /// Nodes seen.
    pub n_nodes: Option<u64>,
    /// Id of the node that was asked.
    pub node: Option<u64>,
    /// Ring id: `1/8272`, `1.2050`.
    pub ring: Option<String>,
    /// Quorate.
    pub is_quorate: Option<bool>,
    /// Votes that are expected.
    pub votes_expected: Option<u64>,
    /// Most votes that were expected.
    pub votes_expected_max: Option<u64>,
    /// Votes present.
    pub votes_total: Option<u64>,
    /// Votes needed.
    pub votes_needed: Option<u64>,
    /// `Quorate`, `2Node`, `Qdevice`, `WaitForAll`, …
    pub flags: Vec<String>,
    /// Members, and the quorum device as node 0.
    pub members: Vec<QuorumMember>,
    /// What is told about a quorum device, and fields of other versions.
    pub other: BTreeMap<String, String>,
}

/// A row of `Membership information`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QuorumMember {
    /// Node id; 0 is a quorum device.
    pub id: u64,
    /// Votes.
    pub votes: Option<u64>,
    /// Name, or addresses with `-i`.
    pub name: String,
    /// The node that was asked.
    pub is_local: bool,
    /// State towards the quorum device: `A` alive, `V` votes, `NMW` master
    /// does not win; the `N` forms say the opposite, `NR` not registered.
    pub qdevice: Option<String>,
}

/// Reads a status, as far as it goes.
pub fn parse(input: &[u8]) -> (QuorumStatus, Vec<Skip>) {
    let (mut found, mut skips) = (QuorumStatus::default(), Vec::new());
    let all = lines::read(input, &mut skips);
    // Whether the rows of the membership table have a Qdevice column.
    let mut table = None;
    for (at, line) in all.iter().enumerate() {
        let text = line.text.trim();
        if text.is_empty() || is_rule(text) {
            continue;
        }
        let is_title = all
            .get(at + 1)
            .is_some_and(|next| is_rule(next.text.trim()));
        if is_title {
            table = None;
            if !is_known_title(text) {
                skips.push(line.skip(SkipKind::Unknown, "no section of this name is known"));
            }
        } else if text.starts_with("Nodeid") {
            let words: Vec<&str> = text.split_whitespace().collect();
            table = Some((words.contains(&"Votes"), words.contains(&"Qdevice")));
        } else if let Some(columns) = table {
            match member(text, columns) {
                Some(member) => found.members.push(member),
                None => skips.push(refused(line, "no row of the membership table")),
            }
        } else if !field(text, &mut found) {
            skips.push(refused(line, "wanted `name: value`"));
        }
    }
    (found, skips)
}

fn refused(line: &Line<'_>, want: &str) -> Skip {
    if lines::is_error(line.text) {
        line.skip(SkipKind::ErrorText, "the tool says")
    } else {
        line.bad(want)
    }
}

fn is_rule(text: &str) -> bool {
    text.len() > 3 && text.bytes().all(|byte| byte == b'-')
}

fn is_known_title(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let known = ["quorum", "votequorum", "membership"];
    let first = first.to_ascii_lowercase();
    text.ends_with("information")
        && (known.contains(&first.as_str()) || first.starts_with("qdevice"))
}

fn field(text: &str, found: &mut QuorumStatus) -> bool {
    let Some((name, value)) = text.split_once(':') else {
        // Rows of the qdevice's node list: `0	Node ID = 1`.
        let pair = text.split_once(" = ");
        found
            .other
            .extend(pair.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
        return pair.is_some();
    };
    if lines::is_error(text) {
        return false;
    }
    let (name, value) = (name.trim(), value.trim());
    let owned = || Some(value.to_owned()).filter(|value| !value.is_empty());
    // `2 Activity blocked`: the number comes first.
    let first = value.split_whitespace().next().and_then(number);
    match name {
        "Date" => found.date = owned(),
        "Quorum provider" | "Quorum type" => found.provider = owned(),
        "Nodes" => found.n_nodes = first,
        "Node ID" => found.node = first,
        "Ring ID" => found.ring = owned(),
        "Quorate" => found.is_quorate = lines::flag(value),
        "Expected votes" => found.votes_expected = first,
        "Highest expected" => found.votes_expected_max = first,
        "Total votes" => found.votes_total = first,
        "Quorum" => found.votes_needed = first,
        "Flags" => found.flags = value.split_whitespace().map(str::to_owned).collect(),
        _ => {
            found.other.insert(name.to_owned(), value.to_owned());
        }
    }
    true
}

fn member(text: &str, (has_votes, has_qdevice): (bool, bool)) -> Option<QuorumMember> {
    let mut words = text.split_whitespace().peekable();
    let id = number(words.next()?)?;
    let votes = if has_votes {
        number(words.next()?)
    } else {
        None
    };
    // The device's own row leaves its column empty.
    let is_state = |word: &&str| {
        *word == "NR"
            || (word.contains(',') && word.bytes().all(|b| b.is_ascii_uppercase() || b == b','))
    };
    let qdevice = if has_qdevice {
        words.next_if(is_state)
    } else {
        None
    };
    let name = words.collect::<Vec<_>>().join(" ");
    let bare = name.strip_suffix("(local)");
    Some(QuorumMember {
        id,
        votes,
        is_local: bare.is_some(),
        name: bare.unwrap_or(&name).trim_end().to_owned(),
        qdevice: qdevice.map(str::to_owned),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |start: &str| text.lines().any(|line| line.trim().starts_with(start));
    // `crm report` and `pcs status --full` hold such a part among others.
    if has("Cluster name:") || has("Full List of Resources:") || has("Full list of resources:") {
        return 0;
    }
    let fields = [
        "Quorum provider:",
        "Quorum type:",
        "Expected votes:",
        "Highest expected:",
        "Total votes:",
        "Quorate:",
    ];
    let n = fields.iter().filter(|field| has(field)).count();
    let is_table = has("Nodeid") && (has("Membership information") || text.contains("Votes"));
    match (n, is_table) {
        (2.., _) | (1, true) => 95,
        (_, true) => 85,
        (1, false) if has("Quorum information") => 85,
        _ if has("Qdevice information") => 80,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    let is_empty = QuorumStatus {
        members: Vec::new(),
        ..found.clone()
    } == QuorumStatus::default();
    if !is_empty {
        let mut value = serde_json::to_value(&found).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.remove("members");
        }
        sink.record("corosync.quorum_status", &|| value.clone());
    }
    lines::emit("corosync.quorum_member", &found.members, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Quorum information\n------------------\nDate:             Mon Nov 21 08:00:00 2026\n\
Quorum provider:  corosync_votequorum\nNodes:            1\nNode ID:          0x00000001\nRing ID:          1.2a\n\
Quorate:          No\n\nVotequorum information\n----------------------\nExpected votes:   2\nHighest expected: 2\n\
Total votes:      1\nQuorum:           2 Activity blocked\nFlags:            2Node WaitForAll Qdevice \n\n\
Membership information\n----------------------\n    Nodeid      Votes    Qdevice Name\n         1          1    A,V,NMW oss1 (local)\n\
         2          1         NR oss2\n         0          0            Qdevice (votes 1)\n";

    #[test]
    fn votes_flags_and_members_are_read() {
        let (found, skips) = parse(TEXT.as_bytes());
        assert_eq!(skips, []);
        assert_eq!(
            (
                found.is_quorate,
                found.votes_expected,
                found.votes_total,
                found.votes_needed
            ),
            (Some(false), Some(2), Some(1), Some(2))
        );
        assert_eq!((found.node, found.ring.as_deref()), (Some(1), Some("1.2a")));
        assert_eq!(found.flags, ["2Node", "WaitForAll", "Qdevice"]);
        let members: Vec<_> = found
            .members
            .iter()
            .map(|m| {
                (
                    m.id,
                    m.votes,
                    m.name.as_str(),
                    m.is_local,
                    m.qdevice.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            members,
            [
                (1, Some(1), "oss1", true, Some("A,V,NMW")),
                (2, Some(1), "oss2", false, Some("NR")),
                (0, Some(0), "Qdevice (votes 1)", false, None),
            ]
        );
    }

    #[test]
    fn an_unknown_title_costs_no_field() {
        let text = TEXT.replace("Votequorum information", "Other thing");
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(found.votes_total, Some(1));
        assert_eq!(
            (skips.len(), skips[0].line, skips[0].kind),
            (1, 10, SkipKind::Unknown)
        );
    }

    #[test]
    fn errors_and_damage_are_skips() {
        let (found, skips) = parse(b"Cannot initialize QUORUM service\n");
        assert_eq!(
            (found, skips[0].kind),
            (QuorumStatus::default(), SkipKind::ErrorText)
        );
        let (found, skips) = parse(b"    Nodeid      Votes Name\n   x 1 oss1\n   2   1 oss2\n");
        assert_eq!((found.members.len(), skips.len()), (1, 1));
    }
}
