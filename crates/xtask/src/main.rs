//! The project's own tasks: demo, test, ci.
fn main() {}
