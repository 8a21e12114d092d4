//! Which parameters have a type of their own, told by the last part of the name.

use super::{Block, flow, hsm, import, nodemap, quota_info, scrub, security, skip, state, table};
use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Skip, SkipKind};

/// The value of a parameter that has a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Typed<'a> {
    /// `import`.
    Import(Box<import::Import<'a>>),
    /// `exports.*.export`.
    Exports(Vec<import::Export<'a>>),
    /// `state` of an import.
    History(import::ImportHistory<'a>),
    /// `ir_state`.
    IrState(import::IrState<'a>),
    /// `recovery_status`.
    Recovery(state::RecoveryStatus<'a>),
    /// `health_check`.
    Health(state::HealthCheck<'a>),
    /// `changelog_users`.
    Changelog(state::ChangelogUsers<'a>),
    /// `mgs.MGS.live.FS`.
    MgsLive(Box<state::MgsLive<'a>>),
    /// `lfsck_layout`, `lfsck_namespace`, `oi_scrub`.
    Scan(Box<scrub::Scan<'a>>),
    /// `quota_slave.info`.
    QuotaSlave(Box<quota_info::QuotaSlave<'a>>),
    /// `info` of a pool on the quota master.
    QuotaPool(quota_info::QuotaPool<'a>),
    /// `hsm.agents`.
    HsmAgents(Vec<hsm::HsmAgent<'a>>),
    /// `hsm.actions`, `hsm.active_requests`.
    HsmActions(Vec<hsm::HsmAction<'a>>),
    /// `nodemap.*.ranges`, `banlist`.
    NidRanges(Vec<nodemap::NidRange>),
    /// `nodemap.*.idmap`.
    IdMaps(Vec<nodemap::IdMap<'a>>),
    /// `nodemap.*.exports`, `exports.*.nodemap`.
    NodemapExports(Vec<nodemap::NodemapExport<'a>>),
    /// `nodemap.*.fileset`, `offset`.
    Maps(Vec<BTreeMap<&'a str, &'a str>>),
    /// `srpc_info`.
    RpcSecurity(security::RpcSecurity<'a>),
    /// `srpc_rules`.
    FlavorRules(Vec<security::FlavorRule<'a>>),
    /// `sbi_flags`, `connect_flags`.
    Flags(security::Flags<'a>),
    /// `target_obd`.
    TargetObds(Vec<state::TargetObd<'a>>),
    /// `nis`, `peers`, `routes`, `routers`, `buffers`, `hash_stats`.
    Tables(Vec<table::Table<'a>>),
    /// `exports.*.uuid`, `mgs.*.filesystems` and other lists of words.
    Words(Vec<&'a str>),
}

/// The typed value of a block, if its name has a type and its body fits; what
/// does not fit within it goes to `skips`.
pub fn typed<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Option<Typed<'a>> {
    let name = &block.name;
    let last = name.last();
    let is_nodemap = name.class == "nodemap";
    Some(match last {
        "recovery_status" => Typed::Recovery(state::recovery(block)?),
        "health_check" => Typed::Health(state::health(block)),
        "changelog_users" => Typed::Changelog(state::changelog_users(block.body)),
        "import" => Typed::Import(Box::new(import::import(block, skips)?)),
        "export" => Typed::Exports(import::exports(block, skips)),
        "state" if is_history(block) => Typed::History(import::history(block, skips)?),
        "ir_state" if !block.body.as_bytes().is_empty() => {
            Typed::IrState(import::ir_state(block, skips)?)
        }
        "lfsck_layout" | "lfsck_namespace" | "oi_scrub" => {
            Typed::Scan(Box::new(scrub::scan(block, skips)?))
        }
        "info" if name.param == "quota_slave.info" => {
            Typed::QuotaSlave(Box::new(quota_info::slave(block, skips)?))
        }
        "info" => Typed::QuotaPool(quota_info::pool(block)?),
        "agents" => Typed::HsmAgents(hsm::agents(block, skips)),
        "actions" | "active_requests" => Typed::HsmActions(hsm::actions(block, skips)),
        "ranges" | "banlist" if is_nodemap => Typed::NidRanges(nodemap::ranges(block, skips)),
        "idmap" if is_nodemap => Typed::IdMaps(nodemap::id_maps(block, skips)),
        "exports" if is_nodemap => Typed::NodemapExports(nodemap::exports(block, skips)),
        "nodemap" if name.nid.is_some() => Typed::NodemapExports(nodemap::exports(block, skips)),
        "fileset" | "offset" if is_nodemap && has_rows(block) => {
            Typed::Maps(nodemap::maps(block, skips))
        }
        "srpc_info" => Typed::RpcSecurity(security::info(block)?),
        "srpc_rules" => Typed::FlavorRules(security::rules(block, skips)),
        "sbi_flags" | "connect_flags" => Typed::Flags(security::flags(block)),
        "target_obd" => Typed::TargetObds(state::target_obds(block, skips)),
        "nis" | "peers" | "routes" | "routers" | "buffers" | "hash_stats" | "hash" => {
            Some(table::tables(block))
                .filter(|tables| !tables.is_empty())
                .map(Typed::Tables)?
        }
        "uuid" if name.nid.is_some() => Typed::Words(words(block)),
        "filesystems" if name.class == "mgs" => Typed::Words(words(block)),
        _ if name.param == "live" || name.param.starts_with("live.") => {
            Typed::MgsLive(Box::new(state::mgs_live(block)?))
        }
        _ => return None,
    })
}

fn is_history(block: &Block<'_>) -> bool {
    flow::lines(block)
        .next()
        .is_some_and(|line| line.text.trim_start().starts_with("current_state:"))
}

fn has_rows(block: &Block<'_>) -> bool {
    flow::lines(block)
        .next()
        .is_some_and(|line| line.text.trim_start().starts_with(['[', '{']))
}

fn words<'a>(block: &Block<'a>) -> Vec<&'a str> {
    flow::lines(block)
        .filter(|line| !line.is_binary)
        .map(|line| line.text.trim())
        .collect()
}

/// Says of bytes that are not text in the body of a typed parameter.
pub(crate) fn binary(block: &Block<'_>, skips: &mut Vec<Skip>) {
    if block.body.is_text() {
        return;
    }
    for line in block.body.filter(|line| line.is_binary) {
        skips.push(skip(
            line.number,
            SkipKind::Binary,
            "bytes that are not text after",
            line.text,
        ));
    }
}
