//! `ip addr` and `ip link` as text: full, `-s`, `-d`, one line (`-o`) and brief
//! (`-br`) forms.

use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::ip_addr::{Counters, Link};
use crate::ha::lines;

/// The reader of `ip addr` and `ip link`.
pub static KIND: Kind = Kind {
    name: "ip-addr",
    about: "ip addr, ip link: as text, also -s, -d, -o, -br",
    guess,
    read,
};

/// First words of lines that `-d` adds and that name no kind of link.
const DETAILS: [&str; 9] = [
    "promiscuity",
    "addrgenmode",
    "minmtu",
    "numtxqueues",
    "parentbus",
    "portid",
    "vf",
    "prog/xdp",
    "valid_lft",
];

/// Reads every interface.
pub fn parse(input: &[u8]) -> (Vec<Link>, Vec<Skip>) {
    let mut reader = Reader::default();
    let mut skips = Vec::new();
    let all = lines::read(input, &mut skips);
    let is_brief = is_brief(all.iter().map(|line| line.text));
    for line in all.iter().filter(|line| !line.text.trim().is_empty()) {
        let known = if is_brief {
            brief(line.text).map(|link| reader.links.push(link))
        } else {
            reader.line(line.text)
        };
        if known.is_none() {
            skips.push(if lines::is_error(line.text) {
                line.skip(SkipKind::ErrorText, "an error")
            } else {
                line.bad("no line of an interface")
            });
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (reader.links, skips)
}

#[derive(Default)]
struct Reader {
    links: Vec<Link>,
    /// Headings of the counters that the next line holds, and of which way.
    headings: Option<(Way, Vec<String>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Receive,
    Transmit,
}

impl Reader {
    /// One line, which with `-o` holds several, parted by backslashes.
    fn line(&mut self, text: &str) -> Option<()> {
        let mut parts = text.split('\\');
        let first = parts.next()?;
        if !text.starts_with(' ') && text.starts_with(|c: char| c.is_ascii_digit()) {
            self.header(first)?;
        } else {
            self.detail(first.trim())?;
        }
        // What follows a backslash belongs to the link that the line began.
        parts.try_for_each(|part| self.detail(part.trim()))
    }

    /// `2: eth0: <UP> mtu 1500 …`, or with `-o` `2: eth0    inet 10.0.0.1/8 …`.
    fn header(&mut self, text: &str) -> Option<()> {
        let (index, rest) = text.split_once(": ")?;
        let index: u32 = index.parse().ok()?;
        let (name, rest) = rest.trim_start().split_once(char::is_whitespace)?;
        let (name, parent) = match name.trim_end_matches(':').split_once('@') {
            Some((name, parent)) => (name, Some(parent).filter(|parent| *parent != "NONE")),
            None => (name.trim_end_matches(':'), None),
        };
        self.headings = None;
        let rest = rest.trim();
        let Some(rest) = rest.strip_prefix('<') else {
            if self.links.last().is_none_or(|link| link.index != index) {
                self.links.push(named(index, name, parent));
            }
            return self.detail(rest);
        };
        let (flags, rest) = rest.split_once('>')?;
        let mut link = named(index, name, parent);
        link.flags = flags
            .split(',')
            .filter(|flag| !flag.is_empty())
            .map(str::to_owned)
            .collect();
        link.mtu = after(rest, "mtu")
            .and_then(|mtu| mtu.parse().ok())
            .unwrap_or(0);
        after(rest, "state")
            .unwrap_or_default()
            .clone_into(&mut link.state);
        link.master = after(rest, "master").map(str::to_owned);
        self.links.push(link);
        Some(())
    }

    fn detail(&mut self, text: &str) -> Option<()> {
        let headings = self.headings.take();
        let link = self.links.last_mut()?;
        if let Some((way, names)) = headings {
            return counters(link, way, &names, text);
        }
        if let Some(kind) = text.strip_prefix("link/") {
            let mut words = kind.split_whitespace();
            words.next()?.clone_into(&mut link.link_type);
            link.mac = words.next().map(str::to_owned);
            return Some(());
        }
        let mut words = text.split_whitespace();
        match words.next()? {
            "inet" | "inet6" => link.addresses.push(address(&mut words)?),
            "RX:" | "RX" => self.headings = headings_of(Way::Receive, text),
            "TX:" | "TX" => self.headings = headings_of(Way::Transmit, text),
            "altname" => link.altnames.push(words.next()?.to_owned()),
            "alias" | "link-netns" | "link-netnsid" => {}
            word if DETAILS.contains(&word) || word.ends_with("_slave") => {}
            word if is_kind(word) => {
                link.info_kind.get_or_insert_with(|| word.to_owned());
                if word == "vlan" {
                    link.vlan = after(text, "id").and_then(|id| id.parse().ok());
                }
            }
            _ => return None,
        }
        Some(())
    }
}

fn named(index: u32, name: &str, parent: Option<&str>) -> Link {
    Link {
        index,
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        ..Link::default()
    }
}

/// `10.0.0.1/8`, or `10.0.0.1 peer 10.0.0.2/32`, where the length stands at the peer.
fn address<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let own = words.next()?;
    if own.contains('/') || words.next() != Some("peer") {
        return Some(own.to_owned());
    }
    let peer = words.next()?;
    Some(match peer.split_once('/') {
        Some((_, length)) => format!("{own}/{length}"),
        None => own.to_owned(),
    })
}

fn headings_of(way: Way, text: &str) -> Option<(Way, Vec<String>)> {
    let names = text.split_once(':')?.1.split_whitespace();
    // `RX errors:` of `-s -s` heads numbers of their own.
    let names = if text.contains("errors:") {
        Vec::new()
    } else {
        names.map(str::to_owned).collect()
    };
    Some((way, names))
}

fn counters(link: &mut Link, way: Way, names: &[String], text: &str) -> Option<()> {
    let numbers: Option<Vec<u64>> = text
        .split_whitespace()
        .map(|word| word.parse().ok())
        .collect();
    let numbers = numbers?;
    let of = |name: &str| {
        let at = names.iter().position(|known| known == name)?;
        numbers.get(at).copied()
    };
    let (Some(bytes), Some(packets)) = (of("bytes"), of("packets")) else {
        return Some(());
    };
    let found = Counters {
        bytes,
        packets,
        errors: of("errors").unwrap_or(0),
        dropped: of("dropped").unwrap_or(0),
    };
    match way {
        Way::Receive => link.received = Some(found),
        Way::Transmit => link.sent = Some(found),
    }
    Some(())
}

/// The word after `key`.
fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut words = text.split_whitespace();
    words.find(|word| *word == key)?;
    words.next()
}

fn is_kind(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// `eth0  UP  10.0.0.1/8 fe80::1/64`, or with a hardware address and flags.
fn brief(text: &str) -> Option<Link> {
    let mut words = text.split_whitespace();
    let (name, state) = (words.next()?, words.next()?);
    let (name, parent) = match name.split_once('@') {
        Some((name, parent)) => (name, Some(parent).filter(|parent| *parent != "NONE")),
        None => (name, None),
    };
    if !is_state(state) {
        return None;
    }
    let mut link = named(0, name, parent);
    state.clone_into(&mut link.state);
    for word in words {
        if let Some(flags) = word.strip_prefix('<') {
            let flags = flags.trim_end_matches('>').split(',');
            link.flags = flags.filter(|f| !f.is_empty()).map(str::to_owned).collect();
        } else if word.contains('/') {
            link.addresses.push(word.to_owned());
        } else if word.contains(':') && link.mac.is_none() {
            link.mac = Some(word.to_owned());
        }
    }
    Some(link)
}

fn is_state(word: &str) -> bool {
    [
        "UP",
        "DOWN",
        "UNKNOWN",
        "LOWERLAYERDOWN",
        "DORMANT",
        "NOTPRESENT",
        "TESTING",
    ]
    .contains(&word)
}

fn is_brief<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    let mut full = lines.filter(|line| !line.trim().is_empty()).peekable();
    full.peek().is_some() && full.all(|line| !line.starts_with(' ') && brief(line).is_some())
}

/// Whether a line begins an interface.
fn is_header(line: &str) -> bool {
    let Some((index, rest)) = line.split_once(": ") else {
        return false;
    };
    let begins = rest.split_once(": <").is_some_and(|(name, rest)| {
        !name.contains(' ') && rest.contains('>') && rest.contains(" mtu ")
    });
    let mut words = rest.split_whitespace().skip(1);
    let is_one = words
        .next()
        .is_some_and(|word| word == "inet" || word == "inet6")
        && words.next().is_some_and(|word| word.contains(['.', ':']));
    index.parse::<u32>().is_ok() && (begins || is_one)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let whole = text.rsplit_once('\n').map_or(text, |(whole, _)| whole);
    if text.lines().any(is_header) {
        90
    } else if is_brief(whole.lines().filter(|line| !lines::is_prompt(line)))
        && whole.contains(['/', ':'])
    {
        80
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (links, skips) = parse(input);
    lines::emit("interface", &links, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Link {
        let (links, skips) = parse(text.as_bytes());
        assert_eq!((links.len(), skips.len()), (1, 0), "{text} {skips:?}");
        links.into_iter().next().unwrap()
    }

    #[test]
    fn the_full_form_is_read() {
        let link = one(
            "7: bond0.5@bond0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9000 qdisc noqueue master br0 state UP group default qlen 1000\r\n    link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff promiscuity 0\r\n    vlan protocol 802.1Q id 5 <REORDER_HDR> addrgenmode eui64\r\n    altname enp1s0\r\n    inet 10.0.2.15/24 brd 10.0.2.255 scope global dynamic x\r\n       valid_lft 6sec preferred_lft 5sec\r\n    inet 10.0.0.1 peer 10.0.0.2/32 scope global x\r\n    inet6 fe80::1/64 scope link\r\n",
        );
        assert_eq!(
            (link.index, link.name.as_str(), link.mtu),
            (7, "bond0.5", 9000)
        );
        assert_eq!(link.parent.as_deref(), Some("bond0"));
        assert_eq!(link.master.as_deref(), Some("br0"));
        assert_eq!(link.mac.as_deref(), Some("52:54:00:12:34:56"));
        assert_eq!(
            (link.info_kind.as_deref(), link.vlan),
            (Some("vlan"), Some(5))
        );
        assert_eq!(
            link.addresses,
            ["10.0.2.15/24", "10.0.0.1/32", "fe80::1/64"]
        );
        assert_eq!((link.state.as_str(), link.flags.len()), ("UP", 4));
        assert_eq!(link.altnames, ["enp1s0"]);
    }

    #[test]
    fn counters_are_read_under_their_headings() {
        let link = one(
            "4: eth0: <UP> mtu 1500 state UP\n    link/ether 02:fc:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    RX:  bytes packets errors dropped  missed   mcast\n    16141946   62330      1       2       0       0\n    RX errors:  length    crc   frame    fifo overrun\n                     9      9       9       9       9\n    TX: bytes  packets  errors  dropped carrier collsns\n    5 4 3 2 1 0\n",
        );
        let received = link.received.unwrap();
        assert_eq!((received.bytes, received.packets), (16_141_946, 62330));
        assert_eq!((received.errors, received.dropped), (1, 2));
        assert_eq!(link.sent.unwrap().bytes, 5);
    }

    #[test]
    fn short_forms_are_read() {
        let link = one(
            "4: eth0    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n4: eth0    inet6 fd00::2/64 scope global nodad \\       valid_lft forever\n",
        );
        assert_eq!((link.index, link.addresses.len()), (4, 2));
        let link = one(
            "4: eth0: <BROADCAST,UP> mtu 1400 qdisc pfifo state UP mode DEFAULT\\    link/ether 02:fc:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n",
        );
        assert_eq!(link.link_type, "ether");
        let (links, skips) = parse(b"lo   UNKNOWN   127.0.0.1/8 ::1/128 \nifb0  DOWN  \n");
        assert_eq!((links.len(), skips.len()), (2, 0));
        assert_eq!(links[0].addresses, ["127.0.0.1/8", "::1/128"]);
    }

    #[test]
    fn a_broken_line_costs_itself_only() {
        let (links, skips) = parse(
            b"1: lo: <UP> mtu 65536 state UNKNOWN\n  ???\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <UP> mt",
        );
        assert_eq!((links.len(), skips.len(), skips[0].line), (2, 1, 2));
        assert_eq!(links[0].addresses, ["127.0.0.1/8"]);
    }
}
