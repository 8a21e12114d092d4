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

    /// What would be done for this spec, once all servers that it needs report.
    fn plan(&self, file: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let plan = self.ask(&["spec", "plan", file]);
            if plan["findings"] == json!([]) && plan["waiting"] == json!([]) {
                return plan;
            }
            assert!(Instant::now() < until, "{plan:#}");
        }
    }

    /// Gives a command until its job is done: the world may move between the
    /// plan that is shown and its job.
    fn until_done(&self, args: &[&str]) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let done = self.run(args);
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            if said.contains("plan-changed") && Instant::now() < until {
                continue;
            }
            assert!(done.status.success(), "{args:?}: {done:?}");
            return said;
        }
    }

    /// Soon after a job no target is listed as servers that did none of its steps saw it
    /// before. Who looks again is the manager's test, and that an agent does the agent's.
    fn agrees(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let said = self.say(&["target", "list", "--fs", "lab", "--output", "json"]);
            let old = ["target-not-registered", "target-mounted-twice"];
            let Some(old) = old.iter().find(|code| said.contains(**code)) else {
                return;
            };
            assert!(Instant::now() < until, "{old}: {said}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Looks at a plan until it waits for nothing: right after a move, reports of
    /// two servers may name one target.
    fn ready(&self, planned: &[&str]) {
        let until = Instant::now() + PATIENCE;
        loop {
            let plan = self.ask(planned);
            if plan["waiting"] == json!([]) {
                return;
            }
            assert!(Instant::now() < until, "{plan:#}");
        }
    }

    /// Gives a command that removes `lab`, and waits until nobody has any of it.
    fn remove(&self, planned: &[&str], done: &[&str]) {
        let until = Instant::now() + PATIENCE;
        self.ready(planned);
        self.until_done(done);
        loop {
            let all = self.ask(&["demo", "list"]);
            let is_bare = |one: &Value| one["targets"] == json!([]);
            if all.as_array().unwrap().iter().all(is_bare) && !self.has("lab") {
                return;
            }
            assert!(Instant::now() < until, "{all:#}");
        }
    }

    /// Whether there is a file system of this name.
    fn has(&self, name: &str) -> bool {
        let all = self.ask(&["fs", "list"]);
        all.as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == name)
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
fn a_file_system_is_made_outlives_a_server_and_is_removed() {
    let demo = Demo::start(4);
    let events = demo.events();
    let file = demo.folder.path().join("lab.yaml");
    let path = file.to_str().unwrap();
    let spec = demo.say(&["demo", "spec"]);
    std::fs::write(&file, &spec).unwrap();
    let plan = demo.plan(path);
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
    demo.agrees();
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
    demo.until_done(&back);
    demo.agrees();
    events.wait("lab-OST0000 is mounted on oss01");
    let home = demo.server("oss01");
    assert_eq!(home["targets"], json!(["lab-OST0000", "lab-OST0002"]));

    // Consent to lose what is in it is not given by `--yes`, nor by another name.
    let planned = ["fs", "remove", "lab", "--dry-run"];
    demo.ready(&planned);
    let remove = ["fs", "remove", "lab", "--yes", "--follow"];
    for word in [&[][..], &["--yes-destroy", "bal"]] {
        let refused = demo.run(&[&remove[..], word].concat());
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("add --yes-destroy lab"), "{said}");
    }
    demo.remove(&planned, &[&remove[..], &["--yes-destroy", "lab"]].concat());
    demo.say(&["fs", "forget", "lab", "--yes"]);
    assert!(!demo.say(&["spec", "show"]).contains("lab"));
}

#[test]
fn one_spec_file_makes_a_file_system_heals_it_and_removes_it() {
    let demo = Demo::start(8);
    let events = demo.events();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/examples/lab.yaml");
    let shipped = shipped.to_str().unwrap();
    let text = std::fs::read_to_string(shipped).unwrap();
    assert_eq!(demo.say(&["demo", "spec"]), text);
    let plan = demo.plan(shipped);
    assert_eq!(plan["consent_needed"].as_array().unwrap().len(), 15);
    demo.say(&["spec", "check", shipped]);
    assert!(
        demo.say(&["spec", "diff", shipped])
            .contains("+ - name: lab")
    );
    let apply = |file| ["spec", "apply", file, "--yes", "--follow", "--yes-destroy"];
    demo.until_done(&[&apply(shipped)[..], &["blank"]].concat());
    events.wait("lab-OST0000 is mounted on oss01");
    // What is as it should be is left alone, and kept as it was written.
    assert_eq!(demo.say(&["spec", "show"]), text);
    assert!(
        demo.say(&["spec", "diff", shipped])
            .contains("there is no difference")
    );
    assert_eq!(demo.plan(shipped)["steps"], json!([]));

    demo.say(&["demo", "break", "oss01", "--how", "hang"]);
    events.wait("lab-OST0000 is mounted on oss02");
    demo.say(&["demo", "mend", "oss01"]);
    events.wait("cluster node oss01 is now online");
    // Where a target runs while it is well is for a person to say.
    assert_eq!(demo.plan(shipped)["steps"], json!([]));
    demo.until_done(&[
        "target",
        "failback",
        "lab-OST[0000,0006]",
        "--yes",
        "--follow",
    ]);

    let file = demo.folder.path().join("gone.yaml");
    let gone = text.replace("- name: lab\n", "- name: lab\n  state: absent\n");
    assert_ne!(gone, text);
    std::fs::write(&file, gone).unwrap();
    let gone = file.to_str().unwrap();
    demo.remove(
        &["spec", "plan", gone],
        &[&apply(gone)[..], &["lab"]].concat(),
    );

    // A spec that names it no more goes through with nothing left to do.
    let (without, _) = text.split_once("filesystems:").unwrap();
    std::fs::write(&file, without).unwrap();
    assert_eq!(demo.plan(gone)["steps"], json!([]));
    demo.say(&["spec", "apply", gone, "--yes"]);
    assert_eq!(demo.say(&["spec", "show"]), without);
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
