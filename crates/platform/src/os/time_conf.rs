//! Settings of time services: `chrony.conf`, `ntp.conf`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;

/// The reader of `chrony.conf` and `ntp.conf`.
pub static KIND: Kind = Kind {
    name: "time-conf",
    about: "chrony.conf, ntp.conf",
    guess,
    read,
};

/// Words that only `chrony.conf` begins a line with.
const CHRONY: [&str; 38] = [
    "makestep",
    "rtcsync",
    "rtcfile",
    "rtconutc",
    "keyfile",
    "leapsectz",
    "leapsecmode",
    "leapseclist",
    "allow",
    "deny",
    "cmdallow",
    "cmddeny",
    "local",
    "minsources",
    "maxupdateskew",
    "hwtimestamp",
    "ntsdumpdir",
    "ntstrustedcerts",
    "sourcedir",
    "confdir",
    "include",
    "log",
    "logchange",
    "dumpdir",
    "dumponexit",
    "bindcmdaddress",
    "bindaddress",
    "cmdport",
    "port",
    "stratumweight",
    "maxdistance",
    "combinelimit",
    "generatecommandkey",
    "noclientlog",
    "smoothtime",
    "refclock",
    "initstepslew",
    "commandkey",
];
/// Words that only `ntp.conf` begins a line with.
const NTP: [&str; 21] = [
    "restrict",
    "includefile",
    "keys",
    "trustedkey",
    "requestkey",
    "controlkey",
    "fudge",
    "tinker",
    "tos",
    "statsdir",
    "statistics",
    "filegen",
    "broadcast",
    "broadcastclient",
    "multicastclient",
    "disable",
    "enable",
    "interface",
    "crypto",
    "leapfile",
    "logconfig",
];
/// Words of both.
const BOTH: [&str; 6] = ["server", "pool", "peer", "driftfile", "logfile", "user"];

/// One line that sets something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Directive {
    /// Its name.
    pub name: String,
    /// Its words.
    pub words: Vec<String>,
}

/// A server, a pool or a peer to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimeServer {
    /// `server`, `pool`, `peer`.
    pub kind: String,
    /// Name or address.
    pub address: String,
    /// `iburst`, `prefer`, `minpoll 4`, …
    pub options: Vec<String>,
}

/// Reads every line that sets something.
pub fn parse(input: &[u8]) -> (Vec<Directive>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with(['#', '!', ';', '%']) {
            continue;
        }
        // Only ntp.conf has comments behind a setting.
        let text = text.split(" #").next().unwrap_or(text);
        let mut words = text.split_whitespace().map(str::to_owned);
        match words.next().filter(|name| is_name(name)) {
            Some(name) => found.push(Directive {
                name,
                words: words.collect(),
            }),
            None => skips.push(line.skip(SkipKind::BadLine, "no setting")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The servers that the settings name.
pub fn servers(directives: &[Directive]) -> Vec<TimeServer> {
    directives
        .iter()
        .filter(|one| matches!(one.name.as_str(), "server" | "pool" | "peer"))
        .filter_map(|one| {
            // `server -4 ntp.example.com` asks by one family only.
            let mut words = one.words.iter().skip_while(|word| word.starts_with('-'));
            Some(TimeServer {
                kind: one.name.clone(),
                address: words.next()?.clone(),
                options: words.cloned().collect(),
            })
        })
        .collect()
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let (mut n_own, mut n_both, mut n_other) = (0, 0, 0);
    let mut has_server = false;
    for line in text.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        let Some(word) = words
            .next()
            .filter(|word| !word.starts_with(['#', '!', ';', '%']))
        else {
            continue;
        };
        if BOTH.contains(&word) {
            n_both += 1;
            has_server |= matches!(word, "server" | "pool" | "peer")
                && words.next().is_some_and(|name| name.contains(['.', ':']));
        } else if CHRONY.contains(&word) || NTP.contains(&word) {
            n_own += 1;
        } else {
            n_other += 1;
        }
    }
    let n_known = n_own + n_both;
    match sample.name {
        "chrony.conf" | "ntp.conf" if n_known > 0 && n_other <= n_known => 95,
        _ if n_other * 4 > n_known => 0,
        _ if n_own >= 2 && (has_server || n_both > 0) => 85,
        _ if has_server && n_other == 0 => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("time-server", &servers(&found), sink);
    lines::emit("time-setting", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_found_with_their_options() {
        let text = b"# Use public servers\npool 2.rocky.pool.ntp.org iburst maxsources 4\nserver -4 10.0.0.1 prefer # site\n! old\ndriftfile /var/lib/chrony/drift\nmakestep 1.0 3\nrtcsync\n=== \n";
        let (found, skips) = parse(text);
        assert_eq!((found.len(), skips.len(), skips[0].line), (5, 1, 8));
        let servers = servers(&found);
        assert_eq!(
            (servers[0].kind.as_str(), servers[0].options.len()),
            ("pool", 3)
        );
        assert_eq!(
            (servers[1].address.as_str(), servers[1].options.len()),
            ("10.0.0.1", 1)
        );
        let likelihood = guess(Sample {
            name: "x",
            head: &text[..text.len() - 5],
        });
        assert_eq!(likelihood, 85);
        assert_eq!(
            guess(Sample {
                name: "x",
                head: b"server {\n listen 80;\n}\n"
            }),
            0
        );
    }
}
