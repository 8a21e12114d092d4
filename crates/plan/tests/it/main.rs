//! Plans, in one line of text for a world and one for its plan.

mod adopt;
mod beside;
mod bite;
mod build;
mod change;
mod edit;
mod leave;
mod may;
mod propose;
mod random;
mod site;
mod sites;
mod slips;
mod text;
mod town;
mod wrong;
