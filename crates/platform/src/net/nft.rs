//! `nft list ruleset`, as text and, with `-j`, as JSON.

use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::packet_filter::{Chain, Rule, RuleSet};
use crate::ha::lines;
use crate::storage::{json, text};

/// The reader of `nft list ruleset`.
pub static TEXT: Kind = Kind {
    name: "nft",
    about: "nft list ruleset",
    guess: guess_text,
    read: |input, sink| emit(parse_text(input), sink),
};

/// The reader of `nft -j list ruleset`.
pub static JSON: Kind = Kind {
    name: "nft-json",
    about: "nft -j list ruleset",
    guess: guess_json,
    read: |input, sink| emit(parse_json(input), sink),
};

/// Where in nested blocks a line stands.
#[derive(Default)]
struct Place {
    family: String,
    table: String,
    chain: Option<String>,
    /// Blocks that are open below the table: a chain, or a set, a map, a
    /// counter, whose lines are no rules.
    depth: usize,
    /// Braces that are open within a rule: sets may run over lines.
    n_open: usize,
}

/// Reads every chain and rule.
pub fn parse_text(input: &[u8]) -> (RuleSet, Vec<Skip>) {
    let (mut found, mut skips) = (RuleSet::default(), Vec::new());
    let mut place = Place::default();
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        // The last line may be cut within a rule.
        let is_cut = !line.ended && text != "}";
        if is_cut || place.line(text, &mut found).is_none() {
            skips.push(if lines::is_error(text) {
                Skip::new(line.no, SkipKind::ErrorText, text)
            } else {
                text::bad_line(line, "wanted a table, a chain or a rule")
            });
        }
    }
    let is_told = skips.iter().any(|skip| skip.kind == SkipKind::Truncated);
    if !place.table.is_empty() && !is_told {
        let n_lines = input.split(|byte| *byte == b'\n').count();
        let last = u64::try_from(n_lines).unwrap_or(u64::MAX);
        skips.push(Skip::new(
            last,
            SkipKind::Truncated,
            "a table is not closed",
        ));
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

impl Place {
    fn line(&mut self, text: &str, found: &mut RuleSet) -> Option<()> {
        if self.n_open > 0 {
            // The rest of a set that began on an earlier line.
            if let Some(rule) = found.rules.last_mut() {
                rule.text.push(' ');
                rule.text.push_str(text);
                (rule.verdict, rule.ports) = (verdict(&rule.text), ports(&rule.text));
            }
            self.n_open = (self.n_open + count(text, '{')).saturating_sub(count(text, '}'));
            return Some(());
        }
        if text == "}" {
            return self.close();
        }
        if self.table.is_empty() {
            return self.open_table(text);
        }
        if let Some(head) = text.strip_suffix('{').filter(|_| self.depth == 0) {
            self.depth = 1;
            let name = head.trim().strip_prefix("chain ");
            self.chain = name.map(|name| name.trim().to_owned());
            if let Some(name) = &self.chain {
                found.chains.push(Chain {
                    family: Some(self.family.clone()),
                    table: self.table.clone(),
                    name: name.clone(),
                    hook: None,
                    policy: None,
                });
            }
            return Some(());
        }
        let Some(chain) = self.chain.clone() else {
            // A line of a set, a map or a table's flags.
            self.depth = (self.depth + count(text, '{')).saturating_sub(count(text, '}'));
            return Some(());
        };
        if text.starts_with("type ") && text.contains(" hook ") {
            let last = found.chains.last_mut()?;
            last.hook = word_after(text, "hook").map(str::to_owned);
            let policy = word_after(text, "policy");
            last.policy = policy.map(|word| word.trim_end_matches(';').to_owned());
            return Some(());
        }
        if text.starts_with("comment ") || text.starts_with("policy ") {
            return Some(());
        }
        self.n_open = count(text, '{').saturating_sub(count(text, '}'));
        found.rules.push(Rule {
            family: Some(self.family.clone()),
            table: self.table.clone(),
            chain,
            text: text.to_owned(),
            verdict: verdict(text),
            ports: ports(text),
        });
        Some(())
    }

    fn open_table(&mut self, text: &str) -> Option<()> {
        let head = text.strip_prefix("table ")?;
        // An empty table may be closed on its line.
        let (head, is_closed) = match head.strip_suffix('}') {
            Some(head) => (head.trim_end(), true),
            None => (head, false),
        };
        let mut words = head.strip_suffix('{')?.split_whitespace();
        let (first, second) = (words.next()?, words.next());
        let (family, table) = match second {
            Some(table) => (first, table),
            None => ("ip", first),
        };
        family.clone_into(&mut self.family);
        if !is_closed {
            table.clone_into(&mut self.table);
        }
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        if self.depth > 0 {
            self.depth -= 1;
            if self.depth == 0 {
                self.chain = None;
            }
        } else if self.table.is_empty() {
            return None;
        } else {
            self.table.clear();
        }
        Some(())
    }
}

fn count(text: &str, c: char) -> usize {
    text.matches(c).count()
}

fn word_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut words = text.split_whitespace();
    words.find(|word| *word == key)?;
    words.next()
}

/// What a rule does at last; none for one that only counts or marks.
fn verdict(text: &str) -> Option<String> {
    // A comment and the rule's handle stand behind the verdict.
    let text = text.split(" comment \"").next().unwrap_or(text);
    let text = text.split(" # handle").next().unwrap_or(text);
    for key in ["jump", "goto"] {
        if let Some(name) = word_after(text, key) {
            return Some(format!("jump {name}"));
        }
    }
    let known = [
        "accept",
        "drop",
        "reject",
        "return",
        "queue",
        "masquerade",
        "dnat",
        "snat",
        "redirect",
        "continue",
    ];
    let mut words = text.split_whitespace().rev();
    words.find(|word| known.contains(word)).map(str::to_owned)
}

/// The ports after `dport`: one, a range, or a set in braces.
fn ports(text: &str) -> Vec<String> {
    let Some((_, rest)) = text.split_once("dport ") else {
        return Vec::new();
    };
    let rest = rest.strip_prefix("!= ").unwrap_or(rest).trim_start();
    let list = match rest.strip_prefix('{') {
        Some(inside) => inside.split('}').next().unwrap_or(inside),
        None => rest.split_whitespace().next().unwrap_or_default(),
    };
    list.split(',')
        .map(|port| port.trim().to_owned())
        .filter(|port| !port.is_empty())
        .collect()
}

/// Reads every chain and rule of the JSON form.
pub fn parse_json(input: &[u8]) -> (RuleSet, Vec<Skip>) {
    let (mut found, mut skips) = (RuleSet::default(), Vec::new());
    let value = json::read(input, &mut skips).unwrap_or_default();
    let list = value["nftables"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| json::text(&value[key]);
    for item in &list {
        if let Some(chain) = item.get("chain") {
            found.chains.push(Chain {
                family: text(chain, "family"),
                table: text(chain, "table").unwrap_or_default(),
                name: text(chain, "name").unwrap_or_default(),
                hook: text(chain, "hook"),
                policy: text(chain, "policy"),
            });
        } else if let Some(rule) = item.get("rule") {
            found.rules.push(Rule {
                family: text(rule, "family"),
                table: text(rule, "table").unwrap_or_default(),
                chain: text(rule, "chain").unwrap_or_default(),
                text: rule["expr"].to_string(),
                verdict: json_verdict(&rule["expr"]),
                ports: json_ports(&rule["expr"]),
            });
        }
    }
    (found, skips)
}

fn json_verdict(expr: &Value) -> Option<String> {
    let known = [
        "accept",
        "drop",
        "reject",
        "return",
        "queue",
        "masquerade",
        "dnat",
        "snat",
        "redirect",
    ];
    expr.as_array()?.iter().rev().find_map(|part| {
        let (key, value) = part.as_object()?.iter().next()?;
        match key.as_str() {
            "jump" | "goto" => Some(format!("jump {}", json::text(&value["target"])?)),
            key if known.contains(&key) => Some(key.to_owned()),
            _ => None,
        }
    })
}

fn json_ports(expr: &Value) -> Vec<String> {
    let parts = expr.as_array().into_iter().flatten();
    let matches = parts
        .filter_map(|part| part.get("match"))
        .filter(|one| one["left"]["payload"]["field"] == "dport");
    matches.flat_map(|one| json_set(&one["right"])).collect()
}

fn json_set(value: &Value) -> Vec<String> {
    if let Some(list) = value["set"].as_array() {
        return list.iter().flat_map(json_set).collect();
    }
    if let [low, high] = value["range"].as_array().map_or(&[][..], Vec::as_slice) {
        return vec![format!("{low}-{high}").replace('"', "")];
    }
    json::text(value).into_iter().collect()
}

fn guess_text(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .unwrap_or_default();
    let families = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];
    let family = first
        .strip_prefix("table ")
        .and_then(|rest| rest.split(' ').next());
    if family.is_some_and(|family| families.contains(&family)) && first.contains('{') {
        96
    } else {
        0
    }
}

fn guess_json(sample: Sample<'_>) -> Likelihood {
    let text = sample.text().trim_start();
    if text.starts_with('{') && text.contains("\"nftables\"") && text.contains("\"metainfo\"") {
        97
    } else if text.starts_with('{') && text.contains("\"nftables\"") {
        80
    } else {
        0
    }
}

fn emit((found, skips): (RuleSet, Vec<Skip>), sink: &mut dyn Sink) {
    lines::emit("firewall-chain", &found.chains, sink);
    lines::emit("firewall-rule", &found.rules, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT_FORM: &str = "table inet filter {\n\tset allowed {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.1,\n\t\t\t     10.0.0.2 }\n\t}\n\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\tct state established,related accept # handle 4\n\t\ttcp dport { 22, 988,\n\t\t            1021-1023 } accept comment \"let in\"\n\t\tip saddr @allowed jump own\n\t\tcounter packets 5 bytes 300\n\t}\n\n\tchain own {\n\t\treject with icmpx type admin-prohibited\n\t}\n}\ntable ip6 empty {\n}\n";

    #[test]
    fn chains_and_rules_are_read() {
        let (found, skips) = parse_text(TEXT_FORM.as_bytes());
        assert_eq!(skips, []);
        assert_eq!((found.chains.len(), found.rules.len()), (2, 5));
        assert_eq!(found.chains[0].hook.as_deref(), Some("input"));
        assert_eq!(found.chains[0].policy.as_deref(), Some("drop"));
        let verdicts: Vec<_> = found
            .rules
            .iter()
            .map(|rule| rule.verdict.as_deref())
            .collect();
        assert_eq!(
            verdicts,
            [
                Some("accept"),
                Some("accept"),
                Some("jump own"),
                None,
                Some("reject")
            ]
        );
        assert_eq!(found.rules[1].ports, ["22", "988", "1021-1023"]);
        assert_eq!(found.rules[4].chain, "own");
        assert!(found.is_filtering());
    }

    #[test]
    fn a_cut_listing_keeps_what_was_whole() {
        let (found, skips) = parse_text(&TEXT_FORM.as_bytes()[..300]);
        assert_eq!((found.rules.len(), skips.len()), (2, 1));
        assert_eq!(skips[0].kind, SkipKind::Truncated);
        assert_eq!(parse_text(b"hello\n").1.len(), 1);
    }

    #[test]
    fn the_json_form_says_the_same() {
        let (found, skips) = parse_json(br#"{"nftables":[{"metainfo":{"version":"1.0.6"}},{"table":{"family":"inet","name":"filter"}},{"chain":{"family":"inet","table":"filter","name":"input","hook":"input","policy":"drop"}},{"rule":{"family":"inet","table":"filter","chain":"input","handle":5,"expr":[{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":{"set":[22,{"range":[1021,1023]}]}}},{"accept":null}]}},{"rule":{"family":"inet","table":"filter","chain":"input","expr":[{"jump":{"target":"own"}}]}}]}"#);
        assert_eq!(skips, []);
        assert_eq!((found.chains.len(), found.rules.len()), (1, 2));
        assert_eq!(found.rules[0].ports, ["22", "1021-1023"]);
        assert_eq!(found.rules[0].verdict.as_deref(), Some("accept"));
        assert_eq!(found.rules[1].verdict.as_deref(), Some("jump own"));
    }
}
