//! `lctl lfsck_query`: how many targets are in which state of a check, and what
//! was repaired.

use crate::lfs::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of such a query.
pub static KIND: Kind = Kind {
    name: "lctl-lfsck-query",
    about: "lctl lfsck_query: how a check of the file system stands",
    guess,
    read,
};

/// How one kind of check stands over all targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Check<'a> {
    /// `layout`, `namespace`.
    pub name: &'a str,
    /// MDTs by state, states without any left out: `completed`, `scanning-phase1`.
    pub mdts: BTreeMap<&'a str, u64>,
    /// OSTs by state.
    pub osts: BTreeMap<&'a str, u64>,
    /// How many things were repaired, where told.
    pub repaired: Option<u64>,
}

/// One line: the check, `mdts`, `osts` or nothing, the state, the number.
fn setting(text: &str) -> Option<(&str, &str, &str, u64)> {
    let (key, value) = text.trim().split_once(':')?;
    let number = value.trim().parse().ok()?;
    let (check, rest) = key.split_once('_')?;
    ["layout", "namespace", "scrub"]
        .contains(&check)
        .then_some(())?;
    match rest.split_once('_') {
        Some((of @ ("mdts" | "osts"), state)) => Some((check, of, state, number)),
        _ => Some((check, "", rest, number)),
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut settings = text_lines(sample.text()).filter_map(setting);
    let is_counted = settings.any(|(_, of, _, _)| !of.is_empty());
    if is_counted { 92 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut found: BTreeMap<&str, Check<'_>> = BTreeMap::new();
    for line in lines(input) {
        let Some((name, of, state, n)) = setting(line.text).filter(|_| !line.is_binary) else {
            odd(&line, "no state of a check", sink);
            continue;
        };
        let check = found.entry(name).or_default();
        check.name = name;
        let states = match of {
            "mdts" => &mut check.mdts,
            "osts" => &mut check.osts,
            _ if state == "repaired" => {
                check.repaired = Some(n);
                continue;
            }
            _ => {
                odd(&line, "no state of a check", sink);
                continue;
            }
        };
        if n > 0 {
            states.insert(state, n);
        }
    }
    for check in found.values() {
        sink.record("lfsck", &|| json!(check));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    #[test]
    fn states_are_counted_by_check() {
        let text = "layout_mdts_init: 0\r\nlayout_mdts_completed: 2\nlayout_osts_scanning-phase1: 4\nlayout_repaired: 7\n\
            namespace_mdts_co-failed: 1\nlayout_osts_x\n";
        let mut found = Collected::with_records();
        read(text.as_bytes(), &mut found);
        assert_eq!(
            found.records["lfsck"],
            [
                json!({"name": "layout", "mdts": {"completed": 2}, "osts": {"scanning-phase1": 4}, "repaired": 7}),
                json!({"name": "namespace", "mdts": {"co-failed": 1}, "osts": {}, "repaired": null}),
            ]
        );
        assert_eq!(found.skips.len(), 1);
    }
}
