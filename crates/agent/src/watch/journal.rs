//! Follows the journal: what the kernel says is read as events, what units that
//! matter say is a reason to look again.

use super::lines::Lines;
use super::{Again, Signal, Signals, Step};
use crate::host::{Command, Host, HostError};
use crate::{log, observe};
use platform::os::journal::Entry;
use platform::os::stamp::Stamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Without an event the place is still told this often, if it moved on.
const PLACE_EVERY: Duration = Duration::from_mins(5);

/// Follows it until the agent ends. Without a place it begins at the end: what
/// was before the agent's first start is not its news.
pub async fn run(host: Arc<dyn Host>, mut place: Option<String>, signals: Signals) {
    let mut again = Again::new();
    let mut begun = jiff::Timestamp::now();
    loop {
        let ended = match host.follow(&command(place.as_deref())) {
            Ok(following) => match Lines::new(following) {
                Ok(lines) => hear(lines, &mut place, begun, &signals, &mut again).await,
                Err(error) => Some(HostError::from(error)),
            },
            Err(error) => Some(error),
        };
        match ended {
            None => return,
            Some(error @ (HostError::NotInstalled | HostError::NotRecorded)) => {
                return super::not_heard("journal", &error);
            }
            Some(error) => super::not_heard("journal", &error),
        }
        // The journal may have been cleared of the place.
        if again.0 > super::AGAIN_FIRST {
            (place, begun) = (None, jiff::Timestamp::now());
        }
        again.wait().await;
    }
}

/// Hears one run of the command; answers why it ended, or none if nobody
/// listens any more.
async fn hear(
    mut lines: Lines,
    place: &mut Option<String>,
    begun: jiff::Timestamp,
    signals: &Signals,
    again: &mut Again,
) -> Option<HostError> {
    let mut told = Instant::now();
    loop {
        let line = match lines.next().await {
            Ok(Some(line)) => line,
            Ok(None) => return Some(HostError::Other("journalctl ended".into())),
            Err(error) => return Some(error.into()),
        };
        let Ok(entry) = Entry::from_json(&line) else {
            continue;
        };
        again.works();
        let Some(cursor) = entry.cursor.clone() else {
            continue;
        };
        // The first start takes one entry of before, for its place.
        let is_old =
            place.is_none() && matches!(entry.at, Stamp::AtUs(at) if at < begun.as_microsecond());
        let is_first = place.replace(cursor.clone()).is_none();
        let step = Step::Journal(cursor);
        let event = log::event(&entry).filter(|_| !is_old);
        let is_due = is_first || told.elapsed() >= PLACE_EVERY;
        let is_news = !is_old && (event.is_some() || !entry.is_kernel);
        let signal = match event {
            Some(event) => Some(Signal::Happened {
                event: Box::new(event),
                step,
            }),
            None => is_due.then_some(Signal::Passed(step)),
        };
        if let Some(signal) = signal {
            told = Instant::now();
            signals.send(signal).await.ok()?;
        }
        if is_news {
            signals.send(Signal::Changed).await.ok()?;
        }
    }
}

/// The command that follows the journal.
fn command(place: Option<&str>) -> Command {
    let mut argv = vec!["journalctl", "-f", "-o", "json"];
    match place {
        Some(cursor) => argv.extend(["--no-tail", "--after-cursor", cursor]),
        None => argv.extend(["-n", "1"]),
    }
    let units = observe::software::UNITS
        .iter()
        .filter(|unit| unit.ends_with(".service"))
        .map(|unit| format!("UNIT={unit}"));
    // Pacemaker and the clock's keepers tell changes in words of their own.
    let talkers = ["pacemaker", "corosync", "chronyd", "chrony", "ntpd", "ntp"];
    let talkers = talkers.map(|name| format!("_SYSTEMD_UNIT={name}.service"));
    let matches: Vec<String> = units.chain(talkers).collect();
    argv.push("_TRANSPORT=kernel");
    for one in &matches {
        argv.extend(["+", one.as_str()]);
    }
    Command::read(&argv)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::allow;

    #[test]
    fn the_command_is_one_that_only_reads() {
        for place in [None, Some("s=37d2;i=2c6;b=0c8f;m=25ea;t=660b;x=424b")] {
            let command = command(place);
            assert!(allow::is_allowed(&command.argv), "{}", command.line());
        }
        assert!(!allow::is_allowed(&command(Some("--rotate")).argv));
    }
}
