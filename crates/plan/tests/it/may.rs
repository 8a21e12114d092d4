//! What may be done, and if not, why.

use crate::build::{plan, run};
use crate::site::Site;
use crate::text;
use crate::town::{Town, server};
use model::inventory::{FsKey, TargetKey};
use model::role::Role;
use plan::{Allowing, Verb};

const FS: &str = "fs lab: mgs d1, mdt d2, ost d[3-4]; fs two: mgs of lab, mdt d5, ost d6 home s1";

fn built(base: &str) -> Town {
    let mut town = text::town("s[1-2] c1; watched w1; d[1-6] on s[1-2]");
    let made = plan(&town, &text::spec(&format!("{base}; {FS}")), &[]);
    assert_eq!(text::trouble(&made), "");
    run(&mut town, &made);
    town
}

/// `drain: why not` or `drain`, and `drain (warning)`.
fn told(verbs: &[Verb]) -> String {
    let each = verbs
        .iter()
        .map(|verb| match (&verb.why_not, verb.warnings.first()) {
            (Some(why), _) => format!("{}: {why}", verb.verb),
            (None, Some(warning)) => format!("{} ({warning})", verb.verb),
            (None, None) => verb.verb.to_owned(),
        });
    each.collect::<Vec<_>>().join("\n")
}

/// `server s1`, `target lab-OST0000`, `fs lab`.
fn check(town: &Town, base: &str, role: Role, what: &str, expected: &str) {
    let spec = text::spec(&format!("{base}; {FS}"));
    let site = Site::of(town);
    let allowing = Allowing::new(site.world(), &spec, role);
    let (kind, name) = what.split_once(' ').unwrap();
    let verbs = match kind {
        "server" => allowing.server(server(name)),
        "target" => allowing.target(&TargetKey(name.to_owned())),
        "client" => {
            let (on, at) = name.split_once(':').unwrap();
            allowing.client(server(on), at)
        }
        "zpool" => allowing.zpool(name),
        _ => allowing.filesystem(&FsKey(name.to_owned())),
    };
    assert_eq!(told(&verbs), expected, "{what}");
}

const BY_HAND: &str = "Candela does not take single targets out. By hand, in this order: on each MDS `lctl set_param osp.lab-OST0000-osc-MDT*.max_create_count=0`; on a client `lfs find MOUNT --ost lab-OST0000 | lfs_migrate -y` until that finds nothing; on the MGS `lctl conf_param lab-OST0000.osc.active=0`; then unmount it. What is still on it is lost.";
const BARE: &str = "servers s[1-2],c1; group a s[1-2] none";
const HA: &str = "servers s[1-2],c1; group a s[1-2]";

#[test]
fn each_verb_says_why_it_may_not_be() {
    let town = built(BARE);
    let is = |what: &str, expected: &str| check(&town, BARE, Role::Operator, what, expected);
    is(
        "server s1",
        "drain\nreturn: It is in service.\nreboot\nremove: It runs MGS; drain it first.\n\
         force-remove: Its agent is connected; remove it without force.",
    );
    is(
        "server c1",
        "drain\nreturn: It is in service.\nreboot\nremove\n\
         force-remove: Its agent is connected; remove it without force.",
    );
    let watched = "It is only watched: Candela changes nothing on it.";
    is(
        "server w1",
        &["drain", "return", "reboot", "remove", "force-remove"]
            .map(|verb| format!("{verb}: {watched}"))
            .join("\n"),
    );
    is(
        "target lab-OST0000",
        &format!(
            "failover\nfailback: It is at home.\nstart: It is up.\n\
             stop: A target goes down with its file system, or with its server when that is drained.\n\
             remove: {BY_HAND}"
        ),
    );
    is(
        "fs two",
        "start: It is to be up already.\nstop\ngrow\nremove (All that is in it is lost. Each device needs your consent.)",
    );
    check(
        &town,
        BARE,
        Role::Viewer,
        "fs two",
        &["start", "stop", "grow", "remove"]
            .map(|verb| format!("{verb}: Your role is viewer; an operator may do this."))
            .join("\n"),
    );
}

#[test]
fn silence_and_others_hands_are_reasons() {
    let mut town = built(BARE);
    town.hosts.get_mut("s2").unwrap().is_silent = true;
    let is = |what: &str, expected: &str| check(&town, BARE, Role::Admin, what, expected);
    is(
        "target lab-MDT0000",
        "failover: It waits for this: Proof that s2, which sees its device, does not have it mounted: its agent, or fencing.\n\
         failback: It waits for this: The agent on s2 to connect.\n\
         start: It waits for this: The agent on s2, where it was mounted, to connect; or `target failover` once that server is proven off.\n\
         stop: It is not up.\n\
         remove: It holds the root of lab, and goes with lab.",
    );
    is(
        "server s2",
        "drain: It waits for this: The agent on s2, where it was mounted, to connect; or `target failover` once that server is proven off.\nreturn: It is in service.\n\
         reboot: It waits for this: The agent on s2 to connect.\nremove: It is silent, and ran lab-MDT0000 when last seen.\n\
         force-remove (MGS and 5 others lose a server that may take them over.)",
    );
}

#[test]
fn pacemaker_in_maintenance_is_a_reason() {
    let mut town = built(HA);
    town.clusters.get_mut("a").unwrap().maintenance = true;
    check(
        &town,
        HA,
        Role::Operator,
        "target lab-OST0000",
        "failover: It waits for this: The end of Pacemaker's maintenance mode.\nfailback: It is at home.\n\
         start: It is up.\n\
         stop: A target goes down with its file system, or with its server when that is drained.\n\
         remove: BY_HAND"
            .replace("BY_HAND", BY_HAND)
            .as_str(),
    );
}

#[test]
fn clients_and_pools_have_their_verbs() {
    let mut town = built(BARE);
    let is =
        |town: &Town, what: &str, expected: &str| check(town, BARE, Role::Operator, what, expected);
    is(
        &town,
        "client c1:/lab",
        "mount: No file system is mounted at /lab, nor is to be.\n\
         unmount: No file system is mounted at /lab, nor is to be.",
    );
    let with = format!("{BARE}; client lab c1 /lab");
    let spec = text::spec(&format!("{with}; {FS}"));
    let made = plan(&town, &spec, &[]);
    check(
        &town,
        &with,
        Role::Operator,
        "client c1:/lab",
        "mount\nunmount: It is not mounted.",
    );
    run(&mut town, &made);
    check(
        &town,
        &with,
        Role::Operator,
        "client c1:/lab",
        "mount: It is mounted.\nunmount",
    );
    let site = Site::of(&town);
    let verbs = Allowing::new(site.world(), &spec, Role::Operator).client(server("c1"), "/lab");
    let (off, findings) = plan::edit(&spec, &verbs[1].edits, site.world());
    assert_eq!(findings, []);
    let made = plan(&town, &off, &[]);
    assert_eq!(text::steps(&town, &made.graph), "client off lab on c1");
    is(
        &town,
        "zpool tank",
        &["import", "export", "destroy"]
            .map(|verb| {
                format!("{verb}: No target of the spec lies in it: Candela leaves it alone.")
            })
            .join("\n"),
    );
}

#[test]
fn a_pool_goes_where_its_target_goes() {
    let base = "servers s[1-2]; group a s[1-2] none; fs lab zfs: mdt d1, ost d2";
    let mut town = text::town("s[1-2]; d[1-2] on s[1-2]");
    let spec = text::spec(base);
    let made = plan(&town, &spec, &[]);
    run(&mut town, &made);
    let site = Site::of(&town);
    let verbs = Allowing::new(site.world(), &spec, Role::Operator).zpool("lab-ost0000");
    assert_eq!(
        told(&verbs),
        "import: It is imported on s2, where lab-OST0000 runs.\n\
         export: lab-OST0000 in it runs on s2: it follows when that fails over or stops.\n\
         destroy: It goes with its file system: remove lab."
    );
}

#[test]
fn a_target_that_is_not_named_any_more_is_left_and_told() {
    let town = built(BARE);
    let fewer = FS.replace("ost d[3-4]", "ost d3");
    let made = plan(&town, &text::spec(&format!("{BARE}; {fewer}")), &[]);
    assert_eq!(text::steps(&town, &made.graph), "");
    assert_eq!(
        text::trouble(&made),
        "filesystems[0].osts: lab-OST0001 is there and not named: it is left as it is, and nobody sees to it."
    );
}
