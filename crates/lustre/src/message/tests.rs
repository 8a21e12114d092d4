//! Messages as tools printed them, with what a step would do about them.

use super::*;

fn check(text: &str, tool: &str, subject: Option<&str>, meaning: Meaning, errno: i32) {
    let found = message(text).unwrap_or_else(|| panic!("{text:?} is a message"));
    let number = found.errno.map_or(0, |one| one.number);
    assert_eq!(
        (found.tool, found.subject, found.meaning, number),
        (tool, subject, meaning, errno),
        "{text:?}"
    );
}

#[test]
fn mounting_tells_why_it_failed() {
    use Meaning as M;
    let of = |reason: &str| {
        format!("mount.lustre: mount lab-ost2/ost2 at /lustre/ost2 failed: {reason}")
    };
    for (reason, meaning, errno) in [
        ("Operation already in progress", M::AlreadyMounted, 114),
        ("Address already in use", M::IndexInUse, 98),
        ("Input/output error retries left: 2", M::MgsUnreachable, 5),
        ("Connection timed out", M::MgsUnreachable, 110),
        (
            "Cannot send after transport endpoint shutdown",
            M::MgsUnreachable,
            108,
        ),
        ("No such device", M::ModuleMissing, 19),
        ("Network is down", M::LnetDown, 100),
        ("No such device or address", M::BadConfiguration, 6),
        ("Device or resource busy", M::Busy, 16),
        ("No such file or directory", M::NotFound, 2),
        ("Permission denied", M::NoPermission, 13),
        ("Invalid argument", M::InvalidArgument, 22),
        ("Unknown error 524", M::NotSupported, 524),
    ] {
        check(
            &of(reason),
            "mount.lustre",
            Some("lab-ost2/ost2"),
            meaning,
            errno,
        );
        assert_eq!(message(&of(reason)).unwrap().holder, Some("/lustre/ost2"));
    }
    let text = "mount.lustre: according to /etc/mtab lab-mgs/mgs is already mounted on /lustre/mgs";
    check(
        text,
        "mount.lustre",
        Some("lab-mgs/mgs"),
        M::AlreadyMounted,
        0,
    );
    assert_eq!(message(text).unwrap().holder, Some("/lustre/mgs"));
    check(
        "mount.lustre: lab-ost1/ost1 has not been formatted with mkfs.lustre or the backend filesystem type is not supported by this tool",
        "mount.lustre",
        Some("lab-ost1/ost1"),
        M::NotFormatted,
        0,
    );
    check(
        "umount: /lustre/client: target is busy.",
        "umount",
        Some("/lustre/client"),
        M::Busy,
        0,
    );
    check(
        "umount: /lustre/client: not mounted.",
        "umount",
        Some("/lustre/client"),
        M::NotMounted,
        0,
    );
}

#[test]
fn formatting_tells_what_is_on_the_device() {
    use Meaning as M;
    let disk = "/dev/disk/by-id/wwn-0x5000c500a0000007";
    check(
        &format!(
            "mkfs.lustre FATAL: Device {disk} was previously formatted for lustre. Use --reformat to reformat it, or tunefs.lustre to modify."
        ),
        "mkfs.lustre",
        Some(disk),
        M::AlreadyFormatted,
        0,
    );
    check(
        "mkfs.lustre: exiting with 1 (Operation not permitted)",
        "mkfs.lustre",
        None,
        M::Failed,
        0,
    );
    check(
        &format!("mkfs.lustre FATAL: Unable to build fs {disk} (256)"),
        "mkfs.lustre",
        Some(disk),
        M::Failed,
        0,
    );
    check(
        "mkfs.lustre: Can't parse NID 'nosuchhost@tcp'",
        "mkfs.lustre",
        Some("nosuchhost@tcp"),
        M::InvalidArgument,
        0,
    );
    check(
        "tunefs.lustre FATAL: Device /dev/nosuch has not been formatted with mkfs.lustre",
        "tunefs.lustre",
        Some("/dev/nosuch"),
        M::NotFormatted,
        0,
    );
    check(
        "/dev/sdb is apparently in use by the system; will not make a filesystem here!",
        "mke2fs",
        Some("/dev/sdb"),
        M::Busy,
        0,
    );
    check(
        "tune2fs: MMP: device currently active while trying to open /dev/mapper/ost1",
        "tune2fs",
        Some("/dev/mapper/ost1"),
        M::MmpInUse,
        0,
    );
    check(
        &format!("{disk} is in use and contains a unknown filesystem."),
        "zpool",
        Some(disk),
        M::HoldsData,
        0,
    );
}

#[test]
fn pools_tell_who_has_them() {
    use Meaning as M;
    let text = "cannot import 'lab-ost1': pool is imported on host 'node2' (hostid=a002).";
    check(text, "zpool", Some("lab-ost1"), M::PoolElsewhere, 0);
    assert_eq!(message(text).unwrap().holder, Some("node2"));
    let text = "cannot import 'lab-ost1': pool is imported on node2 (hostid: 0xa002)\nExport the pool on the other system, then run 'zpool import'.\n";
    let found = explain(text).unwrap();
    assert_eq!(
        (found.meaning, found.holder),
        (M::PoolElsewhere, Some("node2"))
    );
    let text = "cannot import 'lab-mgs': pool was previously in use from another system.\nLast accessed by node1 (hostid=a001) at Sat Nov 21 00:41:25 2026\nThe pool can be imported, use 'zpool import -f' to import the pool.\n";
    let found = explain(text).unwrap();
    assert_eq!(
        (found.meaning, found.subject, found.holder),
        (M::PoolNotExported, Some("lab-mgs"), Some("node1"))
    );
    check(
        "cannot import 'lab-ost1': no such pool available",
        "zpool",
        Some("lab-ost1"),
        M::NotFound,
        0,
    );
    check(
        "cannot export 'lab-ost1': pool is busy",
        "zpool",
        Some("lab-ost1"),
        M::Busy,
        0,
    );
}

#[test]
fn lctl_tells_what_it_refused_or_did() {
    use Meaning as M;
    check(
        "error: get_param: param_path 'health_check': No such file or directory",
        "get_param",
        Some("health_check"),
        M::NotFound,
        2,
    );
    check(
        "error: replace_nids: Operation now in progress",
        "replace_nids",
        None,
        M::InProgress,
        115,
    );
    check(
        "lctl pool_list: cannot open /proc/x/pools/nopool: No such file or directory (2)",
        "lctl pool_list",
        Some("/proc/x/pools/nopool"),
        M::NotFound,
        2,
    );
    check(
        "lfs check: error: check 'lab01-OST0001-osc-MDT0000': Resource temporarily unavailable (11)",
        "lfs check",
        Some("lab01-OST0001-osc-MDT0000"),
        M::TryAgain,
        11,
    );
    check(
        "pool_add: lab01-OST0000_UUID is already in pool lab01.fast",
        "pool_add",
        Some("lab01.fast"),
        M::AlreadyExists,
        0,
    );
    check(
        "pool_new: pool lab01.fast already exists",
        "pool_new",
        Some("lab01.fast"),
        M::AlreadyExists,
        0,
    );
    check(
        "error: nodemap 'lab' already exists",
        "nodemap_add",
        Some("lab"),
        M::AlreadyExists,
        0,
    );
    check(
        "IOC_LIBCFS_GET_NI error 100: Network is down",
        "lctl",
        None,
        M::LnetDown,
        100,
    );
    check(
        "Writer error: failed to resolve Netlink family id",
        "lctl",
        None,
        M::ModuleMissing,
        0,
    );
    check(
        "failed to ping 192.168.77.99@tcp: No route to host",
        "lctl",
        Some("192.168.77.99@tcp"),
        M::Unreachable,
        113,
    );
    check(
        "OST lab01-OST0000_UUID added to pool lab01.fast",
        "pool_add",
        Some("lab01-OST0000_UUID"),
        M::Done,
        0,
    );
    check(
        "Stopped LFSCK on the device lab01-MDT0000.",
        "lfsck_stop",
        Some("lab01-MDT0000"),
        M::Done,
        0,
    );
    check(
        "Can't umount the snapshot snap1: Invalid argument",
        "snapshot_umount",
        Some("snap1"),
        M::InvalidArgument,
        22,
    );
}

#[test]
fn the_line_that_says_most_explains_the_failure() {
    use Meaning as M;
    let text = "\nmkfs.lustre FATAL: Device /dev/sdb was previously formatted for lustre. Use --reformat to reformat it, or tunefs.lustre to modify.\nmkfs.lustre: exiting with 1 (Operation not permitted)\n";
    let found = explain(text).unwrap();
    assert_eq!(
        (found.meaning, found.subject, found.errno),
        (M::AlreadyFormatted, Some("/dev/sdb"), None)
    );
    let text = "mount.lustre: mount a/b at /l failed: Invalid argument\nThis may have multiple causes.\nAre the mount options correct?\n";
    assert_eq!(explain(text).unwrap().meaning, M::InvalidArgument);
    let text = "Pool lab01.fast created\nVerify if pools are updated on a client (client sync delay: 5-10s).\n";
    assert!(!explain(text).unwrap().meaning.is_failure());
    assert_eq!(explain(""), None);
    for text in [
        "",
        "NAME=x",
        "Reading package lists...",
        "a: b",
        "0: x ACTIVE",
        "::: :",
    ] {
        assert_eq!(message(text), None, "{text:?}");
    }
}
