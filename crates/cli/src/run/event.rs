//! `candela event`.

use crate::args::{Common, EventArgs, EventVerb, Format};
use crate::client::Client;
use crate::output;
use anyhow::{Context, Result};
use api::event::Event;
use futures_util::StreamExt;

/// How a change says that there are, or may be, new events.
const TELLING: [&[u8]; 2] = [b"\"events\"", b"\"reset\""];

/// Lists events, and follows them if asked to.
pub async fn run(client: &Client, verb: EventVerb, common: &Common) -> Result<()> {
    let EventVerb::List(args) = verb;
    // The stream first, so that nothing falls between the list and it.
    let stream = if args.follow {
        Some(client.stream().await?)
    } else {
        None
    };
    let mut newest: Vec<Event> = client
        .list("events", &query(&args), Some(args.limit))
        .await?;
    newest.reverse();
    if stream.is_none() && !common.output.is_table() {
        return output::data(common.output, &newest);
    }
    if stream.is_none() && newest.is_empty() {
        eprintln!("nothing matches");
    }
    print(&newest, common)?;
    let Some(stream) = stream else { return Ok(()) };
    let mut after = newest.iter().map(|event| event.seq).max().unwrap_or(0);
    let mut chunks = stream.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.context("the manager ended the stream; run the command again")?;
        // Most changes tell of no event, and comments only keep the line alive.
        // What is cut in two may be anything.
        let is_whole = chunk.ends_with(b"\n\n");
        if is_whole && !TELLING.iter().any(|words| holds(&chunk, words)) {
            continue;
        }
        let mut more = query(&args);
        more.push(("after", after.to_string()));
        let events: Vec<Event> = client.list("events", &more, None).await?;
        after = events.iter().map(|event| event.seq).fold(after, u64::max);
        print(&events, common)?;
    }
    Ok(())
}

fn holds(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|some| some == words)
}

fn query(args: &EventArgs) -> Vec<(&'static str, String)> {
    let pairs = [
        ("severity", &args.severity),
        ("kind", &args.kind),
        ("server", &args.server),
        ("target", &args.target),
        ("q", &args.query),
    ];
    pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.clone()?)))
        .collect()
}

fn print(events: &[Event], common: &Common) -> Result<()> {
    let lines = match common.output {
        Format::Table | Format::Wide => lines(events),
        Format::Json | Format::Yaml => events
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<_, _>>()?,
    };
    lines.iter().try_for_each(|line| output::say(line))
}

/// A line each: time (UTC), severity, server, what happened. Lines of different
/// calls stand under each other.
pub(crate) fn lines(events: &[Event]) -> Vec<String> {
    let server = |event: &Event| event.server.clone().unwrap_or_else(|| "manager".into());
    let longest = events.iter().map(|event| server(event).len()).max();
    let width = longest.unwrap_or(0).max(12);
    let line = |event: &Event| {
        let at = event.at.split('.').next().unwrap_or_default();
        let at = at.trim_end_matches('Z').replace('T', " ");
        let (severity, text) = (&event.severity, &event.text);
        format!("{at}Z  {severity:7}  {:width$}  {text}", server(event))
    };
    events.iter().map(line).collect()
}
