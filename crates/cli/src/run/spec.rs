//! `candela spec`.

use super::change::carry_out;
use crate::args::Common;
use crate::args::job::SpecVerb;
use crate::client::Client;
use crate::output::{self, Screen};
use anyhow::{Context, Result, bail};
use api::spec::{
    Finding, Plan, PlanRequest, SpecCheck, SpecChecked, SpecDocument, SpecExport, SpecVersion,
};
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use stdx::diff::Mark;

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
            let plan = plan(client, Some(read(&file)?)).await?;
            if common.output.is_table() {
                output::say(&show(&plan, Screen::standard()))?;
            } else {
                output::data(common.output, &plan)?;
            }
            let is_wrong = plan.findings.iter().any(|finding| finding.is_error);
            return Ok(ExitCode::from(u8::from(is_wrong)));
        }
        SpecVerb::Apply(args) => {
            let asked = PlanRequest {
                spec: Some(read(&args.file)?),
                ..PlanRequest::default()
            };
            return carry_out(client, asked, &args.doing, common).await;
        }
        SpecVerb::Back { version, doing } => {
            let query = [("version", version.to_string())];
            let old: SpecDocument = client.get("spec", &query).await?;
            let asked = PlanRequest {
                spec: Some(old.text),
                ..PlanRequest::default()
            };
            return carry_out(client, asked, &doing, common).await;
        }
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
    let body = SpecCheck {
        spec: Some(read(file)?),
    };
    let checked: SpecChecked = client.post("spec/check", &body).await?;
    if !common.output.is_table() {
        output::data(common.output, &checked.findings)?;
    } else if checked.findings.is_empty() {
        eprintln!("nothing is wrong with it");
    } else {
        output::say(findings(&checked.findings, Screen::standard()).trim())?;
    }
    Ok(ExitCode::from(u8::from(!checked.is_good)))
}

async fn plan(client: &Client, spec: Option<String>) -> Result<Plan> {
    let body = PlanRequest {
        spec,
        ..PlanRequest::default()
    };
    client.post("plan", &body).await
}

/// A file's text. An empty one is a command that failed, more often than a wish.
fn read(file: &Path) -> Result<String> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("could not read standard input")?;
        text
    } else {
        std::fs::read_to_string(file)
            .with_context(|| format!("could not read {}", file.display()))?
    };
    if text.trim().is_empty() {
        bail!(
            "{} is empty\n  `candela spec export` prints what is there as a spec; one that wants nothing is `candela: 1`",
            file.display()
        );
    }
    Ok(text)
}

pub(super) fn findings(all: &[Finding], screen: Screen) -> String {
    let rows = all.iter().map(|finding| {
        let word = if finding.is_error { "error" } else { "note" };
        let text = format!("{} {}", finding.reason, finding.remedy);
        vec![word.to_owned(), finding.path.clone(), text]
    });
    output::table_block("Findings", screen, &["", "WHERE", "WHAT~"], rows)
}

/// A plan, for people.
pub(crate) fn show(plan: &Plan, screen: Screen) -> String {
    let title = if plan.steps.is_empty() && plan.removes.is_empty() {
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
            let long = match f.seconds {
                0 => String::new(),
                seconds => format!(" (about {seconds} s)"),
            };
            format!("Step {n}: {}: {}{long}", f.filesystem, f.text)
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
    let removes = plan.removes.iter();
    let removes = removes.map(|one| format!("{}: its agent is refused then.", one.name));
    let removes: Vec<String> = removes.collect();
    [
        title.to_owned(),
        String::from("\n"),
        findings(&plan.findings, screen),
        steps,
        output::block("Commands", &commands.join("\n")),
        output::sentences("Who feels it", screen, &feels),
        output::sentences("Waits", screen, &waiting),
        output::sentences("Ends the enrolment of", screen, &removes),
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
