//! Secrets that steps need: they go in, and only their names come out.

use super::App;
use super::caller::{Admin, Viewer};
use super::input::Json;
use super::login::note;
use super::problem::{Fault, Problems, bad, fault};
use crate::secrets::{LEN_MAX, SecretError};
use api::codes;
use api::job::{NewSecret, SecretName};
use api::page::{Done, Page};
use axum::extract::{Path, State};
use model::event::Severity;

/// Characters of a secret's name at most.
const NAME_MAX: usize = 100;

/// `GET /secrets`.
#[utoipa::path(
    get, path = "/secrets", tag = "secrets",
    summary = "Names of the secrets that are kept.",
    responses((status = 200, body = Page<SecretName>), Problems)
)]
pub(crate) async fn secrets(
    State(app): State<App>,
    _: Viewer,
) -> Result<Json<Page<SecretName>>, Fault> {
    let names = app.manager.store().secret_names().await?;
    Ok(Json(Page {
        total: u64::try_from(names.len()).unwrap_or(u64::MAX),
        next: None,
        items: names.into_iter().map(|name| SecretName { name }).collect(),
    }))
}

/// `PUT /secrets/{name}`.
#[utoipa::path(
    operation_id = "put_secret", put, path = "/secrets/{name}", tag = "secrets",
    summary = "Keeps a secret, sealed; an older one of its name goes. Admins.",
    params(("name" = String, Path, description = "Its name")),
    request_body = NewSecret,
    responses((status = 200, body = Done), Problems)
)]
pub(crate) async fn put(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(name): Path<String>,
    Json(body): Json<NewSecret>,
) -> Result<Json<Done>, Fault> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    if !(1..=NAME_MAX).contains(&name.len()) || !name.chars().all(is_good) {
        return Err(bad(format!(
            "A secret's name has 1 to {NAME_MAX} letters, digits, `-`, `.`, `_` and `/`."
        )));
    }
    if !(1..=LEN_MAX).contains(&body.secret.len()) {
        return Err(bad(format!("A secret has 1 to {LEN_MAX} bytes.")));
    }
    let kept = app.manager.put_secret(&name, body.secret.as_bytes()).await;
    kept.map_err(|error| match error {
        SecretError::Store(error) => error.into(),
        other => fault(
            codes::INTERNAL,
            super::spec::sentence(&other),
            "Try again; see the manager's log.",
        ),
    })?;
    let text = format!("The secret {name:?} was set.");
    note(&app, Severity::Info, "secret.set", text, Some(caller.actor)).await?;
    Ok(Json(Done {}))
}
