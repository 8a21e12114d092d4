//! `crm_simulate`: the status before, what the scheduler would do, the steps
//! of doing it, the status after. Also the scheduler's own summaries.

use super::lines::{self, Line};
use super::status::{self, Reader, Status};
use super::{status_resource, status_text};
use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

/// The reader of `crm_simulate`.
pub static KIND: Kind = Kind {
    name: "crm-simulate",
    about: "crm_simulate -S, -s; the scheduler's summaries",
    guess,
    read,
};

/// A simulated transition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// The moment it was made for, where it is not now.
    pub date: Option<String>,
    /// The status before.
    pub before: Status,
    /// What would be done.
    pub actions: Vec<Planned>,
    /// The steps of doing it, in order.
    pub steps: Vec<Step>,
    /// Scores by which places are chosen.
    pub scores: Vec<Score>,
    /// What the caller asked to be different.
    pub changes: Vec<String>,
    /// The status after.
    pub after: Status,
}

/// One line of the transition's summary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// `Start`, `Stop`, `Move`, `Recover`, `Promote`, `Fence`, …
    pub action: String,
    /// Resource, or the node that is fenced.
    pub subject: String,
    /// How it is fenced (`reboot`, `off`, `on`).
    pub how: Option<String>,
    /// Where, with role: `oss1 -> oss2`, `Promoted oss1`.
    pub place: Option<String>,
    /// Why, and whether it is blocked.
    pub reason: Option<String>,
}

/// One step of a transition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// `resource`, `pseudo`, `cluster`, `fencing`.
    pub kind: String,
    /// Resource or node.
    pub subject: String,
    /// `start`, `monitor=10000`, `reboot`.
    pub operation: Option<String>,
    /// Node it runs on.
    pub node: Option<String>,
}

/// How much a resource wants to be on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The part of the scheduler that says so.
    pub by: String,
    /// `allocation`, `promotion`.
    pub kind: String,
    /// Resource.
    pub resource: String,
    /// Node.
    pub node: String,
    /// As printed: `0`, `-INFINITY`.
    pub score: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Before,
    Changes,
    Summary,
    Steps,
    Scores,
    After,
}

fn part_of(heading: &str) -> Option<Part> {
    let small = heading.trim_end_matches(':').to_ascii_lowercase();
    Some(match small.as_str() {
        "current cluster status" => Part::Before,
        "performing requested modifications" => Part::Changes,
        "transition summary" => Part::Summary,
        "executing cluster transition" => Part::Steps,
        "revised cluster status" => Part::After,
        text if text.starts_with("allocation scores") || text.starts_with("assignment scores") => {
            Part::Scores
        }
        "utilization information" => Part::Scores,
        _ => return None,
    })
}

/// Reads a simulation, as far as it goes.
pub fn parse(input: &[u8]) -> (Simulation, Vec<Skip>) {
    let (mut found, mut skips) = (Simulation::default(), Vec::new());
    let (mut before, mut after) = (Reader::new(), Reader::new());
    let mut part = Part::Before;
    for line in lines::read(input, &mut skips) {
        let (text, _) = status::unbullet(line.text.trim_start());
        if text.is_empty() {
            continue;
        }
        if let Some(next) = part_of(text) {
            part = next;
        } else if let Some(date) = moment(text) {
            found.date = Some(date.trim().to_owned());
        } else if aside(text) {
            found.before.warnings.push(text.to_owned());
        } else if !score(text, &mut found.scores) && !is_utilization(text) {
            match part {
                // Lists of nodes without a heading, of `crm_simulate -s`.
                Part::Before if text.ends_with(" ]") && line.text == text => {}
                Part::Before => before.line(&line),
                Part::After => after.line(&line),
                _ => body(part, &line, text, &mut found, &mut skips),
            }
        }
    }
    let (status, more) = before.done();
    let warnings = std::mem::take(&mut found.before.warnings);
    found.before = status;
    found.before.warnings.extend(warnings);
    skips.extend(more);
    let (status, more) = after.done();
    found.after = status;
    skips.extend(more);
    (found, skips)
}

/// The moment a simulation is made for.
fn moment(text: &str) -> Option<&str> {
    text.strip_prefix("Using the original execution date of:")
        .or_else(|| text.strip_prefix("Setting effective cluster time:"))
}

fn aside(text: &str) -> bool {
    text.contains("\terror:")
        || text.contains("\twarning:")
        || text.starts_with("Only 'private' parameters")
        || text.starts_with("Schema validation of configuration is disabled")
}

/// `Original: oss1 capacity: cpu=4`, `pcmk__assign_resource: r utilization on oss1: cpu=1`.
fn is_utilization(text: &str) -> bool {
    text.starts_with("Original: ")
        || text.starts_with("Remaining: ")
        || text.contains(" utilization on ")
        || text.starts_with("calculate_utilization:")
}

fn body(part: Part, line: &Line<'_>, text: &str, found: &mut Simulation, skips: &mut Vec<Skip>) {
    let is_read = match part {
        Part::Summary => planned(text).map(|one| found.actions.push(one)).is_some(),
        Part::Steps => step(text).map(|one| found.steps.push(one)).is_some(),
        Part::Changes => {
            found.changes.push(text.to_owned());
            true
        }
        _ => false,
    };
    if !is_read {
        skips.push(line.bad("no line of a simulation"));
    }
}

/// `Move  r  ( oss1 -> oss2 )  due to …`, `Fence (reboot) oss1 'why'`.
fn planned(text: &str) -> Option<Planned> {
    let (action, rest) = text.split_once([' ', '\t'])?;
    if !action.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let (mut how, mut rest) = (None, rest.trim());
    if let Some(said) = rest.strip_prefix('(') {
        let (said, after) = said.split_once(')')?;
        how = Some(said.trim().to_owned());
        rest = after.trim();
    }
    let (subject, rest) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let rest = rest.trim();
    let (place, reason) = match rest.strip_prefix('(') {
        Some(inside) => inside.split_once(')').unwrap_or((inside, "")),
        None => ("", rest),
    };
    let some = |text: &str| {
        let text = text.trim().trim_matches('\'');
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(joined).filter(|text| !text.is_empty())
    };
    (!subject.is_empty()).then(|| Planned {
        action: action.to_owned(),
        subject: subject.to_owned(),
        how,
        place: some(place),
        reason: some(
            reason
                .trim_start()
                .strip_prefix("due to ")
                .unwrap_or(reason),
        ),
    })
}

/// `Resource action: r  monitor=10000 on oss1`, `Pseudo action: g_stop_0`,
/// `Cluster action: clear_failcount for r on oss1`, `Fencing oss1 (reboot)`.
fn step(text: &str) -> Option<Step> {
    if let Some(rest) = text.strip_prefix("Fencing ") {
        let (subject, how) = rest.split_once(' ').unwrap_or((rest, ""));
        let how = how
            .trim()
            .strip_prefix('(')
            .and_then(|how| how.strip_suffix(')'));
        return Some(Step {
            kind: "fencing".to_owned(),
            subject: subject.to_owned(),
            operation: how.map(str::to_owned),
            node: None,
        });
    }
    let (kind, rest) = text.split_once(" action:")?;
    let kind = kind.to_ascii_lowercase();
    if !matches!(kind.as_str(), "resource" | "pseudo" | "cluster" | "virtual") {
        return None;
    }
    let rest = rest.trim();
    let (what, node) = match rest.rsplit_once(" on ") {
        Some((what, node)) => (what.trim(), Some(node.trim().to_owned())),
        None => (rest, None),
    };
    let (subject, operation) = match (
        what.split_once(" for "),
        what.split_once(char::is_whitespace),
    ) {
        (Some((operation, subject)), _) | (None, Some((subject, operation))) => {
            (subject, Some(operation))
        }
        (None, None) => (what, None),
    };
    Some(Step {
        kind,
        subject: subject.trim().to_owned(),
        operation: operation.map(|operation| operation.trim().to_owned()),
        node,
    })
}

/// `pcmk__primitive_assign: r allocation score on oss1: 0`.
fn score(text: &str, scores: &mut Vec<Score>) -> bool {
    let Some((head, tail)) = text.split_once(" score on ") else {
        return false;
    };
    let Some((node, score)) = tail.rsplit_once(':') else {
        return false;
    };
    let (by, head) = head.split_once(": ").unwrap_or(("", head));
    let Some((resource, kind)) = head.trim().rsplit_once(' ') else {
        return false;
    };
    scores.push(Score {
        by: by.to_owned(),
        kind: kind.to_owned(),
        resource: resource.trim().to_owned(),
        node: node.trim().to_owned(),
        score: score.trim().to_owned(),
    });
    true
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let (mut parts, mut scores) = (0_u32, 0_u32);
    for line in text.lines() {
        let (bare, _) = status::unbullet(line.trim());
        let is_part = bare.ends_with(':')
            && matches!(
                part_of(bare),
                Some(Part::Before | Part::Summary | Part::Steps | Part::After)
            );
        parts += u32::from(is_part);
        scores += u32::from(bare.contains(" allocation score on "));
    }
    let has_resource = text
        .lines()
        .any(|line| status_resource::split(line).is_some());
    match (parts, scores) {
        (2.., _) => 97,
        (1, _) if has_resource || scores > 0 => 90,
        (1, _) => 75,
        (0, 1..) => 80,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    status_text::emit("ha", &found.before, sink);
    lines::emit("transition.change", &found.changes, sink);
    lines::emit("transition.action", &found.actions, sink);
    lines::emit("transition.step", &found.steps, sink);
    lines::emit("transition.score", &found.scores, sink);
    status_text::emit("ha_after", &found.after, sink);
    if let Some(date) = &found.date {
        sink.hint(&format!("made for {date}"));
    }
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_of_both_generations_are_read() {
        let check = |text: &str, want: &str| {
            let one = planned(text).expect("an action");
            let parts = [one.how, one.place, one.reason];
            let parts: Vec<_> = parts.into_iter().map(Option::unwrap_or_default).collect();
            assert_eq!(
                format!("{} {} {}", one.action, one.subject, parts.join("|")),
                want
            );
        };
        check(
            "Move       FAKE2       ( remote1 -> 18builder )",
            "Move FAKE2 |remote1 -> 18builder|",
        );
        check(
            "Stop       d     ( a )  due to node availability",
            "Stop d |a|node availability",
        );
        check(
            "Fence (off) p (resource: x) 'guest is unclean'",
            "Fence p off|resource: x|guest is unclean",
        );
        check("Fence (reboot) p 'lost'", "Fence p reboot||lost");
        check("Start   rsc1\t(node1)", "Start rsc1 |node1|");
        check("Start      F     ( a )  blocked", "Start F |a|blocked");
    }

    #[test]
    fn steps_are_read() {
        let check = |text: &str, want: [&str; 4]| {
            let one = step(text).expect("a step");
            let some = |text: Option<String>| text.unwrap_or_default();
            assert_eq!(
                [one.kind, one.subject, some(one.operation), some(one.node)],
                want
            );
        };
        check(
            "Resource action: r   monitor=10000 on a",
            ["resource", "r", "monitor=10000", "a"],
        );
        check("Pseudo action:   g_stop_0", ["pseudo", "g_stop_0", "", ""]);
        check(
            "Pseudo action:   stonith-p-off on p",
            ["pseudo", "stonith-p-off", "", "p"],
        );
        check(
            "Cluster action:  clear_failcount for r on a",
            ["cluster", "r", "clear_failcount", "a"],
        );
        check("Fencing a (reboot)", ["fencing", "a", "reboot", ""]);
    }

    #[test]
    fn scores_are_read_wherever_they_stand() {
        let (found, skips) = parse(b"Current cluster status:\nnative_color: r allocation score on a: -INFINITY\n  * r:0 promotion score on a: 10\n");
        assert_eq!(skips, []);
        let seen: Vec<_> = found
            .scores
            .iter()
            .map(|one| format!("{} {} {} {}", one.kind, one.resource, one.node, one.score))
            .collect();
        assert_eq!(seen, ["allocation r a -INFINITY", "promotion r:0 a 10"]);
    }
}
