//! Request and view types of the HTTP API, the source of `openapi/v1.json`.
//!
//! One file per noun. Views only grow within `v1`. Text enums are written in
//! the docs of their fields; numbers carry their unit in the name.

pub mod allowed;
pub mod auth;
pub mod client;
pub mod codes;
pub mod device;
pub mod event;
pub mod filesystem;
pub mod ha;
pub mod job;
pub mod page;
pub mod problem;
pub mod propose;
pub mod server;
pub mod spec;
pub mod summary;
pub mod target;
pub mod token;
