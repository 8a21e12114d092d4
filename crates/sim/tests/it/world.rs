//! The simulated world, worked on by the agent's own steps.

mod faults;
mod ha;
mod ha_steps;
mod ha_texts;
mod hand;
mod ldiskfs;
mod system;
mod takeover;
mod texts;
mod zfs;
