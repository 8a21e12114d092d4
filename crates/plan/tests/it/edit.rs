//! Edits of a spec.

use crate::build::{plan, run};
use crate::site::Site;
use crate::text;
use crate::town::Town;
use model::edit::Edit;
use model::spec::{FsWanted, ServerWanted, Spec, TargetsSpec};

fn town() -> Town {
    text::town("s[1-2] c1; d[1-6] on s[1-2]")
}

const BASE: &str = "servers s[1-2],c1; group a s[1-2] none; fs lab: mgs d1, mdt d2, ost d[3-4]";

/// The spec after an edit, or what was found wrong.
fn edited(town: &Town, spec: &Spec, edit: Edit) -> Result<Spec, String> {
    let site = Site::of(town);
    let (spec, findings) = plan::edit(spec, &[edit], site.world());
    match findings.first() {
        None => Ok(spec),
        Some(first) => Err(format!("{}: {}", first.path, first.reason)),
    }
}

fn set(servers: &str, state: ServerWanted) -> Edit {
    Edit::SetServers {
        servers: servers.to_owned(),
        state,
    }
}

fn lists(spec: &Spec) -> Vec<String> {
    let lists = spec.servers.iter();
    lists
        .map(|of| format!("{} {:?}", of.names, of.state))
        .collect()
}

#[test]
fn servers_are_drained_and_returned_within_their_lists() {
    let (town, spec) = (town(), text::spec(BASE));
    let drained = edited(&town, &spec, set("s2", ServerWanted::Drained)).unwrap();
    assert_eq!(lists(&drained), ["c1,s1 InService", "s2 Drained"]);
    let back = edited(&town, &drained, set("s[1-2]", ServerWanted::InService)).unwrap();
    assert_eq!(lists(&back), ["c1,s[1-2] InService"]);
    assert_eq!(
        edited(&town, &spec, set("s[2-3]", ServerWanted::Drained)),
        Err("edits[0].servers: The spec does not list s3.".into())
    );
}

#[test]
fn a_server_that_is_needed_is_taken_out_by_force_only() {
    let mut town = town();
    let spec = text::spec(BASE);
    let made = plan(&town, &spec, &[]);
    run(&mut town, &made);
    let remove = |force| Edit::RemoveServers {
        servers: "s2".into(),
        force,
    };
    let why = edited(&town, &spec, remove(false)).unwrap_err();
    assert!(
        why.starts_with("edits[0].servers: s2 may not be removed: It runs "),
        "{why}"
    );
    let why = edited(&town, &spec, remove(true)).unwrap_err();
    assert!(
        why.ends_with("Its agent is connected; remove it without force."),
        "{why}"
    );
    let mut lost = town.clone();
    lost.hosts.get_mut("s2").unwrap().is_silent = true;
    let forced = edited(&lost, &spec, remove(true)).unwrap();
    assert_eq!(lists(&forced), ["c1,s1 InService"]);
    assert_eq!(forced.ha_groups[0].servers, "s1");
    // Once more: what was taken out is nothing to complain about.
    assert_eq!(edited(&lost, &forced, remove(true)), Ok(forced));
    let drained = edited(&town, &spec, set("s2", ServerWanted::Drained)).unwrap();
    let made = plan(&town, &drained, &[]);
    run(&mut town, &made);
    let gone = edited(&town, &drained, remove(false)).unwrap();
    assert_eq!(lists(&gone), ["c1,s1 InService"]);
    assert!(plan(&town, &gone, &[]).is_settled());
}

#[test]
fn a_file_system_grows_stops_goes_and_is_forgotten() {
    let (town, spec) = (town(), text::spec(BASE));
    let fs = || "lab".parse().unwrap();
    let grow = Edit::Grow {
        filesystem: fs(),
        mdts: vec![],
        osts: vec![TargetsSpec {
            devices: vec!["wwn:d5".into(), "wwn:d6".into()],
            ..TargetsSpec::default()
        }],
    };
    let grown = edited(&town, &spec, grow).unwrap();
    let (resolved, findings) = plan::resolve(&grown, Site::of(&town).world());
    assert_eq!((resolved.filesystems[0].osts.len(), findings), (4, vec![]));
    let state = |state| Edit::SetFilesystem {
        filesystem: fs(),
        state,
    };
    let stopped = edited(&town, &grown, state(FsWanted::Stopped)).unwrap();
    assert_eq!(stopped.filesystems[0].state, FsWanted::Stopped);
    let forget = Edit::ForgetFilesystem { filesystem: fs() };
    assert!(edited(&town, &stopped, forget.clone()).is_err());
    let absent = edited(&town, &stopped, state(FsWanted::Absent)).unwrap();
    let bare = edited(&town, &absent, forget).unwrap();
    assert!(bare.filesystems.is_empty());
}

#[test]
fn a_fragment_adds_only_what_is_new() {
    let (town, spec) = (town(), text::spec("servers s1; group a s1 none"));
    let mut fragment = text::spec("servers s[1-2]; fs lab: mgs d1, mdt d2, ost d3");
    fragment.ha_groups.clone_from(&spec.ha_groups);
    let add = |fragment: &Spec| Edit::Add {
        fragment: Box::new(fragment.clone()),
    };
    let whole = edited(&town, &spec, add(&fragment)).unwrap();
    assert_eq!(lists(&whole), ["s[1-2] InService"]);
    assert_eq!((whole.networks.len(), whole.ha_groups.len()), (1, 1));
    assert_eq!(
        edited(&town, &whole, add(&fragment)),
        Err(
            "edits[0].fragment.filesystems[0].name: There is a file system called lab already."
                .into()
        )
    );
    fragment.ha_groups[0].servers = "s[1-2]".into();
    let why = edited(&town, &spec, add(&fragment)).unwrap_err();
    assert!(why.contains("another HA group called a"), "{why}");
}
