//! Constraints as `pcs constraint` prints them, of pcs 0.9 to 0.12: read by
//! the shape of each line within its section.

use super::cib::Constraint;

/// Which constraints a section lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// `Location Constraints`.
    Location,
    /// `Ordering Constraints`, `Order Constraints`.
    Order,
    /// `Colocation Constraints`.
    Colocation,
    /// `Ticket Constraints`.
    Ticket,
}

impl Of {
    /// The section of this heading.
    pub(crate) fn heading(text: &str) -> Option<Of> {
        let first = text.split_whitespace().next()?;
        if !text.ends_with("Constraints:") || text.matches(' ').count() > 2 {
            return None;
        }
        Some(match first {
            "Location" => Of::Location,
            "Ordering" | "Order" => Of::Order,
            "Colocation" => Of::Colocation,
            "Ticket" => Of::Ticket,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Of::Location => "location",
            Of::Order => "order",
            Of::Colocation => "colocation",
            Of::Ticket => "ticket",
        }
    }
}

/// What the lines before said the next ones are about.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// `Resource: x`.
    resource: Option<String>,
    /// `Node: x`, where constraints are grouped by node.
    node: Option<String>,
    /// Whether the lines are of `Disabled on`, `Avoids`.
    is_negative: bool,
}

impl About {
    /// Forgets what was said: a section begins.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Reads a line; whether it was read.
pub(crate) fn line(of: Of, text: &str, about: &mut About, all: &mut Vec<Constraint>) -> bool {
    if heading(text, about) || detail(text, of, all) {
        return true;
    }
    let found = match of {
        Of::Location => location(text, about),
        Of::Order => two(text, " then ", of),
        Of::Colocation => two(text, " with ", of),
        Of::Ticket => ticket(text),
    };
    match found {
        Some(one) => {
            all.push(one);
            true
        }
        None => set(text, of, about, all),
    }
}

/// Lines that say what the next ones are about.
fn heading(text: &str, about: &mut About) -> bool {
    for start in ["Resource: ", "Resource pattern: "] {
        if let Some(name) = text.strip_prefix(start) {
            about.clear();
            about.resource = Some(name.trim().to_owned());
            return true;
        }
    }
    // `Node: x (score:1)` is a constraint, `Node: x` alone a heading.
    if let Some(name) = text
        .strip_prefix("Node: ")
        .filter(|rest| !rest.contains("(score"))
    {
        about.clear();
        about.node = Some(name.trim_end_matches(':').trim().to_owned());
        return true;
    }
    match text {
        "Enabled on:" | "Prefers:" | "Preferred by:" | "Allowed to run:" => {
            about.is_negative = false;
        }
        "Disabled on:" | "Avoids:" | "Avoided by:" | "Not allowed to run:" => {
            about.is_negative = true;
        }
        "Resource Sets:" | "Rules:" | "Lifetime:" => {}
        _ => return false,
    }
    true
}

/// Lines that add to the constraint before: options, rules, expressions.
fn detail(text: &str, of: Of, all: &mut [Constraint]) -> bool {
    let starts = [
        "Expression:",
        "Expression (",
        "Date Spec:",
        "Duration:",
        "In range:",
        "Resource Set:",
    ];
    if starts.iter().any(|start| text.starts_with(start)) {
        return true;
    }
    let Some(last) = all.last_mut() else {
        return false;
    };
    if text.starts_with("Rule:") || text.starts_with("Rule (") {
        if last.with.is_empty() {
            "rule".clone_into(&mut last.score);
        }
        return true;
    }
    // Sets of 0.12: `Resources: 'a', 'b'`.
    if let Some(list) = text.strip_prefix("Resources: ") {
        for name in list.split(',').map(|name| name.trim().trim_matches('\'')) {
            add(last, name);
        }
        return true;
    }
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.contains(' ')) else {
        return false;
    };
    match name {
        "score" | "kind" => value.clone_into(&mut last.score),
        "ticket" if of == Of::Ticket => value.clone_into(&mut last.with),
        _ => {}
    }
    true
}

fn add(one: &mut Constraint, name: &str) {
    let place = if one.resource.is_empty() || one.kind == "ticket" {
        &mut one.resource
    } else {
        &mut one.with
    };
    if !place.is_empty() {
        place.push(' ');
    }
    place.push_str(name);
}

/// What stands in parentheses as `name:value`, and the text before them.
fn flags(text: &str) -> (&str, Vec<(&str, &str)>) {
    let (head, rest) = text.split_once(" (").unwrap_or((text, ""));
    let flags = rest.split('(').map(|flag| {
        let flag = flag.trim().trim_end_matches(')');
        let (name, value) = flag.split_once(':').unwrap_or((flag, ""));
        (name.trim(), value.trim())
    });
    (
        head.trim(),
        flags.filter(|(name, _)| !name.is_empty()).collect(),
    )
}

fn flag<'a>(flags: &[(&'a str, &'a str)], wanted: &str) -> Option<&'a str> {
    flags
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| *value)
}

/// Text in the single quotes after a word: `node 'a'`.
fn quoted<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(word)?;
    let rest = rest.trim_start().strip_prefix('\'')?;
    rest.split('\'').next()
}

/// `Node: a (score:10) (id:x)`, `resource 'r' prefers node 'a' with score 10 (id: x)`,
/// `Enabled on: a (score:10)`, `Constraint: x`.
fn location(text: &str, about: &mut About) -> Option<Constraint> {
    let (head, flags) = flags(text);
    let id = flag(&flags, "id").unwrap_or_default().to_owned();
    let make = |resource: &str, with: &str, score: &str, id: String| {
        Some(Constraint {
            id,
            kind: "location".to_owned(),
            resource: resource.to_owned(),
            with: with.to_owned(),
            score: score.to_owned(),
        })
    };
    let known = about.resource.clone().unwrap_or_default();
    if let Some(id) = head.strip_prefix("Constraint:") {
        let id = id.trim().trim_start_matches("(Expired)");
        return make(&known, "", "rule", id.trim().to_owned());
    }
    for (start, is_negative) in [("Enabled on: ", false), ("Disabled on: ", true)] {
        if let Some(name) = head.strip_prefix(start) {
            about.is_negative = is_negative;
            let node = name.trim_start_matches("Node: ").trim();
            return make(&known, node, flag(&flags, "score").unwrap_or_default(), id);
        }
    }
    if let Some(node) = head.strip_prefix("Node:") {
        return make(
            &known,
            node.trim(),
            flag(&flags, "score").unwrap_or_default(),
            id,
        );
    }
    // Grouped by node, before 0.12: `r (id) Score: 10`; since, in the words of the others.
    let score = text.split_once("with score ").map(|(_, rest)| rest);
    let score = score.map(|rest| rest.split(" (").next().unwrap_or(rest).trim());
    let resource = quoted(head, "resource").or(quoted(head, "pattern"));
    let node = quoted(head, "node");
    let is_named = resource.is_some() || node.is_some();
    if !is_named || (node.is_none() && score.is_none() && about.node.is_none()) {
        // With rules only: `resource 'r' (id: x)`.
        return resource.and_then(|resource| make(resource, "", "rule", id));
    }
    let score = score.unwrap_or_default();
    // Grouped, the score is printed without its sign.
    let is_bare = about.is_negative && !score.starts_with('-');
    let score = if is_bare {
        format!("-{score}")
    } else {
        score.to_owned()
    };
    let resource = resource.map_or(known, str::to_owned);
    let node = node.map(str::to_owned).or(about.node.clone());
    make(&resource, &node.unwrap_or_default(), &score, id)
}

/// `start a then start b (kind:Optional) (id:x)`, `a with b (score:1)`,
/// `stop resource 'a' then start resource 'b' (id: x)`.
fn two(text: &str, between: &str, of: Of) -> Option<Constraint> {
    if text.starts_with("set ") || text.starts_with("Set ") {
        return None;
    }
    let (head, flags) = flags(text);
    let (first, second) = head.split_once(between)?;
    let name = |part: &str| {
        let last = part.split_whitespace().last()?;
        Some(last.trim_matches('\'').to_owned())
    };
    let score = flag(&flags, "score").or(flag(&flags, "kind"));
    Some(Constraint {
        id: flag(&flags, "id").unwrap_or_default().to_owned(),
        kind: of.name().to_owned(),
        resource: name(first)?,
        with: name(second)?,
        score: score.unwrap_or_default().to_owned(),
    })
}

/// `Promoted r loss-policy=demote ticket=t (id:x)`, `resource 'r' depends on ticket 't'`.
fn ticket(text: &str) -> Option<Constraint> {
    if text.starts_with("set ") {
        return None;
    }
    let (head, flags) = flags(text);
    let (resource, ticket) = if let Some(ticket) = quoted(head, "depends on ticket") {
        (quoted(head, "resource")?, ticket)
    } else {
        let words = head.split_whitespace();
        let ticket = words
            .clone()
            .find_map(|word| word.strip_prefix("ticket="))?;
        let mut names = words.filter(|word| !word.contains('='));
        (names.next_back()?, ticket)
    };
    Some(Constraint {
        id: flag(&flags, "id").unwrap_or_default().to_owned(),
        kind: "ticket".to_owned(),
        resource: resource.to_owned(),
        with: ticket.to_owned(),
        score: String::new(),
    })
}

/// `set a b action=stop (id:s) set c setoptions kind=Optional (id:x)`, `Set Constraint: x`.
fn set(text: &str, of: Of, about: &mut About, all: &mut Vec<Constraint>) -> bool {
    let mut one = Constraint {
        kind: of.name().to_owned(),
        ..Constraint::default()
    };
    if let Some(id) = text.strip_prefix("Set Constraint:") {
        about.clear();
        id.trim().clone_into(&mut one.id);
        all.push(one);
        return true;
    }
    if !text.starts_with("set ") {
        return false;
    }
    let mut is_options = false;
    for word in text.split_whitespace() {
        if let Some(id) = word.strip_prefix("(id:") {
            if is_options {
                id.trim_end_matches(')').clone_into(&mut one.id);
            }
        } else if word == "setoptions" {
            is_options = true;
        } else if let Some((name, value)) = word.split_once('=') {
            match name {
                "score" | "kind" => value.clone_into(&mut one.score),
                "ticket" => value.clone_into(&mut one.with),
                _ => {}
            }
        } else if word != "set" && !is_options {
            add(&mut one, word);
        }
    }
    all.push(one);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(of: Of, text: &str, want: &[&str]) {
        let (mut about, mut all) = (About::default(), Vec::new());
        for one in text.lines() {
            assert!(line(of, one.trim(), &mut about, &mut all), "{one}");
        }
        let seen: Vec<_> = all
            .iter()
            .map(|one| {
                format!(
                    "{}: {} / {} / {}",
                    one.id, one.resource, one.with, one.score
                )
            })
            .collect();
        assert_eq!(seen, want);
    }

    #[test]
    fn locations_of_all_generations_are_read() {
        check(
            Of::Location,
            "Resource: r\n Enabled on:\n  Node: a (score:10) (id:x)\n Disabled on: b (score:-INFINITY) (id:y)\n Constraint: z\n  Rule: score=5 (id:w)\n   Expression: #uname eq n",
            &["x: r / a / 10", "y: r / b / -INFINITY", "z: r /  / rule"],
        );
        check(
            Of::Location,
            "resource 'r' prefers node 'a' with score INFINITY (id: x)\nresource pattern 'R*' avoids node 'b' with score 7",
            &["x: r / a / INFINITY", ": R* / b / 7"],
        );
        check(
            Of::Location,
            "Node: a\n  Avoided by:\n    resource 'r' with score INFINITY (id: x)",
            &["x: r / a / -INFINITY"],
        );
    }

    #[test]
    fn orders_colocations_and_tickets_are_read() {
        check(
            Of::Order,
            "stop a then start b (score:-1) (non-symmetrical) (id:x)\nstart resource 'a' then start resource 'b' (id: y)\n  kind=Optional",
            &["x: a / b / -1", "y: a / b / Optional"],
        );
        check(
            Of::Colocation,
            "a with b (score:-100) (rsc-role:Promoted) (id:x)\nPromoted resource 'a' with resource 'b'\n score=INFINITY",
            &["x: a / b / -100", ": a / b / INFINITY"],
        );
        check(
            Of::Ticket,
            "Promoted r loss-policy=demote ticket=t (id:x)\nPromoted resource 'r' depends on ticket 'u'\n loss-policy=stop",
            &["x: r / t / ", ": r / u / "],
        );
    }

    #[test]
    fn sets_are_read() {
        check(
            Of::Order,
            "Resource Sets:\n set a b action=stop (id:s1) set c (id:s2) setoptions kind=Optional (id:x)",
            &["x: a / b c / Optional"],
        );
        check(
            Of::Colocation,
            "Set Constraint: x\n score=-1\n Resource Set: s\n  Resources: 'a', 'b'\n  role=Started",
            &["x: a / b / -1"],
        );
    }
}
