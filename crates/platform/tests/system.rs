//! The operating system and its network over whole fixture files.

use platform::net::{ip_route, ip_text, net_dev};
use platform::os::{modinfo, ntp, systemctl, timedatectl, uname};
use std::path::PathBuf;

fn fixture(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let found = std::fs::read(root.join(path)).ok();
    if found.is_none() {
        println!("skipped: {path} is absent");
    }
    found
}

#[test]
fn interfaces_of_a_server_with_infiniband_are_read() {
    let Some(bytes) = fixture("net/ip-addr-iml.txt") else {
        return;
    };
    let (links, skips) = ip_text::parse(&bytes);
    assert_eq!((links.len(), skips.len()), (40, 0), "{skips:?}");
    let of = |name: &str| links.iter().find(|link| link.name == name).unwrap();
    assert_eq!(of("mgmt0").addresses[1], "10.36.47.116/22");
    let ib = of("ib1");
    assert_eq!(
        (ib.index, ib.mtu, ib.link_type.as_str()),
        (7, 2044, "infiniband")
    );
    assert!(ib.is_up() && !of("docker0").is_up());
    let veth = of("veth9e52739");
    assert_eq!(veth.parent.as_deref(), Some("if443680"));
    assert_eq!(veth.master.as_deref(), Some("docker_gwbridge"));
}

#[test]
fn counters_of_interfaces_are_read() {
    let Some(bytes) = fixture("net/ip-s-link-all.txt") else {
        return;
    };
    let (links, skips) = ip_text::parse(&bytes);
    assert_eq!((links.len(), skips.len()), (14, 0), "{skips:?}");
    assert!(
        links
            .iter()
            .all(|link| link.received.is_some() && link.sent.is_some())
    );
    let slave = &links[3];
    assert_eq!(slave.master.as_deref(), Some("bond0"));
    let received = slave.received.unwrap();
    assert_eq!(
        (received.bytes, received.dropped),
        (16_809_815_066_893, 117_902)
    );
    assert_eq!(links[6].info_kind.as_deref(), Some("vxlan"));
    let Some(bytes) = fixture("net/proc-net-dev.txt") else {
        return;
    };
    let (devices, skips) = net_dev::parse(&bytes);
    assert_eq!((devices.len(), skips.len()), (40, 0));
    let ib0 = devices.iter().find(|one| one.name == "ib0").unwrap();
    assert_eq!(
        (ib0.received.bytes, ib0.sent.packets),
        (4_828_965_068, 26_019_919)
    );
}

#[test]
fn routes_of_all_tables_are_read() {
    let Some(bytes) = fixture("net/ip-route-all.txt") else {
        return;
    };
    let (routes, skips) = ip_route::parse_text(&bytes);
    assert_eq!(skips, []);
    let n_of = |kind: &str| routes.iter().filter(|route| route.kind == kind).count();
    assert_eq!(
        (n_of("unreachable"), n_of("broadcast"), n_of("local")),
        (11, 8, 8)
    );
    assert_eq!(routes[0].gateway.as_deref(), Some("192.168.23.250"));
    assert_eq!(routes[1].metric, Some(50));
}

#[test]
fn units_of_a_whole_host_are_read() {
    let Some(bytes) = fixture("systemd/systemctl-el7.txt") else {
        return;
    };
    let (units, skips) = systemctl::list_units(&bytes);
    assert_eq!((units.len(), skips.len()), (220, 0), "{skips:?}");
    let lost = units
        .iter()
        .filter(|unit| unit.load.as_deref() == Some("not-found"));
    assert!(lost.clone().any(|unit| unit.name == "ntpdate.service"));
    let timer = units
        .iter()
        .find(|unit| unit.name == "docker-cleanup.timer")
        .unwrap();
    assert_eq!(timer.sub.as_deref(), Some("waiting"));
    assert_eq!(
        timer.description.as_deref(),
        Some("Run docker-cleanup every hour")
    );
}

#[test]
fn a_lustre_server_before_its_modules_is_read() {
    let Some(bytes) = fixture("live-lustre-2.17.0/00-before-modules/modinfo-lustre.txt") else {
        return;
    };
    let (modules, skips) = modinfo::parse(&bytes);
    assert_eq!(skips, []);
    let names: Vec<_> = modules.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(
        names,
        ["lustre", "lnet", "osd_zfs", "osd_ldiskfs", "ksocklnd"]
    );
    assert_eq!(modules[0].version.as_deref(), Some("2.17.0"));
    let port = modules[1]
        .parameters
        .iter()
        .find(|one| one.name == "accept_port");
    assert_eq!(port.unwrap().kind.as_deref(), Some("int"));
    let Some(bytes) = fixture("live-lustre-2.17.0/00-before-modules/uname.txt") else {
        return;
    };
    let (hosts, skips) = uname::parse(&bytes);
    assert_eq!(skips, []);
    assert_eq!(
        (hosts[0].node.as_str(), hosts[0].release.as_str()),
        ("node1", "6.1.0-56-amd64")
    );
}

#[test]
fn clocks_are_read() {
    let Some(bytes) = fixture("time/ntpq-p.txt") else {
        return;
    };
    let (peers, skips) = ntp::peers(&bytes);
    assert_eq!((peers.len(), skips.len()), (4, 0), "{skips:?}");
    assert_eq!((peers[0].offset_ns, peers[0].reach), (Some(-2_805_000), 1));
    assert_eq!(
        (peers[2].name.as_str(), peers[2].last_rx_s),
        ("clock.team-cymr", None)
    );
    assert!(peers.iter().all(|peer| !peer.is_selected()));
    let Some(bytes) = fixture("time/timedatectl-rtc-local.txt") else {
        return;
    };
    let (time, skips) = timedatectl::status(&bytes);
    assert_eq!(skips, []);
    assert_eq!(time.time_zone.as_deref(), Some("Europe/Athens"));
    assert_eq!(
        (time.is_synced, time.is_rtc_local),
        (Some(true), Some(true))
    );
    let Some(bytes) = fixture("time/timedatectl-timesync-status.txt") else {
        return;
    };
    let (time, skips) = timedatectl::status(&bytes);
    assert_eq!(skips, []);
    assert_eq!(time.server.as_deref(), Some("time.google.com"));
    assert_eq!((time.stratum, time.offset_ns), (Some(1), Some(-5_224_000)));
}

/// Whatever is cut off or garbled, a reader answers.
#[test]
fn no_reader_panics_on_cut_or_garbled_input() {
    let samples: [&[u8]; 12] = [
        b"2: eth0@if3: <UP> mtu 1500 state UP\n    link/ether a b\n    inet 10.0.0.1 peer 10.0.0.2/32\n    RX: bytes packets\n    1 2\n",
        b"default via inet6 fe80::1 dev eth0 metric 5\n\tnexthop via 10.0.0.1 dev ib0 weight 1\n",
        b"table inet f {\n\tset s {\n\t\telements = { 1,\n 2 }\n\t}\n\tchain c {\n\t\ttcp dport { 1,\n2 } accept\n\t}\n}\n",
        b"*filter\n:INPUT DROP [1:2]\n[1:2] -A INPUT --dport 1:2 -j ACCEPT\nChain A (1 references)\n1 2 ACCEPT tcp -- a b dpt:1\n",
        b"public (active)\n  target: default\n  rich rules: \n\trule\n",
        "● a.service - A\n   Loaded: loaded (/x; enabled; preset: x)\n Main PID: 1 (a)\n".as_bytes(),
        b"  UNIT LOAD ACTIVE SUB JOB DESCRIPTION\na.service loaded active start start A\n",
        b"# /lib/systemd/system/a.service\n[Unit]\nA=b \\\n c\n",
        b"^* 10.0.0.1 2 10 377 302 +3450us[+3432us] +/- 40ms\n^,*,a,2,6,377,1,0.1,0.1,0.1\nC0A80101,a,3,1.2,0.1,-0.1,0.1,1.2,0.1,0.1,0.1,0.1,1.0,Normal\n",
        b"*a .GPS. 1 u 12 64 377 0.123 -0.456 0.789\nassocid=0 status=1 a,b=\"c,d\"\n",
        b"ii  a:amd64  1.0-1  amd64  A\nx-1.0-1.el8.x86_64\ninstalled a 1\n",
        b"CA 'mlx5_0'\n\tPort 1:\n\t\tState: Active\nfilename: /a/b.ko\nparm: a:b (int)\n",
    ];
    let mut kinds = platform::net::kinds();
    kinds.extend(platform::os::kinds());
    for kind in kinds {
        for sample in samples {
            for end in 0..=sample.len() {
                let mut garbled = sample[..end].to_vec();
                try_read(kind, &garbled);
                if let Some(byte) = garbled.last_mut() {
                    *byte = 0xff;
                }
                try_read(kind, &garbled);
            }
        }
    }
}

fn try_read(kind: &stdx::reading::Kind, input: &[u8]) {
    let mut found = stdx::reading::Collected::with_records();
    (kind.read)(input, &mut found);
    let sample = stdx::reading::Sample {
        name: "",
        head: input,
    };
    assert!((kind.guess)(sample) <= 100);
}
