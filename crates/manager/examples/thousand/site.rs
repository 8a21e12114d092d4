//! The servers: pairs, four targets each, that see each other's disks.

use jiff::Timestamp;
use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use model::ids::DeviceId;
use model::report::{
    Device, DeviceKind, Hardware, Identity, Lnet, LnetNi, LnetState, Lustre, MountData, Report,
    TargetSeen, TargetSource,
};

/// Disks that a pair shares, those of the targets among them.
const DEVICES: usize = 40;
/// Targets that a server has mounted.
pub const TARGETS: usize = 4;
/// Targets of one file system at most: Lustre counts them with 16 bits.
const TARGETS_PER_FS: usize = 40_000;

/// What server `n` shows; `round` is another number each time something changed.
pub fn report(n: usize, round: u64) -> Report {
    let hostname = name(n);
    let identity = Identity {
        machine_id: machine(n),
        boot_id: String::from("boot"),
        fqdn: format!("{hostname}.lab"),
        hostname,
        ..Identity::default()
    };
    let hardware = Hardware {
        n_cpus: 64,
        memory_bytes: 256 << 30,
        memory_available_bytes: round << 26,
        ..Hardware::default()
    };
    let ni = LnetNi {
        nid: nid(n),
        status: "up".into(),
        interfaces: Vec::new(),
        health: None,
    };
    let lnet = Lnet {
        state: LnetState::Up,
        nis: vec![ni],
        ..Lnet::default()
    };
    let lustre = Lustre {
        is_loaded: true,
        version: Some(String::from("2.17.0")),
        targets: (0..2 * TARGETS)
            .flat_map(|k| targets(n, k, round))
            .collect(),
        ..Lustre::default()
    };
    Report {
        format: 1,
        at: Some(Timestamp::now()),
        identity,
        hardware: Some(hardware),
        lnet: Some(lnet),
        devices: Some((0..DEVICES).map(|d| device(n, d)).collect()),
        lustre: Some(lustre),
        ..Report::default()
    }
}

/// Name of server `n`.
pub fn name(n: usize) -> String {
    format!("oss{n:05}")
}

/// Machine-id of server `n`.
pub fn machine(n: usize) -> String {
    format!("{n:032x}")
}

fn nid(n: usize) -> lustre::nid::Nid {
    let text = format!("10.{}.{}.1@tcp", n / 200, n % 200);
    text.parse().expect("is a NID")
}

fn disk(n: usize, d: usize) -> String {
    format!("0x5000c500{:08x}", n / 2 * DEVICES + d)
}

/// The signs of the pair's target `k`: all see its data, one has it mounted.
fn targets(n: usize, k: usize, round: u64) -> Vec<TargetSeen> {
    let number = n / 2 * 2 * TARGETS + k;
    let (fs, index) = (number / TARGETS_PER_FS, number % TARGETS_PER_FS);
    let kind = if index == 0 {
        TargetKind::Mdt
    } else {
        TargetKind::Ost
    };
    let label = TargetLabel::Of {
        fs: FsName::new(&format!("lab{fs:02}")).expect("is a name"),
        kind,
        index: TargetIndex(u16::try_from(index).expect("is small")),
    };
    let nodes = vec![vec![nid(n - n % 2)], vec![nid(n - n % 2 + 1)]];
    let data = MountData {
        mgs_nodes: vec![vec![nid(0)]],
        service_nodes: nodes,
        ..MountData::default()
    };
    let seen = |source| TargetSeen {
        label: label.clone(),
        source,
        evidence: String::from("tunefs.lustre --dryrun"),
        device: Some(DeviceId(format!("wwn:{}", disk(n, k)))),
        device_path: Some(format!("/dev/sd{k}")),
        back_end: Some(String::from("ldiskfs")),
        mount_point: None,
        obd_state: None,
        is_mgs_too: false,
        mount_data: None,
        recovery: None,
        n_clients: None,
        bytes_total: None,
        bytes_available: None,
        inodes_total: None,
        inodes_free: None,
    };
    let mut signs = vec![TargetSeen {
        mount_data: Some(data),
        ..seen(TargetSource::MountData)
    }];
    if k / TARGETS == n % 2 {
        signs.push(TargetSeen {
            mount_point: Some(format!("/lustre/{label}")),
            n_clients: u32::try_from(number % 1000).ok(),
            bytes_total: Some(100 << 40),
            bytes_available: Some((90 << 40) - (round << 20)),
            inodes_total: Some(1 << 30),
            inodes_free: Some(1 << 29),
            ..seen(TargetSource::Mount)
        });
    }
    signs
}

fn device(n: usize, d: usize) -> Device {
    Device {
        id: DeviceId(format!("wwn:{}", disk(n, d))),
        kind: DeviceKind::Disk,
        path: format!("/dev/sd{d}"),
        links: vec![format!("/dev/disk/by-id/wwn-{}", disk(n, d))],
        size_bytes: 18_000_207_937_536,
        parents: Vec::new(),
        model: Some(String::from("ST18000NM004J")),
        serial: Some(format!("ZR5{:04}{d:02}", n / 2)),
        wwn: Some(disk(n, d)),
        transport: Some(String::from("sas")),
        content: None,
        label: None,
        uuid: None,
        is_read_only: false,
        is_rotational: Some(true),
        states: Vec::new(),
    }
}
