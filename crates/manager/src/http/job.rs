//! Jobs: apply a plan, watch it, say what is to become of it.

use super::App;
use super::caller::{Admin, Caller, Operator, Viewer};
use super::input::Json;
use super::input::Query;
use super::login::note;
use super::problem::{Fault, Problems, bad, fault, not_found};
use super::spec::{Asked, Made, make, sentence};
use crate::jobs::AskError;
use crate::state::Note;
use crate::views::job as views;
use api::codes;
use api::job::{
    ConsoleLine, ConsoleQuery, Job, JobDetail, JobMade, JobQuery, NewJob, RetryJob, SkipStep,
    StepsQuery,
};
use api::page::{Done, LIMIT_DEFAULT, LIMIT_MAX, Page};
use axum::extract::{Path, State};
use engine::Refused;
use jiff::Timestamp;
use model::event::Severity;
use model::graph::StepId;
use model::ids::{JobId, ServerId};
use model::job::JobEvent;
use std::collections::BTreeSet;
use store::job::{LINES_READ_MAX, Line, SpecVersion};
use uuid::Uuid;

/// Characters of a note or reason at most.
const NOTE_MAX: usize = 2000;

/// `POST /jobs`.
#[utoipa::path(
    operation_id = "add_job", post, path = "/jobs", tag = "jobs",
    summary = "Applies a plan that was shown. Refused where it would be another one now. Operators.",
    request_body = NewJob,
    responses((status = 200, body = JobMade), Problems)
)]
pub(crate) async fn add(
    State(app): State<App>,
    Operator(caller): Operator,
    Json(body): Json<NewJob>,
) -> Result<Json<JobMade>, Fault> {
    if body.note.chars().count() > NOTE_MAX {
        return Err(bad(format!("A note has {NOTE_MAX} characters at most.")));
    }
    // One after the other, so that no two act upon the same world.
    let _turn = app.manager.jobs.turn().await;
    let asked = Asked {
        spec: body.spec,
        edits: body.edits,
        goals: body.goals,
        consents: body.consents,
    };
    let running = open_jobs(&app);
    let made = make(&app, &caller, asked).await?;
    check(&app, &made, &body.plan_hash, body.base_version)?;
    // What one that ended meanwhile left is not in the plan.
    let still = open_jobs(&app);
    if let Some(ended) = running.difference(&still).next() {
        return Err(fault(
            codes::PLAN_CHANGED,
            format!("Job {ended} ended while it was planned."),
            "Plan again, look at the new plan, and apply that one.",
        ));
    }
    let mut spec_version = made.base_version;
    if let Some(text) = &made.new_text {
        spec_version = keep(&app, &caller, &made, text, noted(&made, &body.note)).await?;
    }
    for word in &made.plan.graph.said_off {
        let server = word.server;
        app.manager.record(said_off(server, &caller.actor)).await?;
    }
    if made.plan.graph.is_empty() {
        // There is no job whose end could be waited for.
        for server in &made.plan.graph.removes {
            app.manager.revoke(*server, caller.actor.clone()).await?;
        }
        return Ok(Json(JobMade {
            id: None,
            spec_version,
        }));
    }
    let job = JobId(Uuid::now_v7());
    let title = made.plan.graph.title.clone();
    let submitted = JobEvent::Submitted {
        graph: Box::new(made.plan.graph),
        by: caller.actor.clone(),
        plan_hash: made.plan.hash,
        consents: made.consents,
    };
    ask(&app, job, submitted).await?;
    let text = format!("Job {job} was begun: {title}.");
    note(&app, Severity::Info, "job.begun", text, Some(caller.actor)).await?;
    Ok(Json(JobMade {
        id: Some(job.to_string()),
        spec_version,
    }))
}

fn open_jobs(app: &App) -> BTreeSet<JobId> {
    let desk = app.manager.jobs.desk();
    let open = desk.engine().jobs().filter(|job| !job.state().is_final());
    open.map(engine::Job::id).collect()
}

/// A person's word that a server is off, for the journal.
fn said_off(server: ServerId, actor: &str) -> Note {
    Note {
        severity: Severity::Warning,
        kind: "server.said-off",
        text: String::from(
            "The server is powered off by a person's word; its targets may be mounted elsewhere.",
        ),
        actor: Some(actor.to_owned()),
        server: Some(server),
    }
}

/// Whether a plan may be run: it is the one that was shown, and nothing lacks.
fn check(app: &App, made: &Made, hash: &str, base_version: u64) -> Result<(), Fault> {
    let plan = &made.plan;
    if let Some(error) = plan.findings.iter().find(|finding| finding.is_error) {
        return Err(fault(
            codes::BAD_REQUEST,
            format!(
                "The spec cannot be planned: {}: {}",
                error.path, error.reason
            ),
            &error.remedy,
        ));
    }
    if made.new_text.is_some() && made.base_version != base_version {
        return Err(fault(
            codes::CONFLICT,
            format!(
                "The spec is at version {} now; yours was made upon version {base_version}.",
                made.base_version
            ),
            "Read the newer version, put your change into it, and plan again.",
        ));
    }
    if plan.hash != hash {
        return Err(fault(
            codes::PLAN_CHANGED,
            format!(
                "It is not the plan that was shown: its hash is {} now, with {} steps.",
                plan.hash,
                plan.graph.steps.len()
            ),
            "Plan again, look at the new plan, and apply that one.",
        ));
    }
    if !plan.consent_needed.is_empty() {
        return Err(fault(
            codes::CONSENT_NEEDED,
            format!(
                "{} devices would lose what is on them, and nobody has said yes.",
                plan.consent_needed.len()
            ),
            "Look at the plan's list of them, and give consent.",
        ));
    }
    let desk = app.manager.jobs.desk();
    let mut open = desk.engine().jobs().filter(|job| !job.state().is_final());
    let twin = open.find(|job| !plan.graph.is_empty() && job.graph().is_like(&plan.graph));
    if let Some(job) = twin {
        return Err(fault(
            codes::CONFLICT,
            format!("Job {} does the same, and has not ended.", job.id()),
            "Wait for it, or cancel it first.",
        ));
    }
    let Some((thing, other)) = desk.engine().in_the_way(&plan.graph) else {
        return Ok(());
    };
    let title = desk
        .engine()
        .job(other)
        .map_or("", |job| job.graph().title.as_str());
    Err(fault(
        codes::CONFLICT,
        format!("Job {other} ({title}) is at work on {thing}, and has not ended."),
        "Plan again when it has: what it leaves decides what is to be done. Or cancel it first.",
    ))
}

/// Why a version was written; and where a command wrote it anew, that comments
/// are to be looked for in the one before.
fn noted(made: &Made, why: &str) -> String {
    if !made.is_rewritten {
        return why.to_owned();
    }
    let why = if why.is_empty() {
        &made.plan.graph.title
    } else {
        why
    };
    let comments = if made.had_comments {
        format!("; comments are in version {}", made.base_version)
    } else {
        String::new()
    };
    format!("{why} (written anew by a command{comments})")
}

/// Writes the next version of the spec.
async fn keep(
    app: &App,
    caller: &Caller,
    made: &Made,
    text: &str,
    why: String,
) -> Result<u64, Fault> {
    let next = SpecVersion {
        version: 0,
        at: app.manager.now(),
        author: caller.actor.clone(),
        note: why,
        body: text.to_owned(),
    };
    let kept = app
        .manager
        .store()
        .add_spec(made.base_version, next)
        .await?;
    let Some(version) = kept else {
        return Err(fault(
            codes::CONFLICT,
            "Someone else wrote a newer version of the spec in this moment.",
            "Read it, put your change into it, and plan again.",
        ));
    };
    app.manager
        .jobs
        .set_limits(app.manager.limits().await)
        .await;
    app.manager.touch(&["spec"]);
    let text = format!("Version {version} of the spec was written.");
    note(
        app,
        Severity::Info,
        "spec.written",
        text,
        Some(caller.actor.clone()),
    )
    .await?;
    Ok(version)
}

async fn ask(app: &App, job: JobId, event: JobEvent) -> Result<(), Fault> {
    app.manager
        .jobs
        .ask(job, event)
        .await
        .map_err(|error| match error {
            AskError::Refused(Refused::Unknown) => not_found("job", &job.to_string()),
            AskError::Refused(refused @ Refused::NoStep(_)) => bad(sentence(&refused)),
            AskError::Refused(refused) => fault(
                codes::CONFLICT,
                sentence(&refused),
                "Look at the job as it stands now.",
            ),
            AskError::Journal(_) | AskError::Stopping => fault(
                codes::INTERNAL,
                sentence(&error),
                "Try again; see the manager's log.",
            ),
        })
}

fn job_id(text: &str) -> Result<JobId, Fault> {
    text.parse().map_err(|_| not_found("job", text))
}

/// `GET /jobs`: newest first.
#[utoipa::path(
    get, path = "/jobs", tag = "jobs",
    summary = "A page of jobs, newest first.",
    params(JobQuery),
    responses((status = 200, body = Page<Job>), Problems)
)]
pub(crate) async fn jobs(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<JobQuery>,
) -> Result<Json<Page<Job>>, Fault> {
    let before = query.cursor.as_deref().map(job_id).transpose()?;
    let skipped = query.offset.filter(|_| before.is_none()).unwrap_or(0);
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let world = app.manager.world();
    let desk = app.manager.jobs.desk();
    let mut found: Vec<&engine::Job> = desk.engine().jobs().collect();
    found.retain(|job| is_wanted(job, &query));
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
    found.reverse();
    found.retain(|job| before.is_none_or(|before| job.id() < before));
    found.drain(..skipped.min(found.len()));
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_more);
    Ok(Json(Page {
        next: next.map(|job| job.id().to_string()),
        total,
        items: found
            .into_iter()
            .map(|job| views::job(&world, &desk, job))
            .collect(),
    }))
}

/// Whether a job passes the filters.
fn is_wanted(job: &engine::Job, query: &JobQuery) -> bool {
    let is_state = match query.state.as_deref() {
        None => true,
        Some("open") => !job.state().is_final(),
        Some(wanted) => serde_json::to_value(job.state()).is_ok_and(|state| state == wanted),
    };
    let is_text = query.q.as_deref().is_none_or(|text| {
        let text = text.to_lowercase();
        let has = |field: &str| field.to_lowercase().contains(&text);
        has(&job.graph().title) || has(job.by()) || has(&job.id().to_string())
    });
    is_state && is_text
}

/// `GET /jobs/{id}`.
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "jobs",
    summary = "One job with a page of its steps.",
    params(("id" = String, Path, description = "Id"), StepsQuery),
    responses((status = 200, body = JobDetail), Problems)
)]
pub(crate) async fn job(
    State(app): State<App>,
    _: Viewer,
    Path(id): Path<String>,
    Query(query): Query<StepsQuery>,
) -> Result<Json<JobDetail>, Fault> {
    let since = query.since.as_deref().map(str::parse::<Timestamp>);
    let since = since
        .transpose()
        .map_err(|_| bad("`since` is no time; one is written like 2026-11-21T08:00:00Z."))?;
    let from = query.cursor.unwrap_or(0);
    let limit = query.limit.unwrap_or(LIMIT_MAX).clamp(1, LIMIT_MAX);
    let wanted = views::Wanted {
        since_ms: since.map_or(i64::MIN, Timestamp::as_millisecond),
        from: usize::try_from(from).unwrap_or(usize::MAX),
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let world = app.manager.world();
    let desk = app.manager.jobs.desk();
    let found = desk.engine().job(job_id(&id)?);
    let found = found.ok_or_else(|| not_found("job", &id))?;
    Ok(Json(views::detail(&world, &desk, found, wanted)))
}

/// `GET /jobs/{id}/steps/{step}/console`.
#[utoipa::path(
    get, path = "/jobs/{id}/steps/{step}/console", tag = "jobs",
    summary = "What a step ran, and what came back; oldest first.",
    params(
        ("id" = String, Path, description = "Id of the job"),
        ("step" = u32, Path, description = "Number of the step"),
        ConsoleQuery
    ),
    responses((status = 200, body = Page<ConsoleLine>), Problems)
)]
pub(crate) async fn console(
    State(app): State<App>,
    _: Viewer,
    Path((id, step)): Path<(String, String)>,
    Query(query): Query<ConsoleQuery>,
) -> Result<Json<Page<ConsoleLine>>, Fault> {
    let job = job_id(&id)?;
    let number: u32 = step.parse().map_err(|_| not_found("step", &step))?;
    {
        let desk = app.manager.jobs.desk();
        let found = desk.engine().job(job);
        let found = found.ok_or_else(|| not_found("job", &id))?;
        if found.graph().step(StepId(number)).is_none() {
            return Err(not_found("step", &step));
        }
    }
    let from = match &query.cursor {
        Some(text) => text
            .parse()
            .map_err(|_| bad("The cursor is none of ours."))?,
        None => 0_u32,
    };
    let lines = app.manager.store().lines(job, number, from).await?;
    let n_lines = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let next = (n_lines == LINES_READ_MAX).then(|| from.saturating_add(n_lines).to_string());
    Ok(Json(Page {
        next,
        total: u64::from(from.saturating_add(n_lines)),
        items: lines.iter().filter_map(line).collect(),
    }))
}

fn line(kept: &Line) -> Option<ConsoleLine> {
    let said: wire::order::ConsoleLine = serde_json::from_str(&kept.body).ok()?;
    let at = Timestamp::from_millisecond(said.at_ms).unwrap_or_default();
    Some(ConsoleLine {
        attempt: kept.attempt,
        number: kept.number,
        at: at.to_string(),
        line: said.line,
        exit: said.exit,
        stdout: said.stdout,
        stderr: said.stderr,
        took_ms: said.took_ms,
    })
}

/// `POST /jobs/{id}/cancel`.
#[utoipa::path(
    operation_id = "cancel_job", post, path = "/jobs/{id}/cancel", tag = "jobs",
    summary = "Ends a job early; each step says what that means for it. Operators.",
    params(("id" = String, Path, description = "Id")),
    responses((status = 200, body = Done), Problems)
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    Operator(caller): Operator,
    Path(id): Path<String>,
) -> Result<Json<Done>, Fault> {
    let by = caller.actor.clone();
    ask(&app, job_id(&id)?, JobEvent::CancelAsked { by }).await?;
    let text = format!("Job {id} was cancelled.");
    told(&app, caller, "job.cancelled", text).await
}

/// `POST /jobs/{id}/retry`.
#[utoipa::path(
    operation_id = "retry_job", post, path = "/jobs/{id}/retry", tag = "jobs",
    summary = "Tries again what failed: one step, or all. Operators.",
    params(("id" = String, Path, description = "Id")),
    request_body = RetryJob,
    responses((status = 200, body = Done), Problems)
)]
pub(crate) async fn retry(
    State(app): State<App>,
    Operator(caller): Operator,
    Path(id): Path<String>,
    Json(body): Json<RetryJob>,
) -> Result<Json<Done>, Fault> {
    let by = caller.actor.clone();
    let step = body.step.map(StepId);
    ask(&app, job_id(&id)?, JobEvent::RetryAsked { step, by }).await?;
    let text = match step {
        Some(step) => format!("Step {step} of job {id} is tried again."),
        None => format!("All that failed of job {id} is tried again."),
    };
    told(&app, caller, "job.retried", text).await
}

/// `POST /jobs/{id}/skip`.
#[utoipa::path(
    operation_id = "skip_step", post, path = "/jobs/{id}/skip", tag = "jobs",
    summary = "Says that a failed step does not matter, and why. Admins.",
    params(("id" = String, Path, description = "Id")),
    request_body = SkipStep,
    responses((status = 200, body = Done), Problems)
)]
pub(crate) async fn skip(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<SkipStep>,
) -> Result<Json<Done>, Fault> {
    let job = job_id(&id)?;
    let reason = body.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > NOTE_MAX {
        return Err(bad(format!(
            "Skipping a step needs a reason of 1 to {NOTE_MAX} characters."
        )));
    }
    let (by, step) = (caller.actor.clone(), StepId(body.step));
    let text = format!("Step {step} of job {id} was skipped: {reason}");
    ask(&app, job, JobEvent::SkipAsked { step, by, reason }).await?;
    told(&app, caller, "job.step_skipped", text).await
}

async fn told(
    app: &App,
    caller: Caller,
    kind: &'static str,
    text: String,
) -> Result<Json<Done>, Fault> {
    note(app, Severity::Info, kind, text, Some(caller.actor)).await?;
    Ok(Json(Done {}))
}
