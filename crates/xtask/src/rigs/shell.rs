//! Commands with a deadline, and waits with one.

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Between two looks whether something has come.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a command left.
pub struct Ended {
    /// Whether its exit status was 0.
    pub is_ok: bool,
    /// Its output.
    pub stdout: String,
    /// Its errors.
    pub stderr: String,
}

/// A command that ends after so many seconds at the latest.
pub fn within(seconds: u64, program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &seconds.to_string(), program]);
    command
}

/// Runs to the end, whatever that is, with this on its standard input.
pub fn ended(mut command: Command, input: &str) -> Result<Ended> {
    let shown = crate::run::show(&command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{shown}`"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Who does not read it has ended before.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child
        .wait_with_output()
        .with_context(|| format!("could not wait for `{shown}`"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Ended {
        is_ok: output.status.success(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    })
}

/// Runs, and gives the output; an exit status other than 0 is an error.
pub fn output(command: Command) -> Result<String> {
    fed(command, "")
}

/// As [`output`], with this on its standard input.
pub fn fed(command: Command, input: &str) -> Result<String> {
    let shown = crate::run::show(&command);
    let ended = ended(command, input)?;
    if !ended.is_ok {
        let said = format!("{}{}", ended.stdout, ended.stderr);
        let from = said.len().saturating_sub(3000);
        let tail = said.get(from..).unwrap_or(&said);
        bail!("`{shown}` failed:\n{tail}");
    }
    Ok(ended.stdout)
}

/// Looks again until it is so, or says what was seen last.
pub fn until(
    what: &str,
    seconds: u64,
    mut look: impl FnMut() -> Result<Result<(), String>>,
) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        let last = match look() {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(seen)) => seen,
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() > until {
            bail!("not within {seconds} s: {what}; last seen: {last}");
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
