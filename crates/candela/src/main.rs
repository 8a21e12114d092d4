//! The `candela` binary: puts the command line, the manager and the demo together.
fn main() {}
