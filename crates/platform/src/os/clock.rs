//! Amounts of time as clocks' tools print them: decimals of a second, or with a
//! unit (`+3450us`, `-5.224ms`, `8min 32s`). In whole nanoseconds.

/// A decimal number times `unit`, rounded: `("-0.5", 1000)` is -500.
pub(crate) fn scaled(text: &str, unit: i64) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || whole.is_empty() && part.is_empty() {
        return None;
    }
    let mut sum = if whole.is_empty() {
        0
    } else {
        whole.parse::<i64>().ok()?.checked_mul(unit)?
    };
    // Digits below the unit's resolution only round.
    let mut place = unit;
    for digit in part.bytes().take(18).map(|byte| i64::from(byte - b'0')) {
        if place % 10 != 0 {
            sum = sum.checked_add(i64::from(digit >= 5))?;
            break;
        }
        place /= 10;
        sum = sum.checked_add(digit.checked_mul(place)?)?;
    }
    sum.checked_mul(sign)
}

/// Seconds as nanoseconds.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    scaled(text.trim(), 1_000_000_000)
}

/// An amount with its unit, or several of them: `+3450us`, `8min 32s`.
pub(crate) fn with_unit(text: &str) -> Option<i64> {
    let mut sum = None::<i64>;
    for word in text.split_whitespace() {
        let end = word.find(|c: char| c.is_ascii_alphabetic() || c == 'µ')?;
        let (number, unit) = (word.get(..end)?, word.get(end..)?);
        let amount = scaled(number, unit_ns(unit)?)?;
        sum = Some(sum.unwrap_or(0).checked_add(amount)?);
    }
    sum
}

fn unit_ns(unit: &str) -> Option<i64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000_000,
        "m" | "min" | "minute" | "minutes" => 60_000_000_000,
        "h" | "hour" | "hours" => 3_600_000_000_000,
        "d" | "day" | "days" => 86_400_000_000_000,
        "w" | "week" | "weeks" => 604_800_000_000_000,
        "y" | "year" | "years" => 31_557_600_000_000_000,
        _ => return None,
    })
}

/// The time since a packet as `chronyc` and `ntpq` print it: seconds, or with
/// one of `m`, `h`, `d`, `y`. None for `-`.
pub(crate) fn age_seconds(text: &str) -> Option<u64> {
    let (number, factor) = match text.char_indices().next_back() {
        Some((at, 'm')) => (text.get(..at)?, 60),
        Some((at, 'h')) => (text.get(..at)?, 3600),
        Some((at, 'd')) => (text.get(..at)?, 86_400),
        Some((at, 'y')) => (text.get(..at)?, 31_557_600),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_whole_nanoseconds() {
        for (text, want) in [
            ("0.000001234", Some(1234)),
            ("-0.5", Some(-500_000_000)),
            ("+1", Some(1_000_000_000)),
            (".25", Some(250_000_000)),
            ("0.0000000019", Some(2)),
            ("1e-6", None),
            ("", None),
            ("-", None),
            ("99999999999999999999", None),
            ("10000000000", None),
        ] {
            assert_eq!(seconds(text), want, "{text}");
        }
    }

    #[test]
    fn units_are_known() {
        for (text, want) in [
            ("+3450us", Some(3_450_000)),
            ("-5.224ms", Some(-5_224_000)),
            ("8min 32s", Some(512_000_000_000)),
            ("0ns", Some(0)),
            ("5", None),
            ("5 apples", None),
            ("µs", None),
        ] {
            assert_eq!(with_unit(text), want, "{text}");
        }
        assert_eq!(age_seconds("21m"), Some(1260));
        assert_eq!((age_seconds("377"), age_seconds("-")), (Some(377), None));
    }
}
