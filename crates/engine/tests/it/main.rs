//! The engine over graphs that the tests make up: what runs when, and that
//! folding the journal is the live state.

mod common;
mod order;
mod world;
