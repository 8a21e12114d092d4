//! What answers which program. Each part of the world has a file of its own
//! with the programs that belong to it.

use super::World;
use super::host::{Host, HostName};
use agent::host::Output;
use std::time::Duration;

/// Whether a host has the program.
pub fn is_installed(host: &Host, argv: &[String]) -> bool {
    let program = argv.first().map_or("", String::as_str);
    !host.without.contains(program)
}

/// How long a command takes; none if it ends only by something else.
pub fn takes(_world: &World, host: &HostName, argv: &[String]) -> Option<Duration> {
    let _ = host;
    let _ = argv;
    Some(Duration::from_millis(50))
}

/// Runs it: its effect, and its output as the real tool prints it.
pub fn run(_world: &mut World, _host: &HostName, argv: &[String]) -> Output {
    let program = argv.first().map_or("", String::as_str);
    failed(127, &format!("{program}: command not found"))
}

/// Something of a part is due.
pub fn part(_world: &mut World, _part: &str, _number: u64) {}

/// A host is about to lose all that is not on disk.
pub fn before_down(_world: &mut World, _host: &HostName) {}

/// A host has booted.
pub fn after_boot(_world: &mut World, _host: &HostName) {}

/// It worked, and printed this.
pub fn printed(stdout: impl Into<Vec<u8>>) -> Output {
    Output {
        exit: 0,
        stdout: stdout.into(),
        stderr: Vec::new(),
        seconds: 0.0,
    }
}

/// It failed, and said this.
pub fn failed(exit: i32, stderr: &str) -> Output {
    Output {
        exit,
        stdout: Vec::new(),
        stderr: format!("{stderr}\n").into_bytes(),
        seconds: 0.0,
    }
}
