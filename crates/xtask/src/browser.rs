//! The browser tests: a real manager over captured sites, a real Chromium.

use crate::run::{command, has, install, root, run};
use crate::tasks::counted;
use crate::totals::Totals;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Stops the demo when the tests are over, however they end.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // A demo that is gone already is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the demo on a free port, and runs `web/e2e` against it.
pub fn tests(totals: &mut Totals) -> Result<()> {
    let chromium = ["chromium", "chromium-browser", "google-chrome"];
    if !chromium.iter().any(|name| has(name)) {
        install(&["chromium"]).context("the browser tests need Chromium")?;
    }
    run(command("cargo", &["build", "--package", "candela"]))?;
    let mut demo = command(
        "target/debug/candela",
        &["demo", "--listen", "127.0.0.1:0", "--output", "json"],
    );
    let child = demo
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start the demo")?;
    let mut demo = Demo(child);
    let output = demo
        .0
        .stdout
        .take()
        .context("the output of the demo is piped")?;
    let mut line = String::new();
    BufReader::new(output)
        .read_line(&mut line)
        .context("could not read what the demo prints")?;
    let said: serde_json::Value = serde_json::from_str(&line)
        .with_context(|| format!("the demo printed {line:?}, which is not the promised line"))?;
    let field = |name: &str| said[name].as_str().map(str::to_owned);
    let (Some(url), Some(user), Some(password)) = (field("url"), field("user"), field("password"))
    else {
        bail!("the demo's line lacks url, user or password: {line}");
    };
    let mut node = Command::new("npm");
    node.args(["run", "--silent", "e2e"])
        .current_dir(root().join("web"));
    node.env("CANDELA_URL", url)
        .env("CANDELA_USER", user)
        .env("CANDELA_PASSWORD", password);
    node.env("CANDELA_SCREENSHOTS", root().join("target/screenshots"));
    counted(node, totals)
}
