//! `candela login`.

use crate::args::LoginArgs;
use crate::client::Client;
use crate::profile::{self, Profile};
use anyhow::{Context, Result, bail};
use rustix::termios::{LocalModes, OptionalActions, isatty, tcgetattr, tcsetattr};
use std::io::{BufRead, Write};

/// Logs in, keeps a token in the profile.
pub async fn run(args: LoginArgs) -> Result<()> {
    let profile = profile::for_login(args.url)?;
    let password = ask(&format!("Password of {} at {}: ", args.user, profile.url))?;
    let client = Client::new(&profile)?;
    let secret = client.login(&args.user, &password, args.days).await?;
    let saved = Profile {
        token: secret.secret,
        ..profile
    };
    let path = profile::save(&saved)?;
    eprintln!(
        "Logged in to {} as {} until {}; kept in {}.",
        saved.url,
        args.user,
        secret.expires_at,
        path.display()
    );
    Ok(())
}

/// Reads a line from standard input, unseen if that is a terminal.
pub(super) fn ask(prompt: &str) -> Result<String> {
    let input = std::io::stdin();
    let mut line = String::new();
    if isatty(&input) {
        eprint!("{prompt}");
        std::io::stderr()
            .flush()
            .context("could not write to the terminal")?;
        let before = tcgetattr(&input).context("could not read the terminal's modes")?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Flush, &hidden).context("could not hide the input")?;
        let read = input.lock().read_line(&mut line);
        tcsetattr(&input, OptionalActions::Flush, &before).context("could not show input again")?;
        eprintln!();
        read.context("could not read the password")?;
    } else {
        input
            .lock()
            .read_line(&mut line)
            .context("could not read the password")?;
    }
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("no password given");
    }
    Ok(password)
}
