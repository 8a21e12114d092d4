//! What each task does.

use crate::browser;
use crate::run::{command, has, install, root, run, show};
use crate::totals::Totals;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Builds the page and the product, then becomes `candela demo`.
pub fn demo(args: &[String]) -> Result<()> {
    web()?;
    run(command(
        "cargo",
        &["build", "--release", "--package", "candela"],
    ))?;
    let mut demo = command("target/release/candela", &["demo"]);
    demo.args(args);
    run(demo)
}

/// Whether there is a page to build.
pub fn has_page() -> bool {
    root().join("web/package.json").is_file()
}

/// Builds the page.
pub fn web() -> Result<()> {
    if !has_page() {
        println!("skipped: there is no page to build yet");
        return Ok(());
    }
    npm_ready()?;
    run(npm(&["run", "--silent", "build"]))
}

/// Writes the API document, and the page's types from it.
pub fn openapi() -> Result<()> {
    let mut write = command(
        "cargo",
        &["test", "--quiet", "--package", "candela-manager", "openapi"],
    );
    write.env("CANDELA_WRITE_OPENAPI", "1");
    run(write)?;
    if !has_page() {
        return Ok(());
    }
    npm_ready()?;
    run(npm(&["run", "--silent", "types"]))
}

/// Runs seeds of the fault simulation; failing ones are made smaller and kept,
/// where the sources are at hand. Whether nothing was violated.
pub fn sim(args: &[String]) -> Result<bool> {
    let sources = root().join("crates/sim");
    let folder = sources.join("seeds");
    sim::run::command::go(args, sources.is_dir().then_some(&folder))
}

/// Every test there is.
pub fn test() -> Result<()> {
    let mut totals = Totals::default();
    let outcome = tests(&mut totals);
    println!("{}", totals.line());
    outcome
}

/// All that the gate runs. Everything is tried; what failed is named at the end.
pub fn ci() -> Result<()> {
    let start = Instant::now();
    let mut totals = Totals::default();
    let mut failed: Vec<String> = Vec::new();
    let mut note = |name: &str, outcome: Result<()>| {
        eprintln!(
            "== {name}: {} ({} s)",
            if outcome.is_ok() { "ok" } else { "FAILED" },
            start.elapsed().as_secs()
        );
        if let Err(error) = outcome {
            failed.push(format!("{name}: {error:#}"));
        }
    };
    note(
        "format",
        run(command("cargo", &["fmt", "--all", "--check"])),
    );
    note(
        "lints",
        run(command(
            "cargo",
            &[
                "clippy",
                "--quiet",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ],
        )),
    );
    note("page", page());
    note("tests", tests(&mut totals));
    for line in &failed {
        eprintln!("failed: {line}");
    }
    for name in &totals.names {
        println!("failed: {name}");
    }
    println!("{}", totals.line());
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("{} of the gate's parts failed", failed.len())
    }
}

fn page() -> Result<()> {
    if !has_page() {
        return Ok(());
    }
    npm_ready()?;
    run(npm(&["run", "--silent", "lint"]))?;
    run(npm(&["run", "--silent", "check"]))
}

fn tests(totals: &mut Totals) -> Result<()> {
    // The page first: the browser tests look at the embedded one.
    let page = web().and_then(|()| {
        if has_page() {
            counted(npm(&["run", "--silent", "test"]), totals)
        } else {
            Ok(())
        }
    });
    let rust = counted(
        command(
            "cargo",
            &[
                "test",
                "--workspace",
                "--no-fail-fast",
                "--",
                "--show-output",
            ],
        ),
        totals,
    );
    let browser = if has_page() {
        browser::tests(totals)
    } else {
        Ok(())
    };
    page.and(rust).and(browser)
}

/// Runs a test runner, shows its output as it comes, and counts.
pub fn counted(mut command: Command, totals: &mut Totals) -> Result<()> {
    let shown = show(&command);
    eprintln!("+ {shown}");
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{shown}`"))?;
    let output = child
        .stdout
        .take()
        .context("the output of a child is piped")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line.with_context(|| format!("could not read the output of `{shown}`"))?;
        let line = String::from_utf8_lossy(&line);
        if totals.read(&line) {
            println!("{line}");
        }
    }
    let status = child
        .wait()
        .with_context(|| format!("could not wait for `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

fn npm(args: &[&str]) -> Command {
    let mut npm = command("npm", args);
    npm.current_dir(root().join("web"));
    npm
}

/// Installs the page's packages if the lock file is newer than what is there.
fn npm_ready() -> Result<()> {
    if !has("npm") {
        install(&["nodejs", "npm"]).context("the page is built with Node.js 20 or newer")?;
    }
    let web = root().join("web");
    let at = |path: &str| {
        web.join(path)
            .metadata()
            .and_then(|data| data.modified())
            .ok()
    };
    let is_ready = at("node_modules/.package-lock.json") >= at("package-lock.json");
    if is_ready && at("node_modules/.package-lock.json").is_some() {
        return Ok(());
    }
    run(npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
}
