//! `modinfo`: what a kernel module says of itself, one after the other.

use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;

/// The reader of `modinfo`.
pub static KIND: Kind = Kind {
    name: "modinfo",
    about: "modinfo MODULE…",
    guess,
    read,
};

/// One module as its file describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModuleInfo {
    /// Its name; the file's name where old kernels' modules do not tell.
    pub name: String,
    /// Its file, or `(builtin)`.
    pub file: String,
    /// Its version.
    pub version: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// A hash of its sources, which tells builds apart.
    pub source_hash: Option<String>,
    /// The kernel it was built for, with how that was built.
    pub vermagic: Option<String>,
    /// Modules that it needs.
    pub depends: Vec<String>,
    /// Who signed it.
    pub signer: Option<String>,
    /// What can be set when it is loaded.
    pub parameters: Vec<Parameter>,
    /// Every other field: its values in order.
    pub fields: BTreeMap<String, Vec<String>>,
}

/// One thing that can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Its type: `int`, `charp`, `array of int`.
    pub kind: Option<String>,
}

/// Reads every module.
pub fn parse(input: &[u8]) -> (Vec<ModuleInfo>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::<ModuleInfo>::new(), Vec::new());
    // The field that a line without a name continues.
    let mut last = None;
    for line in lines::read(input, &mut skips) {
        if line.text.trim().is_empty() {
            continue;
        }
        if line.text.starts_with(['\t', ' ']) {
            // Signatures go on over lines; they are nobody's answer here.
            if last != Some("signature") {
                skips.push(line.bad("a line that continues no field"));
            }
            continue;
        }
        let pair = line.text.split_once(':').filter(|(key, _)| is_key(key));
        let Some((key, value)) = pair else {
            skips.push(
                if lines::is_error(line.text) || line.text.starts_with("modinfo:") {
                    line.skip(SkipKind::ErrorText, "an error")
                } else {
                    line.bad("no field: value")
                },
            );
            continue;
        };
        if key == "modinfo" {
            skips.push(line.skip(SkipKind::ErrorText, "an error"));
            continue;
        }
        let names_again = key == "name" && found.last().is_none_or(|one| !one.name.is_empty());
        if key == "filename" || found.is_empty() || names_again && has_no_file(&found) {
            found.push(ModuleInfo::default());
        }
        last = Some(if key == "signature" { "signature" } else { "" });
        if let Some(module) = found.last_mut() {
            set(module, key, value.trim());
        }
    }
    for module in &mut found {
        if module.name.is_empty() {
            module.name = name_of(&module.file);
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn has_no_file(found: &[ModuleInfo]) -> bool {
    found.last().is_some_and(|one| one.file.is_empty())
}

fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || b == b'-')
}

fn set(module: &mut ModuleInfo, key: &str, value: &str) {
    let text = Some(value.to_owned()).filter(|value| !value.is_empty());
    match key {
        "filename" => value.clone_into(&mut module.file),
        "name" => value.clone_into(&mut module.name),
        "version" => module.version = text,
        "license" => module.license = text,
        "description" => module.description = text,
        "srcversion" => module.source_hash = text,
        "vermagic" => module.vermagic = text,
        "signer" => module.signer = text,
        "depends" => {
            let names = value.split(',').filter(|name| !name.is_empty());
            module.depends.extend(names.map(str::to_owned));
        }
        "parm" => module.parameters.push(parameter(value)),
        _ => {
            let values = module.fields.entry(key.to_owned()).or_default();
            values.extend(text);
        }
    }
}

/// `accept_port:Acceptor's port (same on all nodes) (int)`.
fn parameter(text: &str) -> Parameter {
    let (name, about) = text.split_once(':').unwrap_or((text, ""));
    let about = about.trim();
    let typed = about
        .strip_suffix(')')
        .and_then(|about| about.rsplit_once('('));
    let (about, kind) = match typed {
        Some((about, kind)) => (about.trim_end(), Some(kind.to_owned())),
        None => (about, None),
    };
    Parameter {
        name: name.to_owned(),
        about: about.to_owned(),
        kind,
    }
}

/// `/lib/modules/…/lustre.ko.xz` is `lustre`.
fn name_of(file: &str) -> String {
    let file = file.rsplit('/').next().unwrap_or(file);
    let name = file.split(".ko").next().unwrap_or(file);
    name.replace('-', "_")
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    let n_fields = [
        "license:",
        "vermagic:",
        "depends:",
        "description:",
        "srcversion:",
    ]
    .iter()
    .filter(|key| has(key))
    .count();
    if (has("filename:") || has("name:")) && n_fields >= 2 {
        95
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("module-info", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_one_after_the_other() {
        let (found, skips) = parse(
            b"filename:       /lib/modules/6.1.0/updates/lustre.ko\nversion:        2.17.0\nalias:          fs-lustre\nalias: x\ndepends:        obdclass,libcfs\nname:           lustre\nvermagic:       6.1.0 SMP \nfilename:       /lib/modules/6.1.0/k-socklnd.ko.xz\ndepends:        \nparm:           accept:Acceptor's (same on all) (charp)\nparm:           dead\nsignature:      30:46\n\t\t02:21\nmodinfo: ERROR: Module x not found.\n",
        );
        assert_eq!((found.len(), skips.len()), (2, 1), "{skips:?}");
        assert_eq!((skips[0].line, skips[0].kind), (14, SkipKind::ErrorText));
        assert_eq!(found[0].version.as_deref(), Some("2.17.0"));
        assert_eq!(found[0].depends, ["obdclass", "libcfs"]);
        assert_eq!(found[0].fields["alias"], ["fs-lustre", "x"]);
        assert_eq!(
            (found[1].name.as_str(), found[1].depends.len()),
            ("k_socklnd", 0)
        );
        let accept = &found[1].parameters[0];
        assert_eq!(
            (accept.name.as_str(), accept.about.as_str()),
            ("accept", "Acceptor's (same on all)")
        );
        assert_eq!(accept.kind.as_deref(), Some("charp"));
    }
}
