//! HA clusters, target by target; servers that are out of service.

use super::App;
use super::caller::Viewer;
use super::input::Json;
use super::input::Query;
use super::problem::{Fault, Problems, bad};
use super::read::ha_named;
use super::spec::{failed, kept};
use crate::planning::parse;
use crate::views::{out, side};
use api::ha::{HaTarget, OutOfService};
use api::page::{LIMIT_DEFAULT, LIMIT_MAX, Page, PageQuery};
use axum::extract::{Path, State};
use model::spec::Spec;

/// `GET /ha-clusters/{id}/targets`.
#[utoipa::path(
    operation_id = "ha_targets", get, path = "/ha-clusters/{id}/targets", tag = "ha-clusters",
    summary = "What Pacemaker, the mount tables, the MGS and the spec say of each target, and where they disagree.",
    params(("id" = String, Path, description = "Id or name"), PageQuery),
    responses((status = 200, body = Page<HaTarget>), Problems)
)]
pub(crate) async fn targets(
    State(app): State<App>,
    _: Viewer,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<HaTarget>>, Fault> {
    ha_named(&app.manager.world(), &id)?;
    let part = Part::of(&query)?;
    let (_, text) = kept(&app).await?;
    // What is kept was read before it was kept.
    let resolved = resolve(&app, parse(&text).unwrap_or_default()).await?;
    let world = app.manager.world();
    let (_, ha) = ha_named(&world, &id)?;
    let keys = side::targets(&world, ha);
    let sides = side::Sides::new(&world, ha, &resolved);
    Ok(Json(part.page(&keys, |key| sides.row(key))))
}

/// `GET /maintenance`.
#[utoipa::path(
    operation_id = "maintenance", get, path = "/maintenance", tag = "servers",
    summary = "Servers that are out of service, by the spec or in Pacemaker, and what is on them still.",
    params(PageQuery),
    responses((status = 200, body = Page<OutOfService>), Problems)
)]
pub(crate) async fn maintenance(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<OutOfService>>, Fault> {
    let part = Part::of(&query)?;
    let (_, text) = kept(&app).await?;
    let spec = parse(&text).unwrap_or_default();
    let world = app.manager.world();
    let found = out::servers(&world, &spec);
    Ok(Json(part.page(&found, |one| Some(out::row(&world, one)))))
}

/// Which part of a list is asked for.
struct Part {
    from: usize,
    limit: usize,
}

impl Part {
    fn of(query: &PageQuery) -> Result<Self, Fault> {
        let from = query.cursor.as_deref().map(str::parse::<usize>).transpose();
        let from = from.map_err(|_| bad("The cursor is none of ours."))?;
        let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        Ok(Self {
            from: from.unwrap_or(0),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        })
    }

    fn page<K, T>(&self, keys: &[K], row: impl Fn(&K) -> Option<T>) -> Page<T> {
        let end = self.from.saturating_add(self.limit);
        let shown = keys.iter().skip(self.from).take(self.limit);
        Page {
            items: shown.filter_map(row).collect(),
            next: (end < keys.len()).then(|| end.to_string()),
            total: u64::try_from(keys.len()).unwrap_or(u64::MAX),
        }
    }
}

async fn resolve(app: &App, spec: Spec) -> Result<plan::Resolved, Fault> {
    let snapshot = app.manager.snapshot();
    let made = tokio::task::spawn_blocking(move || snapshot.resolve(&spec));
    made.await.map_err(|error| failed(&error))
}
