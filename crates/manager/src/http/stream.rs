//! The stream of changes, as server-sent events.

use super::App;
use super::caller::Viewer;
use super::input::Query;
use super::problem::Problems;
use api::event::Change;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;

/// Where to resume, for those that cannot set a header.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// Resume after this position; the header `Last-Event-ID` comes first.
    after: Option<u64>,
}

/// `GET /stream`.
#[utoipa::path(
    get, path = "/stream", tag = "events",
    summary = "Server-sent events of what changed; resumable.",
    params(After),
    responses((status = 200, description = "One `Change` as JSON in each message", body = Change, content_type = "text/event-stream"), Problems)
)]
pub(crate) async fn stream(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<After>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let header = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    let after = header.and_then(|text| text.parse().ok()).or(query.after);
    let changes = app.manager.changes().subscribe(after);
    let shutdown = app.manager.tasks().shutdown().clone();
    let events = unfold((changes, shutdown), |(mut changes, shutdown)| async move {
        let change = tokio::select! {
            change = changes.next() => change,
            () = shutdown.wait() => return None,
        };
        let event = Event::default().id(change.seq.to_string()).event("change");
        let event = event.json_data(&*change).unwrap_or_default();
        Some((Ok(event), (changes, shutdown)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
