//! A second reading of a graph, which shares no code with the planner: what
//! must be true of any graph, whoever made it.
//!
//! - `view`: the graph and the world, looked at from here.
//! - `who`: only managed servers that are there; Pacemaker's and others' targets left alone.
//! - `consent`: nothing is erased without an operator's word.
//! - `order`: LNet before all, the MGS before those that it knows.
//! - `mdt`: MDT0000 before new targets, all MDTs before new OSTs.
//! - `single`: no target in two places, in any order that the graph allows.

mod consent;
mod mdt;
mod order;
mod single;
mod view;
mod who;

use crate::world::World;
use model::graph::{Graph, StepId};
use model::spec::{Finding, Spec};

/// What is wrong with a graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// `plan-fault`, or `consent-needed` for what a person has yet to say.
    pub code: String,
    /// The step.
    pub step: Option<StepId>,
    /// What is wrong with it, one sentence.
    pub text: String,
}

impl Fault {
    fn of(step: StepId, text: impl Into<String>) -> Self {
        Self {
            code: crate::codes::PLAN_FAULT.to_owned(),
            step: Some(step),
            text: text.into(),
        }
    }

    /// As a finding, which keeps the plan from being run.
    pub fn finding(self) -> Finding {
        let at = self.step.map(|step| format!(".steps[{step}]"));
        Finding {
            is_error: true,
            path: format!("plan{}", at.unwrap_or_default()),
            reason: self.text,
            remedy: String::from("This is a fault of Candela: report it with the spec."),
        }
    }
}

/// All that is wrong with a graph; nothing, for one that may be run.
pub fn checks(graph: &Graph, spec: &Spec, world: World<'_>) -> Vec<Fault> {
    read(graph, spec, world, true)
}

/// The same of a graph that is only looked at: consent is still to be given.
pub(crate) fn checks_of_draft(graph: &Graph, spec: &Spec, world: World<'_>) -> Vec<Fault> {
    read(graph, spec, world, false)
}

fn read(graph: &Graph, spec: &Spec, world: World<'_>, needs_consent: bool) -> Vec<Fault> {
    if let Some(text) = graph.fault() {
        return vec![Fault {
            code: crate::codes::PLAN_FAULT.to_owned(),
            step: None,
            text,
        }];
    }
    if graph.is_empty() && graph.said_off.is_empty() {
        return Vec::new();
    }
    let view = view::View::new(graph, spec, world);
    let mut faults = who::check(&view);
    faults.extend(consent::check(&view, needs_consent));
    faults.extend(order::check(&view));
    faults.extend(mdt::check(&view));
    faults.extend(single::check(&view));
    faults.sort();
    faults
}
