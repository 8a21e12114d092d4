//! `mkfs.lustre` and `tunefs.lustre`.

mod words;

use words::{Wanted, exiting, wanted};

use crate::world::World;
use crate::world::command::{failed, printed};
use crate::world::disk::{self, Content, DiskFault, DiskId};
use crate::world::host::HostName;
use crate::world::target::{Place, Standing, TargetData};
use crate::world::zfs;
use agent::host::Output;
use lustre::label::{TargetKind, TargetLabel};

/// The block that `mkfs.lustre` and `tunefs.lustre` print of a target.
fn shown(data: &TargetData, title: &str, name: &str, back_end: &str, flags: u32) -> String {
    let words = lustre::disk::mount_data::flag_words(flags);
    let index = match data.index() {
        0xffff => String::from("unassigned"),
        index => index.to_string(),
    };
    // That of ldiskfs puts one line feed more behind the parameters.
    let end = if back_end == "ldiskfs" { "\n" } else { "" };
    format!(
        "\n   {title}:\nTarget:     {name}\nIndex:      {index}\nLustre FS:  {}\nMount type: {back_end}\nFlags:      {flags:#x}\n              ({} )\nPersistent mount opts: {}\nParameters: {}\n{end}",
        data.fs(),
        words.join(" "),
        data.mount_options,
        data.parameter_line(),
    )
}

/// The flags as `tunefs.lustre` tells them: `first_time` by the name alone.
fn flags_by_name(data: &TargetData) -> u32 {
    let is_new = data.standing == Standing::New && data.label != TargetLabel::Mgs;
    if is_new {
        data.flags()
    } else {
        data.flags() & !0x20
    }
}

/// Answers `mkfs.lustre`.
pub fn run(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    let wanted = match wanted(&words) {
        Ok(wanted) => wanted,
        Err(output) => return output,
    };
    let warning = format!(
        "warning: {}: for Lustre 2.4 and later, the target index must be specified with --index\n",
        wanted.device
    );
    let warning = if wanted.has_index {
        String::new()
    } else {
        warning
    };
    let mut output = if wanted.is_zfs {
        on_zfs(world, host, wanted)
    } else {
        on_ldiskfs(world, host, wanted)
    };
    output.stderr.splice(..0, warning.into_bytes());
    output
}

fn formatted_before(device: &str) -> String {
    format!(
        "\nmkfs.lustre FATAL: Device {device} was previously formatted for lustre. Use --reformat to reformat it, or tunefs.lustre to modify.\nmkfs.lustre: exiting with 1 (Operation not permitted)\n"
    )
}

fn with_errors(exit: i32, stdout: String, stderr: String) -> Output {
    Output {
        exit,
        stderr: stderr.into_bytes(),
        ..printed(stdout)
    }
}

fn on_ldiskfs(world: &mut World, host: &HostName, wanted: Wanted) -> Output {
    let device = &wanted.device;
    let Some(id) = disk::find(world, host, device) else {
        let said = format!(
            "\nmkfs.lustre FATAL: loop device requires a --device-size= param\nmkfs.lustre: Unable to stat {device}: No such file or directory"
        );
        return exiting(2, &said, "No such file or directory");
    };
    let mut text = shown(
        &wanted.data,
        "Permanent disk data",
        &wanted.data.name(),
        "ldiskfs",
        wanted.data.flags(),
    );
    let was = world
        .disks
        .get(&id)
        .map(|disk| disk.content.clone())
        .unwrap_or_default();
    if !wanted.is_reformat {
        let found = matches!(was, Content::Ldiskfs(_));
        text.push_str(if found {
            "checking for existing Lustre data: found\n"
        } else {
            "checking for existing Lustre data: not found\n"
        });
        if found {
            return with_errors(1, text, formatted_before(device));
        }
    }
    if wanted.is_dry {
        return printed(text);
    }
    let (bytes, fault) = world
        .disks
        .get(&id)
        .map_or((0, None), |disk| (disk.bytes, disk.fault));
    let size = bytes >> 20;
    let options = options(&wanted.data, bytes);
    let name = wanted.data.name();
    let kilobytes = bytes >> 10;
    text.push_str(&format!("device size = {size}MB\nformatting backing filesystem ldiskfs on {device}\n\ttarget name   {name}\n\tkilobytes     {kilobytes}\n\toptions       {options}\nmkfs_cmd = mke2fs -j -b 4096 -L {name} {options} {device} {kilobytes}k\n"));
    let problem = obstacle(world, host, &id, device, fault);
    if let Some(problem) = problem {
        text.push_str(&problem);
        let said = format!(
            "\nmkfs.lustre FATAL: Unable to build fs {device} (256)\n\nmkfs.lustre FATAL: mkfs failed 256\n"
        );
        return with_errors(1, text, said);
    }
    text.push_str("Writing CONFIGS/mountdata\n");
    let uuid = new_uuid(world);
    let data = TargetData {
        uuid,
        ..wanted.data
    };
    disk::replace(world, host, &id, Content::Ldiskfs(data));
    printed(text)
}

/// Why `mke2fs` does not make a file system, in its words.
fn obstacle(
    world: &World,
    host: &HostName,
    id: &DiskId,
    device: &str,
    fault: Option<DiskFault>,
) -> Option<String> {
    let why = if disk::mount_of(world, host, id).is_some() {
        format!("{device} is mounted; will not make a filesystem here!")
    } else if zfs::holds(world, host, id) || disk::is_held(world, host, device) {
        format!("{device} is apparently in use by the system; will not make a filesystem here!")
    } else {
        let words = match fault? {
            DiskFault::ReadOnly => {
                "Read-only file system while trying to determine filesystem size"
            }
            DiskFault::Full => "No space left on device while writing out and closing file system",
            DiskFault::Gone | DiskFault::Slow => return None,
        };
        format!("mke2fs: {words}")
    };
    Some(format!("   {why}\n"))
}

/// A UUID of the world's own chance.
pub fn new_uuid(world: &mut World) -> String {
    disk::uuid_from(&world.chance.any().to_string())
}

/// The options that are given to `mke2fs`.
fn options(data: &TargetData, bytes: u64) -> String {
    let is_small = bytes < 8 << 30;
    let common = "dir_nlink,quota,project,huge_file";
    let lazy = "lazy_journal_init,lazy_itable_init=\"0\",packed_meta_blocks -F";
    if data.label.kind() == TargetKind::Ost {
        let (journal, inodes) = if is_small {
            (81, "")
        } else {
            (1024, " -i 1048576")
        };
        return format!(
            " -J size={journal} -I 512{inodes} -q -O uninit_bg,extents,mmp,{common},large_dir,^fast_commit,flex_bg -G 256 -E resize=\"4290772992\",{lazy}"
        );
    }
    let journal = if is_small { 81 } else { 4096 };
    format!(
        " -J size={journal} -I 1024 -i 2560 -q -O uninit_bg,extents,dirdata,mmp,{common},ea_inode,large_dir,^fast_commit,flex_bg -E {lazy}"
    )
}

fn on_zfs(world: &mut World, host: &HostName, wanted: Wanted) -> Output {
    let dataset = wanted.device.clone();
    let mut text = shown(
        &wanted.data,
        "Permanent disk data",
        &wanted.data.name(),
        "zfs",
        wanted.data.flags(),
    );
    let pool = dataset.split('/').next().unwrap_or_default();
    let Some(guid) = zfs::imported(world, host, pool) else {
        let said = format!(
            "\nmkfs.lustre FATAL: Unable to prepare backend (22)\ncannot open '{pool}': no such pool\n\nmkfs.lustre FATAL: mkfs failed 22"
        );
        return exiting(22, &said, "Invalid argument");
    };
    let place = Place::Dataset(guid, dataset.clone());
    let found = world.target(&place).is_some();
    if !wanted.is_reformat {
        text.push_str(if found {
            "checking for existing Lustre data: found\n"
        } else {
            "checking for existing Lustre data: not found\n"
        });
        if found {
            return with_errors(1, text, formatted_before(&dataset));
        }
    }
    if world
        .lustre
        .on(host)
        .any(|(_, running)| running.place == place)
    {
        let said = format!(
            "cannot destroy '{dataset}': dataset is busy\n\nmkfs.lustre FATAL: Unable to build fs {dataset} (256)\n\nmkfs.lustre FATAL: mkfs failed 256\n"
        );
        return with_errors(1, text, said);
    }
    let record = if wanted.data.label.kind() == TargetKind::Ost {
        "  recordsize=1M\n"
    } else {
        ""
    };
    text.push_str(&format!("mkfs_cmd = zfs create -o canmount=off  {dataset}\n  xattr=sa\n  dnodesize=auto\n{record}  compression=off\nWriting {dataset} properties\n"));
    for (key, value) in zfs::properties(&wanted.data) {
        text.push_str(&format!("  lustre:{key}={value}\n"));
    }
    let uuid = new_uuid(world);
    zfs::set_target(
        world,
        host,
        &place,
        TargetData {
            uuid,
            ..wanted.data
        },
    );
    printed(text)
}

/// Answers `tunefs.lustre --dryrun DEVICE` and `--writeconf`.
pub fn tune(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    let device = argv.last().map_or("", String::as_str).to_owned();
    let Some(place) = super::mount::place_of(world, host, &device) else {
        let said = format!(
            "\ntunefs.lustre FATAL: Device {device} has not been formatted with mkfs.lustre\ntunefs.lustre: exiting with 19 (No such device)\n"
        );
        return with_errors(
            19,
            String::from("checking for existing Lustre data: not found\n"),
            said,
        );
    };
    let Some(data) = world.target(&place).cloned() else {
        return failed(19, "tunefs.lustre: exiting with 19 (No such device)");
    };
    let back_end = place.back_end();
    let mut after = data.clone();
    let is_writeconf = argv.iter().any(|word| word == "--writeconf");
    if is_writeconf && after.label != TargetLabel::Mgs {
        after.standing = Standing::WriteConf;
        after.configs.clear();
    }
    let before = shown(
        &data,
        "Read previous values",
        &data.name_with('-'),
        back_end,
        flags_by_name(&data),
    );
    let now = shown(
        &after,
        "Permanent disk data",
        &after.name(),
        back_end,
        flags_by_name(&after),
    );
    let text = format!("checking for existing Lustre data: found\n{before}{now}");
    if argv.iter().any(|word| word == "--dryrun") {
        return printed(format!("{text}exiting before disk write.\n"));
    }
    if let Some(data) = world.target_mut(&place) {
        *data = after;
    }
    printed(text)
}
