//! Tables with headings whose cells are found by their columns, since a cell
//! may be empty or hold blanks.

use crate::storage::text::Line;

/// A heading and where it begins and ends, in characters.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    /// The heading's text.
    pub name: String,
    /// First character.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

/// One row: its cells in the order of the headings, trimmed.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    /// The line the row was read from.
    pub line: Line<'a>,
    /// Blank columns before the first cell.
    pub indent: usize,
    /// One text per heading, trimmed.
    pub cells: Vec<String>,
}

/// The headings of a line, parted where at least `gap` blanks are.
pub(crate) fn headings(text: &str, gap: usize) -> Vec<Heading> {
    let mut out: Vec<Heading> = Vec::new();
    for (at, c) in text.chars().enumerate() {
        if c == ' ' || c == '\t' {
            continue;
        }
        match out.last_mut() {
            Some(last) if at - last.end < gap => {
                while last.end < at {
                    last.name.push(' ');
                    last.end += 1;
                }
                last.name.push(c);
                last.end = at + 1;
            }
            _ => out.push(Heading {
                name: c.to_string(),
                start: at,
                end: at + 1,
            }),
        }
    }
    out
}

/// Reads rows under headings. Between two headings the border is the last
/// column that is blank in every row, so both right- and left-aligned cells fit.
pub(crate) fn rows<'a>(headings: &[Heading], lines: &[Line<'a>]) -> Vec<Row<'a>> {
    let texts: Vec<Vec<char>> = lines
        .iter()
        .map(|line| line.text.chars().collect())
        .collect();
    let blank = |text: &[char], at: usize| text.get(at).is_none_or(|c| c.is_whitespace());
    let borders: Vec<usize> = headings
        .windows(2)
        .map(|pair| {
            let range = pair[0].end..pair[1].start.max(pair[0].end + 1);
            range
                .max_by_key(|&at| (texts.iter().filter(|text| blank(text, at)).count(), at))
                .unwrap_or(pair[0].end)
        })
        .collect();
    lines
        .iter()
        .zip(&texts)
        .map(|(line, text)| split(*line, text, &borders))
        .collect()
}

fn split<'a>(line: Line<'a>, text: &[char], borders: &[usize]) -> Row<'a> {
    let mut cells = Vec::with_capacity(borders.len() + 1);
    let mut from = 0;
    for &border in borders {
        let to = border.min(text.len()).max(from);
        cells.push(trimmed(&text[from..to]));
        from = to;
    }
    cells.push(trimmed(&text[from..]));
    Row {
        line,
        indent: text.iter().take_while(|c| **c == ' ').count(),
        cells,
    }
}

fn trimmed(text: &[char]) -> String {
    text.iter().collect::<String>().trim().to_owned()
}
