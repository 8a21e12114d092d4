//! What a list is asked for: which rows, in which order, which page.

use crate::http::problem::{Fault, bad};
use api::page::{LIMIT_DEFAULT, LIMIT_MAX, ListQuery};
use lustre::label::TargetLabel;
use serde_json::Value;
use std::cmp::Ordering;
use std::sync::Arc;
use stdx::hostlist::natural;

/// Something that a query can ask of a row, answered by an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    State,
    Kind,
    FileSystem,
    Server,
    /// Whether several servers see it: counted, not asked for.
    Shared,
}

impl Field {
    /// How many there are.
    pub const COUNT: usize = 5;

    /// Place in an array of all.
    pub fn place(self) -> usize {
        self as usize
    }
}

/// A checked query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// What rows must have.
    pub wanted: Vec<(Field, String)>,
    /// Text that a row must hold, in lower case.
    pub text: Option<String>,
    /// Field to sort by, and whether the greatest comes first.
    pub sort: Option<(String, bool)>,
    /// Rows to pass over.
    pub start: usize,
    /// Rows at most.
    pub limit: usize,
}

impl Ask {
    /// Reads a query for rows that have these fields.
    pub fn of(query: &ListQuery, fields: &[Field]) -> Result<Self, Fault> {
        let asked = [
            (Field::State, &query.state),
            (Field::Kind, &query.kind),
            (Field::FileSystem, &query.filesystem),
            (Field::Server, &query.server),
        ];
        let wanted = asked
            .into_iter()
            .filter(|(field, _)| fields.contains(field))
            .filter_map(|(field, text)| Some((field, text.clone()?)));
        let start = match &query.cursor {
            Some(cursor) => cursor
                .parse()
                .map_err(|_| bad("The cursor is none of ours."))?,
            None => query.offset.unwrap_or(0),
        };
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let text = query.q.as_deref().filter(|text| !text.is_empty());
        let sort = query.sort.as_deref().filter(|sort| !sort.is_empty());
        let sort = sort.map(|sort| match sort.strip_prefix('-') {
            Some(field) => (field.to_owned(), true),
            None => (sort.to_owned(), false),
        });
        Ok(Self {
            wanted: wanted.collect(),
            text: text.map(str::to_lowercase),
            sort,
            start: size(start),
            limit: size(
                query
                    .limit
                    .unwrap_or(LIMIT_DEFAULT)
                    .clamp(1, LIMIT_MAX)
                    .into(),
            ),
        })
    }

    /// The cursor of the page after this one, of `total` rows.
    pub fn next(&self, total: usize) -> Option<String> {
        let end = self.start.saturating_add(self.limit);
        (end < total).then(|| end.to_string())
    }
}

/// A field's value, made for comparing: numbers by value, text with the numbers
/// in it by value, nothing last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SortKey {
    Number(Number),
    /// How many are in it.
    Many(usize),
    Text(Arc<str>),
    Nothing,
}

/// A number, in total order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl SortKey {
    /// Of a whole number.
    pub fn whole(n: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
        Self::Number(Number(n as f64))
    }

    /// Of a size.
    pub fn size(n: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "as the row's JSON is compared")]
        Self::Number(Number(n as f64))
    }

    /// Of a text. Targets sort by their index, which is hexadecimal.
    pub fn text(text: &str) -> Self {
        let Some((head, index)) = indexed(text) else {
            return Self::Text(natural(text).into());
        };
        Self::Text(natural(&format!("{head}{index}")).into())
    }

    /// Of a field as callers see it.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Number(number) => Self::Number(Number(number.as_f64().unwrap_or(0.0))),
            Value::Array(all) => Self::Many(all.len()),
            Value::String(text) => Self::text(text),
            other => Self::Text(other.to_string().into()),
        }
    }
}

/// What stands before a target's index, and the index.
fn indexed(text: &str) -> Option<(&str, u16)> {
    // All other texts are told by one byte: there are many.
    let at = text.len().checked_sub("-OST0000".len())?;
    (text.as_bytes()[at] == b'-').then_some(())?;
    let label = text.parse::<TargetLabel>().ok()?;
    Some((text.get(..at + "-OST".len())?, label.index()?.0))
}

/// Every text in a row, in lower case, one to a line, as deep as servers by their paths
/// lie. The signs behind a conclusion are not searched, nor are ids of what is named.
pub(crate) fn text_of(row: &Value) -> String {
    let mut text = String::new();
    gather(row, 0, &mut text);
    text
}

fn gather(value: &Value, depth: u8, into: &mut String) {
    const DEPTH_MAX: u8 = 4;
    let is_read = |key: &str| match key {
        "evidence" | "concerns" => false,
        "id" => depth == 0,
        _ => true,
    };
    match value {
        Value::String(text) => {
            into.extend(text.chars().flat_map(char::to_lowercase));
            into.push('\n');
        }
        Value::Array(all) if depth < DEPTH_MAX => {
            for one in all {
                gather(one, depth + 1, into);
            }
        }
        Value::Object(map) if depth < DEPTH_MAX => {
            for (_, one) in map.iter().filter(|(key, _)| is_read(key)) {
                gather(one, depth + 1, into);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_compare_as_people_expect() {
        let rising = [
            json!(2),
            json!(10),
            json!("OSS9"),
            json!("oss10"),
            json!("oss10a"),
            json!(null),
        ];
        let keys: Vec<_> = rising.iter().map(SortKey::of).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
    }

    #[test]
    fn targets_sort_by_their_index() {
        let rising = [
            "lab-MDT0000",
            "lab-OST0001",
            "lab-OST0009",
            "lab-OST000a",
            "lab-OST000f",
            "lab-OST0010",
            "lab-OST001e",
            "lab-OST0100",
            "lab2-OST0000",
            "MGS",
        ];
        assert!(rising.is_sorted_by_key(|label| SortKey::text(label)));
    }

    #[test]
    fn what_is_shown_is_searched_and_why_is_not() {
        let row = json!({"name": "OSS1", "roles": ["oss"], "n": 3, "ha": {"name": "Pair"}, "evidence": [{"text": "df"}]});
        assert_eq!(text_of(&row), "oss1\noss\npair\n");
        let seen = json!({"id": "wwn:1", "seen_by": [{"path": "/dev/sdb", "server": {"id": "0a1b", "name": "oss2"}}]});
        assert_eq!(text_of(&seen), "wwn:1\n/dev/sdb\noss2\n");
    }

    #[test]
    fn a_query_is_checked() {
        let query = ListQuery {
            cursor: Some("200".into()),
            sort: Some("-size".into()),
            state: Some("up".into()),
            kind: Some("ost".into()),
            q: Some("OSS".into()),
            limit: Some(9999),
            ..ListQuery::default()
        };
        let ask = Ask::of(&query, &[Field::State]).unwrap();
        assert_eq!(ask.wanted, [(Field::State, "up".to_owned())]);
        assert_eq!(ask.text.as_deref(), Some("oss"));
        assert_eq!(ask.sort, Some(("size".to_owned(), true)));
        assert_eq!((ask.start, ask.limit), (200, 1000));
        assert_eq!(
            (ask.next(1200), ask.next(1201)),
            (None, Some("1200".into()))
        );
        let bad = ListQuery {
            cursor: Some("x".into()),
            ..query
        };
        assert!(Ask::of(&bad, &[]).is_err());
    }
}
