//! `lshowmount -v`: for each target of a server, the NIDs that are connected;
//! without `-v` they are folded to host lists.

use crate::lfs::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lshowmount`.
pub static KIND: Kind = Kind {
    name: "lshowmount",
    about: "lshowmount: who is connected to each target",
    guess,
    read,
};

/// One target and who is connected to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connected<'a> {
    /// `MGS`, `lab01-OST0000`.
    pub target: &'a str,
    /// NIDs, or host lists of them, as printed.
    pub nids: Vec<&'a str>,
}

/// `lab01-OST0000:` at the start of a line.
fn target(text: &str) -> Option<&str> {
    let name = text.strip_suffix(':')?;
    let is_target = name == "MGS" || name.contains("-MDT") || name.contains("-OST");
    (is_target && !name.starts_with([' ', '\t']) && !name.contains(' ')).then_some(name)
}

/// An indented NID or list: `    192.168.77.11@tcp`.
fn nid(text: &str) -> Option<&str> {
    let bare = text.trim();
    let has_net = bare.split_once('@').is_some_and(|(host, net)| {
        !host.is_empty() && net.starts_with(|c: char| c.is_ascii_lowercase())
    });
    (text.starts_with([' ', '\t']) && has_net && !bare.contains(' ')).then_some(bare)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut n_targets, mut n_nids) = (0_u32, 0_u32);
    for line in text_lines(sample.text()).take(200) {
        let line = line.trim_end();
        if target(line).is_some() {
            n_targets += 1;
        } else if nid(line).is_some() {
            n_nids += 1;
        } else {
            return 0;
        }
    }
    if n_targets > 0 && n_nids > 0 { 90 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut held: Option<Connected<'_>> = None;
    let put = |one: Option<Connected<'_>>, sink: &mut dyn Sink| {
        if let Some(one) = one {
            sink.record("connected", &|| json!(one));
        }
    };
    for line in lines(input) {
        let text = line.text.trim_end();
        match (target(text), nid(text), &mut held) {
            _ if line.is_binary => odd(&line, "no target and no NID", sink),
            (Some(target), _, _) => {
                let next = Connected {
                    target,
                    nids: Vec::new(),
                };
                put(held.replace(next), sink);
            }
            (None, Some(nid), Some(one)) => one.nids.push(nid),
            _ => odd(&line, "no target and no NID", sink),
        }
    }
    put(held, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    #[test]
    fn targets_have_their_nids() {
        let text = "MGS:\n    0@lo\r\n    192.168.77.11@tcp\nwhat\nlab01-OST0001:\n    10.0.0.[1-3]@o2ib\n";
        let mut found = Collected::with_records();
        read(text.as_bytes(), &mut found);
        assert_eq!(
            found.records["connected"],
            [
                json!({"target": "MGS", "nids": ["0@lo", "192.168.77.11@tcp"]}),
                json!({"target": "lab01-OST0001", "nids": ["10.0.0.[1-3]@o2ib"]}),
            ]
        );
        assert_eq!(found.skips.len(), 1);
    }
}
