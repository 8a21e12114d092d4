//! Proposals, as one line for each target.

use crate::build::{plan, run};
use crate::site::Site;
use crate::text;
use crate::town::Town;
use model::edit::Edit;
use model::proposal::{MgsWish, Proposal, Wish};
use model::spec::{BackEnd, PoolSpec, Spec};

fn wish() -> Wish {
    Wish::named("lab".parse().unwrap())
}

fn propose(town: &Town, spec: &Spec, wish: &Wish) -> Proposal {
    plan::propose(wish, spec, Site::of(town).world())
}

/// `MDT0000 mds1 (mds2) d1`, a line each.
fn told(proposal: &Proposal) -> String {
    let each = proposal.targets.iter().map(|target| {
        let label = target.label.rsplit('-').next().unwrap();
        let disks: Vec<&str> = target.paths.iter().map(|p| &p["/dev/".len()..]).collect();
        let heirs = target.heirs.join(" ");
        format!("{label} {} ({heirs}) {}", target.home, disks.join("+"))
    });
    each.collect::<Vec<_>>().join("\n")
}

fn notes(proposal: &Proposal) -> Vec<&str> {
    let notes = proposal.findings.iter();
    notes.map(|finding| finding.reason.as_str()).collect()
}

const BARE: &str = "mds[1-2] oss[1-4]; m[1-2] on mds[1-2]; a[1-4] on oss[1-2]; b[1-4] on oss[3-4]";

#[test]
fn bare_servers_become_a_file_system_spread_over_all_of_them() {
    let town = text::town(BARE);
    let made = propose(&town, &Spec::default(), &wish());
    assert_eq!(
        told(&made),
        "MDT0000 mds1 (mds2) m1\n\
         OST0000 oss1 (oss2) a1\nOST0001 oss3 (oss4) b1\n\
         OST0002 oss2 (oss1) a2\nOST0003 oss4 (oss3) b2\n\
         OST0004 oss1 (oss2) a3\nOST0005 oss3 (oss4) b3\n\
         OST0006 oss2 (oss1) a4\nOST0007 oss4 (oss3) b4"
    );
    assert_eq!(
        notes(&made),
        [
            "Nobody takes targets over by himself: no fencing is described.",
            "LNet is put on eth0 as tcp.",
            "MDTs go to mds[1-2] and OSTs to oss[1-4], by their names.",
        ]
    );
    let (spec, findings) = plan::edit(&Spec::default(), &made.edits, Site::of(&town).world());
    assert_eq!(findings, []);
    let first = plan(&town, &spec, &[]);
    assert_eq!(text::trouble(&first), "");
    let mut town = town;
    run(&mut town, &first);
    assert!(plan(&town, &spec, &[]).is_settled());
}

#[test]
fn fencing_is_said_once_and_bmcs_that_servers_report_need_not_be_named() {
    let town = text::town(BARE);
    let mut site = Site::of(&town);
    for (n, report) in (1..).zip(site.reports.values_mut()) {
        std::sync::Arc::make_mut(report).hardware = Some(model::report::Hardware {
            bmc_address: Some(format!("10.30.0.{n}")),
            ..Default::default()
        });
    }
    let said = model::spec::Fencing {
        agent: "fence_ipmilan".into(),
        parameters: [("username".into(), "admin".into())].into(),
        ..Default::default()
    };
    let wished = Wish {
        fencing: Some(said.clone()),
        ..wish()
    };
    let made = plan::propose(&wished, &Spec::default(), site.world());
    let (spec, findings) = plan::edit(&Spec::default(), &made.edits, site.world());
    assert_eq!(findings, []);
    let addresses = |group: &model::spec::HaGroup| {
        let fencing = group.fencing.as_ref().unwrap();
        assert_eq!(fencing.parameters, said.parameters);
        let each = fencing.servers.iter();
        each.map(|(name, own)| format!("{name} {}", own["ip"]))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let groups: Vec<String> = spec.ha_groups.iter().map(addresses).collect();
    assert_eq!(
        groups,
        [
            "mds1 10.30.0.1, mds2 10.30.0.2",
            "oss1 10.30.0.3, oss2 10.30.0.4",
            "oss3 10.30.0.5, oss4 10.30.0.6",
        ]
    );

    // The next one takes it over, where every BMC is known.
    let mut known = spec.clone();
    known.ha_groups.truncate(1);
    known.filesystems.clear();
    let made = plan::propose(&wish(), &known, site.world());
    let (again, _) = plan::edit(&known, &made.edits, site.world());
    assert_eq!(again.ha_groups, spec.ha_groups);
    for report in site.reports.values_mut() {
        std::sync::Arc::make_mut(report).hardware = None;
    }
    let made = plan::propose(&wish(), &known, site.world());
    assert!(notes(&made)[0].starts_with("Nobody takes targets over"));
}

#[test]
fn devices_are_sought_on_the_servers_of_the_wish() {
    let town = text::town("s[1-10]; d[1-4] on s[1-2]; d[5-8] on s[9-10]");
    let made = propose(&town, &Spec::default(), &wish());
    assert_eq!(made.servers.len(), 10);
    let named = Wish {
        mdt_servers: Some("s[1-2]".into()),
        ost_servers: Some("s10,s9,s2".into()),
        ..wish()
    };
    let made = propose(&town, &Spec::default(), &named);
    assert_eq!(made.servers, ["s1", "s2", "s9", "s10"]);
}

#[test]
fn what_holds_data_is_left_out_unless_it_is_named() {
    let town = text::town("s[1-2]; d[1-4] on s[1-2]; d2 holds xfs");
    let made = propose(&town, &Spec::default(), &wish());
    assert!(!told(&made).contains("d2"), "{}", told(&made));
    assert_eq!(made.n_left_out, 1);
    assert_eq!(
        made.left_out[0].why,
        "It holds xfs; name it to use it all the same."
    );
    assert!(made.left_out[0].may_be_named);
    let named = Wish {
        ost_devices: vec!["/dev/d2".into()],
        ..wish()
    };
    let made = propose(&town, &Spec::default(), &named);
    assert_eq!(made.n_left_out, 0);
    let last = made.targets.last().unwrap();
    assert_eq!(
        (last.paths.as_slice(), last.holds.len()),
        (&["/dev/d2".to_owned()][..], 1)
    );
}

#[test]
fn alike_disks_go_together_and_a_mixture_is_told() {
    let mut town = text::town("s[1-2]; d[1-4] on s[1-2]; e[1-2] on s[1-2]");
    for disk in ["e1", "e2"] {
        town.disks.get_mut(disk).unwrap().bytes = 1 << 38;
    }
    let made = propose(&town, &Spec::default(), &wish());
    assert!(
        told(&made).starts_with("MDT0000 s1 (s2) e1\nOST0000 s2 (s1) d1\n"),
        "{}",
        told(&made)
    );
    assert_eq!(made.targets.len(), 5);
    let more = Wish {
        n_osts: Some(5),
        ..wish()
    };
    let made = propose(&town, &Spec::default(), &more);
    assert_eq!(made.targets.len(), 6);
    let is_told = notes(&made)
        .iter()
        .any(|note| note.contains("several sizes"));
    assert!(is_told, "{:?}", notes(&made));
    let most = Wish {
        n_osts: Some(9),
        ..wish()
    };
    let made = propose(&town, &Spec::default(), &most);
    assert!(made.findings[0].is_error, "{:?}", made.findings);
}

#[test]
fn a_disk_that_one_server_sees_has_no_heir_and_that_is_told() {
    let town = text::town("s[1-2]; d[1-3] on s[1-2]; x1 on s1");
    let made = propose(&town, &Spec::default(), &wish());
    let reason = "Only one server of its HA group sees the devices of lab-OST0002 now: nothing takes over what is made so.";
    assert!(
        notes(&made).contains(&reason),
        "{}\n{:?}",
        told(&made),
        notes(&made)
    );
}

#[test]
fn pools_are_whole_and_an_mgt_has_its_own_disk() {
    let town = text::town("s[1-2]; d[1-9] on s[1-2]");
    let zfs = Wish {
        back_end: BackEnd::Zfs,
        mgs: Some(MgsWish::Own),
        ost_pool: Some(PoolSpec {
            layout: Some("raidz".into()),
            n_devices: 3,
            options: vec![],
        }),
        ..wish()
    };
    let made = propose(&town, &Spec::default(), &zfs);
    assert_eq!(
        told(&made),
        "MGS s1 (s2) d1\nMDT0000 s2 (s1) d2\nOST0000 s1 (s2) d3+d4+d5\nOST0001 s2 (s1) d6+d7+d8"
    );
}

#[test]
fn one_that_is_there_grows_on_what_is_left() {
    let mut town = text::town("s[1-2]; d[1-6] on s[1-2]");
    let spec =
        text::spec("servers s[1-2]; group a s[1-2] none; fs lab: mgs d1, mdt d2, ost d[3-4]");
    let made = plan(&town, &spec, &[]);
    run(&mut town, &made);
    let grown = propose(&town, &spec, &wish());
    assert!(
        matches!(grown.edits.as_slice(), [Edit::Grow { .. }]),
        "{:?}",
        grown.edits
    );
    assert_eq!(told(&grown), "OST0002 s1 (s2) d5\nOST0003 s2 (s1) d6");
    let wish = Wish {
        name: "two".parse().unwrap(),
        ..wish()
    };
    let second = propose(&town, &spec, &wish);
    assert!(
        notes(&second).contains(&"It uses the MGS of lab."),
        "{:?}",
        notes(&second)
    );
}
