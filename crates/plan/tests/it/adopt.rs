//! What runs is adopted: its exported spec plans nothing.

use crate::build::{plan, run};
use crate::site::Site;
use crate::text;

/// Builds, exports, and plans what was exported.
fn check(town: &str, spec: &str, break_it: impl Fn(&mut crate::town::Town)) {
    let mut town = text::town(town);
    let made = plan(&town, &text::spec(spec), &[]);
    assert_eq!(text::trouble(&made), "");
    run(&mut town, &made);
    break_it(&mut town);
    let site = Site::of(&town);
    let exported = plan::export(site.world());
    let after = plan::plan(&exported, site.world(), &[], &[]);
    assert_eq!(text::trouble(&after), "", "{exported:#?}");
    assert_eq!(text::steps(&town, &after.graph), "", "{exported:#?}");
}

#[test]
fn what_was_made_is_exported_as_it_is() {
    for fs in ["lab", "lab zfs"] {
        for group in ["", "; group a s[1-2]", "; group a s[1-2] none"] {
            let spec = format!(
                "servers s[1-3],c1{group}; time t1; fs {fs}: mgs d1, mdt d2, ost d[3-4]; fs two: mgs of lab, mdt d5, ost d6; client lab c1 /lab"
            );
            check("s[1-3] c1; d[1-6] on s[1-2]", &spec, |_| {});
        }
    }
}

#[test]
fn somebody_elses_pacemaker_is_left_as_it_is() {
    let spec = "servers s[1-2]; group a s[1-2]; fs lab zfs: mgs d1, mdt d2, ost d[3-4]";
    check("s[1-2]; d[1-4] on s[1-2]", spec, |town| {
        let cluster = town.clusters.get_mut("a").unwrap();
        // No properties of ours, other names, and one target away from home.
        cluster.properties.clear();
        let resources = std::mem::take(&mut cluster.resources);
        for (id, mut resource) in resources {
            resource.of.top = Some(format!("grp{}", id.to_lowercase()));
            let id = format!("r-{}", id.replace("MGS_a", "mgs").to_lowercase());
            resource.of.id.clone_from(&id);
            cluster.resources.insert(id, resource);
        }
    });
}

#[test]
fn what_is_in_standby_or_stopped_is_exported_so() {
    let spec = "servers s[1-2]; group a s[1-2]; fs lab: mgs d1, mdt d2, ost d[3-4]";
    check("s[1-2]; d[1-4] on s[1-2]", spec, |town| {
        let id = crate::town::server("s1");
        let standby = model::step::Standby {
            node: "s2".into(),
            is_on: true,
        };
        town.apply(id, &standby.into());
    });
    let bare = "servers s1; fs lab: mgs d1, mdt d2, ost d[3-4]";
    check("s1; d[1-4] on s1", bare, |town| {
        town.hosts.get_mut("s1").unwrap().mounts.clear();
    });
}

#[test]
fn what_is_only_watched_is_not_exported() {
    let mut town = text::town("s[1-2]; d[1-2] on s1; d[3-4] on s2");
    let spec = text::spec("servers s[1-2]; fs lab: mdt d1, ost d2; fs two: mdt d3, ost d4");
    let made = plan(&town, &spec, &[]);
    run(&mut town, &made);
    town.hosts.get_mut("s2").unwrap().is_watched = true;
    let site = Site::of(&town);
    let exported = plan::export(site.world());
    let names: Vec<_> = exported
        .filesystems
        .iter()
        .map(|fs| fs.name.as_str())
        .collect();
    assert_eq!(names, ["lab"]);
    assert_eq!(exported.servers.len(), 1);
    assert_eq!(exported.servers[0].names, "s1");
}

#[test]
fn what_runs_needs_no_word_about_its_networks() {
    let mut town = text::town("s[1-2]; d[1-4] on s[1-2]");
    let spec = "servers s[1-2]; group a s[1-2]; fs lab: mgs d1, mdt d2, ost d[3-4]";
    let made = plan(&town, &text::spec(spec), &[]);
    run(&mut town, &made);
    let site = Site::of(&town);
    let mut exported = plan::export(site.world());
    exported.networks.clear();
    let after = plan::plan(&exported, site.world(), &[], &[]);
    assert_eq!(
        text::trouble(&after),
        "networks: No network is described, so lab has no NIDs."
    );
    assert_eq!(text::steps(&town, &after.graph), "");
}
