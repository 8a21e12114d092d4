//! What may be done to a thing, and if not, why.

use super::App;
use super::caller::Viewer;
use super::input::Json;
use super::input::Query;
use super::problem::{Fault, Problems, bad, not_found};
use super::read::{client_key, fs_named, ha_named, server_id, target_key};
use super::spec::{failed, kept, sentence};
use crate::planning::parse;
use crate::state::World;
use crate::views::{server_ref, target_ref};
use api::allowed::{Allowed, AllowedQuery, AllowedVerb};
use api::server::Ref;
use axum::extract::State;
use model::ids::ServerId;
use model::inventory::{FsKey, HaKey, TargetKey};
use model::spec::Spec;
use plan::{Allowing, Verb};

/// A thing that has verbs.
enum Thing {
    Target(TargetKey),
    FileSystem(FsKey),
    Server(ServerId),
    HaCluster(HaKey),
    Client(ServerId, String),
    Zpool(String),
}

/// `GET /allowed?thing=NAME`: tries targets, file systems, servers, HA clusters,
/// client mounts (`SERVER:/MOUNT/POINT`) and pools, in this order.
#[utoipa::path(
    get, path = "/allowed", tag = "jobs",
    summary = "What you may do to a thing now, with what to plan for it; and if not, why.",
    params(AllowedQuery),
    responses((status = 200, body = Allowed), Problems)
)]
pub(crate) async fn allowed(
    State(app): State<App>,
    Viewer(caller): Viewer,
    Query(query): Query<AllowedQuery>,
) -> Result<Json<Allowed>, Fault> {
    let name = query
        .thing
        .ok_or_else(|| bad("What is asked about? Give `thing`."))?;
    let found = find(&app.manager.world(), query.noun.as_deref(), &name);
    let (_, text) = kept(&app).await?;
    let spec: Spec = parse(&text).map_err(|error| bad(sentence(&error)))?;
    let found = match found {
        Err(fault) if fault.0.status == 404 => {
            of_spec(&spec, query.noun.as_deref(), &name).ok_or(fault)
        }
        found => found,
    };
    let (noun, thing, about) = found?;
    let snapshot = app.manager.snapshot();
    let judged = tokio::task::spawn_blocking(move || {
        let allowing = Allowing::new(snapshot.world(), &spec, caller.role);
        match &thing {
            Thing::Target(key) => allowing.target(key),
            Thing::FileSystem(key) => allowing.filesystem(key),
            Thing::Server(id) => allowing.server(*id),
            Thing::HaCluster(key) => allowing.ha_cluster(key),
            Thing::Client(server, at) => allowing.client(*server, at),
            Thing::Zpool(name) => allowing.zpool(name),
        }
    });
    let verbs = judged.await.map_err(|error| failed(&error))?;
    Ok(Json(Allowed {
        noun: noun.to_owned(),
        about,
        verbs: verbs.into_iter().map(view).collect(),
    }))
}

fn view(verb: Verb) -> AllowedVerb {
    AllowedVerb {
        verb: verb.verb.to_owned(),
        is_allowed: verb.why_not.is_none(),
        why_not: verb.why_not,
        warnings: verb.warnings,
        goals: verb.goals,
        edits: verb.edits,
    }
}

/// The thing of this name, and what kind it is.
fn find(
    world: &World,
    noun: Option<&str>,
    name: &str,
) -> Result<(&'static str, Thing, Ref), Fault> {
    let all = [
        ("target", target as fn(&World, &str) -> _),
        ("filesystem", filesystem),
        ("server", server),
        ("ha-cluster", ha_cluster),
        ("client", client),
        ("zpool", zpool),
    ];
    if let Some(noun) = noun
        && all.iter().all(|(known, _)| *known != noun)
    {
        return Err(bad(
            "`noun` is one of `server`, `target`, `filesystem`, `ha-cluster`, `client` and `zpool`.",
        ));
    }
    for (known, look) in all {
        if noun.is_some_and(|noun| noun != known) {
            continue;
        }
        match look(world, name) {
            Err(fault) if fault.0.status == 404 => {}
            outcome => return outcome.map(|(thing, about)| (known, thing, about)),
        }
    }
    Err(not_found(
        "server, target, file system, HA cluster, client mount or pool",
        name,
    ))
}

/// A file system that is not seen, and that the spec names: pools may be left of it.
fn of_spec(spec: &Spec, noun: Option<&str>, name: &str) -> Option<(&'static str, Thing, Ref)> {
    let mut known = spec.filesystems.iter();
    let is_asked = noun.is_none_or(|noun| noun == "filesystem");
    let fs = known.find(|fs| is_asked && fs.name.as_str() == name)?;
    let about = Ref {
        id: fs.name.to_string(),
        name: fs.name.to_string(),
    };
    let key = FsKey(fs.name.to_string());
    Some(("filesystem", Thing::FileSystem(key), about))
}

type Found = Result<(Thing, Ref), Fault>;

fn target(world: &World, name: &str) -> Found {
    let key = target_key(world, name)?;
    let about = target_ref(world, &key);
    Ok((Thing::Target(key), about))
}

fn filesystem(world: &World, name: &str) -> Found {
    let (key, fs) = fs_named(world, name)?;
    let about = Ref {
        id: key.0.clone(),
        name: fs.name.to_string(),
    };
    Ok((Thing::FileSystem(key.clone()), about))
}

fn server(world: &World, name: &str) -> Found {
    let id = server_id(world, name)?;
    Ok((Thing::Server(id), server_ref(world, id)))
}

fn ha_cluster(world: &World, name: &str) -> Found {
    let (key, ha) = ha_named(world, name)?;
    let about = Ref {
        id: key.0.clone(),
        name: ha.name.clone(),
    };
    Ok((Thing::HaCluster(key.clone()), about))
}

/// `SERVER:/MOUNT/POINT`.
fn client(world: &World, name: &str) -> Found {
    let (id, at) = client_key(world, name)?;
    let about = Ref {
        id: format!("{id}:{at}"),
        name: format!("{}:{at}", server_ref(world, id).name),
    };
    Ok((Thing::Client(id, at), about))
}

fn zpool(world: &World, name: &str) -> Found {
    let reports = world
        .servers
        .values()
        .filter_map(|entry| entry.report.as_ref());
    let mut pools = reports.flat_map(|report| report.zpools.iter().flatten());
    if !pools.any(|pool| pool.name == name) {
        return Err(not_found("pool", name));
    }
    let about = Ref {
        id: name.to_owned(),
        name: name.to_owned(),
    };
    Ok((Thing::Zpool(name.to_owned()), about))
}
