//! Starts other programs, says what it starts, and finds the project's root.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's root folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("crates/xtask lies two folders below the root")
        .to_path_buf()
}

/// A command that runs in the project's root.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Runs to the end; an exit status other than 0 is an error that names the command.
pub fn run(mut command: Command) -> Result<()> {
    let shown = show(&command);
    eprintln!("+ {shown}");
    let status = command
        .status()
        .with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// The command as one would type it.
pub fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a program of this name is found.
pub fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Installs Debian or Ubuntu packages, or says what to install.
pub fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if !has("apt-get") {
        bail!("please install: {list} (this system has no apt-get)");
    }
    let prefix: &[&str] = if has("sudo") && !is_root() {
        &["sudo", "-n"]
    } else {
        &[]
    };
    if prefix.is_empty() && !is_root() {
        bail!("please install: {list} (`apt-get install {list}` as root)");
    }
    for words in [
        &["apt-get", "-qq", "update"][..],
        &["apt-get", "-qq", "-y", "--no-install-recommends", "install"],
    ] {
        let mut all: Vec<&str> = prefix.to_vec();
        all.extend(words);
        if words.contains(&"install") {
            all.extend(packages);
        }
        let mut step = command(all[0], &all[1..]);
        step.env("DEBIAN_FRONTEND", "noninteractive");
        run(step).with_context(|| format!("please install by hand: {list}"))?;
    }
    Ok(())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}
