//! What Lustre and the kernel say on the console, as typed events.
//!
//! [`Message::parse`] takes any line of a console, of dmesg, of syslog or of
//! the journal. What it does not know it keeps as [`Event::Other`], so nothing
//! is lost; a pattern is one line in `rules.rs`.

pub mod debug_log;
mod event;
mod kernel;
mod line;
mod rules;
mod template;

pub use event::{Event, EvictionCause, Severity};
pub use line::{Line, Speaker, bare};

use crate::label::{FsName, TargetLabel};
use crate::nid::Nid;
use rules::Rule;
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};
use template::{Found, fit};

/// The reader of bare console text.
pub static KIND: Kind = Kind {
    name: "lustre-console",
    about: "console messages of Lustre and LNet, as they are quoted",
    guess,
    read,
};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Who says it.
    pub speaker: Speaker,
    /// How much it matters.
    pub severity: Severity,
    /// What it tells.
    #[serde(flatten)]
    pub event: Event,
    /// The device it is about, as it names it: `lab01-OST0001-osc-MDT0000`, `sdg`, `eth1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The target it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetLabel>,
    /// The file system it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs: Option<FsName>,
    /// The node at the other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nid: Option<Nid>,
    /// The client: its uuid, or the name of a server's own client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The function that says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The message without its header.
    pub text: String,
}

impl Message {
    /// Reads one line.
    pub fn parse(line: &str) -> Self {
        let line = Line::parse(line);
        let (event, found) = match line.speaker {
            Speaker::Kernel => match kernel::classify(line.text) {
                Some((event, device)) => {
                    let found = Found {
                        device,
                        ..Found::default()
                    };
                    (event, found)
                }
                None => (Event::Other, Found::default()),
            },
            Speaker::Lustre | Speaker::Lnet => lustre(&line),
        };
        let severity = match (&event, line.is_error) {
            (Event::Other, true) => Severity::Warning,
            // A snapshot is mounted read-only because that was asked for.
            (Event::ReadOnly, false) => Severity::Info,
            _ => event.severity(),
        };
        let device = found.device.map(|name| name.trim_end_matches("_UUID"));
        let device = device.or_else(|| first_device(&line));
        let target = target_of(&event, device, line.text);
        let fs = target
            .as_ref()
            .and_then(TargetLabel::fs)
            .cloned()
            .or_else(|| device.and_then(fs_of));
        Self {
            speaker: line.speaker,
            severity,
            event,
            device: device.map(str::to_owned),
            target,
            fs,
            nid: found.nid.and_then(nid_of),
            client: found
                .client
                .map(|name| name.trim_end_matches("_UUID").to_owned()),
            function: line.function.map(str::to_owned),
            text: line.text.to_owned(),
        }
    }
}

impl Message {
    /// Stable dotted name of what it tells: `lustre.client_evicted`, `kernel.other`.
    pub fn name(&self) -> &'static str {
        match (&self.event, self.speaker) {
            (Event::Other, Speaker::Lnet) => "lnet.other",
            (Event::Other, Speaker::Kernel) => "kernel.other",
            (event, _) => event.name(),
        }
    }
}

fn lustre<'a>(line: &Line<'a>) -> (Event, Found<'a>) {
    let text = line.text;
    if let Some(found) = fit("Skipped {} previous similar message", text) {
        let n = found.number(0).unwrap_or(0);
        return (Event::Repeated { n }, Found::default());
    }
    if let Some((_, rest)) = text.split_once("ASSERTION(") {
        let condition = rest
            .rsplit_once(") failed")
            .map_or(rest, |(condition, _)| condition);
        let condition = condition.trim().to_owned();
        return (Event::Assertion { condition }, Found::default());
    }
    if text.split([' ', ':']).any(|word| word == "LBUG") {
        let function = line.function.map(str::to_owned);
        return (Event::Lbug { function }, Found::default());
    }
    let groups = match line.speaker {
        Speaker::Lnet => rules::OF_LNET,
        _ => rules::LUSTRE,
    };
    if let Some(known) = groups.iter().find_map(|group| first(group, text)) {
        return known;
    }
    if let Some(at) = text
        .find("ervice thread pid")
        .or_else(|| text.find("atchdog triggered"))
        && let Some((event, _)) = text
            .get(at..)
            .and_then(|tail| first(rules::OF_THREADS, tail))
    {
        return (event, Found::default());
    }
    (by_place(line), Found::default())
}

fn first<'a>(group: &[Rule], text: &'a str) -> Option<(Event, Found<'a>)> {
    group.iter().find_map(|(like, make)| {
        let found = fit(like, text)?;
        Some((make(&found), found))
    })
}

/// What the place of a message tells where its words are not known.
fn by_place(line: &Line<'_>) -> Event {
    let is_in = |starts: &[&str]| {
        line.function
            .is_some_and(|function| starts.iter().any(|start| function.starts_with(start)))
    };
    if line.text.contains("OI scrub") || is_in(&["osd_scrub", "scrub_", "osd_oi_"]) {
        Event::OiScrub
    } else if is_in(&["lfsck_"]) {
        Event::Lfsck
    } else if line.is_error && is_in(&["qsd_", "qmt_"]) {
        Event::QuotaFailed
    } else if line.is_error && is_in(&["mgc_", "mgs_"]) {
        Event::MgsFailed {
            rc: rc_at_end(line.text),
        }
    } else {
        Event::Other
    }
}

/// `…: rc = -22`.
fn rc_at_end(text: &str) -> Option<i64> {
    let (_, rc) = text.rsplit_once("rc = ")?;
    rc.trim_end_matches(['.', ' ']).parse().ok()
}

/// The name that a message begins with, where it is one of ours: `lab01-OST0000: …`.
fn first_device<'a>(line: &Line<'a>) -> Option<&'a str> {
    if line.speaker == Speaker::Kernel {
        return None;
    }
    let (name, _) = line.text.split_once(": ")?;
    let is_name = name.len() <= 128
        && name
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'(' | b')' | b'='));
    let is_ours = name.starts_with("MG")
        || name.contains("-OST")
        || name.contains("-MDT")
        || name.contains("-MDD")
        || name.contains("-clilov")
        || name.ends_with("-client");
    (is_name && is_ours).then_some(name.trim_end_matches("_UUID"))
}

/// The target that a device serves, or leads to.
fn target_of(event: &Event, device: Option<&str>, text: &str) -> Option<TargetLabel> {
    let device = match event {
        // The import's name may be cut; the message says by whom.
        Event::EvictedHere => fit("{dev}: This client was evicted by {};", text)
            .map(|found| found.text(0))
            .or(device)?,
        _ => device?,
    };
    label_in(device)
}

/// The first label in a device's name: `lab01-OST0001-osc-MDT0000`,
/// `srv-lab01-OST0001`, `MGC10.0.0.1@tcp`.
pub fn label_in(device: &str) -> Option<TargetLabel> {
    if device == "MGS" || device.starts_with("MGC") || device == "MGT" {
        return Some(TargetLabel::Mgs);
    }
    let device = ["srv-", "cli-ctl-", "cli-", "ctl-"]
        .iter()
        .find_map(|start| device.strip_prefix(start))
        .unwrap_or(device);
    let at = ["-OST", "-MDT"]
        .iter()
        .filter_map(|mark| device.find(mark))
        .min()?;
    let label = device.get(..at.checked_add(8)?)?;
    label.parse().ok()
}

/// The file system of `lab01-client`, `lab01-clilov-…`, `lab01-MDD0000`.
fn fs_of(device: &str) -> Option<FsName> {
    let marks = ["-client", "-clilov", "-clilmv", "-MDD", "-QMT"];
    let at = marks.iter().filter_map(|mark| device.find(mark)).min()?;
    FsName::new(device.get(..at)?).ok()
}

/// A NID, with the process id that LNet puts before some: `12345-10.0.0.1@tcp`.
fn nid_of(text: &str) -> Option<Nid> {
    let text = text.trim_end_matches(['.', ',', ':', ';']);
    let text = text.strip_prefix("12345-").unwrap_or(text);
    text.parse().ok()
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut said, mut lines) = (0_u32, 0_u32);
    for text in sample.text().lines().filter(|text| !text.trim().is_empty()) {
        lines += 1;
        said += u32::from(Line::parse(text).speaker != Speaker::Kernel);
    }
    match (said, lines) {
        (0, _) => 0,
        (said, lines) if said * 2 >= lines => 60,
        (said, lines) if said * 5 >= lines => 45,
        (said, _) if said >= 3 => 20,
        _ => 5,
    }
}

/// Puts a message under the name of its event.
pub fn put(message: &Message, sink: &mut dyn Sink) {
    sink.record(message.name(), &|| json!(message));
    if let Event::ModulesLoaded { version } = &message.event {
        sink.hint(&format!("Lustre {version}"));
    }
}

/// A quoted message may go on in the next lines, further in.
fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut open: Option<String> = None;
    for (number, bytes) in (1_u64..).zip(input.split(|byte| *byte == b'\n')) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            sink.skip(Skip::new(
                number,
                SkipKind::Binary,
                "bytes that are not text",
            ));
            continue;
        };
        let trimmed = text.trim_matches(['\0', '\r', ' ', '\t']);
        if trimmed.is_empty() || trimmed == "--" {
            close(&mut open, sink);
            continue;
        }
        let is_said = Line::parse(text).speaker != Speaker::Kernel;
        let goes_on = !is_said && text.starts_with([' ', '\t']);
        match &mut open {
            Some(message) if goes_on && message.len() < 4096 => {
                message.push(' ');
                message.push_str(trimmed);
            }
            _ => {
                close(&mut open, sink);
                open = Some(trimmed.to_owned());
            }
        }
    }
    close(&mut open, sink);
}

fn close(open: &mut Option<String>, sink: &mut dyn Sink) {
    if let Some(text) = open.take() {
        put(&Message::parse(&text), sink);
    }
}

#[cfg(test)]
mod tests;
