//! `cibadmin`, `crm_attribute`, `crm_resource`, `crm_mon`, `crm_node`,
//! `stonith_admin`.

use super::cib::{self, Cib, element};
use super::ring::Ring;
use super::{fence, show};
use crate::world::World;
use crate::world::command::{self, Next, Run, failed, printed, quiet};
use crate::world::host::HostName;
use agent::host::Output;
use platform::ha::xml;
use std::time::Duration;

/// How long a change waits for a controller.
const PATIENCE: Duration = Duration::from_secs(30);

/// Exit codes of Pacemaker.
const NO_SUCH: i32 = 105;
const EXISTS: i32 = 108;
const CONFIG: i32 = 78;
const DISCONNECT: i32 = 102;
const TIMEOUT: i32 = 124;

/// The ring that Pacemaker on a host is in.
fn ring_of(world: &World, host: &HostName) -> Option<u64> {
    let node = world.ha.nodes.get(host)?;
    node.has_pacemaker.then_some(node.ring)
}

/// The value after an option.
fn option<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    let mut pairs = words.windows(2);
    let found = pairs.find(|pair| pair.first() == Some(&name));
    found.and_then(|pair| pair.last().copied())
}

fn is_change(run: &Run<'_>) -> bool {
    let words = run.words();
    let reads = ["--query", "-Q", "--version", "--help"];
    run.program() != "crm_mon" && !words.iter().any(|word| reads.contains(word))
}

/// A change waits while its ring is torn or has no controller.
pub fn go_on(world: &mut World, run: Run<'_>) -> Option<Next> {
    if !run.program().starts_with('c') || run.program().starts_with("corosync") || !is_change(&run)
    {
        return None;
    }
    let ring = world.ha.rings.get(&ring_of(world, run.host)?)?;
    if ring.dc.is_some() && ring.torn_since.is_none() {
        return None;
    }
    Some(if run.since < PATIENCE {
        Next::Again(Duration::from_secs(1))
    } else {
        Next::Done(failed(TIMEOUT, "Call failed: Timer expired"))
    })
}

/// Answers one of them.
pub fn run(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    let program = command::program(argv).to_owned();
    let Some(id) = ring_of(world, host) else {
        return unconnected(&program, argv);
    };
    let Some(mut ring) = world.ha.rings.remove(&id) else {
        return unconnected(&program, argv);
    };
    let before = ring.cib.clone();
    let output = match program.as_str() {
        "crm_mon" => mon(world, host, &ring, argv),
        "cibadmin" => cibadmin(&mut ring, &words),
        "crm_attribute" => attribute(&mut ring, &words),
        "crm_node" => node(world, &mut ring, &words),
        "stonith_admin" => confirm(world, &mut ring, &words),
        _ => resource(&mut ring, &words),
    };
    if ring.cib != before {
        ring.changed(world, &program, host);
    }
    world.ha.rings.insert(id, ring);
    output
}

fn unconnected(program: &str, argv: &[String]) -> Output {
    let line = "Could not connect to the CIB: Transport endpoint is not connected";
    match program {
        "crm_mon" => {
            let status = element("status", &[("code", "102"), ("message", "Not connected")]);
            let mut text = show::result(&argv.join(" "), Vec::new(), status);
            // The reader of the tree keeps no text, so the errors are put in here.
            let lines = "    <errors>\n      <error>error: Could not connect to launcher: Connection refused</error>\n      <error>crm_mon: Connection to cluster failed: Connection refused</error>\n    </errors>\n  </status>\n";
            let end = "message=\"Not connected\"/>\n";
            text = text.replace(end, &format!("message=\"Not connected\">\n{lines}"));
            Output {
                exit: DISCONNECT,
                ..printed(text)
            }
        }
        "cibadmin" => failed(
            DISCONNECT,
            &format!("{line}\nInit failed, could not perform requested operations"),
        ),
        "crm_resource" => failed(
            DISCONNECT,
            &format!("crm_resource: {line}\nError performing operation: Not connected"),
        ),
        program => failed(DISCONNECT, &format!("{program}: {line}")),
    }
}

fn mon(world: &World, host: &HostName, ring: &Ring, argv: &[String]) -> Output {
    let status = element("status", &[("code", "0"), ("message", "OK")]);
    let parts = show::state(world, host, ring);
    printed(show::result(&argv.join(" "), parts, status))
}

fn cibadmin(ring: &mut Ring, words: &[&str]) -> Output {
    let Some(cib) = &mut ring.cib else {
        return quiet();
    };
    if words.contains(&"--query") || words.contains(&"-Q") {
        return printed(cib.text());
    }
    let mut changed = cib.clone();
    let output = if words.contains(&"--create") || words.contains(&"-C") {
        let scope = option(words, "--scope")
            .or(option(words, "-o"))
            .unwrap_or_default();
        let text = option(words, "--xml-text")
            .or(option(words, "-X"))
            .unwrap_or_default();
        create(&mut changed, scope, text)
    } else if words.contains(&"--delete-all") {
        let xpath = option(words, "--xpath").unwrap_or_default();
        while cib::remove(&mut changed.root, xpath) {}
        quiet()
    } else if words.contains(&"--delete") || words.contains(&"-D") {
        let xpath = option(words, "--xpath")
            .or(option(words, "-A"))
            .unwrap_or_default();
        // What is not there needs no deletion.
        cib::remove(&mut changed.root, xpath);
        quiet()
    } else {
        return failed(64, "cibadmin: Must supply a valid operation");
    };
    if output.exit != 0 {
        return output;
    }
    if !is_valid(&changed) {
        return failed(
            CONFIG,
            "Call failed: Update does not conform to the configured schema",
        );
    }
    *cib = changed;
    output
}

fn create(cib: &mut Cib, scope: &str, text: &str) -> Output {
    let (root, skips) = xml::parse(text.as_bytes());
    let Some(new) = root.filter(|_| skips.is_empty()) else {
        return failed(CONFIG, "cibadmin: Couldn't parse input string");
    };
    let section = cib.section_mut(scope);
    let id = new.text("id");
    if !cib::has_id(section, &id) {
        section.children.push(new);
        return quiet();
    }
    let mut update = element(
        "failed_update",
        &[
            ("id", &id),
            ("object_type", &new.name),
            ("operation", "cib_create"),
            ("reason", "File exists"),
        ],
    );
    update.children.push(new);
    let mut around = element("failed", &[]);
    around.children.push(update);
    let mut text = String::from("Call failed: File exists\n");
    cib::write(&around, 0, &mut text);
    failed(EXISTS, text.trim_end())
}

/// As the schema wants it: constraints name resources, and ids are used once.
fn is_valid(cib: &Cib) -> bool {
    let told = super::told::Told::from(cib);
    let is_known = |rule: &super::told::Rule| told.is_resource(&rule.resource);
    let mut ids = Vec::new();
    collect(cib.root.child("configuration"), &mut ids);
    let n_all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    told.rules.iter().all(is_known) && ids.len() == n_all
}

fn collect<'a>(at: Option<&'a xml::Element>, ids: &mut Vec<&'a str>) {
    for child in at.iter().flat_map(|at| &at.children) {
        // A node's number is no XML id.
        if child.name != "node" {
            ids.extend(child.get("id"));
        }
        collect(Some(child), ids);
    }
}

fn attribute(ring: &mut Ring, words: &[&str]) -> Output {
    let find = |names: [&str; 2]| names.iter().find_map(|name| option(words, name));
    let name = find(["--name", "-n"]).unwrap_or_default();
    let value = find(["--update", "-v"]).unwrap_or_default();
    let node = find(["--node", "-N"]);
    let kind = find(["--type", "-t"]).unwrap_or("nodes");
    let Some(cib) = &mut ring.cib else {
        return quiet();
    };
    match (kind, node) {
        ("crm_config", _) => cib.set_property(name, value),
        ("rsc_defaults", _) => cib.set_default(name, value),
        (_, Some(node)) => {
            let Some(is_changed) = cib.set_node(node, name, value) else {
                let text = format!("crm_attribute: Could not map name={node} to a UUID");
                return failed(NO_SUCH, &text);
            };
            is_changed
        }
        _ => return failed(64, "crm_attribute: must supply a node name"),
    };
    quiet()
}

/// `crm_node --remove`: a node that is no member any more is forgotten.
fn node(world: &World, ring: &mut Ring, words: &[&str]) -> Output {
    let name = option(words, "--remove").or(option(words, "-R"));
    let Some(name) = name else {
        return failed(64, "crm_node: Must supply a valid operation");
    };
    let members = ring.pacemakers(world);
    if members.iter().any(|(_, member)| member == name) {
        let text = format!("crm_node: Node {name} is still a member of the cluster");
        return failed(1, &text);
    }
    if let Some(cib) = &mut ring.cib {
        let nodes = cib.section_mut("nodes");
        nodes.children.retain(|one| one.get("uname") != Some(name));
    }
    ring.peers.remove(name);
    ring.at.retain(|(_, node), _| node != name);
    ring.probed.retain(|(_, node)| node != name);
    ring.failures.retain(|(_, node), _| node != name);
    ring.done.retain(|(_, node, _), _| node != name);
    ring.fencing.remove(name);
    quiet()
}

/// `stonith_admin --confirm`: a person says that a lost node is off.
fn confirm(world: &World, ring: &mut Ring, words: &[&str]) -> Output {
    match option(words, "--confirm").or(option(words, "-C")) {
        Some(name) if ring.peers.contains_key(name) => {
            fence::confirmed(world, ring, name);
            quiet()
        }
        Some(name) => failed(NO_SUCH, &format!("stonith_admin: {name} is not known")),
        None => failed(64, "stonith_admin: Must supply a valid operation"),
    }
}

fn no_such(what: &str, name: &str) -> Output {
    let text = format!("crm_resource: {what} '{name}' not found");
    failed(
        NO_SUCH,
        &format!("{text}\nError performing operation: No such object"),
    )
}

fn resource(ring: &mut Ring, words: &[&str]) -> Output {
    let id = option(words, "--resource")
        .or(option(words, "-r"))
        .unwrap_or_default();
    if words.contains(&"--cleanup") {
        return cleanup(ring, id);
    }
    if words.contains(&"--clear") {
        return clear(ring, id);
    }
    if !ring.told.is_resource(id) {
        return no_such("Resource", id);
    }
    if words.contains(&"--move") {
        return move_to(ring, id, option(words, "--node").unwrap_or_default());
    }
    match option(words, "--set-parameter") {
        Some(name) => set_meta(
            ring,
            id,
            name,
            option(words, "--parameter-value").unwrap_or_default(),
        ),
        None => failed(64, "crm_resource: Must supply a valid operation"),
    }
}

fn find<'a>(at: &'a mut xml::Element, id: &str) -> Option<&'a mut xml::Element> {
    if at.get("id") == Some(id) {
        return Some(at);
    }
    at.children.iter_mut().find_map(|child| find(child, id))
}

fn set_meta(ring: &mut Ring, id: &str, name: &str, value: &str) -> Output {
    let cib = ring.cib.as_mut();
    let Some(found) = cib.and_then(|cib| find(cib.section_mut("resources"), id)) else {
        return no_such("Resource", id);
    };
    let is_new = found.child("meta_attributes").is_none();
    if is_new {
        let set = format!("{id}-meta_attributes");
        found
            .children
            .insert(0, element("meta_attributes", &[("id", &set)]));
    }
    let set = cib::child_mut(found, "meta_attributes", "");
    cib::set_pair(set, name, value);
    let set_id = set.text("id");
    let pair = set
        .children
        .iter()
        .find(|pair| pair.get("name") == Some(name));
    let pair = pair.map(|pair| pair.text("id")).unwrap_or_default();
    let of = if is_new {
        format!(" set={set_id}")
    } else {
        String::new()
    };
    printed(format!(
        "Set '{id}' option: id={pair}{of} name={name} value={value}\n"
    ))
}

fn move_to(ring: &mut Ring, id: &str, node: &str) -> Output {
    if !ring.told.nodes.iter().any(|one| one.name == node) {
        return no_such("Node", node);
    }
    let top = ring.told.tops.iter().find(|top| top.id == id);
    let one = top
        .and_then(|top| top.members.first())
        .map_or(id, |one| &one.id);
    let places: Vec<&str> = ring.places(one).map(|(node, _)| node).collect();
    if places == [node] {
        return failed(
            EXISTS,
            "Error performing operation: Situation already as requested",
        );
    }
    let rule = format!("cli-prefer-{id}");
    let rule = [
        ("id", rule.as_str()),
        ("rsc", id),
        ("role", "Started"),
        ("node", node),
        ("score", "INFINITY"),
    ];
    if let Some(cib) = &mut ring.cib {
        let rules = cib.section_mut("constraints");
        rules
            .children
            .retain(|one| one.get("id") != Some(rule[0].1));
        rules.children.push(element("rsc_location", &rule));
    }
    quiet()
}

fn clear(ring: &mut Ring, id: &str) -> Output {
    let Some(cib) = &mut ring.cib else {
        return quiet();
    };
    let (prefer, ban) = (format!("cli-prefer-{id}"), format!("cli-ban-{id}-on-"));
    let mut text = String::new();
    cib.section_mut("constraints").children.retain(|rule| {
        let known = rule.text("id");
        let is_it = known == prefer || known.starts_with(&ban);
        if is_it {
            text.push_str(&format!("Removing constraint: {known}\n"));
        }
        !is_it
    });
    printed(text)
}

fn cleanup(ring: &mut Ring, id: &str) -> Output {
    let of_top = ring.told.tops.iter().find(|top| top.id == id);
    let ids: Vec<String> = match of_top {
        Some(top) => top.members.iter().map(|one| one.id.clone()).collect(),
        None => ring
            .told
            .primitive(id)
            .map(|(_, one)| one.id.clone())
            .into_iter()
            .collect(),
    };
    if ids.is_empty() {
        return no_such("Resource", id);
    }
    let (mut text, mut n_replies) = (String::new(), 0);
    for id in &ids {
        for node in &ring.told.nodes {
            let key = (id.clone(), node.name.clone());
            if ring.failures.remove(&key).is_some() {
                n_replies += 1;
            }
            if let Some(active) = ring.at.get_mut(&key) {
                (active.is_failed, active.is_stuck) = (false, false);
            }
            // It is looked at anew.
            ring.probed.remove(&key);
            text.push_str(&format!("Cleaned up {id} on {}\n", node.name));
        }
    }
    if n_replies > 0 {
        let word = if n_replies == 1 { "reply" } else { "replies" };
        text.push_str(&format!(
            "Waiting for {n_replies} {word} from the controller\n... got reply (done)\n"
        ));
    }
    printed(text)
}
