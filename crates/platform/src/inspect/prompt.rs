//! Prompts of a shell in a capture: `[root@oss1 ~]# lctl dl` before the output
//! that was pasted with it.

use std::borrow::Cow;

/// An input whose prompts are blank lines, so that its lines keep their numbers.
pub(super) struct Bare {
    /// The input.
    pub bytes: Vec<u8>,
    /// What was typed, in input order.
    pub commands: Vec<String>,
}

/// The input without prompts; none if it has none.
pub(super) fn without(input: &[u8]) -> Option<Bare> {
    let mut commands = Vec::new();
    let mut bytes: Option<Vec<u8>> = None;
    let mut is_start = true;
    let mut from = 0;
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        let found = (text.len() <= 512)
            .then(|| command(text, is_start))
            .flatten();
        if let Some(typed) = found {
            let kept = bytes.get_or_insert_with(|| input[..from].to_vec());
            kept.extend_from_slice(if line.ends_with(b"\n") { b"\n" } else { b"" });
            if !typed.is_empty() {
                commands.push(typed.into_owned());
            }
        } else {
            is_start &= text.is_empty();
            if let Some(kept) = &mut bytes {
                kept.extend_from_slice(line);
            }
        }
        from += line.len();
    }
    bytes.map(|bytes| Bare { bytes, commands })
}

/// What was typed at the prompt that the line is. `[user@host dir]#` is a prompt
/// anywhere; `# ` and `$ ` may be comments, and are one only at the start, with
/// a command that prints what we read.
fn command(line: &[u8], is_start: bool) -> Option<Cow<'_, str>> {
    let first = *line.first()?;
    if first == b'[' {
        let end = line.iter().position(|byte| *byte == b']')?;
        let (inside, rest) = (&line[1..end], &line[end + 1..]);
        let (user, place) = split_at(inside, b'@')?;
        let has_directory = place.contains(&b' ') && is_name(user);
        return match rest {
            [b'#' | b'$', rest @ ..] if has_directory => Some(typed(rest)),
            _ => None,
        };
    }
    if let [b'#' | b'$', b' ', rest @ ..] = line {
        let name = rest.split(|byte| *byte == b' ').next()?;
        let name = name.rsplit(|byte| *byte == b'/').next()?;
        let is_tool = TOOLS.iter().any(|tool| tool.as_bytes() == name);
        return (is_start && is_tool && rest.len() > name.len()).then(|| typed(rest));
    }
    // `root@oss1:~# lctl dl`
    let (user, rest) = split_at(line, b'@')?;
    let (host, rest) = split_at(rest, b':')?;
    let end = rest.iter().position(|byte| matches!(byte, b'#' | b'$'))?;
    let is_prompt = is_name(user)
        && is_name(host)
        && rest.starts_with(if rest.starts_with(b"~") { b"~" } else { b"/" })
        && !rest[..end].contains(&b' ')
        && matches!(rest.get(end + 1), None | Some(b' '));
    is_prompt.then(|| typed(&rest[end + 1..]))
}

fn typed(rest: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(rest.trim_ascii())
}

fn split_at(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|one| *one == byte)?;
    Some((&text[..at], &text[at + 1..]))
}

fn is_name(text: &[u8]) -> bool {
    (1..=64).contains(&text.len())
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

/// Commands whose output is read here.
const TOOLS: [&str; 58] = [
    "blkid",
    "cat",
    "chronyc",
    "cibadmin",
    "corosync-cfgtool",
    "corosync-cmapctl",
    "corosync-quorumtool",
    "crm",
    "crm_mon",
    "crm_simulate",
    "crm_verify",
    "df",
    "dmesg",
    "dmsetup",
    "dpkg",
    "dpkg-query",
    "drbdsetup",
    "dumpe2fs",
    "ethtool",
    "findmnt",
    "ibstat",
    "ip",
    "journalctl",
    "lctl",
    "lfs",
    "llog_reader",
    "lnetctl",
    "ls",
    "lsblk",
    "lscpu",
    "lsmod",
    "lsscsi",
    "lvs",
    "mdadm",
    "mkfs.lustre",
    "modinfo",
    "mount",
    "multipath",
    "ntpq",
    "pcs",
    "pvs",
    "rpm",
    "sbd",
    "stonith_admin",
    "sudo",
    "systemctl",
    "tail",
    "timedatectl",
    "tunefs.lustre",
    "udevadm",
    "uname",
    "vgs",
    "wipefs",
    "zdb",
    "zfs",
    "zpool",
    "head",
    "debugfs",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, bare: &str, commands: &[&str]) {
        let found = without(text.as_bytes());
        let (bytes, typed) = match &found {
            Some(found) => (found.bytes.as_slice(), found.commands.as_slice()),
            None => (text.as_bytes(), &[][..]),
        };
        assert_eq!(std::str::from_utf8(bytes), Ok(bare), "{text:?}");
        assert_eq!(typed, commands, "{text:?}");
    }

    #[test]
    fn prompts_become_blank_lines() {
        check(
            "[root@oss1 ~]# lctl dl\r\n  0 UP\n[root@oss1 ~]# ",
            "\n  0 UP\n",
            &["lctl dl"],
        );
        check("root@oss1:/etc# zpool list\nx\n", "\nx\n", &["zpool list"]);
        check("root@oss1:~$\nx", "\nx", &[]);
        check(
            "\n# zpool list -H\nx\n# zpool next\n",
            "\n\nx\n# zpool next\n",
            &["zpool list -H"],
        );
        check("$ /sbin/lctl dl\nx", "\nx", &["/sbin/lctl dl"]);
    }

    #[test]
    fn other_lines_stay() {
        for text in [
            "# a comment\nx",
            "# zpool\nx",
            "[section]\nx=1",
            "[0x1:0x2:0x3]# x",
            "lctl x@tcp:/fs # x\n",
            "192.168.1.1@tcp:/lab01 /mnt lustre rw 0 0\n",
            "[12.3@x] #",
        ] {
            check(text, text, &[]);
        }
    }
}
