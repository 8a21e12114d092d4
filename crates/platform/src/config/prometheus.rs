//! Metrics in the text form of Prometheus and OpenMetrics, as exporters on
//! servers and other collectors print them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample as Input, Sink, Skip};

use crate::storage::text::{self, Line};

/// The reader of metrics.
pub static KIND: Kind = Kind {
    name: "prometheus-text",
    about: "metrics in the text form of Prometheus or OpenMetrics",
    guess,
    read,
};

/// What is said about the metrics of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Family<'a> {
    /// The name.
    pub name: &'a str,
    /// `counter`, `gauge`, `histogram`; none if not said.
    pub kind: Option<&'a str>,
    /// What it means.
    pub help: Option<&'a str>,
    /// Its unit.
    pub unit: Option<&'a str>,
    /// How many values follow.
    pub n_samples: u64,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metric<'a> {
    /// The metric, with its suffix (`_bucket`, `_total`).
    pub name: &'a str,
    /// Its labels.
    pub labels: BTreeMap<&'a str, Cow<'a, str>>,
    /// The value, which may be no number or infinite.
    pub value: f64,
    /// The value as printed, since large counters do not fit a float.
    pub text: &'a str,
    /// When it was measured, as printed.
    pub timestamp: Option<&'a str>,
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// A family whose values are all known.
    Family(Family<'a>),
    /// A value.
    Metric(Metric<'a>),
    /// A line that is neither.
    Skip(Skip),
}

/// Reads item by item: a family follows its values.
pub fn each<'a>(input: &'a [u8], take: &mut impl FnMut(Item<'a>)) {
    let mut skips = Vec::new();
    let lines = text::lines(input, &mut skips);
    skips.into_iter().map(Item::Skip).for_each(&mut *take);
    let mut family = Family::default();
    for line in &lines[n_preface(&lines)..] {
        let bare = line.text.trim();
        if let Some(comment) = bare.strip_prefix('#') {
            describe(&mut family, comment.trim(), take);
        } else if let Some(metric) = metric(bare) {
            if !is_of(metric.name, &family) {
                let next = Family {
                    name: metric.name,
                    ..Family::default()
                };
                end(std::mem::replace(&mut family, next), take);
            }
            family.n_samples += 1;
            take(Item::Metric(metric));
        } else if !bare.is_empty() {
            let want = "wanted name{label=\"value\"} number";
            take(Item::Skip(text::bad_line(*line, want)));
        }
    }
    end(family, take);
}

/// Lines of a preface between `---`, which some tools put before a recording.
fn n_preface(lines: &[Line<'_>]) -> usize {
    // Nothing but a line or two (a prompt, a warning) stands before it.
    let mut marks = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.text == "---");
    match (marks.next(), marks.next()) {
        (Some((..3, _)), Some((end, _))) => end + 1,
        _ => 0,
    }
}

fn describe<'a>(family: &mut Family<'a>, comment: &'a str, take: &mut impl FnMut(Item<'a>)) {
    let mut words = comment.splitn(3, ' ');
    let (Some(word), Some(name)) = (words.next(), words.next()) else {
        return;
    };
    if !matches!(word, "HELP" | "TYPE" | "UNIT") || !is_name(name) {
        return;
    }
    let rest = words.next().map(str::trim);
    // A second description of the same values begins another family.
    if family.name != name || family.n_samples > 0 {
        let next = Family {
            name,
            ..Family::default()
        };
        end(std::mem::replace(family, next), take);
    }
    match word {
        "HELP" => family.help = rest,
        "TYPE" => family.kind = rest,
        _ => family.unit = rest,
    }
}

fn end<'a>(family: Family<'a>, take: &mut impl FnMut(Item<'a>)) {
    if !family.name.is_empty() {
        take(Item::Family(family));
    }
}

const SUFFIXES: [&str; 8] = [
    "_bucket", "_sum", "_count", "_total", "_created", "_info", "_gsum", "_gcount",
];

fn is_of(metric: &str, family: &Family<'_>) -> bool {
    let rest = metric.strip_prefix(family.name);
    !family.name.is_empty()
        && rest.is_some_and(|rest| {
            rest.is_empty() || family.kind.is_some() && SUFFIXES.contains(&rest)
        })
}

fn is_name(text: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    text.starts_with(is_start) && text.chars().all(|c| is_start(c) || c.is_ascii_digit())
}

fn metric(line: &str) -> Option<Metric<'_>> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.trim_start().strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => (BTreeMap::new(), rest),
    };
    // An exemplar may follow behind a hash.
    let rest = rest.split(" # ").next().unwrap_or(rest);
    let mut words = rest.split_whitespace();
    let text = words.next()?;
    let timestamp = words.next();
    let is_time = timestamp.is_none_or(|word| word.parse::<f64>().is_ok());
    if !is_name(name) || !is_time || words.next().is_some() {
        return None;
    }
    Some(Metric {
        name,
        labels,
        value: text.parse().ok()?,
        text,
        timestamp,
    })
}

type Labels<'a> = BTreeMap<&'a str, Cow<'a, str>>;

/// The labels, and what follows the closing brace.
fn labels(inner: &str) -> Option<(Labels<'_>, &str)> {
    let (mut found, mut rest) = (BTreeMap::new(), inner.trim_start());
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((found, after));
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start().strip_prefix('"')?)?;
        found.insert(name.trim(), value);
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
    }
}

fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let plain = text.find(['"', '\\'])?;
    if text[plain..].starts_with('"') {
        return Some((Cow::Borrowed(&text[..plain]), &text[plain + 1..]));
    }
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Cow::Owned(value), &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            _ => value.push(c),
        }
    }
    None
}

fn guess(sample: Input<'_>) -> Likelihood {
    let text = sample.text();
    let is_typed = text.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("#")
            && matches!(words.next(), Some("TYPE" | "HELP"))
            && words.next().is_some_and(is_name)
    });
    let (mut n_metrics, mut n_other) = (0_u32, 0_u32);
    for line in text.lines().filter(|line| !line.starts_with('#')).take(200) {
        match metric(line.trim()) {
            Some(one) if is_typed || !one.labels.is_empty() => n_metrics += 1,
            _ => n_other += 1,
        }
    }
    match (is_typed, n_metrics) {
        (true, 1..) => 95,
        (true, 0) | (false, 1..) if n_other == 0 => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    each(input, &mut |item| match item {
        Item::Family(family) => sink.record("prometheus.family", &|| json!(family)),
        Item::Metric(metric) => sink.record("prometheus.metric", &|| json!(metric)),
        Item::Skip(skip) => sink.skip(skip),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str) {
        let mut shown = Vec::new();
        each(text.as_bytes(), &mut |item| {
            shown.push(match item {
                Item::Family(one) => format!("{} {:?} x{}", one.name, one.kind, one.n_samples),
                Item::Metric(one) => format!("{}{:?}={}", one.name, one.labels, one.value),
                Item::Skip(skip) => format!("{:?}", skip.kind),
            });
        });
        assert_eq!(shown.join("; "), wanted, "{text:?}");
    }

    #[test]
    fn families_and_values_are_read() {
        check(
            "# HELP a_x What.\n# TYPE a_x counter\na_x_total{t=\"l-OST0000\",} 3\r\na_x_created 1 2\n# EOF\n",
            r#"a_x_total{"t": "l-OST0000"}=3; a_x_created{}=1; a_x Some("counter") x2"#,
        );
        check("up 1\nup{} +Inf\n", "up{}=1; up{}=inf; up None x2");
        check(
            "a{b=\"q\\\"\\n\\\\\"} 1e3 # {id=\"1\"} 2\n",
            r#"a{"b": "q\"\n\\"}=1000; a None x1"#,
        );
        check("---\nsource: x\n---\na 1\n", "a{}=1; a None x1");
    }

    #[test]
    fn a_broken_line_costs_no_neighbour() {
        check("a{b=\"c} 1\nd 2\n", "BadLine; d{}=2; d None x1");
        check("a 1\nb{c=\"d", "a{}=1; Truncated; a None x1");
        check("a one\n", "BadLine");
    }
}
