//! What `chronyc` prints of the clock: `tracking`, `sources`, `sourcestats`, as
//! text and, with `-c`, as comma-separated values.

use serde::Serialize;
use stdx::reading::{Kind, Sink, Skip, SkipKind};

use crate::ha::lines::{self, Line};

mod sources;
mod stats;
mod tracking;

pub use sources::parse as sources;
pub use stats::parse as sourcestats;
pub use tracking::parse as tracking;

/// The reader of `chronyc tracking`.
pub static TRACKING: Kind = Kind {
    name: "chronyc-tracking",
    about: "chronyc tracking, also with -c",
    guess: tracking::guess,
    read: |input, sink| {
        let (found, skips) = tracking::parse(input);
        lines::emit("time-tracking", found.as_slice(), sink);
        lines::emit_skips(skips, sink);
    },
};

/// The reader of `chronyc sources`.
pub static SOURCES: Kind = Kind {
    name: "chronyc-sources",
    about: "chronyc sources, also with -v and -c",
    guess: sources::guess,
    read: |input, sink| emit("time-source", sources::parse(input), sink),
};

/// The reader of `chronyc sourcestats`.
pub static STATS: Kind = Kind {
    name: "chronyc-sourcestats",
    about: "chronyc sourcestats, also with -v and -c",
    guess: stats::guess,
    read: |input, sink| emit("time-source-stats", stats::parse(input), sink),
};

/// How well the clock is kept. Amounts of time in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tracking {
    /// Id of what it follows, hexadecimal.
    pub reference_id: String,
    /// Name or address of what it follows.
    pub reference: Option<String>,
    /// Hops to a reference clock; 0 where it follows nothing.
    pub stratum: u8,
    /// When the last measurement was made, as printed.
    pub reference_time: String,
    /// The system clock's error; negative where it is behind.
    pub offset_ns: Option<i64>,
    /// The error at the last measurement.
    pub last_offset_ns: Option<i64>,
    /// The mean error.
    pub rms_offset_ns: Option<i64>,
    /// The clock's rate without correction, in parts of 10⁹; positive is fast.
    pub frequency_ppb: Option<i64>,
    /// How uncertain the rate is, in parts of 10⁹.
    pub skew_ppb: Option<i64>,
    /// Way to the reference clock and back.
    pub root_delay_ns: Option<i64>,
    /// Uncertainty of the way.
    pub root_dispersion_ns: Option<i64>,
    /// `Normal`, `Not synchronised`, `Insert second`, `Delete second`.
    pub leap: String,
}

impl Tracking {
    /// Whether the clock follows something.
    pub fn is_synced(&self) -> bool {
        !self.leap.is_empty() && self.leap != "Not synchronised" && self.leap != "Not synchronized"
    }
}

/// A source of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Source {
    /// A server, a peer or a clock of this host.
    pub mode: Mode,
    /// What chrony makes of it.
    pub state: State,
    /// Name or address.
    pub name: String,
    /// Its hops to a reference clock.
    pub stratum: u8,
    /// Time between questions, as a power of two of seconds.
    pub poll: i8,
    /// The last eight questions, a bit each: 0 where none was answered.
    pub reach: u8,
    /// Time since the last answer.
    pub last_rx_s: Option<u64>,
    /// Error of this clock by that answer; positive is fast.
    pub offset_ns: Option<i64>,
    /// How wrong that may be.
    pub error_ns: Option<i64>,
}

/// What a source is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// `^`
    #[default]
    Server,
    /// `=`
    Peer,
    /// `#`
    ReferenceClock,
}

/// What chrony makes of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// `*`: the one that is followed.
    Selected,
    /// `+`: taken into the mean.
    Combined,
    /// `-`: good, not needed.
    NotCombined,
    /// `?`: not reached, or too few answers.
    #[default]
    Unusable,
    /// `x`: its time cannot be right.
    Falseticker,
    /// `~`: its time varies too much.
    TooVariable,
}

/// How a source did of late. Amounts of time in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceStats {
    /// Name or address.
    pub name: String,
    /// Measurements that are kept.
    pub n_points: u64,
    /// Runs of errors with one sign.
    pub n_runs: u64,
    /// Time over which they were made.
    pub span_s: Option<u64>,
    /// Rate by this source, in parts of 10⁹.
    pub frequency_ppb: Option<i64>,
    /// How uncertain the rate is.
    pub skew_ppb: Option<i64>,
    /// Error by this source.
    pub offset_ns: Option<i64>,
    /// Deviation of its measurements.
    pub deviation_ns: Option<i64>,
}

fn emit<T: Serialize>(family: &str, (found, skips): (Vec<T>, Vec<Skip>), sink: &mut dyn Sink) {
    lines::emit(family, &found, sink);
    lines::emit_skips(skips, sink);
}

/// `210 Number of sources = 4`, rules and the legend of `-v`.
fn is_frame(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text.contains("Number of sources")
        || text.bytes().all(|byte| byte == b'=')
        || text.starts_with(['.', '|', '/', '\\', '\''])
        || text.starts_with("MS Name")
        || text.starts_with("Name/IP")
}

fn skip(line: &Line<'_>, want: &str) -> Skip {
    let text = line.text.trim();
    // `506 Cannot talk to daemon`.
    let is_refusal = text
        .split_once(' ')
        .is_some_and(|(code, _)| code.len() == 3 && code.parse::<u16>().is_ok());
    if lines::is_error(text) || is_refusal {
        line.skip(SkipKind::ErrorText, "an error")
    } else {
        line.bad(want)
    }
}

#[cfg(test)]
mod tests;
