//! One end of a connection: `import` (ours to a target), `export` (a client's
//! to us), `state` (the history of an import) and `ir_state`.

use super::flow::{self, Pair};
use super::stats::number;
use super::{Block, skip};
use crate::nid::Nid;
use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Skip, SkipKind};

/// A connection to a target as its user sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Import<'a> {
    /// The obd device: `lab01-OST0000-osc-MDT0000`.
    pub name: &'a str,
    /// UUID of the target: `lab01-OST0000_UUID`, `MGS`.
    pub target: &'a str,
    /// `FULL`, `IDLE`, `CONNECTING`, `DISCONN`, `REPLAY_WAIT`, `EVICTED`, `CLOSED`, …
    pub state: &'a str,
    /// What both ends agreed on.
    pub connect_flags: Vec<&'a str>,
    /// Numbers agreed on: `instance`, `target_version`, `initial_grant`, as printed.
    pub connect_data: BTreeMap<&'a str, &'a str>,
    /// `replayable`, `pingable`, `invalid`, `deactivated`, …
    pub import_flags: Vec<&'a str>,
    /// Where the target may be reached.
    pub failover_nids: Vec<Nid>,
    /// What was tried at each NID (2.16 or newer).
    pub nids: Vec<NidTries<'a>>,
    /// Where it is reached now; none if nowhere.
    pub current_connection: Option<Nid>,
    /// Attempts to connect since mount.
    pub connection_attempts: Option<u64>,
    /// Rises with each eviction.
    pub generation: Option<u64>,
    /// Seconds since the last reply.
    pub idle_secs: Option<u64>,
    /// RPCs under way.
    pub rpcs_inflight: Option<u64>,
    /// RPCs whose buffers are not back yet.
    pub rpcs_unregistering: Option<u64>,
    /// RPCs that timed out.
    pub rpc_timeouts: Option<u64>,
    /// Average wait for an answer, microseconds.
    pub avg_waittime_usecs: Option<u64>,
    /// Estimate of the time that the service takes, seconds.
    pub service_secs: Option<u64>,
    /// Estimate of the time on the network, seconds.
    pub network_secs: Option<u64>,
    /// Last transaction replayed.
    pub last_replay: Option<u64>,
    /// Last transaction the target has on disk.
    pub peer_committed: Option<u64>,
    /// Averages of bulk reads.
    pub reads: Option<BulkAverage<'a>>,
    /// Averages of bulk writes.
    pub writes: Option<BulkAverage<'a>>,
}

/// What was tried at one NID of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NidTries<'a> {
    /// The NID.
    pub nid: Nid,
    /// Attempts.
    pub connects: Option<u64>,
    /// Answers.
    pub replied: Option<u64>,
    /// `uptodate`, `discovering`, `rediscover`.
    pub discovery: &'a str,
    /// Seconds since the last attempt; none is never.
    pub secs_ago: Option<u64>,
}

/// Averages of bulk transfers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BulkAverage<'a> {
    /// Bytes per RPC.
    pub bytes_per_rpc: Option<u64>,
    /// Microseconds per RPC.
    pub usec_per_rpc: Option<u64>,
    /// Megabytes per second, as printed: `12.34`.
    pub mb_per_sec: &'a str,
}

/// Reads `import`; a body without a name or a state is none.
pub fn import<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Option<Import<'a>> {
    let mut found = Import::default();
    for pair in flow::pairs(block) {
        match pair {
            Ok(pair) => import_field(&mut found, &pair, skips),
            Err(line) => skips.push(skip(
                line.number,
                SkipKind::BadLine,
                "not a field of an import",
                line.text,
            )),
        }
    }
    (!found.name.is_empty() || !found.target.is_empty() || !found.state.is_empty()).then_some(found)
}

fn import_field<'a>(found: &mut Import<'a>, pair: &Pair<'a>, skips: &mut Vec<Skip>) {
    let value = pair.value;
    let count = || number(first_word(value));
    match (pair.section, pair.key) {
        ("import", "name") => found.name = value,
        ("import", "target") => found.target = value,
        ("import", "state") => found.state = value,
        (_, "connect_flags") => found.connect_flags = flow::items(value).collect(),
        (_, "import_flags") => found.import_flags = flow::items(value).collect(),
        ("connect_data", key) => {
            found.connect_data.insert(key, value);
        }
        (_, "failover_nids") => found.failover_nids = nids(pair, skips),
        ("nids_stats", key) => found.nids.extend(tries(key, pair, skips)),
        (_, "current_connection") => {
            let word = value.trim_matches('"');
            found.current_connection = match word {
                "" | "<none>" => None,
                word => nid(word, pair.line, skips),
            };
        }
        (_, "connection_attempts") => found.connection_attempts = count(),
        (_, "generation") => found.generation = count(),
        ("connection", "idle") => found.idle_secs = count(),
        ("rpcs", "inflight") => found.rpcs_inflight = count(),
        ("rpcs", "unregistering") => found.rpcs_unregistering = count(),
        ("rpcs", "timeouts") => found.rpc_timeouts = count(),
        ("rpcs", "avg_waittime") => found.avg_waittime_usecs = count(),
        ("service_estimates", "services") => found.service_secs = count(),
        ("service_estimates", "network") => found.network_secs = count(),
        ("transactions", "last_replay") => found.last_replay = count(),
        ("transactions", "peer_committed") => found.peer_committed = count(),
        ("read_data_averages", key) => average(found.reads.get_or_insert_default(), key, value),
        ("write_data_averages", key) => average(found.writes.get_or_insert_default(), key, value),
        _ => {}
    }
}

fn average<'a>(found: &mut BulkAverage<'a>, key: &str, value: &'a str) {
    match key {
        "bytes_per_rpc" => found.bytes_per_rpc = number(value),
        "usec_per_rpc" => found.usec_per_rpc = number(value),
        "MB_per_sec" => found.mb_per_sec = value,
        _ => {}
    }
}

fn first_word(text: &str) -> &str {
    text.split_ascii_whitespace().next().unwrap_or_default()
}

fn nid(text: &str, line: u64, skips: &mut Vec<Skip>) -> Option<Nid> {
    let found = text.parse().ok();
    if found.is_none() {
        skips.push(skip(line, SkipKind::BadValue, "not a NID", text));
    }
    found
}

fn nids(pair: &Pair<'_>, skips: &mut Vec<Skip>) -> Vec<Nid> {
    flow::items(pair.value)
        .filter_map(|text| nid(text, pair.line, skips))
        .collect()
}

fn tries<'a>(key: &str, pair: &Pair<'a>, skips: &mut Vec<Skip>) -> Option<NidTries<'a>> {
    let mut found = NidTries {
        nid: nid(key, pair.line, skips)?,
        connects: None,
        replied: None,
        discovery: "",
        secs_ago: None,
    };
    for (key, value) in flow::map(pair.value)? {
        match key {
            "connects" => found.connects = number(value),
            "replied" => found.replied = number(value),
            "uptodate" => found.discovery = value,
            "sec_ago" => found.secs_ago = number(value),
            _ => {}
        }
    }
    Some(found)
}

/// One client's connection as the server sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Export<'a> {
    /// UUID of the client.
    pub uuid: &'a str,
    /// The target: `lab01-MDT0000`.
    pub target: &'a str,
    /// Where the client is.
    pub client: Option<Nid>,
    /// What both ends agreed on.
    pub connect_flags: Vec<&'a str>,
    /// Numbers agreed on, as printed.
    pub connect_data: BTreeMap<&'a str, &'a str>,
    /// `no_recovery`, `failed`, `connecting`, …
    pub export_flags: Vec<&'a str>,
    /// Space promised to the client, bytes.
    pub granted: Option<u64>,
    /// Data the client holds unwritten, bytes.
    pub dirty: Option<u64>,
}

/// Reads `export`: one entry for each client behind a NID.
pub fn exports<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Vec<Export<'a>> {
    let mut found: Vec<Export<'a>> = Vec::new();
    for pair in flow::pairs(block).flatten() {
        if pair.section.is_empty() && pair.value.is_empty() {
            found.push(Export {
                uuid: pair.key,
                ..Export::default()
            });
            continue;
        }
        let Some(export) = found.last_mut() else {
            skips.push(skip(
                pair.line,
                SkipKind::BadLine,
                "a field of no export",
                pair.key,
            ));
            continue;
        };
        match (pair.section, pair.key) {
            (_, "name") => export.target = pair.value,
            (_, "client") => export.client = nid(pair.value.trim_matches('"'), pair.line, skips),
            (_, "connect_flags") => export.connect_flags = flow::items(pair.value).collect(),
            (_, "export_flags") => export.export_flags = flow::items(pair.value).collect(),
            ("connect_data", key) => {
                export.connect_data.insert(key, pair.value);
            }
            (_, "granted") => export.granted = number(first_word(pair.value)),
            (_, "dirty") => export.dirty = number(first_word(pair.value)),
            _ => {}
        }
    }
    found
}

/// `state` of an import: what it is, and what it was lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportHistory<'a> {
    /// The state now.
    pub current: &'a str,
    /// When it became what, seconds since 1970; oldest first.
    pub history: Vec<(u64, &'a str)>,
}

/// Reads `state`; none without a `current_state`.
pub fn history<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Option<ImportHistory<'a>> {
    let mut found = ImportHistory::default();
    for line in flow::lines(block) {
        let text = line.text.trim();
        if let Some(state) = text.strip_prefix("current_state:") {
            found.current = state.trim();
        } else if text != "state_history:" {
            match moment(text) {
                Some(moment) => found.history.push(moment),
                None => skips.push(skip(
                    line.number,
                    SkipKind::BadLine,
                    "not a moment of an import",
                    text,
                )),
            }
        }
    }
    (!found.current.is_empty()).then_some(found)
}

fn moment(text: &str) -> Option<(u64, &str)> {
    let inner = text
        .strip_prefix('-')?
        .trim()
        .strip_prefix('[')?
        .strip_suffix(']')?;
    let (at, state) = inner.split_once(',')?;
    Some((number(at.trim())?, state.trim()))
}

/// `ir_state` of an MGC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IrState<'a> {
    /// Whether imperative recovery is `ENABLED`.
    pub is_enabled: bool,
    /// Logs it follows and the version of the NID table seen for each.
    pub clients: Vec<(&'a str, u64)>,
}

/// Reads `ir_state`; none without its first line.
pub fn ir_state<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Option<IrState<'a>> {
    let (mut found, mut is_known) = (IrState::default(), false);
    for line in flow::lines(block) {
        let text = line.text.trim();
        if let Some(state) = text.strip_prefix("imperative_recovery:") {
            found.is_enabled = state.trim() == "ENABLED";
            is_known = true;
        } else if text != "client_state:" {
            match client(text) {
                Some(client) => found.clients.push(client),
                None => skips.push(skip(
                    line.number,
                    SkipKind::BadLine,
                    "not a log of an MGC",
                    text,
                )),
            }
        }
    }
    is_known.then_some(found)
}

fn client(text: &str) -> Option<(&str, u64)> {
    let (mut name, mut version) = (None, None);
    for (key, value) in flow::map(text)? {
        match key {
            "client" => name = Some(value),
            "nidtbl_version" => version = number(value),
            _ => {}
        }
    }
    name.zip(version)
}

#[cfg(test)]
mod tests {
    use super::super::blocks;
    use super::*;

    fn block(text: &str) -> Block<'_> {
        blocks(text.as_bytes()).next().unwrap().unwrap()
    }

    #[test]
    fn imports_of_two_releases_are_read() {
        let old = "mgc.MGC172.20.20.1@o2ib.import=\nimport:\n    name: MGC172.20.20.1@o2ib\n    target: MGS\n    state: FULL\n    connect_flags: [ version, barrier ]\n    connect_data:\n       flags: 0x2000011005002020\n       instance: 0\n    import_flags: [ pingable, connect_tried ]\n    connection:\n       failover_nids: [ 172.20.20.1@o2ib, 0@lo ]\n       current_connection: 172.20.20.1@o2ib\n       connection_attempts: 1\n    rpcs:\n       inflight: 0\n       avg_waittime: 1345 usec\n    read_data_averages:\n       bytes_per_rpc: 1048576\n       MB_per_sec: 12.34\n";
        let mut skips = Vec::new();
        let found = import(&block(old), &mut skips).unwrap();
        assert_eq!(skips, []);
        assert_eq!(
            (found.target, found.state, found.connect_data["instance"]),
            ("MGS", "FULL", "0")
        );
        assert_eq!(found.failover_nids.len(), 2);
        assert_eq!(
            found.current_connection.unwrap().to_string(),
            "172.20.20.1@o2ib"
        );
        assert_eq!(
            (
                found.avg_waittime_usecs,
                found.reads.map(|r| (r.bytes_per_rpc, r.mb_per_sec))
            ),
            (Some(1345), Some((Some(1_048_576), "12.34")))
        );
        let new = "osc.a-OST0000-osc-MDT0000.import=\nimport:\n    target: a-OST0000_UUID\n    state: CONNECTING\n    connection:\n       failover_nids: [ \"0@lo\", \"fd00::1@tcp\", \"host@tcp\" ]\n       nids_stats:\n          \"fd00::1@tcp\": { connects: 2, replied: 0, uptodate: rediscover, sec_ago: never }\n       current_connection: \"<none>\"\n       idle: 289 sec\n";
        let found = import(&block(new), &mut skips).unwrap();
        assert_eq!(
            (skips.len(), skips[0].line, skips[0].kind),
            (1, 6, SkipKind::BadValue)
        );
        assert_eq!(
            (
                found.nids[0].connects,
                found.nids[0].secs_ago,
                found.idle_secs
            ),
            (Some(2), None, Some(289))
        );
        assert_eq!(
            (found.current_connection, found.state),
            (None, "CONNECTING")
        );
        assert_eq!(import(&block("a.b.import=\n"), &mut skips), None);
    }

    #[test]
    fn exports_are_told_apart() {
        let text = "mdt.a-MDT0000.exports.0@lo.export=\nf1e85575-9c0f:\n    name: a-MDT0000\n    client: 0@lo\n    connect_flags: [ version, acl ]\n    connect_data:\n       flags: 0x1\n    export_flags: [ no_recovery ]\n    grant:\n       granted: 3407872\n       dirty: 0\n    root_fid: 0x200000007:0x1:0x0\na-MDT0001-mdtlov_UUID:\n    name: a-MDT0000\n";
        let mut skips = Vec::new();
        let found = exports(&block(text), &mut skips);
        assert_eq!((found.len(), skips.len()), (2, 0));
        assert_eq!(
            (found[0].granted, found[0].export_flags.as_slice()),
            (Some(3_407_872), ["no_recovery"].as_slice())
        );
        assert_eq!(found[1].uuid, "a-MDT0001-mdtlov_UUID");
    }

    #[test]
    fn histories_are_read() {
        let text = "osc.a.state=\ncurrent_state: FULL\nstate_history:\n - [ 1795223190, CONNECTING ]\n - [ x, FULL ]\n - [ 1795223200, FULL ]\n";
        let mut skips = Vec::new();
        let found = history(&block(text), &mut skips).unwrap();
        assert_eq!(
            found.history,
            [(1_795_223_190, "CONNECTING"), (1_795_223_200, "FULL")]
        );
        assert_eq!((skips.len(), skips[0].line), (1, 5));
        let text = "mgc.MGC1.2.3.4@tcp.ir_state=\nimperative_recovery: ENABLED\nclient_state:\n    - { client: lab01-client, nidtbl_version: 14 }\n";
        let found = ir_state(&block(text), &mut skips).unwrap();
        assert_eq!(
            (found.is_enabled, found.clients),
            (true, vec![("lab01-client", 14)])
        );
    }
}
