//! 10,000 servers with 40,000 targets: from nothing, and one server's change.
//! Also one file system of that size, the worst there can be.

fn main() {
    divan::main();
}

use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use model::ids::{DeviceId, ServerId};
use model::report::{
    Device, DeviceKind, Lnet, LnetNi, LnetState, Lustre, MountData, Report, TargetSeen,
    TargetSource,
};
use std::sync::Arc;

const SERVERS: u32 = 10_000;

fn id(n: u32) -> ServerId {
    ServerId(uuid::Uuid::from_u128(u128::from(n)))
}

fn nid(n: u32) -> lustre::nid::Nid {
    format!("10.{}.{}.1@tcp", n / 200, n % 200)
        .parse()
        .expect("a NID")
}

/// Server `n` of pairs; each mounts 4 targets and sees its partner's.
fn report(n: u32, servers_per_fs: u32, moved: bool) -> Arc<Report> {
    let fs = FsName::new(&format!("fs{:04}", n / servers_per_fs)).expect("a name");
    let first = n - n % 2;
    let mut report = Report::default();
    report.identity.hostname = format!("oss{n:05}");
    report.identity.fqdn = format!("oss{n:05}.site");
    let ni = LnetNi {
        nid: nid(n),
        status: "up".into(),
        interfaces: vec![],
        health: None,
    };
    report.lnet = Some(Lnet {
        state: LnetState::Up,
        nis: vec![ni],
        ..Lnet::default()
    });
    let mut lustre = Lustre {
        is_loaded: true,
        ..Lustre::default()
    };
    let mut devices = Vec::new();
    for k in 0..8 {
        let number = first * 4 + k;
        let device_id = DeviceId(format!("wwn:0x{number:08x}"));
        devices.push(device(&device_id));
        let index = u16::try_from((number) % (servers_per_fs * 4)).expect("an index fits");
        let of = TargetLabel::Of {
            fs: fs.clone(),
            kind: TargetKind::Ost,
            index: TargetIndex(index),
        };
        let is_mine = k / 4 == n - first;
        for source in [TargetSource::Mount, TargetSource::MountData] {
            if source == TargetSource::Mount && (!is_mine || moved && k == 0) {
                continue;
            }
            lustre.targets.push(target(
                of.clone(),
                source,
                &device_id,
                [nid(first), nid(first + 1)],
            ));
        }
    }
    report.lustre = Some(lustre);
    report.devices = Some(devices);
    Arc::new(report)
}

fn device(id: &DeviceId) -> Device {
    Device {
        id: id.clone(),
        kind: DeviceKind::Disk,
        path: "/dev/sdx".into(),
        links: vec![],
        size_bytes: 1 << 40,
        parents: vec![],
        model: Some("DISK".into()),
        serial: None,
        wwn: None,
        transport: None,
        content: None,
        label: None,
        uuid: None,
        is_read_only: false,
        is_rotational: None,
        states: vec![],
    }
}

fn target(
    label: TargetLabel,
    source: TargetSource,
    device: &DeviceId,
    nodes: [lustre::nid::Nid; 2],
) -> TargetSeen {
    let data = MountData {
        mgs_nodes: vec![vec!["10.250.0.1@tcp".parse().expect("a NID")]],
        service_nodes: nodes.into_iter().map(|nid| vec![nid]).collect(),
        ..MountData::default()
    };
    TargetSeen {
        label,
        source,
        evidence: "bench".into(),
        device: Some(device.clone()),
        device_path: Some("/dev/sdx".into()),
        back_end: Some("ldiskfs".into()),
        mount_point: Some("/mnt".into()),
        obd_state: None,
        is_mgs_too: false,
        mount_data: (source == TargetSource::MountData).then_some(data),
        recovery: None,
        n_clients: Some(1),
        bytes_total: Some(1),
        bytes_available: Some(1),
        inodes_total: None,
        inodes_free: None,
    }
}

fn site(servers_per_fs: u32) -> Vec<(ServerId, Arc<Report>, bool)> {
    (0..SERVERS)
        .map(|n| (id(n), report(n, servers_per_fs, false), false))
        .collect()
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 3)]
fn from_nothing(bencher: divan::Bencher<'_, '_>, servers_per_fs: u32) {
    let site = site(servers_per_fs);
    bencher.bench(|| {
        let mut detector = detect::Detector::new();
        detector.put_all(site.clone());
        assert_eq!(detector.inventory().targets.len(), 40_000);
        detector
    });
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 20)]
fn one_server_changes(bencher: divan::Bencher<'_, '_>, servers_per_fs: u32) {
    let mut detector = detect::Detector::new();
    detector.put_all(site(servers_per_fs));
    let reports = [
        report(5_000, servers_per_fs, false),
        report(5_000, servers_per_fs, true),
    ];
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let changed = detector.put(id(5_000), Arc::clone(&reports[turn % 2]));
        assert!(!changed.targets.is_empty());
    });
}
