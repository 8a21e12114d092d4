//! What is wrong with a spec is found all at once.

use crate::site::Site;
use crate::text;

/// Finds these; each line is a path and a reason, errors marked.
fn check(town: &str, spec: &str, expected: &[&str]) {
    let site = Site::of(&text::town(town));
    let spec = text::spec(spec);
    let made = plan::plan(&spec, site.world(), &[], &[]);
    let mut found: Vec<String> = text::trouble(&made).lines().map(str::to_owned).collect();
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
    if expected.iter().any(|line| line.starts_with('!')) {
        assert!(made.graph.is_empty());
    }
}

#[test]
fn servers_must_be_known_and_ours() {
    check(
        "s[1-2]; watched w1; d1 on s1; d2 on w1",
        "servers s[1-3],w1; servers s1; fs lab: mdt d1, ost d2",
        &[
            "!servers[0].names: No server called s3 is known.",
            "!servers[0].names: w1 is only watched, and may not be changed.",
            "!servers[1].names: s1 is listed more than once.",
            "!filesystems[0].osts[0].devices[0]: No server that lab-OST0000 may be on sees wwn:d2.",
        ],
    );
}

#[test]
fn groups_do_not_overlap_and_can_fence() {
    let mut spec = text::spec("servers s[1-4]; group a s[1-2]; group b s[2-3]; group b s4 none");
    spec.ha_groups[0].fencing = None;
    let site = Site::of(&text::town("s[1-4]"));
    let found = plan::resolve(&spec, site.world()).1;
    let lines: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {}", one.path, one.reason))
        .collect();
    assert_eq!(
        lines,
        [
            "ha_groups[0].fencing: a has no fencing: a lost server cannot be proven off, so nobody may take over.",
            "ha_groups[1].servers: s2 is in another HA group already.",
            "ha_groups[2].name: Two groups are called b.",
            "ha_groups[2].servers: b has one server, so nobody can take over.",
        ]
    );
}

#[test]
fn devices_must_be_seen_free_and_named_once() {
    let mut town = text::town("s[1-2]; d[1-4] on s1; d5 on s2; d4 holds ext4");
    town.hosts
        .get_mut("s1")
        .unwrap()
        .mounts
        .insert("/dev/d3".into(), "/data".into());
    let site = Site::of(&town);
    let spec = text::spec(
        "servers s[1-2]; fs lab: mdt d1, mdt d1, ost d3, ost d9, ost d5 home s1, ost 1 home s1, ost 1 home s1",
    );
    let found = plan::resolve(&spec, site.world()).1;
    let lines: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {}", one.path, one.reason))
        .collect();
    assert_eq!(
        lines,
        [
            "filesystems[0].mdts[1].devices[0]: wwn:d1 is taken by lab-MDT0000.",
            "filesystems[0].osts[0].devices[0]: wwn:d3 cannot hold lab-OST0000: It is mounted on s1.",
            "filesystems[0].osts[1].devices[0]: No managed server sees a device wwn:d9.",
            "filesystems[0].osts[2].devices[0]: No server that lab-OST0002 may be on sees wwn:d5.",
            "filesystems[0].osts[4]: 1 of 1 targets find no blank device that suits them.",
        ]
    );
}

#[test]
fn indices_are_counted() {
    check(
        "s1; d[1-9] on s1",
        "servers s1; fs lab: mdt d1, mdt d2 at 2, ost d3 at 5, ost d4 at 5, ost 2 d[5-7]",
        &[
            "!filesystems[0].mdts: lab has MDTs above 0001, but not MDT0001.",
            "!filesystems[0].osts[1].index: lab-OST0005 is there twice.",
            "!filesystems[0].osts[2].devices: 3 devices are named, but 2 targets with 1 each need 2.",
        ],
    );
}

#[test]
fn a_file_system_needs_a_net_an_mgs_and_targets() {
    let mut spec = text::spec(
        "servers s1; fs lab: mgs of two, ost d1; fs two: mgs of lab, mdt d2, ost d3; fs six: mgs at nowhere, mdt d4, ost d5",
    );
    spec.networks[0].interfaces = vec!["ib0".into()];
    let site = Site::of(&text::town("s1; d[1-5] on s1"));
    let found = plan::resolve(&spec, site.world()).1;
    let lines: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {}", one.path, one.reason))
        .collect();
    assert_eq!(
        lines,
        [
            "filesystems[0].mdts: lab has no mdts.",
            "filesystems[0].mgs: These file systems name each other's MGS in a circle.",
            "filesystems[1].mgs: These file systems name each other's MGS in a circle.",
            "filesystems[2].mgs: \"nowhere\" is not a NID.",
            "filesystems[2].mgs: No NID of the MGS is named.",
            "networks: s1 may serve targets, but is on no network.",
            "networks[0].interfaces: s1 has no interface ib0 with an address.",
        ]
    );
}

#[test]
fn an_entry_fits_its_back_end() {
    let mut spec = text::spec(
        "servers s1; fs lab zfs: mdt d1, ost d[2-3] raidz 2; fs two: mdt d4, ost d[5-6] mirror 2",
    );
    spec.filesystems[0].mdts[0].zpool = None;
    spec.filesystems[0].osts[0].ha_groups = vec!["nowhere".into()];
    let site = Site::of(&text::town("s1; d[1-6] on s1"));
    let found = plan::resolve(&spec, site.world()).1;
    let lines: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {}", one.path, one.reason))
        .collect();
    assert_eq!(
        lines,
        [
            "filesystems[0].mdts[0].zpool: lab-MDT0000 lies on ZFS, and nothing says what its pool is made of.",
            "filesystems[0].osts[0].devices[0]: No server that lab-OST0000 may be on sees wwn:d2.",
            "filesystems[0].osts[0].ha_groups: No HA group is called nowhere.",
            "filesystems[1].osts[0].zpool: A pool is described for ldiskfs, which needs none.",
        ]
    );
}

#[test]
fn a_selector_leaves_what_is_not_blank() {
    let mut town = text::town("s[1-2]; d[1-6] on s[1-2]; d1 holds ext4; d2 holds LVM2_member");
    town.hosts
        .get_mut("s2")
        .unwrap()
        .mounts
        .insert("/dev/d3".into(), "/data".into());
    let site = Site::of(&town);
    let spec = text::spec("servers s[1-2]; group a s[1-2] none; fs lab: mdt 1, ost 2");
    let made = plan::plan(&spec, site.world(), &[], &[]);
    assert_eq!(
        text::steps(&town, &made.graph),
        "lnet s1; lnet s2; format MDT0000 d4 on s1; mount MDT0000 on s1; format OST0000 d5 on s2; \
         mount OST0000 on s2; format OST0001 d6 on s1; mount OST0001 on s1"
    );
}

#[test]
fn an_mgs_does_not_go_before_those_that_need_it() {
    check(
        "s1; d[1-5] on s1",
        "servers s1; fs lab absent: mgs d1; fs two: mgs of lab, mdt d4, ost d5",
        &["!filesystems[1].mgs: lab is to be gone, with the MGS of two."],
    );
}
