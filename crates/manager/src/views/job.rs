//! Plans and jobs, as the API shows them.

use super::server_ref;
use crate::state::World;
use api::job::{Job, JobDetail, JobStep};
use api::server::Ref;
use api::spec::{ConsentNeeded, Feels, Plan, PlanStep, Touched, Waiting};
use engine::Desk;
use jiff::Timestamp;
use lustre::label::TargetLabel;
use model::graph::{Planned, StepId};
use model::ids::ServerId;
use model::job::{JobState, StepState};
use model::step::{Cancel, Class, Thing, Undo};
use std::collections::{BTreeMap, BTreeSet};

fn name(world: &World, id: ServerId) -> String {
    server_ref(world, id).name
}

fn at(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .unwrap_or_default()
        .to_string()
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Servers that a plan names, so that it can be shown without the world.
pub(crate) struct Names(BTreeMap<ServerId, Ref>);

impl Names {
    /// Those of a plan.
    pub fn of(world: &World, plan: &plan::Plan) -> Self {
        let steps = plan.graph.steps.iter().map(|planned| planned.on);
        let needed = plan.consent_needed.iter().map(|one| one.server);
        let removes = plan.graph.removes.iter().copied();
        let all: BTreeSet<ServerId> = steps.chain(needed).chain(removes).collect();
        let named = all.into_iter().map(|id| (id, server_ref(world, id)));
        Self(named.collect())
    }

    fn server(&self, id: ServerId) -> Ref {
        self.0.get(&id).cloned().unwrap_or_else(|| Ref {
            id: id.to_string(),
            name: id.to_string(),
        })
    }
}

/// A plan without its steps, and without the devices that need consent: what of it is
/// small, however large it is.
pub(crate) fn brief(names: &Names, mut plan: plan::Plan, base_version: u64) -> Plan {
    let (n_steps, is_ready) = (plan.graph.steps.len(), plan.is_ready());
    plan.graph.steps.clear();
    plan.consent_needed.clear();
    Plan {
        n_steps: count(n_steps),
        is_ready,
        ..self::plan(names, plan, base_version)
    }
}

/// A plan. For a large site this takes seconds: not to be called with the world in hand.
pub(crate) fn plan(names: &Names, plan: plan::Plan, base_version: u64) -> Plan {
    let steps = plan.graph.steps.iter();
    let steps = steps
        .map(|planned| step(names.server(planned.on), planned))
        .collect();
    let waiting = plan.waiting.iter().map(|one| Waiting {
        what: one.what.clone(),
        for_what: one.for_what.clone(),
        code: one.code.clone(),
    });
    let needed = plan.consent_needed.iter().map(|one| ConsentNeeded {
        device: one.device.to_string(),
        signature: one.signature.clone(),
        target: one.target.clone(),
        word: word(&one.target),
        server: names.server(one.server),
        why: one.why.clone(),
    });
    let removes = plan.graph.removes.iter();
    Plan {
        removes: removes.map(|id| names.server(*id)).collect(),
        n_steps: count(plan.graph.steps.len()),
        base_version,
        is_ready: plan.is_ready(),
        steps,
        waiting: waiting.collect(),
        consent_needed: needed.collect(),
        title: plan.graph.title,
        spec: None,
        findings: plan.findings,
        hash: plan.hash,
    }
}

/// What a person types to agree to what happens to a target: the name of its
/// file system, or of the target where it has none.
fn word(target: &str) -> String {
    // An MGT is called `MGS of scratch`.
    let last = target.rsplit(' ').next().unwrap_or(target);
    let label: Result<TargetLabel, _> = last.parse();
    let fs = label
        .ok()
        .and_then(|label| label.fs().map(ToString::to_string));
    fs.unwrap_or_else(|| last.to_owned())
}

/// Things with a page of their own that a step touches, beside its server.
fn touched(planned: &Planned) -> Vec<Touched> {
    let claims = planned.step.facts().claims.into_iter();
    let things = claims.filter_map(|claim| {
        let (noun, name) = match claim.thing {
            Thing::Target(TargetLabel::Mgs)
            | Thing::ThisServer
            | Thing::ThisLnet
            | Thing::Zpool(_)
            | Thing::Mgs(_)
            | Thing::MountPoint(_) => return None,
            Thing::Node(name) => ("server", name),
            Thing::Device(id) => ("device", id.to_string()),
            Thing::Target(label) => ("target", label.to_string()),
            Thing::FileSystem(name) => ("filesystem", name.to_string()),
            Thing::Cib(name) => ("ha-cluster", name),
        };
        let noun = noun.to_owned();
        Some(Touched { noun, name })
    });
    let mut things: Vec<Touched> = things.collect();
    things.dedup();
    things
}

/// A step as it is planned.
fn step(server: Ref, planned: &Planned) -> PlanStep {
    let facts = planned.step.facts();
    let feels = planned.feels.iter().map(|impact| Feels {
        filesystem: impact.fs.to_string(),
        text: impact.text.clone(),
        seconds: impact.seconds,
    });
    PlanStep {
        number: planned.id.0,
        server,
        title: facts.title,
        kind: planned.step.kind(),
        why: planned.why.clone(),
        commands: planned.actions().iter().map(ToString::to_string).collect(),
        class: match facts.class {
            Class::ReadOnly => "read-only",
            Class::Service => "service",
            Class::DiskWriting => "disk-writing",
        }
        .to_owned(),
        deadline_s: facts.deadline_s,
        after: planned.after.iter().map(|step| step.0).collect(),
        feels: feels.collect(),
        undo: match facts.undo {
            Undo::Nothing => String::from("Nothing has to be undone."),
            Undo::By(step) => format!("Undone by: {}.", step.facts().title),
            Undo::Ask(why) => why.to_owned(),
        },
        cancel: match facts.cancel {
            Cancel::Kill => "Its command may be killed.",
            Cancel::Finish => "It is left to end; what follows is not started.",
            Cancel::Complete => {
                "It is left to end, and asked again if it is interrupted, until the job is cancelled a second time; what follows is not started."
            }
        }
        .to_owned(),
        erases: planned
            .step
            .erases()
            .iter()
            .map(ToString::to_string)
            .collect(),
        closes: planned.closes.map(|step| step.0),
        touches: touched(planned),
    }
}

/// A job in a list.
pub(crate) fn job(world: &World, desk: &Desk, job: &engine::Job) -> Job {
    let (n_over, n_steps) = job.progress();
    let steps = job.graph().steps.iter();
    let n_failed = match job.state() {
        JobState::Done | JobState::Cancelled => 0,
        _ => steps
            .filter(|step| job.state_of(step.id) == Some(StepState::Failed))
            .count(),
    };
    let waits_for = desk.engine().waits_for(
        job.id(),
        |server| desk.is_here(server),
        |server| name(world, server),
    );
    Job {
        id: job.id().to_string(),
        title: job.graph().title.clone(),
        state: job.state(),
        by: job.by().to_owned(),
        submitted_at: at(job.submitted_ms()),
        ended_at: job.ended_ms().map(at),
        n_over: count(n_over),
        n_steps: count(n_steps),
        n_failed: count(n_failed),
        waits_for,
    }
}

/// Which steps of a job are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// Only those whose state is of this time or later.
    pub since_ms: i64,
    /// The first number.
    pub from: usize,
    /// So many at most.
    pub limit: usize,
}

/// A job with a page of its steps.
pub(crate) fn detail(world: &World, desk: &Desk, of: &engine::Job, wanted: Wanted) -> JobDetail {
    let steps = of.graph().steps.iter().skip(wanted.from);
    let mut steps =
        steps.filter(|step| of.since_ms(step.id).unwrap_or_default() >= wanted.since_ms);
    let page: Vec<&Planned> = steps.by_ref().take(wanted.limit).collect();
    let next = steps.next().map(|step| step.id.0);
    let steps = page.into_iter().map(|planned| {
        let id: StepId = planned.id;
        let done = of.done_of(id);
        JobStep {
            plan: step(server_ref(world, planned.on), planned),
            state: of.state_of(id).unwrap_or(StepState::Waiting),
            since: at(of.since_ms(id).unwrap_or_default()),
            attempt: of.attempt_of(id).unwrap_or_default().0,
            failure: of.failure_of(id).cloned(),
            is_changed: done.map(|(changed, _)| *changed),
            seen: done.map(|(_, seen)| seen.clone()),
            waits_for: desk.engine().step_waits_for(
                of,
                id,
                |server| desk.is_here(server),
                |server| name(world, server),
            ),
        }
    });
    JobDetail {
        job: job(world, desk, of),
        steps: steps.collect(),
        next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::graph::Graph;
    use model::step::ServiceSet;

    fn planned(number: u32) -> Planned {
        let step = ServiceSet {
            unit: String::from("chronyd.service"),
            is_running: true,
            is_enabled: None,
        };
        Planned {
            id: StepId(number),
            on: ServerId(uuid::Uuid::from_u128(number.into())),
            step: step.into(),
            after: Vec::new(),
            why: String::from("A test."),
            feels: Vec::new(),
            closes: None,
        }
    }

    #[test]
    fn a_brief_plan_says_of_the_whole_what_the_whole_says() {
        let needed = plan::ConsentNeeded {
            device: model::ids::DeviceId(String::from("wwn:1")),
            signature: String::from("blank"),
            target: String::from("lab-OST0001"),
            server: ServerId(uuid::Uuid::from_u128(1)),
            why: String::from("It is made on it."),
        };
        let made = plan::Plan {
            graph: Graph {
                title: String::from("Set the clocks"),
                steps: (0..3).map(planned).collect(),
                ..Graph::default()
            },
            consent_needed: vec![needed],
            ..plan::Plan::default()
        };
        let names = Names::of(&World::default(), &made);
        let whole = plan(&names, made.clone(), 7);
        assert_eq!((whole.steps.len(), whole.n_steps), (3, 3));
        assert_eq!(whole.steps[2].server.id, planned(2).on.to_string());
        assert_eq!(whole.consent_needed.len(), 1);
        let short = brief(&names, made, 7);
        let rest = Plan {
            steps: Vec::new(),
            consent_needed: Vec::new(),
            ..whole
        };
        assert_eq!(short, rest);
    }
}
