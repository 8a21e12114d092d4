//! 10,000 servers with 40,000 targets: from nothing, and one server's change:
//! a target unmounted, silence, arrival, a target not seen before, and a report
//! of the MGS, which names every target. Up to one file system of that size,
//! the worst there can be.

// The one that ships.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use model::ids::{DeviceId, ServerId};
use model::report::{
    Device, DeviceKind, Lnet, LnetNi, LnetState, Lustre, MgsFs, MgsTarget, MountData, Report,
    TargetSeen, TargetSource,
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

/// What the last server's report changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Nothing,
    Unmounted,
    NewTarget,
}

/// Server `n` of pairs; each mounts 4 targets and sees its partner's.
fn report(n: u32, servers_per_fs: u32, change: Change) -> Arc<Report> {
    let fs = name(n / servers_per_fs);
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
        let of = label(&fs, index);
        let is_mine = k / 4 == n - first;
        for source in [TargetSource::Mount, TargetSource::MountData] {
            if source == TargetSource::Mount && (!is_mine || change == Change::Unmounted && k == 0)
            {
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
    if change == Change::NewTarget {
        let new = DeviceId("wwn:new".into());
        let of = label(&fs, u16::MAX);
        devices.push(device(&new));
        lustre.targets.push(target(
            of,
            TargetSource::MountData,
            &new,
            [nid(first), nid(n)],
        ));
    }
    report.lustre = Some(lustre);
    report.devices = Some(devices);
    Arc::new(report)
}

fn name(n: u32) -> FsName {
    FsName::new(&format!("fs{n:04}")).expect("a name")
}

fn label(fs: &FsName, index: u16) -> TargetLabel {
    TargetLabel::Of {
        fs: fs.clone(),
        kind: TargetKind::Ost,
        index: TargetIndex(index),
    }
}

/// The MGS of all: it names every target.
fn mgs(servers: u32, servers_per_fs: u32, evidence: &str) -> Arc<Report> {
    let mut report = Report::default();
    report.identity.hostname = "mgs".into();
    report.identity.fqdn = "mgs.site".into();
    let ni = LnetNi {
        nid: "10.250.0.1@tcp".parse().expect("a NID"),
        status: "up".into(),
        interfaces: vec![],
        health: None,
    };
    report.lnet = Some(Lnet {
        state: LnetState::Up,
        nis: vec![ni],
        ..Lnet::default()
    });
    let knows = |n: u32| {
        let fs = name(n);
        let n_targets = u16::try_from(servers_per_fs * 4).expect("an index fits");
        let target = |index| MgsTarget::named(label(&fs, index));
        MgsFs {
            evidence: "mgs.MGS.live".into(),
            targets: (0..n_targets).map(target).collect(),
            ir_state: None,
            fs,
        }
    };
    let device_id = DeviceId("wwn:mgt".into());
    let mut mgt = target(
        TargetLabel::Mgs,
        TargetSource::Mount,
        &device_id,
        [nid(0), nid(1)],
    );
    mgt.evidence = evidence.into();
    report.lustre = Some(Lustre {
        is_loaded: true,
        targets: vec![mgt],
        mgs: (0..servers / servers_per_fs).map(knows).collect(),
        ..Lustre::default()
    });
    report.devices = Some(vec![device(&device_id)]);
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

type Reports = Vec<(ServerId, Arc<Report>, bool)>;

fn site(servers_per_fs: u32) -> Reports {
    site_of(SERVERS, servers_per_fs)
}

fn site_of(servers: u32, servers_per_fs: u32) -> Reports {
    let server = |n| (id(n), report(n, servers_per_fs, Change::Nothing), false);
    let mut site: Vec<_> = (0..servers).map(server).collect();
    let mgs = mgs(servers, servers_per_fs, "a mount");
    site.push((id(SERVERS), mgs, false));
    site
}

/// How the time grows with the site, all of it one file system.
#[divan::bench(args = [1_250, 2_500, 5_000, 10_000], sample_count = 5)]
fn growth(bencher: divan::Bencher<'_, '_>, servers: u32) {
    let site = site_of(servers, servers);
    bencher.bench(|| {
        let mut detector = detect::Detector::new();
        detector.put_all(site.clone());
        detector
    });
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 3)]
fn from_nothing(bencher: divan::Bencher<'_, '_>, servers_per_fs: u32) {
    let site = site(servers_per_fs);
    bencher.bench(|| {
        let mut detector = detect::Detector::new();
        detector.put_all(site.clone());
        assert_eq!(detector.inventory().targets.len(), 40_001);
        detector
    });
}

/// One server's report, of these two in turn.
fn in_turn(
    bencher: divan::Bencher<'_, '_>,
    servers_per_fs: u32,
    server: u32,
    reports: &[Arc<Report>; 2],
) {
    let mut detector = detect::Detector::new();
    detector.put_all(site(servers_per_fs));
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let changed = detector.put(id(server), Arc::clone(&reports[turn % 2]));
        assert!(!changed.targets.is_empty());
    });
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 50)]
fn one_target_is_unmounted(bencher: divan::Bencher<'_, '_>, servers_per_fs: u32) {
    let changes = [Change::Nothing, Change::Unmounted];
    let reports = changes.map(|change| report(5_000, servers_per_fs, change));
    in_turn(bencher, servers_per_fs, 5_000, &reports);
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 50)]
fn one_target_is_new(bencher: divan::Bencher<'_, '_>, servers_per_fs: u32) {
    let changes = [Change::Nothing, Change::NewTarget];
    let reports = changes.map(|change| report(5_000, servers_per_fs, change));
    in_turn(bencher, servers_per_fs, 5_000, &reports);
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 50)]
fn the_mgs_reports(bencher: divan::Bencher<'_, '_>, servers_per_fs: u32) {
    let reports = ["a mount", "another"].map(|text| mgs(SERVERS, servers_per_fs, text));
    in_turn(bencher, servers_per_fs, SERVERS, &reports);
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 50)]
fn one_server_falls_silent_or_is_back(bencher: divan::Bencher<'_, '_>, servers_per_fs: u32) {
    let mut detector = detect::Detector::new();
    detector.put_all(site(servers_per_fs));
    let mut is_silent = false;
    bencher.bench_local(|| {
        is_silent = !is_silent;
        let changed = detector.set_silent(id(5_000), is_silent);
        assert!(!changed.targets.is_empty());
    });
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 50)]
fn one_server_leaves_or_joins(bencher: divan::Bencher<'_, '_>, servers_per_fs: u32) {
    let mut detector = detect::Detector::new();
    detector.put_all(site(servers_per_fs));
    let report = report(5_000, servers_per_fs, Change::Nothing);
    let mut is_here = true;
    bencher.bench_local(|| {
        is_here = !is_here;
        let changed = if is_here {
            detector.put(id(5_000), Arc::clone(&report))
        } else {
            detector.remove(id(5_000))
        };
        assert!(!changed.targets.is_empty());
    });
}
