//! Stand-ins for the world: captured sites that are built in.

pub mod sites;
