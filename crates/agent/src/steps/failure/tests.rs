//! What tools say when they fail, and the code that it gets: every code of a
//! failing command, the sentence that is shown, and whether it is tried again.

use super::*;
use model::step::Class;

fn of(stdout: &str, stderr: &str) -> Failure {
    let action = Action::Run {
        argv: vec!["tool".into(), "thing".into()],
        class: Class::ReadOnly,
        deadline_s: 10,
    };
    let output = Output {
        exit: 3,
        stdout: stdout.into(),
        stderr: stderr.into(),
        seconds: 0.1,
    };
    of_output(&action, &output)
}

/// Output of a tool's, its code, and whether it is tried again by itself.
const SAID: &[(&str, &str, bool)] = &[
    (
        "umount: /lustre/client: target is busy.",
        "device-busy",
        true,
    ),
    (
        "cannot export 'lab-ost1': pool is busy",
        "device-busy",
        true,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: Operation already in progress",
        "mounted-already",
        false,
    ),
    ("umount: /lustre/client: not mounted.", "not-mounted", false),
    (
        "mkfs.lustre FATAL: Device /dev/sdb was previously formatted for lustre. Use --reformat to reformat it, or tunefs.lustre to modify.\nmkfs.lustre: exiting with 1 (Operation not permitted)",
        "formatted-already",
        false,
    ),
    (
        "/dev/sdb is in use and contains a unknown filesystem.",
        "device-holds-data",
        false,
    ),
    (
        "tunefs.lustre FATAL: Device /dev/sdb has not been formatted with mkfs.lustre",
        "not-formatted",
        false,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: Address already in use",
        "index-in-use",
        false,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: Cannot send after transport endpoint shutdown",
        "mgs-unreachable",
        true,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: Input/output error retries left: 2",
        "mgs-unreachable",
        true,
    ),
    (
        "failed to ping 192.168.77.99@tcp: No route to host",
        "no-answer",
        true,
    ),
    (
        "IOC_LIBCFS_GET_NI error 100: Network is down",
        "lnet-not-up",
        true,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: No such device",
        "module-missing",
        false,
    ),
    (
        "tune2fs: MMP: device currently active while trying to open /dev/mapper/ost1",
        "mmp-in-use",
        false,
    ),
    (
        "cannot import 'lab-ost1': pool is imported on node2 (hostid: 0xa002)\nExport the pool on the other system, then run 'zpool import'.",
        "pool-imported-elsewhere",
        false,
    ),
    (
        "cannot import 'lab-mgs': pool was previously in use from another system.\nLast accessed by node1 (hostid=a001) at Sat Nov 21 00:41:25 2026",
        "pool-not-exported",
        false,
    ),
    (
        "cannot import 'lab-ost1': one or more devices is currently unavailable",
        "pool-broken",
        false,
    ),
    (
        "error: get_param: param_path 'health_check': No such file or directory",
        "not-there",
        false,
    ),
    (
        "pool_new: pool lab01.fast already exists",
        "there-already",
        false,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: Permission denied",
        "no-permission",
        false,
    ),
    (
        "mkfs.lustre: Can't parse NID 'nosuchhost@tcp'",
        "refused-by-tool",
        false,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: No such device or address",
        "target-configuration-bad",
        false,
    ),
    (
        "lfs check: error: check 'lab01-OST0001-osc-MDT0000': Resource temporarily unavailable (11)",
        "try-again",
        true,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: Cannot allocate memory",
        "no-resources",
        false,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: Read-only file system",
        "read-only",
        false,
    ),
    (
        "mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: Structure needs cleaning",
        "damaged",
        false,
    ),
    ("something that no tool says", "command-failed", false),
];

#[test]
fn what_a_tool_says_gets_its_code_and_whether_trying_again_helps() {
    for (said, code, is_transient) in SAID {
        let failure = of("", said);
        assert_eq!(
            (failure.code.as_str(), failure.is_transient),
            (*code, *is_transient),
            "{said}"
        );
        let line = said.lines().next().unwrap();
        assert_eq!(failure.text, format!("tool thing failed (3): {line}"));
        // Some say it on the other stream.
        assert_eq!(of(said, ""), failure);
    }
    assert_eq!(of("", "").text, "tool thing failed (3): it said nothing");
}

#[test]
fn what_another_tool_said_explains_one_that_only_failed() {
    let inner = "cannot export 'lab-ost1': pool is busy";
    let outer = "mkfs.lustre FATAL: Unable to build fs lab-ost1/ost1 (256)";
    assert_eq!(of(inner, outer).code, "device-busy");
    assert_eq!(of("", outer).code, "command-failed");
}

#[test]
fn what_the_door_refuses_gets_its_code() {
    for (error, code, is_transient) in [
        (HostError::NotInstalled, "tool-missing", false),
        (HostError::NotAllowed, "not-allowed-here", false),
        (HostError::Denied, "no-permission", false),
        (HostError::Deadline(30), "no-answer", true),
        (HostError::NotFound, "host-fault", true),
    ] {
        let failure = of_door("zpool list", &error);
        assert_eq!(
            (failure.code.as_str(), failure.is_transient),
            (code, is_transient)
        );
        assert!(failure.text.starts_with("zpool list: "), "{}", failure.text);
        assert!(!failure.remedy.is_empty());
    }
}
