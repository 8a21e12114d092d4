//! What the world prints, beside what a real Lustre 2.17.0 printed: the same
//! but for names, numbers and addresses.

use super::hand::{Hand, host};
use crate::site::fixture;
use sim::world::layout::Layout;
use sim::world::power;

/// Two servers with the small disks of the captured ones.
fn lab() -> Hand {
    Hand::with(&Layout {
        n_servers: 2,
        per_group: 2,
        disks_per_server: 4,
        disk_bytes: 2 << 30,
        ..Layout::default()
    })
}

const NODES: &str = "--servicenode=10.10.0.1@tcp --servicenode=10.10.0.2@tcp";
const MGS: &str = "--mgsnode=10.10.0.1@tcp:10.10.0.2@tcp";

fn disk(n: usize) -> String {
    format!("/dev/disk/by-id/wwn-0x5000c500{n:08x}")
}

/// A text without what differs from site to site.
fn shape(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<String> = line.split_whitespace().map(word).collect();
        format!("{}{}", &line[..indent], words.join(" "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn word(text: &str) -> String {
    const NAMES: [&str; 6] = ["node1", "node2", "mds01", "mds02", "eth0", "eth1"];
    const DAYS: [&str; 4] = ["Sat", "Nov", "Thu", "Jan"];
    let mut text = text.to_owned();
    for name in NAMES {
        text = text.replace(name, "NAME");
    }
    if DAYS.contains(&text.as_str()) {
        return String::from("DAY");
    }
    let is_hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    if text.len() == 36 && text.chars().all(is_hex) {
        return String::from("UUID");
    }
    for mark in ["0x", "hostid="] {
        if let Some((head, tail)) = text.split_once(mark) {
            let rest = tail.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            text = format!("{head}{mark}#{rest}");
        }
    }
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            c => out.push(c),
        }
    }
    out
}

/// A captured text; none where the captures are not there.
fn live(path: &str) -> Option<String> {
    fixture(&format!("live-lustre-2.17.0/{path}.txt"))
}

#[track_caller]
fn same(captured: &str, printed: &str) {
    if let Some(text) = live(captured) {
        assert_eq!(shape(printed), shape(&text), "{captured}");
    }
}

/// Runs a line and compares exit status, output and errors with a capture.
#[track_caller]
fn as_captured(hand: &Hand, line: &str, captured: &str, exit: i32) {
    let (status, out, err) = hand.sh("mds01", line);
    assert_eq!(status, exit, "{line}: {err}");
    same(captured, &out);
    // What was captured without errors has no such file.
    let errors = live(&format!("{captured}.stderr")).unwrap_or_default();
    assert_eq!(shape(&err), shape(&errors), "{captured}: errors");
}

#[test]
fn before_modules_are_loaded() {
    if live("00-before-modules/uname").is_none() {
        return;
    }
    let hand = lab();
    let of = |line: &str, name: &str, exit: i32| {
        as_captured(&hand, line, &format!("00-before-modules/{name}"), exit);
    };
    of("uname -a", "uname", 0);
    of("lctl --version", "lctl-version", 0);
    of("lctl dl", "lctl-dl", 2);
    of("lctl list_nids", "lctl-list_nids", 1);
    of("lctl get_param version", "lctl-get_param-version", 2);
    of("lnetctl net show", "lnetctl-net-show", 234);
    of("zpool status", "zpool-status-none", 0);
    of("zpool list -H", "zpool-list-none", 0);
    of("zpool import", "zpool-import-none", 0);
    of("zfs version", "zfs-version", 0);
    let release = agent::host::Host::read_file(&hand.door("mds01"), "/etc/os-release").unwrap();
    same(
        "00-before-modules/os-release",
        &String::from_utf8(release).unwrap(),
    );
}

#[test]
fn disks_have_the_fields_of_real_ones() {
    let Some(text) = live("00-before-modules/lsblk-J-O") else {
        return;
    };
    let hand = lab();
    let keys = |text: &str| -> Vec<String> {
        let one = text.split("},{").next().unwrap();
        let lines = one
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.split_once('"'));
        lines.map(|(key, _)| key.to_owned()).collect()
    };
    let (_, printed, _) = hand.sh("mds01", "lsblk -J -O -b");
    assert_eq!(keys(&printed), keys(&text));
    // Of the fields of a disk only those that need a bus of its own are not here.
    let properties = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("E: ")?.split_once('='));
        lines.map(|(key, _)| key.to_owned()).collect()
    };
    let (_, printed, _) = hand.sh("mds01", "udevadm info --export-db");
    let here = properties(&printed);
    let real = properties(&live("02-mkfs-mount/udevadm-info-ldiskfs-disk").unwrap());
    let missing: Vec<&String> = real.iter().filter(|key| !here.contains(key)).collect();
    let expected = ["ID_FS_LABEL", "ID_FS_LABEL_ENC"];
    assert_eq!(missing, expected, "nothing here has a label yet");
}

#[test]
fn lnet_says_what_it_says() {
    if live("01-lnet/lctl-list_nids").is_none() {
        return;
    }
    let hand = lab();
    let of = |line: &str, name: &str, exit: i32| {
        as_captured(&hand, line, &format!("01-lnet/{name}"), exit);
    };
    of("modprobe lnet", "modprobe-lnet", 0);
    of("lctl list_nids", "lctl-list_nids-unconfigured", 1);
    of("lnetctl net show", "lnetctl-net-show-unconfigured", 234);
    of("lnetctl lnet configure", "lnetctl-lnet-configure", 0);
    of("lnetctl net show", "lnetctl-net-show-configured-nonet", 0);
    of(
        "lnetctl net add --net tcp --if eth9",
        "lnetctl-net-add-badif",
        234,
    );
    of("lnetctl net add --net tcp --if eth0", "lnetctl-net-add", 0);
    of(
        "lnetctl net add --net tcp --if eth0",
        "lnetctl-net-add-again",
        234,
    );
    of("lnetctl net show", "lnetctl-net-show", 0);
    of("lnetctl net show -v", "lnetctl-net-show-v", 0);
    of("lnetctl global show", "lnetctl-global-show", 0);
    of("lnetctl route show -v", "lnetctl-route-show", 0);
    of("lnetctl ping 10.10.0.1@tcp", "lnetctl-ping-self", 0);
    of("lnetctl ping 10.10.0.99@tcp", "lnetctl-ping-nobody", 255);
    of("lctl list_nids", "lctl-list_nids", 0);
    of("lctl ping 10.10.0.1@tcp", "lctl-ping-self", 0);
    of("lctl ping 10.10.0.99@tcp 5", "lctl-ping-nobody", 113);
}

fn lnet(hand: &Hand) {
    for name in ["mds01", "mds02"] {
        for line in [
            "modprobe lnet",
            "lnetctl lnet configure",
            "lnetctl net add --net tcp --if eth0",
            "zgenhostid",
        ] {
            assert_eq!(hand.sh(name, line).0, 0);
        }
    }
}

#[test]
fn formats_say_what_they_say() {
    if live("02-mkfs-mount/mkfs-mgs").is_none() {
        return;
    }
    let hand = lab();
    lnet(&hand);
    let pools = [
        "lab-mgs", "lab-mdt0", "lab-mdt1", "lab-ost0", "lab-ost1", "lab-ost2",
    ];
    let (mdt, ost) = (
        "mkfs.lustre --mdt --backfstype=zfs",
        "mkfs.lustre --ost --backfstype=zfs --fsname=lab01 --param autodegrade=on",
    );
    let create = "zpool create -o cachefile=none -o multihost=on -o ashift=12 -O canmount=off -O compression=lz4";
    let pools = (1..).zip(pools).map(|(n, pool)| {
        (
            format!("{create} {pool} {}", disk(n)),
            "zpool-create-mgs",
            0,
        )
    });
    let ldiskfs = format!(
        "mkfs.lustre --ost --backfstype=ldiskfs --fsname=lab01 --index=3 {MGS} {NODES} {}",
        disk(7)
    );
    let taken = ldiskfs
        .replace("--index=3", "--index=4")
        .replace(&disk(7), &disk(4));
    let lines = [
        (
            format!("zpool create -o cachefile=none lab-dup {}", disk(1)),
            "zpool-create-busy",
            1,
        ),
        (String::from("zpool list -H -p"), "zpool-list-H-p", 0),
        (String::from("zpool status -v"), "zpool-status", 0),
        (
            format!("mkfs.lustre --mgs --backfstype=zfs {NODES} lab-mgs/mgs"),
            "mkfs-mgs",
            0,
        ),
        (
            format!("{mdt} --fsname=lab01 --index=0 {NODES} lab-mdt0/mdt0"),
            "mkfs-mdt0-no-mgsnode",
            22,
        ),
        (
            format!("{mdt} --fsname=waytoolongname --index=0 {MGS} lab-mdt0/mdt0"),
            "mkfs-mdt0-badfsname",
            1,
        ),
        (
            format!("{mdt} --fsname=lab01 --index=0 --mgsnode=nosuchhost@tcp lab-mdt0/mdt0"),
            "mkfs-mdt0-badnid",
            1,
        ),
        (
            format!("mkfs.lustre --backfstype=zfs --fsname=lab01 --index=0 {MGS} lab-mdt0/mdt0"),
            "mkfs-no-type",
            22,
        ),
        (
            format!("{mdt} --fsname=lab01 --mgsnode=10.10.0.1@tcp {NODES} lab-mdt0/mdt0"),
            "mkfs-mdt0-no-index",
            0,
        ),
        (
            format!("{mdt} --fsname=lab01 --index=1 {MGS} {NODES} lab-mdt1/mdt1"),
            "mkfs-mdt1",
            0,
        ),
        (
            format!("{ost} --index=1 {MGS} {NODES} lab-ost1/ost1"),
            "mkfs-ost1",
            0,
        ),
        (
            format!("{ost} --index=0 {MGS} {NODES} lab-ost2/ost2"),
            "mkfs-ost2-dupindex",
            0,
        ),
        (
            format!("{ost} --index=2 --reformat {MGS} {NODES} lab-ost2/ost2"),
            "mkfs-ost2-reformat",
            0,
        ),
        (ldiskfs.clone(), "mkfs-ldiskfs-ost3", 0),
        (ldiskfs, "mkfs-ldiskfs-ost3-again", 1),
        (taken, "mkfs-ldiskfs-on-zfs-disk", 1),
        (
            String::from("tunefs.lustre --dryrun lab-mgs/mgs"),
            "tunefs-dryrun-mgs",
            0,
        ),
        (
            format!("tunefs.lustre --dryrun {}", disk(7)),
            "tunefs-dryrun-ost3-ldiskfs",
            0,
        ),
        (
            format!("tunefs.lustre --dryrun {}", disk(8)),
            "tunefs-notlustre",
            19,
        ),
        (
            String::from("tunefs.lustre --dryrun /dev/nosuch"),
            "tunefs-nodev",
            19,
        ),
        (
            String::from("tunefs.lustre --dryrun nopool/x"),
            "tunefs-nopool",
            19,
        ),
    ];
    for (line, name, exit) in pools.chain(lines) {
        as_captured(&hand, &line, &format!("02-mkfs-mount/{name}"), exit);
    }
}

/// The captured lab, up: MGS, two MDTs, three OSTs on ZFS, one on ldiskfs.
fn running() -> Hand {
    let hand = lab();
    lnet(&hand);
    let run = |line: &str| {
        let (exit, out, err) = hand.sh("mds01", line);
        assert_eq!(exit, 0, "{line}: {out}{err}");
    };
    let all = [
        ("mgs", "--mgs"),
        ("mdt0", "--mdt"),
        ("mdt1", "--mdt"),
        ("ost0", "--ost"),
        ("ost1", "--ost"),
        ("ost2", "--ost"),
    ];
    for (n, (name, kind)) in (1..).zip(all) {
        run(&format!(
            "zpool create -o cachefile=none -o multihost=on lab-{name} {}",
            disk(n)
        ));
        let index = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        let of = if name == "mgs" {
            String::new()
        } else {
            format!(" --fsname=lab01 --index={index} {MGS}")
        };
        run(&format!(
            "mkfs.lustre {kind} --backfstype=zfs{of} {NODES} lab-{name}/{name}"
        ));
        run(&format!("mount -t lustre lab-{name}/{name} /lustre/{name}"));
    }
    run(&format!(
        "mkfs.lustre --ost --backfstype=ldiskfs --fsname=lab01 --index=3 {MGS} {NODES} {}",
        disk(7)
    ));
    run(&format!("mount -t lustre {} /lustre/ost3", disk(7)));
    hand
}

/// Lines in order, so that the order of starts does not matter.
fn sorted(text: &str) -> String {
    let mut lines: Vec<String> = shape(text)
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ']).to_owned())
        .collect();
    lines.sort();
    lines.dedup();
    lines.join("\n")
}

#[test]
fn a_running_file_system_says_what_it_says() {
    let Some(mounts) = live("02-mkfs-mount/mount-t-lustre") else {
        return;
    };
    let hand = running();
    let (_, printed, _) = hand.sh("mds01", "mount -t lustre");
    let one_node = |text: &str| {
        shape(text)
            .replace("mgsnode=#.#.#.#@tcp:#.#.#.#@tcp", "mgsnode=#.#.#.#@tcp")
            .replace("/dev/sdh", "/dev/sdg")
    };
    assert_eq!(one_node(&printed), one_node(&mounts));
    let of = |line: &str, name: &str, exit: i32| as_captured(&hand, line, name, exit);
    of(
        "mount -t lustre lab-mgs/mgs /lustre/mgs",
        "02-mkfs-mount/mount-mgs-again",
        17,
    );
    of("lctl get_param mgs.MGS.live.*", "03-running/mgs-live", 0);
    of(
        "lctl get_param mgs.MGS.filesystems",
        "03-running/mgs-filesystems",
        0,
    );
    of("lctl get_param -n version", "03-running/version", 0);
    of("lctl get_param no.such.param", "04-admin/get_param-bad", 2);
    let (_, printed, _) = hand.sh("mds01", "lctl dl");
    assert_eq!(
        sorted(&printed),
        sorted(&live("02-mkfs-mount/lctl-dl").unwrap())
    );
    let (_, printed, _) = hand.sh("mds01", "lctl --device MGS llog_catlist");
    let captured = live("04-admin/llog_catlist")
        .unwrap()
        .replace("config_log: nofs-client\n", "");
    assert_eq!(sorted(&printed), sorted(&captured));
    let (_, printed, _) = hand.sh("mds01", "lctl --device MGS llog_print lab01-client");
    let captured = live("04-admin/llog_print-raw").unwrap();
    let known = sorted(&captured);
    let odd: Vec<String> = sorted(&printed)
        .lines()
        .filter(|line| !known.lines().any(|one| one == *line))
        .map(str::to_owned)
        .collect();
    assert_eq!(odd, [""; 0]);
}

#[test]
fn pools_of_others_are_refused_in_its_words() {
    if live("06-failover/node2-zpool-import-noforce.stderr").is_none() {
        return;
    }
    let hand = running();
    let of = |line: &str, name: &str| {
        let (_, out, err) = hand.sh("mds02", line);
        same(&format!("06-failover/{name}.stderr"), &err);
        assert_eq!(out, "");
    };
    of(
        "zpool import -o cachefile=none lab-ost1",
        "node1-zpool-import-in-use-by-node2",
    );
    of(
        "zpool import -f -o cachefile=none lab-ost1",
        "node1-zpool-import-f-in-use-by-node2",
    );
    of(
        "zpool import -o cachefile=none lab-ost9",
        "node2-zpool-import-in-use",
    );
    of(
        "mount -t lustre lab-ost1/ost1 /lustre/ost1",
        "node2-mount-unimported",
    );
    power::cut(&mut hand.world(), &host("mds01"), "crash");
    of(
        "zpool import -o cachefile=none lab-mgs",
        "node2-zpool-import-noforce",
    );
    let (exit, ..) = hand.sh("mds02", "zpool import -f -o cachefile=none lab-mgs");
    assert_eq!(exit, 0);
}
