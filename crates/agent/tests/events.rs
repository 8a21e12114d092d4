//! Events: heard at once, kept until the manager has them, told once.

use agent::host::captured::CapturedHost;
use agent::host::{Command, Following, Host, HostError, Output, Running, Watched};
use agent::run::{self, Cadence, Ended, Memory};
use agent::watch;
use model::event::HostEvent;
use rt::{Shutdown, Tasks};
use serde_json::json;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wire::{ToAgent, ToManager};

/// A live host whose journal and network the test plays.
#[derive(Default)]
struct Played {
    hostname: Mutex<String>,
    /// What to answer to the next command that is followed.
    journal: Mutex<Option<OwnedFd>>,
    network: Mutex<Option<OwnedFd>>,
    followed: Mutex<Vec<String>>,
}

impl Host for Played {
    fn run(&self, _command: &Command) -> Result<Output, HostError> {
        Err(HostError::NotInstalled)
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        match path {
            "/etc/machine-id" => Ok(b"m1".to_vec()),
            "/proc/sys/kernel/hostname" => Ok(self.hostname.lock().unwrap().clone().into_bytes()),
            _ => Err(HostError::NotFound),
        }
    }
    fn list_dir(&self, _path: &str) -> Result<Vec<String>, HostError> {
        Err(HostError::NotFound)
    }
    fn read_link(&self, _path: &str) -> Result<String, HostError> {
        Err(HostError::NotFound)
    }
    fn exists(&self, _path: &str) -> bool {
        false
    }
    fn is_live(&self) -> bool {
        true
    }
    fn watch(&self, what: Watched) -> Result<OwnedFd, HostError> {
        let taken = match what {
            Watched::Network => self.network.lock().unwrap().take(),
            Watched::Mounts | Watched::Devices => None,
        };
        taken.ok_or(HostError::Denied)
    }
    fn follow(&self, command: &Command) -> Result<Following, HostError> {
        if command.argv[0] != "journalctl" {
            return Err(HostError::NotInstalled);
        }
        self.followed.lock().unwrap().push(command.line());
        let output = self.journal.lock().unwrap().take();
        Ok(Following {
            output: output.ok_or(HostError::NotInstalled)?,
            running: Running::default(),
        })
    }
}

/// An agent that is linked to a manager which the test plays.
struct Linked {
    manager: link::ManagerEnd,
    shutdown: Shutdown,
    agent: tokio::task::JoinHandle<(Ended, Memory)>,
}

async fn linked(host: Arc<dyn Host>, mut memory: Memory) -> Linked {
    let (agent_end, mut manager) = link::memory();
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let agent = tokio::spawn(async move {
        let ended = run::run(host, agent_end, Cadence::default(), &mut memory, &stop).await;
        (ended, memory)
    });
    assert!(matches!(manager.recv().await, Some(ToManager::Hello(_))));
    let welcome = wire::message::Welcome {
        protocol: wire::PROTOCOL,
        server_id: "s".into(),
        now_ms: 0,
        manager_version: "0".into(),
        extra: std::collections::BTreeMap::new(),
    };
    manager.send(ToAgent::Welcome(welcome)).await.unwrap();
    Linked {
        manager,
        shutdown,
        agent,
    }
}

impl Linked {
    /// The next events, with the name and the number of the first.
    async fn events(&mut self) -> (u64, u64, Vec<HostEvent>) {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.manager.recv());
            if let ToManager::Events(found) = message.await.unwrap().unwrap() {
                let events = found.unpack().into_iter().map(|(_, event)| event.unwrap());
                return (found.stream, found.first, events.collect());
            }
        }
    }

    async fn stop(self) -> Memory {
        self.shutdown.begin();
        let (ended, memory) = self.agent.await.unwrap();
        assert_eq!(ended, Ended::Stopped);
        memory
    }
}

fn entry(cursor: &str, seconds: i64, message: &str) -> String {
    let at = (seconds * 1_000_000).to_string();
    let entry = json!({"__CURSOR": cursor, "__REALTIME_TIMESTAMP": at, "_TRANSPORT": "kernel",
        "SYSLOG_IDENTIFIER": "kernel", "PRIORITY": "3", "MESSAGE": message});
    format!("{entry}\n")
}

const EVICTED: &str = "LustreError: 1:0:(ldlm_lockd.c:1:x()) ### lock callback timer expired after 151s: evicting client at 192.168.77.12@tcp ns: mdt-lab01-MDT0000_UUID lock";
/// Later than any clock that runs the test, so it is news.
const FUTURE: i64 = 32_503_680_000;

fn start(host: &Arc<Played>, folder: &Path, stream: u64) -> (Memory, Tasks) {
    let mut memory = Memory::open(folder, stream, None).unwrap();
    let tasks = Tasks::new(Shutdown::new());
    let door: Arc<dyn Host> = Arc::clone(host) as _;
    memory.hear(watch::start(&door, memory.place(), &tasks));
    (memory, tasks)
}

#[tokio::test]
async fn what_the_kernel_says_is_told_until_the_manager_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let host = Arc::new(Played::default());
    let play = || {
        let (reader, writer) = std::io::pipe().unwrap();
        *host.journal.lock().unwrap() = Some(reader.into());
        writer
    };
    let mut journal = play();
    let (memory, _tasks) = start(&host, folder.path(), 7);
    let mut link = linked(Arc::clone(&host) as _, memory).await;
    journal
        .write_all(entry("s=1;i=1", 1, EVICTED).as_bytes())
        .unwrap();
    journal
        .write_all(entry("s=1;i=2", FUTURE, EVICTED).as_bytes())
        .unwrap();
    let (stream, first, events) = link.events().await;
    assert_eq!(
        (stream, first, events.len()),
        (7, 1, 1),
        "what was before the start is no news"
    );
    assert_eq!(
        (events[0].kind.as_str(), events[0].at.as_second()),
        ("lustre.client_evicted", FUTURE)
    );
    // The agent dies before the manager could acknowledge.
    drop((link.stop().await, journal));

    let mut journal = play();
    let (memory, _tasks) = start(&host, folder.path(), 8);
    let mut link = linked(Arc::clone(&host) as _, memory).await;
    assert_eq!(
        link.events().await,
        (7, 1, events.clone()),
        "the same, by the same number"
    );
    let followed = host.followed.lock().unwrap().last().unwrap().clone();
    assert!(followed.contains("--after-cursor s=1;i=2"), "{followed}");
    link.manager
        .send(ToAgent::AckEvents { stream: 7, upto: 1 })
        .await
        .unwrap();
    journal
        .write_all(entry("s=1;i=3", FUTURE + 1, EVICTED).as_bytes())
        .unwrap();
    assert_eq!(link.events().await.1, 2);
    drop((link.stop().await, journal));

    let _journal = play();
    let (memory, _tasks) = start(&host, folder.path(), 9);
    let mut link = linked(Arc::clone(&host) as _, memory).await;
    let (stream, first, events) = link.events().await;
    assert_eq!(
        (stream, first, events.len()),
        (7, 2, 1),
        "what the manager has is told no more"
    );
    link.stop().await;
}

#[tokio::test]
async fn what_is_heard_while_no_manager_answers_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let host = Arc::new(Played::default());
    let (reader, mut journal) = std::io::pipe().unwrap();
    *host.journal.lock().unwrap() = Some(reader.into());
    let (mut memory, _tasks) = start(&host, folder.path(), 7);
    for n in 0..1000 {
        let line = entry(&format!("s=1;i={n}"), FUTURE + n, EVICTED);
        journal.write_all(line.as_bytes()).unwrap();
        let heard = tokio::time::timeout(Duration::from_millis(1), memory.listen()).await;
        assert!(heard.is_err(), "it listens until it is stopped");
    }
    let heard = tokio::time::timeout(Duration::from_millis(500), memory.listen()).await;
    assert!(heard.is_err());
    drop(memory);
    let memory = Memory::open(folder.path(), 8, None).unwrap();
    assert_eq!(memory.place().journal.as_deref(), Some("s=1;i=999"));
    let mut link = linked(host as _, memory).await;
    let (mut n_events, mut next) = (0, 1);
    while n_events < 1000 {
        let (stream, first, events) = link.events().await;
        assert_eq!((stream, first), (7, next));
        n_events += events.len();
        next += u64::try_from(events.len()).unwrap();
    }
    link.stop().await;
}

#[tokio::test]
async fn a_change_that_is_heard_is_looked_at_without_waiting_for_the_minute() {
    let folder = tempfile::tempdir().unwrap();
    let host = Arc::new(Played::default());
    *host.hostname.lock().unwrap() = "before".into();
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    *host.network.lock().unwrap() = Some(theirs.into());
    let (memory, _tasks) = start(&host, folder.path(), 7);
    let mut link = linked(Arc::clone(&host) as _, memory).await;
    assert!(matches!(
        link.manager.recv().await,
        Some(ToManager::Full { .. })
    ));
    *host.hostname.lock().unwrap() = "after".into();
    ours.send(b"any").unwrap();
    let told = tokio::time::timeout(Duration::from_secs(8), async {
        loop {
            if let Some(ToManager::Delta { changed, .. }) = link.manager.recv().await {
                return changed;
            }
        }
    });
    assert!(told.await.unwrap().contains_key("identity"));
    link.stop().await;
}

/// The mount table of another mount namespace, so that no mount of this host is touched.
#[tokio::test]
async fn a_mount_is_heard_when_it_happens() {
    let script = "echo ready; read line; mount -t tmpfs none /mnt && echo done; read line";
    let child = std::process::Command::new("unshare")
        .args(["-r", "-m", "sh", "-c", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: unshare is not installed");
        return;
    };
    let (mut tell, answer) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut answers = std::io::BufRead::lines(std::io::BufReader::new(answer));
    if answers.next().is_none() {
        println!("skipped: no namespace may be made here");
        return;
    }
    let table = std::fs::File::open(format!("/proc/{}/mountinfo", child.id())).unwrap();
    let (send, mut receive) = tokio::sync::mpsc::channel(8);
    let watching = tokio::spawn(watch::kernel::run(Watched::Mounts, table.into(), send));
    let quiet = tokio::time::timeout(Duration::from_millis(200), receive.recv()).await;
    assert!(quiet.is_err(), "nothing happened, and {quiet:?} was heard");
    tell.write_all(b"go\n").unwrap();
    if answers.next().is_none() {
        println!("skipped: no mount may be made here");
        return;
    }
    let heard = tokio::time::timeout(Duration::from_secs(5), receive.recv()).await;
    assert_eq!(heard.unwrap(), Some(watch::Signal::Changed));
    watching.abort();
    tell.write_all(b"end\n").unwrap();
    child.wait().unwrap();
}

/// A capture of two moments, each with the kernel's log up to it.
fn capture(folder: &Path, logs: [&str; 2]) {
    let argv = [
        "journalctl",
        "-k",
        "-b",
        "-o",
        "short-iso-precise",
        "--no-pager",
    ];
    for (name, log) in ["a", "b"].into_iter().zip(logs) {
        let place = folder.join(name);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("log"), log).unwrap();
        let line = json!({"argv": argv, "exit": 0, "stdout": "log"});
        std::fs::write(place.join("index.jsonl"), format!("{line}\n")).unwrap();
    }
    let about = json!({"format": 1, "hostname": "node1", "machine_id": "m1",
        "moments": [{"name": "a"}, {"name": "b", "offset_s": 60}]});
    std::fs::write(folder.join("host.json"), about.to_string()).unwrap();
}

#[tokio::test]
async fn a_replay_tells_what_its_kernel_said_at_each_moment_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = "2026-11-21T01:24:11.804042+0000 node1 kernel: Lustre: lab01-OST0001: Imperative Recovery enabled, recovery window shrunk from 180-540 down to 120-540\n2026-11-21T01:24:11.9+0000 node1 kernel: sd 0:0:0:0: fine\n";
    let second = format!("{first}2026-11-21T01:24:11.804043+0000 node1 kernel: {EVICTED}\n");
    capture(folder.path(), [first, &second]);
    let host = Arc::new(CapturedHost::open(folder.path()).unwrap());
    let mut link = linked(Arc::clone(&host) as _, Memory::new(7, None)).await;
    let (_, number, events) = link.events().await;
    let kinds = |events: &[HostEvent]| -> Vec<String> {
        events.iter().map(|event| event.kind.clone()).collect()
    };
    assert_eq!(
        (number, kinds(&events)),
        (1, vec!["lustre.target_started".to_owned()])
    );
    assert_eq!(
        events[0].target.as_ref().unwrap().to_string(),
        "lab01-OST0001"
    );
    host.go(1);
    let (_, number, events) = link.events().await;
    assert_eq!(
        (number, kinds(&events)),
        (2, vec!["lustre.client_evicted".to_owned()])
    );
    link.stop().await;
}

#[tokio::test]
async fn a_command_that_runs_on_ends_with_the_agent() {
    let host: Arc<dyn Host> = Arc::new(agent::host::real::RealHost);
    let argv = [
        "journalctl",
        "-f",
        "-o",
        "json",
        "-n",
        "1",
        "_TRANSPORT=kernel",
    ];
    let Ok(following) = host.follow(&Command::read(&argv)) else {
        println!("skipped: journalctl is not installed");
        return;
    };
    let pid = following.running.0.as_ref().unwrap().id();
    let is_running = || Path::new(&format!("/proc/{pid}/cmdline")).exists();
    assert!(is_running());
    drop(following);
    assert!(!is_running(), "it is ended, and waited for");

    let tasks = Tasks::new(Shutdown::new());
    let signals = watch::start(&host, &watch::Place::default(), &tasks);
    tasks.shutdown().begin();
    let left = tasks.finish(Duration::from_millis(500)).await;
    assert_eq!(
        left,
        Vec::<String>::new(),
        "all sources end when they are told"
    );
    drop(signals);
}
