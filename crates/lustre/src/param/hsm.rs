//! HSM on an MDT: copytools (`hsm.agents`), orders (`hsm.actions`) and what is
//! being done (`hsm.active_requests`).

use super::flow;
use super::stats::number;
use super::{Block, skip};
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// One copytool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HsmAgent<'a> {
    /// UUID of the client it runs on.
    pub uuid: &'a str,
    /// Archives it serves: `1`, `1,2`, `ANY`.
    pub archives: &'a str,
    /// Requests it works on.
    pub current: Option<u64>,
    /// Requests it did.
    pub ok: Option<u64>,
    /// Requests that failed.
    pub errors: Option<u64>,
}

/// The copytools; a line without a `uuid` is skipped.
pub fn agents<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Vec<HsmAgent<'a>> {
    let read = |text: &'a str| {
        let mut found = HsmAgent::default();
        for (key, value) in flow::words(text) {
            match key {
                "uuid" => found.uuid = value,
                "archive_id" => found.archives = value,
                "requests" => counts(&mut found, value),
                _ => {}
            }
        }
        (!found.uuid.is_empty()).then_some(found)
    };
    rows(block, skips, "not a copytool", read)
}

fn counts(found: &mut HsmAgent<'_>, text: &str) {
    for pair in text.trim_matches(['[', ']']).split_ascii_whitespace() {
        match pair.split_once(':') {
            Some(("current", n)) => found.current = number(n),
            Some(("ok", n)) => found.ok = number(n),
            Some(("errors", n)) => found.errors = number(n),
            _ => {}
        }
    }
}

/// One order to archive, restore or remove a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HsmAction<'a> {
    /// The file.
    pub fid: &'a str,
    /// Where its data is put.
    pub data_fid: &'a str,
    /// Number of the order, hexadecimal.
    pub cookie: &'a str,
    /// `ARCHIVE`, `RESTORE`, `REMOVE`, `CANCEL`.
    pub action: &'a str,
    /// The archive.
    pub archive: Option<u64>,
    /// Bytes it is for: `0x0-0xffffffffffffffff`.
    pub extent: &'a str,
    /// `WAITING`, `STARTED`, `SUCCEED`, `FAILED`, `CANCELED`; none in `active_requests`.
    pub status: Option<&'a str>,
    /// UUID of the copytool that does it; only in `active_requests`.
    pub agent: Option<&'a str>,
    /// Bytes done; only in `active_requests`.
    pub bytes_done: Option<u64>,
}

/// The orders; a line without a FID and an action is skipped.
pub fn actions<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Vec<HsmAction<'a>> {
    let read = |text: &'a str| {
        let mut found = HsmAction::default();
        for (key, value) in flow::words(text) {
            let bare = value.trim_matches(['[', ']']);
            match key {
                "fid" => found.fid = bare,
                "dfid" => found.data_fid = bare,
                "compound/cookie" | "cookie" => {
                    found.cookie = value.rsplit('/').next().unwrap_or_default();
                }
                "action" => found.action = value,
                "archive#" => found.archive = number(value),
                "extent" => found.extent = value,
                "status" => found.status = Some(value),
                "uuid" => found.agent = Some(value),
                "done" => found.bytes_done = number(value),
                _ => {}
            }
        }
        (!found.fid.is_empty() && !found.action.is_empty()).then_some(found)
    };
    rows(block, skips, "not an HSM order", read)
}

fn rows<'a, T>(
    block: &Block<'a>,
    skips: &mut Vec<Skip>,
    what: &str,
    read: impl Fn(&'a str) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    for line in flow::lines(block) {
        match read(line.text) {
            Some(row) => found.push(row),
            None => skips.push(skip(line.number, SkipKind::BadLine, what, line.text)),
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
    fn copytools_are_read() {
        let mut skips = Vec::new();
        let one = "mdt.a-MDT0000.hsm.agents=uuid=f1e85575 archive_id=1,2 requests=[current:0 ok:1 errors:3]\nmore\n";
        let found = agents(&block(one), &mut skips);
        assert_eq!(
            (found[0].archives, found[0].ok, found[0].errors),
            ("1,2", Some(1), Some(3))
        );
        assert_eq!((skips.len(), skips[0].line), (1, 2));
        assert_eq!(agents(&block("mdt.a.hsm.agents="), &mut skips), []);
    }

    #[test]
    fn orders_are_read() {
        let mut skips = Vec::new();
        let text = "mdt.a-MDT0000.hsm.actions=\nlrh=[type=10680000 len=136 idx=1/2] fid=[0x200000bd1:0x2:0x0] dfid=[0x200000bd1:0x9:0x0] compound/cookie=0x0/0x6b00f0b8 action=RESTORE archive#=1 flags=0x4 extent=0x0-0xffffffffffffffff gid=0x0 datalen=0 status=SUCCEED data=[]\n";
        let found = actions(&block(text), &mut skips);
        assert_eq!(
            (found[0].fid, found[0].cookie, found[0].status),
            ("0x200000bd1:0x2:0x0", "0x6b00f0b8", Some("SUCCEED"))
        );
        let text = "mdt.a.hsm.active_requests=fid=[0x1:0x2:0x0] dfid=[0x1:0x2:0x0] compound/cookie=0x5/0x6 action=ARCHIVE archive#=1 flags=0x0 extent=0x0-0x1 gid=0x0 data=[AB CD] canceled=0 uuid=x-y done=4096";
        let found = actions(&block(text), &mut skips);
        assert_eq!(
            (found[0].agent, found[0].bytes_done),
            (Some("x-y"), Some(4096))
        );
        assert_eq!(skips, []);
    }
}
