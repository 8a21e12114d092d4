//! What a target, a server or an MGS says of its state.

use super::security::{self, FlavorRule};
use super::stats::number;
use super::{Block, Lines, flow, skip};
use crate::label::{FsName, TargetLabel};
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// `recovery_status`. Counts and times are absent where they are not printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecoveryStatus<'a> {
    /// `INACTIVE`, `COMPLETE`, `RECOVERING`, `WAITING`, `WAITING_FOR_CLIENTS`.
    pub status: &'a str,
    /// When it began, seconds since 1970.
    pub start: Option<u64>,
    /// Seconds it took.
    pub duration: Option<u64>,
    /// Seconds left at most.
    pub time_remaining: Option<u64>,
    /// Clients connected, and expected.
    pub connected: Option<(u64, u64)>,
    /// Clients done, and expected.
    pub completed: Option<(u64, u64)>,
    /// Clients evicted.
    pub evicted: Option<u64>,
    /// `non-ready MDTs` that are waited for.
    pub waits_for: Option<&'a str>,
}

/// Reads it in both forms: the status behind the `=`, or on a line below.
pub fn recovery<'a>(block: &Block<'a>) -> Option<RecoveryStatus<'a>> {
    let mut found = RecoveryStatus::default();
    for (key, value) in fields(block) {
        let count = || value.split('/').next().and_then(|n| number(n.trim()));
        let pair = || {
            let (a, b) = value.split_once('/')?;
            Some((number(a.trim())?, number(b.trim())?))
        };
        match key {
            "status" => found.status = value,
            "recovery_start" => found.start = count(),
            "recovery_duration" => found.duration = count(),
            "time_remaining" => found.time_remaining = count(),
            "connected_clients" => found.connected = pair(),
            "completed_clients" => found.completed = pair(),
            "evicted_clients" => found.evicted = count(),
            "non-ready MDTs" => found.waits_for = Some(value),
            _ => {}
        }
    }
    (!found.status.is_empty()).then_some(found)
}

/// `key: value` pairs, of the inline part first.
pub fn fields<'a>(block: &Block<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let inline = std::iter::once(block.inline);
    let all = inline.chain(block.body.map(|line| line.text));
    all.filter_map(|text| {
        let (key, value) = text.split_once(':')?;
        Some((key.trim().trim_start_matches("- "), value.trim()))
    })
}

/// `health_check`: the word, and devices it names as unhealthy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HealthCheck<'a> {
    /// Whether it says `healthy`.
    pub is_healthy: bool,
    /// Devices named.
    pub unhealthy: Vec<&'a str>,
}

/// Reads both forms: the word behind the `=`, or lines below (2.12 and debugfs).
pub fn health<'a>(block: &Block<'a>) -> HealthCheck<'a> {
    let mut found = HealthCheck::default();
    for text in std::iter::once(block.inline).chain(block.body.map(|line| line.text)) {
        let text = text.trim();
        if text == "healthy" {
            found.is_healthy = true;
        } else if let Some(rest) = text.strip_prefix("device ") {
            found.unhealthy.extend(rest.split_ascii_whitespace().next());
        }
    }
    found.is_healthy &= found.unhealthy.is_empty();
    found
}

/// `mgs.MGS.live.FS`: what an MGS knows of one file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MgsLive<'a> {
    /// The file system; `params` is no file system and gives none.
    pub fs: FsName,
    /// Its targets.
    pub targets: Vec<TargetLabel>,
    /// `full`, `startup`, `partial`, `disabled`.
    pub ir_state: Option<&'a str>,
    /// Flags of its configuration, as printed.
    pub flags: Option<&'a str>,
    /// Generation of its configuration.
    pub generation: Option<u64>,
    /// Rules of sptlrpc.
    pub rules: Vec<FlavorRule<'a>>,
    /// Clients that cannot take part in imperative recovery.
    pub n_nonir_clients: Option<u64>,
    /// Version of the table of NIDs.
    pub nidtbl_version: Option<u64>,
    /// Times that clients were told of a restart.
    pub notify_count: Option<u64>,
}

/// Reads it; none for the MGS's own `params` log.
pub fn mgs_live<'a>(block: &Block<'a>) -> Option<MgsLive<'a>> {
    let mut fs = None;
    let mut found = MgsLive {
        fs: FsName::new("x").ok()?,
        targets: Vec::new(),
        ir_state: None,
        flags: None,
        generation: None,
        rules: Vec::new(),
        n_nonir_clients: None,
        nidtbl_version: None,
        notify_count: None,
    };
    for line in block.body {
        let text = line.text.trim();
        if let Ok(label) = text.parse::<TargetLabel>() {
            found.targets.push(label);
        } else if let Some(rule) = security::rule(text) {
            found.rules.push(rule);
        } else if let Some((key, value)) = flow::split(text) {
            match key {
                "fsname" => {
                    fs = FsName::new(value)
                        .ok()
                        .filter(|name| name.as_str() != "params");
                }
                "flags" => {
                    let mut words = value.split_ascii_whitespace();
                    found.flags = words.next();
                    found.generation = words.nth(1).and_then(number);
                }
                "state" => found.ir_state = found.ir_state.or(Some(value)),
                "nonir_clients" => found.n_nonir_clients = number(value),
                "nidtbl_version" => found.nidtbl_version = number(value),
                "notify_count" => found.notify_count = number(value),
                _ => {}
            }
        }
    }
    found.fs = fs?;
    found.targets.retain(|label| label.fs() == Some(&found.fs));
    Some(found)
}

/// `changelog_users` of an MDT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChangelogUsers<'a> {
    /// Newest record.
    pub current: Option<u64>,
    /// The consumers.
    pub users: Vec<ChangelogUser<'a>>,
}

/// One consumer of a changelog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ChangelogUser<'a> {
    /// `cl1`, `cl2-name`.
    pub id: &'a str,
    /// Last record it cleared.
    pub index: u64,
    /// Seconds since it last cleared one.
    pub idle: Option<u64>,
    /// Types of record it asks for, where it asks for few (2.15 or newer).
    pub mask: Option<&'a str>,
}

/// The consumers of a changelog, and its newest record.
pub fn changelog_users(lines: Lines<'_>) -> ChangelogUsers<'_> {
    let mut found = ChangelogUsers::default();
    for line in lines {
        let text = line.text.trim();
        let index = text
            .strip_prefix("current index:")
            .or(text.strip_prefix("current_index:"));
        if let Some(index) = index {
            found.current = number(index.trim());
            continue;
        }
        let mut words = text.split_ascii_whitespace();
        let id = words.next().filter(|id| id.starts_with("cl"));
        let index = words.next().and_then(number);
        let (mut idle, mut mask) = (None, None);
        for word in words {
            match word.strip_prefix("mask=") {
                Some(names) => mask = Some(names),
                None => idle = idle.or(number(word.trim_matches(['(', ')', ',']))),
            }
        }
        found
            .users
            .extend(id.zip(index).map(|(id, index)| ChangelogUser {
                id,
                index,
                idle,
                mask,
            }));
    }
    found
}

/// One target below a `lov` or `lmv`, in `target_obd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TargetObd<'a> {
    /// Its number.
    pub index: u64,
    /// UUID: `lab01-OST0000_UUID`.
    pub uuid: &'a str,
    /// Whether it is used.
    pub is_active: bool,
}

/// `0: lab01-OST0000_UUID ACTIVE`.
pub fn target_obd(text: &str) -> Option<TargetObd<'_>> {
    let (index, rest) = text.trim().split_once(": ")?;
    let (uuid, state) = rest.trim().rsplit_once(' ')?;
    Some(TargetObd {
        index: number(index)?,
        uuid: uuid.trim(),
        is_active: match state {
            "ACTIVE" => true,
            "INACTIVE" => false,
            _ => return None,
        },
    })
}

/// Reads `target_obd`.
pub fn target_obds<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Vec<TargetObd<'a>> {
    let mut found = Vec::new();
    for line in flow::lines(block) {
        match target_obd(line.text) {
            Some(target) => found.push(target),
            None => skips.push(skip(
                line.number,
                SkipKind::BadLine,
                "not a target of a lov",
                line.text,
            )),
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
    fn recovery_is_read_in_both_forms() {
        let one = "obdfilter.a-OST0000.recovery_status=status: WAITING_FOR_CLIENTS\nnon-ready MDTs:  0001\n";
        let found = recovery(&block(one)).unwrap();
        assert_eq!(
            (found.status, found.waits_for),
            ("WAITING_FOR_CLIENTS", Some("0001"))
        );
        let two = "mdt.a-MDT0000.recovery_status=\nstatus: COMPLETE\nrecovery_start: 1600000000\nrecovery_duration: 61\ncompleted_clients: 2/3\n";
        let found = recovery(&block(two)).unwrap();
        assert_eq!(
            (found.status, found.duration, found.completed),
            ("COMPLETE", Some(61), Some((2, 3)))
        );
        assert_eq!(recovery(&block("a.b.recovery_status=\n")), None);
    }

    #[test]
    fn health_is_read_in_both_forms() {
        assert!(health(&block("health_check=healthy")).is_healthy);
        let sick = health(&block(
            "health_check=\ndevice a-OST0001 reported unhealthy\nNOT HEALTHY",
        ));
        assert_eq!(
            (sick.is_healthy, sick.unhealthy),
            (false, vec!["a-OST0001"])
        );
        assert!(!health(&block("health_check=LBUG")).is_healthy);
    }

    #[test]
    fn an_mgs_names_its_targets() {
        let text = "mgs.MGS.live.lab01=\nfsname: lab01\nflags: 0x20     gen: 28\nlab01-MDT0000\nlab01-OST0003\n\nSecure RPC Config Rules:\nlab01.srpc.flavor.default=skpi\n\nimperative_recovery_state:\n    state: startup\n";
        let live = mgs_live(&block(text)).unwrap();
        assert_eq!((live.targets.len(), live.ir_state), (2, Some("startup")));
        assert_eq!(
            (live.flags, live.generation, live.rules[0].flavor),
            (Some("0x20"), Some(28), "skpi")
        );
        assert_eq!(
            mgs_live(&block("mgs.MGS.live.params=\nfsname: params\n")),
            None
        );
    }

    #[test]
    fn changelog_users_are_read_in_both_forms() {
        let old = "current index: 34\nID    index (idle seconds)\ncl1   3 (27)\n";
        let found = changelog_users(Lines::new(old.as_bytes(), 1));
        assert_eq!(
            (found.current, found.users[0].index, found.users[0].idle),
            (Some(34), 3, Some(27))
        );
        let new = "current_index: 5\nID                            index (idle) mask\ncl2-x 4 (1) mask=ALL\n";
        let user = changelog_users(Lines::new(new.as_bytes(), 1)).users[0];
        assert_eq!(
            (user.id, user.idle, user.mask),
            ("cl2-x", Some(1), Some("ALL"))
        );
    }
}
