//! The spec, its versions, and plans.

use super::App;
use super::caller::{Caller, Operator, Viewer};
use super::input::Json;
use super::input::Query;
use super::problem::{Fault, Problems, bad, fault, not_found};
use crate::planning::parse;
use crate::views::job as views;
use api::codes;
use api::page::{LIMIT_DEFAULT, LIMIT_MAX, Page};
use api::spec::{
    ConsentGiven, DiffLine, Plan, PlanRequest, SpecCheck, SpecChecked, SpecCompare, SpecDiff,
    SpecDocument, SpecExport, SpecQuery, SpecVersion, SpecVersionsQuery,
};
use axum::extract::State;
use model::edit::Edit;
use model::graph::Consent;
use model::ids::DeviceId;
use model::spec::{Finding, Goal, Spec};
use stdx::diff::Mark;
use store::job;

/// `GET /spec`.
#[utoipa::path(
    get, path = "/spec", tag = "spec",
    summary = "The spec as it was written; the last version, or the one asked for.",
    params(SpecQuery),
    responses((status = 200, body = SpecDocument), Problems)
)]
pub(crate) async fn spec(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<SpecQuery>,
) -> Result<Json<SpecDocument>, Fault> {
    let wanted = query.version.filter(|version| *version > 0);
    match app.manager.store().spec(wanted).await? {
        Some(found) => Ok(Json(SpecDocument {
            text: found.body.clone(),
            version: version(found),
        })),
        // Before anybody wrote one there is the empty one.
        None if wanted.is_none() => Ok(Json(SpecDocument::default())),
        None => Err(not_found("version", &wanted.unwrap_or(0).to_string())),
    }
}

/// `GET /spec/versions`.
#[utoipa::path(
    get, path = "/spec/versions", tag = "spec",
    summary = "The versions of the spec, newest first.",
    params(SpecVersionsQuery),
    responses((status = 200, body = Page<SpecVersion>), Problems)
)]
pub(crate) async fn versions(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<SpecVersionsQuery>,
) -> Result<Json<Page<SpecVersion>>, Fault> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let (found, total) = app.manager.store().specs(query.cursor, limit).await?;
    let items: Vec<SpecVersion> = found.into_iter().map(version).collect();
    let last = items.last().filter(|last| last.version > 1);
    let is_full = u32::try_from(items.len()) == Ok(limit);
    Ok(Json(Page {
        total,
        next: last
            .filter(|_| is_full)
            .map(|last| last.version.to_string()),
        items,
    }))
}

fn version(of: job::SpecVersion) -> SpecVersion {
    SpecVersion {
        version: of.version,
        at: Some(of.at.to_string()),
        author: of.author,
        note: of.note,
    }
}

/// `GET /spec/export`.
#[utoipa::path(
    get, path = "/spec/export", tag = "spec",
    summary = "What is there now on managed servers, as a spec.",
    responses((status = 200, body = SpecExport), Problems)
)]
pub(crate) async fn export(State(app): State<App>, _: Viewer) -> Result<Json<SpecExport>, Fault> {
    let snapshot = app.manager.snapshot();
    let made = tokio::task::spawn_blocking(move || {
        let spec = plan::export(snapshot.world());
        serde_saphyr::to_string(&spec).map_err(|error| error.to_string())
    });
    let text = made.await.map_err(|error| failed(&error))?;
    let text = text.map_err(|error| failed(&error))?;
    Ok(Json(SpecExport { text }))
}

pub(super) fn failed(error: &dyn std::fmt::Display) -> Fault {
    tracing::error!(%error, "Planning failed.");
    fault(
        codes::INTERNAL,
        "It could not be worked out.",
        "Try again; see the manager's log.",
    )
}

/// `POST /plan`.
#[utoipa::path(
    operation_id = "plan", post, path = "/plan", tag = "spec",
    summary = "What would be done for a spec and goals. Changes nothing. Operators.",
    request_body = PlanRequest,
    responses((status = 200, body = Plan), Problems)
)]
pub(crate) async fn plan(
    State(app): State<App>,
    Operator(caller): Operator,
    Json(body): Json<PlanRequest>,
) -> Result<Json<Plan>, Fault> {
    let asked = Asked {
        spec: body.spec,
        edits: body.edits,
        goals: body.goals,
        consents: body.consents,
    };
    let is_edited = !asked.edits.is_empty();
    let made = make(&app, &caller, asked).await?;
    let names = views::Names::of(&app.manager.world(), &made.plan);
    let (plan, base_version) = (made.plan, made.base_version);
    let show = if body.is_brief {
        views::brief
    } else {
        views::plan
    };
    let shown = tokio::task::spawn_blocking(move || show(&names, plan, base_version));
    let mut plan = shown.await.map_err(|error| failed(&error))?;
    plan.spec = made.new_text.filter(|_| is_edited);
    Ok(Json(plan))
}

/// `POST /spec/check`.
#[utoipa::path(
    operation_id = "check_spec", post, path = "/spec/check", tag = "spec",
    summary = "All that is wrong with a spec, at once. Changes nothing. Operators.",
    request_body = SpecCheck,
    responses((status = 200, body = SpecChecked), Problems)
)]
pub(crate) async fn check(
    State(app): State<App>,
    _: Operator,
    Json(body): Json<SpecCheck>,
) -> Result<Json<SpecChecked>, Fault> {
    let text = match body.spec {
        Some(text) => text,
        None => kept(&app).await?.1,
    };
    let spec: Spec = match parse(&text) {
        Ok(spec) => spec,
        Err(error) => {
            let (line, column) = error.at.unwrap_or((1, 1));
            return Ok(Json(SpecChecked {
                is_good: false,
                findings: vec![Finding {
                    is_error: true,
                    path: format!("{line}:{column}"),
                    reason: sentence(&error),
                    remedy: String::from("Correct the text there."),
                }],
            }));
        }
    };
    let snapshot = app.manager.snapshot();
    let made = tokio::task::spawn_blocking(move || plan::resolve(&spec, snapshot.world()).1);
    let findings = made.await.map_err(|error| failed(&error))?;
    Ok(Json(SpecChecked {
        is_good: !findings.iter().any(|finding| finding.is_error),
        findings,
    }))
}

/// `POST /spec/diff`.
#[utoipa::path(
    operation_id = "compare_specs", post, path = "/spec/diff", tag = "spec",
    summary = "Two versions of the spec, or a version and a document, line by line.",
    request_body = SpecCompare,
    responses((status = 200, body = SpecDiff), Problems)
)]
pub(crate) async fn diff(
    State(app): State<App>,
    _: Viewer,
    Json(body): Json<SpecCompare>,
) -> Result<Json<SpecDiff>, Fault> {
    let old = text_of(&app, body.from).await?;
    let new = match body.spec {
        Some(text) => text,
        None => text_of(&app, body.to).await?,
    };
    let compared = tokio::task::spawn_blocking(move || {
        let lines = stdx::diff::lines(&old, &new).into_iter();
        let lines = lines.map(|(mark, text)| DiffLine {
            mark: match mark {
                Mark::Same => "same",
                Mark::Removed => "removed",
                Mark::Added => "added",
            }
            .to_owned(),
            text: text.to_owned(),
        });
        lines.collect()
    });
    let lines = compared.await.map_err(|error| failed(&error))?;
    Ok(Json(SpecDiff { lines }))
}

/// The text of a version; of the last, or of none yet.
async fn text_of(app: &App, version: Option<u64>) -> Result<String, Fault> {
    match version {
        None => Ok(kept(app).await?.1),
        Some(0) => Ok(String::new()),
        Some(wanted) => {
            let found = app.manager.store().spec(Some(wanted)).await?;
            let found = found.ok_or_else(|| not_found("version", &wanted.to_string()))?;
            Ok(found.body)
        }
    }
}

/// A plan, and what it was made from.
pub(super) struct Made {
    /// Version of the kept spec.
    pub base_version: u64,
    /// The document to be kept next, where it is another one.
    pub new_text: Option<String>,
    /// Whether edits made that document, and not a person.
    pub is_rewritten: bool,
    /// Whether what it was made from has comments, which it then lacks.
    pub had_comments: bool,
    pub plan: plan::Plan,
    pub consents: Vec<Consent>,
}

/// Version and text of the kept spec; before anybody wrote one, the empty one.
pub(super) async fn kept(app: &App) -> Result<(u64, String), Fault> {
    let kept = app.manager.store().spec(None).await?;
    Ok(kept.map_or_else(Default::default, |kept| (kept.version, kept.body)))
}

/// What someone asks a plan for.
pub(super) struct Asked {
    /// The kept one if none.
    pub spec: Option<String>,
    pub edits: Vec<Edit>,
    pub goals: Vec<Goal>,
    pub consents: Vec<ConsentGiven>,
}

/// Plans for what someone asks.
pub(super) async fn make(app: &App, caller: &Caller, asked: Asked) -> Result<Made, Fault> {
    let (base_version, kept) = kept(app).await?;
    let text = asked.spec.unwrap_or_else(|| kept.clone());
    let spec: Spec = parse(&text).map_err(|error| bad(sentence(&error)))?;
    let at_ms = app.manager.now().as_millisecond();
    let given = asked.consents.into_iter().map(|consent| Consent {
        device: DeviceId(consent.device),
        signature: consent.signature,
        by: caller.actor.clone(),
        at_ms,
    });
    let consents: Vec<Consent> = given.collect();
    let snapshot = app.manager.snapshot();
    let (edits, goals) = (asked.edits, asked.goals);
    let manager = std::sync::Arc::clone(&app.manager);
    let is_kept = text == kept && edits.is_empty();
    let is_edited = !edits.is_empty();
    let had_comments = kept.lines().any(is_commented);
    let planned = tokio::task::spawn_blocking(move || {
        let (spec, text) = if edits.is_empty() {
            (spec, Ok(text))
        } else {
            let (edited, findings) = plan::edit(&spec, &edits, snapshot.world());
            if findings.iter().any(|finding| finding.is_error) {
                let plan = plan::Plan {
                    findings,
                    ..plan::Plan::default()
                };
                return (plan, Ok(text), consents);
            }
            let text = if edited == spec {
                Ok(text)
            } else {
                serde_saphyr::to_string(&edited)
            };
            (edited, text)
        };
        // Somebody's draft is planned apart: the kept spec's planner stays warm.
        let mut plan = if is_kept {
            manager.plan_kept(spec, &snapshot, &goals, &consents)
        } else {
            snapshot.plan(&spec, &goals, &consents)
        };
        if goals.is_empty() && !edits.is_empty() {
            plan.graph.title = title(&edits);
        }
        (plan, text, consents)
    });
    let (plan, text, consents) = planned.await.map_err(|error| failed(&error))?;
    let text = text.map_err(|error| failed(&error))?;
    Ok(Made {
        base_version,
        is_rewritten: is_edited,
        had_comments,
        new_text: (text != kept).then_some(text),
        plan,
        consents,
    })
}

/// Whether a line of YAML has a comment.
fn is_commented(line: &str) -> bool {
    line.trim_start().starts_with('#') || line.contains(" #")
}

/// Edits, in a few words.
fn title(edits: &[Edit]) -> String {
    let titles: Vec<String> = edits.iter().take(3).map(Edit::title).collect();
    match edits.len().saturating_sub(titles.len()) {
        0 => titles.join("; "),
        n => format!("{}; and {n} more", titles.join("; ")),
    }
}

/// An error, as a sentence.
pub(super) fn sentence(error: &dyn std::fmt::Display) -> String {
    let mut text = error.to_string();
    if let Some(first) = text.get(..1) {
        let first = first.to_uppercase();
        text.replace_range(..1, &first);
    }
    text.push('.');
    text
}
