//! What changes in the life of a file system.

use crate::build::{plan, run};
use crate::text;
use crate::town::Town;
use model::spec::{Goal, Spec};

const PAIR: &str = "s[1-2] c1; d[1-9] on s[1-2]";
const HA: &str = "servers s[1-2],c1; group a s[1-2]";
const BARE: &str = "servers s[1-2],c1; group a s[1-2] none";

/// A town where this spec is so.
fn built(town: &str, spec: &str) -> Town {
    let (mut town, spec) = (text::town(town), text::spec(spec));
    let made = plan(&town, &spec, &[]);
    assert_eq!(text::trouble(&made), "");
    run(&mut town, &made);
    town
}

/// What is planned now, after which nothing is left.
fn then(town: &mut Town, spec: &str, expected: &str) {
    let spec = text::spec(spec);
    let made = plan(town, &spec, &[]);
    assert_eq!(text::trouble(&made), "");
    assert_eq!(text::steps(town, &made.graph), expected);
    run(town, &made);
    rest(town, &spec);
}

fn rest(town: &Town, spec: &Spec) {
    let after = plan(town, spec, &[]);
    assert_eq!(text::trouble(&after), "");
    assert_eq!(text::steps(town, &after.graph), "", "nothing is left to do");
}

/// What waits now, and what is planned.
fn waits(town: &Town, spec: &str, expected: &str, waiting: &str) {
    let made = plan(town, &text::spec(spec), &[]);
    assert_eq!(text::trouble(&made), waiting);
    assert_eq!(text::steps(town, &made.graph), expected);
}

fn goal(town: &mut Town, spec: &str, goal: &Goal, expected: &str) {
    let spec = text::spec(spec);
    let made = plan(town, &spec, std::slice::from_ref(goal));
    assert_eq!(text::trouble(&made), "");
    assert_eq!(text::steps(town, &made.graph), expected);
    run(town, &made);
    rest(town, &spec);
}

fn with(base: &str, rest: &str) -> String {
    format!("{base}; {rest}")
}

const FS: &str = "fs lab: mgs d1, mdt d[2-3], ost d[4-6]; client lab c1 /lab";

#[test]
fn it_stops_from_clients_to_the_mgs_and_starts_again() {
    let mut town = built(PAIR, &with(BARE, FS));
    let stopped = "fs lab stopped: mgs d1, mdt d[2-3], ost d[4-6]";
    then(
        &mut town,
        &with(BARE, stopped),
        "client off lab on c1; unmount MDT0001 on s1; unmount MDT0000 on s2; unmount OST0000 on s2; \
         unmount OST0001 on s1; unmount OST0002 on s2; unmount MGS on s1",
    );
    then(
        &mut town,
        &with(BARE, FS),
        "mount MGS on s1; mount MDT0000 on s2; mount MDT0001 on s1; mount OST0000 on s2; \
         mount OST0001 on s1; mount OST0002 on s2; client lab on c1",
    );
}

#[test]
fn pacemaker_is_told_to_stop_and_start() {
    let mut town = built(PAIR, &with(HA, "fs lab zfs: mgs d1, mdt d2, ost d[3-4]"));
    let stopped = "fs lab zfs stopped: mgs d1, mdt d2, ost d[3-4]";
    then(
        &mut town,
        &with(HA, stopped),
        "stop MDT0000; stop OST0000; stop OST0001; stop MGS",
    );
    then(
        &mut town,
        &with(HA, "fs lab zfs: mgs d1, mdt d2, ost d[3-4]"),
        "start MGS; start MDT0000; start OST0000; start OST0001",
    );
}

#[test]
fn it_grows_beside_what_is_there() {
    let mut town = built(PAIR, &with(BARE, "fs lab: mdt d1, ost d[2-3]"));
    then(
        &mut town,
        &with(BARE, "fs lab: mdt d1, mdt 1, ost d[2-3], ost 2"),
        "format MDT0001 d4 on s2; mount MDT0001 on s2; format OST0002 d5 on s1; mount OST0002 on s1; \
         format OST0003 d6 on s2; mount OST0003 on s2",
    );
}

#[test]
fn it_goes_with_consent_and_leaves_blank_devices() {
    let mut town = built(PAIR, &with(BARE, FS));
    then(
        &mut town,
        &with(BARE, "fs lab absent: mgs d1"),
        "client off lab on c1; unmount MDT0001 on s1; unmount MDT0000 on s2; unmount OST0000 on s2; \
         unmount OST0001 on s1; unmount OST0002 on s2; unmount MGS on s1; wipe MGS on s1; wipe MDT0000 on s2; \
         wipe MDT0001 on s1; wipe OST0000 on s2; wipe OST0001 on s1; wipe OST0002 on s2",
    );
    assert!(
        town.disks
            .values()
            .all(|disk| disk.content == crate::town::Content::Blank)
    );
}

#[test]
fn pacemaker_and_pools_are_left_clean() {
    let mut town = built(PAIR, &with(HA, "fs lab zfs: mgs d1, mdt d2, ost d[3-4]"));
    then(
        &mut town,
        &with(HA, "fs lab zfs absent: mgs d1"),
        "stop MDT0000; stop OST0000; stop OST0001; stop MGS; \
         drop MGS; destroy lab-mgt on s1; \
         drop MDT0000; destroy lab-mdt0000 on s2; \
         drop OST0000; destroy lab-ost0000 on s1; \
         drop OST0001; destroy lab-ost0001 on s2",
    );
    assert!(
        town.disks
            .values()
            .all(|disk| disk.content == crate::town::Content::Blank)
    );
}

#[test]
fn a_removal_that_ended_early_goes_on() {
    for base in [HA, BARE] {
        let gone = text::spec(&with(base, "fs lab zfs absent: mgs d1"));
        let whole = built(PAIR, &with(base, "fs lab zfs: mgs d1, mdt d2, ost d[3-4]"));
        let n_steps = plan(&whole, &gone, &[]).graph.steps.len();
        for n in 0..=n_steps {
            let mut town = whole.clone();
            for planned in plan(&whole, &gone, &[]).graph.steps.iter().take(n) {
                town.apply(planned.on, &planned.step);
            }
            let made = plan(&town, &gone, &[]);
            assert_eq!(text::trouble(&made), "", "after {n} steps");
            run(&mut town, &made);
            rest(&town, &gone);
            let is_blank = |disk: &crate::town::Disk| disk.content == crate::town::Content::Blank;
            assert!(town.disks.values().all(is_blank), "after {n} steps");
        }
    }
}

#[test]
fn an_mgs_that_stays_forgets_who_goes() {
    let two = "fs one: mgs d1, mdt d2, ost d3; fs two: mgs of one, mdt d4, ost d5";
    let mut town = built(PAIR, &with(BARE, two));
    then(
        &mut town,
        &with(
            BARE,
            "fs one: mgs d1, mdt d2, ost d3; fs two absent: mgs of one",
        ),
        "unmount MDT0000 on s2; unmount OST0000 on s1; erase two on s1; \
         wipe MDT0000 on s2; wipe OST0000 on s1",
    );
}

#[test]
fn an_mgs_stays_for_one_that_is_being_made() {
    let lab = "fs lab: mgs d1, mdt d2, ost d3";
    let mut town = built(PAIR, &with(BARE, lab));
    then(
        &mut town,
        &with(
            BARE,
            "fs lab stopped: mgs d1, mdt d2, ost d3; fs two: mgs of lab, mdt d4, ost d5",
        ),
        "unmount MDT0000 on s2; unmount OST0000 on s1; format MDT0000 d4 on s2; mount MDT0000 on s2; \
         format OST0000 d5 on s1; mount OST0000 on s1",
    );
}

#[test]
fn a_drained_server_serves_nothing() {
    let fs = "fs lab: mgs d1, mdt d2, ost d[3-4]";
    let mut town = built(PAIR, &with(BARE, fs));
    let drained = "servers s1,c1; servers s2 drained; group a s[1-2] none";
    then(
        &mut town,
        &with(drained, fs),
        "unmount MDT0000 on s2; mount MDT0000 on s1; unmount OST0001 on s2; mount OST0001 on s1",
    );
    // What runs stays where it runs.
    then(&mut town, &with(BARE, fs), "");
    goal(
        &mut town,
        &with(BARE, fs),
        &Goal::Failback {
            target: "lab-MDT0000".into(),
        },
        "unmount MDT0000 on s1; mount MDT0000 on s2",
    );
}

#[test]
fn a_drained_node_is_put_into_standby() {
    let fs = "fs lab: mgs d1, mdt d2, ost d[3-4]";
    let mut town = built(PAIR, &with(HA, fs));
    let drained = "servers s1,c1; servers s2 drained; group a s[1-2]";
    then(&mut town, &with(drained, fs), "standby on s2");
    assert_eq!(town.hosts["s1"].mounts.len(), 4);
    then(&mut town, &with(HA, fs), "standby off s2");
    goal(
        &mut town,
        &with(HA, fs),
        &Goal::Failback {
            target: "lab-MDT0000".into(),
        },
        "move MDT0000 to s2",
    );
    goal(
        &mut town,
        &with(HA, fs),
        &Goal::Failover {
            target: "lab-MDT0000".into(),
            to: None,
        },
        "move MDT0000 to s1",
    );
}

#[test]
fn what_runs_away_from_home_is_wiped_by_who_runs_it() {
    let fs = "fs lab: mgs d1, mdt d2, ost d3";
    let mut town = built(PAIR, &with(HA, fs));
    goal(
        &mut town,
        &with(HA, fs),
        &Goal::Failover {
            target: "lab-OST0000".into(),
            to: None,
        },
        "move OST0000 to s2",
    );
    then(
        &mut town,
        &with(HA, "fs lab absent: mgs d1"),
        "stop MDT0000; stop OST0000; stop MGS; drop MGS; wipe MGS on s1; drop MDT0000; \
         wipe MDT0000 on s2; drop OST0000; wipe OST0000 on s2",
    );
}

#[test]
fn a_reboot_keeps_targets_safe() {
    let fs = "fs lab: mgs d1, mdt d2, ost d[3-4]";
    let reboot = Goal::Reboot {
        server: "s1".into(),
    };
    let mut town = built(PAIR, &with(HA, fs));
    goal(
        &mut town,
        &with(HA, fs),
        &reboot,
        "standby on s1; reboot s1; standby off s1",
    );
    let mut town = built(PAIR, &with(BARE, fs));
    goal(
        &mut town,
        &with(BARE, fs),
        &reboot,
        "unmount OST0000 on s1; unmount MGS on s1; reboot s1; lnet s1; mount MGS on s1; mount OST0000 on s1",
    );
}

#[test]
fn an_mgs_leaves_after_those_that_need_it_are_up() {
    let fs = "fs lab: mgs d1, mdt d2, ost d[3-4]";
    let mut town = built(PAIR, &with(BARE, fs));
    town.hosts
        .get_mut("s1")
        .unwrap()
        .mounts
        .retain(|_, point| !point.contains("ost0000"));
    let move_mgs = Goal::Failover {
        target: "MGS".into(),
        to: None,
    };
    let mut rebooted = town.clone();
    goal(
        &mut town,
        &with(BARE, fs),
        &move_mgs,
        "mount OST0000 on s1; unmount MGS on s1; mount MGS on s2",
    );
    // What is on its way to the server comes down for the reboot too.
    let reboot = Goal::Reboot {
        server: "s1".into(),
    };
    goal(
        &mut rebooted,
        &with(BARE, fs),
        &reboot,
        "mount OST0000 on s1; unmount OST0000 on s1; unmount MGS on s1; reboot s1; lnet s1; \
         mount MGS on s1; mount OST0000 on s1",
    );
}

#[test]
fn pools_leave_a_server_before_it_boots_and_come_back() {
    let fs = "fs lab zfs: mgs d1, mdt d2, ost d[3-4]";
    let mut town = built(PAIR, &with(BARE, fs));
    let reboot = Goal::Reboot {
        server: "s1".into(),
    };
    goal(
        &mut town,
        &with(BARE, fs),
        &reboot,
        "unmount OST0000 on s1; export lab-ost0000 on s1; unmount MGS on s1; export lab-mgt on s1; \
         reboot s1; lnet s1; import lab-mgt on s1; mount MGS on s1; import lab-ost0000 on s1; \
         mount OST0000 on s1",
    );
}

#[test]
fn a_pool_that_was_not_exported_is_taken_with_proof_alone() {
    let fs = "fs lab zfs: mdt d1, ost d2";
    let released = |town: &Town| -> Vec<Vec<String>> {
        let made = plan(town, &text::spec(&with(BARE, fs)), &[]);
        assert_eq!(text::trouble(&made), "");
        let steps = made.graph.steps.iter();
        let imports = steps.filter_map(|planned| match &planned.step {
            model::step::Step::PoolImported(step) => Some(step.released.clone()),
            _ => None,
        });
        imports.collect()
    };
    let mut town = built(PAIR, &with(BARE, fs));
    // What was on s2 is nowhere: s2 crashed, and is back.
    for pool in town.pools.values_mut() {
        if pool.on.as_deref() == Some("s2") {
            pool.on = None;
        }
    }
    town.hosts.get_mut("s2").unwrap().mounts.clear();
    let found = released(&town);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(["s1", "s2"].contains(&found[0][0].as_str()), "{found:?}");
    assert_eq!(found[0].len(), 1, "only the other one: {found:?}");
    // One that shows nothing proves nothing.
    for host in ["s1", "s2"] {
        let mut silent = town.clone();
        silent.hosts.get_mut(host).unwrap().is_silent = true;
        let made = plan(&silent, &text::spec(&with(BARE, fs)), &[]);
        let mut steps = made.graph.steps.iter();
        assert!(
            !steps.any(|planned| matches!(planned.step, model::step::Step::PoolImported(_))),
            "{}",
            text::steps(&silent, &made.graph)
        );
    }
}

#[test]
fn silence_is_no_proof() {
    let fs = "fs lab: mdt d1, ost d2";
    let mut town = built(PAIR, &with(BARE, fs));
    town.hosts.get_mut("s2").unwrap().is_silent = true;
    waits(
        &town,
        &with(BARE, fs),
        "",
        "mount lab-OST0000 (agent-absent)",
    );
    let spec = text::spec(&with(BARE, fs));
    let over = Goal::Failover {
        target: "lab-OST0000".into(),
        to: None,
    };
    let made = plan(&town, &spec, std::slice::from_ref(&over));
    assert_eq!(text::steps(&town, &made.graph), "");
    assert!(
        text::trouble(&made).contains("(fence-unproven)"),
        "{}",
        text::trouble(&made)
    );
}

#[test]
fn others_targets_are_left_alone() {
    let mut town = built(PAIR, &with(BARE, "fs lab: mdt d1, ost d2"));
    let external = "servers s[1-2],c1; group a s[1-2] external";
    waits(&town, &with(external, "fs lab: mdt d1, ost d2"), "", "");
    waits(
        &town,
        &with(external, "fs lab stopped: mdt d1, ost d2"),
        "",
        "unmount lab-MDT0000 (ha-external)\nunmount lab-OST0000 (ha-external)",
    );
    town.hosts.get_mut("s2").unwrap().mounts.clear();
    waits(
        &town,
        &with(external, "fs lab: mdt d1, ost d2"),
        "",
        "mount lab-OST0000 (ha-external)",
    );
}

#[test]
fn what_was_interrupted_goes_on() {
    for zfs in ["", " zfs"] {
        for base in [HA, BARE] {
            let spec = with(base, &format!("fs lab{zfs}: mgs 1, mdt 1, ost 3"));
            let spec = text::spec(&spec);
            let whole = plan(&text::town(PAIR), &spec, &[]);
            for n in 0..whole.graph.steps.len() {
                let mut town = text::town(PAIR);
                for planned in whole.graph.steps.iter().take(n) {
                    town.apply(planned.on, &planned.step);
                }
                // A pool that is exported and that nobody knows is looked into first.
                for _ in 0..3 {
                    let made = plan(&town, &spec, &[]);
                    assert!(!made.has_errors(), "{}", text::trouble(&made));
                    run(&mut town, &made);
                }
                rest(&town, &spec);
                let used = town.disks.values();
                let used = used.filter(|disk| disk.content != crate::town::Content::Blank);
                assert_eq!(
                    used.count(),
                    5,
                    "no device more than needed, after {n} steps"
                );
            }
        }
    }
}

#[test]
fn what_is_to_be_down_stops_before_its_server_is_emptied() {
    let mut town = built(PAIR, &with(HA, "fs lab: mdt d1, ost d2"));
    then(
        &mut town,
        "servers s1,c1; servers s2 drained; group a s[1-2]; fs lab stopped: mdt d1, ost d2",
        "stop MDT0000; stop OST0000; standby on s2",
    );
}
