//! A configuration log as text: `lctl --device MGS llog_print NAME`, what
//! `llog_reader FILE` prints, and the list of logs of `llog_catlist`.

use super::record::{Command, Marker, Raw, Record, known_name, name_of};
use crate::param::{Line, Lines};
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// Reads every record. Text around them is a skip each.
pub fn parse(input: &[u8]) -> (Vec<Record>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    let is_cut = input.last().is_some_and(|byte| *byte != b'\n');
    let mut lines = Lines::new(input, 1);
    while let Some(line) = lines.next() {
        let is_tail = is_cut && lines.as_bytes().is_empty();
        let text = line.text.trim();
        if text.is_empty() || is_frame(line.text) {
            continue;
        }
        match record(text) {
            Some(record) if !line.is_binary => found.push(record),
            _ => skips.push(skip(&line, is_tail)),
        }
    }
    (found, skips)
}

fn skip(line: &Line<'_>, is_tail: bool) -> Skip {
    let text = line.text.trim();
    let begins = text.starts_with("- {") || text.starts_with('#') || text.starts_with("rec #");
    let (kind, what) = match (is_tail && begins, begins) {
        (true, _) => (SkipKind::Truncated, "the input ends in a record"),
        (false, true) => (SkipKind::BadLine, "not a whole record"),
        (false, false) => (SkipKind::ErrorText, "not a record"),
    };
    crate::param::skip(line.number, kind, what, text)
}

/// One line as a record, in either form.
pub fn record(text: &str) -> Option<Record> {
    match text.strip_prefix("- {") {
        Some(inside) => mapping(inside.trim_end().strip_suffix('}')?),
        None => numbered(text),
    }
}

/// What `llog_reader` prints around the records, and the prompt.
fn is_frame(text: &str) -> bool {
    const HEADS: &[&str] = &[
        "Header size",
        "Time :",
        "Number of records",
        "Target uuid",
        "---",
    ];
    HEADS.iter().any(|head| text.starts_with(head))
        || text.starts_with(['\t', ' ']) && text.trim_start().starts_with("uuid=")
        || text.starts_with('[') && text.contains("]#")
        || text.starts_with("# lctl")
        || text.starts_with("# llog_reader")
}

/// The keys of a `- { index: 2, event: attach, … }` in order. A comma ends a
/// value only where a key follows it.
fn pairs(inside: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = inside.trim();
    while let Some((key, after)) = rest.split_once(':') {
        let commas = after.match_indices(", ").map(|(at, _)| at);
        let next_key = |at: &usize| {
            let next = &after[at + 2..];
            next.split_once(':').is_some_and(|(key, _)| {
                !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            })
        };
        let end = { commas }.find(next_key);
        let (value, next) = match end {
            Some(at) => (&after[..at], &after[at + 2..]),
            None => (after, ""),
        };
        found.push((key.trim(), value.trim()));
        rest = next;
    }
    found
}

fn mapping(inside: &str) -> Option<Record> {
    let pairs = pairs(inside);
    let [("index", index), ("event", event), fields @ ..] = pairs.as_slice() else {
        return None;
    };
    let index = index.parse().ok()?;
    let get = |key: &str| {
        let found = fields.iter().find(|(known, _)| *known == key);
        found
            .map(|(_, value)| (*value).to_owned())
            .unwrap_or_default()
    };
    if *event == "marker" {
        let command = Command::Marker(mapped_marker(&get));
        return Some(Record { index, command });
    }
    let Some(name) = known_name(event) else {
        let words = fields
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let name = (*event).to_owned();
        return Some(Record {
            index,
            command: Command::Other { name, words },
        });
    };
    let words = words(name, fields, &get);
    let raw = Raw {
        name,
        number: hexadecimal(&get("num")).unwrap_or(0),
        nid: nid(&get("nid")),
        words,
    };
    Some(Record {
        index,
        command: raw.command(),
    })
}

/// The words of a mapping in the order that they have in the log.
fn words(name: &str, fields: &[(&str, &str)], get: &dyn Fn(&str) -> String) -> Vec<String> {
    let of = |keys: &[&str]| keys.iter().map(|key| get(key)).collect();
    match name {
        "attach" => of(&["device", "type", "UUID"]),
        "add_uuid" | "del_uuid" | "add_conn" | "del_conn" => of(&["device", "node"]),
        "new_profile" | "del_profile" => of(&["device", "name", "lov", "lmv"]),
        "add_osc" | "add_osc_inactive" | "del_osc" => of(&["device", "ost", "index", "gen"]),
        "add_mdc" | "del_mdc" => of(&["device", "mdt", "index", "gen"]),
        "conf_param" | "set_param" | "set_timeout" | "set_ldlm_timeout" => {
            let value = get("value");
            let parameter = match value.as_str() {
                "" => get("parameter"),
                value => format!("{}={value}", get("parameter")),
            };
            vec![get("device"), parameter]
        }
        "new_pool" | "add_pool" | "remove_pool" | "del_pool" => {
            of(&["device", "fsname", "pool", "ost"])
        }
        "setup" => {
            let main = ["device", "UUID", "node"];
            let more = fields.iter().filter(|(key, _)| !main.contains(key));
            let main = main.iter().map(|key| get(key));
            main.chain(more.map(|(_, value)| (*value).to_owned()))
                .collect()
        }
        _ => fields
            .iter()
            .map(|(_, value)| (*value).to_owned())
            .collect(),
    }
}

fn mapped_marker(get: &dyn Fn(&str) -> String) -> Marker {
    let time = |key: &str| get(key).parse().ok().filter(|time| *time > 0);
    Marker {
        step: get("num").parse().unwrap_or(0),
        flags: hexadecimal(&get("flags")).unwrap_or(0),
        version: get("version"),
        about: get("device"),
        comment: get("comment"),
        created: time("createtime"),
        cancelled: time("canceltime"),
    }
}

fn hexadecimal(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A NID with its number in brackets behind it.
fn nid(text: &str) -> Option<crate::nid::Nid> {
    let text = text.split_once('(').map_or(text, |(nid, _)| nid);
    text.trim().parse().ok()
}

/// `#02 (120)attach    0:lustre-clilov  1:lov  2:lustre-clilov_UUID`
fn numbered(text: &str) -> Option<Record> {
    let (index, mut rest) = match text.strip_prefix("rec #") {
        Some(rest) => behind_offset(rest)?,
        None => behind_length(text)?,
    };
    let index = index.trim().parse().ok()?;
    let is_shout = |word: &&str| word.len() > 2 && word.bytes().all(|b| b.is_ascii_uppercase());
    rest = rest.trim_start();
    let mut is_skipped = false;
    while let Some(word) = rest.split(' ').next().filter(is_shout) {
        is_skipped |= word == "SKIP";
        rest = rest[word.len()..].trim_start();
    }
    let command = match rest.strip_prefix("marker") {
        Some(rest) => Command::Marker(printed_marker(rest, is_skipped)?),
        None => printed(rest)?.command(),
    };
    Some(Record { index, command })
}

/// `13 type=10620000 len=88 offset 9000 …`: the number and what is behind.
fn behind_offset(text: &str) -> Option<(&str, &str)> {
    let (index, rest) = text.split_once(' ')?;
    let mut rest = rest.trim_start();
    let is_head = |word: &&str| word.starts_with("type=") || word.starts_with("len=");
    while let Some(word) = rest.split(' ').next().filter(is_head) {
        rest = rest[word.len()..].trim_start();
    }
    let is_digit = |c: char| c.is_ascii_digit();
    let rest = match rest.strip_prefix("offset ") {
        Some(after) => after.trim_start_matches(is_digit),
        None => rest,
    };
    Some((index, rest))
}

/// `#13 (088)…`: the number and what is behind.
fn behind_length(text: &str) -> Option<(&str, &str)> {
    let (index, rest) = text.strip_prefix('#')?.split_once(['(', ' '])?;
    let rest = rest.trim_start().trim_start_matches('(');
    Some((index, rest.split_once(')')?.1))
}

/// The longest name that a line begins with, and what is behind it.
fn printed(text: &str) -> Option<Raw> {
    if let Some(rest) = text.strip_prefix("cmd=") {
        let (code, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let name = name_of(u32::from_str_radix(code, 16).ok()?)?;
        return Some(fields(name, rest));
    }
    let ends = text.match_indices([' ', '=', '\t']).map(|(at, _)| at);
    let ends: Vec<usize> = ends.take(6).chain([text.len()]).collect();
    let name = ends.iter().rev().find_map(|end| {
        let words: Vec<&str> = text[..*end].split_ascii_whitespace().collect();
        Some((known_name(&words.join(" "))?, &text[*end..]))
    });
    name.map(|(name, rest)| fields(name, rest))
}

fn fields(name: &'static str, text: &str) -> Raw {
    let head_end = position(text, 0).unwrap_or(text.len());
    let mut raw = Raw {
        name,
        ..Raw::default()
    };
    for word in text[..head_end].split_ascii_whitespace() {
        match word.split_once('=') {
            Some(("nid", value)) => raw.nid = nid(value),
            Some(("num" | "", value)) => raw.number = hexadecimal(value).unwrap_or(0),
            _ => {}
        }
    }
    let mut rest = &text[head_end..];
    for number in 0..64 {
        let Some(at) = position(rest, number) else {
            break;
        };
        rest = &rest[at..];
        rest = rest.split_once(':').map_or("", |(_, rest)| rest);
        let end = position(rest, number + 1).unwrap_or(rest.len());
        let word = rest[..end].trim();
        raw.words.push(if word.starts_with("(struct") {
            String::new()
        } else {
            word.to_owned()
        });
    }
    raw
}

/// Where word `number` begins: `1:` behind white space or at the start.
fn position(text: &str, number: u32) -> Option<usize> {
    let mark = format!("{number}:");
    let found = text.match_indices(&mark).map(|(at, _)| at);
    { found }.find(|at| *at == 0 || text[..*at].ends_with([' ', '\t']))
}

/// `   1 (flags=0x01, v2.10.2.0) lustre-clilov   'lov setup' Sat Jan 20 …-`
fn printed_marker(text: &str, is_skipped: bool) -> Option<Marker> {
    let (step, rest) = text.split_once('(')?;
    let (head, rest) = rest.split_once(')')?;
    let mut marker = Marker {
        step: step.trim().parse().ok()?,
        ..Marker::default()
    };
    for word in head.split([',', ' ']) {
        if let Some(flags) = word.strip_prefix("flags=") {
            marker.flags = hexadecimal(flags)?;
        } else if let Some(version) = word.strip_prefix('v') {
            version.clone_into(&mut marker.version);
        }
    }
    if is_skipped {
        marker.flags |= 4;
    }
    let mut parts = rest.splitn(3, '\'');
    let mut next = || parts.next().unwrap_or_default().trim().to_owned();
    let (about, comment) = (next(), next());
    Some(Marker {
        about,
        comment,
        ..marker
    })
}

/// The names of logs that `lctl --device MGS llog_catlist` lists.
pub fn catalog(input: &[u8]) -> (Vec<String>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in Lines::new(input, 1) {
        let text = line.text.trim();
        if text.is_empty() || is_frame(line.text) {
            continue;
        }
        match catalog_entry(text) {
            Some(name) => found.push(name.to_owned()),
            None => skips.push(skip(&line, false)),
        }
    }
    (found, skips)
}

/// The name in one line of `llog_catlist`.
pub fn catalog_entry(text: &str) -> Option<&str> {
    let (key, name) = text.trim_start_matches("- ").split_once(':')?;
    let is_name = |name: &&str| !name.is_empty() && !name.contains(char::is_whitespace);
    let name = Some(name.trim().trim_start_matches('$')).filter(is_name)?;
    matches!(key.trim(), "config_log" | "config log" | "catalog").then_some(name)
}

/// What `llog_info` says of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogInfo {
    /// Its identifier.
    pub id: String,
    /// `plain` or `cat`.
    pub form: String,
    /// Records.
    pub n_records: Option<u64>,
    /// Number of the last record.
    pub last_index: Option<u64>,
}

/// Reads `llog_info`; none if it is not that.
pub fn info(input: &[u8]) -> Option<LogInfo> {
    let mut found = LogInfo::default();
    for line in Lines::new(input, 1) {
        let Some((key, value)) = line.text.split_once(':') else {
            continue;
        };
        let value = value.trim();
        match key.trim().replace(' ', "_").as_str() {
            "logid" => value.clone_into(&mut found.id),
            "flags" => {
                let form = value
                    .split_once('(')
                    .and_then(|(_, rest)| rest.split_once(')'));
                form.map_or(value, |(form, _)| form)
                    .clone_into(&mut found.form);
            }
            "records_count" => found.n_records = value.parse().ok(),
            "last_index" => found.last_index = value.parse().ok(),
            _ => {}
        }
    }
    (!found.id.is_empty() && found.last_index.is_some()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, json: &str) {
        let (records, skips) = parse(text.as_bytes());
        assert_eq!(skips, [], "{text}");
        let value = serde_json::to_value(&records[0]).expect("records are JSON");
        let expected: serde_json::Value = serde_json::from_str(json).expect("the test's JSON");
        assert_eq!(value, expected, "{text}");
    }

    #[test]
    fn both_forms_say_the_same() {
        for text in [
            "- { index: 13, event: add_uuid, nid: 10.211.55.16@tcp(0x200000ad33710), node: 10.211.55.16@tcp }",
            "#13 (088)add_uuid  nid=10.211.55.16@tcp(0x200000ad33710)  0:  1:10.211.55.16@tcp  ",
            "rec #13 type=10620000 len=88 offset 9000 add_uuid  nid=10.211.55.16@tcp(0x200000ad33710)  0:  1:10.211.55.16@tcp  ",
            "#13 (088)cmd=cf005 nid=10.211.55.16@tcp(0x200000ad33710) 0:  1:10.211.55.16@tcp",
        ] {
            check(
                text,
                r#"{"index":13,"command":"add_uuid","nid":"10.211.55.16@tcp","node":"10.211.55.16@tcp"}"#,
            );
        }
        for text in [
            "- { index: 2, event: add_osc, device: a-clilov, ost: a-OST0001_UUID, index: 1, gen: 1 }",
            "#02 (136)lov_modify_tgts add 0:a-clilov  1:a-OST0001_UUID  2:1  3:1  ",
        ] {
            check(
                text,
                r#"{"index":2,"command":"add_target","group":"a-clilov","uuid":"a-OST0001_UUID","index":1,"is_inactive":false}"#,
            );
        }
        for text in [
            "- { index: 6, event: set_timeout, num: 0x00003c, parameter: sys.timeout=60 }",
            "#06 (080)set_timeout=60  0:  1:sys.timeout=60",
        ] {
            check(
                text,
                r#"{"index":6,"command":"set_timeout","seconds":60,"parameter":"sys.timeout=60"}"#,
            );
        }
        for text in [
            "- { index: 9, event: setup, device: a-MDT0000, UUID: a-MDT0000_UUID, node: 0, options: a-MDT0000-mdtlov, failout: f }",
            "#09 (144)setup     0:a-MDT0000  1:a-MDT0000_UUID  2:0  3:a-MDT0000-mdtlov  4:f  ",
        ] {
            check(
                text,
                r#"{"index":9,"command":"setup","device":"a-MDT0000","uuid":"a-MDT0000_UUID","node":"0","options":["a-MDT0000-mdtlov","f"]}"#,
            );
        }
    }

    #[test]
    fn markers_and_values_with_commas_are_read() {
        check(
            "#01 (224)marker   1 (flags=0x01, v2.10.2.0) lustre-clilov   'lov setup' Sat Jan 20 12:22:01 2018-",
            r#"{"index":1,"command":"marker","step":1,"flags":1,"version":"2.10.2.0","about":"lustre-clilov","comment":"lov setup","created":null}"#,
        );
        check(
            "#07 (224)SKIP START marker  14 (flags=0x05, v2.10.2.0) a-OST0001  'add osc' x-y",
            r#"{"index":7,"command":"marker","step":14,"flags":5,"version":"2.10.2.0","about":"a-OST0001","comment":"add osc","created":null}"#,
        );
        check(
            "- { index: 1, event: set_param, device: general, parameter: debug, value: +neterror, warning }",
            r#"{"index":1,"command":"set_param","parameter":"debug=+neterror, warning"}"#,
        );
        check(
            "- { index: 1, event: newthing, a: 1, b:  }",
            r#"{"index":1,"command":"newthing","name":"newthing","words":["a=1","b="]}"#
                .replace("\"command\":\"newthing\"", "\"command\":\"other\"")
                .as_str(),
        );
    }

    #[test]
    fn a_bad_line_costs_no_neighbour() {
        let text = "OBD_IOC_LLOG_PRINT failed: No such file or directory\n- { index: 1, event: attach, device: a, type: lov, UUID: u }\n- { index: x }\n- { index: 4, event: att";
        let (records, skips) = parse(text.as_bytes());
        let kinds: Vec<(u64, SkipKind)> = skips.iter().map(|skip| (skip.line, skip.kind)).collect();
        assert_eq!(records.len(), 1);
        assert_eq!(
            kinds,
            [
                (1, SkipKind::ErrorText),
                (3, SkipKind::BadLine),
                (4, SkipKind::Truncated)
            ]
        );
    }
}
