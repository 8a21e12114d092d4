//! A second reading of a graph, which shares no code with the planner.

use crate::world::World;
use model::graph::{Graph, StepId};
use model::spec::{Finding, Spec};

/// What is wrong with a graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// See [`crate::codes`].
    pub code: String,
    /// The step.
    pub step: Option<StepId>,
    /// What is wrong with it, one sentence.
    pub text: String,
}

impl Fault {
    /// As a finding, which keeps the plan from being run.
    pub fn finding(self) -> Finding {
        Finding {
            is_error: true,
            path: String::from("plan"),
            reason: self.text,
            remedy: String::from("This is a fault of Candela: report it with the spec."),
        }
    }
}

/// All that is wrong with a graph; nothing, for one that may be run.
pub fn checks(_graph: &Graph, _spec: &Spec, _world: World<'_>) -> Vec<Fault> {
    Vec::new()
}
