//! The overview and the topology picture.

use super::App;
use super::caller::Viewer;
use super::input::Json;
use super::problem::{Fault, Problems};
use crate::lists::{Listed, read};
use crate::state::Manager;
use crate::views::list::{Ask, Field};
use crate::views::noun::{Devices, FileSystems, HaClusters, Servers, Targets};
use api::summary::{Attention, Summary, Topology};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;

/// Things that the overview lists at most.
const ATTENTION_MAX: usize = 100;

/// `GET /summary`.
#[utoipa::path(
    get, path = "/summary", tag = "overview",
    summary = "Counts, and what needs attention.",
    responses((status = 200, body = Summary), Problems)
)]
pub(crate) async fn summary(State(app): State<App>, _: Viewer) -> Result<Json<Summary>, Fault> {
    let manager = &*app.manager;
    let mut worst = Worst::default();
    let servers = of::<Servers>(manager, &mut worst).await?;
    let targets = of::<Targets>(manager, &mut worst).await?;
    let filesystems = of::<FileSystems>(manager, &mut worst).await?;
    let ha_clusters = of::<HaClusters>(manager, &mut worst).await?;
    let (n_devices, shared) = read::<Devices, _>(manager, &Ask::default(), |table, _, _| {
        (table.len(), table.counts(Field::Shared))
    })
    .await?;
    Ok(Json(Summary {
        servers,
        targets,
        filesystems,
        ha_clusters,
        n_devices: count(n_devices),
        n_devices_shared: shared.values().sum(),
        n_attention: count(worst.n),
        attention: worst.first(),
    }))
}

/// What needs attention, of all nouns.
#[derive(Default)]
struct Worst {
    n: usize,
    some: Vec<Attention>,
}

impl Worst {
    fn first(mut self) -> Vec<Attention> {
        self.some.sort_by(|a, b| {
            (&a.severity, &a.code, &a.about).cmp(&(&b.severity, &b.code, &b.about))
        });
        self.some.truncate(ATTENTION_MAX);
        self.some
    }
}

/// How many rows are in each state; adds the worst to `worst`.
async fn of<N: Listed>(
    manager: &Manager,
    worst: &mut Worst,
) -> Result<BTreeMap<String, u64>, Fault> {
    read::<N, _>(manager, &Ask::default(), |table, _, _| {
        let all = table.attention();
        worst.n += all.len();
        worst.some.extend(all.values().take(ATTENTION_MAX).cloned());
        table.counts(Field::State)
    })
    .await
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// `GET /topology`.
#[utoipa::path(
    get, path = "/topology", tag = "overview",
    summary = "HA groups, and who mounts what.",
    responses((status = 200, body = Topology), Problems)
)]
pub(crate) async fn topology(State(app): State<App>, _: Viewer) -> Response {
    // Whoever asks meanwhile waits, and most often gets the same picture.
    let mut picture = app.picture.lock().await;
    picture.update(&app.manager).await;
    ([(CONTENT_TYPE, "application/json")], picture.whole()).into_response()
}
