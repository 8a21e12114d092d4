//! Logging in and out.

use super::App;
use super::caller::{COOKIE, Viewer, refuse_disabled};
use super::input::Json;
use super::problem::{Fault, Problems, bad, fault};
use crate::auth::{password, secret};
use crate::state::{Note, VERSION};
use api::auth::{Login, Me, NewPassword};
use api::codes;
use api::page::Done;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use model::event::Severity;
use model::ids::SessionId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use store::record::{Session, UserChange};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use uuid::Uuid;

/// How long a session lives.
const SESSION_HOURS: i64 = 12;
/// Wrong logins of one account before it must wait.
const WRONG_MAX: u32 = 10;
/// How long it must wait, seconds.
const WAIT_S: i64 = 60;
/// Accounts that are counted at most.
const COUNTED_MAX: usize = 10_000;

/// Passwords that are checked at a time: each takes 19 MiB and a processor.
const CHECKS_AT_ONCE: usize = 2;
/// How long a login waits for its turn.
const CHECK_WITHIN: Duration = Duration::from_secs(5);

/// Counts wrong logins by account, and lets few be checked at a time.
#[derive(Debug)]
pub(crate) struct Guard {
    wrong: Mutex<BTreeMap<String, (u32, Timestamp)>>,
    places: Semaphore,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            wrong: Mutex::default(),
            places: Semaphore::new(CHECKS_AT_ONCE),
        }
    }
}

impl Guard {
    /// Whether a password is right; none if too many wait to be told.
    async fn check(&self, plain: String, hash: Option<String>) -> Option<bool> {
        let place = timeout(CHECK_WITHIN, self.places.acquire()).await;
        let _place = place.ok()?.ok()?;
        let check = move || password::is_right(&plain, hash.as_deref());
        Some(tokio::task::spawn_blocking(check).await.unwrap_or(false))
    }

    fn is_open(&self, name: &str, now: Timestamp) -> bool {
        let mut all = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if all
            .get(name)
            .is_some_and(|(_, since)| now.as_second() - since.as_second() > WAIT_S)
        {
            all.remove(name);
        }
        all.get(name).is_none_or(|(count, _)| *count < WRONG_MAX)
    }

    fn note(&self, name: &str, now: Timestamp, was_right: bool) {
        let mut all = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if was_right {
            all.remove(name);
            return;
        }
        if all.len() >= COUNTED_MAX && !all.contains_key(name) {
            // Names that someone makes up must not hide those that are tried on.
            all.retain(|_, (count, since)| {
                *count > 1 && now.as_second() - since.as_second() <= WAIT_S
            });
        }
        if all.len() < COUNTED_MAX || all.contains_key(name) {
            let entry = all.entry(name.to_owned()).or_insert((0, now));
            *entry = (entry.0 + 1, now);
        }
    }
}

/// `POST /login`.
#[utoipa::path(
    post, path = "/login", tag = "session",
    summary = "Logs in; the answer sets the session cookie.",
    request_body = Login,
    responses((status = 200, body = Me), Problems)
)]
pub(crate) async fn login(
    State(app): State<App>,
    Json(body): Json<Login>,
) -> Result<Response, Fault> {
    let now = app.manager.now();
    let name = body.user.to_lowercase();
    if !app.guard.is_open(&name, now) {
        return Err(too_often(&body.user));
    }
    let user = app.manager.store().user_by_name(body.user.clone()).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let plain = body.password;
    let is_right = app.guard.check(plain, hash).await;
    let is_right = is_right.ok_or_else(too_many)?;
    app.guard.note(&name, now, is_right);
    let Some(user) = user.filter(|_| is_right) else {
        let text = format!(
            "A login as {:?} failed.",
            body.user.chars().take(64).collect::<String>()
        );
        note(&app, Severity::Warning, "login.failed", text, None).await?;
        return Err(fault(
            codes::LOGIN_WRONG,
            "The name or the password is wrong.",
            "Check both.",
        ));
    };
    refuse_disabled(&user)?;
    let value = secret::random().map_err(|_| no_random())?;
    let session = Session {
        id: SessionId(Uuid::now_v7()),
        user: user.id,
        secret_hash: secret::hash(&value),
        csrf: secret::random().map_err(|_| no_random())?,
        created_at: now,
        expires_at: now
            .saturating_add(SignedDuration::from_hours(SESSION_HOURS))
            .unwrap_or(now),
    };
    let me = Me {
        user: user.name.clone(),
        role: user.role.to_string(),
        csrf: Some(session.csrf.clone()),
        version: VERSION.to_owned(),
    };
    app.manager.store().expire_sessions(now).await?;
    app.manager.store().add_session(session).await?;
    let actor = Some(format!("user:{}", user.name));
    note(
        &app,
        Severity::Info,
        "login",
        format!("{} logged in.", user.name),
        actor,
    )
    .await?;
    let age = SESSION_HOURS * 3600;
    let cookie =
        format!("{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; Secure; SameSite=Strict");
    Ok(([(header::SET_COOKIE, cookie)], Json(me)).into_response())
}

pub(super) fn no_random() -> Fault {
    fault(
        codes::INTERNAL,
        "The machine gives no random numbers.",
        "See the manager's log.",
    )
}

pub(super) async fn note(
    app: &App,
    severity: Severity,
    kind: &'static str,
    text: String,
    actor: Option<String>,
) -> Result<(), Fault> {
    Ok(app
        .manager
        .record(Note {
            severity,
            kind,
            text,
            actor,
            server: None,
        })
        .await?)
}

/// `POST /logout`.
#[utoipa::path(
    post, path = "/logout", tag = "session",
    summary = "Ends the session.",
    responses((status = 200, body = Done), Problems)
)]
pub(crate) async fn logout(
    State(app): State<App>,
    Viewer(caller): Viewer,
) -> Result<Response, Fault> {
    if let Some((id, _)) = caller.session {
        app.manager.store().remove_session(id).await?;
    }
    let cookie = format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    Ok(([(header::SET_COOKIE, cookie)], Json(Done {})).into_response())
}

/// `POST /session/password`: one's own password. Other sessions of the account
/// end; API tokens have secrets of their own and stay.
#[utoipa::path(
    operation_id = "change_password", post, path = "/session/password", tag = "session",
    summary = "Changes the caller's password, and ends the account's other sessions.",
    request_body = NewPassword,
    responses((status = 200, body = Done), Problems)
)]
pub(crate) async fn change_password(
    State(app): State<App>,
    Viewer(caller): Viewer,
    Json(body): Json<NewPassword>,
) -> Result<Json<Done>, Fault> {
    let now = app.manager.now();
    let name = caller.name.to_lowercase();
    if !app.guard.is_open(&name, now) {
        return Err(too_often(&caller.name));
    }
    let store = app.manager.store();
    let user = store.user(caller.user).await?;
    let hash = user.map(|user| user.password_hash);
    let is_right = app.guard.check(body.current, hash).await;
    let is_right = is_right.ok_or_else(too_many)?;
    app.guard.note(&name, now, is_right);
    if !is_right {
        return Err(fault(
            codes::LOGIN_WRONG,
            "The current password is wrong.",
            "Check it; an admin can set a new one.",
        ));
    }
    let change = UserChange {
        password_hash: Some(hashed(body.new).await?),
        kept: caller.session.map(|(id, _)| id),
        ..UserChange::default()
    };
    store.change_user(caller.user, change).await?;
    let text = format!("{} changed their password.", caller.name);
    note(
        &app,
        Severity::Info,
        "user.password_changed",
        text,
        Some(caller.actor),
    )
    .await?;
    Ok(Json(Done {}))
}

/// The hash of a password that is long enough.
pub(super) async fn hashed(plain: String) -> Result<String, Fault> {
    if plain.chars().count() < password::LENGTH_MIN {
        return Err(bad("A password has 12 characters at least."));
    }
    match tokio::task::spawn_blocking(move || password::hash(&plain)).await {
        Ok(Ok(hash)) => Ok(hash),
        _ => Err(no_random()),
    }
}

fn too_often(name: &str) -> Fault {
    fault(
        codes::LOGIN_TOO_OFTEN,
        format!("Too many logins of {name:?} failed."),
        "Wait a minute, and try again.",
    )
}

fn too_many() -> Fault {
    fault(
        codes::LOGIN_TOO_OFTEN,
        "Too many logins wait to be checked.",
        "Wait a minute, and try again.",
    )
}

/// `GET /me`.
#[utoipa::path(
    get, path = "/me", tag = "session",
    summary = "Who the caller is.",
    responses((status = 200, body = Me), Problems)
)]
pub(crate) async fn me(Viewer(caller): Viewer) -> Json<Me> {
    Json(Me {
        user: caller.name,
        role: caller.role.to_string(),
        csrf: caller.session.map(|(_, csrf)| csrf),
        version: VERSION.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_passwords_are_checked_at_a_time() {
        let guard = Guard::default();
        let held = guard.places.acquire_many(2).await.unwrap();
        assert_eq!(guard.check("x".into(), None).await, None);
        drop(held);
        assert_eq!(guard.check("x".into(), None).await, Some(false));
    }

    #[test]
    fn an_account_is_counted_however_many_names_are_made_up() {
        let (guard, now) = (Guard::default(), Timestamp::UNIX_EPOCH);
        for n in 0..COUNTED_MAX {
            guard.note(&format!("nobody{n}"), now, false);
        }
        for _ in 0..WRONG_MAX {
            assert!(guard.is_open("admin", now));
            guard.note("admin", now, false);
        }
        assert!(!guard.is_open("admin", now));
    }
}
