//! `chronyc sources`.

use stdx::reading::{Likelihood, Sample, Skip};

use super::{Mode, Source, State, is_frame, skip};
use crate::ha::lines;
use crate::os::clock;

/// Reads every source.
pub fn parse(input: &[u8]) -> (Vec<Source>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        match from_csv(line.text).or_else(|| row(line.text)) {
            Some(source) => found.push(source),
            None if is_frame(line.text) => {}
            None => skips.push(skip(&line, "no source of time")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn mode(mark: char) -> Option<Mode> {
    Some(match mark {
        '^' => Mode::Server,
        '=' => Mode::Peer,
        '#' => Mode::ReferenceClock,
        _ => return None,
    })
}

fn state(mark: char) -> Option<State> {
    Some(match mark {
        '*' => State::Selected,
        '+' => State::Combined,
        '-' => State::NotCombined,
        '?' | ' ' => State::Unusable,
        'x' => State::Falseticker,
        '~' => State::TooVariable,
        _ => return None,
    })
}

/// `^* oss1  2  10  377  302  +3450us[+3432us] +/-   40ms`.
fn row(text: &str) -> Option<Source> {
    let mut letters = text.chars();
    let (mode, state) = (mode(letters.next()?)?, state(letters.next()?)?);
    let mut words = letters.as_str().split_whitespace();
    let mut found = Source {
        mode,
        state,
        name: words.next()?.to_owned(),
        stratum: words.next()?.parse().ok()?,
        poll: words.next()?.parse().ok()?,
        reach: u8::from_str_radix(words.next()?, 8).ok()?,
        ..Source::default()
    };
    found.last_rx_s = clock::age_seconds(words.next()?);
    let sample: String = words.collect::<Vec<_>>().concat();
    let (offset, error) = sample.split_once("+/-").unwrap_or((&sample, ""));
    // In brackets is what was measured; before it, what remains after correction.
    let measured = offset
        .split_once('[')
        .map(|(_, inside)| inside.trim_end_matches(']'));
    found.offset_ns = measured.and_then(clock::with_unit);
    found.error_ns = clock::with_unit(error);
    Some(found)
}

/// `^,*,192.168.1.1,2,6,377,12,0.000012,-0.0001,0.002`.
fn from_csv(text: &str) -> Option<Source> {
    let fields: Vec<&str> = text.trim().split(',').collect();
    let [mark, how, name, stratum, poll, reach, age, _, offset, error] = fields.as_slice() else {
        return None;
    };
    Some(Source {
        mode: mode(mark.chars().next()?)?,
        state: state(how.chars().next()?)?,
        name: (*name).to_owned(),
        stratum: stratum.parse().ok()?,
        poll: poll.parse().ok()?,
        reach: u8::from_str_radix(reach, 8).ok()?,
        // What was never heard of is written as the largest number.
        last_rx_s: age.parse().ok().filter(|age| *age < u64::from(u32::MAX)),
        offset_ns: clock::seconds(offset),
        error_ns: clock::seconds(error),
    })
}

pub(super) fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text
        .lines()
        .any(|line| line.trim_start().starts_with("MS Name/IP"))
    {
        return 96;
    }
    let mut full = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !lines::is_prompt(line));
    let first = full.next();
    if first.is_some_and(|line| from_csv(line).is_some()) {
        92
    } else if first.is_some_and(|line| row(line).is_some_and(|one| one.error_ns.is_some())) {
        85
    } else {
        0
    }
}
