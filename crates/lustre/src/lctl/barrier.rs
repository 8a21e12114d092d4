//! `lctl barrier_stat`: whether writes of metadata are held back.

use crate::lfs::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of barriers.
pub static KIND: Kind = Kind {
    name: "lctl-barrier",
    about: "lctl barrier_stat",
    guess,
    read,
};

/// A barrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Barrier<'a> {
    /// `init`, `freezing_p1`, `frozen`, `thawing`, `thawed`, `failed`, `expired`, `rescan`.
    pub state: &'a str,
    /// Until it expires by itself.
    pub seconds_left: Option<u64>,
}

const STATES: [&str; 10] = [
    "init",
    "freezing_p1",
    "freezing_p2",
    "frozen",
    "thawing",
    "thawed",
    "failed",
    "expired",
    "rescan",
    "unknown",
];

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = text_lines(sample.text()).map(str::trim);
    let first = lines.next().and_then(|line| line.strip_prefix("state: "));
    let second = lines.next().unwrap_or_default();
    let has_time = second.starts_with("timeout: ") && second.ends_with("seconds");
    let is_state = first.is_some_and(|state| STATES.contains(&state));
    if is_state && has_time { 92 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut held: Option<Barrier<'_>> = None;
    let put = |one: Option<Barrier<'_>>, sink: &mut dyn Sink| {
        if let Some(one) = one {
            sink.record("barrier", &|| json!(one));
        }
    };
    for line in lines(input) {
        let text = line.text.trim();
        if let Some(state) = text.strip_prefix("state: ").filter(|_| !line.is_binary) {
            let next = Barrier {
                state,
                seconds_left: None,
            };
            put(held.replace(next), sink);
            continue;
        }
        let seconds = text.strip_prefix("timeout: ");
        let seconds = seconds.and_then(|rest| rest.split(' ').next()?.parse().ok());
        match (seconds, &mut held) {
            (Some(seconds), Some(one)) => one.seconds_left = Some(seconds),
            _ => odd(&line, "no state of a barrier", sink),
        }
    }
    put(held, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    #[test]
    fn every_state_is_told_with_its_time() {
        let text = "state: frozen\ntimeout: 10 seconds\r\nwhat\nstate: thawed\n";
        let mut found = Collected::with_records();
        read(text.as_bytes(), &mut found);
        assert_eq!(
            found.records["barrier"],
            [
                json!({"state": "frozen", "seconds_left": 10}),
                json!({"state": "thawed", "seconds_left": null}),
            ]
        );
        assert_eq!(found.skips.len(), 1);
        let of = |text: &str| {
            guess(Sample {
                name: "",
                head: text.as_bytes(),
            })
        };
        assert_eq!(of(text), 92);
        assert_eq!(of("state: FULL\ntimeout: 7 seconds\n"), 0);
    }
}
