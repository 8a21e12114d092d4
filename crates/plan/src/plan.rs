//! The plan for a spec: what to do, what it waits for, what it needs.

use crate::compose::{Composer, Loud};
use crate::resolve::resolve;
use crate::resolved::Resolved;
use crate::world::World;
use crate::{checks, hash};
use model::graph::{Consent, Graph, Waiting};
use model::ids::{DeviceId, ServerId};
use model::spec::{Finding, Goal, Spec};

/// A plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub graph: Graph,
    /// What cannot be planned yet, and why.
    pub waiting: Vec<Waiting>,
    /// Consent without which the graph may not be run.
    pub consent_needed: Vec<ConsentNeeded>,
    /// What is wrong with the spec. With an error the graph is empty.
    pub findings: Vec<Finding>,
    /// The same for the same steps, whoever consents and when.
    pub hash: String,
}

/// A device that loses what is on it, once a person says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConsentNeeded {
    /// The device.
    pub device: DeviceId,
    /// What is on it now: see [`model::graph::signature_seen`].
    pub signature: String,
    /// The target that is made or removed.
    pub target: String,
    /// The server that does it.
    pub server: ServerId,
    /// What is lost, and why, one sentence.
    pub why: String,
}

impl Plan {
    /// Whether it may be run as it is.
    pub fn is_ready(&self) -> bool {
        self.consent_needed.is_empty() && !self.has_errors()
    }

    /// Whether the spec cannot be planned.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.is_error)
    }

    /// Whether there is nothing to do and nothing waited for.
    pub fn is_settled(&self) -> bool {
        self.graph.is_empty() && self.waiting.is_empty() && !self.has_errors()
    }
}

/// Plans: what must be done so that the world is as the spec says, and the
/// goals are met once.
pub fn plan(spec: &Spec, world: World<'_>, goals: &[Goal], consents: &[Consent]) -> Plan {
    let (resolved, findings) = resolve(spec, world);
    if findings.iter().any(|finding| finding.is_error) {
        return Plan {
            findings,
            ..Plan::default()
        };
    }
    compose(spec, world, &resolved, findings, goals, consents)
}

fn compose(
    spec: &Spec,
    world: World<'_>,
    resolved: &Resolved,
    findings: Vec<Finding>,
    goals: &[Goal],
    consents: &[Consent],
) -> Plan {
    let mut composer = Composer::new(world, resolved, consents);
    // From nothing there are about as many; pages that are not needed are not touched.
    let n_steps = 6 * resolved.targets.len() + 8 * resolved.servers.len();
    composer.graph.steps.reserve(n_steps);
    composer.loud = Loud::all(resolved);
    composer.words(goals);
    composer.everything();
    composer.goals(goals);
    finish(spec, world, composer, findings, goals)
}

/// Reads the graph a second time, and gives the plan.
pub(crate) fn finish(
    spec: &Spec,
    world: World<'_>,
    composer: Composer<'_>,
    mut findings: Vec<Finding>,
    goals: &[Goal],
) -> Plan {
    let title = composer.title(goals);
    let Composer {
        mut graph,
        waiting,
        consent_needed,
        ..
    } = composer;
    graph.title = title;
    if graph.steps.len() < graph.steps.capacity() / 2 {
        graph.steps.shrink_to_fit();
    }
    let consent_needed: Vec<ConsentNeeded> = consent_needed.into_iter().collect();
    // Before consent is given there is a graph to look at; it is not run.
    let faults = if consent_needed.is_empty() {
        checks::checks(&graph, spec, world)
    } else {
        checks::checks_of_draft(&graph, spec, world)
    };
    if !faults.is_empty() {
        graph.steps.clear();
        findings.extend(faults.into_iter().map(checks::Fault::finding));
    }
    Plan {
        hash: hash::of(&graph, &consent_needed),
        graph,
        waiting: waiting.into_iter().collect(),
        consent_needed,
        findings,
    }
}
