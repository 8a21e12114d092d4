//! The one door to a machine. Everything above it is the same for a real host
//! and for a captured one.

pub mod allow;
pub mod captured;
pub mod hands;
pub mod real;
pub mod recording;
pub mod redact;

pub use model::step::Class;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::Duration;

/// A command to run: no shell reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// After this long it is killed.
    pub deadline: Duration,
    /// What it may do.
    pub class: Class,
}

impl Command {
    /// A read-only command with the usual deadline of 20 s.
    pub fn read(argv: &[&str]) -> Self {
        Self {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            deadline: Duration::from_secs(20),
            class: Class::ReadOnly,
        }
    }

    /// The command line, for people.
    pub fn line(&self) -> String {
        self.argv.join(" ")
    }
}

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Exit status; 128 + signal for one that was killed.
    pub exit: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// How long it took, seconds.
    pub seconds: f64,
}

/// Why the door gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// No such file.
    #[error("not found")]
    NotFound,
    /// The host refuses.
    #[error("permission denied")]
    Denied,
    /// No such program.
    #[error("not installed")]
    NotInstalled,
    /// It took too long and was killed.
    #[error("no answer in {0} s")]
    Deadline(u64),
    /// A captured host does not hold this.
    #[error("not recorded")]
    NotRecorded,
    /// The door lets only reading commands through.
    #[error("refused: not on the list of commands that only read")]
    NotAllowed,
    /// Larger than is taken.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl From<std::io::Error> for HostError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound,
            std::io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Other(error.to_string()),
        }
    }
}

/// What of a kernel can be watched without asking again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The mount table: its file becomes ready with priority when it changes.
    Mounts,
    /// Devices that come, go and change: datagrams of the kernel and of udevd.
    Devices,
    /// Interfaces and addresses: datagrams.
    Network,
}

/// A command that runs on, and says more when there is more to say.
#[derive(Debug)]
pub struct Following {
    /// The end of the pipe that it writes to.
    pub output: OwnedFd,
    /// What ends it.
    pub running: Running,
}

/// A command that is ended when this is dropped.
#[derive(Debug, Default)]
pub struct Running(pub Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended by itself; either way it is waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A machine that can be looked at. Calls block.
pub trait Host: Send + Sync {
    /// Runs a command to its end. A command that ran and failed is an
    /// [`Output`], not an error.
    fn run(&self, command: &Command) -> Result<Output, HostError>;
    /// The bytes of a file.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, HostError>;
    /// Names in a folder, sorted.
    fn list_dir(&self, path: &str) -> Result<Vec<String>, HostError>;
    /// Where a symbolic link points.
    fn read_link(&self, path: &str) -> Result<String, HostError>;
    /// Whether a path is there.
    fn exists(&self, path: &str) -> bool;
    /// A number that rises when a captured host moves to its next moment;
    /// always 0 on a real one.
    fn moment(&self) -> usize {
        0
    }
    /// When its clock says it is; none for the machine's own clock.
    fn now(&self) -> Option<jiff::Timestamp> {
        None
    }
    /// Whether the kernel of this machine can be watched for events.
    fn is_live(&self) -> bool {
        false
    }
    /// Opens something to watch: it becomes ready when it changes.
    fn watch(&self, _what: Watched) -> Result<OwnedFd, HostError> {
        Err(HostError::NotRecorded)
    }
    /// Starts a command that runs on, without a deadline.
    fn follow(&self, _command: &Command) -> Result<Following, HostError> {
        Err(HostError::NotRecorded)
    }
}

/// A machine that can be changed too. An agent has one only where its server
/// is managed; on a server that is only watched there is none, so nothing that
/// changes anything can be called.
pub trait Hands: Host {
    /// Runs a command that changes something. One that writes to a disk is
    /// never killed; another is, at its deadline or when `is_stopped` says so.
    fn act(&self, command: &Command, is_stopped: &dyn Fn() -> bool) -> Result<Output, HostError>;
    /// Writes a whole file: beside it, to disk, and renamed.
    fn write_file(&self, path: &str, mode: u32, bytes: &[u8]) -> Result<(), HostError>;
    /// Makes a folder and those above it.
    fn make_dir(&self, path: &str) -> Result<(), HostError>;
    /// Removes a file; one that is not there is well.
    fn remove_file(&self, path: &str) -> Result<(), HostError>;
    /// Whether a file that holds a secret holds this one.
    fn is_secret(&self, path: &str, bytes: &[u8]) -> bool;
    /// Lets time pass.
    fn pause(&self, how_long: Duration);
}
