//! Work that EMF (Exascaler Management Framework) was to do: the input
//! document of jobs and steps, and the plan with what became of each step.

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{exascaler, yaml};
use crate::storage::json::{self, field};
use crate::storage::text;

/// The reader of input documents.
pub static INPUT: Kind = Kind {
    name: "emf-input",
    about: "EMF's input document: jobs and their steps, as YAML",
    guess: guess_input,
    read: |input, sink| emit(&parse_input(input), sink),
};

/// The reader of plans.
pub static PLAN: Kind = Kind {
    name: "emf-plan",
    about: "EMF's plan: jobs, what they wait for, what became of their steps",
    guess: guess_plan,
    read: |input, sink| emit(&parse_plan(input), sink),
};

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its key.
    pub id: String,
    /// Its name for people.
    pub name: Option<String>,
    /// Jobs that come first.
    pub needs: Vec<String>,
    /// How many steps it has.
    pub n_steps: usize,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The job.
    pub job: String,
    /// Its name.
    pub id: String,
    /// What is done: `host.ssh_command`.
    pub action: String,
    /// Where, if it says so.
    pub host: Option<String>,
    /// What it is given, secrets left out.
    pub inputs: Vec<(String, String)>,
    /// What became of it.
    pub outcome: Option<Outcome>,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// `completed`, `failed`.
    pub state: String,
    /// When it began.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

/// All that a document says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// Their steps.
    pub steps: Vec<Step>,
    /// What was passed over.
    pub skips: Vec<Skip>,
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Reads an input document.
pub fn parse_input(input: &[u8]) -> Work {
    let mut work = Work::default();
    for document in yaml::documents(input, &mut work.skips) {
        let jobs = document.get("jobs").and_then(Value::as_object);
        for (id, job) in jobs.into_iter().flatten() {
            let n_before = work.steps.len();
            for one in list(job, "steps") {
                add(&mut work, id, one);
            }
            work.jobs.push(Job {
                id: id.clone(),
                name: field(job, "name"),
                needs: list(job, "needs").filter_map(json::text).collect(),
                n_steps: work.steps.len() - n_before,
            });
        }
    }
    work
}

/// Reads a plan. Edges lead from a job to those that wait for it.
pub fn parse_plan(input: &[u8]) -> Work {
    let mut work = Work::default();
    let Some(root) = json::read(input, &mut work.skips) else {
        return work;
    };
    let plan = root.get("plan").unwrap_or(&root);
    let nodes: Vec<(String, &Value)> = list(plan, "nodes")
        .filter_map(|node| Some((json::text(node.get(0)?)?, node.get(1)?)))
        .collect();
    let edge = |edge: &Value| {
        let end = |at: usize| usize::try_from(edge.get(at)?.as_u64()?).ok();
        Some((end(0)?, end(1)?))
    };
    let edges: Vec<(usize, usize)> = list(plan, "edges").filter_map(edge).collect();
    for (at, (id, job)) in nodes.iter().enumerate() {
        let n_before = work.steps.len();
        for one in list(job, "nodes") {
            add(&mut work, id, one);
        }
        let before = edges.iter().filter(|(_, to)| *to == at);
        let needs = before.filter_map(|(from, _)| Some(nodes.get(*from)?.0.clone()));
        work.jobs.push(Job {
            id: id.clone(),
            name: None,
            needs: needs.collect(),
            n_steps: work.steps.len() - n_before,
        });
    }
    work
}

fn add(work: &mut Work, job: &str, value: &Value) {
    match step(job, value) {
        Some(step) => work.steps.push(step),
        None => work.skips.push(Skip::new(
            1,
            SkipKind::BadValue,
            format!("a step of {job} has no id or no action"),
        )),
    }
}

fn step(job: &str, value: &Value) -> Option<Step> {
    let inputs = value.get("inputs").and_then(Value::as_object);
    let inputs = inputs
        .into_iter()
        .flatten()
        .filter(|(key, _)| !exascaler::is_secret(key));
    let plain = |key: &str| value.get(key).and_then(json::text).unwrap_or_default();
    let outcome = field(value, "state").map(|state| Outcome {
        state,
        started_at: field(value, "started_at"),
        finished_at: field(value, "finished_at"),
        stdout: plain("stdout"),
        stderr: plain("stderr"),
    });
    Some(Step {
        job: job.to_owned(),
        id: field(value, "id")?,
        action: field(value, "action")?,
        host: value.get("inputs").and_then(|inputs| field(inputs, "host")),
        inputs: inputs
            .filter_map(|(key, value)| Some((key.clone(), json::text(value)?)))
            .collect(),
        outcome,
    })
}

fn guess_input(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    let has_within = |key: &str| text.lines().any(|line| line.trim_start().starts_with(key));
    if has("jobs:") && has("version:") && has_within("steps:") && has_within("- action:") {
        92
    } else {
        0
    }
}

fn guess_plan(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let keys = ["\"plan\"", "\"nodes\"", "\"edges\"", "\"edge_property\""];
    let n_known = keys.iter().filter(|key| text.contains(**key)).count();
    match n_known {
        4 => 92,
        3 if text.contains("\"plan\"") => 60,
        _ => 0,
    }
}

fn emit(work: &Work, sink: &mut dyn Sink) {
    text::emit("emf.job", &work.jobs, Vec::new(), sink);
    text::emit("emf.step", &work.steps, work.skips.clone(), sink);
}
