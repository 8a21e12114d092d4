//! `/etc/hosts`, groups of ClusterShell, genders and plain lists of hosts.

use serde::Serialize;
use std::net::IpAddr;
use stdx::hostlist;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::lines;
use crate::storage::text;

/// The reader of `/etc/hosts`.
pub static HOSTS: Kind = Kind {
    name: "hosts",
    about: "/etc/hosts: addresses and names",
    guess: guess_hosts,
    read: |input, sink| {
        let (found, skips) = hosts(input);
        text::emit("hosts.entry", &found, skips, sink);
    },
};

/// The reader of lists of hosts.
pub static LISTS: Kind = Kind {
    name: "host-list",
    about: "lists of hosts such as oss[01-20], one a line, or groups of them (ClusterShell, genders)",
    guess: guess_lists,
    read: read_lists,
};

/// One line of `/etc/hosts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The address; `%eth0` and the like are left out.
    pub address: IpAddr,
    /// Its names, the full one first as a rule.
    pub names: Vec<String>,
}

/// Hosts that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostGroup {
    /// The group, if the line names one.
    pub name: Option<String>,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// Groups it takes in (`@oss`), and attributes of genders.
    pub words: Vec<String>,
}

/// Reads every entry of `/etc/hosts`.
pub fn hosts(input: &[u8]) -> (Vec<Entry>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for setting in lines::settings(input, &mut skips) {
        match entry(&setting.text) {
            Some(entry) => found.push(entry),
            None => skips.push(text::bad_line(setting.line, "wanted an address and names")),
        }
    }
    (found, skips)
}

fn entry(line: &str) -> Option<Entry> {
    let bare = line.split('#').next().unwrap_or_default();
    let mut words = bare.split_whitespace();
    let address = words.next()?.split('%').next()?.parse().ok()?;
    let names: Vec<String> = words.map(str::to_owned).collect();
    let is_name = |name: &String| {
        name.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    (!names.is_empty() && names.iter().all(is_name)).then_some(Entry { address, names })
}

/// Reads every line of a list: hosts, `group: hosts`, or `hosts attribute,…`.
pub fn lists(input: &[u8]) -> (Vec<HostGroup>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for setting in lines::settings(input, &mut skips) {
        match group(setting.text.split(" #").next().unwrap_or_default().trim()) {
            Some(group) => found.push(group),
            None => skips.push(text::bad_line(
                setting.line,
                "wanted hosts such as oss[01-20]",
            )),
        }
    }
    (found, skips)
}

fn group(line: &str) -> Option<HostGroup> {
    let (name, list) = match line.split_once(": ").or_else(|| line.split_once(":\t")) {
        Some((name, list)) if is_word(name) => (Some(name.to_owned()), list.trim()),
        _ => (None, line),
    };
    let (list, attributes) = match list.split_once(char::is_whitespace) {
        Some((list, rest)) if name.is_none() => (list, rest.trim()),
        _ => (list, ""),
    };
    let mut words: Vec<String> = Vec::new();
    for word in attributes.split(',').filter(|word| !word.is_empty()) {
        words.push(word.trim().to_owned());
    }
    let (groups, plain): (Vec<&str>, Vec<&str>) = lines::split_outside_brackets(list, ',')
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .partition(|part| part.starts_with('@'));
    words.extend(groups.into_iter().map(str::to_owned));
    let hosts = hostlist::expand(&plain.join(",")).ok()?;
    let is_host = |host: &String| host.len() <= 253 && is_word(host);
    let is_good = hosts.iter().all(is_host) && words.iter().all(|word| !word.contains(' '));
    (is_good && !(hosts.is_empty() && words.is_empty())).then_some(HostGroup { name, hosts, words })
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn guess_hosts(sample: Sample<'_>) -> Likelihood {
    let whole = sample.text();
    let (mut good, mut all) = (0_u32, 0_u32);
    for line in lines::active(whole).take(100) {
        all += 1;
        good += u32::from(entry(line).is_some());
    }
    let has_local = whole.contains("localhost");
    match good {
        0 => 0,
        _ if good == all && has_local => 92,
        _ if good * 3 >= all * 2 && (has_local || sample.name == "hosts") => 80,
        2.. if good == all => 55,
        _ => 0,
    }
}

/// Only what has a bracket or a column of alike names: any word could be a host.
fn guess_lists(sample: Sample<'_>) -> Likelihood {
    let (mut n_good, mut n_folded, mut n) = (0_u32, 0_u32, 0_u32);
    let mut stems = std::collections::BTreeMap::new();
    for line in lines::active(sample.text()).take(100) {
        n += 1;
        let Some(found) = group(line) else { continue };
        n_good += 1;
        let is_folded = line.contains('[') && found.hosts.len() > 1;
        n_folded += u32::from(is_folded);
        let first = found.hosts.first().map(String::as_str).unwrap_or_default();
        let short = first.split('.').next().unwrap_or_default();
        let stem = short.trim_end_matches(|c: char| c.is_ascii_digit());
        if stem.len() < short.len() && stem.len() >= 2 && !line.contains(['/', '=', '@', ':']) {
            *stems.entry(stem.to_owned()).or_insert(0_u32) += 1;
        }
    }
    let n_alike = stems.values().max().copied().unwrap_or(0);
    match (n_good == n, n_folded) {
        (true, 1..) => 45,
        (true, 0) if n_alike >= 3 && n_alike * 2 >= n => 32,
        _ => 0,
    }
}

fn read_lists(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = lists(input);
    text::emit("host-list.group", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_read() {
        let text = "127.0.0.1 localhost\r\n# x\nfe80::1%eth0 oss1.lab oss1 # note\n300.1.1.1 bad\n";
        let (found, skips) = hosts(text.as_bytes());
        assert_eq!(found[1].names, ["oss1.lab", "oss1"]);
        assert_eq!((found.len(), skips.len(), skips[0].line), (2, 1, 4));
        let of = |name, text: &str| {
            guess_hosts(Sample {
                name,
                head: text.as_bytes(),
            })
        };
        assert_eq!((of("", text), of("", "10.0.0.1 x\n10.0.0.2 y\n")), (80, 55));
        assert_eq!(of("", "10.0.0.1@tcp\n"), 0);
    }

    #[test]
    fn lists_and_groups_are_read() {
        let text = "oss: oss[01-03],mds1\nall: @oss,mgs\noss[01-02] lustre,rack=1\nmds1\noss[1\n";
        let (found, skips) = lists(text.as_bytes());
        assert_eq!(found[0].hosts.len(), 4);
        assert_eq!(found[1].words, ["@oss"]);
        assert_eq!(found[2].words, ["lustre", "rack=1"]);
        assert_eq!((found[3].hosts[0].as_str(), skips.len()), ("mds1", 1));
        let of = |text: &str| {
            guess_lists(Sample {
                name: "",
                head: text.as_bytes(),
            })
        };
        assert_eq!(of("oss[01-20]\nmds[1-2]\n"), 45);
        assert_eq!(of("oss01\noss02\noss03\n"), 32);
        assert_eq!(of("one\ntwo\nthree\n"), 0);
        assert_eq!(of("NAME=[a]\n"), 0);
    }
}
