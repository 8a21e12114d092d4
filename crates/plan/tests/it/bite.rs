//! The checks bite: each thing that must never be, put into a good plan, is
//! found.

use crate::build::{plan, run};
use crate::site::Site;
use crate::text;
use crate::town::{Town, server};
use model::graph::{Graph, StepId};
use model::spec::Spec;
use model::step::{Elsewhere, Step};

const TOWN: &str = "s[1-2] c1; d[1-4] on s[1-2]";
const BARE: &str = "servers s[1-2],c1; group a s[1-2] none; fs lab: mgs d1, mdt d[2-3], ost d4";
const HA: &str = "servers s[1-2],c1; group a s[1-2]; fs lab: mgs d1, mdt d[2-3], ost d4";

/// A good graph, harmed; what the checks say.
fn check(town: &Town, spec: &Spec, harm: impl Fn(&mut Graph), expected: &str) {
    let made = plan(town, spec, &[]);
    assert_eq!(text::trouble(&made), "");
    let mut graph = made.graph;
    harm(&mut graph);
    assert_eq!(graph.fault(), None);
    let site = Site::of(town);
    let found = plan::checks(&graph, spec, site.world());
    let found: Vec<&str> = found.iter().map(|fault| fault.text.as_str()).collect();
    assert!(
        found.iter().any(|text| text.contains(expected)),
        "{expected:?} is not in {found:?}"
    );
}

fn bare(harm: impl Fn(&mut Graph), expected: &str) {
    check(&text::town(TOWN), &text::spec(BARE), harm, expected);
}

fn place(graph: &Graph, is_it: impl Fn(&Step) -> bool) -> usize {
    graph.steps.iter().position(|one| is_it(&one.step)).unwrap()
}

fn is_mount(label: &str) -> impl Fn(&Step) -> bool {
    move |step| matches!(step, Step::TargetMounted(step) if step.label.to_string() == label)
}

/// Nothing waits for a step any more, nor it for what was before.
fn untie(graph: &mut Graph, at: usize) {
    graph.steps[at].after.clear();
}

#[test]
fn a_mount_waits_for_its_mgs_and_lnet() {
    bare(
        |graph| {
            let at = place(graph, is_mount("lab-MDT0000"));
            untie(graph, at);
        },
        "lab-MDT0000 is brought up before its MGS is",
    );
    bare(
        |graph| {
            let at = place(graph, |step| matches!(step, Step::TargetFormatted(_)));
            untie(graph, at);
        },
        "LNet is not up on s1 before",
    );
}

#[test]
fn mdts_and_osts_wait_for_the_mdts_before() {
    bare(
        |graph| {
            let mgs = StepId(u32::try_from(place(graph, is_mount("MGS"))).unwrap());
            let at = place(graph, is_mount("lab-OST0000"));
            graph.steps[at].after.retain(|before| *before < mgs);
            graph.steps[at].after.push(mgs);
        },
        "lab-OST0000 is brought up before MDT0000",
    );
}

#[test]
fn nothing_is_erased_without_a_word_for_it() {
    bare(
        |graph| {
            for planned in &mut graph.steps {
                if let Step::TargetFormatted(step) = &mut planned.step {
                    step.consent.clear();
                }
            }
        },
        "nobody has said that wwn:d1 may lose",
    );
    bare(
        |graph| {
            for planned in &mut graph.steps {
                if let Step::TargetFormatted(step) = &mut planned.step {
                    step.consent[0].signature = "ext4 label=x".into();
                }
            }
        },
        "nobody has said that wwn:d4 may lose",
    );
    bare(
        |graph| {
            let at = place(graph, |step| matches!(step, Step::TargetFormatted(_)));
            if let Step::TargetFormatted(step) = &mut graph.steps[at].step {
                step.device.id.0 = "wwn:d4".into();
            }
        },
        "formatted by step",
    );
}

#[test]
fn a_target_is_in_one_place() {
    bare(
        |graph| {
            let at = place(graph, is_mount("lab-OST0000"));
            let mut twin = graph.steps[at].clone();
            twin.id = StepId(u32::try_from(graph.steps.len()).unwrap());
            twin.on = server(if twin.on == server("s1") { "s2" } else { "s1" });
            graph.steps.push(twin);
        },
        "brings it up elsewhere",
    );
    bare(
        |graph| {
            let at = place(graph, is_mount("lab-OST0000"));
            if let Step::TargetMounted(step) = &mut graph.steps[at].step {
                step.elsewhere.clear();
            }
        },
        "nothing proves that s",
    );
    bare(
        |graph| {
            let at = place(graph, is_mount("lab-OST0000"));
            if let Step::TargetMounted(step) = &mut graph.steps[at].step {
                step.elsewhere[0].1 = Elsewhere::Fenced;
            }
        },
        "nothing proves that s",
    );
}

#[test]
fn what_moves_is_unmounted_first() {
    let mut town = text::town(TOWN);
    let made = plan(&town, &text::spec(BARE), &[]);
    run(&mut town, &made);
    let drained =
        text::spec(&BARE.replace("servers s[1-2],c1", "servers s1,c1; servers s2 drained"));
    check(
        &town,
        &drained,
        |graph| {
            let at = place(graph, is_mount("lab-MDT0000"));
            untie(graph, at);
        },
        "it is mounted on s2 now",
    );
}

#[test]
fn watched_silent_and_others_servers_are_left_alone() {
    let on = |name: &'static str| {
        move |graph: &mut Graph| {
            graph.steps[0].on = server(name);
        }
    };
    let town = text::town(&format!("{TOWN}; watched w1; silent q1"));
    check(&town, &text::spec(BARE), on("w1"), "only watched");
    check(&town, &text::spec(BARE), on("q1"), "is not there");
    let mut external = text::spec(BARE);
    let made = plan(&text::town(TOWN), &external, &[]);
    external.ha_groups[0].manager = model::spec::HaManager::External;
    let site = Site::of(&text::town(TOWN));
    let found = plan::checks(&made.graph, &external, site.world());
    assert!(
        found
            .iter()
            .any(|fault| fault.text.contains("Somebody else"))
    );
}

#[test]
fn pacemaker_is_asked_not_passed_by() {
    let town = text::town(TOWN);
    let by_hand = plan(&town, &text::spec(BARE), &[]);
    let site = Site::of(&town);
    let found = plan::checks(&by_hand.graph, &text::spec(HA), site.world());
    assert!(
        found
            .iter()
            .any(|fault| fault.text.contains("Pacemaker runs"))
    );
    check(
        &town,
        &text::spec(HA),
        |graph| {
            let at = place(graph, |step| matches!(step, Step::ResourceRole(_)));
            let at = graph.steps[at + 1..]
                .iter()
                .position(|one| matches!(one.step, Step::ResourceRole(_)))
                .unwrap()
                + at
                + 1;
            untie(graph, at);
        },
        "brings it up elsewhere",
    );
}

#[test]
fn nothing_is_wiped_or_booted_under_a_mount() {
    let mut town = text::town(TOWN);
    let made = plan(&town, &text::spec(BARE), &[]);
    run(&mut town, &made);
    let gone = text::spec("servers s[1-2],c1; group a s[1-2] none; fs lab absent: mgs d1");
    check(
        &town,
        &gone,
        |graph| {
            let at = place(graph, |step| matches!(step, Step::TargetWiped(_)));
            untie(graph, at);
        },
        "is mounted on s",
    );
    let reboot = model::spec::Goal::Reboot {
        server: "s1".into(),
    };
    let spec = text::spec(BARE);
    let made = plan(&town, &spec, &[reboot]);
    let mut graph = made.graph;
    let at = place(&graph, |step| matches!(step, Step::ServerRebooted(_)));
    untie(&mut graph, at);
    let site = Site::of(&town);
    let found = plan::checks(&graph, &spec, site.world());
    assert!(
        found
            .iter()
            .any(|fault| fault.text.contains("while its server boots"))
    );
}
