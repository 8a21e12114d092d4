//! Messages of many releases and what they tell.

use super::*;

/// The event's name, target, device, node, client.
fn check(line: &str, expected: &str) {
    let found = Message::parse(line);
    let word = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let told = format!(
        "{} {} {} {}",
        found.name(),
        word(found.target.map(|label| label.to_string())),
        word(found.nid.map(|nid| nid.to_string())),
        word(found.client)
    );
    assert_eq!(told, expected, "{line}");
}

#[test]
fn targets_come_and_go() {
    check(
        "Lustre: lab01-OST0001: Imperative Recovery not enabled, recovery window 180-540",
        "lustre.target_started lab01-OST0001 - -",
    );
    check(
        "Lustre: Failing over lab01-MDT0001",
        "lustre.target_stopping lab01-MDT0001 - -",
    );
    check(
        "Lustre: server umount MGS complete",
        "lustre.target_stopped MGS - -",
    );
    check(
        "Lustre: OST lustre-OST0000 has stopped.",
        "lustre.target_stopped lustre-OST0000 - -",
    );
    check(
        "Lustre: lustre-OST0000: Now serving lustre-OST0000 on /dev/loop1 with recovery enabled",
        "lustre.target_started lustre-OST0000 - -",
    );
    check("Lustre: MGS MGS started", "lustre.target_started MGS - -");
    check(
        "LustreError: 1:0:(tgt_mount.c:2:server_fill_super()) Unable to start targets: -98",
        "lustre.target_failed - - -",
    );
    check(
        "Lustre: srv-lab01-OST0000: No data found on store. Initialize space.",
        "lustre.other lab01-OST0000 - -",
    );
    check(
        "Lustre: Mounted lab01-client",
        "lustre.client_mounted - - -",
    );
    assert_eq!(
        Message::parse("Lustre: Mounted lab01-client")
            .fs
            .unwrap()
            .as_str(),
        "lab01"
    );
}

#[test]
fn recovery_has_its_numbers() {
    let event = |line: &str| Message::parse(line).event;
    assert_eq!(
        event(
            "Lustre: a-OST0001: Recovery over after 0:06, of 2 clients 1 recovered and 1 was evicted."
        ),
        Event::RecoveryDone {
            seconds: Some(6),
            clients: Some(2),
            recovered: Some(1),
            evicted: Some(1)
        }
    );
    assert_eq!(
        event(
            "Lustre: lustre-OST0001: Recovery over after 22277843:04, of 0 clients 0 recovered and 0 were evicted."
        ),
        Event::RecoveryDone {
            seconds: Some(1_336_670_584),
            clients: Some(0),
            recovered: Some(0),
            evicted: Some(0)
        }
    );
    assert_eq!(
        event(
            "Lustre: a-OST0002: Will be in recovery for at least 3:00, or until 2 clients reconnect"
        ),
        Event::RecoveryStarted {
            window_s: Some(180),
            clients: Some(2)
        }
    );
    let denied = |missing, left_s| Event::ConnectionDenied {
        known: Some(2),
        recovered: Some(1),
        in_progress: Some(0),
        missing: Some(missing),
        left_s,
    };
    assert_eq!(
        event(
            "Lustre: l-MDT0000: Denying connection for new client 9392-2f54 (at 0@lo), waiting for all 2 known clients (1 recovered, 0 in progress, and 1 unseen) to recover in 0:05"
        ),
        denied(1, Some(5))
    );
    assert_eq!(
        event(
            "Lustre: l-MDT0000: Denying connection for new client 9392-2f54 (at 0@lo), waiting for 2 known clients (1 recovered, 0 in progress, and 0 evicted) to recover, already passed deadline 1:05"
        ),
        denied(0, None)
    );
    check(
        "Lustre: lab01-MDT0000: Aborting client recovery",
        "lustre.recovery_aborted lab01-MDT0000 - -",
    );
    check(
        "LustreError: 8653:0:(ldlm_lib.c:2984:target_stop_recovery_thread()) lab01-OST0002: Aborting recovery",
        "lustre.recovery_aborted lab01-OST0002 - -",
    );
    check(
        "Lustre: a-OST0001: in recovery but waiting for the first client to connect",
        "lustre.recovery_waiting a-OST0001 - -",
    );
}

#[test]
fn evictions_name_the_client_and_the_cause() {
    let cause = |line: &str| match Message::parse(line).event {
        Event::ClientEvicted { cause, after_s } => (cause, after_s),
        other => panic!("{other:?}"),
    };
    let silent = "Lustre: s-OST0001: haven't heard from client f1e8-5575 (at 10.0.0.7@o2ib) in 227 seconds. I think it's dead, and I am evicting it. exp ffff, cur 1 expire 2 last 3";
    check(
        silent,
        "lustre.client_evicted s-OST0001 10.0.0.7@o2ib f1e8-5575",
    );
    assert_eq!(cause(silent), (EvictionCause::Silence, Some(227)));
    let lock = "LustreError: 0:0:(ldlm_lockd.c:356:waiting_locks_callback()) ### lock callback timer expired after 151s: evicting client at 10.10.6.127@tcp ns: mdt-ffff880027554000 lock: ffff88/0x7e";
    check(lock, "lustre.client_evicted - 10.10.6.127@tcp -");
    assert_eq!(cause(lock), (EvictionCause::LockCallback, Some(151)));
    let admin = "Lustre: 2689:0:(genops.c:1379:obd_export_evict_by_uuid()) lustre-OST0001: evicting 26959b68-1208 at adminstrative request";
    check(
        admin,
        "lustre.client_evicted lustre-OST0001 - 26959b68-1208",
    );
    assert_eq!(cause(admin), (EvictionCause::Administrator, None));
    check(
        "Lustre: lab01-OST0000: evicting f1e85575 (at 0@lo) by administrative request",
        "lustre.client_evicted lab01-OST0000 0@lo f1e85575",
    );
    check(
        "LustreError: lab01-OST0001-osc-MDT0000: This client was evicted by lab01-OST0001; in progress operations using this service will fail.",
        "lustre.evicted_here lab01-OST0001 - -",
    );
    check(
        "LustreError: 138-a: s-OST0001: A client on nid 10.0.0.7@tcp was evicted due to a lock blocking callback time out: rc -107",
        "lustre.client_evicted s-OST0001 10.0.0.7@tcp -",
    );
    check(
        "Lustre: Evicted from MGS (at 192.168.77.11@tcp) after server handle changed from 0xb4 to 0xb5",
        "lustre.evicted_here MGS 192.168.77.11@tcp -",
    );
}

#[test]
fn connections_name_both_ends() {
    check(
        "Lustre: lab01-OST0003-osc-MDT0000: Connection to lab01-OST0003 (at 192.168.77.11@tcp) was lost; in progress operations using this service will wait for recovery to complete",
        "lustre.connection_lost lab01-OST0003 192.168.77.11@tcp -",
    );
    check(
        "LustreError: MGC192.168.77.11@tcp: Connection to MGS (at 0@lo) was lost; in progress operations using this service will fail",
        "lustre.connection_lost MGS 0@lo -",
    );
    check(
        "LustreError: 166-1: MGC10.0.0.1@o2ib: Connection to service MGS via nid 10.0.0.1@o2ib was lost; in progress",
        "lustre.connection_lost MGS 10.0.0.1@o2ib -",
    );
    check(
        "Lustre: lab01-MDT0001-lwp-OST0003: Connection restored to 192.168.77.12@tcp (at 192.168.77.12@tcp)",
        "lustre.connection_restored lab01-MDT0001 192.168.77.12@tcp -",
    );
    check(
        "LustreError: 11-0: lustre-MDT0000-osp-MDT0003: operation mds_connect to node 0@lo failed: rc = -22",
        "lustre.operation_failed lustre-MDT0000 0@lo -",
    );
    check(
        "LustreError: 10470:0:(ldlm_lib.c:1176:target_handle_connect()) lab01-OST0002: not available for connect from 0@lo (no target). If you are",
        "lustre.not_available lab01-OST0002 0@lo -",
    );
    check(
        "LustreError: 137-5: lab01-OST0002_UUID: not available for connect from 10.1.1.1@o2ib10 (no target). If you are",
        "lustre.not_available lab01-OST0002 10.1.1.1@o2ib10 -",
    );
    check(
        "Lustre: 5629:0:(ldlm_lib.c:877:target_handle_connect()) lustre-MDT0000: connection from 26959b68-1208@192.168.122.218@tcp t0 exp 0000000000000000 cur 1317994929 last 0",
        "lustre.client_connected lustre-MDT0000 192.168.122.218@tcp 26959b68-1208",
    );
    check(
        "Lustre: 9150:0:(ldlm_lib.c:871:target_handle_connect()) MGS:            connection from e5232e74@192.168.122.218@tcp t0 exp 0",
        "lustre.client_connected MGS 192.168.122.218@tcp e5232e74",
    );
    check(
        "Lustre: 8162:0:(client.c:2472:ptlrpc_expire_one_request()) @@@ Request sent has failed due to network error: [sent 1795224371/real 1795224371]  req@000000009de5873c x1882427913763200/t0(0) o104->MGS@192.168.77.11@tcp:15/16 lens 328/224",
        "lustre.request_expired MGS 192.168.77.11@tcp -",
    );
}

#[test]
fn faults_are_errors() {
    let lbug = Message::parse(
        "[ 2940.465974] LustreError: 6513:0:(tgt_handler.c:465:tgt_handle_request0()) LBUG",
    );
    assert_eq!(
        (lbug.event, lbug.severity),
        (
            Event::Lbug {
                function: Some("tgt_handle_request0".into())
            },
            Severity::Error
        )
    );
    let failed = Message::parse(
        "LustreError: 3594004:0:(lu_object.c:2472:lu_object_assign_fid()) ASSERTION( rc == 0 ) failed: failed hashtable insertion: rc = -16",
    );
    assert_eq!(
        failed.event,
        Event::Assertion {
            condition: "rc == 0".into()
        }
    );
    let stuck = Message::parse(
        "Lustre: ldlm_cb01_002: service thread pid 57876 was inactive for 40.494 seconds. The thread might be hung",
    );
    assert_eq!(stuck.event, Event::ThreadStuck { seconds: Some(40) });
    let slow =
        Message::parse("LustreError: 0-0: lc1-OST0001: slow parent lock 324s due to heavy IO load");
    assert_eq!(
        slow.event,
        Event::SlowIo {
            what: "parent lock".into(),
            seconds: Some(324)
        }
    );
    assert_eq!(slow.target.unwrap().to_string(), "lc1-OST0001");
    assert_eq!(
        Message::parse("Lustre: Skipped 3 previous similar messages").event,
        Event::Repeated { n: 3 }
    );
    check(
        "LustreError: 12:0:(osd_handler.c:1:osd_ro()) lab01-OST0002: *** setting device osd-zfs read-only ***",
        "lustre.read_only lab01-OST0002 - -",
    );
    check(
        "LustreError: 12:0:(obd_sysfs.c:1:health_check_show()) lab01-OST0002: device reported unhealthy",
        "lustre.unhealthy lab01-OST0002 - -",
    );
    check(
        "Lustre: 1:0:(osd_scrub.c:1:f()) lab01-MDT0000: trigger OI scrub by RPC for [0x1:0x2:0x0], rc = 0 [1]",
        "lustre.oi_scrub lab01-MDT0000 - -",
    );
}

#[test]
fn lnet_and_the_kernel_are_heard() {
    check(
        "LNet: Added LNI 192.168.77.12@tcp [8/256/0/180]",
        "lnet.up - 192.168.77.12@tcp -",
    );
    check(
        "LNetError: 105-4: Error -100 starting up LNI tcp",
        "lnet.failed - - -",
    );
    check(
        "LNetError: 450:0:(lib-move.c:2320:lnet_handle_find_routed_path()) peer 192.168.77.11@tcp has no available nets",
        "lnet.unreachable - 192.168.77.11@tcp -",
    );
    check(
        "LNetError: 1:0:(o2iblnd_cb.c:1:kiblnd_check_conns()) Timed out RDMA with 10.1.1.2@o2ib (12): c: 0, oc: 0, rc: 63",
        "lnet.timeout - 10.1.1.2@o2ib -",
    );
    check(
        "Lustre: No route to 12345-192.168.65.112@o2ib6 via 172.16.2.201@tcp (all routers down)",
        "lnet.unreachable - 192.168.65.112@o2ib6 -",
    );
    let kernel = |line: &str| {
        let found = Message::parse(line);
        (found.name(), found.device.unwrap_or_default())
    };
    for (line, name, device) in [
        (
            "LDISKFS-fs warning (device sdg): ldiskfs_multi_mount_protect:344: MMP interval 42 higher than expected, please wait.",
            "disk.mmp",
            "sdg",
        ),
        (
            "LDISKFS-fs (dm-6): Remounting filesystem read-only",
            "disk.read_only",
            "dm-6",
        ),
        (
            "LDISKFS-fs error (device dm-0): ldiskfs_find_dest_de:2412: inode #1",
            "disk.error",
            "dm-0",
        ),
        (
            "LDISKFS-fs (sdg): unmounting filesystem.",
            "disk.unmounted",
            "sdg",
        ),
        (
            "WARNING: MMP writes to pool 'lab-ost0' have not succeeded in over 60004 ms; suspending pool. Hrtime 1",
            "zpool.suspended",
            "",
        ),
        (
            "blk_update_request: I/O error, dev sdb, sector 12 op 0x0",
            "disk.io_error",
            "sdb",
        ),
        (
            "device-mapper: multipath: 253:3: Failing path 8:16.",
            "disk.path_failed",
            "8:16",
        ),
        (
            "mlx5_core 0000:01:00.0 ib0: Link is Down",
            "net.link_down",
            "ib0",
        ),
        (
            "INFO: task mdt00_001:1234 blocked for more than 120 seconds.",
            "kernel.hung_task",
            "",
        ),
        (
            "Out of memory: Killed process 77 (ior) total-vm:1kB",
            "kernel.out_of_memory",
            "",
        ),
        ("Kernel panic - not syncing: LBUG", "kernel.panic", ""),
        (
            "ata1: SATA link down (SStatus 0 SControl 300)",
            "kernel.other",
            "",
        ),
    ] {
        assert_eq!(kernel(line), (name, device.to_owned()), "{line}");
    }
}

#[test]
fn a_whole_boot_tells_its_story() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/fixtures/live-lustre-2.17.0/05-events/node2-kmsg-whole-boot.txt"
    );
    let Ok(bytes) = std::fs::read(path) else {
        println!("skipped: no {path}");
        return;
    };
    let mut seen = stdx::reading::Collected::counting();
    (KIND.read)(&bytes, &mut seen);
    let of = |name: &str| seen.counts.get(name).copied().unwrap_or(0);
    let told = [
        ("lustre.target_stopped", 18),
        ("lustre.recovery_done", 7),
        ("lustre.lbug", 0),
        ("lnet.up", 3),
        ("disk.error", 0),
    ];
    for (name, n) in told {
        assert_eq!(of(name), n, "{name}: {:?}", seen.counts);
    }
    assert!(seen.skips.is_empty(), "{:?}", seen.skips);
}

proptest::proptest! {
    #[test]
    fn no_line_panics(line in "\\PC{0,80}", head in "(Lustre|LNetError): |\\[ *[0-9.]+\\] |kernel: |") {
        let _ = Message::parse(&format!("{head}{line}"));
    }
}
