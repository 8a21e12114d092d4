//! Every kind of input that can be read, and which one an unknown input is.

use stdx::reading::{Kind, Likelihood, Sample};

/// A guess below this is none.
pub const LIKELIHOOD_MIN: Likelihood = 30;

/// All kinds, of `lustre` and of this crate.
pub fn all() -> Vec<&'static Kind> {
    let mut all = lustre::kinds();
    all.extend(crate::kinds());
    all
}

/// The kind of this name.
pub fn by_name(name: &str) -> Option<&'static Kind> {
    all().into_iter().find(|kind| kind.name == name)
}

/// The likeliest kind of an input, if any is likely enough. Of two that are
/// equally likely the first in [`all`] is taken.
pub fn guess(sample: Sample<'_>) -> Option<(&'static Kind, Likelihood)> {
    let mut best: Option<(&'static Kind, Likelihood)> = None;
    for kind in all() {
        let likelihood = (kind.guess)(sample);
        if likelihood >= LIKELIHOOD_MIN && best.is_none_or(|(_, known)| likelihood > known) {
            best = Some((kind, likelihood));
        }
    }
    best
}
