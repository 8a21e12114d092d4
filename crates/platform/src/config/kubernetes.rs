//! Kubernetes resources, as YAML or JSON; those of HPE's near-node flash
//! (`Nnf…`) and of Lustre file systems with what they say about Lustre.
//!
//! The contents of secrets are never kept.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::yaml;
use crate::storage::json::{self, field};
use crate::storage::text;

/// The reader of resources.
pub static KIND: Kind = Kind {
    name: "kubernetes",
    about: "Kubernetes resources, those of Lustre and near-node flash in detail",
    guess,
    read,
};

/// Any resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Object {
    /// Group and version.
    pub api_version: String,
    /// What it is.
    pub kind: String,
    /// Its name; none if the server is to make one.
    pub name: Option<String>,
    /// Its namespace; for near-node flash mostly the storage node.
    pub namespace: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// All else: `spec`, `data`, `status`.
    pub body: BTreeMap<String, Value>,
}

/// A file system that clients of the cluster mount (`LustreFileSystem`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileSystem {
    /// The resource.
    pub object: String,
    /// The file system.
    pub name: String,
    /// NIDs of the MGS, as written: host names may stand for addresses.
    pub mgs_nids: Option<String>,
    /// Where it is mounted.
    pub mount_root: Option<String>,
    /// Namespaces that may use it.
    pub namespaces: Vec<String>,
}

/// Targets to be made on storage nodes (`NnfNodeStorage`, `NnfStorage`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Allocation {
    /// The resource.
    pub object: String,
    /// The storage nodes.
    pub nodes: Vec<String>,
    /// The file system.
    pub filesystem: Option<String>,
    /// `MGT`, `MDT`, `MGTMDT` or `OST`, as written.
    pub target_kind: String,
    /// The MGS, as written.
    pub mgs: Option<String>,
    /// Index of the first target.
    pub index_start: Option<u64>,
    /// `zfs` or `ldiskfs`.
    pub backend: Option<String>,
    /// How many targets.
    pub n_targets: Option<u64>,
    /// Size of a target, as written.
    pub capacity: Option<String>,
}

/// How targets of one kind are made (part of `NnfStorageProfile`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProfileTarget {
    /// The profile.
    pub object: String,
    /// `mgt`, `mdt`, `mgtMdt`, `ost`.
    pub target_kind: String,
    /// Size, as written.
    pub capacity: Option<String>,
    /// How many.
    pub n_targets: Option<u64>,
    /// Arguments of mkfs.lustre.
    pub mkfs: Option<String>,
    /// Commands before the first mount.
    pub before_mount: Vec<String>,
}

/// An MGT that file systems share (`NnfLustreMGT`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SharedMgt {
    /// The resource.
    pub object: String,
    /// NIDs of the MGS, as written.
    pub addresses: Vec<String>,
}

/// All resources of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    /// Every resource.
    pub objects: Vec<Object>,
    /// File systems.
    pub filesystems: Vec<FileSystem>,
    /// Targets to be made.
    pub allocations: Vec<Allocation>,
    /// How targets are made.
    pub profile_targets: Vec<ProfileTarget>,
    /// Shared MGTs.
    pub shared_mgts: Vec<SharedMgt>,
}

/// Reads every resource; lists are taken apart.
pub fn parse(input: &[u8]) -> (Resources, Vec<Skip>) {
    let (mut found, mut skips) = (Resources::default(), Vec::new());
    let is_json = json::is_object(input);
    let documents = if is_json {
        json::read(input, &mut skips).into_iter().collect()
    } else {
        yaml::documents(input, &mut skips)
    };
    for document in &documents {
        add(&mut found, document, &mut skips);
    }
    (found, skips)
}

fn add(found: &mut Resources, value: &Value, skips: &mut Vec<Skip>) {
    if let Some(items) = value.get("items").and_then(Value::as_array) {
        for item in items {
            if item.get("items").is_none() {
                add(found, item, skips);
            }
        }
        return;
    }
    let Some(object) = object(value) else {
        let reason = "a document without apiVersion and kind";
        skips.push(Skip::new(1, SkipKind::Unknown, reason));
        return;
    };
    let name = object.name.clone().unwrap_or_default();
    let empty = Value::Null;
    let spec = value.get("spec").unwrap_or(&empty);
    match object.kind.as_str() {
        "LustreFileSystem" => found.filesystems.extend(filesystem(name, spec)),
        "NnfNodeStorage" => {
            let lustre = spec.get("lustreStorage").unwrap_or(&empty);
            let nodes = object.namespace.iter().cloned().collect();
            found
                .allocations
                .extend(allocation(name, nodes, &[lustre, spec]));
        }
        "NnfStorage" => {
            for set in list(spec, "allocationSets") {
                let nodes = list(set, "nodes").filter_map(|node| field(node, "name"));
                let nodes = nodes.collect();
                found
                    .allocations
                    .extend(allocation(name.clone(), nodes, &[set, spec]));
            }
        }
        "NnfStorageProfile" => found.profile_targets.extend(profile(&name, value)),
        "NnfLustreMGT" if !spec.is_null() => found.shared_mgts.push(SharedMgt {
            object: name,
            addresses: list(spec, "addresses").filter_map(json::text).collect(),
        }),
        _ => {}
    }
    found.objects.push(object);
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn object(value: &Value) -> Option<Object> {
    let kind = field(value, "kind")?;
    let empty = Value::Null;
    let meta = value.get("metadata").unwrap_or(&empty);
    let labels = meta.get("labels").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let is_body = |key: &str| !matches!(key, "apiVersion" | "kind" | "metadata");
    let body = value.as_object()?.iter();
    Some(Object {
        api_version: field(value, "apiVersion")?,
        name: field(meta, "name"),
        namespace: field(meta, "namespace"),
        labels: labels
            .filter_map(|(key, value)| Some((key.clone(), json::text(value)?)))
            .collect(),
        body: body
            .filter(|(key, _)| is_body(key) && kind != "Secret")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        kind,
    })
}

fn filesystem(object: String, spec: &Value) -> Option<FileSystem> {
    let namespaces = spec.get("namespaces").and_then(Value::as_object);
    Some(FileSystem {
        object,
        name: field(spec, "name")?,
        mgs_nids: field(spec, "mgsNids"),
        mount_root: field(spec, "mountRoot"),
        namespaces: namespaces
            .into_iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect(),
    })
}

/// An allocation from the first of `places` that has each field.
fn allocation(object: String, nodes: Vec<String>, places: &[&Value]) -> Option<Allocation> {
    let text = |key: &str| places.iter().find_map(|place| field(place, key));
    let number = |key: &str| text(key).and_then(|one| one.parse().ok());
    Some(Allocation {
        object,
        nodes,
        filesystem: text("fileSystemName"),
        target_kind: text("targetType")?.to_ascii_uppercase(),
        mgs: text("mgsNode").or_else(|| text("mgsAddress")),
        index_start: number("startIndex"),
        backend: text("backFs"),
        n_targets: number("count"),
        capacity: text("capacity"),
    })
}

fn profile(object: &str, value: &Value) -> Vec<ProfileTarget> {
    let data = value.get("data").or_else(|| value.get("spec"));
    let lustre = data.and_then(|data| data.get("lustreStorage"));
    let options = lustre.and_then(Value::as_object).into_iter().flatten();
    options
        .filter_map(|(key, value)| {
            let target_kind = key
                .strip_suffix("Options")
                .filter(|kind| *kind != "client")?;
            let commands = value.get("commandlines").unwrap_or(value);
            Some(ProfileTarget {
                object: object.to_owned(),
                target_kind: target_kind.to_owned(),
                capacity: field(value, "capacity"),
                n_targets: value.get("count").and_then(Value::as_u64),
                mkfs: field(commands, "mkfs"),
                before_mount: list(value, "preMountCommands")
                    .filter_map(json::text)
                    .collect(),
            })
        })
        .collect()
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    if has("apiVersion:") && has("kind:") {
        return 92;
    }
    let is_json = text.trim_start().starts_with('{');
    if is_json && text.contains("\"apiVersion\"") && text.contains("\"kind\"") {
        return 85;
    }
    0
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("kubernetes.object", &found.objects, Vec::new(), sink);
    text::emit("nnf.filesystem", &found.filesystems, Vec::new(), sink);
    text::emit("nnf.allocation", &found.allocations, Vec::new(), sink);
    text::emit(
        "nnf.profile-target",
        &found.profile_targets,
        Vec::new(),
        sink,
    );
    text::emit("nnf.shared-mgt", &found.shared_mgts, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_to_be_made_are_read() {
        let text = "kind: NnfStorage\napiVersion: nnf.cray.hpe.com/v1alpha11\nmetadata:\n  \
             name: w0\nspec:\n  fileSystemType: lustre\n  allocationSets:\n  - name: ost\n    \
             capacity: 5GiB\n    targetType: ost\n    backFs: zfs\n    nodes:\n    \
             - name: rabbit-01\n      count: 2\n    - {name: rabbit-02}\n";
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(skips, []);
        let one = &found.allocations[0];
        assert_eq!(one.nodes, ["rabbit-01", "rabbit-02"]);
        assert_eq!(
            (one.target_kind.as_str(), one.backend.as_deref()),
            ("OST", Some("zfs"))
        );
        assert_eq!(one.capacity.as_deref(), Some("5GiB"));
    }

    #[test]
    fn lists_are_taken_apart_and_secrets_are_not_kept() {
        let text = r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
             "data": {"key": "aGlkZGVu"}},
            {"apiVersion": "lus.cray.hpe.com/v1beta1", "kind": "LustreFileSystem",
             "metadata": {"name": "l"}, "spec": {"name": "w0", "mgsNids": "10.0.0.1@tcp"}}]}"#;
        let (found, skips) = parse(text.as_bytes());
        assert_eq!((found.objects.len(), skips.len()), (2, 0));
        assert_eq!(found.objects[0].body, BTreeMap::new());
        assert_eq!(found.filesystems[0].name, "w0");
    }
}
