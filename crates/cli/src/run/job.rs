//! `candela job`.

use super::change::confirm;
use crate::args::job::JobVerb;
use crate::args::{Common, Format};
use crate::client::{Client, segment};
use crate::output::{self, Screen};
use anyhow::{Context, Result};
use api::job::{ConsoleLine, Job, JobDetail, JobState, JobStep, RetryJob, SkipStep, StepState};
use api::page::Done;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Lists, shows, follows and steers jobs.
pub async fn run(client: &Client, verb: JobVerb, common: &Common) -> Result<ExitCode> {
    match verb {
        JobVerb::List { state, limit } => {
            let query: Vec<_> = state.map(|state| ("state", state)).into_iter().collect();
            let items: Vec<Job> = client.list("jobs", &query, Some(limit)).await?;
            if !common.output.is_table() {
                output::data(common.output, &items)?;
            } else if items.is_empty() {
                eprintln!("there is no job");
            } else {
                let is_wide = common.output == Format::Wide;
                output::say(&table(&items, Screen::standard(), is_wide))?;
            }
        }
        JobVerb::Show { id } => {
            let found = whole(client, &id, None).await?;
            super::print(&[found], common, show)?;
        }
        JobVerb::Console { id, step } => {
            let path = path(&id, &format!("/steps/{step}/console"));
            let lines: Vec<ConsoleLine> = client.list(&path, &[], None).await?;
            if !common.output.is_table() {
                output::data(common.output, &lines)?;
            } else if lines.is_empty() {
                eprintln!("the step has run nothing yet");
            } else {
                output::say(&console(&lines))?;
            }
        }
        JobVerb::Follow { id } => return follow(client, &id).await,
        JobVerb::Cancel { id, yes } => {
            let found = whole(client, &id, None).await?;
            if !yes {
                output::say(&show(&found, Screen::standard()))?;
                confirm("Cancel it? Type yes: ", "yes")?;
            }
            let _: Done = client.post(&path(&id, "/cancel"), &Done {}).await?;
            eprintln!("job {id} is cancelled; what runs and may not be killed is left to end");
        }
        JobVerb::Retry { id, step } => {
            let _: Done = client
                .post(&path(&id, "/retry"), &RetryJob { step })
                .await?;
            eprintln!("what failed is tried again");
        }
        JobVerb::Skip {
            id,
            step,
            reason,
            yes,
        } => {
            if !yes {
                confirm(
                    &format!("What follows step {step} will run as if it were done. Type yes: "),
                    "yes",
                )?;
            }
            let body = SkipStep { step, reason };
            let _: Done = client.post(&path(&id, "/skip"), &body).await?;
            eprintln!("step {step} is skipped");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A job with all its steps, or with those that changed since a time.
async fn whole(client: &Client, id: &str, since: Option<&str>) -> Result<JobDetail> {
    let since = since.map(|since| ("since", since.to_owned()));
    let query: Vec<_> = since.into_iter().collect();
    let mut found: JobDetail = client.get(&path(id, ""), &query).await?;
    while let Some(next) = found.next {
        let query = [&query[..], &[("cursor", next.to_string())]].concat();
        let more: JobDetail = client.get(&path(id, ""), &query).await?;
        found.job = more.job;
        found.steps.extend(more.steps);
        found.next = more.next;
    }
    Ok(found)
}

fn path(id: &str, rest: &str) -> String {
    format!("jobs/{}{rest}", segment(id))
}

/// `needs_attention`, as the API writes it.
fn word<S: serde::Serialize>(state: &S) -> String {
    let value = serde_json::to_value(state).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn progress(job: &Job) -> String {
    format!("{}/{}", job.n_over, job.n_steps)
}

/// `2026-11-21 08:00:00Z`: what people need of a time.
fn moment(at: &str) -> String {
    let whole = at.split('.').next().unwrap_or_default();
    format!("{}Z", whole.trim_end_matches('Z').replace('T', " "))
}

/// Jobs as rows; with who asked for them, when, and what they wait for where there
/// is room.
pub(crate) fn table(items: &[Job], screen: Screen, is_wide: bool) -> String {
    let rows = items.iter().map(|job| {
        let mut row = vec![job.id.clone(), word(&job.state), progress(job)];
        if is_wide {
            row.extend([job.by.clone(), moment(&job.submitted_at)]);
        }
        row.push(job.title.clone());
        if is_wide {
            row.push(output::or_dash(job.waits_for.as_ref()));
        }
        row
    });
    let head: &[&str] = if is_wide {
        &["ID", "STATE", "STEPS", "BY", "SINCE", "WHAT~", "WAITS FOR~"]
    } else {
        &["ID", "STATE", "STEPS", "WHAT~"]
    };
    screen.table(head, rows)
}

pub(crate) fn show(found: &JobDetail, screen: Screen) -> String {
    let job = &found.job;
    let fields = output::fields(&[
        ("Job", job.id.clone()),
        ("What", job.title.clone()),
        ("State", word(&job.state)),
        ("Steps", progress(job)),
        ("Asked by", job.by.clone()),
        ("Begun", moment(&job.submitted_at)),
        (
            "Ended",
            job.ended_at.as_deref().map(moment).unwrap_or_default(),
        ),
        ("Waits for", job.waits_for.clone().unwrap_or_default()),
    ]);
    let rows = found.steps.iter().map(|step| {
        vec![
            step.plan.number.to_string(),
            word(&step.state),
            step.plan.server.name.clone(),
            step.plan.title.clone(),
            output::some_or_dash(said(step)),
        ]
    });
    let head = ["STEP", "STATE", "ON", "WHAT~", "SAID~"];
    let steps = output::table_block("Steps", screen, &head, rows);
    let failed = found.steps.iter().filter_map(|step| {
        let failure = step.failure.as_ref()?;
        Some(format!(
            "Step {}: [{}] {} {}",
            step.plan.number, failure.code, failure.text, failure.remedy
        ))
    });
    let failed = output::sentences("Failures", screen, &failed.collect::<Vec<_>>());
    format!("{fields}\n{steps}{failed}")
}

/// What a step has to say of itself now.
fn said(step: &JobStep) -> String {
    if let (StepState::Failed, Some(failure)) = (&step.state, &step.failure) {
        return format!("[{}]", failure.code);
    }
    let seen = step.seen.as_ref().or(step.waits_for.as_ref());
    seen.cloned().unwrap_or_default()
}

/// A step's console, as it would have been on the server.
pub(crate) fn console(lines: &[ConsoleLine]) -> String {
    let mut text = String::new();
    for line in lines {
        let exit = line.exit.filter(|exit| *exit != 0);
        let exit = exit.map_or_else(String::new, |exit| format!("   (exit {exit})"));
        let took = if line.took_ms >= 1000 {
            format!("   ({} s)", line.took_ms / 1000)
        } else {
            String::new()
        };
        text.push_str(&format!("$ {}{exit}{took}\n", line.line));
        for said in [&line.stdout, &line.stderr] {
            if !said.trim().is_empty() {
                text.push_str(said.trim_end());
                text.push('\n');
            }
        }
    }
    text.trim_end().to_owned()
}

/// Prints what becomes of the steps until the job ends or needs a person.
pub(super) async fn follow(client: &Client, id: &str) -> Result<ExitCode> {
    // The stream is open before the first look, so that nothing falls between.
    let mut stream = client.stream().await?.bytes_stream();
    let mut known: BTreeMap<u32, StepState> = BTreeMap::new();
    let mut since: Option<String> = None;
    loop {
        let found = whole(client, id, since.as_deref()).await?;
        // As texts, the last may be an earlier time: then more is read again.
        since = found
            .steps
            .iter()
            .map(|step| step.since.clone())
            .chain(since)
            .max();
        for step in &found.steps {
            let was = known.insert(step.plan.number, step.state);
            let is_told = was != Some(step.state) && is_news(step.state);
            if is_told {
                output::say(&told(step))?;
            }
        }
        let job = &found.job;
        match job.state {
            JobState::Running | JobState::Cancelling => {}
            JobState::NeedsAttention => {
                eprintln!(
                    "{}",
                    job.waits_for.as_deref().unwrap_or("It needs a person.")
                );
                return Ok(ExitCode::FAILURE);
            }
            JobState::Done | JobState::Cancelled => {
                eprintln!("job {id} is {}: {} steps", word(&job.state), progress(job));
                return Ok(ExitCode::from(u8::from(job.state == JobState::Cancelled)));
            }
        }
        loop {
            let chunk = stream.next().await;
            let chunk = chunk.context("the manager ended the stream; run the command again")?;
            let chunk = chunk.context("the stream broke; run the command again")?;
            let holds = |words: &[u8]| chunk.windows(words.len()).any(|some| some == words);
            if !chunk.ends_with(b"\n\n") || holds(b"\"jobs\"") || holds(b"\"reset\"") {
                break;
            }
        }
    }
}

fn is_news(state: StepState) -> bool {
    !matches!(state, StepState::Waiting | StepState::Ready)
}

fn told(step: &JobStep) -> String {
    let since = moment(&step.since);
    let (state, server, title) = (word(&step.state), &step.plan.server.name, &step.plan.title);
    let failure = match &step.failure {
        Some(failure) if step.state == StepState::Failed || step.state == StepState::Retrying => {
            format!(": [{}] {}", failure.code, failure.text)
        }
        _ => String::new(),
    };
    format!("{since}  {state:9}  {server:12}  {title}{failure}")
}
