//! What `ntpq` prints: peers (`ntpq -p`) and the variables of the daemon
//! (`ntpq -c rv`).

use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;
use crate::os::clock;

/// The reader of `ntpq -p`.
pub static PEERS: Kind = Kind {
    name: "ntpq-peers",
    about: "ntpq -p, ntpq -np",
    guess: guess_peers,
    read: |input, sink| {
        let (found, skips) = peers(input);
        lines::emit("ntp-peer", &found, sink);
        lines::emit_skips(skips, sink);
    },
};

/// The reader of `ntpq -c rv`.
pub static VARIABLES: Kind = Kind {
    name: "ntpq-rv",
    about: "ntpq -c rv",
    guess: guess_variables,
    read: |input, sink| read_variables(input, sink),
};

/// One peer of the daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// What the daemon makes of it.
    pub state: State,
    /// Name or address, cut by ntpq to its column.
    pub name: String,
    /// What it follows itself.
    pub reference: String,
    /// Its hops to a reference clock; 16 is none.
    pub stratum: u8,
    /// `u` unicast, `b` broadcast, `l` local, `p` pool.
    pub kind: char,
    /// Time since the last answer.
    pub last_rx_s: Option<u64>,
    /// Time between questions.
    pub poll_s: Option<u64>,
    /// The last eight questions, a bit each: 0 where none was answered.
    pub reach: u8,
    /// Way there and back.
    pub delay_ns: Option<i64>,
    /// Its clock less ours.
    pub offset_ns: Option<i64>,
    /// How much that varies.
    pub jitter_ns: Option<i64>,
}

/// What the daemon makes of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A blank: not valid or not reached.
    #[default]
    Rejected,
    /// `*`: the one that is followed.
    Selected,
    /// `o`: followed, with a pulse every second.
    PulsePerSecond,
    /// `+`: taken into the mean.
    Candidate,
    /// `-`: thrown out by the cluster algorithm.
    Outlier,
    /// `#`: good, but there are better ones.
    Backup,
    /// `x`: its time cannot be right.
    Falseticker,
    /// `.`: thrown out, too many of them.
    Excess,
}

impl Peer {
    /// Whether the clock follows it.
    pub fn is_selected(&self) -> bool {
        matches!(self.state, State::Selected | State::PulsePerSecond)
    }
}

/// Reads every peer.
pub fn peers(input: &[u8]) -> (Vec<Peer>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    // With `-w` a long name stands on a line of its own.
    let mut name_before = None;
    for line in lines::read(input, &mut skips) {
        if line.text.trim().is_empty() || is_frame(line.text) {
            continue;
        }
        let joined = name_before
            .take()
            .map(|name| format!("{name} {}", line.text));
        let text = joined.as_deref().unwrap_or(line.text);
        match peer(text) {
            Some(peer) => found.push(peer),
            None if joined.is_none() && is_lone_name(line.text) => {
                name_before = Some(line.text.to_owned());
            }
            None if is_error(line.text) => {
                skips.push(line.skip(SkipKind::ErrorText, "an error"));
            }
            None => skips.push(line.bad("no peer of ntpd")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_error(text: &str) -> bool {
    lines::is_error(text)
        || text.contains("No association ID")
        || text.contains("Connection refused")
        || text.starts_with("ntpq:")
        || text.contains("timed out")
}

fn is_frame(text: &str) -> bool {
    let text = text.trim();
    text.bytes().all(|byte| byte == b'=') || text.starts_with("remote ") && text.contains("refid")
}

fn is_lone_name(text: &str) -> bool {
    text.split_whitespace().count() == 1 && !is_error(text)
}

fn state(mark: char) -> Option<State> {
    Some(match mark {
        ' ' => State::Rejected,
        '*' => State::Selected,
        'o' => State::PulsePerSecond,
        '+' => State::Candidate,
        '-' => State::Outlier,
        '#' => State::Backup,
        'x' => State::Falseticker,
        '.' => State::Excess,
        _ => return None,
    })
}

/// `*oss1  10.0.0.1  2 u  12  64  377  0.123  -0.456  0.789`: ten words, of
/// which the last nine are sure and the first has a mark before it.
fn peer(text: &str) -> Option<Peer> {
    let mark = text.chars().next()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let [
        first,
        middle @ ..,
        stratum,
        kind,
        when,
        poll,
        reach,
        delay,
        offset,
        jitter,
    ] = words.as_slice()
    else {
        return None;
    };
    // A lone mark: `* oss1`. The reference is blank where there is none.
    let (name, reference) = match middle {
        [] => (*first, ""),
        [reference] => (*first, *reference),
        [name, reference] if first.len() == 1 => (*name, *reference),
        _ => return None,
    };
    let state = state(mark)?;
    let name = if mark == ' ' {
        name
    } else {
        name.strip_prefix(mark).unwrap_or(name)
    };
    let mut letters = kind.chars();
    let kind = letters
        .next()
        .filter(|c| c.is_ascii_alphabetic() || *c == '-')?;
    if letters.next().is_some() || name.is_empty() {
        return None;
    }
    let millis = |text: &str| clock::scaled(text, 1_000_000);
    Some(Peer {
        state,
        name: name.to_owned(),
        reference: reference.to_owned(),
        stratum: if *stratum == "-" {
            0
        } else {
            stratum.parse().ok()?
        },
        kind,
        last_rx_s: clock::age_seconds(when),
        poll_s: clock::age_seconds(poll),
        reach: u8::from_str_radix(reach, 8).ok()?,
        delay_ns: millis(delay),
        offset_ns: millis(offset),
        jitter_ns: millis(jitter),
    })
}

/// The daemon's variables by name, unquoted: `stratum`, `offset`, `refid`. The
/// words of its status, such as `leap_none`, have no value.
pub fn variables(input: &[u8]) -> (BTreeMap<String, String>, Vec<Skip>) {
    let (mut found, mut skips) = (BTreeMap::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        if is_error(line.text) {
            skips.push(line.skip(SkipKind::ErrorText, "an error"));
            continue;
        }
        for part in split(line.text) {
            let mut rest = part.trim();
            // `associd=0 status=0615 leap_none`: blanks part the first ones.
            while let Some((word, more)) = rest.split_once(' ').filter(|(word, _)| is_plain(word)) {
                set(&mut found, word);
                rest = more.trim_start();
            }
            set(&mut found, rest);
        }
    }
    (found, skips)
}

fn is_plain(word: &str) -> bool {
    matches!(word.split_once('='), Some((key, value)) if !value.is_empty()
        && (key == "associd" || key == "assID" || key == "status"))
}

fn set(found: &mut BTreeMap<String, String>, text: &str) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    if !key.trim().is_empty() {
        found.insert(
            key.trim().to_owned(),
            value.trim().trim_matches('"').to_owned(),
        );
    }
}

/// Splits at commas outside of quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut is_quoted) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn guess_peers(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has_heading = text.lines().take(5).any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.starts_with(&["remote", "refid", "st", "t"])
    });
    if has_heading { 96 } else { 0 }
}

fn guess_variables(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |word: &str| text.contains(word);
    let is_status = text
        .lines()
        .find(|line| !line.trim().is_empty() && !lines::is_prompt(line))
        .is_some_and(|line| {
            line.contains("status=") && (line.starts_with("assoc") || line.starts_with("assID"))
        });
    if is_status && has("stratum=") && has("refid=") {
        94
    } else {
        0
    }
}

fn read_variables(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = variables(input);
    if !found.is_empty() {
        sink.record("ntp-variables", &|| serde_json::json!(found));
    }
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_read_with_their_marks() {
        let (found, skips) = peers(b"     remote           refid      st t when poll reach   delay   offset  jitter\n==============================================================================\n*10.0.0.1        .GPS.            1 u   12   64  377    0.123   -0.456   0.789\n LOCAL(0)        .LOCL.           5 l  21m   64    0    0.000    0.000   0.000\nxt.example.org\n                 10.0.0.2         2 u    1  1d    17   23.399   -2.805   2.131\nbroken line\n");
        assert_eq!((found.len(), skips.len(), skips[0].line), (3, 1, 7));
        let one = &found[0];
        assert!(one.is_selected());
        assert_eq!(
            (one.name.as_str(), one.stratum, one.reach),
            ("10.0.0.1", 1, 255)
        );
        assert_eq!(
            (one.offset_ns, one.delay_ns),
            (Some(-456_000), Some(123_000))
        );
        assert_eq!((found[1].last_rx_s, found[1].kind), (Some(1260), 'l'));
        assert_eq!(
            (found[2].name.as_str(), found[2].state),
            ("t.example.org", State::Falseticker)
        );
        assert_eq!(found[2].poll_s, Some(86_400));
        assert_eq!(
            peers(b"ntpq: read: Connection refused\n").1[0].kind,
            SkipKind::ErrorText
        );
    }

    #[test]
    fn variables_are_read() {
        let (found, skips) = variables(b"associd=0 status=0615 leap_none, sync_ntp, 1 event, clock_sync,\nversion=\"ntpd 4.2.6p5@1.2349-o, x\", processor=\"x86_64\",\nstratum=3, refid=10.0.0.1, offset=-0.123, clk_wander=0.010\n");
        assert_eq!(skips, []);
        assert_eq!(found["version"], "ntpd 4.2.6p5@1.2349-o, x");
        assert_eq!(
            (found["stratum"].as_str(), found["status"].as_str()),
            ("3", "0615")
        );
        assert!(found.contains_key("leap_none") && found.contains_key("sync_ntp"));
    }
}
