//! The HTTP API and the page. Bodies are short: they ask the world or the
//! store, and convert.
//!
//! Whoever may call an operation is said where it is routed, by its argument:
//! [`caller::Viewer`], [`caller::Operator`], [`caller::Admin`].

pub mod caller;
mod event;
mod explain;
mod login;
mod page;
pub(crate) mod problem;
mod read;
mod stream;
mod token;
mod user;

use crate::state::Manager;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use std::sync::Arc;

/// Bytes of a request's body at most.
const BODY_MAX: usize = 64 << 10;

/// State of the handlers.
#[derive(Clone)]
pub(crate) struct App {
    pub manager: Arc<Manager>,
    pub guard: Arc<login::Guard>,
}

/// Every route under `/api/v1`, and the page.
pub fn router(manager: Arc<Manager>) -> Router {
    let app = App {
        manager,
        guard: Arc::default(),
    };
    let api = Router::new()
        .route("/health", get(read::health))
        .route("/login", post(login::login))
        .route("/logout", post(login::logout))
        .route("/me", get(login::me))
        .route("/summary", get(read::summary))
        .route("/topology", get(read::topology))
        .route("/servers", get(read::servers))
        .route("/servers/{id}", get(read::server))
        .route("/servers/{id}/revoke", post(token::revoke_server))
        .route("/targets", get(read::targets))
        .route("/targets/{id}", get(read::target))
        .route("/filesystems", get(read::filesystems))
        .route("/filesystems/{id}", get(read::filesystem))
        .route("/devices", get(read::devices))
        .route("/devices/{id}", get(read::device))
        .route("/ha-clusters", get(read::ha_clusters))
        .route("/ha-clusters/{id}", get(read::ha_cluster))
        .route("/events", get(event::events))
        .route("/stream", get(stream::stream))
        .route("/explain", get(explain::explain))
        .route("/users", get(user::users).post(user::add))
        .route("/users/{id}", delete(user::remove))
        .route("/tokens", get(token::tokens).post(token::add))
        .route("/tokens/{id}", delete(token::remove))
        .route("/enrolment-tokens", post(token::enrolment))
        .fallback(problem::no_route)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(app);
    Router::new().nest("/api/v1", api).fallback(page::page)
}

pub use token::issue_token;
