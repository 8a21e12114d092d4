//! HA clusters, target by target.

use super::App;
use super::caller::Viewer;
use super::input::Json;
use super::input::Query;
use super::problem::{Fault, Problems, bad};
use super::read::ha_named;
use super::spec::failed;
use crate::planning::parse;
use crate::views::side;
use api::ha::{HaTarget, HaTargetsQuery};
use api::page::{LIMIT_DEFAULT, LIMIT_MAX, Page};
use axum::extract::{Path, State};
use model::spec::Spec;

/// `GET /ha-clusters/{id}/targets`.
#[utoipa::path(
    operation_id = "ha_targets", get, path = "/ha-clusters/{id}/targets", tag = "ha-clusters",
    summary = "What Pacemaker, the mount tables, the MGS and the spec say of each target, and where they disagree.",
    params(("id" = String, Path, description = "Id or name"), HaTargetsQuery),
    responses((status = 200, body = Page<HaTarget>), Problems)
)]
pub(crate) async fn targets(
    State(app): State<App>,
    _: Viewer,
    Path(id): Path<String>,
    Query(query): Query<HaTargetsQuery>,
) -> Result<Json<Page<HaTarget>>, Fault> {
    ha_named(&app.manager.world(), &id)?;
    let from = query.cursor.as_deref().map(str::parse::<usize>).transpose();
    let from = from.map_err(|_| bad("The cursor is none of ours."))?;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let kept = app.manager.store().spec(None).await?;
    // What is kept was read before it was kept.
    let spec = kept.and_then(|kept| parse(&kept.body).ok());
    let resolved = match spec {
        Some(spec) => resolve(&app, spec).await?,
        None => plan::Resolved::default(),
    };
    let world = app.manager.world();
    let (_, ha) = ha_named(&world, &id)?;
    let keys = side::targets(&world, ha);
    let (from, limit) = (from.unwrap_or(0), usize::try_from(limit).unwrap_or(100));
    let sides = side::Sides::new(&world, ha, &resolved);
    let shown = keys.iter().skip(from).take(limit);
    let end = from.saturating_add(limit);
    Ok(Json(Page {
        items: shown.filter_map(|key| sides.row(key)).collect(),
        next: (end < keys.len()).then(|| end.to_string()),
        total: u64::try_from(keys.len()).unwrap_or(u64::MAX),
    }))
}

async fn resolve(app: &App, spec: Spec) -> Result<plan::Resolved, Fault> {
    let snapshot = app.manager.snapshot();
    let made = tokio::task::spawn_blocking(move || snapshot.resolve(&spec));
    made.await.map_err(|error| failed(&error))
}
