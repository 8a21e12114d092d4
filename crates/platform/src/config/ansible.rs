//! Inventories of Ansible, as INI and as YAML: which hosts there are, in which
//! groups, and what is set for them.
//!
//! Ranges are expanded (`oss[01:20]`). Passwords and keys are left out.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{ini, lines, yaml};
use crate::storage::{json, text};

/// The reader of inventories.
pub static KIND: Kind = Kind {
    name: "ansible-inventory",
    about: "an inventory of Ansible, INI or YAML",
    guess,
    read,
};

/// Hosts that one pattern may stand for.
const HOSTS_MAX: usize = 100_000;

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Hosts named in it, in its order.
    pub hosts: Vec<String>,
    /// Groups that belong to it.
    pub children: Vec<String>,
    /// What is set for all of it.
    pub vars: BTreeMap<String, String>,
}

/// What is set for one host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Where Ansible reaches it, if that is not its name.
    pub address: Option<String>,
    /// What is set.
    pub vars: BTreeMap<String, String>,
}

/// The whole inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Groups in the order met.
    pub groups: Vec<Group>,
    /// Hosts by name.
    pub hosts: BTreeMap<String, Host>,
}

impl Inventory {
    fn group(&mut self, name: &str) -> &mut Group {
        let at = self.groups.iter().position(|group| group.name == name);
        let at = at.unwrap_or_else(|| {
            self.groups.push(Group {
                name: name.to_owned(),
                ..Group::default()
            });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }

    fn host(&mut self, name: &str, vars: &[(String, String)]) {
        let host = self.hosts.entry(name.to_owned()).or_default();
        name.clone_into(&mut host.name);
        for (key, value) in vars {
            match key.as_str() {
                "ansible_host" | "ansible_ssh_host" => host.address = Some(value.clone()),
                key if ini::is_secret(key) => {}
                key => {
                    host.vars.insert(key.to_owned(), value.clone());
                }
            }
        }
    }
}

/// Reads either form.
pub fn parse(input: &[u8]) -> (Inventory, Vec<Skip>) {
    let mut skips = Vec::new();
    let first = lines::settings(input, &mut Vec::new());
    let is_yaml = first.iter().all(|one| ini::heading(&one.text).is_none())
        && first.iter().any(|one| one.text.ends_with(':'));
    let mut found = Inventory::default();
    if is_yaml {
        for document in yaml::documents(input, &mut skips) {
            let Value::Object(groups) = document else {
                let reason = "wanted groups";
                skips.push(Skip::new(1, SkipKind::BadValue, reason));
                continue;
            };
            for (name, group) in &groups {
                from_yaml(&mut found, name, group, 0);
            }
        }
    } else {
        from_ini(&mut found, input, &mut skips);
    }
    (found, skips)
}

fn from_ini(found: &mut Inventory, input: &[u8], skips: &mut Vec<Skip>) {
    let (mut group, mut part) = ("ungrouped".to_owned(), String::new());
    for setting in lines::settings(input, skips) {
        let bare = setting.text.split(" #").next().unwrap_or_default().trim();
        if bare.starts_with(';') {
            continue;
        }
        if let Some(name) = ini::heading(bare) {
            let (name, of) = name.split_once(':').unwrap_or((name, ""));
            (group, part) = (name.to_owned(), of.to_owned());
            found.group(&group);
            continue;
        }
        let is_good = match part.as_str() {
            "vars" => bare.split_once('=').is_some_and(|(key, value)| {
                if !ini::is_secret(key) {
                    let value = value.trim().trim_matches(['"', '\'']);
                    let vars = &mut found.group(&group).vars;
                    vars.insert(key.trim().to_owned(), value.to_owned());
                }
                true
            }),
            "children" => {
                found.group(&group).children.push(bare.to_owned());
                !bare.contains([' ', '='])
            }
            _ => host_line(found, &group, bare),
        };
        if !is_good {
            skips.push(text::bad_line(
                setting.line,
                "wanted a host, a group or key=value",
            ));
        }
    }
}

/// `oss[01:04].lab ansible_host=10.0.0.1 rack="a b"`.
fn host_line(found: &mut Inventory, group: &str, line: &str) -> bool {
    let (pattern, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if pattern.contains('=') {
        return false;
    }
    let (Some(names), Some(vars)) = (expand(pattern), pairs(rest)) else {
        return false;
    };
    for name in names {
        found.host(&name, &vars);
        let group = found.group(group);
        if !group.hosts.contains(&name) {
            group.hosts.push(name);
        }
    }
    true
}

fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let (mut found, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => after[1..].split_once(quote)?,
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        found.push((key.trim().to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    Some(found)
}

/// `oss[01:04]`, `db-[a:c]`, `oss[1:10:3]`; other names stand for themselves.
fn expand(pattern: &str) -> Option<Vec<String>> {
    // A port may follow the name.
    let Some((before, rest)) = pattern.split_once('[') else {
        let name = pattern.split(':').next().unwrap_or(pattern);
        let is_name = !name.is_empty() && !name.contains(['"', '\'', '{', '}', '!', '?', '(']);
        return is_name.then(|| vec![name.to_owned()]);
    };
    let (range, after) = rest.split_once(']')?;
    let mut parts = range.split(':');
    let (first, last) = (parts.next()?, parts.next()?);
    let step: usize = parts.next().map_or(Some(1), |step| step.parse().ok())?;
    let middles: Vec<String> = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => {
            let width = if first.starts_with('0') {
                first.len()
            } else {
                0
            };
            let numbers = (from..=to).step_by(step.max(1)).take(HOSTS_MAX);
            numbers.map(|n| format!("{n:0width$}")).collect()
        }
        _ => match (first.as_bytes(), last.as_bytes()) {
            ([from], [to]) if from.is_ascii_alphabetic() && to.is_ascii_alphabetic() => {
                let letters = (*from..=*to).step_by(step.max(1));
                letters.map(|byte| char::from(byte).to_string()).collect()
            }
            _ => return None,
        },
    };
    let tails = expand(after).or_else(|| after.is_empty().then(|| vec![String::new()]))?;
    if middles.len().checked_mul(tails.len())? > HOSTS_MAX {
        return None;
    }
    let all = middles.iter().flat_map(|middle| {
        tails
            .iter()
            .map(move |tail| format!("{before}{middle}{tail}"))
    });
    Some(all.collect())
}

fn from_yaml(found: &mut Inventory, name: &str, group: &Value, depth: usize) {
    found.group(name);
    let map = |key: &str| group.get(key).and_then(Value::as_object);
    for (pattern, vars) in map("hosts").into_iter().flatten() {
        let vars = vars.as_object().map(scalars).unwrap_or_default();
        for host in expand(pattern).unwrap_or_else(|| vec![pattern.clone()]) {
            found.host(&host, &vars);
            found.group(name).hosts.push(host);
        }
    }
    let vars = map("vars").map(scalars).unwrap_or_default();
    let kept = vars.into_iter().filter(|(key, _)| !ini::is_secret(key));
    found.group(name).vars.extend(kept);
    for (child, value) in map("children").into_iter().flatten() {
        found.group(name).children.push(child.clone());
        if depth < 32 {
            from_yaml(found, child, value, depth + 1);
        }
    }
}

fn scalars(map: &Map<String, Value>) -> Vec<(String, String)> {
    let pair = |(key, value): (&String, &Value)| {
        let text = json::text(value).unwrap_or_else(|| value.to_string());
        (key.clone(), text)
    };
    map.iter().map(pair).collect()
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let whole = sample.text();
    let headings: BTreeSet<&str> = whole.lines().filter_map(ini::heading).collect();
    let is_part = |name: &&str| name.ends_with(":children") || name.ends_with(":vars");
    let has_var = whole.contains("ansible_host=")
        || whole.contains("ansible_user=")
        || whole.contains("ansible_connection=");
    if headings.iter().any(is_part) || (has_var && !headings.is_empty()) {
        return 88;
    }
    let mut first = lines::active(whole).filter(|line| *line != "---");
    let top = first.next().unwrap_or_default();
    let next = first.next().unwrap_or_default();
    let is_group = top.ends_with(':') && !top.contains(' ');
    let is_body = matches!(next, "hosts:" | "children:");
    match (
        is_group && is_body,
        top == "all:" || whole.contains("ansible_"),
    ) {
        (true, true) => 88,
        (true, false) => 40,
        _ if has_var => 50,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    let hosts: Vec<&Host> = found.hosts.values().collect();
    text::emit("ansible.group", &found.groups, Vec::new(), sink);
    text::emit("ansible.host", &hosts, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    const INI: &str = "mgmt ansible_connection=local\n[oss]\r\noss[01:03].lab rack=a # note\noss09 ansible_host=10.0.0.9 ansible_password=x note=\"a b\"\n\
        [mds]\nmds-[a:b]\n[lustre:children]\noss\nmds\n[lustre:vars]\nfsname=lab01\nvault_key=z\nwhat is this\n[oss]\noss[1:x]\n";
    const YAML: &str = "all:\n  hosts:\n    mgs:\n      ansible_host: 10.0.0.1\n  children:\n    oss:\n      hosts:\n        oss[1:2]:\n      vars:\n        fsname: lab01\n";

    #[test]
    fn both_forms_are_read() {
        let (found, skips) = parse(INI.as_bytes());
        let groups: Vec<(&str, usize)> = found
            .groups
            .iter()
            .map(|group| (group.name.as_str(), group.hosts.len()))
            .collect();
        assert_eq!(
            groups,
            [("ungrouped", 1), ("oss", 4), ("mds", 2), ("lustre", 0)]
        );
        assert_eq!(found.groups[3].children, ["oss", "mds"]);
        assert_eq!(found.groups[3].vars["fsname"], "lab01");
        assert!(!format!("{found:?}").contains("vault"));
        let host = &found.hosts["oss09"];
        assert_eq!(host.address.as_deref(), Some("10.0.0.9"));
        assert_eq!((host.vars.len(), host.vars["note"].as_str()), (1, "a b"));
        assert!(found.hosts.contains_key("oss02.lab"));
        let lines: Vec<u64> = skips.iter().map(|skip| skip.line).collect();
        assert_eq!(lines, [13, 15]);

        let (found, skips) = parse(YAML.as_bytes());
        assert_eq!(skips, []);
        assert_eq!(found.groups[1].hosts, ["oss1", "oss2"]);
        assert_eq!(found.hosts["mgs"].address.as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn inventories_are_known() {
        let of = |text: &str| {
            guess(Sample {
                name: "",
                head: text.as_bytes(),
            })
        };
        assert_eq!((of(INI), of(YAML)), (88, 88));
        assert_eq!(of("[global]\nworkgroup = x\n"), 0);
        assert_eq!(of("a: 1\nb: 2\n"), 0);
    }
}
