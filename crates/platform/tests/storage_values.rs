//! The storage readers: exact values, one small input per form.

use platform::storage::{
    self, df, disk_links, dmsetup, findmnt, fstab, lsblk, lvm, md, mounts, multipath, proc_disks,
    udev, udev_monitor, wipefs, zfs_kstat, zfs_props, zpool_events, zpool_history, zpool_list,
    zpool_status,
};
use stdx::reading::{Sample, SkipKind};

fn kind_of(input: &str) -> &'static str {
    let sample = Sample {
        name: "",
        head: input.as_bytes(),
    };
    let best = storage::kinds()
        .into_iter()
        .max_by_key(|kind| (kind.guess)(sample));
    best.filter(|kind| (kind.guess)(sample) > 0)
        .map_or("none", |kind| kind.name)
}

#[test]
fn lsblk_tree_has_parents_and_children() {
    let text = "NAME      MAJ:MIN RM   SIZE RO TYPE  MOUNTPOINT\n\
                sdb         8:16   0 931.5G  0 disk  \n\
                `-mpatha  253:2    0 931.5G  0 mpath \n\
                \x20 `-vg-lv 253:4    0   2.8T  0 lvm   /data one\n\
                sdc         8:32   0 931.5G  1 disk  \n\
                `-mpatha  253:2    0 931.5G  0 mpath \n";
    assert_eq!(kind_of(text), "lsblk");
    let (devices, skips) = lsblk::parse(text.as_bytes());
    assert!(skips.is_empty(), "{skips:?}");
    let names: Vec<&str> = devices.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["sdb", "mpatha", "vg-lv", "sdc"]);
    assert_eq!(devices[1].parents, ["sdb", "sdc"]);
    assert_eq!(devices[1].children, ["vg-lv"]);
    assert_eq!(devices[2].mountpoints, ["/data one"]);
    assert_eq!(devices[3].ro, Some(true));
    assert_eq!(devices[0].major_minor.as_deref(), Some("8:16"));
    assert!(devices[0].size_rounded);
}

#[test]
fn lsblk_json_and_pairs_give_the_same_device() {
    let json = r#"{"blockdevices":[{"name":"sda","kname":"sda","maj:min":"8:0","size":1000,"ro":false,
        "model":"VDISK   ","wwn":"0x5000","mountpoints":[null],"children":[
        {"name":"sda1","kname":"sda1","maj:min":"8:1","size":"512","ro":true,"mountpoints":["/a","/b"],"pkname":"sda"}]}]}"#;
    let pairs = "NAME=\"sda\" KNAME=\"sda\" MAJ:MIN=\"8:0\" SIZE=\"1000\" RO=\"0\" MODEL=\"VDISK   \" WWN=\"0x5000\" PKNAME=\"\"\n\
                 NAME=\"sda1\" KNAME=\"sda1\" MAJ:MIN=\"8:1\" SIZE=\"512\" RO=\"1\" MOUNTPOINTS=\"/a\\x0a/b\" PKNAME=\"sda\"\n";
    assert_eq!((kind_of(json), kind_of(pairs)), ("lsblk", "lsblk"));
    let (left, _) = lsblk::parse(json.as_bytes());
    let (right, skips) = lsblk::parse(pairs.as_bytes());
    assert!(skips.is_empty(), "{skips:?}");
    assert_eq!(left, right);
    assert_eq!(left[0].children, ["sda1"]);
    assert_eq!(left[1].mountpoints, ["/a", "/b"]);
    assert_eq!((left[0].size, left[0].size_rounded), (Some(1000), false));
}

#[test]
fn udev_forms_agree() {
    let all = "P: /devices/a/block/sda\nN: sda\nL: -100\nS: disk/by-id/wwn-0x1\nE: DEVNAME=/dev/sda\nE: MAJOR=8\nE: MINOR=0\n\n\
               P: /devices/b\nE: SUBSYSTEM=acpi\n";
    let (devices, skips) = udev::parse(all.as_bytes());
    assert!(skips.is_empty());
    assert_eq!(devices.len(), 2);
    assert_eq!(
        (devices[0].devpath, devices[0].devname()),
        (Some("/devices/a/block/sda"), Some("sda"))
    );
    assert_eq!(devices[0].links, ["disk/by-id/wwn-0x1"]);
    assert_eq!(devices[0].major_minor().as_deref(), Some("8:0"));
    assert_eq!(devices[0].link_priority, Some(-100));
    assert!(devices[0].is_block() && !devices[1].is_block());

    let properties = "DEVPATH=/devices/a/block/sda\nDEVLINKS=/dev/x /dev/y\nTAGS=:systemd:\n";
    let (devices, _) = udev::parse(properties.as_bytes());
    assert_eq!(
        (devices[0].links.as_slice(), devices[0].tags.as_slice()),
        (&["x", "y"][..], &["systemd"][..])
    );

    let data = "S:disk/by-id/wwn-0x1\nI:6100111\nE:ID_SERIAL=abc\nG:systemd\n";
    assert_eq!(
        (kind_of(all), kind_of(properties), kind_of(data)),
        ("udev-db", "udev-db", "udev-db")
    );
    let (devices, _) = udev::parse(data.as_bytes());
    assert_eq!(
        (devices[0].initialized_usec, devices[0].get("ID_SERIAL")),
        (Some(6_100_111), Some("abc"))
    );
}

#[test]
fn udev_monitor_events() {
    let text = "monitor will print the received events for:\nUDEV - the event which udev sends out\n\n\
                UDEV  [1234.567890] change   /devices/virtual/block/dm-3 (block)\nACTION=change\nDM_NAME=mpatha\n\n\
                KERNEL[1235.0] remove   /devices/x (scsi)\n";
    assert_eq!(kind_of(text), "udev-monitor");
    let (events, skips) = udev_monitor::parse(text.as_bytes());
    assert!(skips.is_empty(), "{skips:?}");
    assert_eq!(events.len(), 2);
    assert_eq!(
        (events[0].action, events[0].devpath, events[0].subsystem),
        ("change", "/devices/virtual/block/dm-3", "block")
    );
    assert_eq!(events[0].properties[1], ("DM_NAME", "mpatha"));
    assert_eq!(events[1].source, "KERNEL");
}

#[test]
fn mounts_of_every_form() {
    let proc = "10.0.0.1@tcp:10.0.0.2@tcp:/fs /mnt/a\\040b lustre rw,checksum,flock 0 0\n";
    let printed = "/dev/sda1 on /mnt/on it type xfs (rw,noatime)\n";
    let info = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext4 /dev/root rw,errors=continue\n";
    for (text, target, fstype) in [
        (proc, "/mnt/a b", "lustre"),
        (printed, "/mnt/on it", "xfs"),
        (info, "/mnt2", "ext4"),
    ] {
        assert_eq!(kind_of(text), "mounts", "{text}");
        let (found, skips) = mounts::parse(text.as_bytes());
        assert!(skips.is_empty(), "{skips:?}");
        assert_eq!((&*found[0].target, found[0].fstype), (target, fstype));
    }
    assert_eq!(
        mounts::parse(info.as_bytes()).0[0].option("errors"),
        Some("continue")
    );
    assert_eq!(
        mounts::parse(proc.as_bytes()).0[0].source,
        "10.0.0.1@tcp:10.0.0.2@tcp:/fs"
    );
    let (found, skips) = mounts::parse(b"half a line");
    assert_eq!((found.len(), skips[0].kind), (0, SkipKind::Truncated));
}

#[test]
fn fstab_and_findmnt() {
    let text = "# /etc/fstab\nUUID=1 / xfs defaults 0 1\n1.2.3.4@tcp:/a /a lustre noauto,_netdev\n";
    assert_eq!(kind_of(text), "fstab");
    let (entries, _) = fstab::parse(text.as_bytes());
    assert_eq!(
        (entries[0].pass, entries[1].dump, entries[1].options),
        (1, 0, "noauto,_netdev")
    );

    let poll = "ACTION=\"umount\" TARGET=\"/p/home\" SOURCE=\"p/home\" FSTYPE=\"zfs\" OPTIONS=\"rw\" OLD-TARGET=\"/p/home\" OLD-OPTIONS=\"\"\n";
    assert_eq!(kind_of(poll), "findmnt");
    let (found, _) = findmnt::parse(poll.as_bytes());
    assert_eq!(found[0].action.as_deref(), Some("umount"));
    assert_eq!(
        (
            found[0].old_target.as_deref(),
            found[0].old_options.as_deref()
        ),
        (Some("/p/home"), None)
    );

    let table = "TARGET     SOURCE    FSTYPE OPTIONS\n/          /dev/vda1 ext4   rw,relatime\n└─/run     tmpfs     tmpfs  rw,nosuid\n";
    assert_eq!(kind_of(table), "findmnt");
    let (found, _) = findmnt::parse(table.as_bytes());
    assert_eq!(
        (found[1].target.as_str(), found[1].options.as_str()),
        ("/run", "rw,nosuid")
    );
}

#[test]
fn multipath_plain_and_bracketed() {
    let text = "mpatha (3600a0b80) dm-4 DELL,MD36xxi f\nsize=54T features='1 queue_if_no_path' hwhandler='1 rdac' wp=rw\n\
                |-+- policy='service-time 0' prio=14 status=active\n| `- 12:0:0:1 sdc 8:32 active ready running\n\
                `-+- policy='service-time 0' prio=9 status=enabled\n  `- #:#:#:# - #:# failed faulty offline\n";
    assert_eq!(kind_of(text), "multipath");
    let (found, skips) = multipath::parse(text.as_bytes());
    assert!(skips.is_empty(), "{skips:?}");
    let map = &found.maps[0];
    assert_eq!(
        (map.name.as_str(), map.wwid.as_str(), map.dm.as_str()),
        ("mpatha", "3600a0b80", "dm-4")
    );
    assert_eq!(
        (map.product.as_deref(), map.size),
        (Some("MD36xxi f"), Some(54 << 40))
    );
    assert_eq!((map.groups.len(), map.groups[0].prio), (2, Some(14)));
    assert_eq!(
        map.groups[0].paths[0].checker_state.as_deref(),
        Some("ready")
    );
    assert_eq!(map.groups[1].paths[0].dm_state.as_deref(), Some("failed"));

    let old = "mpath1 (3600d0230) dm-2 IFT,A16F\n[size=2.0G][features=0][hwhandler=0][rw]\n\
               \\_ round-robin 0 [prio=1][active]\n \\_ 3:0:0:1 sdb 8:16 [active][ready]\n";
    let (found, skips) = multipath::parse(old.as_bytes());
    assert!(skips.is_empty(), "{skips:?}");
    assert_eq!(found.maps[0].groups[0].status, "active");
    assert_eq!(found.maps[0].groups[0].paths[0].dev, "sdb");
    assert_eq!(
        (found.maps[0].size, found.maps[0].wp.as_deref()),
        (Some(2 << 30), Some("rw"))
    );
}

#[test]
fn zpool_status_has_its_tree_and_errors() {
    let text = "  pool: tank\n state: DEGRADED\nstatus: One or more devices\n\tcould not be opened.\n  scan: resilver in progress since Sun\n\t403M / 405M scanned\nconfig:\n\n\
                \tNAME        STATE     READ WRITE CKSUM\n\ttank        DEGRADED     0     0     0\n\t  mirror-0  DEGRADED     0     0     0\n\t    sda     ONLINE       0     0     0  (resilvering)\n\t    sdb     UNAVAIL      4  1.5K     7  cannot open\n\tlogs\n\t  sdc       ONLINE       0     0     0\n\tspares\n\t  sdf       AVAIL\n\nerrors: Permanent errors have been detected in the following files:\n\n        /tank/a b\n        <0x1>:<0x2>\n";
    assert_eq!(kind_of(text), "zpool-status");
    let (pools, skips) = zpool_status::parse(text.as_bytes());
    assert!(skips.is_empty(), "{skips:?}");
    let pool = &pools[0];
    assert_eq!(
        pool.status.as_deref(),
        Some("One or more devices\ncould not be opened.")
    );
    assert_eq!(
        pool.scan.as_deref(),
        Some("resilver in progress since Sun\n403M / 405M scanned")
    );
    let shape: Vec<_> = pool
        .vdevs
        .iter()
        .map(|one| (one.name.as_str(), one.class, one.children.len()))
        .collect();
    assert_eq!(
        shape,
        [
            ("mirror-0", zpool_status::Class::Normal, 2),
            ("sdc", zpool_status::Class::Log, 0),
            ("sdf", zpool_status::Class::Spare, 0)
        ]
    );
    let sdb = &pool.vdevs[0].children[1];
    assert_eq!(
        (sdb.read, sdb.write, sdb.cksum, sdb.note.as_deref()),
        (Some(4), Some(1536), Some(7), Some("cannot open"))
    );
    assert_eq!(pool.error_files, ["/tank/a b", "<0x1>:<0x2>"]);
}

#[test]
fn zpool_import_refusals_name_the_other_host() {
    let text = "cannot import 'p': pool was previously in use from another system.\nLast accessed by node1 (hostid=a001) at Sat Nov 21 00:41:25 2026\n";
    assert_eq!(kind_of(text), "zpool-import");
    let refusals = zpool_status::parse_refusals(text.as_bytes());
    assert_eq!(
        (
            refusals[0].pool.as_str(),
            refusals[0].host.as_deref(),
            refusals[0].hostid.as_deref()
        ),
        ("p", Some("node1"), Some("a001"))
    );
    assert_eq!(
        refusals[0].last_access.as_deref(),
        Some("Sat Nov 21 00:41:25 2026")
    );
    let other = zpool_status::parse_refusals(
        b"cannot import 'p': pool is imported on host 'node2' (hostid=a002).\n",
    );
    assert_eq!(
        (other[0].host.as_deref(), other[0].hostid.as_deref()),
        (Some("node2"), Some("a002"))
    );
}

#[test]
fn zpool_list_and_get_and_zfs_get() {
    let list = "p\t2013265920\t503808\t2012762112\t-\t-\t1\t0\t1.00\tONLINE\t-\n";
    let (rows, _) = zpool_list::parse(list.as_bytes());
    assert_eq!(
        (rows[0].size, rows[0].free, rows[0].health.as_deref()),
        (Some(2_013_265_920), Some(2_012_762_112), Some("ONLINE"))
    );
    let get = "NAME  PROPERTY  VALUE                  SOURCE\np/a   creation  Tue Jul 21 15:53 2009  -\np/a   quota     20G                    inherited from p\n";
    let (found, _) = zfs_props::parse(get.as_bytes());
    assert_eq!(
        (found[0].value.as_str(), found[1].source.as_deref()),
        ("Tue Jul 21 15:53 2009", Some("inherited from p"))
    );
    let pool = "p\thealth\tONLINE\t-\np\tguid\t1\t-\n";
    assert_eq!(
        (kind_of(list), kind_of(get), kind_of(pool)),
        ("zpool-list", "zfs-get", "zpool-get")
    );
}

#[test]
fn zpool_history_and_events() {
    let text = "History for 'p':\n2026-11-21.01:05:49 [txg:4] set a=1 [on node1]\n2026-11-21.01:05:50 zpool import p [user 0 (root) on node2:linux]\n";
    let (entries, _) = zpool_history::parse(text.as_bytes());
    assert_eq!(
        (entries[0].txg, entries[0].text, entries[0].host),
        (Some(4), "set a=1", Some("node1"))
    );
    assert_eq!(
        (entries[1].text, entries[1].user, entries[1].host),
        ("zpool import p", Some("0 (root)"), Some("node2:linux"))
    );
    let text = "TIME                           CLASS\nNov 21 2026 00:35:06.123456789 ereport.fs.zfs.io\n        pool = \"p\"\n        vdev_guid = 0x1\n";
    assert_eq!(kind_of(text), "zpool-events");
    let (events, skips) = zpool_events::parse(text.as_bytes());
    assert!(skips.is_empty(), "{skips:?}");
    assert_eq!(
        (events[0].class, events[0].time, events[0].get("pool")),
        (
            "ereport.fs.zfs.io",
            "Nov 21 2026 00:35:06.123456789",
            Some("p")
        )
    );
}

#[test]
fn kstats_have_types() {
    let text = "7 1 0x01 2 96 80 90\nname                            type data\nname_of                         7    pool3\nwrites                          4    12\n";
    let (kstats, skips) = zfs_kstat::parse(text.as_bytes());
    assert!(skips.is_empty());
    assert_eq!(
        kstats[0].get("name_of"),
        Some(&zfs_kstat::Datum::Text("pool3"))
    );
    assert_eq!(
        kstats[0].get("writes"),
        Some(&zfs_kstat::Datum::Unsigned(12))
    );
}

#[test]
fn dmsetup_table_ls_and_info() {
    let (out, _) = dmsetup::parse(b"a:b-c: 0 2097152 multipath 0 0 2 1 round-robin 0 1 1 8:96 1000 round-robin 0 1 1 8:112 1000 \n");
    assert_eq!(
        (out.segments[0].name, out.segments[0].length),
        ("a:b-c", 2_097_152)
    );
    assert_eq!(out.segments[0].devices, ["8:96", "8:112"]);
    let (out, _) = dmsetup::parse(b"mpatha\t(253:3)\nold\t(253, 4)\n");
    assert_eq!(out.devices[1].major_minor.as_deref(), Some("253:4"));
    let info = "Name:              mpatha\nState:             ACTIVE\nOpen count:        2\nMajor, minor:      253, 3\nUUID: mpath-3600\n\n";
    assert_eq!(kind_of(info), "dmsetup");
    let (out, _) = dmsetup::parse(info.as_bytes());
    assert_eq!(
        (
            out.devices[0].uuid.as_deref(),
            out.devices[0].major_minor.as_deref(),
            out.devices[0].open_count
        ),
        (Some("mpath-3600"), Some("253:3"), Some(2))
    );
}

#[test]
fn lvm_of_every_form() {
    let json = r#"{"report":[{"lv":[{"lv_name":"root","vg_name":"vg","lv_attr":"-wi-ao----","lv_size":"10.00g"}]}]}"#;
    let prefixed =
        "  LVM2_LV_NAME='root' LVM2_VG_NAME='vg' LVM2_LV_ATTR='-wi-ao----' LVM2_LV_SIZE='10.00g'\n";
    let headed = "  LV   VG Attr       LSize  Pool\n  root vg -wi-ao---- 10.00g     \n";
    let (want, _) = lvm::parse(json.as_bytes());
    assert_eq!(
        (want[0].what, want[0].lv.as_deref(), want[0].size),
        (lvm::What::Lv, Some("root"), Some(10 << 30))
    );
    for text in [json, prefixed, headed] {
        assert_eq!(kind_of(text), "lvm", "{text}");
        assert_eq!(lvm::parse(text.as_bytes()).0, want, "{text}");
    }
}

#[test]
fn software_raid() {
    let text = "Personalities : [raid6]\nmd0 : active (auto-read-only) raid6 sdc1[2] sdb1[1](F) sda1[0]\n      100 blocks level 6, 64k chunk [3/2] [U_U]\n      [==>..]  recovery = 12.6% (1/2) finish=127.5min speed=1K/sec\n\nunused devices: <none>\n";
    let (arrays, skips) = md::parse_mdstat(text.as_bytes());
    assert!(skips.is_empty(), "{skips:?}");
    let array = &arrays[0];
    assert_eq!(
        (
            array.level.as_deref(),
            array.read_only,
            array.map.as_deref()
        ),
        (Some("raid6"), true, Some("U_U"))
    );
    assert_eq!(
        (
            array.wanted,
            array.working,
            array.members[1].state.as_deref()
        ),
        (Some(3), Some(2), Some("F"))
    );
    assert_eq!(
        array.progress.as_deref(),
        Some("recovery = 12.6% (1/2) finish=127.5min speed=1K/sec")
    );
}

#[test]
fn df_links_signatures_and_proc() {
    let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100 40 60 40% /mnt/a b\na-very-long-source\n 10 5 5 50% /x\n";
    let (rows, skips) = df::parse(text.as_bytes());
    assert!(skips.is_empty(), "{skips:?}");
    assert_eq!(
        (rows[0].total, rows[0].target.as_str(), rows[0].percent),
        (Some(102_400), "/mnt/a b", Some(40))
    );
    assert_eq!(
        (rows[1].source.as_str(), rows[1].used),
        ("a-very-long-source", Some(5120))
    );

    let (links, _) = disk_links::parse(b"/dev/disk/by-id:\ntotal 0\nlrwxrwxrwx 1 root root 9 Nov 21 00:26 wwn-0x1 -> ../../sda\nlrwxrwxrwx. 1 root root 9 2026-11-21 00:26 x -> ../../sdb\n");
    assert_eq!(
        (links[0].dir, links[0].name, links[0].kname),
        (Some("/dev/disk/by-id"), "wwn-0x1", "sda")
    );
    assert_eq!((links[1].name, links[1].kname), ("x", "sdb"));

    let text = "DEVICE OFFSET TYPE       UUID LABEL\nsdb    0x438  ext4       u    lab01:OST0003\n";
    assert_eq!(kind_of(text), "wipefs");
    let (found, _) = wipefs::parse(text.as_bytes());
    assert_eq!(
        (found[0].offset, found[0].label.as_deref()),
        (Some(0x438), Some("lab01:OST0003"))
    );

    let text = "major minor  #blocks  name\n\n   8        0   20971520 sda\n";
    assert_eq!(kind_of(text), "partitions");
    assert_eq!(
        proc_disks::parse_partitions(text.as_bytes()).0[0].blocks,
        20_971_520
    );
    let text = "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n";
    assert_eq!(kind_of(text), "diskstats");
    let (stats, _) = proc_disks::parse_diskstats(text.as_bytes());
    assert_eq!(
        (stats[0].name, stats[0].weighted_ms, stats[0].more.len()),
        ("sda", 11, 6)
    );
}
