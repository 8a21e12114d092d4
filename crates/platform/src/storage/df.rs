//! `df`: plain, `-h`, `-P`, `-T`, `-i`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of `df`.
pub static KIND: Kind = Kind {
    name: "df",
    about: "df, also -h, -P, -T, -i",
    guess,
    read,
};

/// One file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Device, dataset, or `nid:/fsname`.
    pub source: String,
    /// Type, with `-T`.
    pub fstype: Option<String>,
    /// Bytes, or inodes with `-i`.
    pub total: Option<u64>,
    /// Bytes or inodes in use.
    pub used: Option<u64>,
    /// Bytes or inodes to be had.
    pub available: Option<u64>,
    /// Percent.
    pub percent: Option<u64>,
    /// Where it is mounted.
    pub target: String,
    /// The numbers are inodes.
    pub inodes: bool,
}

/// Reads every row; a source on a line of its own is joined with the next line.
pub fn parse(input: &[u8]) -> (Vec<Usage>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    let mut form = Form::default();
    let mut alone: Option<&str> = None;
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || text::is_prompt(line.text) {
            continue;
        }
        if let Some(found) = heading(text) {
            form = found;
        } else if text.starts_with("df:") {
            skips.push(Skip::new(line.no, SkipKind::ErrorText, text::cut(text)));
        } else if let Some(usage) = row(text, form, None).or_else(|| row(text, form, alone)) {
            out.push(usage);
            alone = None;
        } else if !text.contains(' ') && line.ended {
            alone = Some(text);
        } else {
            skips.push(text::bad_line(line, "wanted a row of df"));
        }
    }
    (out, skips)
}

#[derive(Clone, Copy, Default)]
struct Form {
    typed: bool,
    inodes: bool,
    unit: u64,
}

fn heading(text: &str) -> Option<Form> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let sure = words.first() == Some(&"Filesystem") && text.ends_with("Mounted on");
    if !sure || words.contains(&"bytes") {
        return None;
    }
    let unit = words.iter().find_map(|word| {
        let size = word.strip_suffix("-blocks")?;
        text::size(size).map(|(bytes, _)| bytes)
    });
    Some(Form {
        typed: words.get(1) == Some(&"Type"),
        inodes: words.contains(&"Inodes"),
        unit: unit.unwrap_or(1),
    })
}

fn row(text: &str, form: Form, alone: Option<&str>) -> Option<Usage> {
    // The percentage is the one sure mark: numbers before it, the target after it.
    let mut at = 0;
    let words: Vec<(usize, &str)> = text
        .split_whitespace()
        .map(|word| {
            let start = at + text[at..].find(word).unwrap_or(0);
            at = start + word.len();
            (start, word)
        })
        .collect();
    let mark = words.iter().rposition(|(start, word)| {
        (*word == "-" || word.strip_suffix('%').is_some_and(text::all_digits))
            && text[start + word.len()..].trim_start().starts_with('/')
    })?;
    let before = if alone.is_some() {
        mark
    } else {
        mark.checked_sub(1)?
    };
    let wanted = 3 + usize::from(form.typed);
    if before != wanted {
        return None;
    }
    let names = &words[mark - wanted..mark];
    let number = |at: usize| {
        let (value, exact) = text::size(names[at + usize::from(form.typed)].1)?;
        Some(if exact && !form.inodes {
            value.saturating_mul(form.unit)
        } else {
            value
        })
    };
    let (start, word) = words[mark];
    Some(Usage {
        source: alone.unwrap_or(words[0].1).to_owned(),
        fstype: form.typed.then(|| names[0].1.to_owned()),
        total: number(0),
        used: number(1),
        available: number(2),
        percent: word.trim_end_matches('%').parse().ok(),
        target: text[start + word.len()..].trim_start().to_owned(),
        inodes: form.inodes,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    if heading(text::first_line(sample.text()).trim()).is_some() {
        94
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (usage, skips) = parse(input);
    text::emit("df.usage", &usage, skips, sink);
}
