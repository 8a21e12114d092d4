//! Stand-ins for the world: captured sites that are built in, and a simulated
//! world of servers, disks, Lustre and Pacemaker that answers as the real tools
//! do.
//!
//! - [`sites`]: captured sites.
//! - [`world`]: the simulated world; [`door`]: an agent's way into it.
//! - [`demo`]: a cluster that lives by itself.
//! - [`chance`]: numbers that follow from one seed.
//! - [`run`]: seeded runs with faults, and what must hold in them.

pub mod chance;
pub mod demo;
pub mod door;
pub mod run;
pub mod sites;
pub mod world;
