//! Builds the demo's captured sites from the collected captures: each becomes
//! one archive under `sites/`. What is taken from where stands in the tables of
//! `sites/`; what was not recorded at a moment is
//! left out, and what was reshaped is told in `sites/README.md`.

mod lab01;
mod tree;
mod valley;

use crate::run::root;
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// One site.
struct Site {
    name: &'static str,
    note: &'static str,
    /// Its folder of the collected captures.
    from: &'static str,
    hosts: Vec<Host>,
}

/// One host of a site.
struct Host {
    name: &'static str,
    machine_id: &'static str,
    note: &'static str,
    moments: Vec<Moment>,
}

/// One moment: seconds from the start, and what was recorded.
struct Moment {
    name: &'static str,
    offset_s: u64,
    silent: bool,
    note: &'static str,
    recorded: Vec<Recorded>,
}

/// One recorded thing.
enum Recorded {
    /// A command's output: file, the command as the agent asks it, exit status.
    Run(&'static str, &'static str, i32),
    /// A file's content.
    File(&'static str, &'static str),
    /// Lines of a larger output that hold any of these texts, as the output of a command.
    Lines(&'static str, &'static [&'static str], &'static str),
    /// Lines of an output of several commands, from one that begins with the
    /// first text up to one that begins with the second, as the output of a command.
    Part(&'static str, &'static str, &'static str, &'static str),
    /// A kernel log up to a time, as the output of a command.
    Until(&'static str, &'static str, &'static str),
    /// Properties of datasets, and those of one dataset as a later format wrote
    /// them: both files print the same properties in two forms.
    Properties(&'static str, &'static str, &'static str),
    /// The block devices of a host's device tree, as `lsblk` prints them.
    TreeBlocks(&'static str, &'static str),
    /// The same devices, as the udev database.
    TreeUdev(&'static str, &'static str),
    /// The mounts of a host's device tree.
    TreeMounts(&'static str, &'static str),
    /// The NIDs of a host in a manager's state, as `lctl list_nids` prints them.
    NidsOf(&'static str, &'static str),
    /// What was true before is so no more.
    Gone(&'static str),
}

/// What stands in the archive for one recorded thing: its line of the index, and its bytes.
struct Written {
    line: Value,
    stdout: Option<Vec<u8>>,
    stderr: Option<Vec<u8>>,
}

const ZFS_GET: &str = "zfs get -H -p -o name,property,value,source lustre:svname,lustre:fsname,lustre:index,lustre:flags,lustre:mgsnode,lustre:failover.node,lustre:version";

/// Writes every archive.
pub fn build() -> Result<()> {
    let from = root().join("../shared/fixtures");
    if !from.is_dir() {
        println!(
            "skipped: the collected captures are not beside this clone; the archives stay as they are"
        );
        return Ok(());
    }
    for site in [lab01::site(), valley::site()] {
        write_site(&site, &from.join(site.from))?;
    }
    Ok(())
}

fn write_site(site: &Site, from: &Path) -> Result<()> {
    let name = site.name;
    let path = root().join(format!("sites/{name}.tar.gz"));
    let file =
        fs::File::create(&path).with_context(|| format!("could not write {}", path.display()))?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    let about = json!({"name": name, "note": site.note});
    put(
        &mut archive,
        &format!("{name}/site.json"),
        &serde_json::to_vec_pretty(&about)?,
    )?;
    for host in &site.hosts {
        write_host(&mut archive, &format!("{name}/{}", host.name), host, from)?;
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

fn write_host(archive: &mut Archive, folder: &str, host: &Host, from: &Path) -> Result<()> {
    let moments = host.moments.iter().map(|moment| {
        json!({"name": moment.name, "offset_s": moment.offset_s, "note": moment.note, "silent": moment.silent})
    });
    let about = json!({
        "format": 1,
        "hostname": host.name,
        "machine_id": host.machine_id,
        "note": host.note,
        "moments": moments.collect::<Vec<_>>(),
    });
    put(
        archive,
        &format!("{folder}/host.json"),
        &serde_json::to_vec_pretty(&about)?,
    )?;
    for moment in &host.moments {
        write_moment(archive, &format!("{folder}/{}", moment.name), moment, from)?;
    }
    Ok(())
}

fn write_moment(archive: &mut Archive, folder: &str, moment: &Moment, from: &Path) -> Result<()> {
    let mut index = String::new();
    for (number, recorded) in (1..).zip(&moment.recorded) {
        let mut written = write(recorded, from)?;
        let is_file = written.line.get("file").is_some();
        for (bytes, ending, key) in [
            (
                written.stdout,
                "out",
                if is_file { "data" } else { "stdout" },
            ),
            (written.stderr, "err", "stderr"),
        ] {
            let Some(bytes) = bytes else { continue };
            let name = format!("{number:04}.{ending}");
            put(archive, &format!("{folder}/{name}"), &bytes)?;
            written.line[key] = json!(name);
        }
        index.push_str(&format!("{}\n", written.line));
    }
    put(archive, &format!("{folder}/index.jsonl"), index.as_bytes())
}

fn write(recorded: &Recorded, from: &Path) -> Result<Written> {
    // Most captures end in `.txt`, which the tables leave out.
    let read = |file: &str| {
        let bytes = fs::read(from.join(format!("{file}.txt")));
        let bytes = bytes.or_else(|_| fs::read(from.join(file)));
        bytes.with_context(|| format!("could not read {file} in {}", from.display()))
    };
    let text =
        |file: &str| -> Result<String> { Ok(String::from_utf8_lossy(&read(file)?).into_owned()) };
    let ran = |command: &str, output: String| {
        let line = json!({"argv": words(command), "exit": 0});
        Ok(Written {
            line,
            stdout: Some(output.into_bytes()),
            stderr: None,
        })
    };
    match recorded {
        Recorded::Run(file, command, exit) => Ok(Written {
            line: json!({"argv": words(command), "exit": exit}),
            stdout: Some(read(file)?),
            stderr: read(&format!("{file}.stderr")).ok(),
        }),
        Recorded::File(file, path) => Ok(as_file(path, read(file)?)),
        Recorded::Lines(file, texts, command) => ran(command, lines_with(&text(file)?, texts)),
        Recorded::Part(file, first, end, command) => ran(command, part(&text(file)?, first, end)),
        Recorded::Until(file, time, command) => ran(command, until(&text(file)?, time)),
        Recorded::Properties(file, format, dataset) => {
            ran(ZFS_GET, properties(&text(file)?, &text(format)?, dataset))
        }
        Recorded::TreeBlocks(file, host) => {
            ran("lsblk -J -b -O", tree::tell(&read(file)?, host)?.lsblk)
        }
        Recorded::TreeUdev(file, host) => ran(
            "udevadm info --export-db",
            tree::tell(&read(file)?, host)?.udev,
        ),
        Recorded::TreeMounts(file, host) => {
            let mounts = tree::tell(&read(file)?, host)?.mounts;
            Ok(as_file("/proc/mounts", mounts.into_bytes()))
        }
        Recorded::NidsOf(file, host) => ran("lctl list_nids", nids_of(&read(file)?, host)?),
        Recorded::Gone(command) => Ok(Written {
            line: json!({"argv": words(command), "gone": true}),
            stdout: None,
            stderr: None,
        }),
    }
}

fn as_file(path: &str, bytes: Vec<u8>) -> Written {
    Written {
        line: json!({"file": path}),
        stdout: Some(bytes),
        stderr: None,
    }
}

/// `10.0.0.1@tcp0` of the state is `10.0.0.1@tcp` of `lctl`.
fn nids_of(state: &[u8], host: &str) -> Result<String> {
    let state: Value = serde_json::from_slice(state)?;
    let hosts = state.get("host").and_then(Value::as_object);
    let found = hosts
        .into_iter()
        .flat_map(|hosts| hosts.values())
        .find(|one| one["fqdn"] == host);
    let found = found.with_context(|| format!("{host} is not in the state"))?;
    let nids = found["nids"].as_array().into_iter().flatten();
    let first_net = |nid: &str| {
        let bare = nid.strip_suffix('0')?;
        (!bare.ends_with(|c: char| c.is_ascii_digit())).then(|| bare.to_owned())
    };
    let nids = nids.filter_map(Value::as_str);
    let nids = nids.map(|nid| first_net(nid).unwrap_or_else(|| nid.to_owned()) + "\n");
    Ok(nids.collect())
}

fn words(command: &str) -> Vec<&str> {
    command.split(' ').collect()
}

fn lines_with(all: &str, texts: &[&str]) -> String {
    all.split_inclusive('\n')
        .filter(|line| texts.iter().any(|text| line.contains(text)))
        .collect()
}

fn part(all: &str, first: &str, end: &str) -> String {
    let is_end = |line: &&str| end.is_empty() || !line.starts_with(end);
    all.split_inclusive('\n')
        .skip_while(|line| !line.starts_with(first))
        .take_while(is_end)
        .collect()
}

fn until(all: &str, time: &str) -> String {
    all.split_inclusive('\n')
        .take_while(|line| line.split(' ').next().unwrap_or_default() <= time)
        .collect()
}

fn properties(old: &str, new: &str, dataset: &str) -> String {
    let of_other = old
        .lines()
        .filter(|line| !line.starts_with(&format!("{dataset}\t")));
    let written = new.lines().filter_map(|line| line.trim().split_once('='));
    let written = written.filter(|(key, _)| key.starts_with("lustre:"));
    let written = written.map(|(key, value)| format!("{dataset}\t{key}\t{value}\tlocal"));
    let all: Vec<String> = of_other.map(str::to_owned).chain(written).collect();
    all.join("\n") + "\n"
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
