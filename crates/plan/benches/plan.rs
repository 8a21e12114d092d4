//! How long a plan takes: from nothing, when there is nothing to do, and when
//! one server changed. Servers stand in pairs that share eight disks.

use detect::Detector;
use jiff::Timestamp;
use model::graph::Consent;
use model::ids::{DeviceId, ServerId};
use model::inventory::Inventory;
use model::report::{
    Device, DeviceKind, Interface, Lnet, LnetNi, LnetState, Lustre, MgsFs, MgsTarget, Mount,
    MountData, Report, TargetSeen, TargetSource,
};
use model::spec::{
    BackEnd, FsSpec, FsWanted, HaGroup, HaManager, MgsSpec, NetworkSpec, ServerSpec, Spec,
    TargetsSpec,
};
use model::step::Step;
use plan::{Plan, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [u32; 4] = [10, 100, 1_000, 10_000];

fn main() {
    divan::main();
}

struct Site {
    reports: BTreeMap<ServerId, Arc<Report>>,
    ids: BTreeSet<ServerId>,
    inventory: Inventory,
    spec: Spec,
}

impl Site {
    fn world(&self) -> World<'_> {
        World {
            inventory: &self.inventory,
            reports: &self.reports,
            managed: &self.ids,
            online: &self.ids,
            now_ms: 0,
        }
    }

    fn look(&mut self) {
        let mut detector = Detector::new();
        let all = self.reports.iter();
        let all = all.map(|(id, report)| (*id, Arc::clone(report), false));
        detector.put_all(all.collect());
        self.inventory = detector.inventory().clone();
    }

    fn blank(n: u32, manager: HaManager) -> Self {
        let mut site = Self {
            reports: (0..n).map(|nth| (id(nth), Arc::new(report(nth)))).collect(),
            ids: (0..n).map(id).collect(),
            inventory: Inventory::default(),
            spec: spec(n, manager),
        };
        site.look();
        site
    }

    /// The same after its plan was carried out.
    fn built(n: u32) -> Self {
        let mut site = Self::blank(n, HaManager::None);
        let made = plan(&site);
        assert!(!made.has_errors(), "{:?}", made.findings.first());
        let mut reports: BTreeMap<ServerId, Report> = BTreeMap::new();
        for (id, report) in &site.reports {
            reports.insert(*id, (**report).clone());
        }
        for planned in &made.graph.steps {
            carry_out(&mut reports, planned.on, &planned.step);
        }
        site.reports = reports
            .into_iter()
            .map(|(id, one)| (id, Arc::new(one)))
            .collect();
        site.look();
        site
    }
}

fn id(nth: u32) -> ServerId {
    ServerId(uuid::Uuid::from_u128(u128::from(nth) + 1))
}

fn nid(nth: u32) -> String {
    format!("10.{}.{}.{}@tcp", nth >> 16, (nth >> 8) & 255, nth & 255)
}

fn device(disk: u32) -> Device {
    Device {
        id: DeviceId(format!("wwn:0x5000{disk:012x}")),
        kind: DeviceKind::Disk,
        path: format!("/dev/mapper/d{disk}"),
        links: vec![format!("/dev/disk/by-id/wwn-0x5000{disk:012x}")],
        size_bytes: 1 << 44,
        parents: vec![],
        model: Some("BIG".into()),
        serial: Some(format!("S{disk}")),
        wwn: Some(format!("0x5000{disk:012x}")),
        transport: Some("sas".into()),
        content: None,
        label: None,
        uuid: None,
        is_read_only: false,
        is_rotational: Some(true),
        states: vec![],
    }
}

fn report(nth: u32) -> Report {
    let disks = (nth / 2 * 8)..(nth / 2 * 8 + 8);
    let mut report = Report {
        at: Some(Timestamp::UNIX_EPOCH),
        devices: Some(disks.map(device).collect()),
        zpools: Some(vec![]),
        datasets: Some(vec![]),
        mounts: Some(vec![]),
        lnet: Some(Lnet::default()),
        lustre: Some(Lustre::default()),
        ..Report::default()
    };
    report.identity.hostname = format!("s{nth:05}");
    report.identity.fqdn = format!("s{nth:05}.example.org");
    report.interfaces = Some(vec![Interface {
        name: "eth0".into(),
        addresses: vec![nid(nth).replace("@tcp", "/8")],
        is_up: true,
        ..Interface::default()
    }]);
    report
}

fn spec(n: u32, manager: HaManager) -> Spec {
    let targets = |count: u32| TargetsSpec {
        count: Some(u16::try_from(count).unwrap()),
        ..TargetsSpec::default()
    };
    let pair = |nth: u32| HaGroup {
        name: format!("p{nth}"),
        servers: format!("s{:05},s{:05}", nth * 2, nth * 2 + 1),
        manager,
        fencing: (manager == HaManager::Pacemaker).then(|| model::spec::Fencing {
            agent: "fence_ipmilan".into(),
            servers: (0..2)
                .map(|one| (format!("s{:05}", nth * 2 + one), BTreeMap::new()))
                .collect(),
            ..model::spec::Fencing::default()
        }),
        ..HaGroup::default()
    };
    Spec {
        candela: 1,
        servers: vec![ServerSpec {
            names: format!("s[00000-{:05}]", n - 1),
            ..ServerSpec::default()
        }],
        ha_groups: (0..n / 2).map(pair).collect(),
        networks: vec![NetworkSpec {
            net: "tcp".into(),
            interfaces: vec!["eth0".into()],
            servers: None,
        }],
        filesystems: vec![FsSpec {
            name: "big".parse().unwrap(),
            state: FsWanted::Mounted,
            back_end: BackEnd::Ldiskfs,
            mgs: MgsSpec::Own(Box::default()),
            mdts: vec![targets(4)],
            osts: vec![targets(n * 4 - 5)],
        }],
        ..Spec::default()
    }
}

fn carry_out(reports: &mut BTreeMap<ServerId, Report>, on: ServerId, step: &Step) {
    match step {
        Step::LnetUp(_) => {
            let report = reports.get_mut(&on).unwrap();
            let nth = u32::try_from(on.0.as_u128() - 1).unwrap();
            report.lnet = Some(Lnet {
                state: LnetState::Up,
                nis: vec![LnetNi {
                    nid: nid(nth).parse().unwrap(),
                    status: "up".into(),
                    interfaces: vec!["eth0".into()],
                    health: None,
                }],
                ..Lnet::default()
            });
        }
        Step::TargetFormatted(step) => {
            let nth = u32::try_from(on.0.as_u128() - 1).unwrap();
            for other in [nth / 2 * 2, nth / 2 * 2 + 1] {
                let report = reports.get_mut(&id(other)).unwrap();
                let mut devices = report.devices.iter_mut().flatten();
                let device = devices.find(|one| one.id == step.device.id).unwrap();
                device.content = Some("ext4".into());
                device.label = Some(step.label.to_string());
                let data = MountData {
                    mgs_nodes: step.mgs_nodes.clone(),
                    service_nodes: step.service_nodes.clone(),
                    ..MountData::default()
                };
                let seen = seen(step, TargetSource::MountData, Some(data), None);
                report.lustre.as_mut().unwrap().targets.push(seen);
            }
        }
        Step::TargetMounted(step) => {
            let report = reports.get_mut(&on).unwrap();
            report.mounts.as_mut().unwrap().push(Mount {
                source: step.device.path.clone(),
                mount_point: step.mount_point.clone(),
                fs_type: "lustre".into(),
                options: String::new(),
            });
            let of = report.lustre.as_mut().unwrap();
            let first = of.targets.iter().find(|one| one.label == step.label);
            let mounted = TargetSeen {
                source: TargetSource::Mount,
                mount_data: None,
                mount_point: Some(step.mount_point.clone()),
                ..first.unwrap().clone()
            };
            of.targets.push(mounted);
            let mgs = reports.get_mut(&id(0)).unwrap().lustre.as_mut().unwrap();
            if mgs.mgs.is_empty() {
                mgs.mgs.push(MgsFs {
                    fs: "big".parse().unwrap(),
                    evidence: "mgs.MGS.live.big".into(),
                    targets: vec![],
                    ir_state: None,
                });
            }
            if step.label.fs().is_some() {
                mgs.mgs[0]
                    .targets
                    .push(MgsTarget::named(step.label.clone()));
            }
        }
        _ => {}
    }
}

fn seen(
    step: &model::step::TargetFormatted,
    source: TargetSource,
    mount_data: Option<MountData>,
    mount_point: Option<String>,
) -> TargetSeen {
    TargetSeen {
        label: step.label.clone(),
        source,
        evidence: "seen".into(),
        device: Some(step.device.id.clone()),
        device_path: Some(step.device.path.clone()),
        back_end: Some("ldiskfs".into()),
        mount_point,
        obd_state: None,
        is_mgs_too: false,
        mount_data,
        recovery: None,
        n_clients: None,
        bytes_total: None,
        bytes_available: None,
        inodes_total: None,
        inodes_free: None,
    }
}

fn plan(site: &Site) -> Plan {
    let first = plan::plan(&site.spec, site.world(), &[], &[]);
    let given = first.consent_needed.iter().map(|needed| Consent {
        device: needed.device.clone(),
        signature: needed.signature.clone(),
        by: "ada".into(),
        at_ms: 0,
    });
    let given: Vec<Consent> = given.collect();
    plan::plan(&site.spec, site.world(), &[], &given)
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn from_nothing(bencher: divan::Bencher, n: u32) {
    let site = Site::blank(n, HaManager::None);
    let made = plan(&site);
    assert!(!made.has_errors() && made.graph.steps.len() >= 8 * n as usize);
    bencher.bench(|| plan::plan(&site.spec, site.world(), &[], &[]));
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn from_nothing_with_pacemaker(bencher: divan::Bencher, n: u32) {
    let site = Site::blank(n, HaManager::Pacemaker);
    let made = plan(&site);
    assert!(!made.has_errors(), "{:?}", made.findings.first());
    bencher.bench(|| plan::plan(&site.spec, site.world(), &[], &[]));
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn nothing_to_do(bencher: divan::Bencher, n: u32) {
    let site = Site::built(n);
    let made = plan::plan(&site.spec, site.world(), &[], &[]);
    assert!(
        made.is_settled(),
        "{:?} {:?}",
        made.findings.first(),
        made.waiting.first()
    );
    bencher.bench(|| plan::plan(&site.spec, site.world(), &[], &[]));
}

/// A site whose planner has settled, and its last server's target unmounted.
fn kept(n: u32) -> (Site, plan::Planner, Arc<Spec>) {
    let site = Site::built(n);
    let spec = Arc::new(site.spec.clone());
    let mut planner = plan::Planner::new();
    for _ in 0..2 {
        let made = planner.plan(&spec, site.world(), &BTreeSet::new(), &[], &[]);
        assert!(made.is_settled());
    }
    (site, planner, spec)
}

#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn nothing_to_do_again(bencher: divan::Bencher, n: u32) {
    let (site, mut planner, spec) = kept(n);
    bencher.bench_local(|| planner.plan(&spec, site.world(), &BTreeSet::new(), &[], &[]));
}

#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn one_server_changed(bencher: divan::Bencher, n: u32) {
    let (mut site, mut planner, spec) = kept(n);
    let last = id(n - 1);
    let changed = BTreeSet::from([last]);
    let mut report = (*site.reports[&last]).clone();
    let lustre = report.lustre.as_mut().unwrap();
    let at = lustre
        .targets
        .iter()
        .rposition(|one| one.mount_point.is_some());
    lustre.targets.remove(at.unwrap());
    report.mounts.as_mut().unwrap().pop();
    site.reports.insert(last, Arc::new(report));
    site.look();
    let made = planner.plan(&spec, site.world(), &changed, &[], &[]);
    assert_eq!(made.graph.steps.len(), 1, "{:?}", made.findings);
    bencher.bench_local(|| planner.plan(&spec, site.world(), &changed, &[], &[]));
}

/// The wizard's first proposal, on bare servers and an empty spec.
#[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
fn proposal(bencher: divan::Bencher, n: u32) {
    let site = Site::blank(n, HaManager::None);
    let wish = serde_json::from_value(serde_json::json!({"name": "lab"})).unwrap();
    let spec = Spec::default();
    let made = plan::propose(&wish, &spec, site.world());
    assert!(!made.targets.is_empty(), "{:?}", made.findings);
    bencher.bench(|| plan::propose(&wish, &spec, site.world()));
}
