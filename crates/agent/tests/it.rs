//! The agent's tests of the whole: read-only proof, replay, round trip, link.

use agent::host::captured::{CapturedHost, HostFile, glob};
use agent::host::real::RealHost;
use agent::host::recording::Recording;
use agent::host::{Command, Host, HostError};
use agent::{observe, run};
use model::report::{DeviceKind, LnetState, RecoveryState, TargetSource};
use rt::Shutdown;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use wire::{ToAgent, ToManager};

const LSBLK: &str = r#"{"blockdevices":[
 {"name":"sda","kname":"sda","path":"/dev/sda","type":"disk","size":2147483648,"wwn":"0x5000c500a0000001","model":"VDISK","vendor":"LAB",
  "children":[{"name":"sda1","kname":"sda1","path":"/dev/sda1","type":"part","size":2136997888,"wwn":"0x5000c500a0000001","fstype":"zfs_member"}]},
 {"name":"sdg","kname":"sdg","path":"/dev/sdg","type":"disk","size":2147483648,"wwn":"0x5000c500a0000007","fstype":"ext4","label":"lab01-OST0003"},
 {"name":"vda","kname":"vda","path":"/dev/vda","type":"disk","size":1}]}"#;
const ZPOOL: &str = "  pool: lab-ost0\n state: ONLINE\nconfig:\n\n\tNAME                      STATE     READ WRITE CKSUM\n\tlab-ost0                  ONLINE       0     0     0\n\t  wwn-0x5000c500a0000001  ONLINE       0     0     0\n\nerrors: No known data errors\n";
const MOUNTS: &str = "proc /proc proc rw 0 0\nlab-ost0/ost0 /lustre/ost0 lustre rw,svname=lab01-OST0000,mgsnode=192.168.77.11@tcp,osd=osd-zfs 0 0\n192.168.77.11@tcp:192.168.77.12@tcp:/lab01 /lustre/client lustre rw 0 0\n";
const PARAMS: &str = "version=2.17.0\nhealth_check=healthy\nobdfilter.lab01-OST0000.recovery_status=\nstatus: COMPLETE\nrecovery_start: 1700000000\nrecovery_duration: 7\ncompleted_clients: 2/3\nevicted_clients: 1\nosd-zfs.lab01-OST0000.kbytestotal=1817600\nosd-zfs.lab01-OST0000.kbytesavail=1789952\nobdfilter.lab01-OST0000.num_exports=3\nmgs.MGS.live.lab01=\nfsname: lab01\nflags: 0x20     gen: 28\nlab01-MDT0000\nlab01-OST0000\n";

const LOG: &str = "- { index: 14, event: attach, device: lab01-OST0000-osc, type: osc, UUID: lab01-clilov_UUID }
- { index: 15, event: setup, device: lab01-OST0000-osc, UUID: lab01-OST0000_UUID, node: 192.168.77.11@tcp }
- { index: 16, event: add_conn, device: lab01-OST0000-osc, node: 192.168.77.12@tcp }
- { index: 17, event: add_osc, device: lab01-clilov, ost: lab01-OST0000_UUID, index: 0, gen: 1 }
- { index: 18, event: setup, device: lab01-OST0007-osc, UUID: lab01-OST0007_UUID, node: 192.168.77.13@tcp }
";

/// A capture with two moments: a target mounted, then not.
fn site(folder: &Path) {
    let zfs = "lab-ost0/ost0\tlustre:svname\tlab01:OST0000\tlocal\nlab-ost0/ost0\tlustre:flags\t4130\tlocal\nlab-ost0/ost0\tlustre:failover.node\t192.168.77.11@tcp:192.168.77.12@tcp\tlocal\n";
    let names = "lustre:svname,lustre:fsname,lustre:index,lustre:flags,lustre:mgsnode,lustre:failover.node,lustre:version";
    let lnet = "net:\n    - net type: tcp\n      local NI(s):\n        - nid: 192.168.77.11@tcp\n          status: up\n          interfaces:\n              0: eth1\n";
    let runs: Vec<(Vec<&str>, &str)> = vec![
        (vec!["lsblk", "-J", "-b", "-O"], LSBLK),
        (vec!["zpool", "status", "-v"], ZPOOL),
        (
            vec!["zpool", "get", "-H", "-p", "guid,multihost"],
            "lab-ost0\tguid\t2876229575126733796\t-\nlab-ost0\tmultihost\ton\tlocal\n",
        ),
        (
            vec![
                "zfs",
                "get",
                "-H",
                "-p",
                "-o",
                "name,property,value,source",
                names,
            ],
            zfs,
        ),
        (
            vec!["lctl", "dl"],
            "  0 UP obdfilter lab01-OST0000 lab01-OST0000_UUID 9\n  1 UP mgs MGS MGS 7\n",
        ),
        (
            vec!["lctl", "--device", "MGS", "llog_catlist"],
            "config_log: lab01-OST0000\nconfig_log: lab01-client\n",
        ),
        (
            vec!["lctl", "--device", "MGS", "llog_print", "lab01-client"],
            LOG,
        ),
        (vec!["lctl", "get_param", "-R", "*"], PARAMS),
        (vec!["lnetctl", "net", "show", "-v"], lnet),
    ];
    let first = folder.join("a");
    std::fs::create_dir_all(&first).unwrap();
    let mut index = String::new();
    for (number, (argv, text)) in runs.iter().enumerate() {
        std::fs::write(first.join(format!("{number}.out")), text).unwrap();
        index += &format!(
            "{}\n",
            json!({"argv": argv, "exit": 0, "stdout": format!("{number}.out")})
        );
    }
    std::fs::write(first.join("m.out"), MOUNTS).unwrap();
    index += &format!("{}\n", json!({"file": "/proc/mounts", "data": "m.out"}));
    std::fs::write(first.join("index.jsonl"), index).unwrap();
    let second = folder.join("b");
    std::fs::create_dir_all(&second).unwrap();
    std::fs::write(second.join("m.out"), "proc /proc proc rw 0 0\n").unwrap();
    let lines = [
        json!({"file": "/proc/mounts", "data": "m.out"}),
        json!({"argv": ["lctl", "dl"], "gone": true}),
    ];
    std::fs::write(
        second.join("index.jsonl"),
        format!("{}\n{}\n", lines[0], lines[1]),
    )
    .unwrap();
    let host = json!({"format": 1, "hostname": "node1", "machine_id": "m1",
        "moments": [{"name": "a", "offset_s": 0}, {"name": "b", "offset_s": 60}]});
    std::fs::write(folder.join("host.json"), host.to_string()).unwrap();
}

#[test]
fn a_captured_host_shows_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let host = CapturedHost::open(folder.path()).unwrap();
    let report = observe::report(&host);
    assert_eq!(
        (
            report.identity.hostname.as_str(),
            report.identity.machine_id.as_str()
        ),
        ("node1", "m1")
    );
    let devices = report.devices.unwrap();
    let id = |path: &str| {
        devices
            .iter()
            .find(|device| device.path == path)
            .unwrap()
            .id
            .to_string()
    };
    assert_eq!(id("/dev/sda"), "wwn:0x5000c500a0000001");
    assert_eq!(id("/dev/sda1"), "part:wwn:0x5000c500a0000001/1");
    assert_eq!(id("/dev/vda"), "path:m1/dev/vda");
    let pool = devices
        .iter()
        .find(|device| device.kind == DeviceKind::Zpool)
        .unwrap();
    assert_eq!(pool.id.0, "zpool:2876229575126733796");
    assert_eq!(pool.parents[0].0, "wwn:0x5000c500a0000001");
    assert_eq!(
        id("lab-ost0/ost0"),
        "dataset:2876229575126733796/lab-ost0/ost0"
    );
    let lustre = report.lustre.unwrap();
    let by = |source| {
        lustre
            .targets
            .iter()
            .find(|target| target.source == source)
            .unwrap()
    };
    let mounted = by(TargetSource::Mount);
    assert_eq!(mounted.label.to_string(), "lab01-OST0000");
    assert_eq!(
        mounted.device.as_ref().unwrap().0,
        "dataset:2876229575126733796/lab-ost0/ost0"
    );
    assert_eq!(
        mounted.recovery.as_ref().unwrap().state,
        RecoveryState::Complete
    );
    assert_eq!(
        (mounted.n_clients, mounted.bytes_total),
        (None, Some(1_817_600 << 10))
    );
    assert_eq!(
        by(TargetSource::ZfsProperties)
            .mount_data
            .as_ref()
            .unwrap()
            .service_nodes
            .len(),
        2
    );
    assert_eq!(by(TargetSource::ObdDevice).obd_state.as_deref(), Some("UP"));
    assert_eq!(
        by(TargetSource::Label).device_path.as_deref(),
        Some("/dev/sdg")
    );
    assert_eq!(lustre.clients.len(), 1);
    assert_eq!(
        lustre.mgs[0].evidence,
        "mgs.MGS.live.lab01 and llog lab01-client"
    );
    let known = |target: &model::report::MgsTarget| {
        let nodes = target.nodes.iter().flatten().map(ToString::to_string);
        (
            target.label.to_string(),
            nodes.collect::<Vec<_>>().join(" "),
        )
    };
    let known: Vec<_> = lustre.mgs[0].targets.iter().map(known).collect();
    let known: Vec<_> = known
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(
        known,
        [
            ("lab01-MDT0000", ""),
            ("lab01-OST0000", "192.168.77.11@tcp 192.168.77.12@tcp"),
            ("lab01-OST0007", "192.168.77.13@tcp")
        ]
    );
    assert_eq!(report.zpools.unwrap()[0].multihost, Some(true));
    let lnet = report.lnet.unwrap();
    assert_eq!(
        (lnet.state, lnet.nis[0].interfaces[0].as_str()),
        (LnetState::Up, "eth1")
    );
    host.go(1);
    let later = observe::report(&host).lustre.unwrap();
    assert_eq!(later.mgs, [], "no MGS runs then");
    assert!(
        !later
            .targets
            .iter()
            .any(|target| matches!(target.source, TargetSource::Mount | TargetSource::ObdDevice))
    );
}

#[test]
fn patterns_match_as_lctl_has_it() {
    for (pattern, name, fits) in [
        (
            "*.*.recovery_status",
            "mdt.lab01-MDT0000.recovery_status",
            true,
        ),
        ("osd-*.*.kbytestotal", "osd-zfs.MGS.kbytestotal", true),
        ("health_check", "health_check", true),
        (
            "*.*.num_exports",
            "obdfilter.lab01-OST0000.exports.1.2.3.4@tcp.num_exports",
            false,
        ),
        (
            "obdfilter.*.exports.*.uuid",
            "obdfilter.lab01-OST0000.exports.1.2.3.4@tcp.uuid",
            true,
        ),
        ("*", "mdt.x.y", false),
    ] {
        assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
    }
}

/// Only what the two looks both take: the time of the look differs.
fn without_time(mut report: model::report::Report) -> serde_json::Value {
    report.at = None;
    serde_json::to_value(report).unwrap()
}

#[test]
fn what_was_recorded_gives_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let recording = Recording::new(RealHost);
    let report = observe::report(&recording);
    let place = folder.path().join("capture");
    let about = HostFile {
        hostname: report.identity.hostname.clone(),
        ..HostFile::default()
    };
    recording.save(&place, about.clone(), "01").unwrap();
    let again = observe::report(&CapturedHost::open(&place).unwrap());
    assert_eq!(without_time(again), without_time(report));
    assert!(
        recording.save(&place, about, "01").is_err(),
        "a capture is not written over another"
    );
}

#[test]
fn what_may_write_is_refused_before_it_starts() {
    let run = |argv: &[&str]| RealHost.run(&Command::read(argv)).unwrap_err();
    assert_eq!(run(&["lctl", "set_param", "a=b"]), HostError::NotAllowed);
    assert_eq!(run(&["sh", "-c", "true"]), HostError::NotAllowed);
    assert_eq!(
        RealHost.read_file("/etc/shadow").unwrap_err(),
        HostError::NotAllowed
    );
}

/// Runs `once` under strace and reads what it and all its children opened.
#[test]
fn a_look_opens_nothing_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let traced = std::process::Command::new("strace")
        .args(["-f", "-qq", "-s", "256", "-e", "trace=open,openat,openat2,creat,execve,execveat,unlink,unlinkat,rmdir,rename,renameat,renameat2,mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,symlinkat,mount,umount2,move_mount,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,fchownat,lchown,utimensat,setxattr,lsetxattr,fsetxattr,removexattr,init_module,finit_module,delete_module,reboot,settimeofday,clock_settime,sethostname,swapon,swapoff,pivot_root,chroot,kexec_load", "-o"])
        .arg(&trace)
        .arg(env!("CARGO_BIN_EXE_candela-agent"))
        .arg("once")
        .output();
    let Ok(traced) = traced else {
        println!("skipped: strace is not installed");
        return;
    };
    if !traced.status.success() {
        println!(
            "skipped: strace may not trace here: {}",
            String::from_utf8_lossy(&traced.stderr)
        );
        return;
    }
    let printed = String::from_utf8_lossy(&traced.stdout);
    let refused = HostError::NotAllowed.to_string();
    assert!(
        !printed.contains(&refused),
        "a look asked for more: {printed}"
    );
    let text = std::fs::read_to_string(trace).unwrap();
    let mut n_calls = 0;
    for line in text.lines().filter(|line| line.contains('(')) {
        n_calls += 1;
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"]
            .iter()
            .any(|flag| line.contains(flag));
        let harmless = line.contains("\"/dev/null\"") || line.contains("\"/dev/tty\"");
        assert!(!writes || harmless, "{line}");
        let call = line
            .split_once(' ')
            .map_or(line, |(_, call)| call.trim_start());
        let reads = ["open", "execve", "<...", "+++", "---"]
            .iter()
            .any(|name| call.starts_with(name));
        assert!(reads, "{line}");
    }
    assert!(
        n_calls > 20,
        "the trace is too short to prove anything: {n_calls}"
    );
}

/// An agent on a captured site, its manager's end, and how it ends.
fn linked(
    folder: &Path,
    cadence: run::Cadence,
) -> (
    Arc<CapturedHost>,
    link::ManagerEnd,
    Shutdown,
    tokio::task::JoinHandle<run::Ended>,
) {
    site(folder);
    let host = Arc::new(CapturedHost::open(folder).unwrap());
    let (agent_end, manager) = link::memory();
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let seen: Arc<dyn Host> = Arc::clone(&host) as _;
    let task = tokio::spawn(async move {
        let mut memory = run::Memory::new(7, Some("lab".into()));
        run::run(seen, agent_end, cadence, &mut memory, &stop).await
    });
    (host, manager, shutdown, task)
}

#[tokio::test(start_paused = true)]
async fn a_manager_hears_everything_then_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (host, mut manager, shutdown, task) = linked(folder.path(), run::Cadence::default());
    let Some(ToManager::Hello(hello)) = manager.recv().await else {
        panic!("no hello")
    };
    assert_eq!(
        (hello.machine_id.as_str(), hello.site.as_deref()),
        ("m1", Some("lab"))
    );
    let welcome = wire::message::Welcome {
        protocol: wire::PROTOCOL,
        server_id: "s".into(),
        now_ms: 0,
        manager_version: "0".into(),
        extra: std::collections::BTreeMap::new(),
    };
    manager.send(ToAgent::Welcome(welcome)).await.unwrap();
    let Some(ToManager::Full { seq, sections }) = manager.recv().await else {
        panic!("no full report")
    };
    assert_eq!(seq, 1);
    assert!(wire::report_from(&sections).unwrap().lustre.is_some());
    host.go(1);
    let (mut changed_seq, mut kinds) = (0, Vec::new());
    while kinds.is_empty() {
        match tokio::time::timeout(Duration::from_mins(5), manager.recv())
            .await
            .unwrap()
            .unwrap()
        {
            ToManager::Delta { seq, changed, .. } => {
                assert!(changed.contains_key("lustre") && !changed.contains_key("devices"));
                changed_seq = seq;
            }
            ToManager::Events(events) => {
                kinds = events
                    .unpack()
                    .into_iter()
                    .map(|(_, event)| event.unwrap().kind)
                    .collect();
            }
            _ => {}
        }
    }
    assert_eq!((changed_seq, kinds[0].as_str()), (2, "target.unmounted"));
    manager.send(ToAgent::NeedFull).await.unwrap();
    loop {
        if let ToManager::Full { seq, .. } = manager.recv().await.unwrap() {
            assert_eq!(seq, 3);
            break;
        }
    }
    let beat = tokio::time::timeout(Duration::from_secs(11), manager.recv()).await;
    assert!(
        matches!(beat, Ok(Some(ToManager::Heartbeat { .. }))),
        "{beat:?}"
    );
    shutdown.begin();
    assert_eq!(task.await.unwrap(), run::Ended::Stopped);
}

#[tokio::test(start_paused = true)]
async fn an_agent_looks_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let day = Duration::from_hours(24);
    let cadence = run::Cadence {
        full: day,
        quick: day,
    };
    let (host, mut manager, shutdown, task) = linked(folder.path(), cadence);
    manager.recv().await.expect("a hello");
    let welcome = wire::message::Welcome::default();
    manager.send(ToAgent::Welcome(welcome)).await.unwrap();
    let begun = tokio::time::Instant::now();
    loop {
        match manager.recv().await.unwrap() {
            ToManager::Full { .. } => {
                host.go(1);
                manager.send(ToAgent::Look).await.unwrap();
            }
            ToManager::Delta { .. } => break,
            _ => {}
        }
    }
    // By a clock that goes on whenever all wait.
    assert!(begun.elapsed() < day / 2);
    shutdown.begin();
    task.await.unwrap();
}

#[test]
fn a_folder_that_is_no_capture_is_refused_in_words() {
    let error = agent::site::open(&PathBuf::from("/nonexistent")).unwrap_err();
    assert!(error.to_string().contains("/nonexistent"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_renews_its_certificate_in_time() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let host = Arc::new(CapturedHost::open(folder.path()).unwrap());
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 300);
    let authority = link::authority::Authority::open(folder.path(), then).unwrap();
    let asked = link::renew::ask().unwrap();
    let granted = authority.grant(&asked.csr_pem, "s1", "m1", then).unwrap();
    let state = folder.path().join("state");
    let enrolled = agent::state::Enrolled {
        manager: String::new(),
        server_id: "s1".into(),
        machine_id: "m1".into(),
        cert_pem: granted.pem,
        key_pem: asked.key_pem,
        ca_pem: authority.ca_pem().to_owned(),
        stream: 7,
        is_managed: false,
    };
    let renewal = agent::renewal::Renewal::new(state.clone(), enrolled);
    let mut memory = run::Memory::new(7, None).with_renewal(renewal);
    for (extra, n_asked) in [(None, 0), (Some(wire::message::RENEWS), 1)] {
        let (agent_end, mut manager) = link::memory();
        let shutdown = Shutdown::new();
        let stop = shutdown.clone();
        let seen: Arc<dyn Host> = Arc::clone(&host) as _;
        let task = tokio::spawn(async move {
            run::run(seen, agent_end, run::Cadence::default(), &mut memory, &stop).await;
            memory
        });
        manager.recv().await.expect("a hello");
        let welcome = wire::message::Welcome {
            extra: extra
                .map(|key| (key.to_owned(), "1".to_owned()))
                .into_iter()
                .collect(),
            ..wire::message::Welcome::default()
        };
        manager.send(ToAgent::Welcome(welcome)).await.unwrap();
        let (mut n_renew, mut n_beats) = (0, 0);
        while n_beats < 20 {
            match manager.recv().await.unwrap() {
                ToManager::Renew { csr } => {
                    n_renew += 1;
                    let now = jiff::Timestamp::now();
                    let certificate = authority.grant(&csr, "s1", "m1", now).unwrap().pem;
                    manager
                        .send(ToAgent::Renewed { certificate })
                        .await
                        .unwrap();
                }
                ToManager::Heartbeat { .. } => n_beats += 1,
                _ => {}
            }
        }
        shutdown.begin();
        memory = task.await.unwrap();
        assert_eq!(n_renew, n_asked, "with {extra:?}");
    }
    let kept = agent::state::load(&state).unwrap().expect("it is kept");
    let (_, ends) = link::renew::life(&kept.cert_pem).unwrap();
    assert!(ends > jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 360));
    let renewal = memory.renewal().unwrap();
    assert_eq!(renewal.enrolled().cert_pem, kept.cert_pem);
}

/// What a look at a host that answers everything asks for.
struct Asking<'a> {
    host: &'a dyn Host,
    asked: std::sync::Mutex<std::collections::BTreeSet<Vec<String>>>,
}

impl Host for Asking<'_> {
    fn run(&self, command: &Command) -> Result<agent::host::Output, HostError> {
        self.asked.lock().unwrap().insert(command.argv.clone());
        self.host.run(command)
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        self.host.read_file(path)
    }
    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError> {
        self.host.list_dir(path)
    }
    fn read_link(&self, path: &str) -> Result<String, HostError> {
        self.host.read_link(path)
    }
    fn exists(&self, path: &str) -> bool {
        self.host.exists(path)
    }
}

/// A server with everything asks for every command there is; each must be one
/// that the real host lets through.
#[test]
fn whatever_a_look_asks_for_is_on_the_list() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let host = CapturedHost::open(folder.path()).unwrap();
    let asking = Asking {
        host: &host,
        asked: std::sync::Mutex::default(),
    };
    let _ = observe::report(&asking);
    host.go(1);
    let _ = observe::report(&asking);
    let asked = asking.asked.into_inner().unwrap();
    // Asked only where a capture has no /proc/mounts; a real host has one.
    let only_captured = ["mount", "-t", "lustre"].map(str::to_owned).to_vec();
    for argv in asked.iter().filter(|argv| **argv != only_captured) {
        assert!(agent::host::allow::is_allowed(argv), "{argv:?}");
    }
    let lines: Vec<String> = asked.iter().map(|argv| argv.join(" ")).collect();
    for line in [
        "debugfs -c -R cat CONFIGS/mountdata /dev/sdg",
        "tunefs.lustre --dryrun /dev/sdg",
        "lctl --device MGS llog_catlist",
        "lctl --device MGS llog_print lab01-client",
        "lnetctl routing show",
    ] {
        assert!(
            lines.iter().any(|asked| asked == line),
            "{line} is not asked"
        );
    }
}

/// What the list trusts `debugfs -c` with: it opens the device for reading.
#[test]
fn debugfs_opens_the_device_for_reading_only() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("disk");
    std::fs::File::create(&image)
        .unwrap()
        .set_len(16 << 20)
        .unwrap();
    let ran = |program: &str, args: &[&str]| {
        let made = std::process::Command::new(program)
            .args(args)
            .arg(&image)
            .output();
        made.is_ok_and(|output| output.status.success())
    };
    if !ran("/usr/sbin/mkfs.ext4", &["-q", "-F"]) {
        println!("skipped: mkfs.ext4 is not installed");
        return;
    }
    let before = std::fs::read(&image).unwrap();
    let trace = folder.path().join("trace");
    let traced = std::process::Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=open,openat,creat", "-o"])
        .arg(&trace)
        .args(["/usr/sbin/debugfs", "-c", "-R", "cat CONFIGS/mountdata"])
        .arg(&image)
        .output();
    if !traced.is_ok_and(|output| output.status.success()) {
        println!("skipped: strace or debugfs is not installed, or may not trace here");
        return;
    }
    let text = std::fs::read_to_string(&trace).unwrap();
    let mut opened = text
        .lines()
        .filter(|line| line.contains("/disk\""))
        .peekable();
    assert!(opened.peek().is_some(), "it did not open the image: {text}");
    for line in opened {
        assert!(
            line.contains("O_RDONLY") && !line.contains("O_RDWR"),
            "{line}"
        );
    }
    assert!(
        std::fs::read(&image).unwrap() == before,
        "the image is as it was"
    );
}
