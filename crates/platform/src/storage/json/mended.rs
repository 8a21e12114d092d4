//! JSON with damage in it: each member and item that can be read is kept, and
//! each place that cannot becomes a skip.
//!
//! After damage, reading goes on behind the next comma or line end, so one bad
//! line costs the member it stands in and no other.

use serde_json::{Map, Number, Value};
use stdx::reading::{Skip, SkipKind};

/// Values within values at most.
const DEPTH_MAX: usize = 128;

/// Skips at most: a text that is no JSON at all must not give one a byte.
const SKIPS_MAX: usize = 1_000;

/// Reads what can be read of a damaged text that begins at line `line`. An
/// object that the end of the input cuts is kept only for whole objects in it.
pub(super) fn read(body: &str, line: u64, skips: &mut Vec<Skip>) -> Option<Value> {
    let mut work = Work {
        text: body,
        at: 0,
        line,
        counted: 0,
        skips: Vec::new(),
    };
    let found = work.value(0);
    skips.append(&mut work.skips);
    match found {
        Some(Found {
            value,
            is_cut: true,
            ..
        }) if !has_object(&value) => None,
        found => found.map(|found| found.value),
    }
}

struct Work<'a> {
    text: &'a str,
    at: usize,
    /// Line of `counted`.
    line: u64,
    /// Up to where lines are counted.
    counted: usize,
    skips: Vec<Skip>,
}

struct Found {
    value: Value,
    /// Whether the input ended before the value did.
    is_cut: bool,
}

fn whole(value: Value) -> Found {
    Found {
        value,
        is_cut: false,
    }
}

fn has_object(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(|one| one.is_object() || has_object(one)),
        Value::Array(list) => list.iter().any(|one| one.is_object() || has_object(one)),
        _ => false,
    }
}

impl Work<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_whitespace() || byte == 0)
        {
            self.at += 1;
        }
    }

    fn skip(&mut self, kind: SkipKind, reason: &str) {
        let passed = self.text.as_bytes().get(self.counted..self.at);
        let n_lines = passed.unwrap_or_default().iter().filter(|b| **b == b'\n');
        self.line += u64::try_from(n_lines.count()).unwrap_or(0);
        self.counted = self.at;
        if self.skips.len() < SKIPS_MAX {
            self.skips
                .push(Skip::new(self.line, kind, format!("JSON: {reason}")));
        }
    }

    /// A value, or none where there is none (nothing is consumed then).
    fn value(&mut self, depth: usize) -> Option<Found> {
        self.blank();
        match self.peek()? {
            _ if depth > DEPTH_MAX => None,
            b'{' => Some(self.object(depth)),
            b'[' => Some(self.array(depth)),
            b'"' => self.string().map(|text| whole(Value::String(text))),
            _ => self.scalar(),
        }
    }

    fn object(&mut self, depth: usize) -> Found {
        let mut map = Map::new();
        self.at += 1;
        let is_cut = loop {
            self.blank();
            match self.peek() {
                None => break true,
                Some(b'}') => {
                    self.at += 1;
                    break false;
                }
                Some(b',') => self.at += 1,
                // The closer was lost; the array around closes here.
                Some(b']') if depth > 0 => {
                    self.skip(SkipKind::BadLine, "an object is not closed");
                    break false;
                }
                Some(_) => match self.member(&mut map, depth) {
                    Next::On => {}
                    Next::Cut => break true,
                    Next::Lost => self.resume(),
                },
            }
        };
        if is_cut && depth == 0 {
            self.skip(SkipKind::Truncated, "the text ends within an object");
        }
        Found {
            value: Value::Object(map),
            is_cut,
        }
    }

    fn member(&mut self, map: &mut Map<String, Value>, depth: usize) -> Next {
        let start = self.at;
        let Some(key) = self.string() else {
            return self.lost(start, "wanted a name in quotes");
        };
        self.blank();
        if self.peek() != Some(b':') {
            return self.lost(start, "wanted `:` after a name");
        }
        self.at += 1;
        match self.value(depth + 1) {
            Some(found) => {
                if !found.is_cut || has_object(&found.value) {
                    map.insert(key, found.value);
                }
                if found.is_cut { Next::Cut } else { Next::On }
            }
            None => self.lost(self.at, "wanted a value"),
        }
    }

    fn array(&mut self, depth: usize) -> Found {
        let mut list = Vec::new();
        self.at += 1;
        let is_cut = loop {
            self.blank();
            match self.peek() {
                None => break true,
                Some(b']') => {
                    self.at += 1;
                    break false;
                }
                Some(b',') => self.at += 1,
                Some(b'}') if depth > 0 => {
                    self.skip(SkipKind::BadLine, "a list is not closed");
                    break false;
                }
                Some(_) => match self.value(depth + 1) {
                    Some(found) => {
                        if !found.is_cut || has_object(&found.value) {
                            list.push(found.value);
                        }
                        if found.is_cut {
                            break true;
                        }
                    }
                    None => match self.lost(self.at, "wanted a value") {
                        Next::Cut => break true,
                        _ => self.resume(),
                    },
                },
            }
        };
        if is_cut && depth == 0 {
            self.skip(SkipKind::Truncated, "the text ends within a list");
        }
        Found {
            value: Value::Array(list),
            is_cut,
        }
    }

    /// A string; none if it is not closed on its line. Then nothing is consumed.
    fn string(&mut self) -> Option<String> {
        let rest = self.text.get(self.at..)?;
        let inner = rest.strip_prefix('"')?;
        let mut is_escaped = false;
        let end = inner.bytes().position(|byte| match byte {
            b'\n' => true,
            _ if is_escaped => {
                is_escaped = false;
                false
            }
            b'\\' => {
                is_escaped = true;
                false
            }
            byte => byte == b'"',
        })?;
        if inner.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        let raw = inner.get(..end)?;
        self.at += end + 2;
        // Control bytes are no JSON, but say nothing either.
        let clean: String = raw.chars().filter(|c| !c.is_control()).collect();
        serde_json::from_str(&format!("\"{clean}\""))
            .ok()
            .or(Some(clean))
    }

    /// A number or a word, which must be followed by what may follow it.
    fn scalar(&mut self) -> Option<Found> {
        let rest = self.text.get(self.at..)?;
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
            .unwrap_or(rest.len());
        let value = match &rest[..end] {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            number => Value::Number(serde_json::from_str::<Number>(number).ok()?),
        };
        self.at += end;
        Some(Found {
            value,
            // `12` at the end of the input may be the beginning of `1234`.
            is_cut: end == rest.len(),
        })
    }

    fn lost(&mut self, at: usize, reason: &str) -> Next {
        let rest = self.text.get(at..).unwrap_or_default();
        // The end of the input within a member is no damage but the end.
        let is_last = !rest.contains(['\n', ',', '}', ']']);
        if is_last {
            self.at = self.text.len();
            return Next::Cut;
        }
        self.at = at;
        self.skip(SkipKind::BadValue, reason);
        Next::Lost
    }

    /// Goes behind the next comma or line end, or to the next closer.
    fn resume(&mut self) {
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' | b',' => {
                    self.at += 1;
                    return;
                }
                b'}' | b']' if self.at > start => return,
                _ => self.at += 1,
            }
        }
    }
}

enum Next {
    On,
    Cut,
    Lost,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kept: &str, n_skips: usize) {
        let mut skips = Vec::new();
        let found = read(text, 1, &mut skips).map_or(String::new(), |value| value.to_string());
        assert_eq!(
            (found.as_str(), skips.len()),
            (kept, n_skips),
            "{text:?} {skips:?}"
        );
    }

    #[test]
    fn damage_costs_its_member_only() {
        check("{\"a\":1,\n!!! zz ??\n\"b\":2}", "{\"a\":1,\"b\":2}", 1);
        check(
            "{\"a\":1,\n\"8:128\n\n\"b\":{\"c\":[1,2]}}",
            "{\"a\":1,\"b\":{\"c\":[1,2]}}",
            1,
        );
        check("{\"a\": tru, \"b\":2}", "{\"b\":2}", 1);
        check(
            "[{\"a\":1},\n\u{fffd}\n{\"a\":2}]",
            "[{\"a\":1},{\"a\":2}]",
            1,
        );
        check("[{\"a\":[1,2},{\"a\":2}]", "[{\"a\":[1,2]},{\"a\":2}]", 1);
        check(
            "{\"a\":\"x\u{1}y\\n\",\"b\" 2,\"c\":3}",
            "{\"a\":\"xy\\n\",\"c\":3}",
            1,
        );
    }

    #[test]
    fn a_cut_text_keeps_whole_objects() {
        check("[{\"a\":1},{\"a\":2,\"b\":12", "[{\"a\":1}]", 1);
        check("{\"l\":[{\"a\":1},{\"a\"", "{\"l\":[{\"a\":1}]}", 1);
        check("{\"a\":1", "", 1);
        check("", "", 0);
        check(
            "{\"d\":{\"x\":{\"y\":1},\"z\":",
            "{\"d\":{\"x\":{\"y\":1}}}",
            1,
        );
    }

    #[test]
    fn depth_has_an_end() {
        let deep = "[".repeat(100_000);
        let mut skips = Vec::new();
        assert_eq!(read(&deep, 1, &mut skips), None);
    }
}
