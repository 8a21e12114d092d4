//! Targets on ldiskfs: `debugfs`, labels, multiple mount protection.

use super::World;
use super::command::{self, Part, failed, printed, quiet};
use super::disk::{self, Content, DiskId};
use super::host::HostName;
use super::target::TargetData;
use agent::host::Output;
use std::time::Duration;

/// The programs of ldiskfs.
pub const PART: Part = Part {
    name: "ldiskfs",
    programs: &["debugfs", "e2label"],
    run: |world, host, argv| match command::program(argv) {
        "debugfs" => debugfs(world, host, argv),
        _ => e2label(world, host, argv),
    },
    takes: |_, _, _| Duration::from_millis(300),
    ..Part::BARE
};

/// How long a mount looks whether another host still writes to the device that
/// says it is in use.
pub const MMP_CHECK: Duration = Duration::from_secs(42);

const PAGE: usize = 4096;

/// `CONFIGS/mountdata` of a target. The name in it keeps the separator of the
/// format; the label of the file system is what changes.
pub fn mount_data(data: &TargetData) -> Vec<u8> {
    let mut file = vec![0_u8; 3 * PAGE];
    let mut put = |at: usize, bytes: &[u8], room: usize| {
        let bytes = bytes.get(..bytes.len().min(room - 1)).unwrap_or(bytes);
        if let Some(to) = file.get_mut(at..at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
    };
    put(0, &lustre::disk::mount_data::MAGIC.to_le_bytes(), 5);
    put(16, &1_u32.to_le_bytes(), 5);
    put(20, &data.flags().to_le_bytes(), 5);
    put(24, &data.index().to_le_bytes(), 5);
    put(28, &1_u32.to_le_bytes(), 5);
    put(32, data.fs().as_bytes(), 64);
    put(96, data.name_with(':').as_bytes(), 64);
    put(PAGE, data.mount_options.as_bytes(), PAGE);
    put(
        2 * PAGE,
        format!(" {}", data.parameter_line()).as_bytes(),
        PAGE,
    );
    file
}

fn debugfs(world: &World, host: &HostName, argv: &[String]) -> Output {
    let said = "debugfs 1.47.1-wc2 (20-May-2024)\n";
    let path = argv.last().map_or("", String::as_str);
    let request = argv
        .iter()
        .position(|word| word == "-R")
        .and_then(|at| argv.get(at + 1));
    let content = disk::find(world, host, path)
        .and_then(|id| world.disks.get(&id))
        .map(|disk| &disk.content);
    let problem = match content {
        Some(Content::Ldiskfs(data)) => {
            let is_data = request.is_some_and(|request| request == "cat CONFIGS/mountdata");
            let stdout = if is_data {
                mount_data(data)
            } else {
                Vec::new()
            };
            return Output {
                stderr: said.as_bytes().to_vec(),
                ..printed(stdout)
            };
        }
        Some(Content::FileSystem { kind, .. }) if kind == "ext4" => {
            let text = format!("{said}CONFIGS/mountdata: File not found by ext2_lookup \n");
            return Output {
                stderr: text.into_bytes(),
                ..quiet()
            };
        }
        Some(_) => "Bad magic number in super-block",
        None => "No such file or directory",
    };
    failed(
        1,
        &format!("{said}debugfs: {problem} while trying to open {path}\ncat: Filesystem not open"),
    )
}

fn e2label(world: &World, host: &HostName, argv: &[String]) -> Output {
    let path = argv.get(1).map_or("", String::as_str);
    let content =
        disk::find(world, host, path).and_then(|id| world.disks.get(&id)?.content.known());
    match content {
        Some(("ext4", label, _)) => printed(format!("{label}\n")),
        _ => failed(
            1,
            &format!("e2label: Bad magic number in super-block while trying to open {path}"),
        ),
    }
}

/// Who multiple mount protection says uses a disk, besides this host.
pub fn user(world: &World, host: &HostName, id: &DiskId) -> Option<(HostName, u32)> {
    match &world.disks.get(id)?.content {
        Content::Ldiskfs(data) => data.mmp.clone().filter(|(user, boot)| {
            let here = world.hosts.get(host);
            user != host || here.is_some_and(|here| here.boot != *boot)
        }),
        _ => None,
    }
}

/// Whether that user still lives, and so still writes.
pub fn is_alive(world: &World, user: &(HostName, u32)) -> bool {
    let state = world.hosts.get(&user.0);
    state.is_some_and(|state| state.is_up && state.boot == user.1)
}
