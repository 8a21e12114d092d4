//! What an MGS that runs here knows: its logs, and what it serves of them.

use super::super::Look;
use lustre::disk::{LogTarget, llog_text, registry};
use lustre::label::{FsName, TargetLabel};
use lustre::param::{Block, state};
use model::report::{Lustre, MgsFs, MgsTarget, TargetSource};

/// File systems of one MGS whose logs are read.
const LOGS_MAX: usize = 100;

/// Takes `mgs.MGS.live.FS`.
pub fn add_live(found: &mut Lustre, block: &Block<'_>) {
    let Some(live) = state::mgs_live(block) else {
        return;
    };
    let targets = live.targets.into_iter().map(MgsTarget::named);
    found.mgs.push(MgsFs {
        fs: live.fs,
        evidence: block.name.full.to_owned(),
        targets: targets.collect(),
        ir_state: live.ir_state.map(str::to_owned),
    });
}

/// Adds the log that clients are given of each file system, where an MGS runs.
/// It names the nodes of each target, which no parameter does. `is_told`: what
/// is mounted or set up here is known.
pub fn settle(look: &mut Look<'_>, found: &mut Lustre, is_told: bool) {
    if !runs_mgs(found) {
        if is_told {
            found.mgs.clear();
        }
        return;
    }
    for fs in names(look, found) {
        let name = format!("{fs}-client");
        let print = ["lctl", "--device", "MGS", "llog_print", &name];
        let Some((bytes, source)) = look.run("lustre", &[&print]) else {
            continue;
        };
        let (records, skips) = llog_text::parse(&bytes);
        look.skips("lustre", &source, &skips);
        let log = registry::read(&records);
        // A log without targets is left of a name that was once mistyped.
        let targets = log.targets.into_iter();
        let targets: Vec<LogTarget> = targets
            .filter(|target| target.label.fs() == Some(&fs))
            .collect();
        if !targets.is_empty() {
            add_log(found, fs, &name, targets);
        }
    }
}

fn runs_mgs(found: &Lustre) -> bool {
    let is_up = |target: &&model::report::TargetSeen| match target.source {
        TargetSource::Mount => true,
        TargetSource::ObdDevice => target.obd_state.as_deref() == Some("UP"),
        _ => false,
    };
    let mut running = found.targets.iter().filter(is_up);
    running.any(|target| target.label == TargetLabel::Mgs || target.is_mgs_too)
}

/// File systems that have a log, as the MGS lists them; those that it serves
/// where it lists none.
fn names(look: &mut Look<'_>, found: &Lustre) -> Vec<FsName> {
    let list = look.run("lustre", &[&["lctl", "--device", "MGS", "llog_catlist"]]);
    let Some((bytes, source)) = list else {
        return found.mgs.iter().map(|mgs| mgs.fs.clone()).collect();
    };
    let (logs, skips) = llog_text::catalog(&bytes);
    look.skips("lustre", &source, &skips);
    let names = logs.iter().filter_map(|log| log.strip_suffix("-client"));
    let mut names: Vec<FsName> = names.filter_map(|name| FsName::new(name).ok()).collect();
    names.sort();
    names.dedup();
    names.truncate(LOGS_MAX);
    names
}

fn add_log(found: &mut Lustre, fs: FsName, name: &str, targets: Vec<LogTarget>) {
    let at = found.mgs.iter().position(|mgs| mgs.fs == fs);
    let at = at.unwrap_or_else(|| {
        found.mgs.push(MgsFs {
            fs,
            evidence: String::new(),
            targets: Vec::new(),
            ir_state: None,
        });
        found.mgs.len() - 1
    });
    let Some(mgs) = found.mgs.get_mut(at) else {
        return;
    };
    if !mgs.evidence.is_empty() {
        mgs.evidence.push_str(" and ");
    }
    mgs.evidence.push_str("llog ");
    mgs.evidence.push_str(name);
    for target in targets {
        let made = MgsTarget {
            label: target.label,
            nodes: target.nodes,
            is_inactive: !target.is_active,
        };
        match mgs.targets.iter_mut().find(|one| one.label == made.label) {
            Some(known) => *known = made,
            None => mgs.targets.push(made),
        }
    }
}
