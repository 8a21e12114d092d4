//! Times as logs write them. What cannot be told without the zone or the year
//! of the host stays text.

use serde::Serialize;

/// When something was logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// Not said.
    #[default]
    None,
    /// Microseconds since 1970, UTC.
    AtUs(i64),
    /// Microseconds since the host booted.
    SinceBootUs(u64),
    /// Local time without a zone, or without a year.
    Text(String),
}

/// `2026-11-21T00:51:55,000000+00:00`, `2026-11-21 00:51:55 UTC`,
/// `2026-11-21T00:52:30+0000`, `…Z`: microseconds since 1970. None where no zone is said.
pub fn iso(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let rest = rest.strip_prefix(['T', ' '])?;
    let zone_at = rest
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ',')))
        .unwrap_or(rest.len());
    let (clock, zone) = rest.split_at_checked(zone_at)?;
    let of_day = clock_us(clock)?;
    let days = days_since_1970(year, month, day)?;
    let local = days.checked_mul(86_400_000_000)?.checked_add(of_day)?;
    local.checked_sub(offset_us(zone.trim())?)
}

/// `01:02:03.5` as microseconds of the day.
fn clock_us(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let mut parts = whole.split(':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    Some((hour * 3600 + minute * 60 + second) * 1_000_000 + fraction_us(fraction)?)
}

/// The digits behind a point as microseconds.
pub(crate) fn fraction_us(digits: &str) -> Option<i64> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    six.parse().ok()
}

fn offset_us(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "UTC" | "GMT") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (number(&digits)?, 0),
        4 => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
        _ => return None,
    };
    Some(sign * (hours * 3600 + minutes * 60) * 1_000_000)
}

fn number(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// Days of the proleptic Gregorian calendar; the year is counted from March, so
/// that the leap day is its last.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(era * 146_097 + days - 719_468)
}

/// `636.050342` as microseconds.
pub(crate) fn seconds_us(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: u64 = whole.trim().parse().ok()?;
    let fraction = u64::try_from(fraction_us(fraction)?).ok()?;
    seconds.checked_mul(1_000_000)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_forms_are_one() {
        let at = 1_795_222_315_000_000;
        for text in [
            "2026-11-21T00:51:55,000000+00:00",
            "2026-11-21T00:51:55+0000",
            "2026-11-21T01:51:55+01:00",
            "2026-11-20T19:21:55.0-0530",
            "2026-11-21 00:51:55 UTC",
            "2026-11-21T00:51:55Z",
        ] {
            assert_eq!(iso(text), Some(at), "{text}");
        }
        assert_eq!(iso("2024-02-29T00:00:00.25Z"), Some(1_709_164_800_250_000));
        for text in [
            "2026-11-21T00:51:55",
            "2026-13-01T00:00:00Z",
            "",
            "é026-11-21T00:51:55Z",
            "2026-11-21T99:00:00Z",
        ] {
            assert_eq!(iso(text), None, "{text}");
        }
        assert_eq!(seconds_us("636.05"), Some(636_050_000));
    }
}
