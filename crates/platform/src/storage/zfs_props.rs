//! `zfs get` and `zpool get`: text, `-H`, `-p`, `-j`.

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{json, table, text};

/// The reader of `zfs get`.
pub static KIND: Kind = Kind {
    name: "zfs-get",
    about: "zfs get, text, -H or -j",
    guess,
    read,
};

/// The reader of `zpool get`.
pub static POOL_KIND: Kind = Kind {
    name: "zpool-get",
    about: "zpool get, text, -H or -j",
    guess: guess_pool,
    read: read_pool,
};

/// One property of a dataset or pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Property {
    /// Dataset, snapshot or pool.
    pub dataset: String,
    /// Name, e.g. `lustre:svname`.
    pub property: String,
    /// Value as printed; `-` means none.
    pub value: String,
    /// `local`, `default`, `inherited from X`, `temporary`, `received`, `-`; none if not printed.
    pub source: Option<String>,
}

impl Property {
    /// The value, unless it is `-`.
    pub fn known(&self) -> Option<&str> {
        (self.value != "-").then_some(self.value.as_str())
    }
}

/// Reads every property.
pub fn parse(input: &[u8]) -> (Vec<Property>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    if json::is_object(input) {
        if let Some(value) = json::read(input, &mut skips) {
            let all = ["datasets", "pools"]
                .iter()
                .find_map(|key| value.get(key)?.as_object());
            match all {
                Some(all) => all
                    .iter()
                    .for_each(|(name, one)| add_json(&mut out, name, one)),
                None => skips.push(Skip::new(
                    1,
                    SkipKind::BadValue,
                    "no `datasets` or `pools` object",
                )),
            }
        }
        return (out, skips);
    }
    let mut lines = text::lines(input, &mut skips);
    lines.retain(|line| !line.text.trim().is_empty() && !text::is_prompt(line.text));
    if let Some(at) = lines.iter().position(|line| is_heading(line.text)) {
        headed(&lines[at..], &mut out, &mut skips);
        return (out, skips);
    }
    for line in lines {
        match tabbed(line.text) {
            Some(property) => out.push(property),
            None if line.text.starts_with("cannot open") || line.text.starts_with("no ") => {
                skips.push(Skip::new(
                    line.no,
                    SkipKind::ErrorText,
                    text::cut(line.text),
                ));
            }
            None => skips.push(text::bad_line(line, "wanted a property with tabs between")),
        }
    }
    (out, skips)
}

fn headed(lines: &[text::Line<'_>], out: &mut Vec<Property>, skips: &mut Vec<Skip>) {
    let headings = table::headings(lines[0].text, 1);
    for row in table::rows(&headings, &lines[1..]) {
        let cell = |name: &str| {
            let at = headings.iter().position(|heading| heading.name == name)?;
            row.cells.get(at).filter(|cell| !cell.is_empty()).cloned()
        };
        match (cell("NAME"), cell("PROPERTY"), cell("VALUE")) {
            (Some(dataset), Some(property), Some(value)) if !property.contains(' ') => {
                out.push(Property {
                    dataset,
                    property,
                    value,
                    source: cell("SOURCE"),
                });
            }
            (Some(dataset), Some(property), None) if row.line.ended => {
                out.push(Property {
                    dataset,
                    property,
                    value: String::new(),
                    source: cell("SOURCE"),
                });
            }
            _ => skips.push(text::bad_line(row.line, "wanted a row of zfs get")),
        }
    }
}

/// A row of `-H`: name, property, value, source; the last may be absent.
fn tabbed(text: &str) -> Option<Property> {
    let mut cells = text.split('\t');
    let (dataset, property, value) = (cells.next()?, cells.next()?, cells.next()?);
    let source = cells.next().map(str::to_owned);
    let named = |c: char| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || matches!(c, ':' | '.' | '_' | '-' | '@' | '+' | ',' | '#')
    };
    let sane = !dataset.is_empty()
        && !property.is_empty()
        && property.chars().all(named)
        && cells.next().is_none();
    sane.then(|| Property {
        dataset: dataset.into(),
        property: property.into(),
        value: value.into(),
        source,
    })
}

fn add_json(out: &mut Vec<Property>, name: &str, value: &Value) {
    let dataset = json::field(value, "name").unwrap_or_else(|| name.to_owned());
    for (property, found) in value
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let source = found.get("source").map(|source| {
            let data = json::field(source, "data");
            match (
                source
                    .get("type")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
                data,
            ) {
                ("NONE" | "", _) => "-".to_owned(),
                ("INHERITED", Some(from)) => format!("inherited from {from}"),
                (kind, _) => kind.to_ascii_lowercase(),
            }
        });
        out.push(Property {
            dataset: dataset.clone(),
            property: property.clone(),
            value: found.get("value").and_then(json::text).unwrap_or_default(),
            source,
        });
    }
}

fn is_heading(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.starts_with(&["NAME", "PROPERTY", "VALUE"])
}

/// The command in the JSON head, or whether the rows look like those of pools.
fn form(sample: Sample<'_>) -> Option<bool> {
    let text = sample.text();
    if let Some(at) = text.find("\"output_version\"").filter(|&at| at < 200) {
        let head: String = text[at..].chars().take(200).collect();
        let pools = head.contains("\"zpool get\"");
        return (pools || head.contains("\"zfs get\"")).then_some(pools);
    }
    let first = text::first_line(text);
    let body: Vec<&str> = text
        .lines()
        .filter(|line| !is_heading(line) && !text::is_prompt(line))
        .take(200)
        .collect();
    let head_only = is_heading(first);
    let typed = tabbed(first).is_some_and(|one| {
        one.source.as_deref().is_some_and(|source| {
            matches!(
                source,
                "-" | "local" | "default" | "temporary" | "received" | "none"
            ) || source.starts_with("inherited from ")
        })
    });
    if !head_only && !typed {
        return None;
    }
    let name = |line: &str| {
        line.split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let property = |line: &str| {
        line.split_whitespace()
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    };
    let dataset = body.iter().any(|line| name(line).contains(['/', '@']));
    let pool_only = [
        "health",
        "altroot",
        "bootfs",
        "failmode",
        "cachefile",
        "ashift",
        "autoexpand",
        "multihost",
        "fragmentation",
        "capacity",
        "dedupratio",
        "freeing",
    ];
    let pool = body.iter().any(|line| {
        pool_only.contains(&property(line).as_str()) || property(line).starts_with("feature@")
    });
    Some(pool && !dataset)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    if form(sample) == Some(false) { 96 } else { 0 }
}

fn guess_pool(sample: Sample<'_>) -> Likelihood {
    if form(sample) == Some(true) { 96 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (properties, skips) = parse(input);
    text::emit("zfs.property", &properties, skips, sink);
}

fn read_pool(input: &[u8], sink: &mut dyn Sink) {
    let (properties, skips) = parse(input);
    text::emit("zpool.property", &properties, skips, sink);
}
