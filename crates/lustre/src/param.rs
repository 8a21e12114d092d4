//! Parameters as `lctl get_param` prints them: `name=value` on one line, or
//! `name=` and lines up to the next name.
//!
//! Reading is lazy and borrows from the input: [`blocks`] finds the parameters,
//! [`value`] says what one holds, and the rows in it are read when asked for.
//! What cannot be read is a [`Skip`] with its line; it costs no neighbour.
//!
//! - [`name`]: the parts of a name, which may hold NIDs with dots and colons.
//! - [`split`]: parameters and lines. - [`stats`], [`jobs`], [`histogram`],
//!   [`quota`]: bodies of many rows. - [`typed`]: all other bodies that have a
//!   type: [`state`], [`import`], [`scrub`], [`quota_info`], [`hsm`], [`nodemap`],
//!   [`security`], [`table`], read by means of [`flow`]. - [`names`]: lists of names.
//! - [`body`], [`file`]: one parameter without its name. - [`kind`]: the kinds for `candela inspect`. - [`stream`]: input in chunks.

pub mod body;
pub mod file;
pub mod flow;
pub mod histogram;
pub mod hsm;
pub mod import;
pub mod jobs;
pub mod kind;
pub mod name;
pub mod names;
pub mod nodemap;
pub mod quota;
pub mod quota_info;
mod scan;
pub mod scrub;
pub mod security;
pub mod split;
pub mod state;
pub mod stats;
pub mod stream;
pub mod table;
pub mod typed;

pub use name::Name;
pub use split::{Block, Line, Lines, blocks};

use stdx::reading::{Skip, SkipKind};

/// What a parameter holds. Bodies are read lazily.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// One word or line, not empty.
    Scalar(&'a str),
    /// Nothing behind the `=`.
    Empty,
    /// The source says that it has no value (`not supported`, `N/A`).
    NotSupported(&'a str),
    /// Counter rows below a `snapshot_time`.
    Stats(Lines<'a>),
    /// `job_stats`.
    Jobs(Lines<'a>),
    /// Tables of a histogram (`brw_stats`, `rpc_stats`, `extents_stats`).
    Histogram(Lines<'a>),
    /// Quota entries by id.
    Quota(Lines<'a>),
    /// Lines of `key: value`, or a list; kept as text.
    Fields(Lines<'a>),
    /// Lines of no form that is known.
    Text(Lines<'a>),
}

/// What a block holds, told by its name and the look of its first lines.
pub fn value<'a>(block: &Block<'a>) -> Value<'a> {
    let inline = scan::trim(block.inline);
    let mut lines = block.body;
    let Some(first) = lines
        .by_ref()
        .find(|line| !scan::trim(line.text).is_empty())
    else {
        return match inline {
            "" => Value::Empty,
            "not supported" | "N/A" | "n/a" | "not available" => Value::NotSupported(inline),
            // Some states print the first pair behind the `=`.
            text if text.starts_with("status:") => Value::Fields(block.body),
            text => Value::Scalar(text),
        };
    };
    if !inline.is_empty() {
        return match inline {
            text if text.starts_with("job_stats:") => Value::Jobs(block.body),
            _ => Value::Fields(block.body),
        };
    }
    body(block.name.last(), first.text, block.body)
}

fn body<'a>(param: &str, first: &str, lines: Lines<'a>) -> Value<'a> {
    if param == "job_stats" || first.starts_with("job_stats:") {
        return Value::Jobs(lines);
    }
    let is_quota = param.starts_with("glb-") || param.starts_with("acct_");
    if is_quota || first.ends_with("_accounting:") || first.starts_with("global_pool") {
        return Value::Quota(lines);
    }
    let is_stamped = first.starts_with("snapshot_time");
    if is_stamped && has_counters(lines) {
        return Value::Stats(lines);
    }
    if histogram::is_histogram(param, lines) {
        return Value::Histogram(lines);
    }
    if is_stamped && stats::is_only_header(lines) {
        return Value::Stats(lines);
    }
    if first.trim_start().starts_with('-') || first.contains(':') || first.trim() == "[" {
        return Value::Fields(lines);
    }
    Value::Text(lines)
}

/// Whether one of the first lines is a counter.
fn has_counters(lines: Lines<'_>) -> bool {
    lines.take(12).any(|line| stats::is_counter(line.text))
}

/// A skip that names the parameter.
pub(crate) fn skip(line: u64, kind: SkipKind, what: &str, text: &str) -> Skip {
    Skip::new(line, kind, format!("{what}: {:?}", cut(text)))
}

fn cut(text: &str) -> &str {
    let end = (0..=80.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0);
    &text[..end]
}
