//! Keeps everything that passes through another door, as a capture.

use super::captured::{HostFile, Line, Moment};
use super::{Command, Host, HostError, Output, redact};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// One thing that passed.
#[derive(Clone, Debug)]
struct Seen {
    line: Line,
    out: Vec<u8>,
    err: Vec<u8>,
}

/// A door that remembers what passed through it, without secrets.
pub struct Recording<H> {
    inner: H,
    seen: Mutex<Vec<Seen>>,
}

impl<H: Host> Recording<H> {
    /// Records what passes through `inner`.
    pub fn new(inner: H) -> Self {
        Self {
            inner,
            seen: Mutex::new(Vec::new()),
        }
    }

    fn keep(&self, line: Line, out: &[u8], err: &[u8]) {
        let seen = Seen {
            line,
            out: redact::redact(out),
            err: redact::redact(err),
        };
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
    }

    /// Writes the capture, with one moment, into a folder that is not there
    /// yet or is empty. Readable by its owner only.
    pub fn save(&self, folder: &Path, about: HostFile, moment: &str) -> io::Result<usize> {
        let place = folder.join(moment);
        if folder.exists() && std::fs::read_dir(folder)?.next().is_some() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "the folder is not empty",
            ));
        }
        std::fs::create_dir_all(&place)?;
        std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut index = String::new();
        for (number, one) in seen.iter().enumerate() {
            let mut line = one.line.clone();
            let write = |bytes: &[u8], suffix: &str| -> io::Result<Option<String>> {
                if bytes.is_empty() {
                    return Ok(None);
                }
                let name = format!("{:04}.{suffix}", number + 1);
                std::fs::write(place.join(&name), bytes)?;
                Ok(Some(name))
            };
            if line.argv.is_some() {
                line.stdout = write(&one.out, "out")?;
                line.stderr = write(&one.err, "err")?;
            } else {
                line.data = write(&one.out, "out")?;
            }
            index.push_str(&serde_json::to_string(&line).map_err(io::Error::other)?);
            index.push('\n');
        }
        std::fs::write(place.join("index.jsonl"), index)?;
        let moments = vec![Moment {
            name: moment.to_owned(),
            ..Moment::default()
        }];
        let about = HostFile {
            format: 1,
            moments,
            ..about
        };
        std::fs::write(
            folder.join("host.json"),
            serde_json::to_vec_pretty(&about).map_err(io::Error::other)?,
        )?;
        Ok(seen.len())
    }
}

fn word<T>(result: &Result<T, HostError>) -> Option<String> {
    result.as_ref().err().map(ToString::to_string)
}

impl<H: Host> Host for Recording<H> {
    fn run(&self, command: &Command) -> Result<Output, HostError> {
        let result = self.inner.run(command);
        let mut line = Line {
            argv: Some(command.argv.clone()),
            error: word(&result),
            ..Line::default()
        };
        let output = result.as_ref().ok().cloned().unwrap_or_default();
        (line.exit, line.seconds) = (output.exit, (output.seconds * 1e3).round() / 1e3);
        self.keep(line, &output.stdout, &output.stderr);
        result
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError> {
        let result = self.inner.read_file(path);
        let line = Line {
            file: Some(path.to_owned()),
            error: word(&result),
            ..Line::default()
        };
        self.keep(line, result.as_deref().unwrap_or_default(), &[]);
        result
    }

    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError> {
        let result = self.inner.list_dir(path);
        let entries = result.as_ref().ok().cloned();
        self.keep(
            Line {
                dir: Some(path.to_owned()),
                entries,
                error: word(&result),
                ..Line::default()
            },
            &[],
            &[],
        );
        result
    }

    fn read_link(&self, path: &str) -> Result<String, HostError> {
        let result = self.inner.read_link(path);
        let to = result.as_ref().ok().cloned();
        self.keep(
            Line {
                link: Some(path.to_owned()),
                to,
                error: word(&result),
                ..Line::default()
            },
            &[],
            &[],
        );
        result
    }

    fn exists(&self, path: &str) -> bool {
        self.inner.exists(path)
    }

    fn moment(&self) -> usize {
        self.inner.moment()
    }

    fn now(&self) -> Option<jiff::Timestamp> {
        self.inner.now()
    }
}
