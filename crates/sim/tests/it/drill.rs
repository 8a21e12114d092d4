//! The drill: every kind of step fails before, while and after each thing that
//! it does; hangs; loses its answer, its agent, its server; comes twice and comes
//! late. Given again it comes to be so, and nothing is done twice.
//!
//! A kind is drilled where the planner asks for it, in the scenes; what undoes a
//! step is drilled with it. A kind that is reached by neither fails the test: it
//! needs an act in a scene, and nothing else.

pub mod agent;
mod picture;
pub mod scene;

use ::agent::orders::Answer;
use agent::{Agent, Told, Trouble};
use model::graph::Planned;
use model::job::Outcome;
use model::step::{KINDS, Step, Undo};
use picture::Picture;
use scene::{Act, Reports, Scene};
use sim::world::World;
use sim::world::host::HostName;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often a step is given again.
const TIMES_MAX: usize = 6;
/// Between two times, seconds.
const BETWEEN: u64 = 45;
/// How long a world is left alone before it is looked at, seconds.
const SETTLE: u64 = 90;

/// A step that is due in a world.
struct Due<'a> {
    world: World,
    /// What it was planned for; none for what undoes a step.
    act: Option<&'a Act>,
    /// What those reported last who are dead.
    last: &'a Reports,
    host: HostName,
    step: Step,
    scene: &'static str,
}

/// How it goes where nothing goes wrong.
struct Smooth {
    after: World,
    picture: Picture,
    erased: BTreeMap<String, usize>,
    n_touches: usize,
    n_reads: usize,
}

/// What was seen to be wrong.
#[derive(Default)]
struct Found {
    faults: Vec<String>,
    /// How often something went wrong on purpose.
    n_troubles: usize,
}

impl Due<'_> {
    fn note(&self, found: &mut Found, when: &str, what: impl AsRef<str>) {
        let (scene, kind) = (self.scene, self.step.kind());
        let text = format!(
            "{scene}: {kind} on {}: {when}: {}",
            self.host,
            what.as_ref()
        );
        found.faults.push(text);
    }

    /// A step with the same commands in the same scene is drilled once.
    fn key(&self) -> String {
        let actions = self.step.actions();
        let heads = actions.iter().map(|action| {
            let text = action.to_string();
            text.split(' ').take(2).collect::<Vec<_>>().join(" ")
        });
        let heads: Vec<String> = heads.collect();
        format!("{} {} {:?}", self.scene, self.step.kind(), heads.first())
    }

    /// Carries it out undisturbed; none where it was so already.
    fn smoothly(&self, found: &mut Found) -> Option<Smooth> {
        let mut agent = Agent::new(self.world.clone(), &self.host);
        let order = agent.next_order(&self.step);
        let since = picture::last(&self.world);
        let told = agent.order(&order, None);
        let (n_touches, n_reads) = match told {
            Told::Ended(Outcome::Done { changed: true, .. }, touches, reads) => (touches, reads),
            Told::Ended(Outcome::Done { changed: false, .. }, ..) => return None,
            // What undoes a step may need what the next one took away.
            _ if self.act.is_none() => return None,
            other => {
                self.note(found, "undisturbed", format!("{other:?}"));
                return None;
            }
        };
        let again = agent.order(&order, None);
        if !matches!(again, Told::Answered(Answer::Refused(_))) {
            self.note(found, "a copy that comes late", format!("{again:?}"));
        }
        let next = agent.next_order(&self.step);
        match agent.order(&next, None) {
            Told::Ended(Outcome::Done { changed: false, .. }, 0, _) => {}
            other => self.note(found, "twice", format!("{other:?}")),
        }
        let after = agent.world().clone();
        agent.wait(SETTLE);
        let world = agent.world();
        Some(Smooth {
            picture: picture::of(&world),
            erased: picture::erased(&world, since),
            after,
            n_touches,
            n_reads,
        })
    }

    /// Lets one thing go wrong, and gives it again until it is so.
    fn with(&self, trouble: Trouble, at: usize, smooth: &Smooth, found: &mut Found) {
        let when = format!("{trouble:?} at {at}");
        let since = picture::last(&self.world);
        let mut agent = Agent::new(self.world.clone(), &self.host);
        found.n_troubles += 1;
        let mut told = Vec::new();
        let mut wrong = Some((trouble, at));
        while told.len() < TIMES_MAX {
            let order = agent.next_order(&self.step);
            let outcome = agent.order(&order, wrong.take());
            let is_done = matches!(outcome, Told::Ended(Outcome::Done { .. }, ..));
            told.push(outcome);
            if is_done {
                break;
            }
            agent.wait(BETWEEN);
        }
        for one in &told {
            if let Some(problem) = unlawful(one) {
                self.note(found, &when, problem);
            }
        }
        if trouble == Trouble::Crashes {
            self.after_crash(agent, smooth, since, found, &when);
            return;
        }
        if !matches!(told.last(), Some(Told::Ended(Outcome::Done { .. }, ..))) {
            self.note(found, &when, format!("it never comes to be so: {told:#?}"));
            return;
        }
        agent.wait(SETTLE);
        let world = agent.world();
        for line in picture::differences(&smooth.picture, &picture::of(&world)) {
            self.note(found, &when, format!("{line}\n{told:?}"));
        }
        let erased = picture::erased(&world, since);
        if erased != smooth.erased {
            let text = format!("lost {erased:?}, and not {:?}", smooth.erased);
            self.note(found, &when, text);
        }
        for twice in picture::used_twice(&world) {
            self.note(found, &when, twice);
        }
    }

    /// A server that went down takes along more than the step is about: what was
    /// wanted is planned anew, until there is nothing left to do.
    fn after_crash(
        &self,
        agent: Agent,
        smooth: &Smooth,
        since: u64,
        found: &mut Found,
        when: &str,
    ) {
        let mut world = agent.into_world();
        let mut left = Vec::new();
        for _ in 0..TIMES_MAX {
            world = settled(world, SETTLE);
            let Some(act) = self.act else { break };
            let plan = scene::plan(&world, self.last, &act.without_goals());
            left = plan.graph.steps.iter().map(|one| one.step.kind()).collect();
            left.extend(plan.waiting.iter().map(|one| one.for_what.clone()));
            left.extend(plan.findings.iter().map(|one| one.reason.clone()));
            if left.is_empty() {
                break;
            }
            world = carried_out(world, &plan.graph.steps);
        }
        if !left.is_empty() {
            self.note(found, when, format!("planned anew, this is left: {left:?}"));
        }
        let erased = picture::erased(&world, since);
        let more = |(what, n): (&String, &usize)| smooth.erased.get(what).is_none_or(|of| n > of);
        if self.act.is_none() && erased.iter().any(more) {
            self.note(
                found,
                when,
                format!("lost {erased:?}, and not {:?}", smooth.erased),
            );
        }
        for twice in picture::used_twice(&world) {
            self.note(found, when, twice);
        }
    }

    /// All that can go wrong; gives the world after an undisturbed run.
    fn drill(&self, drilled: &mut BTreeSet<String>, found: &mut Found) -> Option<World> {
        let smooth = self.smoothly(found)?;
        if drilled.insert(self.key()) {
            for at in 0..smooth.n_touches {
                for trouble in Trouble::OF_TOUCH {
                    self.with(trouble, at, &smooth, found);
                }
            }
            for at in 0..smooth.n_reads {
                self.with(Trouble::Blind, at, &smooth, found);
            }
            self.late(found);
        }
        Some(smooth.after)
    }

    /// What undoes it is drilled too; then a late copy of the order comes.
    fn late(&self, found: &mut Found) {
        let Undo::By(undo) = self.step.facts().undo else {
            return;
        };
        let mut agent = Agent::new(self.world.clone(), &self.host);
        let order = agent.next_order(&self.step);
        agent.order(&order, None);
        let undoes = agent.next_order(&undo);
        agent.order(&undoes, None);
        let before = picture::of(&agent.world());
        let told = agent.order(&order, None);
        let after = picture::of(&agent.world());
        if !matches!(told, Told::Answered(Answer::Refused(_))) || before != after {
            self.note(found, "late, when it is undone", format!("{told:?}"));
        }
    }
}

/// What an answer may not be.
fn unlawful(told: &Told) -> Option<String> {
    match told {
        Told::Answered(answer) => Some(format!("it was not begun: {answer:?}")),
        Told::Ended(Outcome::Failed(failure), ..) => {
            let is_said =
                !failure.code.is_empty() && !failure.text.is_empty() && !failure.remedy.is_empty();
            (!is_said).then(|| format!("it says too little: {failure:?}"))
        }
        Told::Silent => Some(String::from("its server stays down")),
        Told::Ended(..) => None,
    }
}

fn settled(world: World, seconds: u64) -> World {
    let mut world = world;
    let to = world.now() + Duration::from_secs(seconds);
    world.advance(to);
    world
}

/// Carries out a plan until a step fails for good.
fn carried_out(mut world: World, steps: &[Planned]) -> World {
    for planned in steps {
        let host = scene::ids(&world)[&planned.on].clone();
        let mut agent = Agent::new(world, &host);
        let mut is_done = false;
        for _ in 0..3 {
            let order = agent.next_order(&planned.step);
            let told = agent.order(&order, None);
            is_done = matches!(told, Told::Ended(Outcome::Done { .. }, ..));
            if is_done {
                break;
            }
            agent.wait(BETWEEN);
        }
        world = agent.into_world();
        if !is_done {
            break;
        }
    }
    world
}

/// Plays a scene; drills each step that is due in it.
fn play(scene: Scene) -> (BTreeSet<String>, Found) {
    let (mut kinds, mut found) = (BTreeSet::new(), Found::default());
    let mut drilled = BTreeSet::new();
    let mut world = scene.world;
    for (number, act) in scene.acts.iter().enumerate() {
        world = settled(world, SETTLE);
        let mut last = Reports::new();
        if let Some(name) = act.dies {
            last = scene::reports(&world);
            last.retain(|id, _| scene::ids(&world)[id].0 == name);
            scene::die(&mut world, name);
            world = settled(world, SETTLE);
        }
        let plan = scene::plan(&world, &last, act);
        assert!(
            plan.is_ready(),
            "{} {number}: {:#?}",
            scene.name,
            plan.findings
        );
        assert!(
            plan.waiting.is_empty(),
            "{} {number}: {:#?}",
            scene.name,
            plan.waiting
        );
        for planned in &plan.graph.steps {
            let at = (scene.name, act, &last, &mut drilled);
            world = one(world, planned, at, &mut kinds, &mut found);
        }
    }
    (kinds, found)
}

fn one(
    world: World,
    planned: &Planned,
    (scene, act, last, drilled): (&'static str, &Act, &Reports, &mut BTreeSet<String>),
    kinds: &mut BTreeSet<String>,
    found: &mut Found,
) -> World {
    let due = Due {
        host: scene::ids(&world)[&planned.on].clone(),
        world,
        step: planned.step.clone(),
        act: Some(act),
        last,
        scene,
    };
    let Some(after) = due.drill(drilled, found) else {
        return settled(due.world, 5);
    };
    kinds.insert(due.step.kind());
    if let Undo::By(undo) = due.step.facts().undo {
        let undoes = Due {
            world: settled(after.clone(), 20),
            host: due.host.clone(),
            step: *undo,
            act: None,
            last,
            scene: due.scene,
        };
        if undoes.drill(drilled, found).is_some() {
            kinds.insert(undoes.step.kind());
        }
    }
    settled(after, 5)
}

#[test]
fn every_kind_of_step_passes_the_drill() {
    let (mut kinds, mut found) = (BTreeSet::new(), Found::default());
    std::thread::scope(|threads| {
        let played: Vec<_> = scene::all()
            .into_iter()
            .map(|scene| threads.spawn(move || play(scene)))
            .collect();
        for scene in played {
            let (here, faults) = scene.join().unwrap();
            kinds.extend(here);
            found.faults.extend(faults.faults);
            found.n_troubles += faults.n_troubles;
        }
    });
    println!("{} troubles, {} kinds", found.n_troubles, kinds.len());
    let known: BTreeSet<String> = KINDS.iter().map(|kind| snake(kind)).collect();
    let missing: Vec<_> = known.difference(&kinds).collect();
    assert!(
        found.faults.is_empty(),
        "{} faults:\n{}",
        found.faults.len(),
        found.faults.join("\n")
    );
    assert!(
        missing.is_empty(),
        "no scene of drill/scene.rs comes to a step of the kinds {missing:?}: give one an act"
    );
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
