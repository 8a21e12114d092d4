//! A report as sections: one per top-level field, each as JSON.

use model::report::Report;
use serde_json::Value;
use std::collections::BTreeMap;

/// Sections by name.
pub type Sections = BTreeMap<String, Vec<u8>>;

/// Why sections are not a report.
#[derive(Debug, thiserror::Error)]
pub enum SectionsError {
    /// A section is not JSON, or not of the shape that its name says.
    #[error("section {section} of the report cannot be read")]
    Section {
        /// Its name.
        section: String,
        /// Why.
        #[source]
        cause: serde_json::Error,
    },
    /// The report has no JSON: a fault of ours.
    #[error("the report cannot be written as JSON")]
    Report(#[source] serde_json::Error),
}

/// The sections of a report. An absent field has none.
pub fn sections(report: &Report) -> Result<Sections, SectionsError> {
    let Value::Object(fields) = serde_json::to_value(report).map_err(SectionsError::Report)? else {
        return Ok(Sections::new());
    };
    let mut sections = Sections::new();
    for (name, value) in fields {
        let bytes = serde_json::to_vec(&value).map_err(SectionsError::Report)?;
        sections.insert(name, bytes);
    }
    Ok(sections)
}

/// The report of sections. Those that this release does not know are passed over.
pub fn report_from(sections: &Sections) -> Result<Report, SectionsError> {
    let mut text = Vec::with_capacity(sections.values().map(|v| v.len() + 32).sum());
    text.push(b'{');
    for (name, bytes) in sections {
        if text.len() > 1 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, name).map_err(SectionsError::Report)?;
        text.push(b':');
        text.extend_from_slice(bytes);
    }
    text.push(b'}');
    serde_json::from_slice(&text).map_err(|cause| blame(sections, cause))
}

/// A report with some sections changed or gone: what a delta does. Sections
/// that this release does not know are passed over.
pub fn patch(
    report: &Report,
    changed: &Sections,
    removed: &[String],
) -> Result<Report, SectionsError> {
    let mut new = report.clone();
    let newer = report_from(changed)?;
    let blank = Report::default();
    let names = changed.keys().map(|name| (name, &newer));
    for (name, from) in names.chain(removed.iter().map(|name| (name, &blank))) {
        take(&mut new, name, from);
    }
    Ok(new)
}

/// Copies one section.
fn take(to: &mut Report, name: &str, from: &Report) {
    macro_rules! fields {
        ($($field:ident)*) => {
            match name {
                $(stringify!($field) => to.$field.clone_from(&from.$field),)*
                _ => {}
            }
        };
    }
    fields!(format at agent_version identity os hardware packages services interfaces lnet devices
        zpools datasets mounts lustre ha time firewall unread);
}

/// Names the section that cannot be read.
fn blame(sections: &Sections, cause: serde_json::Error) -> SectionsError {
    for (name, bytes) in sections {
        let alone = [
            b"{",
            serde_json::json!(name).to_string().as_bytes(),
            b":",
            bytes,
            b"}",
        ]
        .concat();
        if let Err(cause) = serde_json::from_slice::<Report>(&alone) {
            return SectionsError::Section {
                section: name.clone(),
                cause,
            };
        }
    }
    SectionsError::Section {
        section: String::from("(all)"),
        cause,
    }
}

/// What changed from `old` to `new`: sections to send, names to remove.
pub fn difference(old: &Sections, new: &Sections) -> (Sections, Vec<String>) {
    let changed = new
        .iter()
        .filter(|(name, bytes)| old.get(*name) != Some(*bytes))
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect();
    let removed = old
        .keys()
        .filter(|name| !new.contains_key(*name))
        .cloned()
        .collect();
    (changed, removed)
}
