//! What the tools that change a server say: why they failed, or that it is done.
//!
//! [`message`] reads a line, [`explain`] the whole of a tool's standard error and
//! gives the one line that says most. A step that failed becomes an error with a
//! code by its [`Meaning`]; the words stay beside it for the operator.
//!
//! Read here: mount.lustre, umount, mkfs.lustre, tunefs.lustre, mke2fs and its
//! siblings, lctl, lfs, lnetctl, zpool and zfs.

mod errors;
mod phrases;
mod subject;

#[cfg(test)]
mod tests;

use crate::lfs::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::errno::{self, Errno};
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of such messages.
pub static KIND: Kind = Kind {
    name: "tool-message",
    about: "errors and confirmations of mount.lustre, mkfs.lustre, lctl, lnetctl, zpool, zfs",
    guess,
    read,
};

/// One line that a tool said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ToolMessage<'a> {
    /// The tool, or its verb where only that is named: `mount.lustre`, `zpool`, `pool_add`.
    pub tool: &'a str,
    /// What it was about: a device, dataset, pool, parameter, NID.
    pub subject: Option<&'a str>,
    /// Who holds it, or where it is: the host that has a pool, a mount point.
    pub holder: Option<&'a str>,
    /// What it means.
    pub meaning: Meaning,
    /// The kernel's error, where one is named.
    pub errno: Option<Errno>,
    /// The line.
    pub text: &'a str,
}

/// What a message means, as far as a step that failed can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Something holds the device, pool or folder: a mount, a process, another device.
    Busy,
    /// It is mounted, or its service runs, already.
    AlreadyMounted,
    /// It is not mounted.
    NotMounted,
    /// A target of Lustre is on it.
    AlreadyFormatted,
    /// Something other than Lustre is on it.
    HoldsData,
    /// No target is on it, or none that can be seen from here.
    NotFormatted,
    /// Another target has this index in the MGS.
    IndexInUse,
    /// The MGS does not answer.
    MgsUnreachable,
    /// Another peer does not answer.
    Unreachable,
    /// LNet is not configured, or has no network that is up.
    LnetDown,
    /// A kernel module is not loaded.
    ModuleMissing,
    /// Multiple mount protection says that another server uses it.
    MmpInUse,
    /// The pool is imported on another server, now.
    PoolElsewhere,
    /// The pool was last used by another server, and not exported.
    PoolNotExported,
    /// The pool lacks devices.
    PoolBroken,
    /// It is not there.
    NotFound,
    /// It is there already.
    AlreadyExists,
    /// Not allowed.
    NoPermission,
    /// An argument, a name or an option is refused.
    InvalidArgument,
    /// The kernel or the tool cannot do this.
    NotSupported,
    /// The target's configuration log is missing or bad.
    BadConfiguration,
    /// Something must end first: targets that are mounted, an operation that runs.
    InProgress,
    /// It took too long.
    TimedOut,
    /// It may work when tried again.
    TryAgain,
    /// Reading or writing failed.
    InputOutput,
    /// No space, inodes or memory, or above quota.
    NoResources,
    /// It is read-only.
    ReadOnly,
    /// What is stored is damaged.
    Damaged,
    /// It failed, and does not say why.
    Failed,
    /// It was done, but.
    Warning,
    /// What to try.
    Advice,
    /// It was done.
    Done,
}

impl Meaning {
    /// How much it says: of several lines the highest counts.
    fn weight(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Advice => 1,
            Self::Warning => 2,
            Self::Failed => 3,
            Self::InvalidArgument | Self::NotFound | Self::InputOutput => 4,
            Self::NotSupported | Self::TimedOut | Self::TryAgain | Self::InProgress => 5,
            _ => 6,
        }
    }

    /// Whether it is a failure.
    pub fn is_failure(self) -> bool {
        self.weight() > 2
    }
}

/// What an error of the kernel means when this tool names it.
pub fn meaning_of(tool: &str, errno: Errno) -> Meaning {
    errors::meaning(tool, errno.number)
}

/// Reads one line; none if it is no message of a tool that is known.
pub fn message(text: &str) -> Option<ToolMessage<'_>> {
    let text = text.trim();
    let (tool, rest) = speaker(text);
    let errno = errno::at_end(without_tail(text)).map(|(_, errno)| errno);
    let phrase = phrases::find(text);
    let tool = match (tool, phrase) {
        (Some(tool), _) => tool,
        (None, Some(phrase)) if !phrase.tool.is_empty() => phrase.tool,
        _ => return None,
    };
    // `exiting with 1 (Operation not permitted)` is an exit status in the words of an errno.
    let is_status = rest.starts_with("exiting with ");
    let errno = errno.filter(|_| !is_status);
    let meaning = match (phrase, errno) {
        (Some(phrase), _) => phrase.meaning,
        (None, Some(errno)) => errors::meaning(tool, errno.number),
        (None, None) => Meaning::Failed,
    };
    let (subject, holder) = subject::find(text, rest);
    Some(ToolMessage {
        tool,
        subject,
        holder,
        meaning,
        errno,
        text,
    })
}

/// Reads all lines and gives the one that says most: of equals the first. The
/// subject, holder and error that it lacks come from its neighbours.
pub fn explain(text: &str) -> Option<ToolMessage<'_>> {
    let all: Vec<_> = text_lines(text).filter_map(message).collect();
    let mut best = *all.iter().rev().max_by_key(|one| one.meaning.weight())?;
    for other in all.iter().filter(|one| one.meaning.is_failure()) {
        best.subject = best.subject.or(other.subject);
        best.holder = best.holder.or(other.holder);
        best.errno = best.errno.or(other.errno);
    }
    best.holder = best.holder.or(all.iter().find_map(|one| one.holder));
    Some(best)
}

/// `… failed: Input/output error retries left: 3`, and what the tools of ext4
/// say: `mke2fs: No space left on device while writing out and closing …`.
fn without_tail(text: &str) -> &str {
    let text = text.split(" retries left:").next().unwrap_or(text);
    text.split(" while ").next().unwrap_or(text)
}

/// Words before a colon that are tools, or their verbs.
const TOOLS: &[&str] = &[
    "mount.lustre",
    "mount.lustre_tgt",
    "umount.lustre",
    "mount",
    "umount",
    "mkfs.lustre",
    "tunefs.lustre",
    "lustre_rmmod",
    "mke2fs",
    "mkfs.ext4",
    "tune2fs",
    "e2fsck",
    "debugfs",
    "dumpe2fs",
    "lctl",
    "lfs",
    "lnetctl",
    "zpool",
    "zfs",
];

/// Verbs of lctl that name only themselves.
const VERBS: &[&str] = &[
    "pool_new",
    "pool_add",
    "pool_remove",
    "pool_destroy",
    "pool_list",
    "nodemap_",
    "conf_param",
    "set_param",
    "get_param",
    "list_param",
    "changelog_",
    "snapshot_",
    "lfsck_",
    "barrier_",
    "llog_",
    "replace_nids",
    "erase_lcfg",
    "clear_conf",
    "fork_lcfg",
    "copy_lcfg",
    "abort_recovery",
    "hsm_",
    "pcc_",
    "del_ost",
    "read_param",
];

/// Who speaks, and what is said.
fn speaker(text: &str) -> (Option<&str>, &str) {
    let bare = text.strip_prefix("error: ").unwrap_or(text);
    let Some((head, rest)) = bare.split_once(':') else {
        return (None, bare);
    };
    let head = head.trim_end_matches(" FATAL").trim();
    let first = head.split(' ').next().unwrap_or(head);
    let is_verb = |verb: &str| head == verb || verb.ends_with('_') && head.starts_with(verb);
    let is_known =
        TOOLS.contains(&first) || !head.contains(' ') && VERBS.iter().any(|verb| is_verb(verb));
    // Any verb after `error:` is one of lctl.
    let is_named = bare.len() < text.len() && is_word(head);
    let is_loud = head.len() < text.split(':').next().map_or(0, str::len);
    if is_known || is_named {
        // Of `lfs check: error: …` the verb goes with the tool.
        let tool = if is_loud && bare.len() == text.len() {
            first
        } else {
            head
        };
        return (Some(tool), rest.trim_start());
    }
    (None, bare)
}

fn is_word(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !text.is_empty() && text.len() < 40 && text.bytes().all(is_allowed)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut good, mut all) = (0_u32, 0_u32);
    for line in text_lines(sample.text()).take(40) {
        all += 1;
        good += u32::from(message(line).is_some());
    }
    match (good, all) {
        (0, _) => 0,
        (good, all) if good == all => 62,
        // Messages of other tools among them: less than the reader of all messages.
        (good, all) if good * 3 >= all * 2 => 38,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    for line in lines(input) {
        match message(line.text).filter(|_| !line.is_binary) {
            Some(found) => sink.record("tool-message", &|| json!(found)),
            None => odd(&line, "no message of a tool that is known", sink),
        }
    }
}
