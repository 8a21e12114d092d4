//! The journal as `journalctl -o json`, `json-pretty`, `json-seq`, `json-sse`
//! and `export` print it. Its short forms are in [`super::syslog`].

use super::stamp::Stamp;
use crate::storage::text::cut;
use lustre::console::{Event, Message};
use serde::Serialize;
use serde_json::{Map, Value, json};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of `journalctl -o json`.
pub static JSON: Kind = Kind {
    name: "journal-json",
    about: "journalctl -o json, json-pretty, json-seq, json-sse",
    guess: guess_json,
    read: read_json,
};

/// The reader of `journalctl -o export`.
pub static EXPORT: Kind = Kind {
    name: "journal-export",
    about: "journalctl -o export",
    guess: guess_export,
    read: read_export,
};

/// One thing that was logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Stamp,
    /// On which host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// By whom: `kernel`, `systemd`, `sshd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Its process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// 0 emergency to 7 debug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// The unit it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether the kernel said it.
    pub is_kernel: bool,
    /// The boot it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// Its place in the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// What was said.
    pub message: String,
}

impl Entry {
    /// Reads one JSON object.
    pub fn from_json(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let fields: Map<String, Value> = serde_json::from_slice(bytes)?;
        Ok(Self::from_fields(|key| fields.get(key).and_then(text_of)))
    }

    fn from_fields(field: impl Fn(&str) -> Option<String>) -> Self {
        let number = |key: &str| field(key).and_then(|text| text.trim().parse::<i64>().ok());
        let at = number("_SOURCE_REALTIME_TIMESTAMP").or_else(|| number("__REALTIME_TIMESTAMP"));
        let identifier = field("SYSLOG_IDENTIFIER").or_else(|| field("_COMM"));
        let is_kernel = field("_TRANSPORT").as_deref() == Some("kernel");
        Self {
            at: at.map_or(Stamp::None, Stamp::AtUs),
            host: field("_HOSTNAME"),
            pid: number("_PID")
                .or_else(|| number("SYSLOG_PID"))
                .and_then(|pid| u32::try_from(pid).ok()),
            priority: number("PRIORITY").and_then(|level| u8::try_from(level).ok()),
            unit: field("_SYSTEMD_UNIT").or_else(|| field("UNIT")),
            is_kernel: is_kernel || identifier.as_deref() == Some("kernel"),
            identifier,
            boot_id: field("_BOOT_ID"),
            cursor: field("__CURSOR"),
            message: field("MESSAGE").unwrap_or_default(),
        }
    }

    /// What the kernel tells with it; none for what others say.
    pub fn console(&self) -> Option<Message> {
        self.is_kernel.then(|| Message::parse(&self.message))
    }
}

/// A field's text: the journal writes bytes that are no text as a list of
/// numbers, and a field that occurs twice as a list of values.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(list) if list.iter().all(Value::is_u64) => {
            let bytes = list
                .iter()
                .filter_map(|byte| u8::try_from(byte.as_u64()?).ok());
            Some(String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned())
        }
        Value::Array(list) => list.first().and_then(text_of),
        _ => None,
    }
}

/// Puts an entry: under the name of what the kernel tells with it, if that is known.
pub(crate) fn put(entry: &Entry, sink: &mut dyn Sink) {
    match entry.console().filter(|said| said.event != Event::Other) {
        Some(said) => {
            sink.record(said.name(), &|| json!({"entry": entry, "said": said}));
            if let Event::ModulesLoaded { version } = &said.event {
                sink.hint(&format!("Lustre {version}"));
            }
        }
        None => sink.record("log.entry", &|| json!({"entry": entry})),
    }
}

/// Reads all entries of any of the JSON forms.
pub fn entries_json(input: &[u8], take: &mut dyn FnMut(Result<Entry, Skip>)) {
    // The lines of an object that is spread over several, and its first line.
    let mut open: Option<(u64, Vec<u8>)> = None;
    for (no, line) in (1_u64..).zip(input.split(|byte| *byte == b'\n')) {
        let line = bare(line);
        match &mut open {
            Some((first, object)) => {
                object.extend_from_slice(line);
                object.push(b'\n');
                if line == b"}" {
                    take(object_entry(*first, object));
                    open = None;
                } else if line.starts_with(b"{\"") {
                    take(Err(cut_off(*first)));
                    take(object_entry(no, line));
                    open = None;
                }
            }
            None if line.is_empty() || is_remark(line) => {}
            None if line == b"{" => open = Some((no, b"{".to_vec())),
            None => take(object_entry(no, line)),
        }
    }
    if let Some((first, _)) = open {
        take(Err(cut_off(first)));
    }
}

fn cut_off(line: u64) -> Skip {
    Skip::new(line, SkipKind::Truncated, "the entry is cut off")
}

fn object_entry(no: u64, object: &[u8]) -> Result<Entry, Skip> {
    Entry::from_json(object).map_err(|error| {
        let kind = if error.is_eof() {
            SkipKind::Truncated
        } else {
            SkipKind::BadLine
        };
        let text = String::from_utf8_lossy(object);
        Skip::new(no, kind, format!("{error}: {:?}", cut(&text)))
    })
}

/// Without a record separator, `data: `, padding.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"\x1e").unwrap_or(line);
    let line = line.strip_prefix(b"data: ").unwrap_or(line);
    let end = line.iter().rposition(|byte| *byte != 0);
    line.get(..end.map_or(0, |at| at + 1)).unwrap_or_default()
}

/// `-- No entries --`, a prompt.
pub(crate) fn is_remark(line: &[u8]) -> bool {
    line.starts_with(b"-- ") && line.ends_with(b"--") || line.starts_with(b"# journalctl")
}

fn read_json(input: &[u8], sink: &mut dyn Sink) {
    entries_json(input, &mut |entry| match entry {
        Ok(entry) => put(&entry, sink),
        Err(skip) => sink.skip(skip),
    });
}

fn guess_json(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let is_object = text
        .trim_start_matches(['\u{1e}', ' ', '\n'])
        .trim_start_matches("data: ")
        .starts_with('{');
    if is_object && text.contains("\"__REALTIME_TIMESTAMP\"") {
        97
    } else if is_object && text.contains("\"__CURSOR\"")
        || is_object && text.contains("\"_TRANSPORT\"") && text.contains("\"MESSAGE\"")
    {
        90
    } else {
        0
    }
}

/// Reads all entries of the export form: fields a line each, entries parted by
/// empty lines; a field that is no plain text has its length and bytes behind
/// its name.
pub fn entries_export(input: &[u8], take: &mut dyn FnMut(Result<Entry, Skip>)) {
    let (mut rest, mut no) = (input, 1_u64);
    let mut fields: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest);
        let (line, next) = match end {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = next;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            finish(&mut fields, take);
        } else if let Some(at) = memchr::memchr(b'=', line) {
            let (key, value) = (&line[..at], &line[at + 1..]);
            fields.insert(lossy(key), lossy(value));
        } else if let Some((value, tail)) = is_name(line).then(|| sized(rest)).flatten() {
            fields.insert(lossy(line), lossy(value));
            no = no.saturating_add(
                u64::try_from(memchr::memchr_iter(b'\n', value).count()).unwrap_or(0) + 1,
            );
            rest = tail;
        } else {
            let text = String::from_utf8_lossy(line);
            take(Err(Skip::new(
                no,
                SkipKind::BadLine,
                format!("no field: {:?}", cut(&text)),
            )));
        }
        no = no.saturating_add(1);
    }
    finish(&mut fields, take);
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_name(line: &[u8]) -> bool {
    line.iter()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
}

/// Length, little endian in 8 bytes, the bytes, and a line end.
fn sized(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (value, rest) = rest.split_at_checked(length)?;
    Some((value, rest.strip_prefix(b"\n")?))
}

fn finish(
    fields: &mut std::collections::BTreeMap<String, String>,
    take: &mut dyn FnMut(Result<Entry, Skip>),
) {
    let done = std::mem::take(fields);
    if !done.is_empty() {
        take(Ok(Entry::from_fields(|key| done.get(key).cloned())));
    }
}

fn read_export(input: &[u8], sink: &mut dyn Sink) {
    entries_export(input, &mut |entry| match entry {
        Ok(entry) => put(&entry, sink),
        Err(skip) => sink.skip(skip),
    });
}

fn guess_export(sample: Sample<'_>) -> Likelihood {
    let head = sample.text().trim_start();
    if head.starts_with("__CURSOR=") || head.starts_with("__REALTIME_TIMESTAMP=") {
        97
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(text: &str) -> (Vec<Entry>, Vec<Skip>) {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        entries_json(text.as_bytes(), &mut |entry| match entry {
            Ok(entry) => good.push(entry),
            Err(skip) => bad.push(skip),
        });
        (good, bad)
    }

    #[test]
    fn json_entries_are_read_in_every_form() {
        let object = r#"{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1795221323836530","_HOSTNAME":"n1","SYSLOG_IDENTIFIER":"kernel","_TRANSPORT":"kernel","PRIORITY":"6","MESSAGE":"Lustre: Failing over a-OST0000"}"#;
        let pretty = object
            .replace("{\"", "{\n\"")
            .replace(",\"", ",\n\"")
            .replace("\"}", "\"\n}");
        for text in [
            format!("-- No entries --\n{object}\r\n"),
            format!("\u{1e}{object}\n"),
            format!("data: {object}\n\n"),
            pretty,
        ] {
            let (good, bad) = json_of(&text);
            assert_eq!((good.len(), bad.len()), (1, 0), "{text}");
            assert_eq!(good[0].at, Stamp::AtUs(1_795_221_323_836_530));
            assert_eq!(
                (good[0].cursor.as_deref(), good[0].priority),
                (Some("s=1"), Some(6))
            );
            let told = good[0].console().unwrap();
            assert_eq!(told.name(), "lustre.target_stopping");
        }
    }

    #[test]
    fn bytes_and_lists_are_text() {
        let (good, bad) = json_of(
            "{\"MESSAGE\":[72,105,255],\"_PID\":[\"7\",\"8\"]}\n{\"MESSAGE\":null}\nnonsense\n{\"MESSAGE\":\"x",
        );
        assert_eq!(
            (good[0].message.as_str(), good[0].pid),
            ("Hi\u{fffd}", Some(7))
        );
        assert_eq!(good.len(), 2);
        let kinds: Vec<_> = bad.iter().map(|skip| (skip.line, skip.kind)).collect();
        assert_eq!(kinds, [(3, SkipKind::BadLine), (4, SkipKind::Truncated)]);
    }

    #[test]
    fn export_holds_bytes() {
        let mut input = b"__CURSOR=a\n__REALTIME_TIMESTAMP=5\nMESSAGE\n".to_vec();
        input.extend_from_slice(&3_u64.to_le_bytes());
        input.extend_from_slice(b"a\nb\n_PID=9\n\n__CURSOR=b\nMESSAGE=last\nbad line");
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        entries_export(&input, &mut |entry| match entry {
            Ok(entry) => good.push(entry),
            Err(skip) => bad.push(skip),
        });
        assert_eq!((good.len(), bad.len()), (2, 1));
        assert_eq!((good[0].message.as_str(), good[0].pid), ("a\nb", Some(9)));
        assert_eq!(
            (good[1].message.as_str(), good[1].cursor.as_deref()),
            ("last", Some("b"))
        );
    }
}
