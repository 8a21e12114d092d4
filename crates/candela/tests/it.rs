//! The demo's simulated servers, as a newcomer uses them: `docs/guide/demo.md`
//! is this walk.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_mins(2);

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A demo, and someone at a terminal beside it.
struct Demo {
    folder: tempfile::TempDir,
    url: String,
    token: String,
    _process: Running,
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_candela"));
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command.env("XDG_RUNTIME_DIR", folder).env("HOME", folder);
    command.stdout(Stdio::piped());
    command
}

impl Demo {
    fn start(n_servers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program(folder.path());
        command.args(["demo", "--listen", "127.0.0.1:0", "--output", "json"]);
        command.arg("--data").arg(folder.path().join("data"));
        command.args(["--servers", &n_servers.to_string()]);
        command.stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let process = Running(child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let word = |name: &str| said[name].as_str().unwrap().to_owned();
        Self {
            url: word("url"),
            token: word("token"),
            folder,
            _process: process,
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = program(self.folder.path());
        command.args(args);
        command.env("CANDELA_URL", &self.url);
        command.env("CANDELA_TOKEN", &self.token);
        command.env("CANDELA_CA", self.folder.path().join("data/ca.pem"));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command prints; it must do well.
    fn say(&self, args: &[&str]) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.run(args);
        let (out, err) = (
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr),
        );
        assert!(status.success(), "{args:?}: {err}\n{out}");
        format!("{out}{err}")
    }

    fn ask(&self, args: &[&str]) -> Value {
        let args = [args, &["--output", "json"]].concat();
        let Output { stdout, stderr, .. } = self.run(&args);
        serde_json::from_slice(&stdout).unwrap_or_else(|error| {
            panic!("{args:?}: {error}: {}", String::from_utf8_lossy(&stderr))
        })
    }

    /// The simulated server of this name, as it is.
    fn server(&self, name: &str) -> Value {
        let all = self.ask(&["demo", "list"]);
        let mut all = all.as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap().clone()
    }

    fn events(&self) -> Events {
        let mut child = self
            .command(&["event", "list", "--follow", "--output", "json"])
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let event = serde_json::from_str(&line.unwrap()).unwrap();
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Events {
            lines,
            _process: Running(child),
        }
    }
}

/// What happens, as it is told.
struct Events {
    lines: Receiver<Value>,
    _process: Running,
}

impl Events {
    /// Waits until this is told; what came before it is passed over.
    fn wait(&self, text: &str) {
        let until = Instant::now() + PATIENCE;
        let mut passed = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(event) = self.lines.recv_timeout(left) else {
                panic!("never told: {text}; but: {passed:#?}");
            };
            if event["text"].as_str().unwrap().contains(text) {
                return;
            }
            passed.push(event["text"].clone());
        }
    }
}

#[test]
fn a_file_system_is_made_and_outlives_a_server() {
    let demo = Demo::start(4);
    let events = demo.events();
    let file = demo.folder.path().join("lab.yaml");
    let path = file.to_str().unwrap();
    let spec = demo.say(&["demo", "spec"]);
    std::fs::write(&file, &spec).unwrap();
    let until = Instant::now() + PATIENCE;
    let plan = loop {
        let plan = demo.ask(&["spec", "plan", path]);
        // Not all servers may have reported yet.
        if plan["findings"] == json!([]) {
            break plan;
        }
        assert!(Instant::now() < until, "{plan:#}");
    };
    assert_eq!(plan["consent_needed"].as_array().unwrap().len(), 7);
    let apply = [
        "spec",
        "apply",
        path,
        "--yes",
        "--yes-destroy",
        "blank",
        "--follow",
    ];
    let said = demo.say(&apply);
    assert!(said.contains("is done"), "{said}");
    events.wait("lab-OST0000 is mounted on oss01");

    let said = demo.run(&["demo", "break", "os1"]).stderr;
    assert!(String::from_utf8_lossy(&said).contains("is it oss01?"));
    assert!(
        demo.say(&["demo", "break", "oss1"])
            .contains("oss01 has lost its power")
    );
    events.wait("lab-OST0000 is mounted on oss02");
    let lost = demo.server("oss01");
    assert_eq!(
        (&lost["state"], &lost["broken"]),
        (&json!("off"), &json!(["power"]))
    );

    demo.say(&["demo", "mend", "oss1"]);
    events.wait("cluster node oss01 is now online");
    let back = [
        "target",
        "failback",
        "lab-OST[0000,0002]",
        "--yes",
        "--follow",
    ];
    let until = Instant::now() + PATIENCE;
    let done = loop {
        let done = demo.run(&back);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        // The world may move between the plan that is shown and its job.
        if !said.contains("plan-changed") || Instant::now() > until {
            break done;
        }
    };
    assert!(done.status.success(), "{done:?}");
    events.wait("lab-OST0000 is mounted on oss01");
    let home = demo.server("oss01");
    assert_eq!(home["targets"], json!(["lab-OST0000", "lab-OST0002"]));
}

#[test]
fn without_a_demo_one_is_told_how_to_start_it() {
    let folder = tempfile::tempdir().unwrap();
    let said = program(folder.path())
        .args(["demo", "break", "oss1", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("start one with `candela demo`"), "{said}");
}
