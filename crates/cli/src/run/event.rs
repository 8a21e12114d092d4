//! `candela event`.

use crate::args::{Common, EventArgs, EventVerb, Format};
use crate::client::Client;
use crate::output;
use anyhow::{Context, Result};
use api::event::Event;
use futures_util::StreamExt;

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
    if stream.is_none() && common.output != Format::Table {
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
        // Any change may have come with events; comments only keep the line alive.
        if !chunk.windows(5).any(|five| five == b"data:") {
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

/// A line each, so that lines of different calls stand under each other.
fn print(events: &[Event], common: &Common) -> Result<()> {
    for event in events {
        let line = match common.output {
            Format::Table => format!(
                "{}  {:7}  {:12}  {}",
                event
                    .at
                    .split('.')
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches('Z'),
                event.severity,
                event.server.as_deref().unwrap_or("manager"),
                event.text
            ),
            Format::Json | Format::Yaml => serde_json::to_string(event)?,
        };
        output::say(&line)?;
    }
    Ok(())
}
