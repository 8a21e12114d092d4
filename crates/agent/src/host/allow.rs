//! The commands that only read. What is not on this list is not run.

/// How the arguments of a program are judged.
enum Rule {
    /// Any arguments: the program has no way to change anything.
    Any,
    /// The words up to the first option must begin with one of these.
    Verbs(&'static [&'static [&'static str]]),
    /// All arguments are these, exactly.
    Exactly(&'static [&'static [&'static str]]),
}

/// Programs by name, each with its rule.
const PROGRAMS: &[(&str, Rule)] = &[
    ("uname", Rule::Exactly(&[&["-a"]])),
    ("hostname", Rule::Exactly(&[&["--fqdn"]])),
    ("lsblk", Rule::Any),
    ("findmnt", Rule::Any),
    ("udevadm", Rule::Exactly(&[&["info", "--export-db"]])),
    ("ip", Rule::Exactly(&[&["-j", "addr", "show"]])),
    (
        "lctl",
        Rule::Verbs(&[
            &["dl"],
            &["get_param"],
            &["list_param"],
            &["list_nids"],
            &["lustre_build_version"],
            &["--version"],
        ]),
    ),
    (
        "lnetctl",
        Rule::Verbs(&[
            &["net", "show"],
            &["route", "show"],
            &["routing", "show"],
            &["peer", "show"],
            &["global", "show"],
        ]),
    ),
    ("zpool", Rule::Verbs(&[&["status"], &["list"], &["get"]])),
    ("zfs", Rule::Verbs(&[&["get"], &["list"], &["version"]])),
    ("multipath", Rule::Exactly(&[&["-ll"]])),
    ("lvs", Rule::Any),
    ("dpkg-query", Rule::Verbs(&[&["-W"]])),
    ("rpm", Rule::Verbs(&[&["-qa"]])),
    ("systemctl", Rule::Verbs(&[&["show"]])),
    (
        "crm_mon",
        Rule::Exactly(&[
            &["--one-shot", "--inactive", "--output-as=xml"],
            &["--one-shot", "--inactive", "--as-xml"],
        ]),
    ),
    ("cibadmin", Rule::Exactly(&[&["--query"]])),
    ("corosync-cfgtool", Rule::Exactly(&[&["-s"]])),
    ("corosync-cmapctl", Rule::Exactly(&[&[]])),
    (
        "chronyc",
        Rule::Exactly(&[&["-n", "tracking"], &["-n", "sources"]]),
    ),
    ("ntpq", Rule::Exactly(&[&["-np"]])),
    ("timedatectl", Rule::Exactly(&[&["show"]])),
    ("nft", Rule::Exactly(&[&["list", "ruleset"]])),
    ("iptables", Rule::Exactly(&[&["-S"]])),
    ("journalctl", Rule::Verbs(&[&["-k"]])),
];

/// Options that write, whatever program they are given to.
const WRITING: &[&str] = &[
    "--vacuum-size",
    "--vacuum-time",
    "--vacuum-files",
    "--rotate",
    "--flush",
    "--sync",
    "--relinquish-var",
    "--smart-relinquish-var",
    "--setup-keys",
    "--update-catalog",
    "--cursor-file",
    "--reportformat",
    "--config",
];

/// Whether a command only reads.
pub fn is_allowed(argv: &[String]) -> bool {
    let Some((program, arguments)) = argv.split_first() else {
        return false;
    };
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((_, rule)) = PROGRAMS.iter().find(|(name, _)| name == program) else {
        return is_debugfs_read(program, &words);
    };
    let writes = |word: &&str| WRITING.contains(&word.split('=').next().unwrap_or_default());
    if words.iter().any(writes) {
        return false;
    }
    match rule {
        Rule::Any => true,
        Rule::Verbs(verbs) => verbs.iter().any(|verb| words.starts_with(verb)),
        Rule::Exactly(lists) => lists.iter().any(|list| words == *list),
    }
}

/// `debugfs -c -R "dump|cat PATH" DEVICE` opens the device read-only (`-c`) and
/// `cat` prints; every other request is refused.
fn is_debugfs_read(program: &str, words: &[&str]) -> bool {
    let ["-c", "-R", "cat CONFIGS/mountdata", device] = words else {
        return false;
    };
    program == "debugfs" && device.starts_with("/dev/") && !device.contains("..")
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
            "tunefs.lustre --dryrun /dev/sda",
            "systemctl restart x",
            "udevadm trigger",
            "hostname evil",
            "ip link set eth0 down",
            "multipath -F",
            "nft flush ruleset",
            "chronyc makestep",
            "cibadmin --erase",
            "debugfs -w /dev/sda",
            "journalctl -k --rotate",
            "journalctl -k --cursor-file=/etc/x",
            "/tmp/lctl dl",
            "rpm -e x",
            "lvs --config x",
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
