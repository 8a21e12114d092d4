//! `wipefs` without `-a`: the signatures on a device, as table or `-J`.

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{json, table, text};

/// The reader of `wipefs`.
pub static KIND: Kind = Kind {
    name: "wipefs",
    about: "wipefs, table or -J",
    guess,
    read,
};

/// One signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// Device, without `/dev/` as the tool prints it.
    pub device: Option<String>,
    /// Byte offset.
    pub offset: Option<u64>,
    /// Type, e.g. `zfs_member`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// UUID.
    pub uuid: Option<String>,
    /// Label.
    pub label: Option<String>,
}

impl Signature {
    fn set(&mut self, column: &str, value: &str) {
        let Some(value) = text::some(value) else {
            return;
        };
        match column.to_ascii_lowercase().as_str() {
            "device" => self.device = Some(value),
            "offset" => self.offset = u64::from_str_radix(value.trim_start_matches("0x"), 16).ok(),
            "type" => self.kind = Some(value),
            "uuid" => self.uuid = Some(value),
            "label" => self.label = Some(value),
            _ => {}
        }
    }
}

/// Reads every signature.
pub fn parse(input: &[u8]) -> (Vec<Signature>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    if json::is_object(input) {
        let value = json::read(input, &mut skips).unwrap_or_default();
        for found in value
            .get("signatures")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let mut signature = Signature::default();
            for (column, value) in found.as_object().into_iter().flatten() {
                signature.set(column, &json::text(value).unwrap_or_default());
            }
            out.push(signature);
        }
        return (out, skips);
    }
    let mut lines = text::lines(input, &mut skips);
    lines.retain(|line| !line.text.trim().is_empty());
    let Some(at) = lines.iter().position(|line| is_heading(line.text)) else {
        skips.extend(
            lines
                .iter()
                .map(|line| Skip::new(line.no, SkipKind::ErrorText, text::cut(line.text))),
        );
        return (out, skips);
    };
    let headings = table::headings(lines[at].text, 1);
    for row in table::rows(&headings, &lines[at + 1..]) {
        let mut signature = Signature::default();
        for (heading, cell) in headings.iter().zip(&row.cells) {
            signature.set(&heading.name, cell);
        }
        if signature.offset.is_some() {
            out.push(signature);
        } else {
            skips.push(text::bad_line(row.line, "wanted a signature"));
        }
    }
    (out, skips)
}

fn is_heading(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.contains(&"OFFSET") && words.contains(&"TYPE") && words.contains(&"UUID")
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if let Some(rest) = text.trim_start().strip_prefix('{') {
        return if rest.trim_start().starts_with("\"signatures\"") {
            96
        } else {
            0
        };
    }
    if is_heading(text::first_line(text)) {
        92
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (signatures, skips) = parse(input);
    text::emit("wipefs.signature", &signatures, skips, sink);
}
