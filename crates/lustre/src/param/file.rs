//! One parameter as a file of /proc, /sys or debugfs: its name is the file's.

/// Words without an underscore that only parameters are called.
const WORDS: &[&str] = &[
    "active",
    "activeobd",
    "blocksize",
    "catastrophe",
    "checksums",
    "degraded",
    "enabled",
    "exports",
    "filesfree",
    "filestotal",
    "filesystems",
    "fldb",
    "fstype",
    "hash",
    "id",
    "info",
    "instance",
    "kbytesavail",
    "kbytesfree",
    "kbytestotal",
    "lazystatfs",
    "maxage",
    "memused",
    "mntdev",
    "nodemap",
    "numobd",
    "pinger",
    "pio",
    "policy",
    "routes",
    "site",
    "state",
    "stats",
    "stripecount",
    "stripeoffset",
    "stripesize",
    "stripetype",
    "targets",
    "timeout",
    "timeouts",
    "uuid",
    "version",
];

/// Names with an underscore that other systems use, and Lustre does not.
const FOREIGN: &[&str] = &[
    "os_release",
    "crm_mon",
    "crm_resource",
    "pcs_status",
    "machine_id",
];

/// Lines of a file that is one parameter, at most; longer ones have kinds of their own.
const LINES_MAX: usize = 512;

/// Whether a file of this name and beginning can be one parameter: a word of
/// small letters, digits and underscores without an ending, short, and text
/// (NUL padding to a page is usual in sysfs).
pub fn is_param_file(name: &str, head: &[u8]) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_name = !name.is_empty()
        && name.chars().all(is_word)
        && (name.contains('_') && !FOREIGN.contains(&name) || WORDS.contains(&name));
    let is_text = |byte: &u8| {
        // Some flags end in a backspace, which is to take a blank back.
        *byte == 0
            || *byte == 8
            || *byte == b'\n'
            || *byte == b'\t'
            || *byte == b'\r'
            || (32..127).contains(byte)
    };
    is_name && head.iter().all(is_text) && memchr::memchr_iter(b'\n', head).count() <= LINES_MAX
}

#[cfg(test)]
mod tests {
    use super::is_param_file;

    #[test]
    fn parameters_are_told_by_the_name_of_their_file() {
        for (name, head) in [
            ("kbytesfree", "123\n"),
            ("max_rpcs_in_flight", "8\n"),
            ("no_precreate", "0\n\0\0\0"),
            ("state", "current_state: FULL\n"),
        ] {
            assert!(is_param_file(name, head.as_bytes()), "{name}");
        }
        for (name, head) in [
            ("", "1\n"),
            ("notes.txt", "1\n"),
            ("meminfo", "MemTotal: 1 kB\n"),
            ("max_rpcs", "\u{1}\u{2}"),
            ("Makefile", "all:\n"),
            ("os_release", "ID=x\n"),
        ] {
            assert!(!is_param_file(name, head.as_bytes()), "{name}");
        }
    }
}
