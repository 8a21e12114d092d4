//! `pcs config`, `pcs resource config`, `pcs stonith config`,
//! `pcs constraint`, `pcs property`: what Pacemaker is told, as pcs 0.9 to 0.12
//! print it. Gives the records of a CIB, so that all forms can be compared.

use super::cib::{self, Cib, Group, Primitive};
use super::lines::{self, Line};
use super::pcs_constraint::{self as constraint, About, Of};
use super::status::FenceLevel;
use super::{crmsh, status};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

/// The reader of `pcs config`.
pub static KIND: Kind = Kind {
    name: "pcs-config",
    about: "pcs config, pcs resource config, pcs constraint, pcs property",
    guess,
    read,
};

/// A part of the output that has a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Resources,
    Nodes,
    Levels,
    Constraints(Of),
    Properties,
    Defaults(&'static str),
    NodeValues,
    Alerts,
    Tags,
    Quorum,
}

fn section_of(text: &str) -> Option<Section> {
    if let Some(of) = Of::heading(text) {
        return Some(Section::Constraints(of));
    }
    let name = text.split(':').next()?;
    let rest = text.get(name.len() + 1..)?.trim();
    Some(match name {
        // `Resources: 'a', 'b'` is a line of a set of constraints.
        "Resources" | "Stonith Devices" | "Fence Devices" if rest.is_empty() => Section::Resources,
        "Corosync Nodes" | "Pacemaker Nodes" => Section::Nodes,
        "Fencing Levels" => Section::Levels,
        "Cluster Properties" => Section::Properties,
        "Resources Defaults" => Section::Defaults("rsc"),
        "Operations Defaults" => Section::Defaults("op"),
        "Node Attributes" | "Node Utilization" => Section::NodeValues,
        "Alerts" => Section::Alerts,
        "Tags" => Section::Tags,
        "Quorum" => Section::Quorum,
        _ => return None,
    })
}

/// What the lines below a resource's own line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Parameters,
    Meta,
    Operations,
    Other,
}

struct Reader {
    found: Cib,
    section: Section,
    about: About,
    /// Groups and clones that are open: their indent and place.
    open: Vec<(usize, usize)>,
    /// Whether the lines are of the last resource, or of the last group.
    is_group: bool,
    part: Part,
    target: String,
    name: Option<String>,
}

/// Reads what is configured, as far as it goes.
pub fn parse(input: &[u8]) -> (Cib, Vec<Skip>) {
    read_named(input).1
}

/// Also the cluster's name.
fn read_named(input: &[u8]) -> (Option<String>, (Cib, Vec<Skip>)) {
    let mut skips = Vec::new();
    let mut reader = Reader {
        found: Cib::default(),
        section: Section::Resources,
        about: About::default(),
        open: Vec::new(),
        is_group: false,
        part: Part::Other,
        target: String::new(),
        name: None,
    };
    for line in lines::read(input, &mut skips) {
        let body = line.text.trim_start();
        let indent = line.text.len() - body.len();
        if body.is_empty() || is_note(body) {
            continue;
        }
        if !reader.line(indent, body) {
            let skip = if lines::is_error(body) {
                line.skip(stdx::reading::SkipKind::ErrorText, "the tool says")
            } else {
                bad(&line)
            };
            skips.push(skip);
        }
    }
    (reader.name, (reader.found, skips))
}

fn bad(line: &Line<'_>) -> Skip {
    line.bad("no line of what pcs prints")
}

/// Sentences for a part that is empty.
fn is_note(text: &str) -> bool {
    const NOTES: [&str; 8] = [
        "No defaults set",
        "No alerts defined",
        "No tags defined",
        "No resources",
        "No stonith devices",
        "NO resources configured",
        "NO stonith devices configured",
        "Deprecation Warning:",
    ];
    NOTES.iter().any(|note| text.starts_with(note))
}

impl Reader {
    fn line(&mut self, indent: usize, text: &str) -> bool {
        if let Some(name) = text.strip_prefix("Cluster Name:") {
            self.name = Some(name.trim().to_owned());
            return true;
        }
        if indent == 0 && matches!(text, "Options:" | "Device:") {
            self.section = Section::Quorum;
            return true;
        }
        if let Some(section) = section_of(text).filter(|_| indent <= 1) {
            self.section = section;
            self.about.clear();
            self.open.clear();
            return true;
        }
        match self.section {
            Section::Resources => self.resource(indent, text),
            Section::Nodes => self.nodes(text),
            Section::Levels => self.level(text),
            Section::Constraints(of) => {
                constraint::line(of, text, &mut self.about, &mut self.found.constraints)
            }
            Section::Properties => self.property(text),
            Section::Defaults(whose) => self.default(whose, text),
            Section::NodeValues => self.node_values(text),
            Section::Alerts => self.alert(text),
            Section::Tags => self.tag(indent, text),
            Section::Quorum => text.ends_with(':') || self.default("quorum", text),
        }
    }

    fn resource(&mut self, indent: usize, text: &str) -> bool {
        if let Some((kind, rest)) = text.split_once(": ")
            && matches!(
                kind,
                "Resource" | "Template" | "Group" | "Clone" | "Master" | "Bundle"
            )
        {
            self.object(indent, kind, rest);
            return true;
        }
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let part = match name {
            "Attributes" => Some(Part::Parameters),
            "Meta Attrs" | "Meta Attributes" => Some(Part::Meta),
            "Operations" => Some(Part::Operations),
            "Description" | "Utilization" | "Docker" | "Podman" | "Rkt" | "Network"
            | "Port Mapping" | "Storage Mapping" => Some(Part::Other),
            _ => None,
        };
        if let Some(part) = part {
            self.part = part;
            return rest.trim().is_empty() || self.within(rest.trim());
        }
        self.within(text)
    }

    fn object(&mut self, indent: usize, kind: &str, rest: &str) {
        let (id, about) = rest.split_once(" (").unwrap_or((rest, ""));
        let id = id.trim().to_owned();
        self.open.retain(|(open, _)| *open < indent);
        self.part = Part::Other;
        let outer = self.open.last().map(|(_, place)| *place);
        if let Some(group) = outer.and_then(|at| self.found.groups.get_mut(at)) {
            group.members.push(id.clone());
        }
        self.is_group = !matches!(kind, "Resource" | "Template");
        if self.is_group {
            self.open.push((indent, self.found.groups.len()));
            self.found.groups.push(Group {
                id,
                kind: kind.to_ascii_lowercase(),
                ..Group::default()
            });
            return;
        }
        let class = |name: &str| {
            let words = about.trim_end_matches(')').split_whitespace();
            words.into_iter().find_map(|word| {
                let (known, value) = word.split_once('=')?;
                (known == name).then_some(value)
            })
        };
        let agent = [class("class"), class("provider"), class("type")];
        let group = outer.and_then(|at| self.found.groups.get(at));
        self.found.resources.push(Primitive {
            id,
            group: group.map(|group| group.id.clone()),
            agent: agent.into_iter().flatten().collect::<Vec<_>>().join(":"),
            ..Primitive::default()
        });
    }

    /// A line of the part that is open.
    fn within(&mut self, text: &str) -> bool {
        if self.found.resources.is_empty() && self.found.groups.is_empty() {
            return false;
        }
        match self.part {
            Part::Other => return true,
            Part::Operations => return self.operation(text),
            Part::Parameters | Part::Meta => {}
        }
        let values = pairs(text);
        let last = self.found.resources.last_mut();
        if self.is_group {
            if let (Part::Meta, Some(group)) = (self.part, self.found.groups.last_mut()) {
                group.meta.extend(values);
            }
        } else if let Some(one) = last {
            let into = if self.part == Part::Meta {
                &mut one.meta
            } else {
                &mut one.parameters
            };
            into.extend(values);
        }
        // The id of a set alone is no value.
        true
    }

    /// `monitor: r-monitor-10s` and `interval=10s` below it, or `monitor interval=10s (id)`.
    fn operation(&mut self, text: &str) -> bool {
        let Some(one) = self.found.resources.last_mut() else {
            return false;
        };
        let text = text.split(" (").next().unwrap_or(text);
        let (name, rest) = text.split_once([' ', ':']).unwrap_or((text, ""));
        if name.contains('=') {
            let Some((_, settings)) = one.operations.last_mut() else {
                return false;
            };
            settings.extend(pairs(text));
        } else {
            let values = pairs(rest).collect();
            one.operations.push((name.to_owned(), values));
        }
        true
    }

    fn nodes(&mut self, text: &str) -> bool {
        for name in text.split_whitespace().filter(|name| !name.ends_with(':')) {
            let is_known = self.found.nodes.iter().any(|(_, known)| known == name);
            if !is_known {
                self.found.nodes.push((String::new(), name.to_owned()));
            }
        }
        true
    }

    /// `Target: a` or `Target (node): a`, then `Level 1 - d1,d2` or `Level 1: d1 d2`.
    fn level(&mut self, text: &str) -> bool {
        if text.starts_with("Target") || text.starts_with("Node:") {
            let (_, target) = text.split_once(':').unwrap_or(("", text));
            target.trim().clone_into(&mut self.target);
            return true;
        }
        let rest = text.strip_prefix("Level ");
        let Some((level, devices)) = rest.and_then(|rest| rest.split_once([' ', ':'])) else {
            return false;
        };
        let Ok(level) = level.parse() else {
            return false;
        };
        let devices = devices
            .trim_start_matches(['-', ' ', ':'])
            .split([',', ' ']);
        self.found.levels.push(FenceLevel {
            target: self.target.clone(),
            level,
            devices: devices
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        });
        true
    }

    /// `name: value`, or `name=value` since 0.11.5.
    fn property(&mut self, text: &str) -> bool {
        let Some((name, value)) = value_of(text) else {
            return false;
        };
        if !cib::is_secret(&name) {
            self.found.properties.push((name, value));
        }
        true
    }

    fn default(&mut self, whose: &str, text: &str) -> bool {
        // `Meta Attrs: rsc_defaults-meta_attributes`: the set's own line.
        if text.starts_with("Meta Attr")
            || text.starts_with("Rule:")
            || text.starts_with("Expression")
        {
            return true;
        }
        let Some((name, value)) = value_of(text) else {
            return false;
        };
        self.found.defaults.push((whose.to_owned(), name, value));
        true
    }

    /// `a: standby=on x=1`.
    fn node_values(&mut self, text: &str) -> bool {
        let Some((node, values)) = text.split_once(':') else {
            return false;
        };
        let values = pairs(values).map(|(name, value)| (node.to_owned(), name, value));
        self.found.defaults.extend(values);
        true
    }

    fn alert(&mut self, text: &str) -> bool {
        if let Some(rest) = text.strip_prefix("Alert:") {
            let id = rest.split_whitespace().next().unwrap_or_default();
            self.found.others.push(("alert".to_owned(), id.to_owned()));
            return true;
        }
        text.contains(':') || text.contains('=')
    }

    fn tag(&mut self, indent: usize, text: &str) -> bool {
        let is_own = indent <= 1 || !self.found.others.iter().any(|(kind, _)| kind == "tag");
        if is_own {
            let id = text.to_owned();
            self.found.others.push(("tag".to_owned(), id));
        }
        true
    }
}

fn value_of(text: &str) -> Option<(String, String)> {
    let at = text.find(['=', ':'])?;
    let (name, value) = (text.get(..at)?, text.get(at + 1..)?);
    let is_name = !name.is_empty() && !name.contains(' ');
    is_name.then(|| (name.to_owned(), value.trim().to_owned()))
}

/// `a=1 b="x y"`; before 0.11 values with blanks have no quotes.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for word in crmsh::words(text).0 {
        match (word.split_once('='), found.last_mut()) {
            (Some((name, value)), _) => found.push((name.to_owned(), value.to_owned())),
            (None, Some((_, value))) => {
                value.push(' ');
                value.push_str(&word);
            }
            (None, None) => {}
        }
    }
    found.into_iter().filter(|(name, _)| !cib::is_secret(name))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut n_strong, mut n_weak, mut n_status, mut n_alone) = (0_u32, 0_u32, 0_u32, 0_u32);
    for line in sample.text().lines() {
        let text = line.trim();
        let kinds = [
            "Resource: ",
            "Group: ",
            "Clone: ",
            "Master: ",
            "Bundle: ",
            "Template: ",
        ];
        let is_object = kinds.iter().any(|kind| text.starts_with(kind));
        if is_object && text.contains("(class=") || Of::heading(text).is_some() {
            n_strong += 1;
        } else if text.starts_with("Cluster Properties:") || text == "Corosync Nodes:" {
            n_strong += u32::from(line.starts_with(text));
        } else if is_object || section_of(text).is_some() {
            n_weak += 1;
        }
        if matches!(
            text,
            "Node Attributes:" | "Node Utilization:" | "Alerts:" | "No defaults set"
        ) {
            // The whole of some answers.
            n_alone += u32::from(line.starts_with(text));
        }
        let (bare, _) = status::unbullet(text);
        // `pcs quorum config`.
        n_alone += u32::from(bare.starts_with("wait_for_all: ") || bare.starts_with("two_node: "));
        let is_status = bare.starts_with("Current DC:") || bare.starts_with("PCSD Status:");
        n_status += u32::from(is_status);
    }
    match (n_strong, n_weak, n_status) {
        (_, _, 1..) => 0,
        (2.., ..) => 94,
        (1, ..) => 90,
        (0, 2.., _) => 60,
        _ if n_alone > 0 => 55,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (name, (found, skips)) = read_named(input);
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        sink.record("cib.summary", &|| serde_json::json!({"cluster_name": name}));
    }
    cib::emit(&found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[&str]) {
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(skips, [], "{text}");
        let some = |all: &[(String, String)]| {
            let all: Vec<_> = all
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            all.join(",")
        };
        let resources = found.resources.iter().map(|one| {
            let ops = one
                .operations
                .iter()
                .map(|(name, all)| format!("{name}:{}", some(all)));
            let ops: Vec<_> = ops.collect();
            let group = one.group.as_deref().unwrap_or("-");
            format!(
                "{} {group} {} [{}] [{}]",
                one.id,
                one.agent,
                some(&one.parameters),
                ops.join(" ")
            )
        });
        let groups = found.groups.iter().map(|one| {
            format!(
                "{} {}={} [{}]",
                one.kind,
                one.id,
                one.members.join("+"),
                some(&one.meta)
            )
        });
        let seen: Vec<_> = resources.chain(groups).collect();
        assert_eq!(seen, want, "{text}");
        assert!(
            guess(Sample {
                name: "",
                head: text.as_bytes()
            }) >= 90
        );
    }

    #[test]
    fn resources_of_both_generations_are_read() {
        let want = [
            "r g ocf:heartbeat:IPaddr2 [ip=10.0.0.1,nic=e 0] [monitor:interval=10s,timeout=20s stop:interval=0s]",
            "clone c=g [interleave=true]",
            "group g=r []",
        ];
        check(
            "Resources:\n Clone: c\n  Meta Attrs: interleave=true\n  Group: g\n   Resource: r (class=ocf provider=heartbeat type=IPaddr2)\n    Attributes: ip=10.0.0.1 nic=e 0 passwd=x\n    Operations: monitor interval=10s timeout=20s (r-monitor-10s)\n                stop interval=0s (r-stop)\n",
            &want,
        );
        check(
            "Clone: c\n  Meta Attributes: c-meta\n    interleave=true\n  Group: g\n    Resource: r (class=ocf provider=heartbeat type=IPaddr2)\n      Attributes: r-ia\n        ip=10.0.0.1\n        nic=\"e 0\"\n      Operations:\n        monitor: r-monitor-10s\n          interval=10s\n          timeout=20s\n        stop: r-stop\n          interval=0s\n",
            &want,
        );
    }

    #[test]
    fn the_other_parts_are_read() {
        let text = "Cluster Name: lab\nCorosync Nodes:\n a b\nPacemaker Nodes:\n a b\n\nStonith Devices:\nFencing Levels:\n Target: a\n   Level 1 - i1,i2\n\nLocation Constraints:\nOrdering Constraints:\n  start x then start y (kind:Mandatory) (id:o)\n\nAlerts:\n No alerts defined\n\nResources Defaults:\n  resource-stickiness: 100\nOperations Defaults:\n No defaults set\n\nCluster Properties:\n stonith-enabled: true\n\nTags:\n No tags defined\n\nQuorum:\n  Options:\n    wait_for_all: 1\n";
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(skips, []);
        let names: Vec<_> = found.nodes.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(
            (
                found.levels[0].target.as_str(),
                found.levels[0].devices.len()
            ),
            ("a", 2)
        );
        assert_eq!(found.constraints[0].with, "y");
        assert_eq!(
            found.properties,
            [("stonith-enabled".to_owned(), "true".to_owned())]
        );
        let defaults: Vec<_> = found
            .defaults
            .iter()
            .map(|(of, name, value)| format!("{of} {name} {value}"))
            .collect();
        assert_eq!(
            defaults,
            ["rsc resource-stickiness 100", "quorum wait_for_all 1"]
        );
    }

    #[test]
    fn a_cut_at_any_byte_is_no_panic() {
        let text = b"Clone: c\n  Meta Attributes: m\n    a=\"b c\"\n  Resource: r (class=ocf type=x)\n    Operations:\n      monitor: i\nLocation Constraints:\n  Resource: r\n    Enabled on:\n      Node: a (score:1) (id:x)\n";
        for end in 0..text.len() {
            parse(&text[..end]);
        }
    }
}
