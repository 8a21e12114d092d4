//! Filter, sort, page: the same for every list.

use crate::http::problem::{Fault, bad};
use api::page::{LIMIT_DEFAULT, LIMIT_MAX, ListQuery, Page};
use serde_json::Value;

/// Rows of one list, asked for by a query. Sorting and filtering look at the
/// fields as callers see them, so that every shown field can be sorted by.
pub(crate) fn page<T: serde::Serialize>(
    rows: Vec<T>,
    query: &ListQuery,
    matches: impl Fn(&Value, &ListQuery) -> bool,
) -> Result<Page<Value>, Fault> {
    let mut values = Vec::with_capacity(rows.len());
    for row in rows {
        let value = serde_json::to_value(row).map_err(|error| bad(error.to_string()))?;
        if matches(&value, query) && holds(&value, query.q.as_deref()) {
            values.push(value);
        }
    }
    if let Some(sort) = &query.sort {
        let (field, is_down) = sort
            .strip_prefix('-')
            .map_or((sort.as_str(), false), |f| (f, true));
        if let Some(first) = values.first()
            && first.get(field).is_none()
        {
            return Err(bad(format!(
                "These rows have no field {field:?} to sort by."
            )));
        }
        values.sort_by(|a, b| compare(&a[field], &b[field]));
        if is_down {
            values.reverse();
        }
    }
    let total = u64::try_from(values.len()).unwrap_or(u64::MAX);
    let start = match &query.cursor {
        Some(cursor) => cursor
            .parse::<u64>()
            .map_err(|_| bad("The cursor is none of ours."))?,
        None => query.offset.unwrap_or(0),
    };
    let limit = u64::from(query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX));
    let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let items: Vec<Value> = values
        .into_iter()
        .skip(size(start))
        .take(size(limit))
        .collect();
    let end = start.saturating_add(limit);
    let next = (end < total).then(|| end.to_string());
    Ok(Page { items, next, total })
}

/// Whether any text in the row holds this, any case.
fn holds(value: &Value, text: Option<&str>) -> bool {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return true;
    };
    let wanted = text.to_lowercase();
    any(value, &wanted, 0)
}

/// Looks two levels deep; the signs behind a conclusion are not searched.
fn any(value: &Value, wanted: &str, depth: u8) -> bool {
    match value {
        Value::String(text) => text.to_lowercase().contains(wanted),
        Value::Array(all) if depth < 2 => all.iter().any(|one| any(one, wanted, depth + 1)),
        Value::Object(map) if depth < 2 => map
            .iter()
            .filter(|(key, _)| *key != "evidence" && *key != "concerns")
            .any(|(_, one)| any(one, wanted, depth + 1)),
        _ => false,
    }
}

/// Numbers by value, text with its numbers by value, nothing last.
fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Number(a), Value::Number(b)) => a
            .as_f64()
            .unwrap_or(0.0)
            .total_cmp(&b.as_f64().unwrap_or(0.0)),
        (Value::Array(a), Value::Array(b)) => a.len().cmp(&b.len()),
        (Value::String(a), Value::String(b)) => natural(a).cmp(&natural(b)),
        (a, b) => a.to_string().cmp(&b.to_string()),
    }
}

/// `oss10` after `oss9`: digits are padded for comparing.
fn natural(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            out.push_str(&format!("{digits:0>20}"));
            digits.clear();
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// Whether a field of the row is this text, where the query names one.
pub(crate) fn is(value: &Value, field: &str, wanted: Option<&String>) -> bool {
    wanted.is_none_or(|wanted| value[field].as_str().is_some_and(|text| text == wanted))
}

/// Whether a list in the row (of texts, or of things with id and name) has this.
pub(crate) fn has(value: &Value, field: &str, wanted: Option<&String>) -> bool {
    let Some(wanted) = wanted else { return true };
    let is = |one: &Value| {
        [
            one,
            &one["id"],
            &one["name"],
            &one["server"]["name"],
            &one["server"]["id"],
        ]
        .iter()
        .any(|text| text.as_str().is_some_and(|text| text == wanted))
    };
    value[field]
        .as_array()
        .is_some_and(|all| all.iter().any(is))
        || is(&value[field])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(query: &ListQuery, expected: &[&str], next: Option<&str>) {
        let rows = vec![
            json!({"name": "oss10", "state": "online", "n": 3}),
            json!({"name": "oss9", "state": "stale", "n": null}),
            json!({"name": "mds1", "state": "online", "n": 1}),
        ];
        let page = page(rows, query, |row, q| is(row, "state", q.state.as_ref())).unwrap();
        let names: Vec<_> = page
            .items
            .iter()
            .map(|row| row["name"].as_str().unwrap())
            .collect();
        assert_eq!((names.as_slice(), page.next.as_deref()), (expected, next));
    }

    #[test]
    fn lists_are_filtered_sorted_and_paged() {
        let query = ListQuery::default;
        check(
            &ListQuery {
                sort: Some("name".into()),
                ..query()
            },
            &["mds1", "oss9", "oss10"],
            None,
        );
        check(
            &ListQuery {
                sort: Some("-n".into()),
                ..query()
            },
            &["oss9", "oss10", "mds1"],
            None,
        );
        check(
            &ListQuery {
                state: Some("online".into()),
                ..query()
            },
            &["oss10", "mds1"],
            None,
        );
        check(
            &ListQuery {
                q: Some("OSS".into()),
                ..query()
            },
            &["oss10", "oss9"],
            None,
        );
        check(
            &ListQuery {
                limit: Some(2),
                ..query()
            },
            &["oss10", "oss9"],
            Some("2"),
        );
        check(
            &ListQuery {
                limit: Some(2),
                cursor: Some("2".into()),
                ..query()
            },
            &["mds1"],
            None,
        );
    }

    #[test]
    fn what_cannot_be_sorted_by_is_said() {
        let query = ListQuery {
            sort: Some("size".into()),
            ..ListQuery::default()
        };
        assert!(page(vec![json!({"name": "a"})], &query, |_, _| true).is_err());
    }
}
