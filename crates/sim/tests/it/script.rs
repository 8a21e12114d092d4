//! Scripts that an operator can read: `crates/sim/scripts/*.txt`, each a story
//! with what is printed under each command. `CANDELA_WRITE_SCRIPTS=1` writes what
//! is printed now; what changes is then read in review.
//!
//! A line that begins in the first column is a command, `#` a remark, `> ` a line
//! of the spec above; what is indented is printed.

mod play;

use play::Play;
use std::fs;
use std::path::{Path, PathBuf};

/// The script as it is when it is played.
fn played(text: &str) -> String {
    let mut play = None;
    let mut printed = String::new();
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with("  "))
        .peekable();
    while let Some(line) = lines.next() {
        printed.push_str(line);
        printed.push('\n');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut document = String::new();
        while let Some(more) = lines.next_if(|line| line.starts_with('>')) {
            printed.push_str(more);
            printed.push('\n');
            document.push_str(more.strip_prefix("> ").unwrap_or(""));
            document.push('\n');
        }
        if let Some(words) = line.strip_prefix("servers ") {
            let (n_servers, paths) = words.split_once(" paths ").unwrap_or((words, "1"));
            play = Some(Play::new(
                n_servers.parse().unwrap(),
                paths.parse().unwrap(),
            ));
            continue;
        }
        let play = play.as_mut().expect("a script begins with its servers");
        printed.push_str(&play.command(line, &document));
    }
    printed
}

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let found = fs::read_dir(folder).unwrap();
    let mut found: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn scripts_go_as_they_are_written() {
    let mut differs = Vec::new();
    for path in scripts() {
        let text = fs::read_to_string(&path).unwrap();
        let now = played(&text);
        if now == text {
            continue;
        }
        if std::env::var_os("CANDELA_WRITE_SCRIPTS").is_some() {
            fs::write(&path, &now).unwrap();
            continue;
        }
        let mut lines = text.lines().zip(now.lines()).enumerate();
        let first = lines.find(|(_, (was, is))| was != is);
        differs.push(format!("{}: {first:?}", path.display()));
    }
    assert!(differs.is_empty(), "{}", differs.join("\n"));
}
