//! Changes: each is planned, shown, asked about, and then carried out as it was
//! shown.

use super::{job, spec};
use crate::args::Common;
use crate::args::change::{ClientVerb, Doing, HaVerb, ServerVerb, TargetVerb, Things, ZpoolVerb};
use crate::client::{Client, segment};
use crate::output::{self, Screen};
use anyhow::{Context, Result, bail};
use api::allowed::{Allowed, AllowedVerb};
use api::job::{JobMade, NewJob};
use api::page::Done;
use api::spec::{ConsentGiven, ConsentNeeded, Edit, Goal, Plan, PlanRequest};
use rustix::termios::isatty;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;

/// What [`api::spec::ConsentNeeded::signature`] is where nothing is lost.
const BLANK: &str = "blank";

/// Shows the plan of what is asked, asks for what it needs, and has it done.
pub(super) async fn carry_out(
    client: &Client,
    asked: PlanRequest,
    doing: &Doing,
    common: &Common,
) -> Result<ExitCode> {
    let shown: Plan = client.post("plan", &asked).await?;
    if doing.dry_run && !common.output.is_table() {
        output::data(common.output, &shown)?;
    } else {
        output::say(&spec::show(&shown, Screen::standard()))?;
    }
    let is_wrong = shown.findings.iter().any(|finding| finding.is_error);
    if is_wrong || doing.dry_run {
        return Ok(ExitCode::from(u8::from(is_wrong)));
    }
    let is_change = shown.spec.is_some() || asked.spec.is_some();
    if shown.steps.is_empty() && shown.removes.is_empty() && !is_change {
        // What is waited for was shown; it is not done.
        return Ok(ExitCode::from(u8::from(!shown.waiting.is_empty())));
    }
    let consents = consents(&shown.consent_needed, doing)?;
    if !doing.yes {
        confirm("Carry it out? Type yes: ", "yes")?;
    }
    let body = NewJob {
        spec: asked.spec,
        edits: asked.edits,
        base_version: shown.base_version,
        note: doing.note.clone(),
        goals: asked.goals,
        consents,
        plan_hash: shown.hash,
    };
    let made: JobMade = client.post("jobs", &body).await?;
    let is_kept = made.spec_version != shown.base_version;
    if is_kept {
        eprintln!("version {} of the spec is kept", made.spec_version);
    }
    let Some(id) = made.id else {
        if shown.removes.is_empty() {
            eprintln!("there is nothing to do");
        }
        return Ok(ExitCode::SUCCESS);
    };
    eprintln!("job {id} has begun");
    let code = if doing.follow {
        job::follow(client, &id).await?
    } else {
        eprintln!("  see how it goes: candela job follow {id}");
        ExitCode::SUCCESS
    };
    if !shown.waiting.is_empty() {
        let n = shown.waiting.len();
        eprintln!(
            "{n} things wait, as shown, and are not in this job; give the command again then"
        );
    }
    Ok(code)
}

/// Whether it is about a server that is to be held off, and about no device.
fn is_of_server(one: &ConsentNeeded) -> bool {
    one.device.starts_with("server:")
}

/// A person's word for each device that needs one.
fn consents(needed: &[ConsentNeeded], doing: &Doing) -> Result<Vec<ConsentGiven>> {
    let is_given = |one: &ConsentNeeded| {
        doing.yes_destroy.iter().any(|word| {
            let is_named = [&one.device, &one.target, &one.word].contains(&word);
            is_named || (word == BLANK && one.signature == BLANK)
        })
    };
    let (blank, held): (Vec<_>, Vec<_>) = needed
        .iter()
        .filter(|one| !is_given(one))
        .partition(|one| one.signature == BLANK);
    if doing.yes
        && let Some(one) = held.first().or(blank.first())
    {
        let word = if one.signature == BLANK {
            BLANK
        } else {
            &one.word
        };
        bail!(
            "{} needs consent ({}); --yes does not give it\n  add --yes-destroy {word}",
            one.device,
            one.signature,
        );
    }
    if !blank.is_empty() {
        let n = blank.len();
        let prompt = format!("{n} blank devices are written to. Type {BLANK} to agree: ");
        confirm(&prompt, BLANK)?;
    }
    let mut by_fs: BTreeMap<&str, Vec<&ConsentNeeded>> = BTreeMap::new();
    for one in held {
        by_fs.entry(&one.word).or_default().push(one);
    }
    for (name, all) in by_fs {
        let (off, devices): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| is_of_server(one));
        for one in &devices {
            eprintln!(
                "{} on {} loses {}",
                one.device, one.server.name, one.signature
            );
        }
        for one in off {
            eprintln!("{}", one.why);
        }
        let prompt = match devices.len() {
            0 => format!("Type {name} to say that it is off: "),
            n => format!("{n} devices lose all that they hold. Type {name} to agree: "),
        };
        confirm(&prompt, name)?;
    }
    let given = needed.iter().map(|one| ConsentGiven {
        device: one.device.clone(),
        signature: one.signature.clone(),
    });
    Ok(given.collect())
}

/// Goes on only where this word is typed.
pub(super) fn confirm(prompt: &str, word: &str) -> Result<()> {
    let input = std::io::stdin();
    if !isatty(&input) {
        bail!("nobody can be asked here\n  give --yes to go on without a question");
    }
    eprint!("{prompt}");
    std::io::stderr()
        .flush()
        .context("could not write to the terminal")?;
    let mut line = String::new();
    input
        .lock()
        .read_line(&mut line)
        .context("could not read the answer")?;
    if line.trim() != word {
        bail!("nothing was done");
    }
    Ok(())
}

/// Uses a verb of some things: each must allow it, and says what to plan.
pub(super) async fn use_verb(
    client: &Client,
    of: (&str, &str),
    things: &Things,
    common: &Common,
) -> Result<ExitCode> {
    let names = super::names_of(of.0, &things.names)?;
    use_of(client, of, &names, (&things.doing, common)).await
}

/// The same for names that are known one by one.
async fn use_of(
    client: &Client,
    of: (&str, &str),
    names: &[String],
    (doing, common): (&Doing, &Common),
) -> Result<ExitCode> {
    let mut asked = PlanRequest::default();
    for name in names {
        let verb = allowed(client, of, name).await?;
        asked.goals.extend(verb.goals);
        asked.edits.extend(verb.edits);
    }
    carry_out(client, asked, doing, common).await
}

/// A verb of a thing, if it may be used.
async fn allowed(client: &Client, of: (&str, &str), name: &str) -> Result<AllowedVerb> {
    let (noun, verb) = of;
    let query = [("thing", name.to_owned()), ("noun", noun.to_owned())];
    let found: Allowed = client.get("allowed", &query).await?;
    let own = found.verbs.into_iter().find(|known| known.verb == verb);
    let own = own.with_context(|| format!("a {noun} cannot {verb}"))?;
    if let Some(why) = &own.why_not {
        bail!("{verb} {name}: {why}");
    }
    for warning in &own.warnings {
        eprintln!("{name}: {warning}");
    }
    Ok(own)
}

/// Changes servers.
pub async fn server(client: &Client, verb: ServerVerb, common: &Common) -> Result<ExitCode> {
    match verb {
        ServerVerb::Read(noun) => {
            super::server::run(client, noun, common).await?;
            Ok(ExitCode::SUCCESS)
        }
        ServerVerb::Drain(things) => use_verb(client, ("server", "drain"), &things, common).await,
        ServerVerb::Return(things) => use_verb(client, ("server", "return"), &things, common).await,
        ServerVerb::Reboot(things) => use_verb(client, ("server", "reboot"), &things, common).await,
        ServerVerb::Remove {
            things,
            force,
            keep_enrolled,
        } => {
            let names = super::expand(&things.names)?;
            let edits = vec![Edit::RemoveServers {
                servers: stdx::hostlist::fold(&names),
                force,
            }];
            let names = names.into_iter().filter(|_| !keep_enrolled);
            let goals = names.map(|server| Goal::Remove {
                server,
                is_off: force,
            });
            let asked = PlanRequest {
                edits,
                goals: goals.collect(),
                ..PlanRequest::default()
            };
            carry_out(client, asked, &things.doing, common).await
        }
        ServerVerb::Maintenance => {
            super::server::maintenance(client, common).await?;
            Ok(ExitCode::SUCCESS)
        }
        ServerVerb::Revoke { name, yes } => {
            if !yes {
                let prompt = format!("The agent of {name} is cut off. Type {name} to agree: ");
                confirm(&prompt, &name)?;
            }
            let path = format!("servers/{}/revoke", segment(&name));
            let _: Done = client.post(&path, &serde_json::json!({})).await?;
            eprintln!("{name} is revoked");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Changes targets.
pub async fn target(client: &Client, verb: TargetVerb, common: &Common) -> Result<ExitCode> {
    match verb {
        TargetVerb::Read(noun) => {
            super::target::run(client, noun, common).await?;
            Ok(ExitCode::SUCCESS)
        }
        TargetVerb::Failover { things, to: None } => {
            use_verb(client, ("target", "failover"), &things, common).await
        }
        TargetVerb::Failover { things, to } => {
            let names = super::names_of("target", &things.names)?;
            let goals = names.into_iter().map(|target| Goal::Failover {
                target,
                to: to.clone(),
            });
            let asked = PlanRequest {
                goals: goals.collect(),
                ..PlanRequest::default()
            };
            carry_out(client, asked, &things.doing, common).await
        }
        TargetVerb::Failback(things) => {
            use_verb(client, ("target", "failback"), &things, common).await
        }
        TargetVerb::Start(things) => use_verb(client, ("target", "start"), &things, common).await,
        TargetVerb::Stop(things) => use_verb(client, ("target", "stop"), &things, common).await,
        TargetVerb::Remove(things) => use_verb(client, ("target", "remove"), &things, common).await,
    }
}

/// Changes HA clusters. One is found by its servers' names, too.
pub async fn ha(client: &Client, verb: HaVerb, common: &Common) -> Result<ExitCode> {
    match verb {
        HaVerb::Read(noun) => super::ha::run(client, noun, common).await?,
        HaVerb::Targets { name } => super::ha::targets(client, &name, common).await?,
        HaVerb::Failback(Things { names, doing }) => {
            let found = super::ha::named(client, &super::expand(&names)?).await?;
            let ids: Vec<String> = found.into_iter().map(|ha| ha.id).collect();
            let of = ("ha-cluster", "failback");
            return use_of(client, of, &ids, (&doing, common)).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Changes client mounts.
pub async fn client(client: &Client, verb: ClientVerb, common: &Common) -> Result<ExitCode> {
    match verb {
        ClientVerb::Read(noun) => {
            super::client::run(client, noun, common).await?;
            Ok(ExitCode::SUCCESS)
        }
        ClientVerb::Mount {
            things,
            filesystem: None,
        } => use_verb(client, ("client", "mount"), &things, common).await,
        ClientVerb::Mount {
            things,
            filesystem: Some(filesystem),
        } => {
            let mut asked = PlanRequest::default();
            for name in super::expand(&things.names)? {
                let split = name.split_once(":/");
                let (server, at) = split.with_context(|| {
                    format!("{name:?} is not a client mount such as `login1:/mnt/scratch`")
                })?;
                asked.edits.push(Edit::SetClient {
                    server: server.to_owned(),
                    filesystem: filesystem.parse()?,
                    mount_point: format!("/{at}"),
                    mounted: true,
                });
            }
            carry_out(client, asked, &things.doing, common).await
        }
        ClientVerb::Unmount(things) => {
            use_verb(client, ("client", "unmount"), &things, common).await
        }
    }
}

/// Changes pools.
pub async fn zpool(client: &Client, verb: ZpoolVerb, common: &Common) -> Result<ExitCode> {
    let (verb, things) = match verb {
        ZpoolVerb::Read(noun) => {
            super::zpool::run(client, noun, common).await?;
            return Ok(ExitCode::SUCCESS);
        }
        ZpoolVerb::Import(things) => ("import", things),
        ZpoolVerb::Export(things) => ("export", things),
        ZpoolVerb::Destroy(things) => ("destroy", things),
    };
    use_verb(client, ("zpool", verb), &things, common).await
}
