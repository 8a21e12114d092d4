//! `lfs hsm_state`, `lfs hsm_action`: whether a file is archived, and what is being done to it.

use super::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lfs hsm_state` and `lfs hsm_action`.
pub static KIND: Kind = Kind {
    name: "lfs-hsm",
    about: "lfs hsm_state, lfs hsm_action",
    guess,
    read,
};

/// The state of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HsmState<'a> {
    /// The file.
    pub path: &'a str,
    /// Bits: `0x00000009`.
    pub bits: &'a str,
    /// `exists`, `archived`, `released`, `dirty`, `lost`, `never_release`, `never_archive`.
    pub flags: Vec<&'a str>,
    /// The archive.
    pub archive: Option<u64>,
}

/// What is being done to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HsmProgress<'a> {
    /// The file.
    pub path: &'a str,
    /// `ARCHIVE`, `RESTORE`, `REMOVE`, `CANCEL`, `NOOP`.
    pub action: &'a str,
    /// `waiting`, `running`, or nothing.
    pub state: &'a str,
    /// What stands in the brackets: `from 0 to EOF`, `4096 bytes moved`.
    pub detail: &'a str,
}

/// `PATH: (0x00000009) exists archived, archive_id:1`.
pub fn state(text: &str) -> Option<HsmState<'_>> {
    let (path, rest) = text.trim_end().rsplit_once(": (0x")?;
    let (bits, rest) = rest.split_once(')')?;
    let end = text.find("(0x")? + 1;
    let bits = text.get(end..end + 2 + bits.len()).unwrap_or(bits);
    let (flags, tail) = rest.split_once(',').unwrap_or((rest, ""));
    Some(HsmState {
        path,
        bits,
        flags: flags.split_ascii_whitespace().collect(),
        archive: tail
            .trim()
            .strip_prefix("archive_id:")
            .and_then(super::number),
    })
}

/// `PATH: ARCHIVE waiting (from 0 to EOF)`.
pub fn progress(text: &str) -> Option<HsmProgress<'_>> {
    let (path, rest) = text.trim_end().rsplit_once(": ")?;
    let (action, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    if !matches!(
        action,
        "ARCHIVE" | "RESTORE" | "REMOVE" | "CANCEL" | "NOOP" | "NONE"
    ) {
        return None;
    }
    let (state, detail) = rest.split_once('(').unwrap_or((rest, ""));
    Some(HsmProgress {
        path,
        action,
        state: state.trim(),
        detail: detail.trim_end_matches(')'),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut good, mut all) = (0_u32, 0_u32);
    for line in text_lines(sample.text()).take(10) {
        all += 1;
        good += u32::from(state(line).is_some() || progress(line).is_some());
    }
    if good > 0 && good * 2 > all { 92 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    for line in lines(input) {
        if let Some(found) = state(line.text) {
            sink.record("lfs-hsm-state", &|| json!(found));
        } else if let Some(found) = progress(line.text) {
            sink.record("lfs-hsm-action", &|| json!(found));
        } else {
            odd(&line, "not the HSM state of a file", sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read() {
        let found = state("/l/a: b: (0x0000000d) released exists archived, archive_id:1").unwrap();
        assert_eq!((found.path, found.bits), ("/l/a: b", "0x0000000d"));
        assert_eq!(found.flags, ["released", "exists", "archived"]);
        assert_eq!(found.archive, Some(1));
        assert_eq!(state("/l/f2: (0x00000000)").unwrap().flags.len(), 0);
        assert_eq!(state("/l/f2: 3"), None);
    }

    #[test]
    fn actions_are_read() {
        let found = progress("/l/f2: ARCHIVE waiting (from 0 to EOF)").unwrap();
        assert_eq!(
            (found.action, found.state, found.detail),
            ("ARCHIVE", "waiting", "from 0 to EOF")
        );
        assert_eq!(progress("/l/f2: NOOP").unwrap().state, "");
        assert_eq!(progress("/l/f2: archive"), None);
    }
}
