//! Why Candela thinks what it thinks of a thing.

use super::App;
use super::caller::Viewer;
use super::input::Json;
use super::input::Query;
use super::problem::{Fault, Problems, bad, not_found};
use super::read::{device_id, fs_named, ha_named, server_id, target_key};
use crate::state::World;
use crate::views::{concerns, confidence, evidence, server as servers_view, server_ref, storage};
use api::server::Ref;
use api::summary::Explanation;
use api::target::Target;
use axum::extract::State;
use model::inventory::TargetKey;
use serde::Deserialize;

/// What is asked about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Thing {
    /// Name, label, path or id of anything there is.
    thing: Option<String>,
}

/// `GET /explain?thing=NAME`: tries targets, file systems, servers, HA
/// clusters and devices, in this order.
#[utoipa::path(
    get, path = "/explain", tag = "overview",
    summary = "Why we think so: the evidence about a thing.",
    params(Thing),
    responses((status = 200, body = Explanation), Problems)
)]
pub(crate) async fn explain(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<Thing>,
) -> Result<Json<Explanation>, Fault> {
    let thing = query
        .thing
        .ok_or_else(|| bad("What is to be explained? Give `thing`."))?;
    let world = app.manager.world();
    let tried = [
        explain_target(&world, &thing),
        explain_filesystem(&world, &thing),
        explain_server(&app, &world, &thing),
        explain_ha(&world, &thing),
        explain_device(&world, &thing),
    ];
    for attempt in tried {
        match attempt {
            Err(fault) if fault.0.status == 404 => {}
            outcome => return outcome.map(Json),
        }
    }
    Err(not_found(
        "server, target, file system, HA cluster or device",
        &thing,
    ))
}

fn explain_target(world: &World, name: &str) -> Result<Explanation, Fault> {
    let key = target_key(world, name)?;
    let found = world
        .inventory()
        .targets
        .get(&key)
        .ok_or_else(|| not_found("target", name))?;
    let view = storage::target(world, &key, found);
    Ok(Explanation {
        noun: "target".into(),
        about: Ref {
            id: view.id.clone(),
            name: view.label.clone(),
        },
        conclusion: target_sentences(&view),
        confidence: view.confidence,
        evidence: view.evidence,
        concerns: view.concerns,
    })
}

fn target_sentences(target: &Target) -> Vec<String> {
    let label = &target.label;
    let mut said = vec![match (target.state.as_str(), &target.mounted_on) {
        ("mounted-twice", _) => {
            let on: Vec<_> = target
                .mounted_on_all
                .iter()
                .map(|s| s.name.as_str())
                .collect();
            format!(
                "{label} is reported mounted on {} at once.",
                on.join(" and ")
            )
        }
        ("recovering", Some(on)) => format!("{label} is mounted on {on} and recovers."),
        ("stale", Some(on)) => format!("{label} was mounted on {on} when that was last heard of."),
        (_, Some(on)) => format!("{label} is mounted on {on}."),
        ("missing", None) => {
            format!("{label} should be there, and no server that reports here shows it.")
        }
        (_, None) => format!("{label} is mounted nowhere that reports here."),
    }];
    match &target.home {
        Some(home) => said.push(format!(
            "Its home is {home}; {} may serve it.",
            target.servers.join(", ")
        )),
        None if target.servers.is_empty() && !target.unknown_servers.is_empty() => {
            said.push(format!(
                "It is served by {}, where no agent reports from.",
                target.unknown_servers.join(" or ")
            ));
        }
        None if target.servers.is_empty() => {
            said.push("Nothing says which servers may serve it.".into());
        }
        None => said.push(format!(
            "{} may serve it; nothing says which is its home.",
            target.servers.join(", ")
        )),
    }
    match (&target.device, &target.back_end) {
        (Some(device), Some(back_end)) => said.push(format!("It lies on {device} ({back_end}).")),
        (Some(device), None) => said.push(format!("It lies on {device}.")),
        (None, _) => said.push("Nothing says on which device it lies.".into()),
    }
    said
}

fn explain_filesystem(world: &World, name: &str) -> Result<Explanation, Fault> {
    let (key, fs) = fs_named(world, name)?;
    let view = storage::filesystem(world, key, fs);
    let mgt = view.mgt.as_ref().and_then(|mgt| {
        let found = world.inventory().targets.get(&TargetKey(mgt.id.clone()))?;
        let on: Vec<_> = found.mounted_on.iter().collect();
        Some(on.into_iter().map(|id| server_ref(world, *id).name))
    });
    let on = mgt.map(|names| names.collect::<Vec<_>>().join(" and "));
    let mgs = match (&view.mgt, view.is_mgs_external) {
        (Some(_), _) if on.as_ref().is_some_and(|on| !on.is_empty()) => {
            format!("Its MGS is mounted on {}.", on.unwrap_or_default())
        }
        (Some(_), _) => "Its MGS is mounted nowhere that reports here.".to_owned(),
        (None, true) => "Its MGS is on no server that reports here.".to_owned(),
        (None, false) => {
            "Its MGS is on a server that reports here, and is not seen on a device.".to_owned()
        }
    };
    let counts = format!(
        "{} is {}: {} MDTs and {} OSTs, {} of {} mounted.",
        view.name, view.state, view.n_mdts, view.n_osts, view.n_mounted, view.n_targets
    );
    Ok(Explanation {
        noun: "filesystem".into(),
        about: Ref {
            id: view.id,
            name: view.name,
        },
        conclusion: vec![counts, mgs],
        confidence: view.confidence,
        evidence: view.evidence,
        concerns: view.concerns,
    })
}

fn explain_server(app: &App, world: &World, name: &str) -> Result<Explanation, Fault> {
    let id = server_id(world, name)?;
    let entry = world.server(id).ok_or_else(|| not_found("server", name))?;
    let row = servers_view::row(world, id, entry, app.manager.now());
    let mounted: Vec<_> = row
        .mounted
        .iter()
        .map(|target| target.name.as_str())
        .collect();
    let mut said = vec![format!("{} is {}.", row.name, row.state)];
    said.push(match mounted.as_slice() {
        [] => format!(
            "No target is mounted on it; it may serve {}.",
            row.n_may_serve
        ),
        some => format!(
            "{} of {} targets that it may serve are mounted: {}.",
            some.len(),
            row.n_may_serve,
            some.join(", ")
        ),
    });
    if let Some(ha) = &row.ha_cluster {
        said.push(format!("It stands in the HA cluster {}.", ha.name));
    }
    let targets = world
        .inventory()
        .servers
        .get(&id)
        .into_iter()
        .flat_map(|server| &server.may_serve);
    let found = targets.filter_map(|key| world.inventory().targets.get(key));
    let own = found.flat_map(|target| {
        target
            .evidence
            .iter()
            .filter(|e| e.server == Some(id))
            .cloned()
    });
    Ok(Explanation {
        noun: "server".into(),
        about: server_ref(world, id),
        conclusion: said,
        confidence: "certain".into(),
        evidence: evidence(world, &own.collect::<Vec<_>>()),
        concerns: row.concerns,
    })
}

fn explain_ha(world: &World, name: &str) -> Result<Explanation, Fault> {
    let (key, ha) = ha_named(world, name)?;
    let names: Vec<_> = ha
        .servers
        .iter()
        .map(|id| server_ref(world, *id).name)
        .collect();
    let how = match ha.manager.as_str() {
        "pacemaker" => "Pacemaker runs it",
        _ => "no cluster manager answers; they name each other as servers of the same targets",
    };
    Ok(Explanation {
        noun: "ha-cluster".into(),
        about: Ref {
            id: key.0.clone(),
            name: ha.name.clone(),
        },
        conclusion: vec![
            format!("{} stand in for each other: {how}.", names.join(" and ")),
            format!("{} targets are theirs.", ha.targets.len()),
        ],
        confidence: confidence(ha.confidence),
        evidence: evidence(world, &ha.evidence),
        concerns: concerns(&ha.concerns),
    })
}

fn explain_device(world: &World, name: &str) -> Result<Explanation, Fault> {
    let id = device_id(world, name)?;
    let device = world.inventory().devices.get(&id);
    let device = device.ok_or_else(|| not_found("device", name))?;
    let view = storage::device(world, &id, device);
    let seen: Vec<_> = view
        .seen_by
        .iter()
        .map(|at| format!("{} as {}", at.server.name, at.path))
        .collect();
    let on: Vec<_> = view
        .targets
        .iter()
        .map(|target| target.name.as_str())
        .collect();
    let mut said = vec![format!("{} is seen by {}.", view.id, seen.join(", "))];
    if !on.is_empty() {
        said.push(format!("{} lie on it.", on.join(", ")));
    }
    Ok(Explanation {
        noun: "device".into(),
        about: Ref {
            id: view.id.clone(),
            name: view.path,
        },
        conclusion: said,
        confidence: if id.is_shareable() { "certain" } else { "good" }.to_owned(),
        evidence: Vec::new(),
        concerns: Vec::new(),
    })
}
