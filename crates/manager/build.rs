//! Copies the built page and the pages about errors to where they are embedded
//! from; without a built page, a short text says how to build it. Never runs
//! Node.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Candela</title>\
<p>The page was not built into this program. Build it with <code>cargo xtask web</code>, then build again. \
The API is at <a href=\"/api/v1/health\">/api/v1</a>.</p></html>\n";

fn main() -> io::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    let to = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("page");
    println!("cargo::rerun-if-changed=../../web/dist");
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    // Problems and concerns name a page each; it is served beside the page.
    let errors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    println!("cargo::rerun-if-changed=../../docs/errors");
    fs::create_dir_all(to.join("docs/errors"))?;
    copy(&errors, &to.join("docs/errors"))?;
    if built.join("index.html").is_file() {
        copy(&built, &to)
    } else {
        fs::write(to.join("index.html"), NOT_BUILT)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
