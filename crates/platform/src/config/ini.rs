//! Sections and settings: `[section]`, then `key = value`.

use stdx::reading::Skip;

use super::lines;
use crate::storage::text::{self, Line};

/// One section. What stands before the first has an empty name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// Its name.
    pub name: String,
    /// Key and value, as written; a key may be there twice.
    pub settings: Vec<(String, String)>,
}

impl Section {
    /// The last value of a key, whatever its case.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.settings.iter().rev();
        let mut found = found.filter(|(known, _)| known.eq_ignore_ascii_case(key));
        found.next().map(|(_, value)| value.as_str())
    }
}

/// Reads every section; `;` begins a comment too.
pub(crate) fn sections(input: &[u8], skips: &mut Vec<Skip>) -> Vec<Section> {
    let mut found = vec![Section::default()];
    for setting in lines::settings(input, skips) {
        let bare = setting.text.trim();
        if bare.starts_with(';') {
            continue;
        }
        if let Some(name) = heading(bare) {
            found.push(Section {
                name: name.to_owned(),
                ..Section::default()
            });
            continue;
        }
        match (bare.split_once('='), found.last_mut()) {
            (Some((key, value)), Some(section)) if !key.trim().is_empty() => {
                let pair = (key.trim().to_owned(), value.trim().to_owned());
                section.settings.push(pair);
            }
            _ => skips.push(bad(setting.line)),
        }
    }
    found.retain(|section| !section.name.is_empty() || !section.settings.is_empty());
    found
}

fn bad(line: Line<'_>) -> Skip {
    text::bad_line(line, "wanted `[section]` or `key = value`")
}

/// The name in `[name]`.
pub(crate) fn heading(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    (!name.is_empty() && !name.contains(['[', ']'])).then_some(name)
}

/// Whether a key names something that is not to be kept.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let secrets = ["passw", "secret", "_pass", "token", "private_key", "vault"];
    secrets.iter().any(|secret| key.contains(secret))
}
