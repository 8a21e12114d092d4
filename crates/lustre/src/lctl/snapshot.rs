//! `lctl snapshot_list`, also with `-d`: a block a snapshot, or, with the
//! details, one more for each target; and the short form that older tools ask
//! for, `name created modified comment`.

use crate::lfs::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of snapshots.
pub static KIND: Kind = Kind {
    name: "lctl-snapshots",
    about: "lctl snapshot_list: snapshots of a file system",
    guess,
    read,
};

/// One snapshot, or one target's part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Snapshot<'a> {
    /// The file system.
    pub fs: Option<&'a str>,
    /// Its name.
    pub name: Option<&'a str>,
    /// `MDT0000`, where the details are told.
    pub role: Option<&'a str>,
    /// The name under which it is mounted.
    pub mounted_as: Option<&'a str>,
    /// What an operator wrote.
    pub comment: Option<&'a str>,
    /// When it was made, as printed.
    pub created: Option<&'a str>,
    /// When it was last changed, as printed.
    pub modified: Option<&'a str>,
    /// `mounted`, `not mount`.
    pub status: Option<&'a str>,
}

impl Snapshot<'_> {
    /// Whether it is mounted; none where that is not told.
    pub fn is_mounted(&self) -> Option<bool> {
        self.status.map(|status| status == "mounted")
    }
}

/// Reads every snapshot.
pub fn parse<'a>(input: &'a [u8], sink: &mut dyn Sink) -> Vec<Snapshot<'a>> {
    let mut found: Vec<Snapshot<'a>> = Vec::new();
    let mut is_open = false;
    for line in lines(input) {
        if let Some(one) = short(line.text) {
            found.push(one);
            is_open = false;
            continue;
        }
        let Some((key, value)) = line.text.trim().split_once(':').filter(|_| !line.is_binary)
        else {
            odd(&line, "no setting of a snapshot", sink);
            continue;
        };
        let value = Some(value.trim()).filter(|value| !value.is_empty());
        // Each block begins with the file system; that of a target with its role.
        let begins = key == "filesystem_name"
            || (key == "snapshot_role" && found.last().is_some_and(|one| one.role.is_some()));
        if begins || !is_open {
            let before = found.last().filter(|_| key == "snapshot_role").copied();
            found.push(before.unwrap_or_default());
            is_open = true;
        }
        let known = found.last_mut().is_some_and(|one| set(one, key, value));
        if !known {
            odd(&line, "no setting of a snapshot", sink);
        }
    }
    found.retain(|one| one.name.is_some() || one.fs.is_some());
    found
}

fn set<'a>(one: &mut Snapshot<'a>, key: &str, value: Option<&'a str>) -> bool {
    let place = match key {
        "filesystem_name" => &mut one.fs,
        "snapshot_name" => &mut one.name,
        "snapshot_role" => &mut one.role,
        "snapshot_fsname" => &mut one.mounted_as,
        "comment" => &mut one.comment,
        "create_time" => &mut one.created,
        "modify_time" => &mut one.modified,
        "status" => &mut one.status,
        _ => return false,
    };
    *place = value;
    true
}

/// `name 1604388443 1604388443 comment`.
fn short(text: &str) -> Option<Snapshot<'_>> {
    let is_time = |word: &&str| word.len() >= 9 && word.bytes().all(|b| b.is_ascii_digit());
    let mut words = text.trim().splitn(4, ' ');
    let name = words.next().filter(|name| !name.ends_with(':'))?;
    let created = words.next().filter(is_time)?;
    let modified = words.next().filter(is_time)?;
    Some(Snapshot {
        name: Some(name),
        created: Some(created),
        modified: Some(modified),
        comment: words.next(),
        ..Snapshot::default()
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text.contains("snapshot_name:") && text.contains("create_time:") {
        return 95;
    }
    let (mut good, mut all) = (0_u32, 0_u32);
    for line in text_lines(text).take(40) {
        all += 1;
        good += u32::from(short(line).is_some());
    }
    match (good, all) {
        (1.., all) if good == all => 60,
        (3.., all) if good * 4 >= all * 3 => 45,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    for one in parse(input, sink) {
        sink.record("snapshot", &|| json!(one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    #[test]
    fn blocks_of_all_forms_are_read() {
        let text = "\nfilesystem_name: lab01\nsnapshot_name: snapA\ncomment: first snap \r\nmodify_time: Sat Nov 21 01:17:29 2026\n\
            create_time: Sat Nov 21 01:17:29 2026\nsnapshot_fsname: 0fbbe226 \nstatus: not mount\n\n\
            filesystem_name: lab01\nsnapshot_name: snapB\nsnapshot_role: MDT0000\nstatus: mounted\n\nsnapshot_role: OST0000\nstatus: mounted\nwhat\n";
        let mut told = Collected::counting();
        let found = parse(text.as_bytes(), &mut told);
        assert_eq!(told.skips.len(), 1);
        assert_eq!(found[0].comment, Some("first snap"));
        assert_eq!(found[0].is_mounted(), Some(false));
        let told: Vec<_> = found.iter().map(|one| (one.name, one.role)).collect();
        assert_eq!(
            told,
            [
                (Some("snapA"), None),
                (Some("snapB"), Some("MDT0000")),
                (Some("snapB"), Some("OST0000")),
            ]
        );
    }

    #[test]
    fn the_short_form_is_read() {
        let text = "testsnapa 1604388443 1604388444\nmysnap 1604330923 1604330922 mynew snapshot\n        ";
        let found = parse(text.as_bytes(), &mut Collected::counting());
        assert_eq!(found[1].comment, Some("mynew snapshot"));
        assert_eq!(found[0].modified, Some("1604388444"));
    }
}
