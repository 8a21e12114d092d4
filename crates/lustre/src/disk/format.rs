//! What `mkfs.lustre`, `tunefs.lustre` and `mount.lustre -v` print: the
//! configuration that was on the disk, the one that is to be, what they ran or
//! mounted, and why they stopped.

use super::mount_data::{BackEnd, MountData, words};
use crate::param::{Line, Lines};
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// Everything that one run printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Formatting {
    /// Whether a target was on the device before, where it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was_formatted: Option<bool>,
    /// What was on the disk before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<MountData>,
    /// What is to be on the disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permanent: Option<MountData>,
    /// The device or dataset, where it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The command that makes the file system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Properties that were written, `lustre:` left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<(String, String)>,
    /// What was mounted, where it was to be mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounting: Option<Mounting>,
    /// Whether it ended before it wrote.
    pub is_dry_run: bool,
    /// Failures and warnings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
}

/// A mount as `mount.lustre` makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mounting {
    /// Device, dataset, or `NID:/FS` of a client.
    pub source: String,
    /// Where.
    pub target: String,
    /// Options, those that it added too.
    pub options: String,
}

/// How bad a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It went on.
    Warning,
    /// It could not do something.
    Error,
    /// It ended; the text says with what.
    Exit,
}

/// A failure or warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// How bad it is.
    pub severity: Severity,
    /// The program, where the line names it.
    pub program: String,
    /// The words.
    pub text: String,
}

impl Formatting {
    /// What is on the disk now as far as the output tells: what was written, or
    /// what was there before where nothing was.
    pub fn on_disk(&self) -> Option<&MountData> {
        let failed = self
            .messages
            .iter()
            .any(|m| m.severity != Severity::Warning);
        if self.is_dry_run || failed {
            return self.previous.as_ref();
        }
        self.permanent.as_ref().or(self.previous.as_ref())
    }
}

/// Reads the output of one run.
pub fn parse(input: &[u8]) -> (Formatting, Vec<Skip>) {
    let mut reader = Reader::default();
    let mut lines = Lines::new(input, 1);
    let is_cut = input.last().is_some_and(|byte| *byte != b'\n');
    while let Some(line) = lines.next() {
        let is_tail = is_cut && lines.as_bytes().is_empty();
        reader.line(line, is_tail);
    }
    (reader.found, reader.skips)
}

/// The block of fields that lines belong to.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Block {
    #[default]
    None,
    Previous,
    Permanent,
    Written,
}

#[derive(Default)]
struct Reader {
    found: Formatting,
    skips: Vec<Skip>,
    block: Block,
    /// Whether the command of the last line goes on below it.
    in_command: bool,
}

impl Reader {
    fn line(&mut self, line: Line<'_>, is_tail: bool) {
        let text = line.text.trim();
        if text.is_empty() || is_prompt(line.text) {
            return;
        }
        let is_indented = line.text.starts_with([' ', '\t']);
        let was_in_command = std::mem::take(&mut self.in_command);
        if self.head(text) || self.mount(text) || self.field(text) || self.message(text) {
            return;
        }
        // `zfs create` goes on with a property on each line.
        let is_property = text.contains('=') && !text.contains(' ');
        if is_indented && was_in_command && is_property {
            self.in_command = true;
            return;
        }
        if is_indented && self.is_detail(text) {
            return;
        }
        let (kind, what) = match (line.is_binary, is_tail) {
            (true, _) => (SkipKind::Binary, "bytes that are not text"),
            (false, true) => (SkipKind::Truncated, "the input ends in"),
            (false, false) => (
                SkipKind::BadLine,
                "not a line of mkfs.lustre or tunefs.lustre",
            ),
        };
        self.skips
            .push(crate::param::skip(line.number, kind, what, text));
    }

    /// Lines that begin a block or stand alone.
    fn head(&mut self, text: &str) -> bool {
        if let Some(rest) = text.strip_prefix("checking for existing Lustre data") {
            self.found.was_formatted = match rest.trim_start_matches([':', ' ']) {
                "found" | "found CONFIGS/mountdata" => Some(true),
                "not found" => Some(false),
                other => Some(other.starts_with("found")),
            };
        } else if text.starts_with("Read previous values") || text.starts_with("Reading CONFIGS") {
            self.block = Block::Previous;
        } else if text.starts_with("Permanent disk data") {
            self.block = Block::Permanent;
        } else if let Some(rest) = text.strip_prefix("Writing ") {
            self.block = Block::Written;
            if let Some(device) = rest.strip_suffix(" properties") {
                self.found.device = Some(device.to_owned());
            }
        } else if let Some(rest) = text.strip_prefix("mkfs_cmd = ") {
            self.found.command = Some(rest.trim().to_owned());
            self.in_command = true;
            if rest.starts_with("zfs create") {
                self.found.device = rest.split_ascii_whitespace().last().map(str::to_owned);
            }
        } else if text.starts_with("exiting before disk write") {
            self.found.is_dry_run = true;
        } else if let Some(rest) = text.strip_prefix("formatting backing filesystem ") {
            self.found.device = rest.split_once(" on ").map(|(_, device)| device.to_owned());
        } else {
            return [
                "device size",
                "device type",
                "added Lustre",
                "mkfs.lustre: running",
            ]
            .iter()
            .any(|head| text.starts_with(head));
        }
        true
    }

    /// Lines of `mount.lustre -v`.
    fn mount(&mut self, text: &str) -> bool {
        let argument = text
            .strip_prefix("arg[")
            .and_then(|rest| rest.split_once("] = "));
        if argument.is_some() {
            return true;
        }
        if let Some(rest) = text.strip_prefix("mounting device ")
            && let Some((source, rest)) = rest.split_once(" at ")
            && let Some((target, rest)) = rest.split_once(", flags=")
        {
            let options = rest.split_once(" options=").map(|(_, options)| options);
            self.found.mounting = Some(Mounting {
                source: source.to_owned(),
                target: target.to_owned(),
                options: options.unwrap_or_default().to_owned(),
            });
            return true;
        }
        if let Some(rest) = text.strip_prefix("source = ")
            && let Some((source, target)) = rest.split_once(", target = ")
        {
            // The name as given, then as it is.
            let source = source.split_once(" (").map_or(source, |(_, real)| real);
            let mounting = self.found.mounting.get_or_insert_default();
            source
                .trim_end_matches(')')
                .clone_into(&mut mounting.source);
            target.clone_into(&mut mounting.target);
            return true;
        }
        let options = text
            .strip_prefix("options(")
            .and_then(|rest| rest.split_once(") = "));
        if let Some((_, options)) = options {
            let mounting = self.found.mounting.get_or_insert_default();
            options.clone_into(&mut mounting.options);
        }
        options.is_some()
    }

    /// Fields of the two blocks, and properties that were written.
    fn field(&mut self, text: &str) -> bool {
        if let Some(property) = text.strip_prefix("lustre:") {
            let pair = property.split_once('=');
            let pair = pair.map(|(key, value)| (key.to_owned(), value.to_owned()));
            self.found.written.extend(pair);
            return true;
        }
        let block = match self.block {
            Block::Previous => self.found.previous.get_or_insert_default(),
            Block::Permanent => self.found.permanent.get_or_insert_default(),
            Block::None | Block::Written => return false,
        };
        if text.starts_with('(') && text.ends_with(')') {
            return true;
        }
        let Some((key, value)) = text.split_once(':') else {
            return false;
        };
        set(block, key, value.trim())
    }

    fn message(&mut self, text: &str) -> bool {
        let (program, rest) = match text.split_once(' ') {
            Some((first, rest)) if is_program(first) => (first.trim_end_matches(':'), rest.trim()),
            _ => ("", text),
        };
        let fatal = ["FATAL:", "FATAL", "ERROR:", "error:", "Error:"];
        let fatal = fatal.iter().find_map(|mark| rest.strip_prefix(mark));
        let (severity, words) = if let Some(words) = fatal {
            (Severity::Error, words.trim())
        } else if let Some(words) = rest
            .strip_prefix("warning:")
            .or_else(|| rest.strip_prefix("WARNING:"))
        {
            (Severity::Warning, words.trim())
        } else if rest.starts_with("exiting with ") {
            (Severity::Exit, rest)
        } else if !program.is_empty() {
            (Severity::Error, rest)
        } else {
            return false;
        };
        self.found.messages.push(Message {
            severity,
            program: program.to_owned(),
            text: words.to_owned(),
        });
        true
    }

    /// Indented lines: what the file system is made with, or what its tool said.
    fn is_detail(&mut self, text: &str) -> bool {
        const DETAILS: &[&str] = &[
            "target name",
            "4k blocks",
            "kilobytes",
            "options",
            "dataset",
            "vdev",
        ];
        if DETAILS.iter().any(|detail| text.starts_with(detail)) {
            return true;
        }
        // What mke2fs or zfs complained of is shown below its command.
        if self.found.command.is_some() && self.block != Block::Written {
            self.found.messages.push(Message {
                severity: Severity::Error,
                program: String::new(),
                text: text.to_owned(),
            });
            return true;
        }
        false
    }
}

fn set(data: &mut MountData, key: &str, value: &str) -> bool {
    match key {
        "Target" => value.clone_into(&mut data.name),
        "Index" => data.set_index(value.parse().unwrap_or(0xffff)),
        "Lustre FS" => value.clone_into(&mut data.fs_name),
        "Mount type" => data.back_end = BackEnd::from_word(value),
        "Flags" => data.flags = hexadecimal(value),
        "UUID" => value.clone_into(&mut data.uuid),
        "Comment" => value.clone_into(&mut data.comment),
        "Persistent mount opts" => value.clone_into(&mut data.mount_options),
        "Parameters" => data.parameters = words(value),
        _ => return false,
    }
    true
}

fn hexadecimal(text: &str) -> u32 {
    let digits = text.trim_start_matches("0x");
    let end = digits
        .find(|c: char| !c.is_ascii_hexdigit())
        .unwrap_or(digits.len());
    u32::from_str_radix(&digits[..end], 16).unwrap_or(0)
}

fn is_program(word: &str) -> bool {
    let word = word.trim_end_matches(':');
    let word = word.rsplit('/').next().unwrap_or(word);
    matches!(word, "mkfs.lustre" | "tunefs.lustre" | "mount.lustre")
}

/// The prompt with the command.
fn is_prompt(text: &str) -> bool {
    text.starts_with("# ") || text.starts_with('[') && text.contains("]# ")
}
