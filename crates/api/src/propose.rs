//! Wishes for file systems, and what is proposed for them.

pub use model::proposal::{LeftOut, MgsWish, Proposal, ProposedTarget, Wish};
