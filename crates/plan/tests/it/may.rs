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
        _ => allowing.filesystem(&FsKey(name.to_owned())),
    };
    assert_eq!(told(&verbs), expected, "{what}");
}

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
        "failover\nfailback: It is at home.\nstart: It is up.\n\
         stop: A target goes down with its file system, or with its server when that is drained.",
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
         stop: It is not up.",
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
         stop: A target goes down with its file system, or with its server when that is drained.",
    );
}
