//! Accounts.

use super::App;
use super::caller::Admin;
use super::login::note;
use super::problem::{Fault, Problems, bad, fault, not_found};
use crate::auth::password;
use api::auth::{NewUser, User};
use api::codes;
use api::page::{Done, Page};
use axum::Json;
use axum::extract::{Path, State};
use model::event::Severity;
use model::ids::UserId;
use model::role::{Role, UnknownRole};
use store::record;
use uuid::Uuid;

fn view(user: record::User) -> User {
    User {
        id: user.id.to_string(),
        name: user.name,
        role: user.role.to_string(),
        created_at: user.created_at.to_string(),
    }
}

/// `GET /users`.
#[utoipa::path(
    get, path = "/users", tag = "users",
    summary = "Every account. Admins.",
    responses((status = 200, body = Page<User>), Problems)
)]
pub(crate) async fn users(State(app): State<App>, _: Admin) -> Result<Json<Page<User>>, Fault> {
    let items: Vec<User> = app
        .manager
        .store()
        .users()
        .await?
        .into_iter()
        .map(view)
        .collect();
    let total = u64::try_from(items.len()).unwrap_or(u64::MAX);
    Ok(Json(Page {
        items,
        next: None,
        total,
    }))
}

/// `POST /users`.
#[utoipa::path(
    operation_id = "add_user", post, path = "/users", tag = "users",
    summary = "Makes an account. Admins.",
    request_body = NewUser,
    responses((status = 200, body = User), Problems)
)]
pub(crate) async fn add(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewUser>,
) -> Result<Json<User>, Fault> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if body.name.is_empty() || body.name.len() > 64 || !body.name.chars().all(is_allowed) {
        return Err(bad(
            "A name has 1 to 64 of letters, digits, `.`, `_` and `-`.",
        ));
    }
    if body.password.chars().count() < password::LENGTH_MIN {
        return Err(bad("A password has 12 characters at least."));
    }
    let role: Role = body
        .role
        .parse()
        .map_err(|error: UnknownRole| bad(error.to_string()))?;
    if app
        .manager
        .store()
        .user_by_name(body.name.clone())
        .await?
        .is_some()
    {
        let text = format!("There is an account {:?} already.", body.name);
        return Err(fault(codes::CONFLICT, text, "Choose another name."));
    }
    let plain = body.password;
    let hashed = tokio::task::spawn_blocking(move || password::hash(&plain)).await;
    let Ok(Ok(password_hash)) = hashed else {
        return Err(super::login::no_random());
    };
    let user = record::User {
        id: UserId(Uuid::now_v7()),
        name: body.name,
        role,
        password_hash,
        created_at: app.manager.now(),
    };
    app.manager.store().add_user(user.clone()).await?;
    let text = format!("The account {:?} with the role {role} was made.", user.name);
    note(
        &app,
        Severity::Info,
        "user.created",
        text,
        Some(caller.actor),
    )
    .await?;
    Ok(Json(view(user)))
}

/// `DELETE /users/{id}`: not oneself, so that one admin always is left.
#[utoipa::path(
    operation_id = "remove_user", delete, path = "/users/{id}", tag = "users",
    summary = "Removes an account. Admins.",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = Done), Problems)
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<Json<Done>, Fault> {
    let users = app.manager.store().users().await?;
    let found = users
        .into_iter()
        .find(|user| user.id.to_string() == id || user.name == id);
    let found = found.ok_or_else(|| not_found("account", &id))?;
    if found.id == caller.user {
        return Err(fault(
            codes::CONFLICT,
            "This is your own account.",
            "Let another admin remove it.",
        ));
    }
    app.manager.store().remove_user(found.id).await?;
    let text = format!("The account {:?} was removed.", found.name);
    note(
        &app,
        Severity::Warning,
        "user.removed",
        text,
        Some(caller.actor),
    )
    .await?;
    Ok(Json(Done {}))
}
