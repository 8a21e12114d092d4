//! Proposals: a file system from a few wishes.

use super::App;
use super::caller::Viewer;
use super::input::Json;
use super::problem::{Fault, Problems, bad};
use super::spec::{failed, kept, sentence};
use crate::planning::parse;
use api::propose::{Proposal, Wish};
use axum::extract::State;
use model::spec::Spec;

/// `POST /filesystems/propose`.
#[utoipa::path(
    operation_id = "propose_filesystem", post, path = "/filesystems/propose", tag = "spec",
    summary = "Devices and servers that suit a wished file system, or more targets of one. Changes nothing.",
    request_body = Wish,
    responses((status = 200, body = Proposal), Problems)
)]
pub(crate) async fn propose(
    State(app): State<App>,
    _: Viewer,
    Json(wish): Json<Wish>,
) -> Result<Json<Proposal>, Fault> {
    let (_, text) = kept(&app).await?;
    let spec: Spec = parse(&text).map_err(|error| bad(sentence(&error)))?;
    let snapshot = app.manager.snapshot();
    let made = tokio::task::spawn_blocking(move || plan::propose(&wish, &spec, snapshot.world()));
    made.await.map(Json).map_err(|error| failed(&error))
}
