//! udev rules (`/etc/udev/rules.d/*.rules`): what must hold, what is then set.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::lines;
use crate::storage::text;

/// The reader of udev rules.
pub static KIND: Kind = Kind {
    name: "udev-rules",
    about: "udev rules: conditions and what they set",
    guess,
    read,
};

/// One `KEY{attribute}op"value"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// `ACTION`, `ENV`, `RUN`.
    pub key: String,
    /// The attribute in braces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The operator: `==` and `!=` compare; `=`, `+=`, `-=` and `:=` set.
    pub operator: &'static str,
    /// The value between the quotes.
    pub value: String,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The line it begins on.
    pub line: u64,
    /// What must hold.
    pub conditions: Vec<Term>,
    /// What is done then; labels and jumps are among these.
    pub actions: Vec<Term>,
}

impl Rule {
    /// The value that the rule gives to `key`, e.g. `GOTO` or `LABEL`.
    pub fn sets(&self, key: &str) -> Option<&str> {
        let found = self.actions.iter().find(|term| term.key == key)?;
        Some(&found.value)
    }
}

/// Reads every rule. A rule with a term that cannot be read is left out whole:
/// without its conditions it would say more than its author meant.
pub fn parse(input: &[u8]) -> (Vec<Rule>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for setting in lines::settings(input, &mut skips) {
        let Some(terms) = terms(&setting.text) else {
            skips.push(text::bad_line(setting.line, "wanted KEY==\"value\" terms"));
            continue;
        };
        let (conditions, actions) = terms
            .into_iter()
            .partition(|term| matches!(term.operator, "==" | "!="));
        found.push(Rule {
            line: setting.line.no,
            conditions,
            actions,
        });
    }
    (found, skips)
}

fn terms(line: &str) -> Option<Vec<Term>> {
    let mut found = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (term, after) = term(rest)?;
        found.push(term);
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    Some(found)
}

const OPERATORS: [&str; 6] = ["==", "!=", "+=", "-=", ":=", "="];

fn term(text: &str) -> Option<(Term, &str)> {
    let is_key = |c: char| c.is_ascii_uppercase() || c == '_';
    let end = text.find(|c| !is_key(c)).filter(|end| *end > 0)?;
    let (key, rest) = text.split_at(end);
    let (attribute, rest) = match rest.strip_prefix('{') {
        Some(inner) => {
            let (attribute, rest) = inner.split_once('}')?;
            (Some(attribute.to_owned()), rest)
        }
        None => (None, rest),
    };
    let rest = rest.trim_start();
    let operator = OPERATORS.into_iter().find(|one| rest.starts_with(one))?;
    let rest = rest.get(operator.len()..)?.trim_start();
    // `i"..."` compares without case, `e"..."` has C escapes.
    let rest = rest.strip_prefix(['i', 'e']).unwrap_or(rest);
    let (value, rest) = quoted(rest.strip_prefix('"')?)?;
    let term = Term {
        key: key.to_owned(),
        attribute,
        operator,
        value,
    };
    Some((term, rest))
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' if text[at + 1..].starts_with('"') => {
                chars.next();
                value.push('"');
            }
            _ => value.push(c),
        }
    }
    None
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut skips = Vec::new();
    let settings = lines::settings(sample.text().as_bytes(), &mut skips);
    let n_rules = settings
        .iter()
        .filter(|setting| terms(&setting.text).is_some())
        .count();
    // `KEY="value"` alone is the form of shell settings too; rules compare.
    let compares = settings
        .iter()
        .any(|setting| setting.text.contains("==\"") || setting.text.contains("!=\""));
    match (n_rules, settings.len() - n_rules) {
        (0, _) => 0,
        _ if !compares => 0,
        (_, 0) => 85,
        (_, n_other) if n_rules > 3 * n_other => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    if found.is_empty() && skips.is_empty() {
        lines::hint_nothing_set(sink);
    }
    text::emit("udev-rules.rule", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str) {
        let (found, skips) = parse(text.as_bytes());
        let show = |terms: &[Term]| {
            let one = |term: &Term| {
                let attribute = term.attribute.as_deref().unwrap_or("-");
                format!("{}.{attribute}{}{}", term.key, term.operator, term.value)
            };
            terms.iter().map(one).collect::<Vec<_>>().join(" ")
        };
        let mut shown: Vec<String> = found
            .iter()
            .map(|rule| format!("{} => {}", show(&rule.conditions), show(&rule.actions)))
            .collect();
        shown.extend(skips.iter().map(|skip| format!("{:?}", skip.kind)));
        assert_eq!(shown.join("; "), wanted, "{text:?}");
    }

    #[test]
    fn rules_are_read() {
        check(
            "ENV{ID_FS_LABEL}==\"MGS|*-MDT*\", RUN+=\"/usr/sbin/l_tunedisk /dev/%k\"\r\n",
            "ENV.ID_FS_LABEL==MGS|*-MDT* => RUN.-+=/usr/sbin/l_tunedisk /dev/%k",
        );
        check(
            "SUBSYSTEM!=\"block\",  GOTO=\"end\"\nLABEL=\"end\"",
            "SUBSYSTEM.-!=block => GOTO.-=end;  => LABEL.-=end",
        );
        check(
            "KERNEL==i\"SD*\", \\\n  ENV{A}:=\"say \\\"x\\\"\"\n",
            "KERNEL.-==SD* => ENV.A:=say \"x\"",
        );
    }

    #[test]
    fn a_broken_rule_costs_no_neighbour() {
        check(
            "ACTION==\"add\", RUN+=oops\nLABEL=\"end\"\n",
            " => LABEL.-=end; BadLine",
        );
        check("ACTION==\"ad", "Truncated");
        check("# ACTION==\"add\"\n", "");
    }
}
