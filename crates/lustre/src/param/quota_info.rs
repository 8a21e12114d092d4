//! The state of quota: `quota_slave.info` on a target, `info` of a pool on the master.

use super::flow;
use super::stats::number;
use super::{Block, skip};
use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Skip, SkipKind};

/// Quota on one target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QuotaSlave<'a> {
    /// The target.
    pub target: &'a str,
    /// Number of the pool.
    pub pool_id: Option<u64>,
    /// `md` or `dt`.
    pub kind: &'a str,
    /// What is enforced: `none`, `u`, `g`, `ug`, `ugp`, …
    pub enforced: &'a str,
    /// `setup` or `not setup yet`.
    pub connection: &'a str,
    /// What is counted: `ug`, `ugp`, `none`.
    pub accounted: &'a str,
    /// How far the copies of the master's indices are, by `user`, `group`, `project`.
    pub uptodate: BTreeMap<&'a str, QuotaCopy>,
}

/// How far a target's copy of the limits is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QuotaCopy {
    /// The global index is up to date.
    pub has_global: bool,
    /// The target's own index is up to date.
    pub has_slave: bool,
    /// It is being brought up to date.
    pub is_reintegrating: bool,
}

/// Reads `quota_slave.info`; none without any field of it.
pub fn slave<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Option<QuotaSlave<'a>> {
    let mut found = QuotaSlave::default();
    for line in flow::lines(block) {
        let Some((key, value)) = flow::split(line.text) else {
            skips.push(skip(
                line.number,
                SkipKind::BadLine,
                "not a field of a quota slave",
                line.text,
            ));
            continue;
        };
        match key {
            "target name" => found.target = value,
            "pool ID" => found.pool_id = number(value),
            "type" => found.kind = value,
            "quota enabled" => found.enforced = value,
            "conn to master" => found.connection = value,
            "space acct" => found.accounted = value,
            key => {
                if let Some(who) = key.strip_suffix(" uptodate") {
                    found.uptodate.insert(who, copy(value));
                }
            }
        }
    }
    (!found.target.is_empty() || !found.enforced.is_empty()).then_some(found)
}

/// `glb[1],slv[1],reint[0]`.
fn copy(text: &str) -> QuotaCopy {
    let is = |name: &str| {
        text.split(',').any(|part| {
            part.trim()
                .strip_prefix(name)
                .is_some_and(|flag| flag == "[1]")
        })
    };
    QuotaCopy {
        has_global: is("glb"),
        has_slave: is("slv"),
        is_reintegrating: is("reint"),
    }
}

/// A pool of quota on the master.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QuotaPool<'a> {
    /// Number.
    pub id: Option<u64>,
    /// `md` or `dt`.
    pub kind: &'a str,
    /// KiB or inodes granted at a time, at least.
    pub least_qunit: Option<u64>,
    /// Targets and entries by `usr`, `grp`, `prj`.
    pub members: BTreeMap<&'a str, QuotaMembers>,
}

/// Sizes of one index of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QuotaMembers {
    /// Targets that take part.
    pub n_targets: Option<u64>,
    /// Ids with an entry.
    pub n_entries: Option<u64>,
}

/// Reads `info` of a pool; none without a type.
pub fn pool<'a>(block: &Block<'a>) -> Option<QuotaPool<'a>> {
    let mut found = QuotaPool::default();
    for pair in flow::pairs(block).flatten() {
        match (pair.section, pair.key) {
            ("pool", "id") => found.id = number(pair.value),
            ("pool", "type") => found.kind = pair.value,
            ("pool", "least_qunit" | "least qunit") => found.least_qunit = number(pair.value),
            (who @ ("usr" | "grp" | "prj"), key) => {
                let members = found.members.entry(who).or_default();
                match key {
                    "quota_servers" | "#slv" => members.n_targets = number(pair.value),
                    "quota_entries" | "#lqe" => members.n_entries = number(pair.value),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    (!found.kind.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::super::blocks;
    use super::*;

    fn block(text: &str) -> Block<'_> {
        blocks(text.as_bytes()).next().unwrap().unwrap()
    }

    #[test]
    fn quota_of_a_target_is_read() {
        let text = "osd-zfs.a-MDT0000.quota_slave.info=\ntarget name:    a-MDT0000\npool ID:         0\ntype:            md\nquota enabled:   ugp\nconn to master:  setup\nspace acct:     ugp\nuser uptodate:  glb[1],slv[1],reint[0]\nproject uptodate: glb[0],slv[0],reint[1]\n";
        let mut skips = Vec::new();
        let found = slave(&block(text), &mut skips).unwrap();
        assert_eq!((found.enforced, found.connection), ("ugp", "setup"));
        assert!(found.uptodate["user"].has_slave);
        assert!(found.uptodate["project"].is_reintegrating);
        assert_eq!(skips, []);
    }

    #[test]
    fn pools_of_two_releases_are_read() {
        let old = "qmt.a.dt-0x0.info=\npool:\n    id: 0\n    type: md\n    ref: 2\n    least qunit: 1024\n    usr:\n        #slv: 0\n        #lqe: 1\n";
        let new = "qmt.a.dt-0x0.info=\npool:\n    id: 0\n    type: dt\n    least_qunit: 1024\n    usr:\n        quota_servers: 4\n        quota_entries: 1\n";
        for (text, kind, targets) in [(old, "md", 0), (new, "dt", 4)] {
            let found = pool(&block(text)).unwrap();
            assert_eq!((found.kind, found.least_qunit), (kind, Some(1024)));
            assert_eq!(found.members["usr"].n_targets, Some(targets));
        }
    }
}
