//! What `lfs` prints on a client: space, connections, quota, layouts, changelogs.
//!
//! - [`df`]: `lfs df`. - [`check`]: `lfs check`, `osts`, `mdts`, `getname`.
//! - [`quota`]: `lfs quota`. - [`changelog`]: `lfs changelog`.
//! - [`layout`]: `lfs getstripe`. - [`dir_layout`]: `lfs getdirstripe`.
//! - [`hsm`]: `lfs hsm_state`, `hsm_action`. - [`copytool`]: what a copytool logs.
//! - [`fid`]: FIDs and paths.
//! - [`pool`]: `lctl pool_list`. - [`project`]: `lfs project`, `getsom`.
//! - [`top_jobs`]: what `lljobstat` prints.

pub mod changelog;
pub mod check;
pub mod copytool;
pub mod df;
pub mod dir_layout;
pub mod fid;
pub mod hsm;
pub mod layout;
pub mod pool;
pub mod project;
pub mod quota;
pub mod top_jobs;

use crate::param::{Line, Lines};
use stdx::reading::{Kind, Sink, Skip, SkipKind};

/// The kinds of this module.
pub(crate) fn kinds() -> Vec<&'static Kind> {
    vec![
        &df::KIND,
        &check::KIND,
        &changelog::KIND,
        &hsm::KIND,
        &copytool::KIND,
        &fid::KIND,
        &quota::KIND,
        &layout::KIND,
        &dir_layout::KIND,
        &pool::KIND,
        &project::KIND,
        &top_jobs::KIND,
    ]
}

/// The lines that tools printed: no blank ones, and no prompt with a command.
pub(crate) fn lines(input: &[u8]) -> impl Iterator<Item = Line<'_>> {
    Lines::new(input, 1)
        .filter(|line| line.is_binary || !line.text.trim().is_empty() && !is_prompt(line.text))
}

/// The first lines of a text as [`lines`] gives them.
pub(crate) fn text_lines(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.lines()
        .map(|line| line.trim_end_matches(['\r', '\0']))
        .filter(|line| !line.trim().is_empty() && !is_prompt(line))
}

/// `# lfs df`, `$ lfs df`, `[root@node ~]# lfs df`, `root@node:~# lfs df`.
fn is_prompt(text: &str) -> bool {
    let text = text.trim_start();
    if text.starts_with("# ") || text.starts_with("$ ") {
        return true;
    }
    let head = text.split_once("# ").or(text.split_once("$ "));
    head.is_some_and(|(head, _)| {
        head.contains('@') && head.len() < 60 && (head.ends_with(']') || !head.contains(' '))
    })
}

/// Whether a line is a complaint of a tool.
pub(crate) fn is_error(text: &str) -> bool {
    let text = text.trim_start();
    let tool = text.split([' ', ':']).next().unwrap_or_default();
    matches!(
        tool,
        "error" | "lfs" | "lctl" | "llapi" | "cannot" | "usage"
    )
}

/// A skip for a line that is not what its reader reads.
pub(crate) fn odd(line: &Line<'_>, what: &str, sink: &mut dyn Sink) {
    let kind = match line.is_binary {
        true => SkipKind::Binary,
        false if is_error(line.text) => SkipKind::ErrorText,
        false => SkipKind::BadLine,
    };
    sink.skip(Skip::new(
        line.number,
        kind,
        format!("{what}: {:?}", line.text.trim()),
    ));
}

/// A whole number.
pub(crate) fn number(text: &str) -> Option<u64> {
    crate::param::stats::number(text.trim())
}

/// A number with a unit as `-h` prints it (`1.7G`, `512K`, `3.2kB`), multiplied
/// out with 1024; and whether it had no unit, so that it is exact.
pub(crate) fn amount(text: &str) -> Option<(u64, bool)> {
    let text = text.trim();
    if let Some(found) = number(text) {
        return Some((found, true));
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (digits, unit) = (text.get(..end)?, text.get(end..)?);
    let power = match unit.as_bytes().first()?.to_ascii_uppercase() {
        b'B' => 0,
        b'K' => 1,
        b'M' => 2,
        b'G' => 3,
        b'T' => 4,
        b'P' => 5,
        b'E' => 6,
        _ => return None,
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let one = 1_u64.checked_shl(power * 10)?;
    let part = part.get(..part.len().min(6))?;
    let share = match part {
        "" => 0,
        part => {
            u128::from(number(part)?) * u128::from(one)
                / 10_u128.pow(u32::try_from(part.len()).ok()?)
        }
    };
    let found = number(whole)?
        .checked_mul(one)?
        .checked_add(u64::try_from(share).ok()?)?;
    Some((found, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_multiplied_out() {
        for (text, expected) in [
            ("1024", Some((1024, true))),
            ("7.5M", Some((7_864_320, false))),
            ("2K", Some((2048, false))),
            ("0B", Some((0, false))),
            ("-", None),
            ("", None),
            ("99999999999999999999E", None),
            ("1.x", None),
        ] {
            assert_eq!(amount(text), expected, "{text:?}");
        }
    }

    #[test]
    fn prompts_are_no_output() {
        assert!(is_prompt("[root@oss1 ~]# lfs df -h"));
        assert!(is_prompt("# lfs df"));
        assert!(!is_prompt("/mnt/a#b: [0x1:0x2:0x0]"));
        assert!(!is_prompt("0@lo # x: y"));
    }
}
