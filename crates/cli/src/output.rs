//! Tables that fit the terminal, JSON, YAML.

use crate::args::Format;
use crate::layout;
use anyhow::{Context, Result};
use rustix::termios::{isatty, tcgetwinsize};
use serde::Serialize;
use std::io::Write;

/// A row of a table.
pub type Row = Vec<String>;

/// Where a table goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Columns of the terminal; none if another program reads, then nothing is wrapped.
    pub width: Option<usize>,
}

impl Screen {
    /// The one that standard output goes to.
    pub fn standard() -> Self {
        let out = std::io::stdout();
        let size = isatty(&out).then(|| tcgetwinsize(&out).ok()).flatten();
        Self {
            width: size
                .map(|size| usize::from(size.ws_col))
                .filter(|columns| *columns > 0),
        }
    }

    /// A table in plain columns. A column whose name ends in `~` may be wrapped
    /// where the terminal is too narrow.
    pub fn table(self, head: &[&str], rows: impl IntoIterator<Item = Row>) -> String {
        layout::columns(head, &rows.into_iter().collect::<Vec<_>>(), self.width)
    }

    /// The same, two columns narrower: what stands in a block is indented.
    #[must_use]
    pub fn inner(self) -> Self {
        Self {
            width: self.width.map(|width| width.saturating_sub(2)),
        }
    }
}

/// Prints data as JSON or YAML.
pub fn data<T: Serialize + ?Sized>(format: Format, value: &T) -> Result<()> {
    let text = match format {
        Format::Yaml => serde_saphyr::to_string(&serde_json::to_value(value)?)
            .context("could not write YAML")?,
        Format::Json | Format::Table | Format::Wide => serde_json::to_string_pretty(value)?,
    };
    say(text.trim_end())
}

/// One line or block on stdout. A reader that went away is no error.
pub fn say(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        outcome => outcome.context("could not write to standard output"),
    }
}

/// `Name: value` lines, without those that have no value.
pub fn fields(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let shown = pairs.iter().filter(|(_, value)| !value.is_empty());
    shown
        .map(|(name, value)| format!("{name:width$}  {value}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A titled block, indented; nothing if it is empty.
pub fn block(title: &str, lines: &str) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let body: Vec<_> = lines.lines().map(|line| format!("  {line}")).collect();
    format!("\n{title}\n{}\n", body.join("\n"))
}

/// A titled table, indented; nothing if it has no row.
pub fn table_block(
    title: &str,
    screen: Screen,
    head: &[&str],
    rows: impl IntoIterator<Item = Row>,
) -> String {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return String::new();
    }
    block(title, &screen.inner().table(head, rows))
}

/// A titled list of sentences, indented, wrapped on a terminal.
pub fn sentences(title: &str, screen: Screen, all: &[String]) -> String {
    let width = screen.inner().width.unwrap_or(usize::MAX);
    let lines = all.iter().flat_map(|one| layout::wrap(one, width));
    block(title, &lines.collect::<Vec<_>>().join("\n"))
}

/// `1.9 GiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = 0;
    let mut scaled = u128::from(n) * 10;
    while scaled >= 10_240 && unit + 1 < UNITS.len() {
        scaled /= 1024;
        unit += 1;
    }
    match unit {
        0 => format!("{n} B"),
        _ => format!("{}.{} {}", scaled / 10, scaled % 10, UNITS[unit]),
    }
}

/// `1.9G`, as `df -h` has it: for columns.
pub fn short_bytes(n: u64) -> String {
    let text = bytes(n).replace(' ', "");
    text.trim_end_matches("iB").to_owned()
}

/// An optional value, or `-`.
pub fn or_dash<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// A text, or `-` where it is empty.
pub fn some_or_dash(text: String) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

/// The beginning of a long text, in `most` characters.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_and_right() {
        for (n, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (2_147_483_648, "2.0 GiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(bytes(n), text);
            let short = text.replace("iB", "").replace(' ', "");
            assert_eq!(short_bytes(n), short);
        }
    }

    #[test]
    fn blocks_and_fields_leave_out_what_is_empty() {
        assert_eq!(
            fields(&[("a", "1".into()), ("bbb", String::new())]),
            "a    1"
        );
        assert_eq!(block("Title", ""), "");
        assert_eq!(block("Title", "x\ny"), "\nTitle\n  x\n  y\n");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("žluťoučký", 5), "žluť…");
        assert_eq!(cut("short", 5), "short");
    }
}
