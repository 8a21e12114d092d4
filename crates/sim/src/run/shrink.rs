//! The smallest run that still fails: faults, wishes and servers are taken away
//! while the same checker still finds something.

use super::How;
use super::scenario::Scenario;

/// Runs that a shrink may cost.
const RUNS_MAX: usize = 200;

/// A smaller scenario in which the same checker finds something.
pub fn shrink(scenario: &Scenario, how: How) -> Scenario {
    let checker = |scenario: &Scenario| {
        let ended = super::many::caught(scenario, how);
        ended.violation.map(|violation| violation.checker)
    };
    let Some(wanted) = checker(scenario) else {
        return scenario.clone();
    };
    let mut best = scenario.clone();
    let mut left = RUNS_MAX;
    loop {
        let before = best.clone();
        for smaller in candidates(&best) {
            if left == 0 {
                return best;
            }
            left -= 1;
            if checker(&smaller).as_ref() == Some(&wanted) {
                best = smaller;
                break;
            }
        }
        if best == before {
            return best;
        }
    }
}

/// What is a little smaller.
fn candidates(from: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Scenario)| {
        let mut smaller = from.clone();
        change(&mut smaller);
        if smaller != *from {
            all.push(smaller);
        }
    };
    with(&|one| one.faults.clear());
    let half = from.faults.len() / 2;
    with(&|one| one.faults.truncate(half));
    with(&|one| {
        one.faults.drain(..half);
    });
    for place in (0..from.faults.len()).rev() {
        with(&|one| {
            one.faults.remove(place);
        });
    }
    for place in (1..from.wishes.len()).rev() {
        with(&|one| {
            one.wishes.remove(place);
        });
    }
    with(&|one| one.is_hasty = false);
    with(&|one| one.town.n_watched = 0);
    with(&|one| one.town.n_taken = 0);
    with(&|one| one.town.n_managed = one.town.n_managed.min(one.town.per_group.max(2)));
    all
}
