//! The spec, its versions, and plans.

use super::App;
use super::caller::{Caller, Operator, Viewer};
use super::problem::{Fault, Problems, bad, fault, not_found};
use crate::planning::parse;
use crate::views::job as views;
use api::codes;
use api::page::Page;
use api::spec::{
    ConsentGiven, Plan, PlanRequest, SpecDocument, SpecExport, SpecQuery, SpecVersion,
};
use axum::Json;
use axum::extract::{Query, State};
use model::graph::Consent;
use model::ids::DeviceId;
use model::spec::{Goal, Spec};
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
    responses((status = 200, body = Page<SpecVersion>), Problems)
)]
pub(crate) async fn versions(
    State(app): State<App>,
    _: Viewer,
) -> Result<Json<Page<SpecVersion>>, Fault> {
    let found = app.manager.store().specs().await?;
    let items: Vec<SpecVersion> = found.into_iter().map(version).collect();
    Ok(Json(Page {
        total: u64::try_from(items.len()).unwrap_or(u64::MAX),
        next: None,
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

fn failed(error: &dyn std::fmt::Display) -> Fault {
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
    let made = make(&app, &caller, body.spec, body.goals, &body.consents).await?;
    let world = app.manager.world();
    Ok(Json(views::plan(&world, made.plan, made.base_version)))
}

/// A plan, and what it was made from.
pub(super) struct Made {
    /// Version of the kept spec.
    pub base_version: u64,
    /// The document to be kept next, where it is another one.
    pub new_text: Option<String>,
    pub plan: plan::Plan,
    pub consents: Vec<Consent>,
}

/// Plans for what someone asks.
pub(super) async fn make(
    app: &App,
    caller: &Caller,
    text: Option<String>,
    goals: Vec<Goal>,
    consents: &[ConsentGiven],
) -> Result<Made, Fault> {
    let kept = app.manager.store().spec(None).await?;
    let base_version = kept.as_ref().map_or(0, |kept| kept.version);
    let kept = kept.map(|kept| kept.body).unwrap_or_default();
    let new_text = text.filter(|text| *text != kept);
    let spec: Spec =
        parse(new_text.as_ref().unwrap_or(&kept)).map_err(|error| bad(sentence(&error)))?;
    let at_ms = app.manager.now().as_millisecond();
    let given = consents.iter().map(|consent| Consent {
        device: DeviceId(consent.device.clone()),
        signature: consent.signature.clone(),
        by: caller.actor.clone(),
        at_ms,
    });
    let consents: Vec<Consent> = given.collect();
    let snapshot = app.manager.snapshot();
    let planned = tokio::task::spawn_blocking(move || {
        let plan = snapshot.plan(&spec, &goals, &consents);
        (plan, consents)
    });
    let (plan, consents) = planned.await.map_err(|error| failed(&error))?;
    Ok(Made {
        base_version,
        new_text,
        plan,
        consents,
    })
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
