//! The commands that only read. What is not on this list is not run.

/// How the arguments of a program are judged.
enum Rule {
    /// All arguments are these, exactly.
    Exactly(&'static [&'static [&'static str]]),
    /// They begin with one of these heads; what follows is names and values,
    /// and of options only these.
    Begins {
        heads: &'static [&'static [&'static str]],
        options: &'static [&'static str],
    },
}

use Rule::{Begins, Exactly};

/// Programs by name, each with its rule.
const PROGRAMS: &[(&str, Rule)] = &[
    ("uname", Exactly(&[&["-a"]])),
    ("hostname", Exactly(&[&["--fqdn"]])),
    (
        "lsblk",
        Begins {
            heads: &[&["-J"]],
            options: &["-b", "-O", "-o"],
        },
    ),
    ("udevadm", Exactly(&[&["info", "--export-db"]])),
    (
        "ip",
        Exactly(&[&["-j", "addr", "show"], &["-j", "addr"], &["addr", "show"]]),
    ),
    (
        "lctl",
        Exactly(&[
            &["dl"],
            &["dl", "-t"],
            &["list_nids"],
            &["lustre_build_version"],
            &["--version"],
            &["--device", "MGS", "llog_catlist"],
        ]),
    ),
    (
        "lctl",
        Begins {
            heads: &[&["get_param"], &["list_param"]],
            options: &["-n", "-N", "-R", "-F"],
        },
    ),
    (
        "lnetctl",
        Begins {
            heads: &[
                &["net", "show"],
                &["route", "show"],
                &["routing", "show"],
                &["peer", "show"],
                &["global", "show"],
            ],
            options: &["-v"],
        },
    ),
    (
        "zpool",
        Begins {
            heads: &[&["status"], &["list"], &["get"]],
            options: &["-j", "-P", "-v", "-H", "-p", "-o"],
        },
    ),
    (
        "zfs",
        Begins {
            heads: &[&["get"], &["list"], &["version"]],
            options: &["-j", "-H", "-p", "-o", "-t", "-r"],
        },
    ),
    ("ipmitool", Exactly(&[&["lan", "print"]])),
    ("multipath", Exactly(&[&["-ll"]])),
    (
        "lvs",
        Begins {
            heads: &[&["--readonly"]],
            options: &["-a", "-o", "--noheadings", "--nosuffix", "--units"],
        },
    ),
    (
        "dpkg-query",
        Begins {
            heads: &[&["-W", "-f"]],
            options: &[],
        },
    ),
    (
        "rpm",
        Begins {
            heads: &[&["-qa", "--qf"]],
            options: &[],
        },
    ),
    (
        "systemctl",
        Begins {
            heads: &[&["show", "-p"]],
            options: &[],
        },
    ),
    (
        "crm_mon",
        Exactly(&[
            &["--one-shot", "--inactive", "--output-as=xml"],
            &["--one-shot", "--inactive", "--as-xml"],
        ]),
    ),
    ("cibadmin", Exactly(&[&["--query"]])),
    ("corosync-cfgtool", Exactly(&[&["-s"]])),
    ("corosync-quorumtool", Exactly(&[&["-s"]])),
    ("corosync-cmapctl", Exactly(&[&[]])),
    (
        "chronyc",
        Exactly(&[&["-n", "tracking"], &["-n", "sources"]]),
    ),
    ("ntpq", Exactly(&[&["-np"]])),
    ("timedatectl", Exactly(&[&["show"]])),
    ("nft", Exactly(&[&["list", "ruleset"]])),
    (
        "firewall-cmd",
        Exactly(&[&["--list-ports"], &["--permanent", "--list-ports"]]),
    ),
    ("iptables", Exactly(&[&["-S"]])),
    (
        "journalctl",
        Begins {
            heads: &[&["-k"]],
            options: &["-b", "-o", "-f", "-n", "--no-pager", "--since", "--utc"],
        },
    ),
];

impl Rule {
    fn allows(&self, words: &[&str]) -> bool {
        match self {
            Exactly(lists) => lists.contains(&words),
            Begins { heads, options } => heads.iter().any(|head| {
                let rest = words.strip_prefix(*head);
                let is_good = |word: &&str| !word.starts_with('-') || options.contains(word);
                rest.is_some_and(|rest| rest.iter().all(is_good))
            }),
        }
    }
}

/// Whether a command only reads.
pub fn is_allowed(argv: &[String]) -> bool {
    let Some((program, arguments)) = argv.split_first() else {
        return false;
    };
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut rules = PROGRAMS.iter().filter(|(name, _)| name == program);
    rules.any(|(_, rule)| rule.allows(&words))
        || is_disk_read(program, &words)
        || is_log_read(program, &words)
        || is_following(program, &words)
}

/// The commands that run on and print what happens. The journal is followed from
/// its end or from a place in it, for the kernel and for units by name.
fn is_following(program: &str, words: &[&str]) -> bool {
    let matches = match (program, words) {
        ("zpool", ["events", "-f", "-H", "-v"]) => return true,
        ("journalctl", ["-f", "-o", "json", "-n", "1", matches @ ..]) => matches,
        (
            "journalctl",
            [
                "-f",
                "-o",
                "json",
                "--no-tail",
                "--after-cursor",
                cursor,
                matches @ ..,
            ],
        ) => {
            let is_cursor = |c: char| c.is_ascii_alphanumeric() || c == '=' || c == ';';
            if cursor.is_empty() || !cursor.chars().all(is_cursor) {
                return false;
            }
            matches
        }
        _ => return false,
    };
    let is_unit = |name: &str| {
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
    };
    matches.iter().all(|one| match one.split_once('=') {
        Some(("UNIT" | "_SYSTEMD_UNIT", name)) => is_unit(name),
        _ => matches!(*one, "+" | "_TRANSPORT=kernel"),
    })
}

/// The two commands that print a target's configuration. `debugfs -c` opens the
/// device read-only and passes over its protection against a second mount, and
/// `tunefs.lustre --dryrun` ends before it opens it for writing. Every other
/// request or option is refused.
fn is_disk_read(program: &str, words: &[&str]) -> bool {
    let (("debugfs", ["-c", "-R", "cat CONFIGS/mountdata", device])
    | ("tunefs.lustre", ["--dryrun", device])) = (program, words)
    else {
        return false;
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "/._:+-@=,%#\\".contains(c);
    device.starts_with("/dev/") && !device.contains("..") && device.chars().all(is_name)
}

/// One of the MGS's logs, by its name.
fn is_log_read(program: &str, words: &[&str]) -> bool {
    let ("lctl", ["--device", "MGS", "llog_print", log]) = (program, words) else {
        return false;
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !log.starts_with('-') && log.chars().all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(line: &str) -> bool {
        is_allowed(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_reads_is_let_through() {
        for line in [
            "lctl dl",
            "lctl get_param -n version",
            "zpool status -j",
            "zfs get -H all",
            "lsblk -J",
            "uname -a",
            "systemctl show -p Id lnet.service",
            "lsblk -J -b -o NAME,TYPE",
            "journalctl -k -b -o json -f",
            "journalctl -f -o json -n 1 _TRANSPORT=kernel + UNIT=lnet.service",
            "journalctl -f -o json --no-tail --after-cursor s=1;i=2 _TRANSPORT=kernel",
            "zpool events -f -H -v",
            "firewall-cmd --list-ports",
            "firewall-cmd --permanent --list-ports",
            "lvs --readonly -o lv_name",
            "lctl --device MGS llog_catlist",
            "lctl --device MGS llog_print lab01-client",
            "tunefs.lustre --dryrun /dev/sda",
        ] {
            assert!(allowed(line), "{line}");
        }
        for line in [
            "lctl set_param x=1",
            "lctl",
            "lctl conf_param a=b",
            "lctl --device x abort_recovery",
            "zpool export lab",
            "zpool import",
            "zpool",
            "zfs set a=b",
            "lnetctl net add --net tcp",
            "mount",
            "sh -c true",
            "bash",
            "tunefs.lustre /dev/sda",
            "tunefs.lustre --dryrun --writeconf /dev/sda",
            "tunefs.lustre --writeconf /dev/sda",
            "tunefs.lustre --dryrun lab/ost0",
            "tunefs.lustre --dryrun /dev/../root/disk.img",
            "lctl --device MGS llog_cancel lab01-client",
            "lctl --device MGS llog_print --raw",
            "lctl --device MGS llog_print a b",
            "lctl --device lab01-OST0000 llog_print lab01-client",
            "lctl --device MGS",
            "lctl llog_print lab01-client",
            "systemctl restart x",
            "udevadm trigger",
            "hostname evil",
            "ip link set eth0 down",
            "multipath -F",
            "nft flush ruleset",
            "firewall-cmd --add-port=1/tcp",
            "firewall-cmd --permanent --add-port=1/tcp",
            "firewall-cmd --list-ports --reload",
            "chronyc makestep",
            "cibadmin --erase",
            "debugfs -w /dev/sda",
            "journalctl -k --rotate",
            "journalctl -f -o json -n 1 --rotate",
            "journalctl -f -o json -n 1 /bin/x",
            "journalctl -f -o json --no-tail --after-cursor --rotate",
            "zpool events -c",
            "journalctl -k --cursor-file=/etc/x",
            "/tmp/lctl dl",
            "rpm -e x",
            "lvs --config x",
            "lvs -o lv_name",
            "zpool status -c upgrade",
            "rpm -qa --qf x --pipe sh",
            "rpm -qa --pipe sh",
            "systemctl show -p Id -H host",
            "systemctl -H host show",
            "lnetctl export /etc/lnet.conf",
            "lnetctl net show --backup",
            "ip -j addr flush",
            "corosync-cmapctl -s a b",
        ] {
            assert!(!allowed(line), "{line}");
        }
    }

    #[test]
    fn debugfs_may_only_print_mountdata() {
        let call = |request: &str, flag: &str| {
            is_allowed(&["debugfs", flag, "-R", request, "/dev/sdg"].map(str::to_owned))
        };
        assert!(call("cat CONFIGS/mountdata", "-c"));
        assert!(!call("cat CONFIGS/mountdata", "-w"));
        assert!(!call("rm CONFIGS/mountdata", "-c"));
    }
}
