//! NIDs one a line: `lctl list_nids`, `lctl which_nid`, `lctl ping`.

use crate::nid::Nid;
use crate::param::Lines;
use stdx::reading::{Skip, SkipKind};

/// The NIDs of the lines. A process number before a NID (`12345-`) is left out.
pub fn parse(input: &[u8]) -> (Vec<Nid>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in Lines::new(input, 1) {
        let text = line.text.trim();
        if text.is_empty() || is_prompt(text) {
            continue;
        }
        match nid(text) {
            Some(nid) if !line.is_binary => found.push(nid),
            _ => {
                let kind = if text.contains(' ') {
                    SkipKind::ErrorText
                } else {
                    SkipKind::BadValue
                };
                skips.push(crate::param::skip(line.number, kind, "not a NID", text));
            }
        }
    }
    (found, skips)
}

/// A comment or the prompt with the command.
pub(super) fn is_prompt(text: &str) -> bool {
    text.starts_with('#')
        || text.split_once(['#', '$']).is_some_and(|(host, command)| {
            (host.starts_with('[') || host.contains('@'))
                && command.trim_start().starts_with("lctl")
        })
}

/// `192.168.77.11@tcp` or `12345-0@lo`.
pub(super) fn nid(text: &str) -> Option<Nid> {
    let is_number = |head: &str| head.bytes().all(|byte| byte.is_ascii_digit());
    let bare = match text.split_once('-') {
        Some((head, rest)) if is_number(head) => rest,
        _ => text,
    };
    bare.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nids_are_read_and_errors_passed_over() {
        let text = "[root@mds1 ~]# lctl list_nids\n192.168.77.11@tcp\r\n12345-0@lo\nfd00::1@tcp\n\
                    IOC_LIBCFS_GET_NI error 100: Network is down\n10.0.0.1@o2ib\0\0";
        let (nids, skips) = parse(text.as_bytes());
        let nids: Vec<String> = nids.iter().map(ToString::to_string).collect();
        assert_eq!(
            nids,
            ["192.168.77.11@tcp", "0@lo", "fd00::1@tcp", "10.0.0.1@o2ib"]
        );
        assert_eq!((skips.len(), skips[0].line), (1, 5));
    }
}
