//! Plans, in one line of text for a world and one for its plan.

mod adopt;
mod build;
mod change;
mod site;
mod text;
mod town;
