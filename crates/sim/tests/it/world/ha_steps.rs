//! Steps that tell Pacemaker, where it is in the middle of something.

use super::ha::{carry, make, with_targets};
use super::hand::{Hand, host};
use agent::steps::{Seen, Work, look};
use model::job::Outcome;
use model::step::{ResourceAbsent, ResourceRole, Step};
use std::collections::BTreeMap;

fn seen(hand: &Hand, name: &str, step: impl Into<Step>) -> Seen {
    let door = hand.door(name);
    let work = Work {
        hands: &door,
        secrets: &BTreeMap::new(),
        console: &|_| (),
        is_cancelled: &|| false,
    };
    look(&step.into(), &work).unwrap()
}

#[test]
fn a_target_that_pacemaker_is_starting_does_not_run_yet() {
    let (hand, resources) = with_targets();
    let role = |is_started| ResourceRole {
        resource: resources[0].clone(),
        is_started,
    };
    make(&hand, "oss01", role(false));
    hand.world().stick(&host("oss01"), "mount", true);
    let line = "crm_resource --resource scratch-OST0000 --set-parameter target-role --meta --parameter-value Started";
    assert_eq!(hand.sh("oss01", line).0, 0);
    hand.wait(5);
    let words = "scratch-OST0000 is on its way on oss01";
    let not_so = Seen::NotSo(String::from(words));
    assert_eq!(seen(&hand, "oss02", role(true)), not_so);
    assert_eq!(seen(&hand, "oss02", role(false)), not_so);
    hand.world().stick(&host("oss01"), "mount", false);
    make(&hand, "oss02", role(true));
}

#[test]
fn a_resource_is_removed_though_a_move_left_its_constraint() {
    let (hand, resources) = with_targets();
    let line = "crm_resource --resource scratch-OST0000 --move --node oss02";
    assert_eq!(hand.sh("oss01", line).0, 0);
    hand.wait(60);
    let stopped = ResourceRole {
        resource: resources[0].clone(),
        is_started: false,
    };
    make(&hand, "oss01", stopped);
    let absent = ResourceAbsent {
        resource: resources[0].clone(),
    };
    let step = Step::from(absent);
    match carry(&hand, "oss01", &step) {
        Outcome::Done { changed: true, .. } => {}
        other => panic!("{other:?}"),
    }
    let (_, cib, _) = hand.sh("oss01", "cibadmin --query");
    assert!(!cib.contains("cli-prefer-scratch-OST0000"), "{cib}");
}
