//! From bare servers to a mounted file system.

use crate::site::Site;
use crate::text;
use crate::town::Town;
use model::graph::Consent;
use model::spec::{Goal, Spec};
use plan::Plan;

/// Plans with every consent that is asked for.
pub fn plan(town: &Town, spec: &Spec, goals: &[Goal]) -> Plan {
    let site = Site::of(town);
    let first = plan::plan(spec, site.world(), goals, &[]);
    let given: Vec<Consent> = consent(&first);
    let second = plan::plan(spec, site.world(), goals, &given);
    assert_eq!(
        first.hash, second.hash,
        "consent does not change the plan: {:?}, {:?}",
        first.findings, second.findings
    );
    assert!(second.consent_needed.is_empty());
    second
}

fn consent(plan: &Plan) -> Vec<Consent> {
    let needed = plan.consent_needed.iter();
    needed
        .map(|needed| Consent {
            device: needed.device.clone(),
            signature: needed.signature.clone(),
            by: String::from("ada"),
            at_ms: 1,
        })
        .collect()
}

/// Does what a plan says.
pub fn run(town: &mut Town, plan: &Plan) {
    for planned in &plan.graph.steps {
        town.apply(planned.on, &planned.step);
    }
}

/// A world and spec, and the plan; after it nothing is left to do.
fn check(town: &str, spec: &str, expected: &str) -> Town {
    let (mut town, spec) = (text::town(town), text::spec(spec));
    let made = plan(&town, &spec, &[]);
    assert_eq!(text::trouble(&made), "");
    assert_eq!(text::steps(&town, &made.graph), expected);
    assert_eq!(made.graph.fault(), None);
    run(&mut town, &made);
    let after = plan(&town, &spec, &[]);
    assert_eq!(text::trouble(&after), "");
    assert_eq!(
        text::steps(&town, &after.graph),
        "",
        "nothing is left to do"
    );
    town
}

#[test]
fn a_file_system_is_made_without_ha() {
    check(
        "s[1-2]; d[1-2] on s1; d[3-4] on s2",
        "servers s[1-2]; fs lab: mdt d1, ost d[3-4]",
        "lnet s1; lnet s2; format MDT0000 d1 on s1; mount MDT0000 on s1; \
         format OST0000 d3 on s2; mount OST0000 on s2; format OST0001 d4 on s2; mount OST0001 on s2",
    );
}

#[test]
fn a_pair_without_a_manager_shares_the_work() {
    check(
        "s[1-2] c1; filters s1; d[1-5] on s[1-2]",
        "servers s[1-2],c1; time t1; group a s[1-2] none; fs lab: mgs d1, mdt 1, ost 3; client lab c1 /lab",
        "time c1; lnet c1; time s1; open 988/tcp on s1; lnet s1; time s2; lnet s2; \
         format MGS d1 on s1; mount MGS on s1; format MDT0000 d2 on s2; mount MDT0000 on s2; \
         format OST0000 d3 on s1; mount OST0000 on s1; format OST0001 d4 on s2; mount OST0001 on s2; \
         format OST0002 d5 on s1; mount OST0002 on s1; client lab on c1",
    );
}

#[test]
fn a_pair_with_pacemaker_is_set_up_first() {
    check(
        "s[1-2]; d[1-2] on s[1-2]",
        "servers s[1-2]; group a s[1-2]; fs lab: mdt d1, ost d2",
        "lnet s1; lnet s2; conf a on s1; conf a on s2; start corosync on s1; start pacemaker on s1; \
         start corosync on s2; start pacemaker on s2; fence s1; fence s2; properties a; \
         format MDT0000 d1 on s1; register MDT0000 on s1; prepare MDT0000 on s1; prepare MDT0000 on s2; add MDT0000 for s1 s2; start MDT0000; \
         format OST0000 d2 on s2; register OST0000 on s2; prepare OST0000 on s2; prepare OST0000 on s1; add OST0000 for s2 s1; start OST0000",
    );
}

#[test]
fn a_cluster_that_came_with_the_packages_gives_way() {
    check(
        "s[1-2]; installed s[1-2]; d[1-2] on s[1-2]",
        "servers s[1-2]; group a s[1-2]; fs lab: mdt d1, ost d2",
        "lnet s1; lnet s2; stop pacemaker on s1; stop corosync on s1; conf a on s1; \
         stop pacemaker on s2; stop corosync on s2; conf a on s2; start corosync on s1; start pacemaker on s1; \
         start corosync on s2; start pacemaker on s2; fence s1; fence s2; properties a; \
         format MDT0000 d1 on s1; register MDT0000 on s1; prepare MDT0000 on s1; prepare MDT0000 on s2; add MDT0000 for s1 s2; start MDT0000; \
         format OST0000 d2 on s2; register OST0000 on s2; prepare OST0000 on s2; prepare OST0000 on s1; add OST0000 for s2 s1; start OST0000",
    );
}

#[test]
fn a_pool_is_made_for_each_target_on_zfs() {
    check(
        "s[1-2]; d[1-6] on s[1-2]",
        "servers s[1-2]; group a s[1-2]; fs lab zfs: mgs d1, mdt d2, ost d[3-6] mirror 2",
        "lnet s1; lnet s2; conf a on s1; conf a on s2; start corosync on s1; start pacemaker on s1; \
         start corosync on s2; start pacemaker on s2; fence s1; fence s2; properties a; \
         pool lab-mgt on s1; format MGS lab-mgt/mgt on s1; export lab-mgt on s1; prepare MGS on s1; prepare MGS on s2; add MGS for s1 s2; start MGS; \
         pool lab-mdt0000 on s2; format MDT0000 lab-mdt0000/mdt0000 on s2; register MDT0000 on s2; \
         export lab-mdt0000 on s2; prepare MDT0000 on s2; prepare MDT0000 on s1; add MDT0000 for s2 s1; start MDT0000; \
         pool lab-ost0000 on s1; format OST0000 lab-ost0000/ost0000 on s1; register OST0000 on s1; \
         export lab-ost0000 on s1; prepare OST0000 on s1; prepare OST0000 on s2; add OST0000 for s1 s2; start OST0000; \
         pool lab-ost0001 on s2; format OST0001 lab-ost0001/ost0001 on s2; register OST0001 on s2; \
         export lab-ost0001 on s2; prepare OST0001 on s2; prepare OST0001 on s1; add OST0001 for s2 s1; start OST0001",
    );
}

#[test]
fn mdts_come_one_after_the_first_and_osts_after_all() {
    check(
        "s[1-3]; d[1-3] on s1; d[4-6] on s[2-3]",
        "servers s[1-3]; group a s[2-3] none; fs lab: mdt d[1-3], ost 3 in a",
        "lnet s1; lnet s2; lnet s3; format MDT0000 d1 on s1; mount MDT0000 on s1; \
         format MDT0001 d2 on s1; mount MDT0001 on s1; format MDT0002 d3 on s1; mount MDT0002 on s1; \
         format OST0000 d4 on s2; mount OST0000 on s2; format OST0001 d5 on s3; mount OST0001 on s3; \
         format OST0002 d6 on s2; mount OST0002 on s2",
    );
}
