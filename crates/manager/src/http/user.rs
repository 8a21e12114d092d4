//! Accounts.

use super::App;
use super::caller::{Admin, Caller};
use super::input::Json;
use super::login::{hashed, note};
use super::problem::{Fault, Problems, bad, fault, not_found};
use api::auth::{ChangeUser, NewUser, User};
use api::codes;
use api::page::{Done, Page};
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
        is_disabled: user.is_disabled,
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
    let role = role(&body.role)?;
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
    let password_hash = hashed(body.password).await?;
    let user = record::User {
        id: UserId(Uuid::now_v7()),
        name: body.name,
        role,
        password_hash,
        created_at: app.manager.now(),
        is_disabled: false,
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

fn role(text: &str) -> Result<Role, Fault> {
    text.parse()
        .map_err(|error: UnknownRole| bad(error.to_string()))
}

/// An account by id or name, not the caller's own.
async fn another(app: &App, caller: &Caller, id: &str) -> Result<record::User, Fault> {
    let users = app.manager.store().users().await?;
    let found = users
        .into_iter()
        .find(|user| user.id.to_string() == id || user.name == id);
    let found = found.ok_or_else(|| not_found("account", id))?;
    if found.id == caller.user {
        return Err(fault(
            codes::CONFLICT,
            "This is your own account.",
            "Let another admin do it; your password you change with `candela password`.",
        ));
    }
    Ok(found)
}

/// `PATCH /users/{id}`: not oneself, so that one admin always is left.
#[utoipa::path(
    operation_id = "change_user", patch, path = "/users/{id}", tag = "users",
    summary = "Changes an account's role or password, disables or enables it. Admins.",
    params(("id" = String, Path, description = "Id or name")),
    request_body = ChangeUser,
    responses((status = 200, body = User), Problems)
)]
pub(crate) async fn change(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<ChangeUser>,
) -> Result<Json<User>, Fault> {
    let found = another(&app, &caller, &id).await?;
    let mut said = Vec::new();
    let mut change = record::UserChange::default();
    if let Some(text) = &body.role {
        change.role = Some(role(text)?);
        said.push(format!("has the role {text} now"));
    }
    if let Some(password) = body.password {
        change.password_hash = Some(hashed(password).await?);
        said.push("has a new password".to_owned());
    }
    if let Some(is_disabled) = body.is_disabled {
        change.is_disabled = Some(is_disabled);
        let word = if is_disabled { "disabled" } else { "enabled" };
        said.push(format!("is {word}"));
    }
    if said.is_empty() {
        return Err(bad(
            "Nothing is to change: give role, is_disabled or password.",
        ));
    }
    let store = app.manager.store();
    store.change_user(found.id, change).await?;
    let text = format!("The account {:?} {}.", found.name, said.join(" and "));
    let (severity, kind) = (Severity::Warning, "user.changed");
    note(&app, severity, kind, text, Some(caller.actor)).await?;
    let user = store.user(found.id).await?;
    let user = user.ok_or_else(|| not_found("account", &id))?;
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
    let found = another(&app, &caller, &id).await?;
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
