//! Lists of parameter names: `lctl list_param`, `lctl get_param -N`.
//!
//! With `-F` a name ends in what it is: `/` a folder, `@` a link, `=` writable.

use super::Lines;
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of lists of names.
pub static KIND: Kind = Kind {
    name: "lctl-list-param",
    about: "lctl list_param [-F -R], lctl get_param -N: names without values",
    guess,
    read,
};

/// What a name is, as `-F` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// Not told: a plain parameter, or a list without `-F`.
    Plain,
    /// `/`: it has parameters below it.
    Folder,
    /// `@`: a link.
    Link,
    /// `=`: it can be set.
    Writable,
}

/// One listed name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ListedName<'a> {
    /// The name without its mark.
    pub name: &'a str,
    /// What it is.
    pub kind: NameKind,
}

/// Takes a line apart; none if it is no name.
pub fn listed(text: &str) -> Option<ListedName<'_>> {
    let text = text.trim_end();
    let (name, kind) = match text.as_bytes().last()? {
        b'/' => (text.strip_suffix('/')?, NameKind::Folder),
        b'@' => (text.strip_suffix('@')?, NameKind::Link),
        b'=' => (text.strip_suffix('=')?, NameKind::Writable),
        _ => (text, NameKind::Plain),
    };
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-:@[]+%,&".contains(&b);
    let starts = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    (starts && name.bytes().all(is_allowed)).then_some(ListedName { name, kind })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut n_names, mut n_dotted, mut n_bare, mut n_tops) = (0_u32, 0_u32, 0_u32, 0_u32);
    for text in sample.text().lines().take(400) {
        let text = text.trim_end();
        if text.is_empty() || text.starts_with("error: ") {
            continue;
        }
        let Some(name) = listed(text) else { return 0 };
        n_names += 1;
        n_dotted += u32::from(name.name.contains('.') && super::kind::has_known_start(name.name));
        n_tops += u32::from(TOPS.contains(&name.name));
        n_bare += u32::from(name.kind != NameKind::Writable);
    }
    // Values that are all empty look the same but for a `=` on every line.
    match (n_names, n_dotted, n_bare) {
        (1.., 1.., 1..) if n_dotted * 4 >= n_names => 96,
        (10.., 2.., 1..) => 96,
        // `list_param '*'` gives those that have no dot.
        (5.., _, 1..) if n_tops >= 4 => 90,
        _ => 0,
    }
}

/// Parameters without a dot, which every host has.
const TOPS: [&str; 12] = [
    "at_max",
    "at_min",
    "at_history",
    "debug_peer_on_timeout",
    "dump_on_eviction",
    "dump_on_timeout",
    "health_check",
    "jobid_var",
    "ldlm_timeout",
    "max_dirty_mb",
    "memused_max",
    "pinger",
];

fn read(input: &[u8], sink: &mut dyn Sink) {
    for line in Lines::new(input, 1).filter(|line| !line.text.trim().is_empty()) {
        if let Some(name) = listed(line.text).filter(|_| !line.is_binary) {
            sink.record("param-name", &|| json!(name));
            continue;
        }
        let kind = match line.is_binary {
            true => SkipKind::Binary,
            false if line.text.starts_with("error: ") => SkipKind::ErrorText,
            false => SkipKind::BadLine,
        };
        sink.skip(Skip::new(
            line.number,
            kind,
            format!("not the name of a parameter: {:?}", line.text),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str, kind: NameKind) {
        assert_eq!(listed(text), Some(ListedName { name, kind }));
    }

    #[test]
    fn names_come_with_what_they_are() {
        check("mgs.MGS.live.lab01", "mgs.MGS.live.lab01", NameKind::Plain);
        check("ldlm.namespaces/", "ldlm.namespaces", NameKind::Folder);
        check("a.b.max_rpcs=\r", "a.b.max_rpcs", NameKind::Writable);
        check("jobid_var@", "jobid_var", NameKind::Link);
        check(
            "mdt.a.exports.fd00::1@tcp/",
            "mdt.a.exports.fd00::1@tcp",
            NameKind::Folder,
        );
        for text in ["", "a b", "- x", "a=1", "error: list_param: no"] {
            assert_eq!(listed(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_list_is_told_from_values() {
        let sure = |text: &str| {
            guess(Sample {
                name: "",
                head: text.as_bytes(),
            })
        };
        assert!(sure("mgs.MGS.live.params\nmgs.MGS.live.fs\n") > 95);
        assert!(sure("at_max=\nhealth_check\nldlm/\nmdt.a-MDT0000/\n") > 95);
        assert_eq!(sure("mdt.a.hsm.agents=\nmdt.b.hsm.agents=\n"), 0);
        assert_eq!(sure("mdt.a.hsm.agents=1\nmdt.b\n"), 0);
        assert_eq!(sure("osd-zfs\n"), 0);
        assert_eq!(sure("one\ntwo\nthree\n"), 0);
    }
}
