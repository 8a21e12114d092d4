//! The command lines, word for word, as the tools' manuals and the programs that
//! ran Lustre before have them.

use lustre::argv::{Argv, ha, host, lnet, pool, target};
use lustre::label::TargetLabel;
use lustre::nid::Nid;

fn line(argv: &Argv) -> String {
    argv.join(" ")
}

fn nodes(texts: &[&str]) -> Vec<Vec<Nid>> {
    let node = |text: &&str| text.split(',').map(|nid| nid.parse().unwrap()).collect();
    texts.iter().map(node).collect()
}

struct Format<'a> {
    label: &'a str,
    is_mgs_too: bool,
    back_end: &'a str,
    mgs: &'a [&'a str],
    service: &'a [&'a str],
    device: &'a str,
}

fn mkfs(of: &Format<'_>, options: (Option<&str>, Option<&str>), is_reformat: bool) -> String {
    let label: TargetLabel = of.label.parse().unwrap();
    line(&target::mkfs(&target::Format {
        label: &label,
        is_mgs_too: of.is_mgs_too,
        back_end: of.back_end,
        mgs_nodes: &nodes(of.mgs),
        service_nodes: &nodes(of.service),
        mkfs_options: options.0,
        mount_options: options.1,
        is_reformat,
        device: of.device,
    }))
}

#[test]
fn targets_are_formatted_with_a_node_for_each_mgs_and_each_server() {
    let mgt = Format {
        label: "MGS",
        is_mgs_too: false,
        back_end: "ldiskfs",
        mgs: &[],
        service: &["10.0.0.1@tcp,10.1.0.1@o2ib", "10.0.0.2@tcp,10.1.0.2@o2ib"],
        device: "/dev/mapper/mgt",
    };
    assert_eq!(
        mkfs(&mgt, (None, None), false),
        "mkfs.lustre --mgs --servicenode=10.0.0.1@tcp,10.1.0.1@o2ib \
         --servicenode=10.0.0.2@tcp,10.1.0.2@o2ib --backfstype=ldiskfs /dev/mapper/mgt"
    );
    let mdt = Format {
        label: "scratch-MDT0000",
        is_mgs_too: true,
        mgs: &[],
        service: &["10.0.0.1@tcp", "10.0.0.2@tcp"],
        device: "/dev/sdb",
        ..mgt
    };
    assert_eq!(
        mkfs(&mdt, (None, None), false),
        "mkfs.lustre --mgs --mdt --fsname=scratch --index=0 --servicenode=10.0.0.1@tcp \
         --servicenode=10.0.0.2@tcp --backfstype=ldiskfs /dev/sdb"
    );
    let ost = Format {
        label: "scratch-OST001f",
        is_mgs_too: false,
        back_end: "zfs",
        mgs: &["10.0.0.1@tcp", "10.0.0.2@tcp"],
        service: &["10.0.0.3@tcp", "10.0.0.4@tcp"],
        device: "scratch-ost001f/ost001f",
    };
    assert_eq!(
        mkfs(&ost, (Some("-o recordsize=1M"), Some("no_create")), true),
        "mkfs.lustre --ost --fsname=scratch --index=31 --mgsnode=10.0.0.1@tcp \
         --mgsnode=10.0.0.2@tcp --servicenode=10.0.0.3@tcp --servicenode=10.0.0.4@tcp \
         --backfstype=zfs --mkfsoptions=-o recordsize=1M --mountfsoptions=no_create --reformat \
         scratch-ost001f/ost001f"
    );
}

#[test]
fn options_of_a_back_end_are_one_word() {
    let label: TargetLabel = "scratch-OST0000".parse().unwrap();
    let argv = target::mkfs(&target::Format {
        label: &label,
        is_mgs_too: false,
        back_end: "ldiskfs",
        mgs_nodes: &nodes(&["10.0.0.1@tcp"]),
        service_nodes: &[],
        mkfs_options: Some("-O quota -E lazy_itable_init=0"),
        mount_options: None,
        is_reformat: false,
        device: "/dev/sdb",
    });
    assert!(argv.contains(&String::from(
        "--mkfsoptions=-O quota -E lazy_itable_init=0"
    )));
}

#[test]
fn targets_and_clients_are_mounted_and_unmounted() {
    let options = |texts: &[&str]| {
        texts
            .iter()
            .map(|&text| text.to_owned())
            .collect::<Vec<_>>()
    };
    let mount =
        |source: &str, at: &str, texts: &[&str]| line(&target::mount(source, at, &options(texts)));
    let at = target::mount_point(&"scratch-OST0001".parse().unwrap());
    assert_eq!(
        mount("/dev/sdb", &at, &[]),
        "mount -t lustre /dev/sdb /lustre/scratch/ost0001"
    );
    assert_eq!(
        mount("/dev/sdb", &at, &["abort_recov", "noscrub"]),
        "mount -t lustre -o abort_recov,noscrub /dev/sdb /lustre/scratch/ost0001"
    );
    let source = target::client_source(
        &nodes(&["10.0.0.1@tcp,10.1.0.1@o2ib", "10.0.0.2@tcp"]),
        &"scratch".parse().unwrap(),
    );
    assert_eq!(source, "10.0.0.1@tcp,10.1.0.1@o2ib:10.0.0.2@tcp:/scratch");
    assert_eq!(
        mount(&source, "/mnt/scratch", &["flock"]),
        "mount -t lustre -o flock 10.0.0.1@tcp,10.1.0.1@o2ib:10.0.0.2@tcp:/scratch /mnt/scratch"
    );
    assert_eq!(line(&target::umount(&at)), "umount /lustre/scratch/ost0001");
    assert_eq!(target::mount_point(&TargetLabel::Mgs), "/lustre/mgs");
}

#[test]
fn a_file_system_is_forgotten_and_its_devices_are_wiped() {
    let fs = "scratch".parse().unwrap();
    assert_eq!(line(&target::erase_config(&fs)), "lctl erase_lcfg scratch");
    assert_eq!(line(&target::wipe("/dev/sdb")), "wipefs --all /dev/sdb");
    assert_eq!(
        line(&pool::destroy_dataset("pool/ost0000")),
        "zfs destroy pool/ost0000"
    );
}

#[test]
fn pools_are_kept_from_two_hosts_and_from_the_boot() {
    let options = [String::from("ashift=12")];
    let vdevs = || {
        [
            (Some("mirror"), vec!["/dev/sdb", "/dev/sdc"]),
            (Some("log"), vec!["/dev/sdd"]),
        ]
    };
    assert_eq!(
        line(&pool::create("ost0", &options, vdevs(), false)),
        "zpool create -o cachefile=none -o multihost=on -o failmode=panic -o ashift=12 \
         -O canmount=off -O mountpoint=none ost0 mirror /dev/sdb /dev/sdc log /dev/sdd"
    );
    let forced = line(&pool::create("ost0", &[], vdevs(), true));
    assert!(forced.starts_with("zpool create -f -o "), "{forced}");
    assert_eq!(
        line(&pool::import("ost0", false)),
        "zpool import -o cachefile=none ost0"
    );
    assert_eq!(
        line(&pool::import("ost0", true)),
        "zpool import -f -o cachefile=none ost0"
    );
    assert_eq!(line(&pool::export("ost0")), "zpool export ost0");
    assert_eq!(line(&pool::destroy("ost0")), "zpool destroy ost0");
    assert_eq!(
        line(&pool::clear_label("/dev/sdb")),
        "zpool labelclear /dev/sdb"
    );
    assert_eq!(line(&pool::host_id()), "zgenhostid");
}

#[test]
fn lnet_is_loaded_configured_imported_and_stopped() {
    assert_eq!(line(&lnet::load()), "modprobe lnet");
    assert_eq!(line(&lnet::configure()), "lnetctl lnet configure");
    assert_eq!(line(&lnet::remove("tcp1")), "lnetctl net del --net tcp1");
    let two = ["eth0", "eth1"].map(str::to_owned);
    let file = lnet::config([("tcp", &two[..1]), ("o2ib1", &two[..])]);
    assert_eq!(lnet::nets_of(&file), ["tcp", "o2ib1"]);
    let others = format!("# by hand\n{file}");
    assert_eq!(lnet::nets_of(&others), Vec::<String>::new());
    assert_eq!(line(&lnet::import()), "lnetctl import /etc/lnet.conf");
    assert_eq!(
        lnet::stop().map(|argv| line(&argv)),
        [
            "lustre_rmmod ptlrpc",
            "lnetctl lnet unconfigure",
            "lustre_rmmod"
        ]
    );
    let interfaces = [String::from("ib0"), String::from("ib1")];
    assert_eq!(
        lnet::config([("o2ib1", interfaces.as_slice())]),
        "net:\n    - net type: o2ib1\n      local NI(s):\n        - interfaces:\n              0: ib0\n        - interfaces:\n              0: ib1\n"
    );
}

#[test]
fn pacemaker_is_told_by_its_own_tools() {
    for (argv, expected) in [
        (
            ha::set_property("stonith-enabled", "true"),
            "crm_attribute --type crm_config --name stonith-enabled --update true",
        ),
        (
            ha::set_default("resource-stickiness", "1000"),
            "crm_attribute --type rsc_defaults --name resource-stickiness --update 1000",
        ),
        (
            ha::standby("oss1", true),
            "crm_attribute --node oss1 --name standby --update on --lifetime forever",
        ),
        (
            ha::standby("oss1", false),
            "crm_attribute --node oss1 --name standby --update off --lifetime forever",
        ),
        (ha::reload_corosync(), "corosync-cfgtool -R"),
        (ha::forget_node("oss3"), "crm_node --force --remove oss3"),
        (ha::confirm_off("oss3"), "stonith_admin --confirm oss3"),
        (
            ha::delete_all("//rsc_location[@node=\"oss3\"]"),
            "cibadmin --delete-all --force --xpath //rsc_location[@node=\"oss3\"]",
        ),
        (
            ha::target_role("scratch-OST0000", true),
            "crm_resource --resource scratch-OST0000 --set-parameter target-role --meta --parameter-value Started",
        ),
        (
            ha::target_role("group-scratch-OST0000", false),
            "crm_resource --resource group-scratch-OST0000 --set-parameter target-role --meta --parameter-value Stopped",
        ),
        (
            ha::cleanup("scratch-OST0000"),
            "crm_resource --resource scratch-OST0000 --cleanup",
        ),
        (
            ha::move_to("scratch-OST0000", "oss2"),
            "crm_resource --resource scratch-OST0000 --move --node oss2",
        ),
        (
            ha::clear("scratch-OST0000"),
            "crm_resource --resource scratch-OST0000 --clear",
        ),
        (
            ha::create("resources", "<x/>"),
            "cibadmin --create --scope resources --xml-text <x/>",
        ),
        (
            ha::delete("//primitive[@id=\"x\"]"),
            "cibadmin --delete --xpath //primitive[@id=\"x\"]",
        ),
    ] {
        assert_eq!(line(&argv), expected);
    }
}

#[test]
fn a_resource_is_a_lustre_primitive_or_a_group_with_its_pool_first() {
    let nodes = ["oss1", "oss2"].map(str::to_owned);
    let mut resource = ha::Resource {
        id: "scratch-OST0000",
        device: "/dev/mapper/ost0",
        mount_point: "/lustre/scratch/ost0000",
        zpool: None,
        nodes: &nodes,
        barred: &[],
    };
    let plain = ha::resource_xml(&resource);
    for part in [
        r#"<primitive id="scratch-OST0000" class="ocf" provider="lustre" type="Lustre">"#,
        r#"name="target" value="/dev/mapper/ost0""#,
        r#"name="mountpoint" value="/lustre/scratch/ost0000""#,
        r#"name="target-role" value="Stopped""#,
        r#"name="start" interval="0s" timeout="450s""#,
    ] {
        assert!(plain.contains(part), "{part} in {plain}");
    }
    assert_eq!(
        ha::location_xml(&resource),
        [
            r#"<rsc_location id="location-scratch-OST0000-oss1" rsc="scratch-OST0000" node="oss1" score="20"/>"#,
            r#"<rsc_location id="location-scratch-OST0000-oss2" rsc="scratch-OST0000" node="oss2" score="10"/>"#,
        ]
    );
    resource.zpool = Some("ost0");
    let group = ha::resource_xml(&resource);
    assert!(
        group.starts_with(r#"<group id="group-scratch-OST0000">"#),
        "{group}"
    );
    let pool = group.find(r#"class="ocf" provider="heartbeat" type="ZFS""#);
    let lustre = group.find(r#"class="ocf" provider="lustre" type="Lustre""#);
    assert!(pool.is_some() && pool < lustre, "{group}");
}

#[test]
fn the_host_is_told_by_its_own_tools() {
    assert_eq!(
        line(&host::systemctl("enable", "pacemaker.service")),
        "systemctl enable pacemaker.service"
    );
    assert_eq!(line(&host::daemon_reload()), "systemctl daemon-reload");
    assert_eq!(
        host::open_port("988/tcp").map(|argv| line(&argv)),
        [
            "firewall-cmd --permanent --add-port=988/tcp",
            "firewall-cmd --add-port=988/tcp"
        ]
    );
    assert_eq!(line(&host::reboot()), "shutdown -r now");
    assert_eq!(
        host::mount_unit("/mnt/scratch-1"),
        "mnt-scratch\\x2d1.mount"
    );
}
