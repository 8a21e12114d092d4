//! Builds the demo's captured sites from the collected captures: each becomes
//! one archive under `sites/`. What is taken from where is the table below;
//! nothing is made up, and what was not recorded at a moment is left out.

use crate::run::root;
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// One host of a site.
struct Host {
    name: &'static str,
    machine_id: &'static str,
    moments: &'static [Moment],
}

/// One moment: seconds from the start, and what was recorded.
struct Moment {
    name: &'static str,
    offset_s: u64,
    silent: bool,
    note: &'static str,
    recorded: &'static [Recorded],
}

/// One recorded thing.
enum Recorded {
    /// A command's output: file, the command as the agent asks it, exit status.
    Run(&'static str, &'static str, i32),
    /// A file's content.
    File(&'static str, &'static str),
    /// Lines of a larger output that hold this text, as the output of a command.
    Lines(&'static str, &'static str, &'static str),
    /// Properties of datasets, and those of one dataset as a later format wrote
    /// them: both files print the same properties in two forms.
    Properties(&'static str, &'static str, &'static str),
    /// What was true before is so no more.
    Gone(&'static str),
}

use Recorded::{File, Gone, Lines, Properties, Run};

const ZFS_GET: &str = "zfs get -H -p -o name,property,value,source lustre:svname,lustre:fsname,lustre:index,lustre:flags,lustre:mgsnode,lustre:failover.node,lustre:version";

const NODE1: Host = Host {
    name: "node1",
    machine_id: "1ab01000000000000000000000000001",
    moments: &[
        Moment {
            name: "00-before-modules",
            offset_s: 0,
            silent: false,
            note: "A server with its disks, before any module is loaded.",
            recorded: &[
                Run("00-before-modules/uname", "uname -a", 0),
                File("00-before-modules/os-release", "/etc/os-release"),
                Run("00-before-modules/lsblk-J-O", "lsblk -J -b -O", 0),
                Run(
                    "00-before-modules/udevadm-export-db",
                    "udevadm info --export-db",
                    0,
                ),
                Run("00-before-modules/lctl-dl", "lctl dl", 2),
                Run(
                    "00-before-modules/lnetctl-net-show",
                    "lnetctl net show -v",
                    234,
                ),
            ],
        },
        Moment {
            name: "01-lnet",
            offset_s: 15,
            silent: false,
            note: "LNet is configured.",
            recorded: &[
                Run("01-lnet/lctl-dl-empty", "lctl dl", 0),
                Run("01-lnet/lctl-list_nids", "lctl list_nids", 0),
                Run("01-lnet/lnetctl-net-show-v", "lnetctl net show -v", 0),
            ],
        },
        Moment {
            name: "02-mounted",
            offset_s: 30,
            silent: false,
            note: "The file system is formatted and mounted: every target is on node1.",
            recorded: &[
                Run("02-mkfs-mount/zpool-status-json", "zpool status -j", 0),
                Run("02-mkfs-mount/zpool-list-H-p", "zpool list -H -p", 0),
                Run("02-mkfs-mount/zpool-get-all", "zpool get all", 0),
                Properties(
                    "02-mkfs-mount/zfs-get-lustre",
                    "02-mkfs-mount/mkfs-ost2-reformat",
                    "lab-ost2/ost2",
                ),
                Run("02-mkfs-mount/lsblk-J-after-format", "lsblk -J -b -O", 0),
                Run("02-mkfs-mount/mount-t-lustre", "mount -t lustre", 0),
                Run("02-mkfs-mount/lctl-dl-with-client", "lctl dl", 0),
            ],
        },
        Moment {
            name: "06-dead",
            offset_s: 60,
            silent: true,
            note: "The kernel of node1 stopped with an LBUG: its agent is silent.",
            recorded: &[],
        },
        Moment {
            name: "06-back",
            offset_s: 180,
            silent: false,
            note: "node1 is back, serves OST0003, and is a client.",
            recorded: &[
                Run("06-failover/node1-lctl-dl", "lctl dl", 0),
                Lines(
                    "02-mkfs-mount/mount-t-lustre",
                    "/lustre/ost3",
                    "mount -t lustre",
                ),
                Gone("zpool status -j"),
                Gone("zpool list -H -p"),
                Gone("zpool get all"),
                Gone(ZFS_GET),
            ],
        },
    ],
};

const NODE2: Host = Host {
    name: "node2",
    machine_id: "1ab01000000000000000000000000002",
    moments: &[
        Moment {
            name: "06-before",
            offset_s: 0,
            silent: false,
            note: "The partner: it sees the same disks, and serves nothing.",
            recorded: &[Run("06-failover/node2-lsblk", "lsblk -J -b -O", 0)],
        },
        Moment {
            name: "06-takeover",
            offset_s: 90,
            silent: false,
            note: "node2 has taken over MDT0000 and OST0000; recovery waits for the rest.",
            recorded: &[
                Run(
                    "06-failover/node2-recovery_status-1",
                    "lctl get_param *.*.recovery_status",
                    0,
                ),
                Lines(
                    "04-admin/snapshot_list-mounted",
                    "/lustre/mgs ",
                    "mount -t lustre",
                ),
            ],
        },
        Moment {
            name: "03-running",
            offset_s: 120,
            silent: false,
            note: "node2 serves all targets but OST0003; clients are on both.",
            recorded: &[
                Run("03-running/get_param-all", "lctl get_param -R *", 0),
                Run(
                    "03-running/recovery_status",
                    "lctl get_param *.*.recovery_status",
                    0,
                ),
                Run("03-running/mgs-live", "lctl get_param mgs.MGS.live.*", 0),
                Run("03-running/lctl-dl", "lctl dl", 0),
                Run("03-running/lnetctl-net-show-v4", "lnetctl net show -v", 0),
                Run("03-running/lctl-lustre_build_version", "lctl --version", 0),
                Lines(
                    "04-admin/snapshot_list-mounted",
                    " type lustre ",
                    "mount -t lustre",
                ),
            ],
        },
    ],
};

/// Writes every archive.
pub fn build() -> Result<()> {
    let from = root().join("../shared/fixtures/live-lustre-2.17.0");
    if !from.is_dir() {
        println!(
            "skipped: the collected captures are not beside this clone; the archives stay as they are"
        );
        return Ok(());
    }
    let about = json!({"name": "lab01", "note": "A real Lustre 2.17.0 file system on two servers that share their disks."});
    site("lab01", &about, &[NODE1, NODE2], &from)
}

fn site(name: &str, about: &Value, hosts: &[Host], from: &Path) -> Result<()> {
    let path = root().join(format!("sites/{name}.tar.gz"));
    let file =
        fs::File::create(&path).with_context(|| format!("could not write {}", path.display()))?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    put(
        &mut archive,
        &format!("{name}/site.json"),
        &serde_json::to_vec_pretty(about)?,
    )?;
    for host in hosts {
        let folder = format!("{name}/{}", host.name);
        let moments = host.moments.iter().map(|moment| {
            json!({"name": moment.name, "offset_s": moment.offset_s, "note": moment.note, "silent": moment.silent})
        });
        let about = json!({
            "format": 1,
            "hostname": host.name,
            "machine_id": host.machine_id,
            "note": "Captured 2026-11-21 on a virtual machine; the machine id stands in for one that was not recorded.",
            "moments": moments.collect::<Vec<_>>(),
        });
        put(
            &mut archive,
            &format!("{folder}/host.json"),
            &serde_json::to_vec_pretty(&about)?,
        )?;
        for moment in host.moments {
            write_moment(
                &mut archive,
                &format!("{folder}/{}", moment.name),
                moment,
                from,
            )?;
        }
    }
    archive.into_inner()?.finish()?;
    println!(
        "{} has {} bytes",
        path.display(),
        fs::metadata(&path)?.len()
    );
    Ok(())
}

type Archive = tar::Builder<GzEncoder<fs::File>>;

fn write_moment(archive: &mut Archive, folder: &str, moment: &Moment, from: &Path) -> Result<()> {
    let mut index = String::new();
    for (number, recorded) in (1..).zip(moment.recorded) {
        let blob = format!("{number:04}.out");
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let read = |file: &str, ending: &str| {
            let path = from.join(format!("{file}{ending}"));
            fs::read(&path).with_context(|| format!("could not read {}", path.display()))
        };
        let line = match recorded {
            Run(file, command, exit) => {
                put(archive, &format!("{folder}/{blob}"), &read(file, ".txt")?)?;
                let mut line = json!({"argv": words(command), "exit": exit, "stdout": blob});
                if let Ok(stderr) = read(file, ".stderr.txt") {
                    let name = format!("{number:04}.err");
                    put(archive, &format!("{folder}/{name}"), &stderr)?;
                    line["stderr"] = json!(name);
                }
                line
            }
            File(file, path) => {
                put(archive, &format!("{folder}/{blob}"), &read(file, ".txt")?)?;
                json!({"file": path, "data": blob})
            }
            Lines(file, text, command) => {
                let all = String::from_utf8_lossy(&read(file, ".txt")?).into_owned();
                let kept: Vec<&str> = all
                    .split_inclusive('\n')
                    .filter(|line| line.contains(text))
                    .collect();
                put(
                    archive,
                    &format!("{folder}/{blob}"),
                    kept.concat().as_bytes(),
                )?;
                json!({"argv": words(command), "exit": 0, "stdout": blob})
            }
            Properties(file, format, dataset) => {
                let old = String::from_utf8_lossy(&read(file, ".txt")?).into_owned();
                let new = String::from_utf8_lossy(&read(format, ".txt")?).into_owned();
                let of_other = old
                    .lines()
                    .filter(|line| !line.starts_with(&format!("{dataset}\t")));
                let written = new.lines().filter_map(|line| line.trim().split_once('='));
                let written = written.filter(|(key, _)| key.starts_with("lustre:"));
                let written =
                    written.map(|(key, value)| format!("{dataset}\t{key}\t{value}\tlocal"));
                let all: Vec<String> = of_other.map(str::to_owned).chain(written).collect();
                put(
                    archive,
                    &format!("{folder}/{blob}"),
                    (all.join("\n") + "\n").as_bytes(),
                )?;
                json!({"argv": words(ZFS_GET), "exit": 0, "stdout": blob})
            }
            Gone(command) => json!({"argv": words(command), "gone": true}),
        };
        index.push_str(&format!("{line}\n"));
    }
    put(archive, &format!("{folder}/index.jsonl"), index.as_bytes())
}

/// A file with nothing of this machine or time in its header.
fn put(archive: &mut Archive, path: &str, bytes: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(u64::try_from(bytes.len())?);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    archive.append_data(&mut header, path, bytes)?;
    Ok(())
}
