//! `candela spec`.

use super::job;
use crate::args::Common;
use crate::args::job::{ApplyArgs, SpecVerb};
use crate::client::Client;
use crate::output::{self, Screen};
use anyhow::{Context, Result, bail};
use api::job::{JobMade, NewJob};
use api::spec::{
    ConsentGiven, ConsentNeeded, Plan, PlanRequest, SpecDocument, SpecExport, SpecVersion,
};
use rustix::termios::isatty;
use std::io::{BufRead, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use stdx::diff::Mark;

/// What [`api::spec::ConsentNeeded::signature`] is where nothing is lost.
const BLANK: &str = "blank";

/// Reads, plans and applies specs.
pub async fn run(client: &Client, verb: SpecVerb, common: &Common) -> Result<ExitCode> {
    match verb {
        SpecVerb::Export => {
            let made: SpecExport = client.get("spec/export", &[]).await?;
            output::say(made.text.trim_end())?;
        }
        SpecVerb::Show { version } => {
            let query: Vec<_> = version
                .map(|n| ("version", n.to_string()))
                .into_iter()
                .collect();
            let found: SpecDocument = client.get("spec", &query).await?;
            output::say(found.text.trim_end())?;
        }
        SpecVerb::Versions => versions(client, common).await?,
        SpecVerb::Check { file } => return check(client, &file, common).await,
        SpecVerb::Diff { file } => {
            let kept: SpecDocument = client.get("spec", &[]).await?;
            let lines = difference(&kept.text, &read(&file)?);
            if lines.is_empty() {
                eprintln!("there is no difference");
            } else {
                output::say(&lines.join("\n"))?;
            }
        }
        SpecVerb::Plan { file } => {
            let plan = plan(client, Some(read(&file)?), Vec::new()).await?;
            if common.output.is_table() {
                output::say(&show(&plan, Screen::standard()))?;
            } else {
                output::data(common.output, &plan)?;
            }
        }
        SpecVerb::Apply(args) => return apply(client, args).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn versions(client: &Client, common: &Common) -> Result<()> {
    let items: Vec<SpecVersion> = client.list("spec/versions", &[], None).await?;
    if !common.output.is_table() {
        return output::data(common.output, &items);
    }
    if items.is_empty() {
        eprintln!("no spec was written yet; `candela spec export` prints what is there as one");
        return Ok(());
    }
    let rows = items.into_iter().map(|one| {
        let at = one.at.unwrap_or_default();
        vec![one.version.to_string(), at, one.author, one.note]
    });
    output::say(&Screen::standard().table(&["VERSION", "WRITTEN", "BY", "NOTE~"], rows))
}

async fn check(client: &Client, file: &Path, common: &Common) -> Result<ExitCode> {
    let plan = plan(client, Some(read(file)?), Vec::new()).await?;
    if !common.output.is_table() {
        output::data(common.output, &plan.findings)?;
    } else if plan.findings.is_empty() {
        eprintln!("nothing is wrong with it");
    } else {
        output::say(findings(&plan, Screen::standard()).trim())?;
    }
    let is_wrong = plan.findings.iter().any(|finding| finding.is_error);
    Ok(ExitCode::from(u8::from(is_wrong)))
}

async fn plan(client: &Client, spec: Option<String>, consents: Vec<ConsentGiven>) -> Result<Plan> {
    let body = PlanRequest {
        spec,
        edits: Vec::new(),
        goals: Vec::new(),
        consents,
    };
    client.post("plan", &body).await
}

async fn apply(client: &Client, args: ApplyArgs) -> Result<ExitCode> {
    let spec = read(&args.file)?;
    let shown = plan(client, Some(spec.clone()), Vec::new()).await?;
    output::say(&show(&shown, Screen::standard()))?;
    if shown.findings.iter().any(|finding| finding.is_error) {
        return Ok(ExitCode::FAILURE);
    }
    let consents = consents(&shown.consent_needed, &args)?;
    if !args.yes {
        confirm("Carry it out? Type yes: ", "yes")?;
    }
    let body = NewJob {
        spec: Some(spec),
        base_version: shown.base_version,
        note: args.note,
        edits: Vec::new(),
        goals: Vec::new(),
        consents,
        plan_hash: shown.hash,
    };
    let made: JobMade = client.post("jobs", &body).await?;
    let Some(id) = made.id else {
        eprintln!(
            "version {} of the spec is kept; there is nothing to do",
            made.spec_version
        );
        return Ok(ExitCode::SUCCESS);
    };
    eprintln!(
        "version {} of the spec is kept; job {id} has begun",
        made.spec_version
    );
    if args.follow {
        return job::follow(client, &id).await;
    }
    eprintln!("  see how it goes: candela job follow {id}");
    Ok(ExitCode::SUCCESS)
}

/// A person's word for each device that needs one.
fn consents(needed: &[ConsentNeeded], args: &ApplyArgs) -> Result<Vec<ConsentGiven>> {
    let is_given = |one: &ConsentNeeded| {
        let word =
            |given: &String| *given == one.device || (given == BLANK && one.signature == BLANK);
        args.consent.iter().any(word)
    };
    let (blank, held): (Vec<_>, Vec<_>) = needed
        .iter()
        .filter(|one| !is_given(one))
        .partition(|one| one.signature == BLANK);
    if args.yes
        && let Some(one) = held.first().or(blank.first())
    {
        bail!(
            "{} needs consent ({}); --yes does not give it\n  add --consent {}",
            one.device,
            one.signature,
            if one.signature == BLANK {
                BLANK
            } else {
                &one.device
            }
        );
    }
    if !blank.is_empty() {
        let prompt = format!(
            "{} blank devices are written to. Type {BLANK} to agree: ",
            blank.len()
        );
        confirm(&prompt, BLANK)?;
    }
    for one in held {
        let prompt = format!(
            "{} on {} loses {}. Type {} to agree: ",
            one.device, one.server.name, one.signature, one.target
        );
        confirm(&prompt, &one.target)?;
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

fn read(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("could not read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))
}

fn findings(plan: &Plan, screen: Screen) -> String {
    let rows = plan.findings.iter().map(|finding| {
        let word = if finding.is_error { "error" } else { "note" };
        let text = format!("{} {}", finding.reason, finding.remedy);
        vec![word.to_owned(), finding.path.clone(), text]
    });
    output::table_block("Findings", screen, &["", "WHERE", "WHAT~"], rows)
}

/// A plan, for people.
pub(crate) fn show(plan: &Plan, screen: Screen) -> String {
    let title = if plan.steps.is_empty() {
        "Nothing is to be done."
    } else {
        &plan.title
    };
    let rows = plan.steps.iter().map(|step| {
        let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
        let (number, after) = (
            step.number.to_string(),
            output::some_or_dash(after.join(" ")),
        );
        vec![
            number,
            step.server.name.clone(),
            step.title.clone(),
            after,
            step.why.clone(),
        ]
    });
    let head = ["STEP", "ON", "WHAT~", "AFTER~", "WHY~"];
    let steps = output::table_block("Steps", screen, &head, rows);
    let commands: Vec<String> = plan
        .steps
        .iter()
        .flat_map(|step| {
            let line = |command| format!("{} {}: {command}", step.number, step.server.name);
            step.commands.iter().map(line)
        })
        .collect();
    let feels: Vec<String> = plan
        .steps
        .iter()
        .flat_map(|step| step.feels.iter().map(|f| (step.number, f)))
        .map(|(n, f)| {
            format!(
                "Step {n}: {}: {} (about {} s)",
                f.filesystem, f.text, f.seconds
            )
        })
        .collect();
    let needed = plan.consent_needed.iter().map(|one| {
        let (device, target) = (one.device.clone(), one.target.clone());
        vec![
            device,
            one.server.name.clone(),
            target,
            one.signature.clone(),
            one.why.clone(),
        ]
    });
    let head = ["DEVICE", "ON", "TARGET", "HOLDS~", "WHY~"];
    let needed = output::table_block("Devices that need consent", screen, &head, needed);
    let waiting: Vec<String> = plan
        .waiting
        .iter()
        .map(|one| format!("{}: {} [{}]", one.what, one.for_what, one.code))
        .collect();
    [
        title.to_owned(),
        String::from("\n"),
        findings(plan, screen),
        steps,
        output::block("Commands", &commands.join("\n")),
        output::sentences("Who feels it", screen, &feels),
        output::sentences("Waits", screen, &waiting),
        needed,
    ]
    .concat()
    .trim_end()
    .to_owned()
}

/// Lines that are only in one of two texts: `-` of the first, `+` of the second.
fn difference(old: &str, new: &str) -> Vec<String> {
    let lines = stdx::diff::lines(old, new).into_iter();
    lines
        .filter_map(|(mark, line)| match mark {
            Mark::Same => None,
            Mark::Removed => Some(format!("- {line}")),
            Mark::Added => Some(format!("+ {line}")),
        })
        .collect()
}
