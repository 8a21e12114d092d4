//! The built-in sites, looked at by the agent, concluded from by `detect`, and
//! compared with what was recorded; and the simulated world, worked on by the
//! agent's own steps.

mod drill;
mod jobs;
mod lab01;
mod order;
mod run;
mod script;
mod site;
mod valley;
mod world;

/// A seeded run allocates all the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
