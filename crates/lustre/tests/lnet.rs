//! The readers of LNet over whole fixture files, and their promises.

use lustre::lnet::{self, Document, IpToNet, Net, Ni, Peer, PeerNi, Route, Udsp};
use proptest::prelude::*;
use stdx::reading::{Collected, Kind, Sample};

fn fixture(path: &str) -> Option<Vec<u8>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/");
    let found = std::fs::read(format!("{root}{path}")).ok();
    if found.is_none() {
        println!("skipped: {path} is absent");
    }
    found
}

/// Fixture, its kind, what is in it, skips.
const FILES: &[(&str, &str, &str, usize)] = &[
    (
        "lnet/lnetctl-export-tcp-3peers.yaml",
        "lnetctl",
        "lnet-net 2, lnet-ni 3",
        0,
    ),
    (
        "lnet/lnetctl-global-show.yaml",
        "lnetctl",
        "lnet-global 1",
        0,
    ),
    (
        "lnet/lnetctl-net-show-basic.yaml",
        "lnetctl",
        "lnet-net 3, lnet-ni 4",
        0,
    ),
    (
        "lnet/lnetctl-net-show-exporter.yaml",
        "lnetctl",
        "lnet-net 2, lnet-ni 3",
        0,
    ),
    (
        "lnet/lnetctl-stats-show.yaml",
        "lnetctl",
        "lnet-statistics 1",
        0,
    ),
    (
        "lnet/sanity-yaml/import-11.yaml",
        "lnetctl",
        "lnet-peer 2",
        0,
    ),
    (
        "lnet/sanity-yaml/import-21.yaml",
        "lnetctl",
        "lnet-ip2nets 2, lnet-route 1",
        0,
    ),
    (
        "lnet/sanity-yaml/import-23.yaml",
        "lnetctl",
        "lnet-route 4",
        0,
    ),
    (
        "lnet/sanity-yaml/import-26.yaml",
        "lnetctl",
        "lnet-ip2nets 1, lnet-net 2, lnet-ni 2, lnet-route 1",
        0,
    ),
    ("config/lustre/lnet.conf", "lnetctl", "", 0),
    ("config/lustre/lnet_routes.conf", "lnetctl", "", 0),
    (
        "recorded-commands/lnet-health/lnetctl_net_show_v_4.0.stdout.txt",
        "lnetctl",
        "lnet-net 2, lnet-ni 3",
        0,
    ),
    (
        "live-lustre-2.17.0/03-running/lnetctl-export.txt",
        "lnetctl",
        "lnet-global 1, lnet-net 2, lnet-ni 2, lnet-peer 2",
        0,
    ),
    (
        "live-lustre-2.17.0/03-running/lnetctl-peer-show-v4.txt",
        "lnetctl",
        "lnet-peer 2",
        0,
    ),
    (
        "live-lustre-2.17.0/01-lnet/lnetctl-export-backup.txt",
        "lnetctl",
        "lnet-global 1, lnet-net 1, lnet-ni 1",
        0,
    ),
    (
        "live-lustre-2.17.0/01-lnet/lnetctl-ping-self.txt",
        "lnetctl",
        "lnet-ping 1",
        0,
    ),
    (
        "live-lustre-2.17.0/01-lnet/lnetctl-ping-nobody.txt",
        "lnetctl",
        "lnet-error 1",
        0,
    ),
    (
        "live-lustre-2.17.0/01-lnet/lnetctl-net-add-again.stderr.txt",
        "lnetctl",
        "lnet-error 1",
        0,
    ),
    (
        "live-lustre-2.17.0/01-lnet/lctl-list_nids.txt",
        "lctl-nids",
        "nid 1",
        0,
    ),
    (
        "live-lustre-2.17.0/01-lnet/lctl-ping-self.txt",
        "lctl-nids",
        "nid 2",
        0,
    ),
    (
        "live-lustre-2.17.0/01-lnet/lctl-peer_list.txt",
        "lctl-peers",
        "lnet-connection 2",
        0,
    ),
    (
        "live-lustre-2.17.0/01-lnet/lctl-conn_list.txt",
        "lctl-peers",
        "lnet-connection 4",
        0,
    ),
    (
        "live-lustre-2.17.0/01-lnet/lctl-interface_list.txt",
        "lctl-peers",
        "lnet-connection 1",
        0,
    ),
];

fn best(path: &str, input: &[u8]) -> Option<&'static Kind> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let sample = Sample {
        name,
        head: &input[..input.len().min(65536)],
    };
    let guesses = lustre::kinds()
        .into_iter()
        .map(|kind| ((kind.guess)(sample), kind));
    guesses
        .filter(|(guess, _)| *guess > 0)
        .max_by_key(|(guess, _)| *guess)
        .map(|(_, kind)| kind)
}

#[test]
fn files_are_told_and_read_whole() {
    for (path, name, records, n_skips) in FILES {
        let Some(input) = fixture(path) else { continue };
        let kind = best(path, &input).unwrap_or_else(|| panic!("{path}: of no kind"));
        let mut found = Collected::with_records();
        (kind.read)(&input, &mut found);
        let counts: Vec<String> = found
            .counts
            .iter()
            .map(|(family, n)| format!("{family} {n}"))
            .collect();
        let got = (kind.name, counts.join(", "), found.skips.len());
        assert_eq!(
            got,
            (*name, (*records).to_owned(), *n_skips),
            "{path}: {:?}",
            found.skips
        );
    }
}

#[test]
fn what_is_printed_is_typed() {
    let Some(input) = fixture("live-lustre-2.17.0/03-running/lnetctl-export.txt") else {
        return;
    };
    let (document, _) = lnet::parse(&input);
    let ni = document.nis().nth(1).expect("two interfaces");
    let name = ni.nid.as_ref().expect("a NID").to_string();
    assert_eq!(
        (name.as_str(), ni.interfaces.as_slice()),
        ("192.168.77.12@tcp", &["eth1".to_owned()][..])
    );
    assert_eq!(
        (ni.health_value(), ni.credits(), ni.dev_cpt),
        (Some(1000), Some(256), Some(-1))
    );
    assert_eq!(
        (
            ni.statistics["send_count"],
            ni.sent["put"],
            ni.lnd_tunables["tos"]
        ),
        (362, 330, -1)
    );
    let peer = &document.peers[1];
    assert_eq!(
        (peer.state, peer.is_multi_rail),
        (Some(1_048_849), Some(true))
    );
    let ni = &peer.nis[0];
    assert_eq!(
        (
            ni.credits["min_tx_credits"],
            ni.health["error"],
            ni.state.as_deref()
        ),
        (0, 187, Some("NA"))
    );
    assert_eq!(document.global.expect("settings")["lnd_timeout"], 49);
}

#[test]
fn errors_name_what_was_tried() {
    let check = |text: &str, errors: &[(&str, &str, i64, &str)]| {
        let (document, _) = lnet::parse(text.as_bytes());
        let found: Vec<_> = document
            .errors
            .iter()
            .map(|e| (&*e.operation, &*e.object, e.errno, &*e.text))
            .collect();
        assert_eq!(found, errors, "{text}");
    };
    check(
        "---\nadd:\n-     net:\n      errno: -17\n      descr: ! \"cannot add LNet NI\"\n...\n",
        &[("add", "net", -17, "cannot add LNet NI")],
    );
    check(
        "show:\n    - net:\n          errno: -100\n          descr: \"cannot get networks: Network is down\"\nshow:\n    - route:\n          errno: -100\n          descr: x\n",
        &[
            ("show", "net", -100, "cannot get networks: Network is down"),
            ("show", "route", -100, "x"),
        ],
    );
    check(
        "manage:\n- ping:\n  errno: -113\n  descr: ! 'failed to ping 192.168.77.99@tcp: No route to host'\n",
        &[(
            "manage",
            "ping",
            -113,
            "failed to ping 192.168.77.99@tcp: No route to host",
        )],
    );
    check(
        "add:\n    - net:\n          errno: 0\n          descr: success\n",
        &[],
    );
}

#[test]
fn older_and_other_sections_are_read() {
    let text = "net:\n    - nid: 10.0.0.1@tcp\n      net: tcp\n      status: up\n      interfaces:\n          0: eth3\n\
        routing:\n    - cpt[0]:\n          tiny:\n              npages: 0\n              nbuffers: 512\n              credits: 512\n              mincredits: 500\n          small:\n              npages: 1\n    - enable: 1\n\
        buffers:\n    tiny: 512\n    small: 4096\nnuma:\n    range: 3\n\
        route:\n    - net: o2ib\n      gateway: fd00::1@tcp\n      hop: -1\n      priority: 0\n      health_sensitivity: 1\n      state: up\n      type: multi-hop\n\
        udsp:\n    - idx: 0\n      src: tcp\n      dst: NA\n      rte: NA\n      action:\n          priority: 0\n\
        peer list:\n    - nid: 10.0.0.2@tcp\n    - nid: 10.0.0.3@kfi\n";
    let (document, skips) = lnet::parse(text.as_bytes());
    assert_eq!(skips, []);
    assert_eq!(
        (
            document.nets[0].net.as_str(),
            document.nets[0].nis[0].interfaces.len()
        ),
        ("tcp", 1)
    );
    let pool = &document.router_pools[0];
    assert_eq!(
        (pool.cpt, pool.size.as_str(), pool.counts["mincredits"]),
        (Some(0), "tiny", 500)
    );
    assert_eq!(
        (document.router_pools.len(), document.is_router),
        (2, Some(true))
    );
    assert_eq!(document.global.as_ref().expect("numa")["numa_range"], 3);
    let route = &document.routes[0];
    assert_eq!(
        (
            route.gateway_nid().expect("a NID").net(),
            route.hops.as_deref()
        ),
        ("tcp", Some("multi-hop"))
    );
    assert_eq!(
        (document.udsps[0].action["priority"], document.peers.len()),
        (0, 2)
    );
}

#[test]
fn no_damage_costs_a_neighbour_or_panics() {
    let text = "net:\n    - net type: tcp\n      local NI(s):\n        - nid: nosuch@tcp\n          status: up\n        - nid: 10.0.0.2@tcp\n          junk\n          dev cpt: 1x\n          status: down\nnewthing:\n    a: 1\n";
    let (document, skips) = lnet::parse(text.as_bytes());
    let good = &document.nets[0].nis[1];
    assert_eq!(
        (document.nets[0].nis.len(), good.status.as_deref()),
        (2, Some("down"))
    );
    let lines: Vec<u64> = skips.iter().map(|skip| skip.line).collect();
    assert_eq!(lines, [4, 7, 8, 10]);
    for (path, ..) in FILES {
        let Some(input) = fixture(path) else { continue };
        for end in (0..input.len()).step_by(1 + input.len() / 500) {
            lnet::parse(&input[..end]);
        }
    }
}

fn counts() -> impl Strategy<Value = lnet::Counts> {
    prop::collection::btree_map("[a-z][a-z_ ]{0,8}[a-z]", any::<i64>(), 0..4)
}

fn nid() -> impl Strategy<Value = lustre::nid::Nid> {
    prop_oneof![
        (any::<[u8; 4]>(), 0_u8..4).prop_map(|([a, b, c, d], n)| format!("{a}.{b}.{c}.{d}@tcp{n}")),
        any::<u16>().prop_map(|n| format!("fd00::{n:x}@o2ib")),
        any::<u32>().prop_map(|n| format!("{n}@gni")),
    ]
    .prop_map(|text| text.parse().expect("a NID"))
}

fn net() -> impl Strategy<Value = Net> {
    let words = prop::collection::vec("[a-z]{2,4}[0-9]", 0..3);
    let ni = (
        prop::option::of(nid()),
        words,
        counts(),
        counts(),
        prop::collection::vec(0_u32..64, 0..3),
    );
    let ni = ni.prop_map(|(nid, interfaces, tunables, lnd_tunables, cpts)| Ni {
        nid,
        interfaces,
        tunables,
        lnd_tunables,
        cpts,
        ..Ni::default()
    });
    let net = ("(tcp|o2ib)[1-9]?", prop::collection::vec(ni, 0..3));
    net.prop_map(|(net, nis)| Net { net, nis })
}

fn peer() -> impl Strategy<Value = Peer> {
    let nis = prop::collection::vec(nid(), 0..3);
    (nid(), any::<bool>(), nis).prop_map(|(primary, is_multi_rail, nids)| Peer {
        primary: Some(primary),
        is_multi_rail: Some(is_multi_rail),
        nis: nids
            .into_iter()
            .map(|nid| PeerNi {
                nid: Some(nid),
                ..PeerNi::default()
            })
            .collect(),
        ..Peer::default()
    })
}

fn route() -> impl Strategy<Value = Route> {
    let number = || prop::option::of(-1_i64..256);
    (
        "tcp[1-9]",
        "10\\.1\\.1\\.(1|\\[6-12\\])@tcp",
        number(),
        number(),
    )
        .prop_map(|(net, gateway, hop, priority)| Route {
            net,
            gateway,
            hop,
            priority,
            ..Route::default()
        })
}

fn rules() -> impl Strategy<Value = (Vec<IpToNet>, Vec<Udsp>)> {
    let ranges = prop::collection::vec("10\\.0\\.[0-9]\\.\\*", 1..3);
    let rule = ("o2ib[1-9]", ranges).prop_map(|(net, ranges)| IpToNet {
        net,
        ranges,
        interfaces: vec!["ib0".into()],
    });
    let udsp = (0_i64..9, counts()).prop_map(|(index, action)| Udsp {
        index: Some(index),
        source: "tcp".into(),
        action,
        ..Udsp::default()
    });
    (
        prop::collection::vec(rule, 0..3),
        prop::collection::vec(udsp, 0..3),
    )
}

proptest! {
    #[test]
    fn a_configuration_prints_as_it_is_read(
        nets in prop::collection::vec(net(), 0..3),
        peers in prop::collection::vec(peer(), 0..3),
        routes in prop::collection::vec(route(), 0..3),
        (ip_to_nets, udsps) in rules(),
        global in prop::option::of(counts()),
        is_router in prop::option::of(any::<bool>()),
    ) {
        let document = Document { nets, peers, routes, ip_to_nets, udsps, global, is_router, ..Document::default() };
        let text = lnet::print::print(&document);
        let (read, skips) = lnet::parse(text.as_bytes());
        prop_assert_eq!(skips, [], "{}", text);
        prop_assert_eq!(read, document, "{}", text);
    }

    #[test]
    fn no_input_panics(input in prop::collection::vec(any::<u8>(), 0..300), text in "[-a: \t\n'\"!{},0-9@.#]{0,200}") {
        for bytes in [&input[..], text.as_bytes()] {
            for kind in lustre::kinds() {
                (kind.guess)(Sample { name: "", head: bytes });
            }
            lnet::parse(bytes);
            lnet::nids::parse(bytes);
            lnet::connections::parse(bytes);
        }
    }
}
