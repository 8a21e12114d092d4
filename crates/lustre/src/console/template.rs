//! Messages by example: `{dev}: Recovery over after {}, of {} client`.
//!
//! A template fits a text that begins with it. `{dev}`, `{nid}` and `{client}`
//! name what stands there; the others are counted.

/// Values at the places of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// At `{dev}`.
    pub device: Option<&'a str>,
    /// At `{nid}`.
    pub nid: Option<&'a str>,
    /// At `{client}`.
    pub client: Option<&'a str>,
    /// At each `{}`.
    pub others: Vec<&'a str>,
}

impl<'a> Found<'a> {
    /// The text at the `at`th `{}`, from 0.
    pub fn text(&self, at: usize) -> &'a str {
        self.others.get(at).copied().unwrap_or_default()
    }

    /// A whole number there, whatever stands behind its digits.
    pub fn number(&self, at: usize) -> Option<u64> {
        let text = self.text(at).trim_start();
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text.get(..end)?.parse().ok()
    }

    /// An error number there: `-110`.
    pub fn rc(&self, at: usize) -> Option<i64> {
        let text = self.text(at).trim_start_matches([' ', '(']);
        let digits = text.strip_prefix('-').unwrap_or(text);
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        let number: i64 = digits.get(..end)?.parse().ok()?;
        Some(if text.starts_with('-') {
            -number
        } else {
            number
        })
    }

    /// Minutes and seconds there, `3:05`, as seconds.
    pub fn clock(&self, at: usize) -> Option<u64> {
        clock(self.text(at))
    }

    fn put(&mut self, place: &str, value: &'a str) {
        match place {
            "dev" => self.device = Some(value),
            "nid" => self.nid = Some(value),
            "client" => self.client = Some(value),
            _ => self.others.push(value),
        }
    }
}

/// `3:05`, whatever stands behind it, as seconds.
pub(crate) fn clock(text: &str) -> Option<u64> {
    let (minutes, seconds) = text.trim().split_once(':')?;
    let minutes: u64 = minutes.trim_start_matches('-').parse().ok()?;
    let end = seconds
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(seconds.len());
    let seconds: u64 = seconds.get(..end)?.parse().ok()?;
    minutes.checked_mul(60)?.checked_add(seconds)
}

/// Fits a template to the beginning of a text.
pub(crate) fn fit<'a>(template: &str, text: &'a str) -> Option<Found<'a>> {
    let (head, mut rest_of_template) = template.split_once('{').unwrap_or((template, ""));
    let mut rest = text.strip_prefix(head)?;
    let mut found = Found::default();
    while let Some((place, tail)) = rest_of_template.split_once('}') {
        let (literal, next) = tail.split_once('{').unwrap_or((tail, ""));
        let end = if literal.is_empty() {
            rest.len()
        } else if place == "dev" && literal.starts_with(": ") {
            rest.find(": ")?
        } else {
            rest.find(literal)?
        };
        let (value, behind) = rest.split_at_checked(end)?;
        // A device is one word: that keeps a template from taking a sentence for one.
        if !place.is_empty() && value.contains(' ') {
            return None;
        }
        found.put(place, value);
        // Some messages set what follows a name in a column.
        rest = match literal.strip_prefix(": ") {
            Some(words) if place == "dev" => behind
                .trim_start_matches(':')
                .trim_start()
                .strip_prefix(words)?,
            _ => behind.strip_prefix(literal).unwrap_or(behind),
        };
        rest_of_template = next;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found() {
        let found = fit(
            "{dev}: over after {}, of {} client",
            "a-OST1: over after 3:05, of 2 clients",
        )
        .unwrap();
        assert_eq!(
            (found.device, found.clock(0), found.number(1)),
            (Some("a-OST1"), Some(185), Some(2))
        );
        let found = fit(
            "{dev}: x (at {nid}) failed: rc = {}",
            "d: x (at 1.2.3.4@tcp) failed: rc = -11.",
        )
        .unwrap();
        assert_eq!((found.nid, found.rc(0)), (Some("1.2.3.4@tcp"), Some(-11)));
        assert_eq!(fit("{dev}: x", "two words: x"), None);
        assert_eq!(fit("a {} b", "a c"), None);
        assert!(fit("plain", "plain text").is_some());
    }
}
