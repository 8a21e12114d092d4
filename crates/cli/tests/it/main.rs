//! What the command line prints, compared with text files in `tests/shown`.
//!
//! `CANDELA_WRITE_SHOWN=1 cargo test -p candela-cli --test it` writes them anew.

mod help;
mod tables;

use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

/// Compares with the file of this name, or writes it.
fn check(name: &str, made: &str) {
    let path = folder("shown").join(name);
    let made = format!("{}\n", made.trim_end());
    if std::env::var_os("CANDELA_WRITE_SHOWN").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "tests/shown/{name} is not what is printed now:\n{made}"
    );
}
