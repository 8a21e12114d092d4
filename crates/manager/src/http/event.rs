//! The journal.

use super::App;
use super::caller::Viewer;
use super::input::Json;
use super::input::Query;
use super::problem::{Fault, Problems, bad};
use super::read::server_id;
use api::event::{Event, EventQuery};
use api::page::{LIMIT_DEFAULT, LIMIT_MAX, Page};
use axum::extract::State;
use model::event::Severity;
use store::record::EventFilter;

/// `GET /events`: newest first, or oldest first after a position.
#[utoipa::path(
    get, path = "/events", tag = "events",
    summary = "A page of the journal, newest first.",
    params(EventQuery),
    responses((status = 200, body = Page<Event>), Problems)
)]
pub(crate) async fn events(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<EventQuery>,
) -> Result<Json<Page<Event>>, Fault> {
    let all = [Severity::Info, Severity::Warning, Severity::Error];
    let severities = match query.severity.as_deref() {
        None | Some("info") => Vec::new(),
        Some("warning") => all[1..].to_vec(),
        Some("error") => all[2..].to_vec(),
        Some(other) => {
            return Err(bad(format!(
                "{other:?} is no severity; there are info, warning and error."
            )));
        }
    };
    let number = |text: &String| text.parse().map_err(|_| bad("The cursor is none of ours."));
    let before = query.cursor.as_ref().map(number).transpose()?;
    let server = match &query.server {
        Some(name) => Some(server_id(&app.manager.world(), name)?),
        None => None,
    };
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let mut filter = EventFilter {
        before: before.filter(|_| query.after.is_none()),
        after: query.after,
        severities,
        kind: query.kind.clone(),
        server,
        target: query.target.clone(),
        text: query.q.clone(),
        limit,
    };
    // With `after`, a cursor is the position to go on from.
    if query.after.is_some() && before.is_some() {
        filter.after = before;
    }
    let found = app.manager.store().events_page(filter.clone()).await?;
    let total = app.manager.store().count_events(filter).await?;
    Ok(Json(Page {
        items: found.events.into_iter().map(view).collect(),
        next: found.next.map(|seq| seq.to_string()),
        total,
    }))
}

fn view(event: model::event::Event) -> Event {
    let what = event.what;
    Event {
        seq: event.seq,
        recorded_at: event.recorded_at.to_string(),
        at: what.at.to_string(),
        severity: format!("{:?}", what.severity).to_lowercase(),
        kind: what.kind,
        text: what.text,
        server_id: event.server.map(|id| id.to_string()),
        server: event.server_name,
        target: what.target.map(|label| label.to_string()),
        actor: event.actor,
        raw: what.raw,
    }
}
