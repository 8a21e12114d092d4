//! The simulated world, worked on by the agent's own steps.

mod faults;
mod hand;
mod ldiskfs;
mod system;
mod takeover;
mod texts;
mod zfs;
