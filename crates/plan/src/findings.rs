//! Collects what is wrong with a spec, all of it.

use model::spec::Finding;
use std::collections::BTreeMap;

/// Findings, and those alike that become one.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    /// By path, reason and remedy with `{}` for the names.
    alike: BTreeMap<(bool, String, String, String), Vec<String>>,
}

impl Findings {
    /// The spec cannot be planned.
    pub fn error(&mut self, path: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        self.push(true, path, reason.into(), remedy.into());
    }

    /// A person should know.
    pub fn warn(&mut self, path: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        self.push(false, path, reason.into(), remedy.into());
    }

    /// One of many names of which the same is true; `{}` in the reason becomes
    /// their host list.
    pub fn error_of(&mut self, path: &str, name: &str, reason: &str, remedy: &str) {
        let key = (true, path.to_owned(), reason.to_owned(), remedy.to_owned());
        self.alike.entry(key).or_default().push(name.to_owned());
    }

    fn push(&mut self, is_error: bool, path: &str, reason: String, remedy: String) {
        self.list.push(Finding {
            is_error,
            path: path.to_owned(),
            reason,
            remedy,
        });
    }

    /// All, errors first, each once.
    pub fn all(mut self) -> Vec<Finding> {
        for ((is_error, path, reason, remedy), names) in std::mem::take(&mut self.alike) {
            let names = stdx::hostlist::fold(&names);
            self.push(is_error, &path, reason.replace("{}", &names), remedy);
        }
        self.list.sort_by(|a, b| {
            b.is_error
                .cmp(&a.is_error)
                .then_with(|| a.path.cmp(&b.path))
                .then_with(|| a.reason.cmp(&b.reason))
        });
        self.list.dedup();
        self.list
    }
}

/// The first few of a list, and how many more there are: `a, b, c and 4 more`.
pub(crate) fn some_of<T: std::fmt::Display>(all: &[T]) -> String {
    const TOLD: usize = 3;
    let some: Vec<String> = all.iter().take(TOLD).map(ToString::to_string).collect();
    let some = some.join(", ");
    match all.len().saturating_sub(TOLD) {
        0 => some,
        n => format!("{some} and {n} more"),
    }
}
