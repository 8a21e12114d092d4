//! How other processes reach a running demo: a socket in its data folder, which
//! only its user can open, and a note of where the folder is.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sim::demo::breaking::How;
use sim::demo::{Cluster, Seen};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

/// The socket's name in the data folder.
const SOCKET: &str = "demo.sock";
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a request at most.
const REQUEST_MAX: u64 = 4096;
/// Bytes of an answer at most: a spec of 10,000 servers has less than one MiB.
const ANSWER_MAX: u64 = 16 << 20;

/// What can be asked of a running demo.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    List,
    Break { server: String, how: String },
    Mend { server: String },
    Spec,
}

/// What it answers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Servers(Vec<Line>),
    Done { server: String, text: String },
    Spec(String),
    Refused(String),
}

/// A simulated server.
#[derive(Serialize, Deserialize)]
pub struct Line {
    pub name: String,
    /// `up`, `off`, `booting`, `hangs`.
    pub state: String,
    /// What was broken and not mended: `power`, `hang`, `network`, `disk`.
    pub broken: Vec<String>,
    /// Labels of the targets that run on it.
    pub targets: Vec<String>,
}

impl From<Seen> for Line {
    fn from(seen: Seen) -> Self {
        Self {
            name: seen.name,
            state: seen.state.to_owned(),
            broken: seen.broken.iter().map(How::to_string).collect(),
            targets: seen.targets,
        }
    }
}

/// The socket of a folder. A path of a socket has at most 107 bytes and a folder
/// may lie deep, so the folder is opened, and named by its number.
fn socket(folder: &Path) -> Result<(File, PathBuf)> {
    let open =
        File::open(folder).with_context(|| format!("could not open {}", folder.display()))?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", open.as_raw_fd()));
    Ok((open, path))
}

/// Answers whoever asks, until the process ends.
pub fn serve(cluster: Option<Arc<Cluster>>, data: &Path) -> Result<()> {
    // One that an earlier demo left; the data folder is locked by now.
    let _ = std::fs::remove_file(data.join(SOCKET));
    let (_folder, path) = socket(data)?;
    let listener = UnixListener::bind(&path)
        .with_context(|| format!("could not make the socket {SOCKET} in {}", data.display()))?;
    tokio::spawn(async move {
        // A caller that cannot be taken in has an error of its own.
        while let Ok((stream, _)) = listener.accept().await {
            let cluster = cluster.clone();
            let answering = tokio::time::timeout(PATIENCE, answer(stream, cluster));
            tokio::spawn(async move {
                // One that goes away in the middle gets no answer.
                let _ = answering.await;
            });
        }
    });
    Ok(())
}

async fn answer(stream: tokio::net::UnixStream, cluster: Option<Arc<Cluster>>) -> Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = tokio::io::BufReader::new(reader.take(REQUEST_MAX));
    reader.read_line(&mut line).await?;
    let said = match (serde_json::from_str(&line), cluster) {
        (Err(error), _) => Said::Refused(format!("the demo does not understand this: {error}")),
        (_, None) => Said::Refused(String::from(
            "this demo has no simulated servers; start it with --servers 8",
        )),
        (Ok(ask), Some(cluster)) => carry_out(&cluster, ask),
    };
    let mut text = serde_json::to_string(&said)?;
    text.push('\n');
    writer.write_all(text.as_bytes()).await?;
    Ok(())
}

fn carry_out(cluster: &Cluster, ask: Ask) -> Said {
    let done = match ask {
        Ask::List => return Said::Servers(cluster.servers().into_iter().map(Line::from).collect()),
        Ask::Spec => return Said::Spec(cluster.spec()),
        Ask::Mend { server } => cluster.mend(&server),
        Ask::Break { server, how } => {
            let Some(how) = How::ALL.into_iter().find(|one| one.as_str() == how) else {
                return Said::Refused(format!("the demo cannot break a server by {how:?}"));
            };
            cluster.break_server(&server, how)
        }
    };
    match done {
        Ok(done) => Said::Done {
            server: done.server,
            text: done.text,
        },
        Err(error) => Said::Refused(error.to_string()),
    }
}

/// Asks the demo of a folder, or the one that was started last.
pub fn ask(data: Option<PathBuf>, ask: &Ask) -> Result<Said> {
    let data = match data {
        Some(data) => data,
        None => remembered()?,
    };
    let (_folder, path) = socket(&data).with_context(|| nobody(&data))?;
    let mut stream = UnixStream::connect(path).with_context(|| nobody(&data))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{}", serde_json::to_string(ask)?).context("could not ask the demo")?;
    let mut line = String::new();
    BufReader::new(stream.take(ANSWER_MAX))
        .read_line(&mut line)
        .context("the demo does not answer")?;
    let said = serde_json::from_str(&line)
        .with_context(|| format!("the demo in {} ended without an answer", data.display()))?;
    match said {
        Said::Refused(why) => bail!("{why}"),
        said => Ok(said),
    }
}

fn nobody(data: &Path) -> String {
    format!(
        "no demo runs on {}: start one with `candela demo`, or name its folder with --data",
        data.display()
    )
}

/// Where the folder of the last demo is noted.
fn note() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
    Some(runtime.or_else(home)?.join("candela/demo"))
}

/// Notes the folder, for [`ask`]. Without the note it has to be named.
pub fn remember(data: &Path) -> Result<()> {
    let note = note().context("neither XDG_RUNTIME_DIR nor HOME is set")?;
    let folder = note.parent().context("the note lies in a folder")?;
    std::fs::create_dir_all(folder)?;
    let data = std::path::absolute(data)?;
    std::fs::write(&note, data.as_os_str().as_encoded_bytes())?;
    Ok(())
}

fn remembered() -> Result<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let bytes = note().and_then(|note| std::fs::read(note).ok());
    let bytes = bytes.context(
        "no demo was started by this user: start one with `candela demo`, or name its folder with --data",
    )?;
    Ok(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}
