//! The product as an operator has it: a manager, its command line, its API.

use super::place::{GATEWAY, Place};
use super::shell::{Ended, ended, fed, output, within};
use crate::run::root;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The manager's port.
const PORT: u16 = 7443;

/// A running manager, and an operator who is logged in.
pub struct Product {
    folder: PathBuf,
    manager: Child,
    token: String,
}

impl Product {
    /// Starts a manager with nothing in it, and logs in.
    pub fn start(place: &Place) -> Result<Self> {
        let folder = place.folder.join("product");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let log = File::create(folder.join("manager.log"))?;
        // However this run ends, its manager ends with it.
        let mut manager = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(root().join("target/debug/candela"))
            .args(["manager", "--output", "json", "--name", GATEWAY])
            .args(["--listen", &format!("{GATEWAY}:{PORT}"), "--data"])
            .arg(folder.join("data"))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("could not start the manager")?;
        let mut line = String::new();
        let stdout = manager.stdout.take().context("its output is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let mut product = Self {
            folder,
            manager,
            token: String::new(),
        };
        let told: Value = serde_json::from_str(&line).context("the manager did not start")?;
        let password = told["password"].as_str().unwrap_or_default();
        fed(product.command(60, &["login", &Self::url()]), password)?;
        let made = product.say(&["token", "create-api", "rig", "--role", "admin"])?;
        made.trim().clone_into(&mut product.token);
        Ok(product)
    }

    /// `https://…`.
    fn url() -> String {
        format!("https://{}", Self::address())
    }

    /// Where agents dial.
    pub fn address() -> String {
        format!("{GATEWAY}:{PORT}")
    }

    fn command(&self, seconds: u64, words: &[&str]) -> Command {
        let program = root().join("target/debug/candela");
        let mut command = within(seconds, &program.to_string_lossy());
        command
            .args(words)
            .env("HOME", &self.folder)
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("CANDELA_CA", self.folder.join("data/ca.pem"));
        command
    }

    /// `candela …`; its output.
    pub fn say(&self, words: &[&str]) -> Result<String> {
        output(self.command(60, words))
    }

    /// As [`Product::say`], with this on its standard input.
    pub fn say_with(&self, words: &[&str], input: &str) -> Result<String> {
        fed(self.command(60, words), input)
    }

    /// `candela … --output json`.
    pub fn ask(&self, words: &[&str]) -> Result<Value> {
        let mut all = words.to_vec();
        all.extend(["--output", "json"]);
        let text = self.say(&all)?;
        serde_json::from_str(&text).with_context(|| format!("candela {}", words.join(" ")))
    }

    /// `candela …`, however it ends.
    pub fn try_for(&self, seconds: u64, words: &[&str]) -> Result<Ended> {
        ended(self.command(seconds, words), "")
    }

    /// Applies the spec in a file, and follows it to its end.
    pub fn apply(&self, spec: &str) -> Result<String> {
        let file = self.folder.join("spec.yaml");
        fs::write(&file, spec)?;
        let file = file.to_string_lossy().into_owned();
        let words = [
            "spec",
            "apply",
            &file,
            "--yes",
            "--consent",
            "blank",
            "--follow",
        ];
        let done = self.try_for(900, &words)?;
        let said = format!("{}{}", done.stdout, done.stderr);
        if !done.is_ok {
            bail!("the spec was not carried out:\n{said}\n{}", self.failures());
        }
        Ok(said)
    }

    /// What failed in the newest job, with its console.
    pub fn failures(&self) -> String {
        let mut text = String::new();
        let jobs = self
            .ask(&["job", "list", "--limit", "1"])
            .unwrap_or_default();
        let id = jobs[0]["id"].as_str().unwrap_or_default().to_owned();
        let job = self.ask(&["job", "show", &id]).unwrap_or_default();
        for step in job["steps"].as_array().into_iter().flatten() {
            if step["failure"].is_null() || step["state"] == "done" {
                continue;
            }
            let number = step["number"].to_string();
            text += &format!("step {number} {} {}\n", step["title"], step["failure"]);
            text += &self
                .say(&["job", "console", &id, &number])
                .unwrap_or_default();
        }
        text
    }

    /// Asks for goals, and follows them to their end.
    pub fn reach(&self, goals: &Value) -> Result<()> {
        let plan = self.post("plan", &json!({ "goals": goals }))?;
        if plan["steps"].as_array().is_none_or(Vec::is_empty) {
            bail!("nothing is planned for {goals}: {plan}");
        }
        let job = json!({
            "goals": goals,
            "base_version": plan["base_version"],
            "plan_hash": plan["hash"],
        });
        let made = self.post("jobs", &job)?;
        let id = made["id"].as_str().context("no job was made")?;
        let done = self.try_for(600, &["job", "follow", id])?;
        if !done.is_ok {
            bail!(
                "{goals}:\n{}{}\n{}",
                done.stdout,
                done.stderr,
                self.failures()
            );
        }
        Ok(())
    }

    /// The plan for what is kept.
    pub fn plan(&self) -> Result<Value> {
        self.post("plan", &json!({}))
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let mut curl = within(60, "curl");
        curl.args([
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--data",
            "@-",
        ])
        .args(["--header", "Content-Type: application/json", "--header"])
        .arg(format!("Authorization: Bearer {}", self.token))
        .arg("--cacert")
        .arg(self.folder.join("data/ca.pem"))
        .arg(format!("{}/api/v1/{path}", Self::url()));
        let text = fed(curl, &body.to_string())?;
        serde_json::from_str(&text).with_context(|| format!("POST {path}: {text}"))
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        let _ = self.manager.kill();
        let _ = self.manager.wait();
    }
}
