//! `iptables-save`, `iptables -S` and, for what it tells, `iptables -L`.

use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::packet_filter::{Chain, Rule, RuleSet};
use crate::ha::lines;
use crate::storage::text;

/// The reader of `iptables-save` and `iptables -S`.
pub static KIND: Kind = Kind {
    name: "iptables",
    about: "iptables-save, ip6tables-save, iptables -S, iptables -L",
    guess,
    read,
};

/// Reads every chain and rule.
pub fn parse(input: &[u8]) -> (RuleSet, Vec<Skip>) {
    let (mut found, mut skips) = (RuleSet::default(), Vec::new());
    // `iptables -S` lists the one table `filter`.
    let mut place = Place {
        table: "filter".to_owned(),
        listed: None,
    };
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with('#') || text == "COMMIT" {
            continue;
        }
        if place.line(text, &mut found).is_none() {
            skips.push(if lines::is_error(text) || text.starts_with("iptables") {
                Skip::new(line.no, SkipKind::ErrorText, text)
            } else {
                text::bad_line(line, "wanted a chain or a rule")
            });
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

struct Place {
    table: String,
    /// The chain whose rules `iptables -L` is listing.
    listed: Option<String>,
}

impl Place {
    fn line(&mut self, text: &str, found: &mut RuleSet) -> Option<()> {
        if let Some(table) = text.strip_prefix('*') {
            table.trim().clone_into(&mut self.table);
            return Some(());
        }
        // Counters may stand before a rule: `[12:3456] -A INPUT …`.
        let text = match text.strip_prefix('[') {
            Some(rest) => rest.split_once("] ")?.1,
            None => text,
        };
        let mut words = text.split_whitespace();
        match words.next()? {
            "-P" => {
                let name = words.next()?.to_owned();
                found.chains.push(self.chain(name, words.next()));
            }
            "-N" => {
                let name = words.next()?.to_owned();
                found.chains.push(self.chain(name, None));
            }
            "-A" | "-I" => {
                let chain = words.next()?.to_owned();
                found.rules.push(self.rule(chain, text));
            }
            "Chain" => {
                let name = words.next()?.to_owned();
                let policy = text
                    .split_once("(policy ")
                    .and_then(|(_, rest)| rest.split([' ', ')']).next());
                found.chains.push(self.chain(name.clone(), policy));
                self.listed = Some(name);
            }
            "target" | "pkts" | "num" if self.listed.is_some() => {}
            word if word.starts_with(':') => {
                let policy = words.next().filter(|policy| *policy != "-");
                found.chains.push(self.chain(word[1..].to_owned(), policy));
            }
            _ => {
                let chain = self.listed.clone()?;
                found.rules.push(self.listed_rule(chain, text)?);
            }
        }
        Some(())
    }

    fn chain(&self, name: String, policy: Option<&str>) -> Chain {
        let builtin = ["INPUT", "OUTPUT", "FORWARD", "PREROUTING", "POSTROUTING"];
        Chain {
            family: None,
            table: self.table.clone(),
            hook: builtin
                .contains(&name.as_str())
                .then(|| name.to_ascii_lowercase()),
            name,
            policy: policy.map(str::to_ascii_lowercase),
        }
    }

    fn rule(&self, chain: String, text: &str) -> Rule {
        let after = |keys: &[&str]| {
            let mut words = text.split_whitespace();
            words.find(|word| keys.contains(word))?;
            words.next()
        };
        let verdict = after(&["-j", "--jump", "-g", "--goto"]).map(verdict);
        let ports = after(&["--dport", "--dports", "--destination-port"]);
        let ports = ports.unwrap_or_default().split(',');
        Rule {
            family: None,
            table: self.table.clone(),
            chain,
            text: text.to_owned(),
            verdict,
            ports: ports
                .filter(|port| !port.is_empty())
                .map(|port| port.replace(':', "-"))
                .collect(),
        }
    }

    /// `ACCEPT  tcp  --  anywhere  anywhere  tcp dpt:ssh`, with `-v` after counters
    /// and with `--line-numbers` after a number.
    fn listed_rule(&self, chain: String, text: &str) -> Option<Rule> {
        let mut words = text.split_whitespace().peekable();
        let is_count = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
        while words.next_if(is_count).is_some() {}
        let target = words.next()?;
        let ports: Vec<String> = text
            .split_whitespace()
            .filter_map(|word| {
                word.strip_prefix("dpt:")
                    .or_else(|| word.strip_prefix("dpts:"))
            })
            .map(|port| port.replace(':', "-"))
            .collect();
        // Protocol, options, source, destination at least.
        (words.count() >= 3).then(|| Rule {
            family: None,
            table: self.table.clone(),
            chain,
            text: text.to_owned(),
            verdict: Some(verdict(target)),
            ports,
        })
    }
}

fn verdict(target: &str) -> String {
    match target {
        "ACCEPT" | "DROP" | "REJECT" | "RETURN" | "LOG" | "MASQUERADE" | "DNAT" | "SNAT"
        | "MARK" | "QUEUE" => target.to_ascii_lowercase(),
        other => format!("jump {other}"),
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let mut full = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = full.next().unwrap_or_default();
    let has = |start: &str| text.lines().any(|line| line.starts_with(start));
    let is_saved = matches!(first, "*filter" | "*nat" | "*mangle" | "*raw" | "*security");
    let is_listed = first.starts_with("Chain ")
        && (first.contains("(policy ") || first.contains(" references)"));
    if is_saved && (has(":") || has("-A ")) || is_listed {
        96
    } else if first.starts_with("-P ") && first.split_whitespace().count() == 3 {
        93
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("firewall-chain", &found.chains, sink);
    lines::emit("firewall-rule", &found.rules, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_tables_are_read() {
        let (found, skips) = parse(b"# Generated by iptables-save v1.8.4\n*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:INPUT DROP [5:300]\n:LUSTRE - [0:0]\n[1:2] -A INPUT -p tcp -m multiport --dports 988,1021:1023 -j ACCEPT\n-A INPUT -s 10.0.0.0/8 -j LUSTRE\nhello\nCOMMIT\n");
        assert_eq!((skips.len(), skips[0].line), (1, 10));
        assert_eq!((found.chains.len(), found.rules.len()), (3, 2));
        assert_eq!(found.chains[0].table, "nat");
        assert_eq!(found.chains[1].policy.as_deref(), Some("drop"));
        assert_eq!(
            (found.chains[2].policy.clone(), found.chains[2].hook.clone()),
            (None, None)
        );
        assert_eq!(found.rules[0].ports, ["988", "1021-1023"]);
        assert_eq!(found.rules[1].verdict.as_deref(), Some("jump LUSTRE"));
        assert!(found.is_filtering());
    }

    #[test]
    fn listed_chains_are_read() {
        let (found, skips) = parse(b"Chain INPUT (policy ACCEPT 12 packets, 3 bytes)\n pkts bytes target     prot opt in     out     source               destination\n  12  3K ACCEPT     tcp  --  *      *       0.0.0.0/0            0.0.0.0/0            tcp dpt:988\n\nChain X (1 references)\ntarget     prot opt source               destination\nREJECT     all  --  anywhere             anywhere\n");
        assert_eq!(skips, []);
        assert_eq!((found.chains.len(), found.rules.len()), (2, 2));
        assert_eq!(
            (
                found.rules[0].ports.len(),
                found.rules[0].verdict.as_deref()
            ),
            (1, Some("accept"))
        );
        assert_eq!(found.rules[1].chain, "X");
        let (found, skips) = parse(b"-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-N A\n");
        assert_eq!(
            (found.chains.len(), skips.len(), found.is_filtering()),
            (3, 0, false)
        );
    }
}
