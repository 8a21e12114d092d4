//! `crm configure show`: what Pacemaker is told, in the words of `crmsh`.
//! Gives the records of a CIB, so that both forms can be compared.

use super::cib::{self, Cib, Constraint, Group, Primitive};
use super::lines::{self, Line};
use super::status::FenceLevel;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of `crm configure show`.
pub static KIND: Kind = Kind {
    name: "crmsh",
    about: "crm configure show, fragments of crmsh",
    guess,
    read,
};

/// A statement: its words, continuation lines joined, and where it begins.
struct Statement<'a> {
    line: Line<'a>,
    words: Vec<String>,
    /// Whether a quote stays open.
    is_open: bool,
}

/// Reads every statement that is known.
pub fn parse(input: &[u8]) -> (Cib, Vec<Skip>) {
    let (mut found, mut skips) = (Cib::default(), Vec::new());
    for statement in statements(&lines::read(input, &mut skips)) {
        if statement.is_open {
            let line = statement.line;
            skips.push(line.skip(SkipKind::Truncated, "a quote stays open"));
        }
        if !take(&statement.words, &mut found) {
            skips.push(statement.line.bad("no statement of crmsh"));
        }
    }
    (found, skips)
}

fn statements<'a>(all: &[Line<'a>]) -> Vec<Statement<'a>> {
    let mut found: Vec<Statement<'a>> = Vec::new();
    let mut text = String::new();
    let mut first: Option<Line<'a>> = None;
    for line in all {
        let bare = line.text.trim();
        if first.is_none() && (bare.is_empty() || bare.starts_with('#')) {
            continue;
        }
        let (part, goes_on) = match bare.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (bare, false),
        };
        text.push_str(part);
        text.push(' ');
        let begin = *first.get_or_insert(*line);
        if !goes_on {
            found.push(statement(begin, &text));
            text.clear();
            first = None;
        }
    }
    if let Some(begin) = first {
        found.push(statement(begin, &text));
    }
    found
}

fn statement<'a>(line: Line<'a>, text: &str) -> Statement<'a> {
    let (words, is_open) = words(text);
    Statement {
        line,
        words,
        is_open,
    }
}

/// Words, quotes taken off: `options="a b"` is one. Also whether a quote stays open.
pub(crate) fn words(text: &str) -> (Vec<String>, bool) {
    let (mut all, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut has_word = false;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                has_word = true;
            }
            None if c.is_whitespace() => {
                if has_word {
                    all.push(std::mem::take(&mut word));
                }
                has_word = false;
            }
            None => {
                word.push(c);
                has_word = true;
            }
        }
    }
    if has_word {
        all.push(word);
    }
    (all, quote.is_some())
}

fn take(words: &[String], found: &mut Cib) -> bool {
    let Some((keyword, rest)) = words.split_first() else {
        return true;
    };
    match keyword.as_str() {
        "node" => node(rest, found),
        "primitive" | "rsc_template" => primitive(rest, found),
        "group" | "clone" | "ms" | "master" | "bundle" => group(keyword, rest, found),
        "location" | "colocation" | "collocation" | "order" | "rsc_ticket" => {
            match constraint(keyword, rest) {
                Some(one) => {
                    found.constraints.push(one);
                    true
                }
                None => false,
            }
        }
        "property" => {
            found.properties.extend(pairs(rest));
            true
        }
        "rsc_defaults" | "op_defaults" => {
            let of = keyword.trim_end_matches("_defaults");
            let told = pairs(rest).map(|(name, value)| (of.to_owned(), name, value));
            found.defaults.extend(told);
            true
        }
        "fencing_topology" | "fencing-topology" => {
            levels(rest, &mut found.levels);
            true
        }
        "monitor" => monitor(rest, found),
        "tag" | "alert" | "role" | "user" | "acl_target" | "acl_group" | "xml" => {
            let id = rest.first().cloned().unwrap_or_default();
            found.others.push((keyword.clone(), id));
            true
        }
        _ => false,
    }
}

/// `name=value` words, ids and secrets left out.
fn pairs(words: &[String]) -> impl Iterator<Item = (String, String)> + '_ {
    words.iter().filter_map(|word| {
        let (name, value) = word.split_once('=')?;
        let is_told = !name.starts_with('$') && !name.is_empty() && !cib::is_secret(name);
        is_told.then(|| (name.to_owned(), value.to_owned()))
    })
}

/// `1: oss1 attributes standby=off`, `oss1:normal`, `oss1`.
fn node(words: &[String], found: &mut Cib) -> bool {
    let mut names = words.iter().filter(|word| !word.starts_with('$'));
    let Some(first) = names.next() else {
        return false;
    };
    let (id, name) = match first.strip_suffix(':') {
        Some(id) => (id, names.next().map_or("", String::as_str)),
        None => ("", first.as_str()),
    };
    let name = name.split(':').next().unwrap_or(name);
    found.nodes.push((id.to_owned(), name.to_owned()));
    !name.is_empty()
}

const SECTIONS: [&str; 9] = [
    "params",
    "meta",
    "op",
    "op_params",
    "op_meta",
    "operations",
    "utilization",
    "attributes",
    "allocated",
];

/// The parts of a statement: the words before the first section, then each.
fn sections(words: &[String]) -> Vec<(&str, &[String])> {
    let mut found = Vec::new();
    let (mut name, mut from) = ("", 0);
    for (at, word) in words.iter().enumerate() {
        if SECTIONS.contains(&word.as_str()) {
            found.push((name, words.get(from..at).unwrap_or_default()));
            (name, from) = (word.as_str(), at + 1);
        }
    }
    found.push((name, words.get(from..).unwrap_or_default()));
    found
}

fn primitive(words: &[String], found: &mut Cib) -> bool {
    let parts = sections(words);
    let head = parts.first().map_or(&[][..], |(_, words)| words);
    let [id, agent, more @ ..] = head else {
        return false;
    };
    let mut one = Primitive {
        id: id.clone(),
        agent: agent.clone(),
        // Without the word `params`, too.
        parameters: pairs(more).collect(),
        ..Primitive::default()
    };
    for (section, words) in parts.iter().skip(1) {
        match *section {
            "params" => one.parameters.extend(pairs(words)),
            "meta" => one.meta.extend(pairs(words)),
            "op" => {
                let name = words.first().cloned().unwrap_or_default();
                one.operations.push((name, pairs(words).collect()));
            }
            // Settings of the operation before.
            "op_params" | "op_meta" => {
                if let Some((_, settings)) = one.operations.last_mut() {
                    settings.extend(pairs(words));
                }
            }
            _ => {}
        }
    }
    found.resources.push(one);
    true
}

fn group(kind: &str, words: &[String], found: &mut Cib) -> bool {
    let parts = sections(words);
    let head = parts.first().map_or(&[][..], |(_, words)| words);
    let Some((id, members)) = head.split_first() else {
        return false;
    };
    let members: Vec<String> = if kind == "bundle" {
        let at = words.iter().position(|word| word == "primitive");
        let inside = at.and_then(|at| words.get(at + 1));
        inside.cloned().into_iter().collect()
    } else {
        members
            .iter()
            .filter(|word| !word.contains('='))
            .cloned()
            .collect()
    };
    let is_inside = |one: &Primitive| one.group.is_none() && members.contains(&one.id);
    for one in found.resources.iter_mut().filter(|one| is_inside(one)) {
        one.group = Some(id.clone());
    }
    let meta = parts.iter().filter(|(section, _)| *section == "meta");
    let kind = if kind == "ms" { "master" } else { kind };
    found.groups.push(Group {
        id: id.clone(),
        kind: kind.to_owned(),
        meta: meta.flat_map(|(_, words)| pairs(words)).collect(),
        members,
    });
    true
}

/// `ID rsc SCORE: node`, `ID SCORE: a b`, `ID KIND: a:start b`, `ID ticket: rsc`.
fn constraint(keyword: &str, words: &[String]) -> Option<Constraint> {
    let (id, rest) = words.split_first()?;
    let (options, words): (Vec<&String>, Vec<&String>) = rest
        .iter()
        .partition(|word| word.contains('=') && !word.starts_with('#'));
    let mut kind = keyword.trim_start_matches("rsc_");
    if kind == "collocation" {
        kind = "colocation";
    }
    let is_rule = words.iter().any(|word| *word == "rule");
    let (resource, with, score) = if kind == "location" {
        let resource = words.first()?;
        let score = words
            .get(1)
            .and_then(|word| word.strip_suffix(':'))
            .filter(|_| !is_rule);
        let node = score.and(words.get(2)).map(|node| node.as_str());
        let score = score.unwrap_or(if is_rule { "rule" } else { "" });
        (
            (*resource).clone(),
            node.unwrap_or_default().to_owned(),
            score,
        )
    } else {
        let score = words.first().and_then(|word| word.strip_suffix(':'));
        let names = words.get(usize::from(score.is_some())..)?;
        let (first, others) = names.split_first()?;
        let others: Vec<&str> = others.iter().map(|word| word.as_str()).collect();
        (
            (*first).clone(),
            others.join(" "),
            score.unwrap_or_default(),
        )
    };
    // `then start` of an order is the action, not the resource.
    let bare = |name: &str| match kind {
        "order" => name.split(':').next().unwrap_or(name).to_owned(),
        _ => name.to_owned(),
    };
    let mut found = Constraint {
        id: id.clone(),
        kind: kind.to_owned(),
        resource: bare(&resource),
        with: with.split(' ').map(bare).collect::<Vec<_>>().join(" "),
        score: match score {
            "inf" | "+inf" => "INFINITY".to_owned(),
            "-inf" => "-INFINITY".to_owned(),
            score => score.to_owned(),
        },
    };
    if kind == "ticket" {
        let names = [resource, with];
        names.join(" ").trim().clone_into(&mut found.resource);
        score.clone_into(&mut found.with);
        found.score = String::new();
    }
    let is_whole =
        !found.resource.is_empty() && (!found.with.is_empty() || is_rule || !options.is_empty());
    is_whole.then_some(found)
}

/// `oss1: ipmi1 pdu1,pdu2 oss2: ipmi2`; without a node for all.
fn levels(words: &[String], levels: &mut Vec<FenceLevel>) {
    let (mut target, mut level) = (String::from("*"), 0);
    for word in words {
        if let Some(node) = word.strip_suffix(':') {
            (target, level) = (node.to_owned(), 0);
            continue;
        }
        level += 1;
        levels.push(FenceLevel {
            target: target.clone(),
            level,
            devices: word.split(',').map(str::to_owned).collect(),
        });
    }
}

/// `monitor r 30s:20s`: an operation of a resource told before.
fn monitor(words: &[String], found: &mut Cib) -> bool {
    let [id, when, ..] = words else {
        return false;
    };
    let id = id.split(':').next().unwrap_or(id);
    let (interval, timeout) = when.split_once(':').unwrap_or((when, ""));
    let all = [("interval", interval), ("timeout", timeout)];
    let settings = all
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings: Vec<_> = settings.collect();
    if let Some(one) = found.resources.iter_mut().find(|one| one.id == id) {
        one.operations.push(("monitor".to_owned(), settings));
    }
    true
}

/// Whether a statement's first words are so peculiar that it is no other text.
fn is_peculiar(words: &[String]) -> bool {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let classes = [
        "ocf:", "stonith:", "systemd:", "lsb:", "service:", "@", "upstart:",
    ];
    match word(0) {
        "primitive" | "rsc_template" => classes.iter().any(|class| word(2).starts_with(class)),
        "location" | "colocation" | "order" | "rsc_ticket" => {
            constraint(word(0), words.get(1..).unwrap_or_default()).is_some()
                && words
                    .iter()
                    .any(|word| word.ends_with(':') || word == "rule")
        }
        "clone" | "ms" | "group" => words.iter().any(|word| word == "meta"),
        "property" | "rsc_defaults" | "op_defaults" => words
            .iter()
            .any(|word| word.contains("cib-bootstrap-options") || word.contains("rsc-options")),
        _ => false,
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut skips, mut found) = (Vec::new(), Cib::default());
    let all = lines::read(sample.text().as_bytes(), &mut skips);
    let (mut n_peculiar, mut n_other, mut n_known) = (0_u32, 0_u32, 0_u32);
    // Enough to tell; a large text need not be read whole.
    for statement in statements(all.get(..all.len().min(200)).unwrap_or_default()) {
        if !take(&statement.words, &mut found) {
            n_other += 1;
        } else if is_peculiar(&statement.words) {
            n_peculiar += 1;
        } else {
            n_known += 1;
        }
    }
    match (n_peculiar, n_other) {
        (1.., 0) => 93,
        (2.., other) if other < n_peculiar + n_known => 85,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    cib::emit(&found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(skips, [], "{text}");
        let resources = found.resources.iter().map(|one| {
            let some = |all: &[(String, String)]| {
                let all: Vec<_> = all
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                all.join(",")
            };
            let ops: Vec<_> = one
                .operations
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            let (params, group) = (some(&one.parameters), one.group.as_deref().unwrap_or("-"));
            format!(
                "{} {} {group} [{params}] [{}]",
                one.id,
                one.agent,
                ops.join(",")
            )
        });
        let constraints = found.constraints.iter().map(|one| {
            format!(
                "{} {}: {}/{}/{}",
                one.kind, one.id, one.resource, one.with, one.score
            )
        });
        let groups = found
            .groups
            .iter()
            .map(|one| format!("{} {}: {}", one.kind, one.id, one.members.join(",")));
        let all: Vec<_> = resources.chain(groups).chain(constraints).collect();
        assert_eq!(all.join("\n"), want);
    }

    #[test]
    fn resources_and_groups_are_read() {
        check(
            "primitive fs ocf:heartbeat:Filesystem \\\n\tparams device=\"/dev/a b\" fstype=ext4 passwd=x \\\n\top monitor interval=30 timeout=60 \\\n\top stop timeout=9\nprimitive st stonith:fence_ipmilan ip=10.0.0.1\ngroup g fs st meta target-role=Started\nclone c g\n",
            "fs ocf:heartbeat:Filesystem g [device=/dev/a b,fstype=ext4] [monitor,stop]\nst stonith:fence_ipmilan g [ip=10.0.0.1] []\ngroup g: fs,st\nclone c: g",
        );
    }

    #[test]
    fn constraints_of_all_kinds_are_read() {
        check(
            "location l fs -inf: n1\nlocation r fs resource-discovery=never rule -inf: #kind ne cluster\ncolocation c inf: a b:Master\norder o 0: a:start b:start\nrsc_ticket t T: m6 m5:Promoted loss-policy=stop",
            "location l: fs/n1/-INFINITY\nlocation r: fs//rule\ncolocation c: a/b:Master/INFINITY\norder o: a/b/0\nticket t: m6 m5:Promoted/T/",
        );
    }

    #[test]
    fn nodes_levels_and_properties_are_read() {
        let (found, skips) = parse(b"node 1: a \\\n\tattributes standby=off\nnode b:normal\nproperty cib-bootstrap-options: \\\n\tstonith-enabled=true\nrsc_defaults rsc-options: migration-threshold=3\nfencing_topology a: i1 p1,p2 b: i2\ntag t a b\nnonsense\n");
        assert_eq!(
            found.nodes,
            [
                ("1".to_owned(), "a".to_owned()),
                (String::new(), "b".to_owned())
            ]
        );
        assert_eq!(
            found.properties,
            [("stonith-enabled".to_owned(), "true".to_owned())]
        );
        assert_eq!(found.defaults.len(), 1);
        let levels: Vec<_> = found
            .levels
            .iter()
            .map(|one| format!("{} {} {}", one.target, one.level, one.devices.join("+")))
            .collect();
        assert_eq!(found.others, [("tag".to_owned(), "t".to_owned())]);
        assert_eq!(levels, ["a 1 i1", "a 2 p1+p2", "b 1 i2"]);
        let skips: Vec<_> = skips.iter().map(|skip| (skip.line, skip.kind)).collect();
        assert_eq!(skips, [(9, SkipKind::BadLine)]);
    }

    #[test]
    fn a_cut_at_any_byte_is_no_panic_and_prose_is_no_crmsh() {
        let text =
            b"primitive fs ocf:x:y params a=\"b c\" \\\n op monitor interval=1\nlocation l fs 1: n";
        for end in 0..text.len() {
            parse(&text[..end]);
        }
        let guess = |head: &[u8]| guess(Sample { name: "", head });
        assert_eq!(guess(text), 93);
        assert_eq!(guess(b"order of things: a b\nis not this\n"), 0);
        assert_eq!(guess(b"node a\n"), 0);
    }
}
