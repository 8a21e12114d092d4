//! What a plan says and the engine runs: steps in order, with all that a
//! person must know before saying yes.

use crate::ids::{DeviceId, ServerId};
use crate::step::{Action, Step};
use lustre::label::FsName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Steps in one graph at most. Above it a plan is cut by the planner into
/// several, and says so.
pub const STEPS_MAX: usize = 1_000_000;

/// A step's number in its graph, from 0; those it waits for have smaller ones.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StepId {
    /// Its place in the graph's list.
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Work with an end.
///
/// **Invariant:** a step's number is its place, and each of its `after` is
/// smaller, so a graph has no cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// What it is for, in a few words: `Create file system scratch`.
    pub title: String,
    /// The steps.
    pub steps: Vec<Planned>,
    /// Servers that are held to be off because a person says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said_off: Vec<SaidOff>,
    /// Servers whose enrolment ends once all steps have ended well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removes: Vec<ServerId>,
}

/// A person's word that a server is powered off, and stays so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidOff {
    /// The server.
    pub server: ServerId,
    /// Who says so, and when; empty in a draft.
    pub consent: Vec<Consent>,
}

impl SaidOff {
    /// What consent names: the server, as if it were a device.
    pub fn device(server: ServerId) -> DeviceId {
        DeviceId(format!("server:{server}"))
    }

    /// What is known of a silent server: whoever says that it is off speaks of
    /// this silence, and of no later one.
    pub fn signature(report: &crate::report::Report) -> String {
        let at = report.at.map(|at| at.to_string()).unwrap_or_default();
        format!("silent since {at} boot {}", report.identity.boot_id)
    }
}

/// A step in a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its number.
    pub id: StepId,
    /// The server that carries it out.
    pub on: ServerId,
    /// What to do.
    pub step: Step,
    /// Steps that must have ended well before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<StepId>,
    /// Why the plan has it, one sentence.
    pub why: String,
    /// Who feels it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feels: Vec<Impact>,
    /// A step that puts back what an earlier one of this graph changed only for
    /// the graph's own time. It runs even if steps between failed or the job was
    /// cancelled, once nothing else runs; the earlier one is named here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<StepId>,
}

/// Who feels a step, and how long.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Impact {
    /// The file system whose clients feel it.
    pub fs: FsName,
    /// What they feel: `I/O to 2 of its 8 OSTs waits`.
    pub text: String,
    /// For about how long, seconds.
    pub seconds: u32,
}

/// An operator's word that this device may lose what is on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Consent {
    /// The device.
    pub device: DeviceId,
    /// What was on it when consent was given: see [`signature`].
    pub signature: String,
    /// Who gave it.
    pub by: String,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
}

/// What lies on a device, as text to be compared: `blank`, `ext4 label=… uuid=…`.
pub fn signature(device: &crate::report::Device) -> String {
    let Some(content) = &device.content else {
        return String::from(BLANK);
    };
    let part = |name: &str, value: &Option<String>| {
        value
            .as_ref()
            .map_or_else(String::new, |value| format!(" {name}={value}"))
    };
    format!(
        "{content}{}{}",
        part("label", &device.label),
        part("uuid", &device.uuid)
    )
}

/// What lies on a device as one server's report shows it: for a pool its guid,
/// for a dataset the target that it names. None if the report does not show it.
pub fn signature_seen(report: &crate::report::Report, id: &DeviceId) -> Option<String> {
    if let Some(guid) = id.0.strip_prefix("zpool:") {
        let mut pools = report.zpools.iter().flatten();
        return pools.any(|pool| pool.guid == guid).then(|| guid.to_owned());
    }
    if let Some(name) = id.0.strip_prefix("dataset:") {
        // `GUID/POOL/NAME`
        let name = name.split_once('/')?.1;
        let mut datasets = report.datasets.iter().flatten();
        let dataset = datasets.find(|dataset| dataset.name == name)?;
        return Some(match dataset.lustre.get("svname") {
            Some(label) => format!("dataset svname={label}"),
            None => String::from("dataset"),
        });
    }
    let mut devices = report.devices.iter().flatten();
    devices.find(|device| device.id == *id).map(signature)
}

/// The signature of a device that holds nothing known.
pub const BLANK: &str = "blank";

/// A lower bound on how sure a repeated look is: the plan waits for something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Waiting {
    /// What is not done yet: `mount scratch-OST0001`.
    pub what: String,
    /// What it waits for, one sentence.
    pub for_what: String,
    /// Stable code with a page in `docs/errors`.
    pub code: String,
}

impl Graph {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// A step.
    pub fn step(&self, id: StepId) -> Option<&Planned> {
        self.steps.get(id.index())
    }

    /// Whether the other one has the same steps, whoever consented and when.
    pub fn is_like(&self, other: &Self) -> bool {
        let same = |(one, two): (&Planned, &Planned)| {
            one.on == two.on && one.after == two.after && one.actions() == two.actions()
        };
        self.steps.len() == other.steps.len() && self.steps.iter().zip(&other.steps).all(same)
    }

    /// Adds a step after others; gives its number.
    pub fn push(&mut self, planned: NewStep) -> StepId {
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        let after: BTreeSet<StepId> = planned
            .after
            .into_iter()
            .filter(|before| *before < id)
            .collect();
        self.steps.push(Planned {
            id,
            on: planned.on,
            step: planned.step,
            after: after.into_iter().collect(),
            why: planned.why,
            feels: planned.feels,
            closes: planned.closes,
        });
        id
    }

    /// Servers that take part.
    pub fn servers(&self) -> BTreeSet<ServerId> {
        self.steps.iter().map(|step| step.on).collect()
    }

    /// What breaks the invariant of numbers and order; none if nothing.
    pub fn fault(&self) -> Option<String> {
        self.steps.iter().enumerate().find_map(|(place, step)| {
            if step.id.index() != place {
                return Some(format!("step {} stands at place {place}", step.id));
            }
            let late = step
                .after
                .iter()
                .chain(&step.closes)
                .find(|&&before| before >= step.id);
            late.map(|before| format!("step {} waits for step {before}", step.id))
        })
    }
}

/// A step that a graph does not have yet.
#[derive(Clone, Debug)]
pub struct NewStep {
    /// The server that carries it out.
    pub on: ServerId,
    /// What to do.
    pub step: Step,
    /// Steps before it.
    pub after: Vec<StepId>,
    /// Why.
    pub why: String,
    /// Who feels it.
    pub feels: Vec<Impact>,
    /// See [`Planned::closes`].
    pub closes: Option<StepId>,
}

impl Planned {
    /// What it will run and write: the same that the agent runs and writes.
    pub fn actions(&self) -> Vec<Action> {
        self.step.actions()
    }
}
