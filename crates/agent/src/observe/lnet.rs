//! LNet: local interfaces and routes.

use super::Look;
use crate::host::Command;
use lustre::lnet::{self as text, Ni};
use lustre::nid::Nid;
use model::report::{Lnet, LnetNi, LnetRoute, LnetState};

/// LNet by `lnetctl`, or by `lctl list_nids` where that does not answer.
pub fn lnet(look: &mut Look<'_>) -> Option<Lnet> {
    let commands: &[&[&str]] = &[
        &["lnetctl", "net", "show", "-v"],
        &["lnetctl", "net", "show"],
        &["lctl", "list_nids"],
    ];
    let (bytes, source) = look.run("lnet", commands)?;
    let mut found = Lnet::default();
    let skips = if source.starts_with("lctl") {
        let (nids, skips) = text::nids::parse(&bytes);
        found.nis = nids.into_iter().map(bare).collect();
        skips
    } else {
        let (document, skips) = text::parse(&bytes);
        found.nis = document.nis().filter_map(shown).collect();
        skips
    };
    look.skips("lnet", &source, &skips);
    found.nis.retain(|ni| !ni.nid.is_loopback());
    found.state = if found.nis.is_empty() {
        LnetState::Down
    } else {
        LnetState::Up
    };
    if let Ok(file) = look.host().read_file(lustre::argv::lnet::CONFIG) {
        found.kept_nets = lustre::argv::lnet::nets_of(&String::from_utf8_lossy(&file));
    }
    let routes = read(look, &["lnetctl", "route", "show", "-v"]);
    found.routes = routes.routes.into_iter().map(route).collect();
    let routing = read(look, &["lnetctl", "routing", "show"]);
    found.is_router = routing.is_router.unwrap_or(false);
    Some(found)
}

/// What a command says that may well not answer.
fn read(look: &Look<'_>, argv: &[&str]) -> text::Document {
    let output = look.host().run(&Command::read(argv));
    output
        .map(|output| text::parse(&output.stdout).0)
        .unwrap_or_default()
}

/// `lctl list_nids` lists what is up, and nothing else of it.
fn bare(nid: Nid) -> LnetNi {
    LnetNi {
        nid,
        status: "up".to_owned(),
        interfaces: Vec::new(),
        health: None,
    }
}

fn shown(ni: &Ni) -> Option<LnetNi> {
    Some(LnetNi {
        nid: ni.nid.clone()?,
        status: ni.status.clone().unwrap_or_default(),
        interfaces: ni.interfaces.clone(),
        health: ni.health_value().and_then(|value| value.try_into().ok()),
    })
}

fn route(route: text::Route) -> LnetRoute {
    LnetRoute {
        net: route.net,
        gateway: route.gateway,
        state: route.state.unwrap_or_default(),
    }
}
