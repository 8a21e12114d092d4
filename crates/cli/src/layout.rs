//! Columns: as wide as what stands in them, narrower only where words can wrap.

/// Between two columns.
const GAP: usize = 2;

/// Lays rows out under their heads. A column whose head ends in `~` may be made
/// narrower, down to its longest word, where the table is wider than `most`.
pub fn columns(head: &[&str], rows: &[Vec<String>], most: Option<usize>) -> String {
    let names: Vec<String> = head
        .iter()
        .map(|name| name.trim_end_matches('~').to_owned())
        .collect();
    let widths = widths(head, &names, rows, most);
    let mut lines = Vec::new();
    for row in std::iter::once(&names).chain(rows) {
        let cells: Vec<Vec<String>> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| wrap(cell, width))
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..height {
            lines.push(line(&cells, &widths, at));
        }
    }
    lines.join("\n")
}

fn line(cells: &[Vec<String>], widths: &[usize], at: usize) -> String {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let part = cell.get(at).map(String::as_str).unwrap_or_default();
        text.push_str(part);
        let blank = width.saturating_sub(length(part)) + GAP;
        text.extend(std::iter::repeat_n(' ', blank));
    }
    text.truncate(text.trim_end().len());
    text
}

fn widths(
    head: &[&str],
    names: &[String],
    rows: &[Vec<String>],
    most: Option<usize>,
) -> Vec<usize> {
    let longest = |at: usize, of: fn(&str) -> usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let cells = cells.chain(names.get(at));
        cells.map(|cell| of(cell)).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..head.len()).map(|at| longest(at, length)).collect();
    let Some(most) = most else { return widths };
    let least: Vec<usize> = (0..head.len())
        .map(|at| longest(at, longest_word))
        .collect();
    let gaps = GAP * head.len().saturating_sub(1);
    loop {
        let total = widths.iter().sum::<usize>() + gaps;
        let soft = (0..head.len()).filter(|&at| head[at].ends_with('~'));
        let widest = soft.max_by_key(|&at| widths[at].saturating_sub(least[at]));
        match widest.filter(|&at| widths[at] > least[at]) {
            Some(at) if total > most => widths[at] -= 1,
            _ => return widths,
        }
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(length).max().unwrap_or(0)
}

/// A text in lines of this width, broken between words. Blanks are kept where
/// nothing is broken.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    if length(text) <= width {
        return vec![text.to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(last) if length(last) + 1 + length(word) <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(most: Option<usize>, expected: &str) {
        let rows = [
            ["oss1", "mds oss", "words that may be wrapped"],
            ["long-name-that-stays", "-", "-"],
        ];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&["NAME", "ROLES~", "TEXT~"], &rows, most), expected);
    }

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        check(
            None,
            "NAME                  ROLES    TEXT
oss1                  mds oss  words that may be wrapped
long-name-that-stays  -        -",
        );
    }

    #[test]
    fn only_soft_columns_wrap_and_only_between_words() {
        check(
            Some(44),
            "NAME                  ROLES    TEXT
oss1                  mds oss  words that
                               may be
                               wrapped
long-name-that-stays  -        -",
        );
        // Nothing can be narrower than its longest word.
        check(
            Some(10),
            "NAME                  ROLES  TEXT
oss1                  mds    words
                      oss    that
                             may be
                             wrapped
long-name-that-stays  -      -",
        );
    }

    #[test]
    fn texts_wrap_between_words() {
        assert_eq!(wrap("a bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(wrap("  kept  as is ", 20), ["  kept  as is "]);
        assert_eq!(wrap("", 0), [""]);
    }
}
