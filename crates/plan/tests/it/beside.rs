//! New targets, while others move or their servers boot.

use crate::build::{plan, run};
use crate::site::Site;
use crate::text;
use crate::town::{Town, server};
use model::graph::{Graph, StepId};
use model::ids::DeviceId;
use model::report::DeviceKind;
use model::spec::{Goal, Spec};
use model::step::Step;
use std::sync::Arc;

const APART: &str = "s[1-2]; d[1-2] on s1; d[3-4] on s2";
const MADE: &str = "servers s[1-2]; fs lab: mdt d[1-2], ost d[3-4]";

fn reboot(name: &str) -> Goal {
    Goal::Reboot {
        server: name.into(),
    }
}

/// Does the plan for a spec and a goal, which is sound; gives its steps.
fn done(town: &mut Town, spec: &Spec, goals: &[Goal]) -> String {
    let made = plan(town, spec, goals);
    assert_eq!(text::trouble(&made), "");
    let steps = text::steps(town, &made.graph);
    run(town, &made);
    let after = plan(town, spec, &[]);
    assert_eq!(text::trouble(&after), "");
    assert_eq!(text::steps(town, &after.graph), "");
    steps
}

#[test]
fn what_is_made_is_made_before_its_servers_boot() {
    let mut town = text::town(APART);
    let spec = text::spec(MADE);
    assert_eq!(
        done(&mut town, &spec, &[reboot("s1")]),
        "lnet s1; lnet s2; format MDT0000 d1 on s1; mount MDT0000 on s1; format MDT0001 d2 on s1; mount MDT0001 on s1; \
         format OST0000 d3 on s2; mount OST0000 on s2; format OST0001 d4 on s2; mount OST0001 on s2; \
         unmount MDT0001 on s1; unmount MDT0000 on s1; reboot s1; lnet s1; mount MDT0000 on s1; mount MDT0001 on s1"
    );
    let mut town = text::town(APART);
    let steps = done(&mut town, &spec, &[reboot("s2")]);
    assert!(
        steps.ends_with(
            "unmount OST0000 on s2; unmount OST0001 on s2; reboot s2; lnet s2; mount OST0000 on s2; mount OST0001 on s2"
        ),
        "{steps}"
    );
}

#[test]
fn a_new_ost_does_not_come_up_while_an_mdt_is_away() {
    let town = text::town(APART);
    let spec = text::spec(MADE);
    let mut graph = plan(&town, &spec, &[reboot("s1")]).graph;
    let place = |graph: &Graph, is_it: &dyn Fn(&Step) -> bool| {
        let at = graph.steps.iter().position(|one| is_it(&one.step));
        StepId(u32::try_from(at.unwrap()).unwrap())
    };
    let ost = place(
        &graph,
        &|step| matches!(step, Step::TargetMounted(step) if step.label.to_string() == "lab-OST0000"),
    );
    let site = Site::of(&town);
    for label in ["lab-MDT0000", "lab-MDT0001"] {
        let down = place(
            &graph,
            &|step| matches!(step, Step::TargetUnmounted(step) if step.label.to_string() == label),
        );
        graph.steps[down.index()].after.retain(|id| *id != ost);
    }
    let found = plan::checks(&graph, &spec, site.world());
    let found: Vec<&str> = found.iter().map(|fault| fault.text.as_str()).collect();
    assert_eq!(found, ["lab-OST0000 is brought up before MDT0000."]);
}

#[test]
fn new_osts_wait_for_mdts_that_change_their_place() {
    let base = "group a s[1-2] none; fs lab: mdt d[1-3]";
    let mut town = text::town("s[1-2]; d[1-9] on s[1-2]");
    done(
        &mut town,
        &text::spec(&format!("servers s[1-2]; {base}, ost d4")),
        &[],
    );
    let grown = text::spec(&format!(
        "servers s1; servers s2 drained; {base}, ost d[4-5]"
    ));
    let made = plan(&town, &grown, &[]);
    assert_eq!(text::trouble(&made), "");
    assert_eq!(
        text::steps(&town, &made.graph),
        "unmount MDT0001 on s2; mount MDT0001 on s1; unmount OST0000 on s2; mount OST0000 on s1; \
         format OST0001 d5 on s1; mount OST0001 on s1"
    );
    let last = made.graph.steps.last().unwrap();
    let waits_for = last.after.iter().map(|id| &made.graph.steps[id.index()]);
    let moved = |step: &Step| matches!(step, Step::TargetMounted(step) if step.label.to_string() == "lab-MDT0001");
    assert_eq!(waits_for.filter(|one| moved(&one.step)).count(), 1);
}

#[test]
fn an_mdt_leaves_once_pacemaker_has_started_what_is_new() {
    let mut town = text::town("s[1-3]; d[1-2] on s1; d3 on s[2-3]");
    let spec = text::spec("servers s[1-3]; group a s[2-3]; fs lab: mdt d[1-2], ost d3");
    let steps = done(&mut town, &spec, &[reboot("s1")]);
    let at = |what: &str| {
        steps
            .find(what)
            .unwrap_or_else(|| panic!("{what}: {steps}"))
    };
    assert!(at("start OST0000") < at("unmount MDT0001"), "{steps}");
}

#[test]
fn a_pool_that_is_new_comes_back_after_a_boot() {
    let mut town = text::town("s1; d[1-2] on s1");
    let spec = text::spec("servers s1; fs lab zfs: mdt d1, ost d2");
    let steps = done(&mut town, &spec, &[reboot("s1")]);
    assert!(
        steps.ends_with(
            "reboot s1; lnet s1; import lab-mdt0000 on s1; mount MDT0000 on s1; import lab-ost0000 on s1; mount OST0000 on s1"
        ),
        "{steps}"
    );
}

#[test]
fn an_mgs_that_another_file_system_uses_first_is_not_made_again() {
    let mut town = text::town("s1; d[1-5] on s1");
    let both = "fs lab stopped: mgs 1, mdt 1, ost 1; fs two: mgs of lab, mdt 1, ost 1";
    let spec = text::spec(&format!("servers s1; {both}"));
    let steps = done(&mut town, &spec, &[]);
    assert_eq!(steps.matches("format MGS").count(), 1, "{steps}");
    let up = text::spec(&format!("servers s1; {}", both.replace(" stopped", "")));
    let steps = done(&mut town, &up, &[]);
    assert_eq!(steps.matches("format MGS").count(), 0, "{steps}");
}

#[test]
fn what_needs_an_mgs_waits_until_pacemaker_has_moved_it() {
    let base = "group a s[1-2]; fs lab: mgs d1";
    let mut town = text::town("s[1-3]; d1 on s[1-2]; d[2-4] on s3");
    let small = text::spec(&format!("servers s[1-3]; {base}, mdt d2, ost d3"));
    let made = plan(&town, &small, &[]);
    assert_eq!(text::trouble(&made), "");
    run(&mut town, &made);
    let home = if text::steps(&town, &made.graph).contains("format MGS d1 on s1") {
        ("s1", "s2")
    } else {
        ("s2", "s1")
    };
    let grown = format!("{base}, mdt d2, ost d[3-4]");
    let spec = format!("servers {} drained; servers {},s3; {grown}", home.0, home.1);
    let made = plan(&town, &text::spec(&spec), &[]);
    assert_eq!(text::trouble(&made), "");
    let mount = made.graph.steps.last().unwrap();
    let waits_for = mount
        .after
        .iter()
        .map(|id| &made.graph.steps[id.index()].step);
    let standby = |step: &Step| matches!(step, Step::Standby(step) if step.is_on);
    assert!(waits_for.into_iter().any(standby), "{:?}", mount.after);
    // Where the whole group is to serve nothing, there will be no MGS.
    let spec = text::spec(&format!("servers s[1-2] drained; servers s3; {grown}"));
    let made = plan(&town, &spec, &[]);
    assert_eq!(
        text::trouble(&made),
        "keep MGS of lab up (heir-absent)\nmount lab-OST0001 (mgs-waited)"
    );
}

#[test]
fn a_server_does_not_boot_under_what_no_step_unmounts() {
    let mut town = text::town(APART);
    let spec = text::spec(MADE);
    done(&mut town, &spec, &[]);
    // The disk of an OST is gone, while it is still mounted.
    let mut site = Site::of(&town);
    let s2 = Arc::make_mut(site.reports.get_mut(&server("s2")).unwrap());
    let disk = DeviceId("wwn:d3".into());
    let devices = s2.devices.as_mut().unwrap();
    devices.retain(|one| one.id != disk);
    let seen = &mut s2.lustre.as_mut().unwrap().targets;
    seen.retain(|one| one.device.as_ref() != Some(&disk) || one.mount_point.is_some());
    for one in seen {
        one.device = one.device.take().filter(|id| *id != disk);
    }
    detected(&mut site);
    let made = plan::plan(&spec, site.world(), &[reboot("s2")], &[]);
    assert_eq!(
        text::trouble(&made),
        "Reboot s2 (target-gone)\nmount lab-OST0000 (target-gone)"
    );
    assert_eq!(text::steps(&town, &made.graph), "");
    // The spec knows nothing of what is mounted.
    let other = text::spec("servers s[1-2]");
    let made = plan(&town, &other, &[reboot("s2")]);
    assert_eq!(
        text::trouble(&made),
        "Reboot s2 (server-needed)\nReboot s2 (server-needed)"
    );
    assert_eq!(text::steps(&town, &made.graph), "");
}

#[test]
fn who_sees_the_disk_of_a_half_made_mgs_is_told_of() {
    let mut town = text::town("s[1-2]; d[1-4] on s[1-2]");
    let spec = text::spec(
        "servers s[1-2]; group a s[1-2] none; fs lab zfs: mgs d1, mdt d2, ost d3; fs two zfs: mgs of lab, mdt d4, ost 0",
    );
    let made = plan(&town, &spec, &[]);
    let pools = made.graph.steps.iter();
    for planned in pools.filter(|one| !matches!(one.step, Step::TargetFormatted(_))) {
        if let Step::PoolPresent(step) = &planned.step
            && step.pool == "lab-mgt"
        {
            town.apply(planned.on, &planned.step);
        }
    }
    let mut site = Site::of(&town);
    let (disk, part) = (DeviceId("wwn:d1".into()), DeviceId("wwn:d1-part1".into()));
    let keeper = town.pools["lab-mgt"].on.clone().unwrap();
    for (id, report) in &mut site.reports {
        let devices = Arc::make_mut(report).devices.as_mut().unwrap();
        let whole = devices.iter_mut().find(|one| one.id == disk).unwrap();
        let mut partition = whole.clone();
        (whole.content, whole.label, whole.uuid) = (None, None, None);
        partition.id = part.clone();
        partition.kind = DeviceKind::Partition;
        partition.parents = vec![disk.clone()];
        for pool in devices
            .iter_mut()
            .filter(|one| one.kind == DeviceKind::Zpool)
        {
            pool.parents = vec![part.clone()];
        }
        // Nobody else has looked since the pool was made.
        if *id == server(&keeper) {
            devices.push(partition);
        }
    }
    detected(&mut site);
    let made = plan::plan(&spec, site.world(), &[], &[]);
    let told = made
        .graph
        .steps
        .iter()
        .filter_map(|planned| match &planned.step {
            Step::TargetFormatted(step) if step.label.to_string() != "MGS" => {
                Some(step.mgs_nodes.len())
            }
            _ => None,
        });
    let told: Vec<usize> = told.collect();
    assert_eq!(told, [2, 2, 2], "{}", text::trouble(&made));
}

/// What the reports mean, anew.
fn detected(site: &mut Site) {
    let all = site.reports.iter();
    let all: Vec<_> = all
        .map(|(id, report)| (*id, Arc::clone(report), !site.online.contains(id)))
        .collect();
    let mut detector = detect::Detector::new();
    detector.put_all(all);
    site.inventory = detector.inventory().clone();
}
