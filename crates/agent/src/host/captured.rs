//! A host as it once was: a folder of recorded output.
//!
//! `host.json` names the host and its moments; each moment has a folder with
//! `index.jsonl` and the recorded bytes. A thing that a moment does not hold is
//! taken from the latest earlier one that does.

use super::{Command, Host, HostError, Output};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// `host.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HostFile {
    /// Version of the format: 1.
    pub format: u32,
    /// Short host name.
    pub hostname: String,
    /// Its machine id.
    pub machine_id: String,
    /// When it was captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<jiff::Timestamp>,
    /// For people.
    pub note: String,
    /// In order of time.
    pub moments: Vec<Moment>,
}

/// One moment of a capture.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Moment {
    /// Its folder.
    pub name: String,
    /// Seconds after the start of a replay.
    pub offset_s: u64,
    /// For people.
    pub note: String,
    /// Whether the host does not answer then: its agent is silent.
    #[serde(skip_serializing_if = "is_false")]
    pub silent: bool,
}

/// One line of `index.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// The command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<String>>,
    /// Or the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Or the folder that was listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// Or the link that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Exit status of the command.
    pub exit: i32,
    /// How long it took.
    pub seconds: f64,
    /// Blob with its output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Blob with its standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
    /// Blob with the file's bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Names in the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<String>>,
    /// Where the link points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// From this moment on it is not recorded. `lctl get_param PATTERN…` that was
    /// never recorded takes these parameters out of the dumps before it.
    #[serde(skip_serializing_if = "is_false")]
    pub gone: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// Why a folder is no capture.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// A file cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// A file is not of the format.
    #[error("{0}: {1}")]
    Format(PathBuf, serde_json::Error),
    /// A moment of that name is not in it.
    #[error("there is no moment {0:?}; there are: {1}")]
    NoMoment(String, String),
    /// A path that leads out of the capture.
    #[error("{0}: the name {1:?} is no plain file name")]
    BadName(PathBuf, String),
}

#[derive(Clone, Debug)]
struct Entry {
    folder: PathBuf,
    /// Number of the moment that it is of.
    moment: usize,
    line: Line,
}

/// A captured host, at one of its moments.
#[derive(Debug)]
pub struct CapturedHost {
    /// Its description.
    pub about: HostFile,
    moments: Vec<BTreeMap<String, Entry>>,
    at: AtomicUsize,
}

impl CapturedHost {
    /// Whether the host does not answer at this moment.
    pub fn is_silent(&self) -> bool {
        let now = self.at.load(Ordering::Relaxed);
        self.about
            .moments
            .get(now)
            .is_some_and(|moment| moment.silent)
    }

    /// Opens a folder, at its first moment.
    pub fn open(folder: &Path) -> Result<Self, CaptureError> {
        let path = folder.join("host.json");
        let about: HostFile = serde_json::from_slice(&read(&path)?)
            .map_err(|error| CaptureError::Format(path, error))?;
        let mut known = BTreeMap::new();
        let mut moments = Vec::new();
        for (number, moment) in about.moments.iter().enumerate() {
            let place = folder.join(plain(folder, &moment.name)?);
            add(&mut known, &place, number)?;
            moments.push(known.clone());
        }
        Ok(Self {
            about,
            moments,
            at: AtomicUsize::new(0),
        })
    }

    /// Goes to the moment of that number, or the last.
    pub fn go(&self, moment: usize) {
        self.at.store(
            moment.min(self.moments.len().saturating_sub(1)),
            Ordering::Relaxed,
        );
    }

    /// Goes to the moment of that name.
    pub fn go_to(&self, name: &str) -> Result<(), CaptureError> {
        let names = || self.about.moments.iter().map(|moment| moment.name.as_str());
        let found = names().position(|known| known == name);
        let Some(found) = found else {
            return Err(CaptureError::NoMoment(
                name.to_owned(),
                names().collect::<Vec<_>>().join(", "),
            ));
        };
        self.go(found);
        Ok(())
    }

    fn entries(&self) -> Option<&BTreeMap<String, Entry>> {
        self.moments.get(self.at.load(Ordering::Relaxed))
    }

    fn entry(&self, key: &str) -> Result<&Entry, HostError> {
        let entry = self
            .entries()
            .and_then(|known| known.get(key))
            .filter(|entry| !entry.line.gone)
            .ok_or(HostError::NotRecorded)?;
        match entry.line.error.as_deref() {
            None => Ok(entry),
            Some("not found") => Err(HostError::NotFound),
            Some("permission denied") => Err(HostError::Denied),
            Some("not installed") => Err(HostError::NotInstalled),
            Some(other) => Err(HostError::Other(other.to_owned())),
        }
    }

    fn output(entry: &Entry) -> Result<Output, HostError> {
        Ok(Output {
            exit: entry.line.exit,
            stdout: blob(&entry.folder, entry.line.stdout.as_ref())?,
            stderr: blob(&entry.folder, entry.line.stderr.as_ref())?,
            seconds: entry.line.seconds,
        })
    }

    /// Answers `lctl get_param PATTERN…` from the dumps that were recorded, the
    /// latest first.
    fn get_param(&self, patterns: &[&str]) -> Result<Output, HostError> {
        let mut hidden: Vec<&str> = Vec::new();
        let (mut found, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
        let known = self.entries().into_iter().flat_map(BTreeMap::values);
        let of_dumps = |entry: &&Entry| entry.line.argv.as_deref().is_some_and(is_dump);
        let mut dumps: Vec<&Entry> = known.filter(of_dumps).collect();
        // What is gone hides what earlier moments have, and not its own.
        dumps.sort_by_key(|entry| (std::cmp::Reverse(entry.moment), entry.line.gone));
        for entry in &dumps {
            if entry.line.gone {
                let names = entry.line.argv.iter().flatten().skip(2);
                hidden.extend(names.map(String::as_str));
                continue;
            }
            let bytes = Self::output(entry)?.stdout;
            for block in lustre::param::blocks(&bytes).filter_map(Result::ok) {
                let name = block.name.full;
                if patterns.iter().any(|pattern| glob(pattern, name))
                    && !hidden.iter().any(|pattern| glob(pattern, name))
                    && seen.insert(name.to_owned())
                {
                    found.extend_from_slice(format!("{name}={}\n", block.inline).as_bytes());
                    found.extend_from_slice(block.body.as_bytes());
                    if found.last() != Some(&b'\n') {
                        found.push(b'\n');
                    }
                }
            }
        }
        if dumps.is_empty() {
            return Err(HostError::NotRecorded);
        }
        let exit = if found.is_empty() { 2 } else { 0 };
        Ok(Output {
            exit,
            stdout: found,
            ..Output::default()
        })
    }
}

impl Host for CapturedHost {
    fn run(&self, command: &Command) -> Result<Output, HostError> {
        match self.entry(&key_of(&command.argv)) {
            Ok(entry) => Self::output(entry),
            Err(HostError::NotRecorded) => {
                let words: Vec<&str> = command.argv.iter().map(String::as_str).collect();
                match words.as_slice() {
                    ["lctl", "get_param", patterns @ ..]
                        if !patterns.iter().any(|word| word.starts_with('-')) =>
                    {
                        self.get_param(patterns)
                    }
                    _ => Err(HostError::NotRecorded),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        match (self.entry(&format!("file {path}")), path) {
            (Ok(entry), _) => blob(&entry.folder, entry.line.data.as_ref()),
            (Err(HostError::NotRecorded), "/etc/machine-id") => {
                Ok(self.about.machine_id.clone().into_bytes())
            }
            (Err(HostError::NotRecorded), "/proc/sys/kernel/hostname") => {
                Ok(self.about.hostname.clone().into_bytes())
            }
            (Err(HostError::NotRecorded), path) => {
                let cat = ["cat".to_owned(), path.to_owned()];
                Ok(Self::output(self.entry(&key_of(&cat))?)?.stdout)
            }
            (Err(error), _) => Err(error),
        }
    }

    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError> {
        Ok(self
            .entry(&format!("dir {path}"))?
            .line
            .entries
            .clone()
            .unwrap_or_default())
    }

    fn read_link(&self, path: &str) -> Result<String, HostError> {
        Ok(self
            .entry(&format!("link {path}"))?
            .line
            .to
            .clone()
            .unwrap_or_default())
    }

    fn exists(&self, path: &str) -> bool {
        self.entry(&format!("file {path}")).is_ok() || self.entry(&format!("dir {path}")).is_ok()
    }

    fn moment(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }
}

/// The key of a command: options keep their order, since output may depend on it.
fn key_of(argv: &[String]) -> String {
    format!("run {}", argv.join("\u{1f}"))
}

fn read(path: &Path) -> Result<Vec<u8>, CaptureError> {
    std::fs::read(path).map_err(|error| CaptureError::Read(path.to_owned(), error))
}

/// A name without a way out of its folder.
fn plain<'a>(folder: &Path, name: &'a str) -> Result<&'a str, CaptureError> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err(CaptureError::BadName(folder.to_owned(), name.to_owned()));
    }
    Ok(name)
}

/// Whether this prints parameters with their names.
fn is_dump(words: &[String]) -> bool {
    let is_short = |word: &String| matches!(word.as_str(), "-n" | "-N" | "-nR" | "-NR");
    let starts = words.len() > 2 && words[0] == "lctl" && words[1] == "get_param";
    starts && !words.iter().any(is_short)
}

fn add(
    known: &mut BTreeMap<String, Entry>,
    folder: &Path,
    moment: usize,
) -> Result<(), CaptureError> {
    let path = folder.join("index.jsonl");
    for text in String::from_utf8_lossy(&read(&path)?)
        .lines()
        .filter(|text| !text.trim().is_empty())
    {
        let line: Line = serde_json::from_str(text)
            .map_err(|error| CaptureError::Format(path.clone(), error))?;
        for name in [&line.stdout, &line.stderr, &line.data]
            .into_iter()
            .flatten()
        {
            plain(folder, name)?;
        }
        let key = match (&line.argv, &line.file, &line.dir, &line.link) {
            (Some(argv), ..) => key_of(argv),
            (_, Some(file), ..) => format!("file {file}"),
            (_, _, Some(dir), _) => format!("dir {dir}"),
            (.., Some(link)) => format!("link {link}"),
            _ => continue,
        };
        // Parameters may be gone of a dump that holds others, which stays.
        let is_of_params = line.argv.as_deref().is_some_and(is_dump);
        if line.gone && (!is_of_params || known.contains_key(&key)) {
            known.remove(&key);
        } else {
            known.insert(
                key,
                Entry {
                    folder: folder.to_owned(),
                    moment,
                    line,
                },
            );
        }
    }
    Ok(())
}

fn blob(folder: &Path, name: Option<&String>) -> Result<Vec<u8>, HostError> {
    name.map_or(Ok(Vec::new()), |name| {
        std::fs::read(folder.join(name)).map_err(HostError::from)
    })
}

/// Whether a parameter's name fits a pattern, as `lctl` has it: `*` stays
/// inside one part, `/` is `.`, and a NID is one part.
pub fn glob(pattern: &str, name: &str) -> bool {
    let parts = lustre::param::Name::parse(name);
    let mut words: Vec<&str> = Vec::new();
    if parts.class.is_empty() {
        words.push(name);
    } else {
        words.push(parts.class);
        words.extend(Some(parts.instance).filter(|instance| !instance.is_empty()));
        if let Some(nid) = parts.nid {
            words.extend(["exports", nid]);
        }
        words.extend(parts.param.split('.'));
    }
    let globs: Vec<&str> = pattern.split(['.', '/']).collect();
    pattern == name
        || globs.len() == words.len()
            && globs
                .iter()
                .zip(&words)
                .all(|(glob, word)| fits(glob.as_bytes(), word.as_bytes()))
}

fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            fits(rest, name)
                || name
                    .split_first()
                    .is_some_and(|(_, tail)| fits(pattern, tail))
        }
        ([b'?', rest @ ..], [_, tail @ ..]) => fits(rest, tail),
        ([a, rest @ ..], [b, tail @ ..]) => a == b && fits(rest, tail),
        _ => false,
    }
}
