//! What a job or a step waits for, in one sentence.

use crate::{Engine, Job};
use model::graph::StepId;
use model::ids::{JobId, ServerId};
use model::job::{JobState, StepState};

impl Engine {
    /// What a job waits for; none if something of it runs on a server that is there, or
    /// it is over.
    pub fn waits_for(
        &self,
        id: JobId,
        is_here: impl Fn(ServerId) -> bool,
        name: impl Fn(ServerId) -> String,
    ) -> Option<String> {
        let job = self.job(id)?;
        match job.state() {
            JobState::Done | JobState::Cancelled => return None,
            JobState::NeedsAttention => {
                return Some(String::from(
                    "It waits for a person: a step failed; retry it, skip it or cancel the job.",
                ));
            }
            JobState::Running | JobState::Cancelling => {}
        }
        if let Some((key, other)) = self.job_claims().before(id) {
            let title = self.job(other).map_or("", |job| job.graph().title.as_str());
            return Some(format!(
                "It waits for job {other} ({title}), which holds {}.",
                key.0
            ));
        }
        let mut steps = job.graph().steps.iter();
        let is_running = |id| job.state_of(id) == Some(StepState::Running);
        if steps.any(|step| is_running(step.id) && is_here(step.on)) {
            return None;
        }
        let steps = job.graph().steps.iter().map(|step| step.id);
        let mut waits = steps.filter_map(|step| self.step_waits_for(job, step, &is_here, &name));
        waits.next()
    }

    /// What a step waits for; none if it runs on a server that is there, or is over.
    pub fn step_waits_for(
        &self,
        job: &Job,
        step: StepId,
        is_here: impl Fn(ServerId) -> bool,
        name: impl Fn(ServerId) -> String,
    ) -> Option<String> {
        let planned = job.graph().step(step)?;
        let title = planned.step.facts().title;
        match job.state_of(step)? {
            StepState::Waiting => {
                let undone = |before: &&StepId| {
                    !matches!(
                        job.state_of(**before),
                        Some(StepState::Done | StepState::Skipped)
                    )
                };
                let n = planned.after.iter().filter(undone).count();
                let first = planned.after.iter().find(undone)?;
                let first = job.graph().step(*first)?.step.facts().title;
                Some(match n {
                    1 => format!("{title} waits for: {first}."),
                    _ => format!("{title} waits for {n} steps, first: {first}."),
                })
            }
            StepState::Ready => Some(if !is_here(planned.on) {
                format!("{title} waits for the agent of {}.", name(planned.on))
            } else if let Some((key, (other, _))) = self.step_claims().conflict(planned) {
                format!("{title} waits for {}, which job {other} holds.", key.0)
            } else if let Some(limit) = self.queue().limit_at(planned.on) {
                format!("{title} waits: there are {limit}.")
            } else {
                format!("{title} is about to start.")
            }),
            StepState::Retrying => {
                let why = job
                    .failure_of(step)
                    .map_or("", |failure| failure.text.as_str());
                Some(format!("{title} is tried again soon: {why}"))
            }
            StepState::Running | StepState::Stuck if !is_here(planned.on) => Some(format!(
                "{title} was handed to {}, whose agent is gone; it answers when it is back.",
                name(planned.on)
            )),
            StepState::Stuck => Some(format!(
                "{title} takes longer than it should, and is left to end."
            )),
            StepState::Running
            | StepState::Done
            | StepState::Failed
            | StepState::Skipped
            | StepState::Cancelled => None,
        }
    }
}
