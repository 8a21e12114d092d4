//! Who calls, from the session's cookie or a bearer token, and what that may do.

use super::App;
use super::problem::{Fault, fault};
use crate::auth::secret;
use api::codes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, header};
use model::ids::{SessionId, UserId};
use model::role::Role;
use store::record::User;

/// Name of the session's cookie.
pub const COOKIE: &str = "candela_session";
/// Header that a change with a cookie must carry.
pub const CSRF: &str = "x-csrf-token";

/// Somebody who proved who they are.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Account.
    pub user: UserId,
    /// Its name.
    pub name: String,
    /// What they may do now: a token's role may be below its owner's.
    pub role: Role,
    /// The session, if that is how they came.
    pub session: Option<(SessionId, String)>,
    /// How the journal names them.
    pub actor: String,
}

/// Anyone who is logged in.
#[derive(Clone, Debug)]
pub struct Viewer(pub Caller);
/// An operator or an admin.
#[derive(Clone, Debug)]
pub struct Operator(pub Caller);
/// An admin.
#[derive(Clone, Debug)]
pub struct Admin(pub Caller);

async fn caller(parts: &Parts, app: &App) -> Result<Caller, Fault> {
    let header = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if let Some(bearer) = header(header::AUTHORIZATION.as_str()) {
        let token = bearer.strip_prefix("Bearer ").unwrap_or_default().trim();
        return by_token(app, token).await;
    }
    let cookies = header(header::COOKIE.as_str()).unwrap_or_default();
    let mut pairs = cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let Some((_, value)) = pairs.find(|(name, _)| *name == COOKIE) else {
        return Err(login_needed());
    };
    let caller = by_session(app, value).await?;
    let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let csrf = caller
        .session
        .as_ref()
        .map(|(_, csrf)| csrf.as_str())
        .unwrap_or_default();
    if changes && !header(CSRF).is_some_and(|given| secret::is_same(given, csrf)) {
        return Err(fault(
            codes::CSRF_MISSING,
            "A change that comes with a session's cookie must carry X-Csrf-Token.",
            "Take the value from GET /api/v1/me, or use a bearer token.",
        ));
    }
    Ok(caller)
}

fn login_needed() -> Fault {
    fault(
        codes::LOGIN_NEEDED,
        "This needs a login or a bearer token.",
        "Log in, and try again.",
    )
}

/// An account that is disabled is nobody, however they come.
pub(super) fn refuse_disabled(user: &User) -> Result<(), Fault> {
    if !user.is_disabled {
        return Ok(());
    }
    Err(fault(
        codes::ACCOUNT_DISABLED,
        format!("The account {:?} is disabled.", user.name),
        "Ask an admin to enable it.",
    ))
}

async fn by_token(app: &App, token: &str) -> Result<Caller, Fault> {
    let store = app.manager.store();
    let found = store.token_by_hash(secret::hash(token)).await?;
    let found = found.filter(|found| found.expires_at > app.manager.now());
    let unknown = || {
        fault(
            codes::TOKEN_UNKNOWN,
            "The token is unknown, was ended, or is too old.",
            "Log in again (`candela login`), or have a new token made (`candela token create-api`).",
        )
    };
    let found = found.ok_or_else(unknown)?;
    let user = store.user(found.user).await?.ok_or_else(unknown)?;
    refuse_disabled(&user)?;
    Ok(Caller {
        user: user.id,
        role: found.role.min(user.role),
        session: None,
        actor: format!("token:{} of {}", found.name, user.name),
        name: user.name,
    })
}

async fn by_session(app: &App, value: &str) -> Result<Caller, Fault> {
    let store = app.manager.store();
    let session = store.session_by_hash(secret::hash(value)).await?;
    let session = session.filter(|found| found.expires_at > app.manager.now());
    let session = session.ok_or_else(login_needed)?;
    let user = store.user(session.user).await?.ok_or_else(login_needed)?;
    refuse_disabled(&user)?;
    Ok(Caller {
        user: user.id,
        role: user.role,
        session: Some((session.id, session.csrf)),
        actor: format!("user:{}", user.name),
        name: user.name,
    })
}

async fn at_least(parts: &Parts, app: &App, role: Role) -> Result<Caller, Fault> {
    let caller = caller(parts, app).await?;
    if caller.role < role {
        return Err(fault(
            codes::ROLE_TOO_LOW,
            format!(
                "This needs the role {role}; {} has {}.",
                caller.name, caller.role
            ),
            "Ask an admin.",
        ));
    }
    Ok(caller)
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        at_least(parts, app, Role::Viewer).await.map(Self)
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        at_least(parts, app, Role::Operator).await.map(Self)
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        at_least(parts, app, Role::Admin).await.map(Self)
    }
}
