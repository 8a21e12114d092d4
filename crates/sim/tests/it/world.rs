//! The simulated world, worked on by the agent's own steps.

mod hand;
mod ldiskfs;
