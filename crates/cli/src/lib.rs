//! The command line: nouns and verbs over the HTTP API. No storage rule here.
//!
//! - [`args`]: what can be typed. [`run`]: one file for each noun.
//! - [`client`]: the API over HTTPS. [`profile`]: where the manager is, and who we are.
//! - [`render`]: what is printed of an answer. [`output`]: tables, JSON, YAML;
//!   [`layout`]: columns. Data goes to stdout, words to stderr.
//!
//! `candela inspect` reads files only; it is the one command that needs no manager.

pub mod args;
pub mod client;
pub mod layout;
pub mod output;
pub mod profile;
pub mod render;
pub mod run;

pub use args::Command;
