//! What commands say besides their data: errors, refusals, confirmations, usage,
//! and the small outputs that belong to no tool of a family (one value, a listing).
//!
//! A capture keeps these beside the data of the same command; they tell why
//! there is none, and what the installed tools can do.

pub mod command;
pub mod listing;
pub mod stat_file;
pub mod usage;
pub mod value;

use stdx::reading::Kind;

/// Every kind of this family. They stand last among all kinds, so at equal
/// likelihood another wins.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &listing::KIND,
        &listing::NAMES,
        &stat_file::KIND,
        &usage::KIND,
        &command::KIND,
        &value::KIND,
    ]
}
