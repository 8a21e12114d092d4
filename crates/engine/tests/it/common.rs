//! Graphs in a line of text, and a driver that keeps a journal.

use engine::Engine;
use model::graph::{Graph, NewStep, StepId};
use model::ids::{JobId, ServerId};
use model::job::{Attempt, Effect, Failure, JobEvent, Outcome, Recorded, StepState};
use model::step::{DeviceRef, FirewallOpen, LnetUp, ServiceSet, Step, TargetUnmounted};
use uuid::Uuid;

pub fn server(n: u8) -> ServerId {
    ServerId(Uuid::from_u128(u128::from(n)))
}

pub fn job(n: u8) -> JobId {
    JobId(Uuid::from_u128(0x100 + u128::from(n)))
}

/// A step that claims a target.
pub fn on_target(index: u16) -> Step {
    let label = format!("fs-OST{index:04x}").parse().unwrap();
    let device = DeviceRef {
        id: model::ids::DeviceId(format!("wwn:{index}")),
        path: format!("/dev/sd{index}"),
    };
    let mount_point = format!("/lustre/ost{index}");
    TargetUnmounted {
        label,
        device,
        mount_point,
    }
    .into()
}

/// A step that must not stay half done.
pub fn registered() -> Step {
    model::step::TargetRegistered {
        label: "fs-OST0000".parse().unwrap(),
        device: DeviceRef {
            id: model::ids::DeviceId(String::from("wwn:0")),
            path: String::from("/dev/sd0"),
        },
        back_end: String::from("ldiskfs"),
        mount_point: String::from("/lustre/ost0"),
    }
    .into()
}

/// A step that may be killed, and claims nothing that others claim alone.
pub fn killable() -> Step {
    FirewallOpen {
        ports: vec![String::from("988/tcp")],
    }
    .into()
}

/// A step that has LNet of its server alone.
pub fn on_lnet() -> Step {
    LnetUp {
        nets: Vec::new(),
        gone: Vec::new(),
    }
    .into()
}

/// A step that opens and one that closes.
pub fn service(is_running: bool) -> Step {
    ServiceSet {
        unit: String::from("pacemaker.service"),
        is_running,
        is_enabled: None,
    }
    .into()
}

pub fn add(graph: &mut Graph, on: u8, step: Step, after: &[u32]) -> StepId {
    graph.push(NewStep {
        on: server(on),
        step,
        after: after.iter().map(|&id| StepId(id)).collect(),
        why: String::from("A test."),
        feels: Vec::new(),
        closes: None,
    })
}

/// An engine and its journal, with everyone's agent here.
#[derive(Default)]
pub struct Driver {
    pub engine: Engine,
    pub journal: Vec<Recorded>,
    pub effects: Vec<Effect>,
    pub now_ms: i64,
}

impl Driver {
    pub fn record(&mut self, job: JobId, event: JobEvent) {
        let recorded = Recorded {
            job,
            at_ms: self.now_ms,
            event,
        };
        self.journal.push(recorded.clone());
        self.effects.extend(self.engine.apply(&recorded));
    }

    pub fn submit(&mut self, id: JobId, graph: Graph) {
        let event = JobEvent::Submitted {
            graph: Box::new(graph),
            by: String::from("user:test"),
            plan_hash: String::new(),
            consents: Vec::new(),
        };
        assert_eq!(self.engine.check(id, &event), Ok(()));
        self.record(id, event);
    }

    /// Starts all that may start.
    pub fn go(&mut self) {
        for (id, step, attempt) in self.engine.next(|_| true, 1000) {
            self.record(id, JobEvent::Started { step, attempt });
        }
    }

    pub fn end(&mut self, id: JobId, step: u32, outcome: Outcome) {
        let step = StepId(step);
        let attempt = self.engine.job(id).unwrap().attempt_of(step).unwrap();
        self.record(
            id,
            JobEvent::Ended {
                step,
                attempt,
                outcome,
            },
        );
    }

    pub fn done(&mut self, id: JobId, step: u32) {
        self.end(id, step, done());
        self.go();
    }

    /// States in one line: a letter a step.
    pub fn line(&self, id: JobId) -> String {
        let job = self.engine.job(id).unwrap();
        let steps = job.graph().steps.iter();
        let letter = |state| match state {
            StepState::Waiting => '.',
            StepState::Ready => 'o',
            StepState::Running => 'R',
            StepState::Retrying => 'r',
            StepState::Stuck => 'S',
            StepState::Done => 'D',
            StepState::Failed => 'F',
            StepState::Skipped => 's',
            StepState::Cancelled => 'C',
        };
        steps
            .map(|step| letter(job.state_of(step.id).unwrap()))
            .collect()
    }

    /// Lets the time come that the last timer of a step asked for.
    pub fn fire(&mut self, id: JobId, step: u32) {
        let asked = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Timer {
                job,
                step: of,
                attempt,
                at_ms,
            } if *job == id && of.0 == step => Some((*attempt, *at_ms)),
            _ => None,
        });
        let (attempt, at_ms) = asked.expect("a timer was asked for");
        self.now_ms = self.now_ms.max(at_ms);
        let step = StepId(step);
        self.record(id, JobEvent::TimerFired { step, attempt });
        self.go();
    }
}

pub fn done() -> Outcome {
    Outcome::Done {
        changed: true,
        seen: String::from("It is so."),
    }
}

pub fn failed(is_transient: bool) -> Outcome {
    Outcome::Failed(Failure {
        code: String::from("device-busy"),
        text: String::from("The device is busy."),
        remedy: String::from("Wait."),
        is_transient,
    })
}

pub fn attempt(n: u32) -> Attempt {
    Attempt(n)
}
