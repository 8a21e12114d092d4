//! `ganesha.conf`: what NFS-Ganesha exports, and to whom.
//!
//! Blocks in braces hold `Key = value;` and further blocks. A broken piece
//! costs itself up to the next `;` or brace.

use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind, only_text};

use super::ini;
use crate::storage::text;

/// The reader of Ganesha's configuration.
pub static KIND: Kind = Kind {
    name: "ganesha-conf",
    about: "ganesha.conf: exports of NFS-Ganesha",
    guess,
    read,
};

/// Blocks within blocks at most.
const DEPTH_MAX: usize = 16;

/// One block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Block {
    /// Its name as written: `EXPORT`, `FSAL`.
    pub name: String,
    /// Line it begins at.
    pub line: u64,
    /// Settings but secrets, keys in lower case.
    pub settings: BTreeMap<String, String>,
    /// Blocks in it.
    pub blocks: Vec<Block>,
}

impl Block {
    fn get(&self, key: &str) -> Option<String> {
        self.settings.get(key).cloned()
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Block> {
        self.blocks
            .iter()
            .filter(move |block| block.name.eq_ignore_ascii_case(name))
    }
}

/// One export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Export {
    /// Its number.
    pub id: Option<u64>,
    /// The folder that is exported.
    pub path: Option<String>,
    /// Where NFSv4 clients find it.
    pub pseudo: Option<String>,
    /// The back end: `VFS`, `LUSTRE`, `CEPH`.
    pub fsal: Option<String>,
    /// `RW`, `RO`, `NONE`.
    pub access: Option<String>,
    /// `Root_Squash` and the like.
    pub squash: Option<String>,
    /// Who may mount it, as written.
    pub clients: Vec<String>,
}

/// Reads every block.
pub fn parse(input: &[u8]) -> (Vec<Block>, Vec<Skip>) {
    let text = without_comments(&only_text(input));
    let mut skips = Vec::new();
    let mut open = vec![Block::default()];
    for piece in pieces(&text) {
        take(&piece, &mut open, &mut skips);
    }
    while open.len() > 1 {
        let last = open.last().map_or(1, |block| block.line);
        skips.push(Skip::new(
            last,
            SkipKind::Truncated,
            "a block is not closed",
        ));
        close(&mut open);
    }
    (open.pop().unwrap_or_default().blocks, skips)
}

/// The exports among the blocks.
pub fn exports(blocks: &[Block]) -> Vec<Export> {
    let exports = blocks
        .iter()
        .filter(|block| block.name.eq_ignore_ascii_case("export"));
    let export = |block: &Block| {
        let clients = block
            .named("client")
            .filter_map(|client| client.get("clients"));
        let names = clients.flat_map(|list| {
            let names = list.split(',').map(|name| name.trim().to_owned());
            names.collect::<Vec<_>>()
        });
        Export {
            id: block.get("export_id").and_then(|id| id.parse().ok()),
            path: block.get("path"),
            pseudo: block.get("pseudo"),
            fsal: block.named("fsal").find_map(|fsal| fsal.get("name")),
            access: block.get("access_type"),
            squash: block.get("squash"),
            clients: names.filter(|name| !name.is_empty()).collect(),
        }
    };
    exports.map(export).collect()
}

/// A piece of text and the mark that ends it.
struct Piece<'a> {
    text: &'a str,
    end: u8,
    line: u64,
}

/// The text with comments and `%include` lines blanked out. A quote ends with
/// its line at the latest.
fn without_comments(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut quote = None;
        let comment = line.char_indices().find(|(_, c)| {
            match c {
                '"' | '\'' if quote == Some(*c) => quote = None,
                '"' | '\'' => quote = quote.or(Some(*c)),
                _ => {}
            }
            *c == '#' && quote.is_none()
        });
        let end = comment.map_or(line.len(), |(at, _)| at);
        if !line.trim_start().starts_with('%') {
            bare.push_str(line[..end].trim_end());
        }
        bare.push('\n');
    }
    bare
}

/// Splits at `{`, `}` and `;` outside quotes.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut found, mut start, mut line, mut quote) = (Vec::new(), 0, 1, None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' => {
                line += 1;
                quote = None;
            }
            b'"' | b'\'' if quote == Some(byte) => quote = None,
            b'"' | b'\'' => quote = quote.or(Some(byte)),
            b'{' | b'}' | b';' if quote.is_none() => {
                let text = text[start..at].trim();
                found.push(Piece {
                    text,
                    end: byte,
                    line,
                });
                start = at + 1;
            }
            _ => {}
        }
    }
    let text = text[start..].trim();
    found.push(Piece { text, end: 0, line });
    found
}

fn take(piece: &Piece<'_>, open: &mut Vec<Block>, skips: &mut Vec<Skip>) {
    let bare = piece.text.trim_matches(['\0', ' ', '\r', '\n', '\t']);
    match piece.end {
        b'{' => {
            let name = bare.lines().last().unwrap_or_default().trim();
            if open.len() > DEPTH_MAX {
                skips.push(Skip::new(
                    piece.line,
                    SkipKind::BadLine,
                    "blocks are nested too deep",
                ));
                return;
            }
            open.push(Block {
                name: name.to_owned(),
                line: piece.line,
                ..Block::default()
            });
        }
        _ if bare.is_empty() => {}
        _ => match (bare.split_once('='), open.last_mut()) {
            (Some((key, value)), Some(block)) => {
                let key = key
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim()
                    .to_ascii_lowercase();
                if !ini::is_secret(&key) {
                    let value = value.trim().trim_matches(['"', '\'']);
                    block.settings.insert(key, value.to_owned());
                }
            }
            _ => skips.push(Skip::new(
                piece.line,
                SkipKind::BadLine,
                format!("wanted `Key = value;`, not {:?}", text::cut(bare)),
            )),
        },
    }
    if piece.end == b'}' {
        if open.len() > 1 {
            close(open);
        } else {
            skips.push(Skip::new(
                piece.line,
                SkipKind::BadLine,
                "no block is open here",
            ));
        }
    }
}

fn close(open: &mut Vec<Block>) {
    if let (Some(block), Some(parent)) = (open.pop(), open.last_mut()) {
        parent.blocks.push(block);
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let lower = only_text(sample.head).to_ascii_lowercase();
    let opens = |name: &str| {
        lower.match_indices(name).any(|(at, _)| {
            let is_start = lower[..at]
                .chars()
                .next_back()
                .is_none_or(char::is_whitespace);
            is_start && lower[at + name.len()..].trim_start().starts_with('{')
        })
    };
    let marks = [
        "export_id",
        "fsal",
        "pseudo",
        "nfs_core_param",
        "nfsv4",
        "access_type",
    ];
    let n_marks = marks.iter().filter(|mark| lower.contains(*mark)).count();
    match (opens("export") || opens("nfs_core_param"), n_marks) {
        (true, 2..) => 93,
        (true, 1) => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (blocks, skips) = parse(input);
    text::emit("ganesha.export", &exports(&blocks), Vec::new(), sink);
    let others: Vec<&Block> = blocks
        .iter()
        .filter(|block| !block.name.eq_ignore_ascii_case("export"))
        .collect();
    text::emit("ganesha.block", &others, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = "# Ganesha; { not a block }\n%include \"x\"\nNFS_CORE_PARAM { NFS_Port = 2049; }\r\nEXPORT\n{\n\
        \tExport_Id = 77; # one\n\tPath = \"/lustre;a\";\n\tPseudo = /scratch;\n\twhat;\n\tFSAL { Name = VFS; }\n\
        \tCLIENT { Clients = 10.0.0.0/8, node1; Access_Type = RW; }\n\tSquash = Root_Squash;\n}\nEXPORT { Export_Id = 2;";

    #[test]
    fn exports_are_read() {
        let (blocks, skips) = parse(CONF.as_bytes());
        let found = exports(&blocks);
        let one = &found[0];
        assert_eq!((one.id, one.path.as_deref()), (Some(77), Some("/lustre;a")));
        assert_eq!(one.fsal.as_deref(), Some("VFS"));
        assert_eq!(one.clients, ["10.0.0.0/8", "node1"]);
        assert_eq!(one.squash.as_deref(), Some("Root_Squash"));
        assert_eq!(found[1].id, Some(2));
        let kinds: Vec<SkipKind> = skips.iter().map(|skip| skip.kind).collect();
        assert_eq!(kinds, [SkipKind::BadLine, SkipKind::Truncated]);
    }
}
