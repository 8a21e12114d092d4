//! `lfs quota`: what a user, group or project uses and may use.
//!
//! Columns are told by their heading, since releases name them differently and
//! options leave some out. A long path stands alone on a line above its figures.

use super::{amount, lines, number, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lfs quota`.
pub static KIND: Kind = Kind {
    name: "lfs-quota",
    about: "lfs quota [-u|-g|-p|-U|-G|-P|-a] [-v] [-h] [-t] [--pool]",
    guess,
    read,
};

/// Whose quota a table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Owner<'a> {
    /// `usr`, `grp`, `prj`; empty where no heading was printed.
    pub class: &'a str,
    /// Name, where it has one.
    pub name: Option<&'a str>,
    /// Number.
    pub id: Option<u64>,
    /// Whether these are the limits of those who have none of their own.
    pub is_default: bool,
    /// OST pool that the quota is of.
    pub pool: Option<&'a str>,
}

/// Use and limits of one thing that is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage<'a> {
    /// In use.
    pub used: Option<u64>,
    /// Soft limit; 0 is none.
    pub soft: Option<u64>,
    /// Hard limit; 0 is none. For a target: what it was granted.
    pub hard: Option<u64>,
    /// What is left of the grace time, as printed: `6d23h59m58s`, `none`, `expired`, seconds for a default.
    pub grace: Option<&'a str>,
    /// Whether a limit is passed.
    pub is_over: bool,
    /// Whether a figure stands in brackets: some target did not answer.
    pub is_partial: bool,
}

/// One line: the whole, or what one target says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quota<'a> {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner<'a>,
    /// Where the client has it mounted, or the target; none with `--mdt`, `--ost`.
    pub place: Option<&'a str>,
    /// Space in bytes.
    pub space: Usage<'a>,
    /// Inodes.
    pub inodes: Usage<'a>,
    /// Whether the figures are as counted, and not rounded by `-h`.
    pub is_exact: bool,
}

/// Grace times of a file system, `-t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Grace<'a> {
    /// Of space, as printed: `1w`, `notify`.
    pub space: &'a str,
    /// Of inodes.
    pub inodes: &'a str,
}

/// What all targets together were granted, `-v`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// Bytes.
    pub space: u64,
    /// Inodes.
    pub inodes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Place,
    Id,
    Used(bool),
    Soft(bool),
    Hard(bool),
    Grace(bool),
}

/// The columns that all releases print without options that choose some.
const USUAL: [Column; 9] = [
    Column::Place,
    Column::Used(true),
    Column::Soft(true),
    Column::Hard(true),
    Column::Grace(true),
    Column::Used(false),
    Column::Soft(false),
    Column::Hard(false),
    Column::Grace(false),
];

/// The columns of a heading; `quota limit grace` come twice, first for space.
fn columns(text: &str) -> Option<Vec<Column>> {
    let mut found = Vec::new();
    let mut is_space = true;
    for word in words(text) {
        found.push(match word {
            "Filesystem" => Column::Place,
            "quota_id" | "quota_name" => Column::Id,
            "kbytes" | "used" | "blocks" => Column::Used(true),
            "files" => {
                is_space = false;
                Column::Used(false)
            }
            "bquota" => Column::Soft(true),
            "blimit" => Column::Hard(true),
            "bgrace" => Column::Grace(true),
            "iquota" => Column::Soft(false),
            "ilimit" => Column::Hard(false),
            "igrace" => Column::Grace(false),
            "quota" => Column::Soft(is_space),
            "limit" => Column::Hard(is_space),
            "grace" => Column::Grace(is_space),
            _ => return None,
        });
    }
    (found.len() > 1).then_some(found)
}

/// Words between blanks, or between commas where `-d ,` asked for them.
fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split([' ', '\t', ',']).filter(|word| !word.is_empty())
}

/// `Disk quotas for usr bob (uid 6000):`, `Disk default grp quota:`, `Disk usr quotas`.
pub fn heading(text: &str) -> Option<Owner<'_>> {
    let rest = text.trim().strip_prefix("Disk ")?;
    let plain = |class| Owner {
        class,
        ..Owner::default()
    };
    if let Some(rest) = rest.strip_prefix("default ") {
        let (class, _) = rest.split_once(' ')?;
        return Some(Owner {
            is_default: true,
            ..plain(class)
        });
    }
    let Some(rest) = rest.strip_prefix("quotas for ") else {
        let (class, rest) = rest.split_once(' ')?;
        return rest.starts_with("quotas").then_some(plain(class));
    };
    let (class, rest) = rest.split_once(' ')?;
    // Until 2.5 it said `user bob`, and the number did not always follow.
    let class = match class {
        "user" => "usr",
        "group" => "grp",
        "project" => "prj",
        other => other,
    };
    let rest = rest.trim_end_matches(':');
    let (name, id) = match rest.rsplit_once(" (") {
        Some((name, id)) => (
            name,
            id.trim_end_matches(')').rsplit(' ').next().and_then(number),
        ),
        None => (rest, None),
    };
    Some(Owner {
        name: Some(name).filter(|name| !name.is_empty() && *name != "<unknown>"),
        id,
        ..plain(class)
    })
}

/// Reads one figure into `usage`; whether it could be read.
fn figure<'a>(text: &'a str, column: Column, row: &mut Quota<'a>) -> bool {
    let (is_space, what) = match column {
        Column::Used(space) | Column::Soft(space) | Column::Hard(space) => (space, column),
        Column::Grace(space) => {
            let usage = if space {
                &mut row.space
            } else {
                &mut row.inodes
            };
            usage.grace = Some(text).filter(|text| *text != "-");
            return true;
        }
        Column::Id => {
            match number(text) {
                Some(id) => row.owner.id = Some(id),
                None => row.owner.name = Some(text),
            }
            return true;
        }
        Column::Place => return true,
    };
    let usage = if is_space {
        &mut row.space
    } else {
        &mut row.inodes
    };
    let bare = text.trim_end_matches('*');
    usage.is_over |= bare.len() < text.len();
    let inner = bare
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'));
    usage.is_partial |= inner.is_some();
    let value = match inner.unwrap_or(bare) {
        "-" | "" => None,
        text => match amount(text) {
            Some((found, true)) => found.checked_mul(if is_space { 1024 } else { 1 }),
            Some((found, false)) => {
                row.is_exact = false;
                Some(found)
            }
            None => return false,
        },
    };
    match what {
        Column::Used(_) => usage.used = value,
        Column::Soft(_) => usage.soft = value,
        _ => usage.hard = value,
    }
    true
}

/// One row under `columns`; the name may stand on the line above.
fn row<'a>(
    text: &'a str,
    columns: &[Column],
    owner: Owner<'a>,
    above: Option<&'a str>,
) -> Option<Quota<'a>> {
    let has_place = columns.first() == Some(&Column::Place);
    let figures = columns.get(usize::from(has_place)..)?;
    let mut row = Quota {
        owner,
        place: above,
        is_exact: true,
        ..Quota::default()
    };
    let mut rest = text.trim_end_matches([' ', '\t', ',']);
    for column in figures.iter().rev() {
        let at = rest.rfind([' ', '\t', ',']).map_or(0, |at| at + 1);
        let word = rest.get(at..).filter(|word| !word.is_empty())?;
        if !figure(word, *column, &mut row) {
            return None;
        }
        rest = rest.get(..at)?.trim_end_matches([' ', '\t', ',']);
    }
    let place = rest.trim();
    if !place.is_empty() {
        row.place = Some(place);
    }
    Some(row)
}

fn grace(text: &str) -> Option<Grace<'_>> {
    let (space, inodes) = text
        .trim()
        .strip_prefix("Block grace time: ")?
        .split_once("; Inode grace time: ")?;
    Some(Grace { space, inodes })
}

fn granted(text: &str) -> Option<Granted> {
    let (inodes, space) = text
        .trim()
        .strip_prefix("Total allocated inode limit: ")?
        .split_once(", total allocated block limit: ")?;
    let (space, is_exact) = amount(space)?;
    Some(Granted {
        space: space.checked_mul(if is_exact { 1024 } else { 1 })?,
        inodes: number(inodes)?,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = text_lines(sample.text()).take(3);
    let is_ours = |line: &str| heading(line).is_some() || grace(line).is_some();
    if lines.any(is_ours) { 95 } else { 0 }
}

/// Whether a line only says that figures in brackets are partial, or that
/// defaults apply; both are hints about the rows.
fn remark(text: &str) -> Option<&'static str> {
    if text.contains("The data in \"[]\" is inaccurate") {
        return Some("some targets gave no quota: figures in brackets are partial");
    }
    if text.contains(" is using default block quota setting") {
        return Some("space quota is the default");
    }
    let is_default = text.contains(" is using default file quota setting");
    is_default.then_some("inode quota is the default")
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut owner = Owner::default();
    let mut known = USUAL.to_vec();
    let mut above = None;
    for line in lines(input) {
        let text = line.text.trim();
        if let Some(found) = heading(text) {
            owner = found;
        } else if let Some(found) = columns(text) {
            known = found;
        } else if let Some(found) = grace(text) {
            sink.record("lfs-quota-grace", &|| json!(found));
        } else if let Some(found) = granted(text) {
            sink.record("lfs-quota-granted", &|| json!(found));
        } else if let Some(pool) = text.strip_prefix("Quotas for pool: ") {
            owner.pool = Some(pool);
        } else if let Some(hint) = remark(text) {
            sink.hint(hint);
        } else if let Some(found) = row(text, &known, owner, above).filter(|_| !line.is_binary) {
            above = None;
            let is_target = found.place.is_some_and(|place| !place.starts_with('/'));
            let family = if is_target {
                "lfs-quota-target"
            } else {
                "lfs-quota"
            };
            sink.record(family, &|| json!(found));
        } else if !line.is_binary && (text.starts_with('/') || is_target(text)) {
            above = Some(text);
        } else {
            odd(&line, "not a line of lfs quota", sink);
        }
    }
}

fn is_target(text: &str) -> bool {
    let name = text.trim_end_matches("_UUID").trim_end_matches("[inact]");
    name.parse::<crate::label::TargetLabel>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    fn check(text: &str, expected: &[&str], skips: usize) -> Collected {
        let mut found = Collected::with_records();
        read(text.as_bytes(), &mut found);
        let rows = ["lfs-quota", "lfs-quota-target"].map(|family| found.records.get(family));
        let shown: Vec<String> = rows
            .into_iter()
            .flatten()
            .flatten()
            .map(|row| {
                let usage = |at: &str| {
                    let usage = &row[at];
                    format!(
                        "{}/{}/{}/{}{}",
                        usage["used"],
                        usage["soft"],
                        usage["hard"],
                        usage["grace"],
                        match (usage["is_over"] == true, usage["is_partial"] == true) {
                            (true, _) => "*",
                            (_, true) => "?",
                            _ => "",
                        }
                    )
                };
                format!(
                    "{} {} {} {} {}",
                    row["class"],
                    row["id"],
                    row["place"],
                    usage("space"),
                    usage("inodes")
                )
                .replace('"', "")
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
        assert_eq!(found.skips.len(), skips, "{:?}", found.skips);
        found
    }

    #[test]
    fn both_ways_of_heading_are_read() {
        check(
            "Disk quotas for usr alice (uid 1000):\n     Filesystem  kbytes  bquota  blimit  bgrace   files  iquota  ilimit  igrace \n /lustre/client  19474*   10240   20480 6d23h59m58s      2*     100     200       - \n",
            &["usr 1000 /lustre/client 19941376/10485760/20971520/6d23h59m58s* 2/100/200/null*"],
            0,
        );
        check(
            "Disk quotas for user bob (uid 6000):\n     Filesystem  kbytes   quota   limit   grace   files   quota   limit   grace\n/mnt/a long path\n                      5       0    30720       -       1       0   10240       -\n",
            &["usr 6000 /mnt/a long path 5120/0/31457280/null 1/0/10240/null"],
            0,
        );
    }

    #[test]
    fn targets_and_totals_are_read() {
        let found = check(
            "Disk quotas for grp g (gid 7):\n     Filesystem    used   quota   limit   grace   files   quota   limit   grace\n    /mnt/lustre     [5k]      0k    9.5M       -       1       0   10240       -\nlustre-MDT0000_UUID\n                     0k       -      0k       -       1       -     256       -\nlustre-OST0001[inact]      0       -       0       -       0       -       0       -\nquotactl ost2 failed.\nTotal allocated inode limit: 256, total allocated block limit: 3k\nSome errors happened when getting quota info. Some devices may be not working or deactivated. The data in \"[]\" is inaccurate.\n",
            &[
                "grp 7 /mnt/lustre 5120/0/9961472/null? 1/0/10240/null",
                "grp 7 lustre-MDT0000_UUID 0/null/0/null 1/null/256/null",
                "grp 7 lustre-OST0001[inact] 0/null/0/null 0/null/0/null",
            ],
            1,
        );
        assert_eq!(
            found.records["lfs-quota-granted"][0],
            json!({"space": 3072, "inodes": 256})
        );
        assert_eq!(found.hints.len(), 1);
    }

    #[test]
    fn defaults_lists_and_grace_are_read() {
        let found = check(
            "Disk default prj quota:\n     Filesystem   bquota  blimit  bgrace   iquota  ilimit  igrace\n    /mnt/lustre       0    1024   604800       0       0  604800\n",
            &["prj null /mnt/lustre null/0/1048576/604800 null/0/0/604800"],
            0,
        );
        assert_eq!(found.records["lfs-quota"][0]["is_default"], true);
        let found = check(
            "Disk usr quotas\n      Filesystem quota_id  kbytes  bquota  blimit  bgrace   files  iquota  ilimit  igrace\n  /mnt/l bob 4 0 0 - 1 0 0 -\n  /mnt/l 501 8 0 0 - 2 0 0 -\n",
            &[
                "usr null /mnt/l 4096/0/0/null 1/0/0/null",
                "usr 501 /mnt/l 8192/0/0/null 2/0/0/null",
            ],
            0,
        );
        assert_eq!(found.records["lfs-quota"][0]["name"], "bob");
        let found = check("Block grace time: 1w; Inode grace time: notify\n", &[], 0);
        assert_eq!(found.records["lfs-quota-grace"][0]["inodes"], "notify");
    }
}
