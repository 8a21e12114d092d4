//! What is managed no more: nodes, Pacemaker, LNet.

use crate::build::{plan, run};
use crate::site::Site;
use crate::text;
use crate::town::{Town, server};
use model::spec::Goal;

fn built(town: &str, spec: &str) -> Town {
    let (mut town, spec) = (text::town(town), text::spec(spec));
    let made = plan(&town, &spec, &[]);
    assert_eq!(text::trouble(&made), "");
    run(&mut town, &made);
    town
}

/// What is planned now and waited for; after it nothing more is done.
fn then(town: &mut Town, spec: &str, expected: &str, trouble: &str) {
    let spec = text::spec(spec);
    let made = plan(town, &spec, &[]);
    assert_eq!(text::trouble(&made), trouble);
    assert_eq!(text::steps(town, &made.graph), expected);
    run(town, &made);
    let after = plan(town, &spec, &[]);
    assert_eq!(text::steps(town, &after.graph), "", "nothing is left to do");
}

const FS: &str = "fs lab: mgs d1, mdt d2, ost d[3-4]";
const PAIR: &str = "s[1-2]; d[1-4] on s[1-2]";

#[test]
fn pacemaker_goes_where_nobody_is_to_manage_a_group() {
    let mut town = built(PAIR, &format!("servers s[1-2]; group a s[1-2]; {FS}"));
    then(
        &mut town,
        &format!("servers s[1-2]; group a s[1-2] none; {FS}"),
        "stop MGS; drop MGS; mount MGS on s1; stop MDT0000; drop MDT0000; mount MDT0000 on s2; \
         stop OST0000; drop OST0000; mount OST0000 on s1; stop OST0001; drop OST0001; mount OST0001 on s2; \
         stop pacemaker on s1; stop corosync on s1; stop pacemaker on s2; stop corosync on s2",
        "",
    );
    assert_eq!(town.hosts["s1"].mounts.len(), 2);
}

#[test]
fn pacemaker_goes_with_the_file_system() {
    let zfs = "fs lab zfs: mgs d1, mdt d2, ost d[3-4]";
    let mut town = built(PAIR, &format!("servers s[1-2]; group a s[1-2]; {zfs}"));
    then(
        &mut town,
        "servers s[1-2]; group a s[1-2] none; fs lab zfs absent: mgs d1",
        "stop MDT0000; drop MDT0000; stop OST0000; drop OST0000; stop OST0001; drop OST0001; \
         stop MGS; drop MGS; destroy lab-mgt on s1; \
         destroy lab-mdt0000 on s2; destroy lab-ost0000 on s1; \
         destroy lab-ost0001 on s2; stop pacemaker on s1; \
         stop corosync on s1; stop pacemaker on s2; stop corosync on s2",
        "",
    );
}

#[test]
fn pacemaker_stays_where_it_runs_what_we_do_not_know() {
    let mut town = built(PAIR, &format!("servers s[1-2]; group a s[1-2]; {FS}"));
    let cluster = town.clusters.get_mut("a").unwrap();
    let mut other = cluster.resources["lab-OST0000"].clone();
    other.of.id = String::from("address");
    other.of.device = String::from("/dev/none");
    (other.is_started, other.on) = (false, None);
    cluster.resources.insert(String::from("address"), other);
    let none = format!("servers s[1-2]; group a s[1-2] none; {FS}");
    let made = plan(&town, &text::spec(&none), &[]);
    assert_eq!(
        text::trouble(&made),
        "end the Pacemaker of HA group a (ha-foreign)"
    );
}

#[test]
fn a_node_that_is_left_out_serves_nothing_and_starts_no_more() {
    let three = "s[1-3]; d[1-4] on s[1-3]";
    let mut town = built(three, &format!("servers s[1-3]; group a s[1-3]; {FS}"));
    then(
        &mut town,
        &format!("servers s[1-2]; group a s[1-2]; {FS}"),
        "standby on s3; stop pacemaker on s3; stop corosync on s3; \
         conf a on s1; conf a on s2; no conf on s3; reload s1 s2; forget s3",
        "",
    );
    assert!(town.hosts["s3"].mounts.is_empty());
}

#[test]
fn a_server_that_is_left_out_hands_its_targets_over() {
    let three = "s[1-3]; d[1-4] on s[1-3]";
    let none = |list: &str| format!("servers {list}; group a {list} none; {FS}");
    let mut town = built(three, &none("s[1-3]"));
    then(
        &mut town,
        &none("s[1-2]"),
        "unmount OST0000 on s3; mount OST0000 on s1",
        "",
    );
}

#[test]
fn what_pacemaker_runs_is_not_taken_by_hand() {
    let mut town = built(PAIR, &format!("servers s[1-2]; group a s[1-2]; {FS}"));
    then(
        &mut town,
        "servers s[1-2]; fs lab stopped: mgs d1, mdt d2, ost d[3-4]",
        "",
        "unmount MGS of lab (ha-external)\nunmount lab-MDT0000 (ha-external)\n\
         unmount lab-OST0000 (ha-external)\nunmount lab-OST0001 (ha-external)",
    );
    for resource in town.clusters.get_mut("a").unwrap().resources.values_mut() {
        (resource.is_started, resource.on) = (false, None);
    }
    for host in town.hosts.values_mut() {
        host.mounts.clear();
    }
    then(
        &mut town,
        &format!("servers s[1-2]; {FS}"),
        "",
        "mount MGS of lab (ha-external)\nmount lab-MDT0000 (ha-external)\n\
         mount lab-OST0000 (ha-external)\nmount lab-OST0001 (ha-external)",
    );
}

#[test]
fn lnet_stops_where_no_network_is_left() {
    let fs = "fs lab: mdt d1, ost d2; client lab c1 /lab";
    let mut town = built("s1 c1; d[1-2] on s1", &format!("servers s1,c1; {fs}"));
    let off = "servers s1,c1; nets s1; fs lab: mdt d1, ost d2";
    let made = plan(&town, &text::spec(off), &[]);
    assert_eq!(text::trouble(&made), "stop LNet (lnet-in-use)");
    town.hosts.get_mut("c1").unwrap().clients.clear();
    then(&mut town, off, "lnet down c1", "");
}

#[test]
fn a_node_that_is_lost_for_good_is_not_waited_for() {
    let three = "s[1-3]; d[1-4] on s[1-3]";
    let mut town = built(three, &format!("servers s[1-3]; group a s[1-3]; {FS}"));
    // It lost its power; the others fenced it and took over.
    town.hosts.get_mut("s3").unwrap().is_silent = true;
    town.hosts.get_mut("s3").unwrap().mounts.clear();
    let cluster = town.clusters.get_mut("a").unwrap();
    cluster.fenced.push(String::from("s3"));
    for resource in cluster.resources.values_mut() {
        resource.on = resource.on.take().filter(|on| on != "s3");
    }
    town.settle();
    then(
        &mut town,
        &format!("servers s[1-2]; group a s[1-2]; {FS}"),
        "conf a on s1; conf a on s2; reload s1 s2; forget s3",
        "",
    );
    assert_eq!(
        town.hosts["s1"].mounts.len() + town.hosts["s2"].mounts.len(),
        4
    );
}

fn remove(server: &str, is_off: bool) -> Goal {
    Goal::Remove {
        server: server.to_owned(),
        is_off,
    }
}

#[test]
fn a_dead_server_leaves_by_a_persons_word() {
    let group = |list: &str| format!("servers {list}; group a {list} none; {FS}");
    let mut town = built(PAIR, &group("s[1-2]"));
    town.hosts.get_mut("s2").unwrap().is_silent = true;
    let after = text::spec(&group("s1"));
    // Without that word nothing is known of it, and it is not forgotten.
    let made = plan(&town, &after, &[remove("s2", false)]);
    assert_eq!(text::steps(&town, &made.graph), "");
    assert!(
        text::trouble(&made).contains("Remove s2 (server-needed)"),
        "{made:?}"
    );
    let site = Site::of(&town);
    let goals = [remove("s2", true)];
    let draft = plan::plan(&after, site.world(), &goals, &[]);
    assert!(!draft.is_ready());
    assert_eq!(draft.consent_needed.len(), 1);
    assert_eq!(draft.consent_needed[0].target, "s2");
    let made = plan(&town, &after, &goals);
    assert_eq!(
        text::trouble(&made),
        "ha_groups[0].servers: a has one server, so nobody can take over."
    );
    assert_eq!(
        text::steps(&town, &made.graph),
        "mount MDT0000 on s1; mount OST0001 on s1"
    );
    assert_eq!(made.graph.removes, [server("s2")]);
    assert_eq!(made.graph.said_off[0].consent[0].by, "ada");
    // The host that is dead has nothing mounted.
    town.hosts.get_mut("s2").unwrap().mounts.clear();
    run(&mut town, &made);
}

#[test]
fn a_word_for_one_silence_is_none_for_the_next() {
    let group = |list: &str| format!("servers {list}; group a {list} none; {FS}");
    let mut town = built(PAIR, &group("s[1-2]"));
    town.hosts.get_mut("s2").unwrap().is_silent = true;
    let after = text::spec(&group("s1"));
    let made = plan(&town, &after, &[remove("s2", true)]);
    town.hosts.get_mut("s2").unwrap().boot += 1;
    let site = Site::of(&town);
    let given = made.graph.said_off[0].consent.clone();
    let again = plan::plan(&after, site.world(), &[remove("s2", true)], &given);
    assert!(!again.is_ready());
    // Who reads the graph a second time sees it too.
    let faults = plan::checks(&made.graph, &after, site.world());
    assert_eq!(faults[0].code, "consent-needed", "{faults:?}");
    // One that answers is not off, whatever is said.
    town.hosts.get_mut("s2").unwrap().is_silent = false;
    let made = plan(&town, &after, &[remove("s2", true)]);
    assert!(text::trouble(&made).contains("Remove s2 (server-answers)"));
    assert!(made.graph.said_off.is_empty());
}

#[test]
fn a_server_comes_into_a_cluster_that_runs_and_leaves_it_again() {
    let three = "s[1-3]; d[1-4] on s[1-2]; d5 on s[1-3]";
    let two = format!("servers s[1-2]; group a s[1-2]; {FS}");
    let mut town = built(three, &two);
    let before = town.clusters["a"].resources["lab-OST0000"].on.clone();
    let all = format!("servers s[1-3]; group a s[1-3]; {FS}");
    then(
        &mut town,
        &all,
        "lnet s3; conf a on s1; conf a on s2; conf a on s3; reload s1 s2 s3; \
         add MGS for s1 s2; add MDT0000 for s2 s1; add OST0000 for s1 s2; add OST0001 for s2 s1; \
         start corosync on s3; start pacemaker on s3; fence s3",
        "",
    );
    let cluster = &town.clusters["a"];
    assert_eq!(cluster.nodes, ["s1", "s2", "s3"]);
    assert_eq!(cluster.resources["lab-OST0000"].of.barred, ["s3"]);
    assert_eq!(cluster.resources["lab-OST0000"].on, before);
    let grown = all.replace("ost d[3-4]", "ost d[3-5]");
    let made = plan(&town, &text::spec(&grown), &[]);
    assert!(text::steps(&town, &made.graph).contains("prepare OST0002 on s3"));
    then(
        &mut town,
        &two,
        "standby on s3; stop pacemaker on s3; stop corosync on s3; \
         conf a on s1; conf a on s2; no conf on s3; reload s1 s2; forget s3",
        "",
    );
}

#[test]
fn a_dead_node_leaves_its_cluster_before_it_is_forgotten() {
    let three = "s[1-3]; d[1-4] on s[1-3]";
    let mut town = built(three, &format!("servers s[1-3]; group a s[1-3]; {FS}"));
    town.hosts.get_mut("s3").unwrap().is_silent = true;
    town.hosts.get_mut("s3").unwrap().mounts.clear();
    for resource in town.clusters.get_mut("a").unwrap().resources.values_mut() {
        resource.on = resource.on.take().filter(|on| on != "s3");
    }
    town.settle();
    let after = text::spec(&format!("servers s[1-2]; group a s[1-2]; {FS}"));
    let made = plan(&town, &after, &[remove("s3", false)]);
    assert_eq!(text::trouble(&made), "Remove s3 (server-needed)");
    let made = plan(&town, &after, &[remove("s3", true)]);
    assert_eq!(text::trouble(&made), "");
    assert_eq!(
        text::steps(&town, &made.graph),
        "conf a on s1; conf a on s2; reload s1 s2; forget s3"
    );
    assert_eq!(made.graph.removes, [server("s3")]);
}

#[test]
fn a_net_that_the_spec_names_no_more_goes_once_nothing_uses_it() {
    let fs = "fs lab: mdt d1, ost d2";
    let two = format!("servers s1,c1; net tcp1 eth0; {fs}; client lab c1 /lab");
    let mut town = built("s1 c1; d[1-2] on s1", &two);
    let one = format!("servers s1,c1; {fs}; client lab c1 /lab");
    let made = plan(&town, &text::spec(&one), &[]);
    assert_eq!(text::steps(&town, &made.graph), "");
    assert_eq!(
        text::trouble(&made),
        "take tcp1 out of LNet on c1 (lnet-in-use)\ntake tcp1 out of LNet on s1 (lnet-in-use)"
    );
    town.hosts.get_mut("c1").unwrap().clients.clear();
    town.hosts.get_mut("s1").unwrap().mounts.clear();
    let bare = "servers s1,c1";
    then(
        &mut town,
        bare,
        "lnet c1 without tcp1; lnet s1 without tcp1",
        "",
    );
    // A net that somebody else brought up stays.
    let mut site = Site::of(&town);
    let report = site.reports.get_mut(&server("c1")).unwrap();
    let lnet = std::sync::Arc::make_mut(report).lnet.as_mut().unwrap();
    let mut other = lnet.nis[0].clone();
    other.nid = "10.0.0.9@tcp7".parse().unwrap();
    lnet.nis.push(other);
    let made = plan::plan(&text::spec(bare), site.world(), &[], &[]);
    assert!(made.is_settled(), "{made:?}");
}
