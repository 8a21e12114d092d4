//! The HTTP API and the page. Bodies are short: they ask the world or the
//! store, and convert.
//!
//! Whoever may call an operation is said where it is routed, by its argument:
//! [`caller::Viewer`], [`caller::Operator`], [`caller::Admin`].

mod allowed;
pub mod caller;
mod event;
mod explain;
mod ha;
mod input;
mod job;
mod login;
pub mod openapi;
mod overview;
mod page;
pub(crate) mod problem;
mod propose;
mod read;
mod secret;
mod spec;
mod stream;
mod token;
mod user;

use crate::state::Manager;
use crate::views::picture::Picture;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a request's body at most.
const BODY_MAX: usize = 64 << 10;
/// The same where a spec comes: it may name every device of a large site.
const SPEC_MAX: usize = 16 << 20;

/// State of the handlers.
#[derive(Clone)]
pub(crate) struct App {
    pub manager: Arc<Manager>,
    pub guard: Arc<login::Guard>,
    pub picture: Arc<tokio::sync::Mutex<Picture>>,
}

/// Every route under `/api/v1`, and the page.
pub fn router(manager: Arc<Manager>) -> Router {
    let app = App {
        manager,
        guard: Arc::default(),
        picture: Arc::default(),
    };
    let (api, _) = operations().split_for_parts();
    let api = api
        .route("/openapi.json", get(openapi::document))
        .fallback(problem::no_route)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(app);
    Router::new().nest("/api/v1", api).fallback(page::page)
}

/// Every operation; the API's document is made from the same list.
fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(read::health))
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(login::change_password))
        .routes(routes!(login::me))
        .routes(routes!(overview::summary))
        .routes(routes!(overview::topology))
        .routes(routes!(read::servers))
        .routes(routes!(read::server))
        .routes(routes!(token::revoke_server))
        .routes(routes!(read::targets))
        .routes(routes!(read::target))
        .routes(routes!(read::filesystems))
        .routes(routes!(read::filesystem))
        .routes(routes!(read::devices))
        .routes(routes!(read::device))
        .routes(routes!(read::ha_clusters))
        .routes(routes!(read::ha_cluster))
        .routes(routes!(read::clients))
        .routes(routes!(read::client))
        .routes(routes!(ha::targets))
        .routes(routes!(ha::maintenance))
        .routes(routes!(event::events))
        .routes(routes!(stream::stream))
        .routes(routes!(explain::explain))
        .routes(routes!(allowed::allowed))
        .routes(routes!(user::users, user::add))
        .routes(routes!(user::remove, user::change))
        .routes(routes!(token::tokens, token::add))
        .routes(routes!(token::remove))
        .routes(routes!(token::enrolment))
        .routes(routes!(spec::spec))
        .routes(routes!(spec::versions))
        .routes(routes!(spec::export))
        .routes(routes!(job::job))
        .routes(routes!(job::console))
        .routes(routes!(job::cancel))
        .routes(routes!(job::retry))
        .routes(routes!(job::skip))
        .routes(routes!(secret::secrets))
        .routes(routes!(secret::put))
        .merge(with_specs())
}

/// Operations that take a whole spec.
fn with_specs() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(spec::plan))
        .routes(routes!(spec::check))
        .routes(routes!(propose::propose))
        .routes(routes!(spec::diff))
        .routes(routes!(job::jobs, job::add))
        .layer(DefaultBodyLimit::max(SPEC_MAX))
}

pub use token::issue_token;
