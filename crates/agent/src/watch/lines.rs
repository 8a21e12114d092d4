//! Lines of a command that runs on.

use crate::host::{Following, Running};
use std::io;
use tokio::net::unix::pipe::Receiver;

/// Bytes of a line at most; what is longer is passed over.
const LINE_MAX: usize = 1 << 20;

/// The lines of a command, as they come. Dropping it ends the command.
#[derive(Debug)]
pub struct Lines {
    output: Receiver,
    _running: Running,
    kept: Vec<u8>,
    /// Bytes of `kept` that hold no line end.
    searched: usize,
    /// Whether the line that is being read is too long.
    is_long: bool,
}

impl Lines {
    /// Begins to read.
    pub fn new(following: Following) -> io::Result<Self> {
        Ok(Self {
            output: Receiver::from_owned_fd(following.output)?,
            _running: following.running,
            kept: Vec::new(),
            searched: 0,
            is_long: false,
        })
    }

    /// The next line without its end; none when the command ended. Cancel-safe.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(line) = self.take() {
                return Ok(Some(line));
            }
            self.output.readable().await?;
            let mut bytes = [0_u8; 8 << 10];
            match self.output.try_read(&mut bytes) {
                Ok(0) => return Ok(None),
                Ok(n) => self.kept.extend_from_slice(&bytes[..n]),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        loop {
            let rest = self.kept.get(self.searched..)?;
            let Some(at) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.kept.len();
                if self.kept.len() > LINE_MAX {
                    self.kept.clear();
                    (self.searched, self.is_long) = (0, true);
                }
                return None;
            };
            let mut line: Vec<u8> = self.kept.drain(..=self.searched + at).collect();
            self.searched = 0;
            line.pop();
            if !std::mem::take(&mut self.is_long) && line.len() <= LINE_MAX {
                return Some(line);
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn lines_come_whole_and_one_too_long_costs_itself_only() {
        let (reader, mut writer) = io::pipe().unwrap();
        let following = Following {
            output: reader.into(),
            running: Running::default(),
        };
        let mut lines = Lines::new(following).unwrap();
        let task = std::thread::spawn(move || {
            writer.write_all(b"one\ntw").unwrap();
            writer.write_all(b"o\n").unwrap();
            writer.write_all(&vec![b'x'; LINE_MAX + 5]).unwrap();
            writer.write_all(b"\nlast\ncut").unwrap();
        });
        for want in ["one", "two", "last"] {
            assert_eq!(lines.next().await.unwrap().unwrap(), want.as_bytes());
        }
        assert_eq!(
            lines.next().await.unwrap(),
            None,
            "a line without an end is none"
        );
        task.join().unwrap();
    }
}
