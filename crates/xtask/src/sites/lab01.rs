//! `lab01`: our own capture of a real file system on two servers.

use super::Recorded::{File, Gone, Lines, Part, Properties, Run, Until};
use super::{Host, Moment, Recorded, Site, ZFS_GET};

/// As the agent asks for the kernel's log.
const KERNEL_LOG: &str = "journalctl -k -b -o short-iso-precise --no-pager";
const MOUNTS: &str = "mount -t lustre";
const RECOVERY: &str = "lctl get_param *.*.recovery_status";
/// The mount table of node2, while it serves all but OST0003 and is a client.
const ALL_OF_NODE2: Recorded = Lines("04-admin/snapshot_list-mounted", &[" type lustre "], MOUNTS);

/// The whole site.
pub fn site() -> Site {
    Site {
        name: "lab01",
        note: "A real Lustre 2.17.0 file system on two servers that share their disks.",
        from: "live-lustre-2.17.0",
        hosts: vec![
            Host {
                name: "node1",
                machine_id: "1ab01000000000000000000000000001",
                note: "Captured 2026-11-21 on a virtual machine. Both servers were clones with one machine id; this one stands in for it.",
                moments: node1(),
            },
            Host {
                name: "node2",
                machine_id: "1ab01000000000000000000000000002",
                note: "Captured 2026-11-21 on a virtual machine. Both servers were clones with one machine id; this one stands in for it.",
                moments: [takeover(), admin(), events(), network_and_writeconf()]
                    .into_iter()
                    .flatten()
                    .collect(),
            },
        ],
    }
}

fn moment(
    name: &'static str,
    offset_s: u64,
    note: &'static str,
    recorded: Vec<Recorded>,
) -> Moment {
    Moment {
        name,
        offset_s,
        silent: false,
        note,
        recorded,
    }
}

fn node1() -> Vec<Moment> {
    let mut dead = moment(
        "06-dead",
        25,
        "The kernel of node1 stopped with an LBUG: its agent is silent.",
        vec![],
    );
    dead.silent = true;
    vec![
        moment(
            "00-before-modules",
            0,
            "A server with its disks, before any module is loaded.",
            vec![
                Run("00-before-modules/uname", "uname -a", 0),
                File("00-before-modules/os-release", "/etc/os-release"),
                Run("00-before-modules/lsblk-J-O", "lsblk -J -b -O", 0),
                Run(
                    "00-before-modules/udevadm-export-db",
                    "udevadm info --export-db",
                    0,
                ),
                Run("00-before-modules/lctl-version", "lctl --version", 0),
                Run("00-before-modules/lctl-dl", "lctl dl", 2),
                Run(
                    "00-before-modules/lnetctl-net-show",
                    "lnetctl net show -v",
                    234,
                ),
            ],
        ),
        moment(
            "01-lnet",
            4,
            "LNet is configured.",
            vec![
                Run("01-lnet/lctl-dl-empty", "lctl dl", 0),
                Run("01-lnet/lctl-list_nids", "lctl list_nids", 0),
                Run("01-lnet/lnetctl-net-show-v", "lnetctl net show -v", 0),
            ],
        ),
        mounted(),
        dead,
        moment(
            "06-client",
            60,
            "node1 is back, as a client only.",
            [
                back("06-failover/node1-client-lctl-dl", "2026-11-21T01:09:00"),
                vec![Gone(MOUNTS)],
            ]
            .into_iter()
            .flatten()
            .collect(),
        ),
        moment(
            "06-back",
            70,
            "node1 serves OST0003 too.",
            [
                back("06-failover/node1-lctl-dl", "2026-11-21T01:12:00"),
                vec![Lines(
                    "02-mkfs-mount/mount-t-lustre",
                    &["/lustre/ost3"],
                    MOUNTS,
                )],
            ]
            .into_iter()
            .flatten()
            .collect(),
        ),
    ]
}

fn mounted() -> Moment {
    moment(
        "02-mounted",
        8,
        "The file system is formatted and mounted: every target is on node1.",
        vec![
            Run("02-mkfs-mount/zpool-status-json", "zpool status -j", 0),
            Run("02-mkfs-mount/zpool-list-H-p", "zpool list -H -p", 0),
            Run("02-mkfs-mount/zpool-get-all", "zpool get all", 0),
            Properties(
                "02-mkfs-mount/zfs-get-lustre",
                "02-mkfs-mount/mkfs-ost2-reformat",
                "lab-ost2/ost2",
            ),
            Run("02-mkfs-mount/lsblk-J-after-format", "lsblk -J -b -O", 0),
            Run("02-mkfs-mount/mount-t-lustre", MOUNTS, 0),
            Run("02-mkfs-mount/lctl-dl-with-client", "lctl dl", 0),
            Run(
                "02-mkfs-mount/tunefs-dryrun-mgs",
                "tunefs.lustre --dryrun lab-mgs/mgs",
                0,
            ),
            Run(
                "02-mkfs-mount/tunefs-dryrun-mdt0",
                "tunefs.lustre --dryrun lab-mdt0/mdt0",
                0,
            ),
            Run(
                "02-mkfs-mount/tunefs-dryrun-ost0",
                "tunefs.lustre --dryrun lab-ost0/ost0",
                0,
            ),
            Run(
                "02-mkfs-mount/tunefs-dryrun-ost3-ldiskfs",
                "tunefs.lustre --dryrun /dev/sdg",
                0,
            ),
            Run(
                "02-mkfs-mount/tunefs-dryrun-ost3-ldiskfs",
                "tunefs.lustre --dryrun /dev/disk/by-id/wwn-0x5000c500a0000007",
                0,
            ),
            Run("02-mkfs-mount/journal-k-so-far", KERNEL_LOG, 0),
        ],
    )
}

/// After its restart, node1 has none of its pools.
fn back(devices: &'static str, time: &'static str) -> Vec<Recorded> {
    vec![
        Run(devices, "lctl dl", 0),
        Until("06-failover/node1-kmsg", time, KERNEL_LOG),
        Gone("zpool status -j"),
        Gone("zpool list -H -p"),
        Gone("zpool get all"),
        Gone(ZFS_GET),
        Gone("tunefs.lustre --dryrun lab-mgs/mgs"),
        Gone("tunefs.lustre --dryrun lab-mdt0/mdt0"),
        Gone("tunefs.lustre --dryrun lab-ost0/ost0"),
    ]
}

/// The kernel log of node2 up to a time.
fn log(time: &'static str) -> Recorded {
    Until("05-events/node2-kmsg-whole-boot", time, KERNEL_LOG)
}

fn takeover() -> Vec<Moment> {
    vec![
        moment(
            "06-before",
            0,
            "The partner: it sees the same disks, and serves nothing.",
            vec![
                Run("06-failover/node2-lsblk", "lsblk -J -b -O", 0),
                Part(
                    "05-events/lnet-net-restored",
                    "net:",
                    "  0 UP",
                    "lnetctl net show -v",
                ),
                log("2026-11-21T01:00:25"),
            ],
        ),
        moment(
            "06-takeover",
            35,
            "node2 has mounted the MGS, MDT0000 and OST0000; recovery waits for clients.",
            vec![
                Run("06-failover/node2-recovery_status-1", RECOVERY, 0),
                Lines(
                    "04-admin/snapshot_list-mounted",
                    &["/lustre/mgs ", "/lustre/mdt0 ", "/lustre/ost0 "],
                    MOUNTS,
                ),
                log("2026-11-21T01:07:00"),
            ],
        ),
        moment(
            "06-recovered",
            48,
            "node2 has mounted all but OST0003; recovery was aborted and is complete.",
            vec![
                Run("06-failover/node2-abort_recovery-mdt1", RECOVERY, 0),
                Lines(
                    "04-admin/snapshot_list-mounted",
                    &["/lustre/mgs ", "/lustre/mdt", "/lustre/ost"],
                    MOUNTS,
                ),
                log("2026-11-21T01:07:41"),
            ],
        ),
        moment(
            "06-client",
            56,
            "node2 is a client, too.",
            vec![ALL_OF_NODE2, log("2026-11-21T01:07:43")],
        ),
        moment(
            "03-running",
            80,
            "node2 serves all targets but OST0003; clients are on both.",
            vec![
                Run("03-running/get_param-all", "lctl get_param -R *", 0),
                Run("03-running/recovery_status", RECOVERY, 0),
                Run("03-running/mgs-live", "lctl get_param mgs.MGS.live.*", 0),
                Run("03-running/lctl-dl", "lctl dl", 0),
                Run("03-running/lnetctl-net-show-v4", "lnetctl net show -v", 0),
                Run("03-running/lnetctl-peer-show-v4", "lnetctl peer show -v", 0),
                Run("03-running/lctl-lustre_build_version", "lctl --version", 0),
                log("2026-11-21T01:12:00"),
            ],
        ),
    ]
}

fn admin() -> Vec<Moment> {
    vec![
        moment(
            "04-admin",
            95,
            "Pools, parameters, nodemaps, quotas and HSM were tried.",
            vec![
                Run("04-admin/pool_list-pool", "lctl pool_list lab01.fast", 0),
                Run(
                    "04-admin/nodemap_params",
                    "lctl get_param nodemap.*.* nodemap.active",
                    0,
                ),
                Part(
                    "04-admin/quota-report",
                    "qmt.",
                    "",
                    "lctl get_param qmt.*.*.glb-*",
                ),
                Part(
                    "04-admin/hsm-copytool",
                    "mdt.",
                    "/lustre/",
                    "lctl get_param mdt.*.hsm.agents mdt.*.hsm.actions",
                ),
                Run("04-admin/llog_catlist", "lctl --device MGS llog_catlist", 0),
                Run(
                    "04-admin/llog_print-raw",
                    "lctl --device MGS llog_print lab01-client",
                    0,
                ),
                Run(
                    "04-admin/llog_print-params",
                    "lctl --device MGS llog_print params",
                    0,
                ),
                log("2026-11-21T01:17:10"),
            ],
        ),
        moment(
            "04-snapshot",
            105,
            "A snapshot of lab01 is mounted read-only, as the file system 0fbbe226.",
            vec![
                Lines("04-admin/snapshot2_mount", &[" type lustre "], MOUNTS),
                Run(
                    "04-admin/snapshot2_list",
                    "lctl snapshot_list -F lab01 -r ssh",
                    0,
                ),
                log("2026-11-21T01:21:40"),
            ],
        ),
        moment(
            "04-snapshot-gone",
            112,
            "The snapshot is unmounted.",
            vec![ALL_OF_NODE2, log("2026-11-21T01:22:27")],
        ),
    ]
}

fn events() -> Vec<Moment> {
    const OST1: &str = "lctl get_param obdfilter.lab01-OST0001.recovery_status";
    const OST2: &str = "lctl get_param obdfilter.lab01-OST0002.recovery_status";
    vec![
        moment(
            "05-ost-umount",
            120,
            "OST0001 is unmounted under its clients.",
            vec![
                Lines(
                    "04-admin/snapshot_list-mounted",
                    &[
                        "/lustre/m",
                        "/lustre/ost0 ",
                        "/lustre/ost2 ",
                        "/lustre/client ",
                    ],
                    MOUNTS,
                ),
                Part(
                    "05-events/ost-umount-with-client",
                    "  0 UP",
                    "osc.",
                    "lctl dl",
                ),
                log("2026-11-21T01:24:10"),
            ],
        ),
        moment(
            "05-ost-recovery",
            127,
            "OST0001 is mounted again, and waits for its clients.",
            vec![
                ALL_OF_NODE2,
                Run("03-running/lctl-dl", "lctl dl", 0),
                Part(
                    "05-events/ost-remount-recovery",
                    "obdfilter.lab01-OST0001.recovery_status=status",
                    "obdfilter.lab01-OST0001.recovery_status=\n",
                    OST1,
                ),
                log("2026-11-21T01:24:15"),
            ],
        ),
        moment(
            "05-ost-recovered",
            133,
            "Both clients of OST0001 recovered.",
            vec![
                Part(
                    "05-events/ost-remount-recovery",
                    "obdfilter.lab01-OST0001.recovery_status=\n",
                    "",
                    OST1,
                ),
                log("2026-11-21T01:24:29"),
            ],
        ),
        moment(
            "05-evict",
            138,
            "A client is evicted by hand.",
            vec![log("2026-11-21T01:24:44")],
        ),
        moment(
            "05-abort-recovery",
            143,
            "OST0002 is mounted with abort_recov: its two clients are evicted.",
            vec![
                Run("05-events/mount-abort_recov", OST2, 0),
                log("2026-11-21T01:25:36"),
            ],
        ),
        moment(
            "05-mgs-down",
            148,
            "The MGS is unmounted while all else runs.",
            vec![
                Lines(
                    "04-admin/snapshot_list-mounted",
                    &["/lustre/mdt", "/lustre/ost", "/lustre/client "],
                    MOUNTS,
                ),
                Part(
                    "05-events/mgs-umount-with-others",
                    "  2 UP",
                    "mgc.",
                    "lctl dl",
                ),
                log("2026-11-21T01:25:52"),
            ],
        ),
    ]
}

fn network_and_writeconf() -> Vec<Moment> {
    const HEALTH: &str = "lctl get_param health_check";
    vec![
        moment(
            "05-ost-readonly",
            155,
            "The MGS is back; OST0002 is made read-only, and the server is not healthy.",
            vec![
                ALL_OF_NODE2,
                Part("05-events/lnet-net-restored", "  0 UP", "", "lctl dl"),
                Part("05-events/ost-readonly", "health_check", "osd-", HEALTH),
                Part(
                    "05-events/ost-readonly",
                    "osd-",
                    "",
                    "lctl get_param osd-*.lab01-OST0002.*",
                ),
                log("2026-11-21T01:26:10"),
            ],
        ),
        moment(
            "05-lnet-down",
            162,
            "The network of LNet is deleted while it is in use.",
            vec![
                Run("05-events/lnet-down-while-used", "lnetctl net show -v", 0),
                log("2026-11-21T01:26:14"),
            ],
        ),
        moment(
            "05-lnet-restored",
            168,
            "The network is added again.",
            vec![
                Part(
                    "05-events/lnet-net-restored",
                    "net:",
                    "  0 UP",
                    "lnetctl net show -v",
                ),
                log("2026-11-21T01:26:31"),
            ],
        ),
        moment(
            "05-writeconf",
            174,
            "The client of node2 is unmounted; the configuration of OST0002 is written anew, and it is mounted again.",
            vec![
                Lines(
                    "04-admin/snapshot_list-mounted",
                    &["/lustre/mgs ", "/lustre/mdt", "/lustre/ost"],
                    MOUNTS,
                ),
                Part(
                    "05-events/writeconf",
                    "- { index: ",
                    "",
                    "lctl --device MGS llog_print lab01-client",
                ),
                Gone(HEALTH),
                Gone("lctl get_param osd-*.lab01-OST0002.*"),
                Gone("lctl get_param mdt.*.num_exports mdt.*.exports.*.uuid"),
                log("2026-11-21T01:26:54"),
            ],
        ),
    ]
}
