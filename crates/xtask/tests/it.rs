//! The rules of the workspace that a compiler does not hold: layers, pure
//! crates, sizes of files, error codes with their pages, paths named in docs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}

fn table(path: &Path) -> toml::Table {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn words(value: &toml::Value) -> BTreeSet<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_str().unwrap().to_owned())
        .collect()
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(folder) = todo.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn crates() -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(root().join("crates")).unwrap();
    let paths = entries
        .map(|entry| entry.unwrap().path())
        .filter(|p| p.join("Cargo.toml").is_file());
    paths
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), p))
        .collect()
}

#[test]
fn crates_depend_only_on_what_their_layer_may_use() {
    let rules = table(&root().join("layers.toml"));
    let known = rules["crates"].as_table().unwrap();
    let order: Vec<String> = rules["layers"]["order"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_str().unwrap().into())
        .collect();
    let rank = |name: &str| {
        let layer = known[name]["layer"].as_str().unwrap();
        order
            .iter()
            .position(|l| l == layer)
            .unwrap_or_else(|| panic!("unknown layer {layer}"))
    };
    let forbidden = words(&rules["pure"]["forbidden"]);
    let all = crates();
    for name in all.keys() {
        assert!(
            known.contains_key(name),
            "layers.toml does not say where crate {name} belongs"
        );
    }
    for (name, path) in &all {
        let may = words(&known[name]["may"]);
        for other in &may {
            assert!(
                rank(other) <= rank(name),
                "{name} may not use {other}: a later layer"
            );
        }
        let is_pure = known[name].get("pure").is_some();
        let manifest = table(&path.join("Cargo.toml"));
        for dependency in manifest
            .get("dependencies")
            .and_then(|d| d.as_table())
            .into_iter()
            .flatten()
        {
            let used = dependency
                .0
                .strip_prefix("candela-")
                .unwrap_or(dependency.0);
            if all.contains_key(used) {
                assert!(
                    may.contains(used),
                    "{name} depends on {used}, which layers.toml does not list"
                );
            }
            assert!(
                !(is_pure && forbidden.contains(used)),
                "pure crate {name} depends on {used}"
            );
        }
    }
}

#[test]
fn pure_crates_touch_nothing_outside() {
    let rules = table(&root().join("layers.toml"));
    let banned = words(&rules["pure"]["words"]);
    for (name, path) in crates() {
        if rules["crates"][&name].get("pure").is_none() {
            continue;
        }
        for file in files(&path.join("src"), ".rs") {
            // Tests, in a file of their own or inside one, may read test data.
            if file.ends_with("tests.rs") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let lines = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for line in lines {
                for word in &banned {
                    assert!(
                        !line.contains(word.as_str()),
                        "{}: {word} in a pure crate",
                        file.display()
                    );
                }
            }
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for (_, path) in crates() {
        for file in files(&path.join("src"), ".rs") {
            let text = fs::read_to_string(&file).unwrap();
            let lines = text.lines().count();
            assert!(
                lines <= 800,
                "{} has {lines} lines; 800 is the most",
                file.display()
            );
            assert!(
                text.starts_with("//!"),
                "{} does not say what it is for",
                file.display()
            );
            assert!(file.file_name().unwrap() != "mod.rs", "{}", file.display());
        }
    }
}

/// Codes with which steps fail: the first word given to what makes failures,
/// in the agent and where the manager itself fails a step.
fn failure_codes() -> BTreeSet<String> {
    let mut sources = files(&root().join("crates/agent/src"), ".rs");
    sources.push(root().join("crates/manager/src/jobs.rs"));
    let mut codes = BTreeSet::new();
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        let is_table = source.ends_with("steps/failure.rs");
        let mut marks = vec!["failed(", "passing(", "code: String::from("];
        if is_table {
            marks.extend(["=> (", "            ("]);
        }
        for mark in marks {
            for (at, _) in text.match_indices(mark) {
                let rest = text[at + mark.len()..].trim_start();
                let word = rest
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next());
                let is_code = |word: &&str| {
                    let mut letters = word.chars();
                    letters.all(|c| c.is_ascii_lowercase() || c == '-')
                };
                codes.extend(word.filter(is_code).map(str::to_owned));
            }
        }
    }
    codes
}

#[test]
fn each_error_code_has_a_page_and_each_page_a_code() {
    let pages: BTreeSet<String> = files(&root().join("docs/errors"), ".md")
        .iter()
        .map(|p| p.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "README")
        .collect();
    let mut codes = BTreeSet::new();
    for (source, mark) in [
        ("crates/detect/src/concern.rs", ": &str = \""),
        ("crates/plan/src/codes.rs", ": &str = \""),
        ("crates/api/src/codes.rs", ": &str = \""),
        ("crates/model/src/job.rs", ": &str = \""),
        ("crates/wire/src/code.rs", " = \""),
        ("crates/manager/src/state.rs", "code: String::from(\""),
    ] {
        let text = fs::read_to_string(root().join(source)).unwrap();
        let of_code = |line: &&str| line.contains(mark) && !line.trim_start().starts_with('#');
        for line in text.lines().filter(of_code) {
            codes.insert(line.split('"').nth(1).unwrap().to_owned());
        }
    }
    let n_before = codes.len();
    codes.extend(failure_codes());
    assert!(
        codes.len() > n_before + 30,
        "the codes of failures are not read right: {codes:?}"
    );
    assert!(
        codes.len() > 20,
        "the sources of codes are not read right: {codes:?}"
    );
    let without: Vec<_> = codes.difference(&pages).collect();
    assert!(
        without.is_empty(),
        "codes without a page in docs/errors: {without:?}"
    );
    let unused: Vec<_> = pages.difference(&codes).collect();
    assert!(
        unused.is_empty(),
        "pages in docs/errors of no code: {unused:?}"
    );
    for page in pages {
        let text = fs::read_to_string(root().join(format!("docs/errors/{page}.md"))).unwrap();
        for part in ["## What happened", "## Why", "## What to do"] {
            assert!(text.contains(part), "docs/errors/{page}.md lacks {part:?}");
        }
    }
}

#[test]
fn paths_named_in_docs_exist() {
    let mut docs = files(&root().join("docs"), ".md");
    docs.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    for doc in docs {
        let text = fs::read_to_string(&doc).unwrap_or_else(|e| panic!("{}: {e}", doc.display()));
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_path = [
                "crates/",
                "docs/",
                "web/",
                "openapi/",
                "rigs/",
                "packaging/",
            ]
            .iter()
            .any(|start| quoted.starts_with(start));
            let is_plain = !quoted.contains(|c: char| c.is_whitespace() || "*<>{}…".contains(c));
            // Built files are named, and not committed.
            if is_path && is_plain && !quoted.starts_with("web/dist") {
                assert!(
                    root().join(quoted).exists(),
                    "{} names {quoted}, which is not there",
                    doc.display()
                );
            }
        }
    }
}
