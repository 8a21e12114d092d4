//! The lists: what a query can ask of a row, and the row as callers see it.

use super::list::{Field, SortKey};
use super::{concerns, confidence, server, server_ref, storage};
use crate::state::World;
use api::server::{Concern, Ref};
use jiff::Timestamp;
use model::ids::{DeviceId, ServerId};
use model::inventory::{FsKey, HaKey, TargetKey};
use serde::Serialize;
use std::collections::BTreeSet;

/// One kind of row.
pub(crate) trait Noun {
    /// What names a row.
    type Key: Ord + Clone;
    /// The row as callers see it.
    type Row: Serialize;
    /// As the overview calls it.
    const NAME: &'static str;
    /// What a query can ask for.
    const FIELDS: &'static [Field];
    /// Fields that change whenever an agent speaks: they are kept in no index.
    const LIVE: &'static [&'static str] = &[];

    /// Every row that there is.
    fn keys(world: &World) -> Vec<Self::Key>;
    /// What can be asked of a row; none if it is not there.
    fn facets(world: &World, key: &Self::Key) -> Option<Facets>;
    /// A row; none if it is not there.
    fn row(world: &World, key: &Self::Key, now: Timestamp) -> Option<Self::Row>;
    /// A row without why, for indexes.
    fn row_alone(world: &World, key: &Self::Key, now: Timestamp) -> Option<Self::Row> {
        Self::row(world, key, now)
    }
    /// A field to sort by, where it can be had without making the row.
    fn field(_world: &World, _key: &Self::Key, _field: &str) -> Option<SortKey> {
        None
    }
    /// One of its live fields now.
    fn live(_world: &World, _key: &Self::Key, _field: &str) -> SortKey {
        SortKey::Nothing
    }
}

/// What can be asked of a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facets {
    /// Fields with their values, of which there may be several.
    pub values: Vec<(Field, String)>,
    /// What needs attention, and about what.
    pub concerns: Option<(Ref, Vec<Concern>)>,
}

impl Facets {
    fn add(&mut self, field: Field, value: impl Into<String>) {
        self.values.push((field, value.into()));
    }

    /// By id and by name.
    fn add_server(&mut self, world: &World, id: ServerId) {
        let Ref { id, name } = server_ref(world, id);
        self.add(Field::Server, id);
        self.add(Field::Server, name);
    }

    fn note(&mut self, about: impl FnOnce() -> Ref, all: Vec<Concern>) {
        if !all.is_empty() {
            self.concerns = Some((about(), all));
        }
    }
}

/// Servers.
pub(crate) struct Servers;
/// Targets.
pub(crate) struct Targets;
/// File systems.
pub(crate) struct FileSystems;
/// Devices.
pub(crate) struct Devices;
/// HA clusters.
pub(crate) struct HaClusters;
/// Client mounts.
pub(crate) struct Clients;

/// File systems that a server serves, may serve or mounts.
fn filesystems_of(world: &World, id: ServerId) -> BTreeSet<&FsKey> {
    let found = world.inventory();
    let known = found.servers.get(&id);
    let served = known.into_iter();
    let served = served.flat_map(|server| server.may_serve.iter().chain(&server.mounted));
    let targets = served.filter_map(|key| found.targets.get(key)?.fs.as_ref());
    let clients = found.clients.range((id, String::new())..);
    let clients = clients.take_while(|((server, _), _)| *server == id);
    let mounted = clients.filter_map(|(_, client)| client.fs.as_ref());
    targets.chain(mounted).collect()
}

impl Noun for Servers {
    type Key = ServerId;
    type Row = api::server::Server;
    const NAME: &'static str = "server";
    const FIELDS: &'static [Field] = &[Field::State, Field::Kind, Field::FileSystem];
    const LIVE: &'static [&'static str] = &["seen_at", "age_s"];

    fn keys(world: &World) -> Vec<ServerId> {
        world.servers.keys().copied().collect()
    }

    fn facets(world: &World, key: &ServerId) -> Option<Facets> {
        let entry = world.server(*key)?;
        let mut facets = Facets::default();
        facets.add(Field::State, entry.state.to_string());
        let known = world.inventory().servers.get(key);
        for role in known.into_iter().flat_map(|server| &server.roles) {
            facets.add(Field::Kind, server::role(*role));
        }
        for key in filesystems_of(world, *key) {
            facets.add(Field::FileSystem, key.0.clone());
            if let Some(fs) = world.inventory().filesystems.get(key) {
                facets.add(Field::FileSystem, fs.name.to_string());
            }
        }
        facets.note(
            || server_ref(world, *key),
            server::all_concerns(world, *key, entry),
        );
        Some(facets)
    }

    fn row(world: &World, key: &ServerId, now: Timestamp) -> Option<Self::Row> {
        Some(server::row(world, *key, world.server(*key)?, now))
    }

    fn field(world: &World, key: &ServerId, field: &str) -> Option<SortKey> {
        match field {
            "name" => Some(SortKey::text(world.name_of(*key)?)),
            "state" => Some(SortKey::text(&world.server(*key)?.state.to_string())),
            _ => None,
        }
    }

    fn live(world: &World, key: &ServerId, field: &str) -> SortKey {
        let seen_at = world.server(*key).and_then(|entry| entry.seen_at);
        seen_at.map_or(SortKey::Nothing, |at| {
            let at = at.as_second();
            SortKey::whole(if field == "age_s" { -at } else { at })
        })
    }
}

impl Noun for Targets {
    type Key = TargetKey;
    type Row = api::target::Target;
    const NAME: &'static str = "target";
    const FIELDS: &'static [Field] = &[Field::State, Field::Kind, Field::FileSystem, Field::Server];

    fn keys(world: &World) -> Vec<TargetKey> {
        world.inventory().targets.keys().cloned().collect()
    }

    fn facets(world: &World, key: &TargetKey) -> Option<Facets> {
        let target = world.inventory().targets.get(key)?;
        let mut facets = Facets::default();
        facets.add(Field::State, storage::target_state(target.state));
        facets.add(Field::Kind, target.kind.to_string());
        if let Some(key) = &target.fs {
            facets.add(Field::FileSystem, key.0.clone());
            if let Some(fs) = world.inventory().filesystems.get(key) {
                facets.add(Field::FileSystem, fs.name.to_string());
            }
        }
        for id in target.servers.iter().chain(&target.mounted_on) {
            facets.add_server(world, *id);
        }
        let about = || super::target_ref(world, key);
        facets.note(about, concerns(&target.concerns));
        Some(facets)
    }

    fn row(world: &World, key: &TargetKey, _: Timestamp) -> Option<Self::Row> {
        let target = world.inventory().targets.get(key)?;
        Some(storage::target(world, key, target))
    }

    fn row_alone(world: &World, key: &TargetKey, _: Timestamp) -> Option<Self::Row> {
        let target = world.inventory().targets.get(key)?;
        Some(storage::target_alone(world, key, target))
    }

    fn field(world: &World, key: &TargetKey, field: &str) -> Option<SortKey> {
        let target = world.inventory().targets.get(key)?;
        let name = |id: &ServerId| SortKey::text(&server_ref(world, *id).name);
        let size = |pair: Option<(u64, u64)>| pair.map(|pair| SortKey::size(pair.0));
        let found = match field {
            "label" => Some(SortKey::text(&target.label.to_string())),
            "state" => Some(SortKey::text(storage::target_state(target.state))),
            "kind" => Some(SortKey::text(&target.kind.to_string())),
            "mounted_on" => target.mounted_on.first().map(name),
            "back_end" => target.back_end.as_deref().map(SortKey::text),
            "bytes_total" => size(target.bytes),
            "n_clients" => target.n_clients.map(|n| SortKey::size(n.into())),
            "confidence" => Some(SortKey::text(&confidence(target.confidence))),
            _ => return None,
        };
        Some(found.unwrap_or(SortKey::Nothing))
    }
}

impl Noun for FileSystems {
    type Key = FsKey;
    type Row = api::filesystem::FileSystem;
    const NAME: &'static str = "filesystem";
    const FIELDS: &'static [Field] = &[Field::State];

    fn keys(world: &World) -> Vec<FsKey> {
        world.inventory().filesystems.keys().cloned().collect()
    }

    fn facets(world: &World, key: &FsKey) -> Option<Facets> {
        let fs = world.inventory().filesystems.get(key)?;
        let mut facets = Facets::default();
        facets.add(Field::State, storage::filesystem_state(fs));
        let about = || Ref {
            id: key.0.clone(),
            name: fs.name.to_string(),
        };
        // What its targets say is said there.
        let mut own = concerns(&fs.concerns);
        own.retain(|concern| !concern.code.starts_with("target-"));
        facets.note(about, own);
        Some(facets)
    }

    fn row(world: &World, key: &FsKey, _: Timestamp) -> Option<Self::Row> {
        let fs = world.inventory().filesystems.get(key)?;
        Some(storage::filesystem_row(world, key, fs))
    }
}

impl Noun for Devices {
    type Key = DeviceId;
    type Row = api::device::Device;
    const NAME: &'static str = "device";
    const FIELDS: &'static [Field] = &[Field::Kind, Field::Server];

    fn keys(world: &World) -> Vec<DeviceId> {
        world.inventory().devices.keys().cloned().collect()
    }

    fn facets(world: &World, key: &DeviceId) -> Option<Facets> {
        let device = world.inventory().devices.get(key)?;
        let mut facets = Facets::default();
        facets.add(Field::Kind, storage::device_kind(device.kind));
        for id in device.paths.keys() {
            facets.add_server(world, *id);
        }
        if device.paths.len() > 1 {
            facets.add(Field::Shared, "shared");
        }
        Some(facets)
    }

    fn row(world: &World, key: &DeviceId, _: Timestamp) -> Option<Self::Row> {
        let device = world.inventory().devices.get(key)?;
        Some(storage::device(world, key, device))
    }

    fn field(world: &World, key: &DeviceId, field: &str) -> Option<SortKey> {
        let device = world.inventory().devices.get(key)?;
        let found = match field {
            "path" => {
                let seen = storage::seen_by(world, device);
                Some(SortKey::text(seen.first().map_or("", |at| &at.path)))
            }
            "size_bytes" => Some(SortKey::size(device.size_bytes)),
            "kind" => Some(SortKey::text(&storage::device_kind(device.kind))),
            "content" => device.content.as_deref().map(SortKey::text),
            "model" => device.model.as_deref().map(SortKey::text),
            _ => return None,
        };
        Some(found.unwrap_or(SortKey::Nothing))
    }
}

impl Noun for HaClusters {
    type Key = HaKey;
    type Row = api::ha::HaCluster;
    const NAME: &'static str = "ha-cluster";
    const FIELDS: &'static [Field] = &[Field::State, Field::Server];

    fn keys(world: &World) -> Vec<HaKey> {
        world.inventory().ha_clusters.keys().cloned().collect()
    }

    fn facets(world: &World, key: &HaKey) -> Option<Facets> {
        let ha = world.inventory().ha_clusters.get(key)?;
        let mut facets = Facets::default();
        facets.add(Field::State, storage::ha_state(ha));
        for id in &ha.servers {
            facets.add_server(world, *id);
        }
        let about = || Ref {
            id: key.0.clone(),
            name: ha.name.clone(),
        };
        facets.note(about, concerns(&ha.concerns));
        Some(facets)
    }

    fn row(world: &World, key: &HaKey, _: Timestamp) -> Option<Self::Row> {
        let ha = world.inventory().ha_clusters.get(key)?;
        Some(storage::ha_cluster(world, key, ha))
    }
}

impl Noun for Clients {
    type Key = (ServerId, String);
    type Row = api::client::Client;
    const NAME: &'static str = "client";
    const FIELDS: &'static [Field] = &[Field::State, Field::FileSystem, Field::Server];

    fn keys(world: &World) -> Vec<Self::Key> {
        world.inventory().clients.keys().cloned().collect()
    }

    fn facets(world: &World, key: &Self::Key) -> Option<Facets> {
        let client = world.inventory().clients.get(key)?;
        let mut facets = Facets::default();
        facets.add(Field::State, storage::client_state(world, key.0));
        facets.add(Field::FileSystem, client.fs_name.to_string());
        if let Some(key) = &client.fs {
            facets.add(Field::FileSystem, key.0.clone());
        }
        facets.add_server(world, key.0);
        Some(facets)
    }

    fn row(world: &World, key: &Self::Key, _: Timestamp) -> Option<Self::Row> {
        let client = world.inventory().clients.get(key)?;
        Some(storage::client(world, key, client))
    }
}
