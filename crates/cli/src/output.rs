//! Tables that fit the terminal, JSON, YAML.

use crate::args::Format;
use anyhow::{Context, Result};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::Write;

/// A row of a table.
pub type Row = Vec<String>;

/// Prints rows as a table, or the data itself. Says on stderr if there are none.
pub fn rows<T: Serialize>(
    format: Format,
    items: &[T],
    head: &[&str],
    row: impl Fn(&T) -> Row,
) -> Result<()> {
    if format != Format::Table {
        return data(format, &items);
    }
    if items.is_empty() {
        eprintln!("nothing matches");
        return Ok(());
    }
    say(&table(head, items.iter().map(row).collect()))
}

/// A table in plain columns, as wide as the terminal at most.
pub fn table(head: &[&str], rows: Vec<Row>) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(head);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    // Without a terminal nothing is cut: another program reads it.
    if !table.is_tty() {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Prints data as JSON or YAML.
pub fn data<T: Serialize + ?Sized>(format: Format, value: &T) -> Result<()> {
    let text = match format {
        Format::Yaml => serde_saphyr::to_string(&serde_json::to_value(value)?)
            .context("could not write YAML")?,
        Format::Json | Format::Table => serde_json::to_string_pretty(value)?,
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

/// An optional value, or `-`.
pub fn or_dash<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
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
}
