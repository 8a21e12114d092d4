//! What the planner is shown of the world, and the spec that it is asked about.

use crate::state::{Manager, ServerState};
use engine::Limits;
use model::graph::Consent;
use model::ids::ServerId;
use model::inventory::Inventory;
use model::report::Report;
use model::spec::{Goal, Spec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The world at one time, taken out so that planning holds nobody up.
pub(crate) struct Snapshot {
    inventory: Arc<Inventory>,
    reports: BTreeMap<ServerId, Arc<Report>>,
    managed: BTreeSet<ServerId>,
    online: BTreeSet<ServerId>,
    now_ms: i64,
}

impl Snapshot {
    /// As the planner wants it.
    pub fn world(&self) -> plan::World<'_> {
        plan::World {
            inventory: &self.inventory,
            reports: &self.reports,
            managed: &self.managed,
            online: &self.online,
            now_ms: self.now_ms,
        }
    }

    /// The plan for a spec.
    pub fn plan(&self, spec: &Spec, goals: &[Goal], consents: &[Consent]) -> plan::Plan {
        plan::plan(spec, self.world(), goals, consents)
    }

    /// Servers of which something else is known than before: they reported, came
    /// or fell silent.
    fn changed(&self, before: &Shown) -> BTreeSet<ServerId> {
        let is_same = |id: &ServerId, report: &Arc<Report>| {
            let old = before.reports.get(id);
            old.is_some_and(|old| Arc::ptr_eq(old, report))
        };
        let reported = self.reports.iter();
        let reported = reported.filter(|(id, report)| !is_same(id, report));
        let gone = before.reports.keys();
        let gone = gone.filter(|id| !self.reports.contains_key(id));
        let moved = self.online.symmetric_difference(&before.online);
        let all = reported.map(|(id, _)| id).chain(gone).chain(moved);
        all.copied().collect()
    }

    /// Every choice that a spec leaves open, made.
    pub fn resolve(&self, spec: &Spec) -> plan::Resolved {
        plan::resolve(spec, self.world()).0
    }

    /// How much may run at once, as a spec has it.
    fn limits(&self, spec: &Spec) -> Limits {
        let resolved = self.resolve(spec);
        let groups = resolved.groups.iter();
        let members = groups.flat_map(|group| {
            let name = &group.spec.name;
            group.servers.iter().map(|server| (*server, name.clone()))
        });
        Limits {
            per_server: usize::from(spec.policy.per_server_max).max(1),
            per_group: usize::from(spec.policy.per_group_max).max(1),
            in_all: usize::try_from(spec.policy.in_all_max).map_or(usize::MAX, |n| n.max(1)),
            group_of: members.collect(),
        }
    }
}

/// The planner of the kept spec: what it worked out, and what it was shown.
#[derive(Default)]
pub(crate) struct KeptPlanner {
    planner: plan::Planner,
    shown: Shown,
    /// The spec that it plans for, so that it need not be compared.
    spec: Arc<Spec>,
}

/// What was known when it planned last.
#[derive(Default)]
struct Shown {
    reports: BTreeMap<ServerId, Arc<Report>>,
    online: BTreeSet<ServerId>,
}

impl KeptPlanner {
    /// The plan for the kept spec, at the cost of what changed since the last.
    pub fn plan(
        &mut self,
        spec: Spec,
        snapshot: &Snapshot,
        goals: &[Goal],
        consents: &[Consent],
    ) -> plan::Plan {
        if spec != *self.spec {
            self.spec = Arc::new(spec);
        }
        let changed = snapshot.changed(&self.shown);
        let world = snapshot.world();
        let made = self
            .planner
            .plan(&self.spec, world, &changed, goals, consents);
        self.shown = Shown {
            reports: snapshot.reports.clone(),
            online: snapshot.online.clone(),
        };
        made
    }
}

/// A text that is no spec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the spec cannot be read{}: {text}", place(*.at))]
pub(crate) struct NoSpec {
    /// Line and column, from 1.
    pub at: Option<(u64, u64)>,
    /// What is wrong.
    pub text: String,
}

fn place(at: Option<(u64, u64)>) -> String {
    at.map_or_else(String::new, |(line, column)| {
        format!(", line {line}, column {column}")
    })
}

/// Reads a spec: YAML, and so JSON too. No text at all is the empty spec.
pub(crate) fn parse(text: &str) -> Result<Spec, NoSpec> {
    if text.trim().is_empty() {
        return Ok(Spec::default());
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let at = error.location();
        let at = at.map(|location| (location.line(), location.column()));
        // The place is said once, and whoever reads this has the text.
        let told = error.without_snippet().to_string();
        let text = told
            .rsplit_once(" at line ")
            .map_or(&*told, |(text, _)| text);
        NoSpec {
            at,
            text: text.to_owned(),
        }
    })
}

impl Manager {
    /// The plan for the kept spec. Takes as long as what changed since the last
    /// one is much; not to be called where others wait.
    pub(crate) fn plan_kept(
        &self,
        spec: Spec,
        snapshot: &Snapshot,
        goals: &[Goal],
        consents: &[Consent],
    ) -> plan::Plan {
        let planner = self.planner.lock();
        // A planner that was left halfway knows nothing that can be trusted.
        let mut planner = planner.unwrap_or_else(|broken| {
            let mut planner = broken.into_inner();
            *planner = KeptPlanner::default();
            self.planner.clear_poison();
            planner
        });
        planner.plan(spec, snapshot, goals, consents)
    }

    /// Takes out what the planner needs.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let world = self.world();
        let known = world.servers.iter();
        let known = known.filter(|(_, entry)| entry.state != ServerState::Revoked);
        let (mut reports, mut managed, mut online) =
            (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        for (id, entry) in known {
            if entry.record.is_managed {
                managed.insert(*id);
            }
            if let Some(report) = &entry.report {
                reports.insert(*id, Arc::clone(report));
                if entry.state == ServerState::Online && entry.is_fresh {
                    online.insert(*id);
                }
            }
        }
        Snapshot {
            inventory: world.detector.shared(),
            reports,
            managed,
            online,
            now_ms: self.now().as_millisecond(),
        }
    }

    /// How much may run at once, as the kept spec has it.
    pub(crate) async fn limits(&self) -> Limits {
        match self.store.spec(None).await {
            Ok(Some(kept)) => match parse(&kept.body) {
                Ok(spec) => return self.snapshot().limits(&spec),
                Err(error) => tracing::error!(%error, "The kept spec cannot be read."),
            },
            Ok(None) => {}
            Err(error) => {
                let error = stdx::chain::chain(&error);
                tracing::error!(error, "The kept spec cannot be had.");
            }
        }
        Limits::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_yaml_or_json_and_an_error_says_where() {
        let yaml = "candela: 1\nservers:\n- names: oss[01-02]\n  state: drained\n";
        let json = r#"{"candela": 1, "servers": [{"names": "oss[01-02]", "state": "drained"}]}"#;
        assert_eq!(parse(yaml).unwrap().servers[0].names, "oss[01-02]");
        assert_eq!(parse(yaml), parse(json));
        assert_eq!(parse(" \n"), Ok(Spec::default()));
        let wrong = parse("candela: 1\nserverz: []\n").unwrap_err();
        assert_eq!(wrong.at, Some((2, 1)), "{wrong}");
    }

    #[test]
    fn what_cannot_be_read_is_said_once_and_where() {
        let wrong = parse("candela: 1\nservers:\n- names: oss1\n  colour: red\n").unwrap_err();
        let said = "the spec cannot be read, line 4, column 3: unknown field `colour`, expected one of names, state";
        assert_eq!(wrong.to_string(), said);
    }
}
