//! Tables with a line of column names: `nis`, `peers`, `routes`, `hash_stats`.

use super::{Block, flow};
use serde::Serialize;

/// Rows under one line of column names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table<'a> {
    /// Names of the columns; a name may come twice.
    pub columns: Vec<&'a str>,
    /// Rows, a word for each column; a row may be shorter or longer.
    pub rows: Vec<Vec<&'a str>>,
}

/// Reads the tables of a block: a line that begins as the first did begins another.
/// What stands before the first line of column names (`Routing disabled`) is left out.
pub fn tables<'a>(block: &Block<'a>) -> Vec<Table<'a>> {
    let mut found: Vec<Table<'a>> = Vec::new();
    for line in flow::lines(block).filter(|line| !line.is_binary) {
        let words: Vec<_> = line.text.split_ascii_whitespace().collect();
        let is_head = match found.first() {
            Some(table) => words.first() == table.columns.first(),
            None => is_head(&words),
        };
        match (is_head, found.last_mut()) {
            (true, _) => found.push(Table {
                columns: words,
                rows: Vec::new(),
            }),
            (false, Some(table)) => table.rows.push(words),
            (false, None) => {}
        }
    }
    found
}

fn is_head(words: &[&str]) -> bool {
    let first = words.first().copied().unwrap_or_default();
    words.len() > 2 && matches!(first, "nid" | "net" | "ref" | "pages" | "name")
}

#[cfg(test)]
mod tests {
    use super::super::blocks;
    use super::*;

    #[test]
    fn tables_are_read() {
        let text = "routes=\nRouting disabled\nnet      hops priority   state router\ntcp1 1 0 up 1.2.3.4@tcp\n";
        let block = blocks(text.as_bytes()).next().unwrap().unwrap();
        let found = tables(&block);
        assert_eq!(found[0].rows, [["tcp1", "1", "0", "up", "1.2.3.4@tcp"]]);
        let text =
            "mdt.a.hash_stats=\nname cur min\nUUID_HASH 64 4\nname cur min max\nNID_STATS 1 2 3\n";
        let block = blocks(text.as_bytes()).next().unwrap().unwrap();
        let found = tables(&block);
        assert_eq!((found.len(), found[1].columns.len()), (2, 4));
    }
}
