//! `/etc/modprobe.d/*.conf`: options of modules, LNet's networks and routes
//! among them.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::lines;
use crate::storage::text;

/// The reader of modprobe settings.
pub static KIND: Kind = Kind {
    name: "modprobe-conf",
    about: "/etc/modprobe.d: options, aliases and commands of modules",
    guess,
    read,
};

/// One line of settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "directive", rename_all = "snake_case")]
pub enum Directive {
    /// Values for a module's parameters.
    Options {
        /// The module, or an alias of one.
        module: String,
        /// Name and value, in order; no value for a bare word.
        values: Vec<(String, Option<String>)>,
    },
    /// Another name for a module.
    Alias {
        /// The other name, perhaps with `*`.
        name: String,
        /// The module.
        module: String,
    },
    /// A command in place of loading the module.
    Install {
        /// The module.
        module: String,
        /// The command.
        command: String,
    },
    /// A command in place of unloading the module.
    Remove {
        /// The module.
        module: String,
        /// The command.
        command: String,
    },
    /// A module whose own aliases do not count.
    Blacklist {
        /// The module.
        module: String,
    },
    /// Modules to load before and after.
    Softdep {
        /// The module.
        module: String,
        /// Loaded before it.
        pre: Vec<String>,
        /// Loaded after it.
        post: Vec<String>,
    },
}

/// An LNet network of `options lnet networks=...`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Network {
    /// The network: `o2ib`, `tcp1`.
    pub net: String,
    /// Its interfaces; none if the module chooses.
    pub interfaces: Vec<String>,
}

/// One entry of `options lnet routes=...`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The networks that are reached.
    pub nets: Vec<String>,
    /// The routers, as written: ranges, and `:priority` behind the NID.
    pub gateways: Vec<String>,
    /// How many networks are crossed, if said.
    pub hop: Option<u32>,
}

/// Reads every directive.
pub fn parse(input: &[u8]) -> (Vec<Directive>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for setting in lines::settings(input, &mut skips) {
        match directive(&setting.text) {
            Some(directive) => found.push(directive),
            None => skips.push(text::bad_line(setting.line, "wanted a modprobe directive")),
        }
    }
    (found, skips)
}

/// The value of a parameter of module `lnet`, if the directive sets it.
pub fn lnet_option<'a>(directive: &'a Directive, option: &str) -> Option<&'a str> {
    let Directive::Options { module, values } = directive else {
        return None;
    };
    let value = values.iter().find(|(name, _)| name == option)?.1.as_deref();
    value.filter(|_| module == "lnet")
}

/// The networks that `networks=` names.
pub fn networks(value: &str) -> Vec<Network> {
    lines::split_outside_brackets(value, ',')
        .into_iter()
        .filter_map(lines::network)
        .map(|(net, interfaces)| Network { net, interfaces })
        .collect()
}

/// The routes that `routes=` names: networks, perhaps a hop count, gateways.
/// Entries are parted by `;`, or begin with the next network.
pub fn routes(value: &str) -> Vec<Route> {
    let mut found = Vec::new();
    for entry in value.split(';') {
        let mut route = Route {
            nets: Vec::new(),
            gateways: Vec::new(),
            hop: None,
        };
        for word in lines::split_outside_brackets(entry.trim(), ' ') {
            match word.parse() {
                _ if word.is_empty() => {}
                Ok(hop) => route.hop = Some(hop),
                Err(_) if word.contains('@') => route.gateways.push(word.to_owned()),
                Err(_) => {
                    let nets = lines::split_outside_brackets(word, ',');
                    let nets = nets.into_iter().filter_map(lines::network);
                    route.nets.extend(nets.map(|(net, _)| net));
                }
            }
        }
        if !route.nets.is_empty() && !route.gateways.is_empty() {
            found.push(route);
        }
    }
    found
}

fn directive(line: &str) -> Option<Directive> {
    let (word, rest) = line.split_once([' ', '\t'])?;
    let rest = rest.trim();
    let (first, tail) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let (first, tail) = (first.to_owned(), tail.trim());
    if first.is_empty() || first.contains(['=', '"', '(']) {
        return None;
    }
    Some(match word {
        "options" => Directive::Options {
            module: first,
            values: values(tail)?,
        },
        "alias" if is_word(tail) => Directive::Alias {
            name: first,
            module: tail.to_owned(),
        },
        "install" if !tail.is_empty() => Directive::Install {
            module: first,
            command: tail.to_owned(),
        },
        "remove" if !tail.is_empty() => Directive::Remove {
            module: first,
            command: tail.to_owned(),
        },
        "blacklist" if tail.is_empty() => Directive::Blacklist { module: first },
        "softdep" => softdep(first, tail),
        _ => return None,
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '=')
}

fn softdep(module: String, tail: &str) -> Directive {
    let (mut pre, mut post, mut is_post) = (Vec::new(), Vec::new(), false);
    for word in tail.split_whitespace() {
        match word {
            "pre:" => is_post = false,
            "post:" => is_post = true,
            _ if is_post => post.push(word.to_owned()),
            _ => pre.push(word.to_owned()),
        }
    }
    Directive::Softdep { module, pre, post }
}

/// `name=value` words; quotes keep blanks, and are no part of the value.
fn values(text: &str) -> Option<Vec<(String, Option<String>)>> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quote) = (String::new(), None);
    for c in text.chars().chain([' ']) {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(c),
        }
    }
    let is_whole = quote.is_none();
    let pair = |word: String| match word.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (word, None),
    };
    is_whole.then(|| words.into_iter().map(pair).collect())
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut skips = Vec::new();
    let head = sample.text().as_bytes();
    let settings = lines::settings(head, &mut skips);
    let n_known = settings
        .iter()
        .filter(|setting| directive(&setting.text).is_some())
        .count();
    let n_other = settings.len() - n_known;
    match (n_known, n_other) {
        (0, _) => 0,
        (_, 0) => 85,
        _ if n_known > 3 * n_other => 60,
        _ => 0,
    }
}

fn family(directive: &Directive) -> &'static str {
    match directive {
        Directive::Options { .. } => "modprobe.options",
        Directive::Alias { .. } => "modprobe.alias",
        Directive::Install { .. } => "modprobe.install",
        Directive::Remove { .. } => "modprobe.remove",
        Directive::Blacklist { .. } => "modprobe.blacklist",
        Directive::Softdep { .. } => "modprobe.softdep",
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    if found.is_empty() && skips.is_empty() {
        lines::hint_nothing_set(sink);
    }
    for directive in &found {
        text::emit(
            family(directive),
            std::slice::from_ref(directive),
            Vec::new(),
            sink,
        );
        if let Some(value) = lnet_option(directive, "networks") {
            text::emit("modprobe.lnet-network", &networks(value), Vec::new(), sink);
        }
        if let Some(value) = lnet_option(directive, "routes") {
            text::emit("modprobe.lnet-route", &routes(value), Vec::new(), sink);
        }
    }
    for skip in skips {
        sink.skip(skip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, wanted: &str) {
        let (found, skips) = parse(line.as_bytes());
        let mut shown: Vec<String> = found
            .iter()
            .map(|one| serde_json::to_string(one).unwrap())
            .collect();
        shown.extend(skips.iter().map(|skip| format!("{:?}", skip.kind)));
        assert_eq!(shown.join("; "), wanted, "{line:?}");
    }

    #[test]
    fn directives_are_read() {
        check(
            "options ko2iblnd-opa peer_credits=32 \\\n  ntx=2048\r\n",
            r#"{"directive":"options","module":"ko2iblnd-opa","values":[["peer_credits","32"],["ntx","2048"]]}"#,
        );
        check(
            "alias ko2iblnd-opa ko2iblnd",
            r#"{"directive":"alias","name":"ko2iblnd-opa","module":"ko2iblnd"}"#,
        );
        check(
            "install ko2iblnd /usr/sbin/ko2iblnd-probe -v",
            r#"{"directive":"install","module":"ko2iblnd","command":"/usr/sbin/ko2iblnd-probe -v"}"#,
        );
        check(
            "softdep lustre pre: lnet osc post: mgc",
            r#"{"directive":"softdep","module":"lustre","pre":["lnet","osc"],"post":["mgc"]}"#,
        );
        check(
            "blacklist qib\n",
            r#"{"directive":"blacklist","module":"qib"}"#,
        );
    }

    #[test]
    fn what_is_none_is_said() {
        check("alias debug=/proc/sys/lnet/debug\n", "BadLine");
        check("options lnet networks=\"tcp(eth0", "Truncated");
        check("options\n", "BadLine");
        check("# options lnet networks=tcp\n", "");
    }

    #[test]
    fn lnet_networks_and_routes_are_read() {
        let (found, _) = parse(
            b"options lnet networks=\"o2ib0(ib0,ib1),tcp1(eth0)[0,1],tcp\" \
              routes='o2ib2 2 10.0.0.[1-2]@tcp1:3; tcp5,tcp6 10.0.0.9@o2ib'\n",
        );
        let nets = networks(lnet_option(&found[0], "networks").unwrap());
        let shown: Vec<String> = nets
            .iter()
            .map(|one| format!("{}({})", one.net, one.interfaces.join(",")))
            .collect();
        assert_eq!(shown, ["o2ib(ib0,ib1)", "tcp1(eth0)", "tcp()"]);
        let routes = routes(lnet_option(&found[0], "routes").unwrap());
        assert_eq!(routes[0].gateways, ["10.0.0.[1-2]@tcp1:3"]);
        assert_eq!((routes[0].hop, routes[1].hop), (Some(2), None));
        assert_eq!(routes[1].nets, ["tcp5", "tcp6"]);
    }
}
