//! What `lfs` printed on a real client, read whole: counts, no skip, and values
//! that were compared with the files by eye.

use serde_json::{Value, json};
use std::path::PathBuf;
use stdx::reading::{Collected, Sample};

/// A file of the live capture; none, with a word about it, where it is absent.
fn fixture(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = root
        .join("../../../shared/fixtures/live-lustre-2.17.0")
        .join(path);
    let found = std::fs::read(&file).ok();
    if found.is_none() {
        println!("skipped: {path} is not here");
    }
    found
}

/// Reads a file as the kind that is most likely, which must be `kind`.
fn check(path: &str, kind: &str, expected: &[(&str, u64)]) -> Option<Collected> {
    let bytes = fixture(path)?;
    let sample = Sample {
        name: "",
        head: &bytes,
    };
    let kinds = lustre::kinds();
    let best = kinds
        .iter()
        .max_by_key(|kind| (kind.guess)(sample))
        .unwrap();
    assert_eq!(best.name, kind, "{path}");
    let mut found = Collected::with_records();
    (best.read)(&bytes, &mut found);
    let counts: Vec<_> = found.counts.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    assert_eq!(counts, expected, "{path}");
    assert_eq!(found.skips, [], "{path}");
    Some(found)
}

fn record<'a>(found: &'a Collected, family: &str, at: usize) -> &'a Value {
    &found.records[family][at]
}

#[test]
fn space_and_connections_are_read() {
    let rows = [("lfs-df", 6), ("lfs-df-summary", 1)];
    for file in [
        "02-mkfs-mount/lfs-df.txt",
        "02-mkfs-mount/lfs-df-h.txt",
        "03-running/lfs-df-v.txt",
    ] {
        check(file, "lfs-df", &rows);
    }
    if let Some(found) = check("03-running/lfs-df.txt", "lfs-df", &rows) {
        let row = record(&found, "lfs-df", 5);
        assert_eq!(row["available"], 1_754_220_u64 * 1024);
        assert_eq!(row["target"], "OST:3");
    }
    check(
        "03-running/lfs-check.txt",
        "lfs-targets",
        &[("lfs-check", 16)],
    );
    check(
        "03-running/lfs-osts.txt",
        "lfs-targets",
        &[("lfs-mdt", 2), ("lfs-ost", 4)],
    );
}

#[test]
fn layouts_are_read() {
    if let Some(found) = check(
        "03-running/lfs-getstripe.txt",
        "lfs-getstripe",
        &[("lfs-layout", 50)],
    ) {
        let pfl = record(&found, "lfs-layout", 4);
        assert_eq!(pfl["path"], "/lustre/client/pfl");
        let ends: Vec<_> = pfl["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["end"].clone())
            .collect();
        assert_eq!(ends, [json!(1_048_576), json!(67_108_864), json!(null)]);
    }
    check(
        "03-running/lfs-getstripe-y.txt",
        "lfs-getstripe",
        &[("lfs-layout", 2)],
    );
    check(
        "03-running/lfs-getstripe-d.txt",
        "lfs-getstripe",
        &[("lfs-layout", 3)],
    );
    check(
        "03-running/lfs-getdirstripe.txt",
        "lfs-getdirstripe",
        &[("lfs-dir-layout", 1)],
    );
    if let Some(found) = check(
        "04-admin/setstripe-pool.txt",
        "lfs-getstripe",
        &[("lfs-layout", 1)],
    ) {
        assert_eq!(
            record(&found, "lfs-layout", 0)["components"][0]["pool"],
            "fast"
        );
    }
}

#[test]
fn quota_changelogs_and_hsm_are_read() {
    if let Some(found) = check("03-running/lfs-quota.txt", "lfs-quota", &[("lfs-quota", 1)]) {
        let row = record(&found, "lfs-quota", 0);
        assert_eq!((&row["name"], &row["id"]), (&json!("root"), &json!(0)));
        assert_eq!(row["space"]["used"], 118_678_u64 * 1024);
        assert_eq!(row["inodes"]["used"], 689);
    }
    if let Some(found) = check(
        "04-admin/lfs-changelog.txt",
        "lfs-changelog",
        &[("lfs-changelog", 11)],
    ) {
        let row = record(&found, "lfs-changelog", 4);
        assert_eq!(
            (&row["type_name"], &row["source_name"]),
            (&json!("RENME"), &json!("cl1"))
        );
    }
    check("04-admin/hsm_state.txt", "lfs-hsm", &[("lfs-hsm-state", 1)]);
    check(
        "03-running/lfs-path2fid.txt",
        "lfs-fid",
        &[("fid", 2), ("path", 2)],
    );
    check("03-running/lfs-find.txt", "lfs-fid", &[("path", 45)]);
    check(
        "04-admin/lfs-pool_list.txt",
        "pool-list",
        &[("ost-pool", 1)],
    );
}
