//! `candela fs create` and its like: a proposal is asked for, shown, and planned.

use super::change::{carry_out, use_verb};
use super::{filesystem, spec};
use crate::args::Common;
use crate::args::change::{BackEndArg, CreateArgs, FsVerb, GrowArgs, HaArg, Parts, Things};
use crate::client::Client;
use crate::output::{self, Screen, short_bytes, some_or_dash};
use anyhow::{Context, Result};
use api::propose::{MgsWish, Proposal, Wish};
use api::spec::{BackEnd, Edit, Fencing, HaManager, PlanRequest, PoolSpec};
use std::path::Path;
use std::process::ExitCode;

/// Creates and changes file systems.
pub async fn run(client: &Client, verb: FsVerb, common: &Common) -> Result<ExitCode> {
    let noun = "filesystem";
    match verb {
        FsVerb::Read(read) => {
            filesystem::run(client, read, common).await?;
            Ok(ExitCode::SUCCESS)
        }
        FsVerb::Create(args) => create(client, *args, common).await,
        FsVerb::Grow(args) => grow(client, *args, common).await,
        FsVerb::Start(things) => use_verb(client, (noun, "start"), &things, common).await,
        FsVerb::Stop(things) => use_verb(client, (noun, "stop"), &things, common).await,
        FsVerb::Remove(things) => use_verb(client, (noun, "remove"), &things, common).await,
        FsVerb::Forget(things) => forget(client, &things, common).await,
    }
}

async fn forget(client: &Client, things: &Things, common: &Common) -> Result<ExitCode> {
    let mut asked = PlanRequest::default();
    for name in super::expand(&things.names)? {
        asked.edits.push(Edit::ForgetFilesystem {
            filesystem: name.parse()?,
        });
    }
    carry_out(client, asked, &things.doing, common).await
}

fn wish(name: &str, parts: Parts) -> Result<Wish> {
    let has_pool = parts.pool_layout.is_some() || parts.pool_devices.is_some();
    Ok(Wish {
        mdt_servers: parts.mdt_servers,
        ost_servers: parts.ost_servers,
        n_mdts: parts.mdts,
        n_osts: parts.osts,
        mdt_devices: parts.mdt_device,
        ost_devices: parts.ost_device,
        ost_pool: has_pool.then(|| PoolSpec {
            layout: parts.pool_layout,
            n_devices: parts.pool_devices.unwrap_or(1),
            ..PoolSpec::default()
        }),
        ..Wish::named(name.parse()?)
    })
}

async fn create(client: &Client, args: CreateArgs, common: &Common) -> Result<ExitCode> {
    let mut wish = wish(&args.name, args.parts)?;
    wish.back_end = match args.back_end {
        BackEndArg::Ldiskfs => BackEnd::Ldiskfs,
        BackEndArg::Zfs => BackEnd::Zfs,
    };
    wish.mgs = args.mgs.map(|word| match word.as_str() {
        "on-mdt0" => MgsWish::OnMdt0,
        "own" => MgsWish::Own,
        _ => MgsWish::Of(word),
    });
    wish.ha = args.ha.map(|ha| match ha {
        HaArg::Pacemaker => HaManager::Pacemaker,
        HaArg::None => HaManager::None,
    });
    wish.fencing = args.fencing.as_deref().map(fencing).transpose()?;
    proposed(client, &wish, &args.doing, common).await
}

async fn grow(client: &Client, args: GrowArgs, common: &Common) -> Result<ExitCode> {
    let wish = wish(&args.name, args.parts)?;
    proposed(client, &wish, &args.doing, common).await
}

fn fencing(file: &Path) -> Result<Fencing> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("could not read {}", file.display()))?;
    serde_saphyr::from_str(&text)
        .with_context(|| format!("{} does not describe fencing", file.display()))
}

async fn proposed(
    client: &Client,
    wish: &Wish,
    doing: &crate::args::change::Doing,
    common: &Common,
) -> Result<ExitCode> {
    let made: Proposal = client.post("filesystems/propose", wish).await?;
    let is_data = doing.dry_run && !common.output.is_table();
    if !is_data {
        output::say(&show(&made, Screen::standard()))?;
    }
    if made.findings.iter().any(|finding| finding.is_error) {
        return Ok(ExitCode::FAILURE);
    }
    let asked = PlanRequest {
        edits: made.edits,
        ..PlanRequest::default()
    };
    carry_out(client, asked, doing, common).await
}

/// A proposal, for people.
pub(crate) fn show(made: &Proposal, screen: Screen) -> String {
    let rows = made.targets.iter().map(|target| {
        vec![
            target.label.clone(),
            target.home.clone(),
            some_or_dash(stdx::hostlist::fold(&target.heirs)),
            short_bytes(target.bytes),
            target.devices.join(" "),
            some_or_dash(target.holds.join("; ")),
        ]
    });
    let head = ["TARGET", "HOME", "HEIRS~", "SIZE", "DEVICES~", "HOLDS~"];
    let targets = output::table_block("Proposed", screen, &head, rows);
    let left = made.left_out.iter().map(|one| {
        let (path, why) = (one.path.clone(), one.why.clone());
        vec![
            one.device.clone(),
            one.server.clone(),
            path,
            short_bytes(one.bytes),
            why,
        ]
    });
    let head = ["DEVICE~", "ON", "PATH~", "SIZE", "WHY NOT~"];
    let left = output::table_block("Left out", screen, &head, left);
    let more = u32::try_from(made.left_out.len()).unwrap_or(u32::MAX);
    let more = match made.n_left_out.saturating_sub(more) {
        0 => String::new(),
        n => format!("and {n} more\n"),
    };
    let found = spec::findings(&made.findings, screen);
    [targets, left, more, found].concat().trim().to_owned()
}
