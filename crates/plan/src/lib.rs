//! What to do about storage, and why: the only place where that is decided.
//! Pure: a spec and a world in, a graph and its reasons out.
//!
//! ```text
//! Spec ──> resolve ──> Resolved ──> compose (stages) ──> Graph, Waiting, consent
//!             │ findings                                    │
//!             v                                             v
//!        every one at once                    checks: a second reading, which
//!                                             shares no code with the first
//! ```
//!
//! - [`world`]: what is known, and how fresh.
//! - [`mod@resolve`]: hosts, devices, homes, NIDs: every choice made; [`resolved`] holds them.
//! - [`mod@plan`]: the plan; `compose` and `stage` make its graph, a file for each stage of work.
//! - [`planner`]: plans again and again, at the cost of what changed.
//! - [`mod@checks`]: what must be true of any graph.
//! - [`mod@allowed`]: what may be done to each thing, and if not, why.
//! - [`mod@edit`]: a spec after a change that a person asks for.
//! - [`mod@propose`]: a file system from a few wishes: which devices, on which servers.
//! - [`mod@export`]: what is there, as a spec whose plan is empty.
//! - [`codes`]: what a plan may wait for.
//!
//! **Invariant:** the same spec, world, goals and consents give the same plan;
//! who consents and when does not change its hash.

pub mod allowed;
pub mod checks;
pub mod codes;
mod compose;
pub mod edit;
pub mod export;
mod findings;
mod hash;
pub mod plan;
pub mod planner;
pub mod propose;
pub mod resolve;
pub mod resolved;
mod stage;
pub mod world;

pub use allowed::{Allowed, Allowing, Verb, allowed};
pub use checks::{Fault, checks};
pub use edit::edit;
pub use export::export;
pub use plan::{ConsentNeeded, Plan, plan};
pub use planner::Planner;
pub use propose::propose;
pub use resolve::resolve;
pub use resolved::Resolved;
pub use world::World;
