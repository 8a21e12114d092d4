//! Tokens of programs, tokens that enrol, and revoking a server.

use super::App;
use super::caller::{Admin, Caller, Operator, Viewer};
use super::input::Json;
use super::login::{no_random, note};
use super::problem::{Fault, Problems, bad, fault, not_found};
use crate::auth::secret;
use crate::enrolment::{PROFILE_MANAGED, PROFILE_MONITOR};
use crate::state::Manager;
use api::codes;
use api::page::{Done, Page};
use api::token::{NewEnrolmentToken, NewToken, Secret, Token};
use axum::extract::{Path, State};
use jiff::SignedDuration;
use model::event::Severity;
use model::ids::{TokenId, UserId};
use model::role::Role;
use std::collections::BTreeMap;
use std::time::Duration;
use store::StoreError;
use store::record::ApiToken;
use uuid::Uuid;

const DAY_S: u64 = 86_400;

/// `GET /tokens`: one's own; all of them for an admin.
#[utoipa::path(
    get, path = "/tokens", tag = "tokens",
    summary = "The caller's API tokens; an admin sees all.",
    responses((status = 200, body = Page<Token>), Problems)
)]
pub(crate) async fn tokens(
    State(app): State<App>,
    Viewer(caller): Viewer,
) -> Result<Json<Page<Token>>, Fault> {
    let store = app.manager.store();
    let users: BTreeMap<UserId, String> = store
        .users()
        .await?
        .into_iter()
        .map(|user| (user.id, user.name))
        .collect();
    let mine = |token: &ApiToken| caller.role == Role::Admin || token.user == caller.user;
    let items: Vec<Token> = store
        .tokens()
        .await?
        .into_iter()
        .filter(mine)
        .map(|token| Token {
            id: token.id.to_string(),
            name: token.name,
            role: token.role.to_string(),
            user: users.get(&token.user).cloned().unwrap_or_default(),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.to_string(),
        })
        .collect();
    let total = u64::try_from(items.len()).unwrap_or(u64::MAX);
    Ok(Json(Page {
        items,
        next: None,
        total,
    }))
}

/// Makes an API token; its secret is given once. For programs that run the
/// manager in their own process, too.
pub async fn issue_token(
    manager: &Manager,
    user: UserId,
    name: String,
    role: Role,
    ttl: Duration,
) -> Result<Option<Secret>, StoreError> {
    let Ok(text) = secret::random() else {
        return Ok(None);
    };
    let text = format!("{}{text}", secret::TOKEN_MARK);
    let now = manager.now();
    let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::from_hours(1));
    let token = ApiToken {
        id: TokenId(Uuid::now_v7()),
        user,
        name,
        role,
        secret_hash: secret::hash(&text),
        created_at: now,
        expires_at: now.saturating_add(ttl).unwrap_or(now),
    };
    let made = Secret {
        id: token.id.to_string(),
        secret: text,
        expires_at: token.expires_at.to_string(),
    };
    manager.store().add_token(token).await?;
    Ok(Some(made))
}

/// `POST /tokens`.
#[utoipa::path(
    operation_id = "add_token", post, path = "/tokens", tag = "tokens",
    summary = "Makes an API token; its secret is shown once.",
    request_body = NewToken,
    responses((status = 200, body = Secret), Problems)
)]
pub(crate) async fn add(
    State(app): State<App>,
    Viewer(caller): Viewer,
    Json(body): Json<NewToken>,
) -> Result<Json<Secret>, Fault> {
    let role: Role = body
        .role
        .parse()
        .map_err(|error: model::role::UnknownRole| bad(error.to_string()))?;
    if role > caller.role {
        return Err(fault(
            codes::ROLE_TOO_LOW,
            format!(
                "A token cannot have the role {role}: yours is {}.",
                caller.role
            ),
            "Ask for your own role or one below.",
        ));
    }
    if body.name.trim().is_empty() || body.name.len() > 100 {
        return Err(bad("A token needs a name of 1 to 100 characters."));
    }
    let ttl = body.ttl_s.unwrap_or(30 * DAY_S);
    if !(60..=366 * DAY_S).contains(&ttl) {
        return Err(bad("A token lives a minute at least and a year at most."));
    }
    let (name, ttl) = (body.name.clone(), Duration::from_secs(ttl));
    let made = issue_token(&app.manager, caller.user, body.name, role, ttl).await?;
    let text = format!("A token {name:?} with the role {role} was made.");
    note(
        &app,
        Severity::Info,
        "token.created",
        text,
        Some(caller.actor),
    )
    .await?;
    made.map(Json).ok_or_else(no_random)
}

/// `DELETE /tokens/{id}`: one's own; any for an admin.
#[utoipa::path(
    operation_id = "remove_token", delete, path = "/tokens/{id}", tag = "tokens",
    summary = "Ends an API token.",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = Done), Problems)
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Viewer(caller): Viewer,
    Path(id): Path<String>,
) -> Result<Json<Done>, Fault> {
    let wanted: TokenId = id.parse().map_err(|_| not_found("token", &id))?;
    let all = app.manager.store().tokens().await?;
    let found = all.into_iter().find(|token| token.id == wanted);
    let found = found.filter(|token| caller.role == Role::Admin || token.user == caller.user);
    let found = found.ok_or_else(|| not_found("token", &id))?;
    app.manager.store().remove_token(found.id).await?;
    let text = format!("The token {:?} was ended.", found.name);
    note(
        &app,
        Severity::Info,
        "token.ended",
        text,
        Some(caller.actor),
    )
    .await?;
    Ok(Json(Done {}))
}

/// `POST /enrolment-tokens`.
#[utoipa::path(
    operation_id = "add_enrolment_token", post, path = "/enrolment-tokens", tag = "tokens",
    summary = "Makes a token that enrols one server. Operators.",
    request_body = NewEnrolmentToken,
    responses((status = 200, body = Secret), Problems)
)]
pub(crate) async fn enrolment(
    State(app): State<App>,
    Operator(caller): Operator,
    Json(body): Json<NewEnrolmentToken>,
) -> Result<Json<Secret>, Fault> {
    let profile = body.profile.unwrap_or_else(|| PROFILE_MONITOR.to_owned());
    if ![PROFILE_MONITOR, PROFILE_MANAGED].contains(&profile.as_str()) {
        return Err(bad(format!(
            "There is no profile {profile:?}; there are `monitor` and `managed`."
        )));
    }
    let ttl = body.ttl_s.unwrap_or(3600);
    if !(60..=7 * DAY_S).contains(&ttl) {
        return Err(bad(
            "An enrolment token lives a minute at least and a week at most.",
        ));
    }
    let ttl = Duration::from_secs(ttl);
    let made = app
        .manager
        .create_enrolment_token(ttl, profile, caller.actor)
        .await?;
    Ok(Json(Secret {
        id: made.id.to_string(),
        secret: made.secret,
        expires_at: made.expires_at.to_string(),
    }))
}

/// `POST /servers/{id}/revoke`.
#[utoipa::path(
    post, path = "/servers/{id}/revoke", tag = "servers",
    summary = "Revokes a server: its agent is cut off at once. Admins.",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = Done), Problems)
)]
pub(crate) async fn revoke_server(
    State(app): State<App>,
    Admin(Caller { actor, .. }): Admin,
    Path(id): Path<String>,
) -> Result<Json<Done>, Fault> {
    let id = super::read::server_id(&app.manager.world(), &id)?;
    app.manager.revoke(id, actor).await?;
    Ok(Json(Done {}))
}
