//! The tables behind the lists: which of their rows changed, and how a request
//! brings one up to date.
//!
//! The ingest task only marks rows. A request looks at the marked ones again, a
//! few at a time, so that neither the world nor a thread is held for long.

use crate::http::problem::Fault;
use crate::state::{Manager, World};
use crate::views::list::Ask;
use crate::views::noun::{Clients, Devices, FileSystems, HaClusters, Noun, Servers, Targets};
use crate::views::table::Table;
use api::page::{ListQuery, Page};
use detect::Changed;
use jiff::Timestamp;
use model::ids::{DeviceId, ServerId};
use model::inventory::{self, FsKey, HaKey, TargetKey};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(test)]
mod tests;

/// Rows that are looked at again while the world is held: some milliseconds.
const AT_ONCE: usize = 256;
/// Marked rows above which it is simpler to look at all.
const MARKS_MAX: usize = 200_000;

/// The tables and their marks.
#[derive(Default)]
pub(crate) struct Lists {
    marks: Mutex<Marks>,
    /// Counts changes of the world that are seen in any view.
    generation: AtomicU64,
    servers: tokio::sync::Mutex<Table<Servers>>,
    targets: tokio::sync::Mutex<Table<Targets>>,
    filesystems: tokio::sync::Mutex<Table<FileSystems>>,
    devices: tokio::sync::Mutex<Table<Devices>>,
    ha_clusters: tokio::sync::Mutex<Table<HaClusters>>,
    clients: tokio::sync::Mutex<Table<Clients>>,
}

/// Rows that changed since their table was looked at.
#[derive(Default)]
pub(crate) struct Marks {
    servers: Mark<ServerId>,
    targets: Mark<TargetKey>,
    filesystems: Mark<FsKey>,
    devices: Mark<DeviceId>,
    ha_clusters: Mark<HaKey>,
    clients: Mark<(ServerId, String)>,
    /// Servers whose group in the picture is another one.
    drawn: Mark<ServerId>,
}

/// Some rows of one table, or all.
#[derive(Default)]
pub(crate) enum Mark<K> {
    #[default]
    All,
    Some(BTreeSet<K>),
}

impl<K: Ord + Clone> Mark<K> {
    fn add<'a>(&mut self, keys: impl IntoIterator<Item = &'a K>)
    where
        K: 'a,
    {
        let Self::Some(marked) = self else { return };
        marked.extend(keys.into_iter().cloned());
        if marked.len() > MARKS_MAX {
            *self = Self::All;
        }
    }
}

/// A noun with a table.
pub(crate) trait Listed: Noun + Sized {
    /// Its table.
    fn table(lists: &Lists) -> &tokio::sync::Mutex<Table<Self>>;
    /// Its marks.
    fn mark(marks: &mut Marks) -> &mut Mark<Self::Key>;
}

macro_rules! listed {
    ($($noun:ident $field:ident)*) => {$(
        impl Listed for $noun {
            fn table(lists: &Lists) -> &tokio::sync::Mutex<Table<Self>> {
                &lists.$field
            }
            fn mark(marks: &mut Marks) -> &mut Mark<Self::Key> {
                &mut marks.$field
            }
        }
    )*};
}

listed! {
    Servers servers
    Targets targets
    FileSystems filesystems
    Devices devices
    HaClusters ha_clusters
    Clients clients
}

impl Lists {
    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that is another one after every change.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Marks the rows that a change shows in: those that it names, and those
    /// that show a part of them. The world must be held, so that no one sees it
    /// changed without the marks.
    pub fn note(&self, world: &World, changed: &Changed, renamed: &BTreeSet<ServerId>) {
        let found = world.inventory();
        let mut marks = self.marks();
        marks.servers.add(&changed.servers);
        marks.devices.add(&changed.devices);
        marks.targets.add(&changed.targets);
        marks.filesystems.add(&changed.filesystems);
        marks.ha_clusters.add(&changed.ha_clusters);
        marks.drawn.add(&changed.servers);
        for key in &changed.targets {
            if let Some(target) = found.targets.get(key) {
                marks.drawn.add(&target.servers);
                marks.drawn.add(&target.mounted_on);
            }
        }
        // A target shows its device's path; the picture, which devices are shared.
        for device in &changed.devices {
            if let Some(device) = found.devices.get(device) {
                marks.targets.add(&device.targets);
                marks.drawn.add(device.paths.keys());
            }
        }
        // A server shows its cluster's name.
        for key in &changed.ha_clusters {
            if let Some(ha) = found.ha_clusters.get(key) {
                marks.servers.add(&ha.servers);
                marks.drawn.add(&ha.servers);
            }
        }
        // A client shows whether its server is silent. Which mounts went is not
        // said, so that all are looked at.
        for id in &changed.servers {
            marks
                .clients
                .add(clients_of(world, *id).map(|(key, _)| key));
        }
        if changed.clients {
            marks.clients = Mark::All;
        }
        for id in renamed {
            marks.renamed(world, *id);
        }
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Servers to draw anew, and marks none.
    pub fn take_drawn(&self) -> Mark<ServerId> {
        std::mem::replace(&mut self.marks().drawn, Mark::Some(BTreeSet::new()))
    }

    /// Gives a table its marks.
    fn hand_over<N: Listed>(&self, table: &mut Table<N>, world: &World) {
        let none = Mark::Some(BTreeSet::new());
        match std::mem::replace(N::mark(&mut self.marks()), none) {
            Mark::All => table.mark_all(world),
            Mark::Some(keys) => table.mark(keys),
        }
    }
}

impl Marks {
    /// All that shows a server's name.
    fn renamed(&mut self, world: &World, id: ServerId) {
        let found = world.inventory();
        if let Some(server) = found.servers.get(&id) {
            self.targets
                .add(server.may_serve.iter().chain(&server.mounted));
            self.ha_clusters.add(&server.ha);
        }
        let report = world.report(id);
        let devices = report
            .into_iter()
            .flat_map(|report| report.devices.iter().flatten());
        self.devices.add(devices.map(|device| &device.id));
        let clients = clients_of(world, id).filter_map(|(_, client)| client.fs.as_ref());
        self.filesystems.add(clients);
        self.clients.add(clients_of(world, id).map(|(key, _)| key));
    }
}

/// Client mounts of a server.
fn clients_of(
    world: &World,
    id: ServerId,
) -> impl Iterator<Item = (&(ServerId, String), &inventory::Client)> {
    let from = world.inventory().clients.range((id, String::new())..);
    from.take_while(move |((server, _), _)| *server == id)
}

/// Brings a table up to date, with the indexes for `ask`, and reads it.
pub(crate) async fn read<N: Listed, T>(
    manager: &Manager,
    ask: &Ask,
    reading: impl FnOnce(&Table<N>, &World, Timestamp) -> T,
) -> Result<T, Fault> {
    let lists = &manager.lists;
    let mut table = N::table(lists).lock().await;
    let now = manager.now();
    let mut is_prepared = false;
    loop {
        {
            let world = manager.world();
            lists.hand_over(&mut table, &world);
            if !is_prepared {
                table.prepare(ask, &world, now)?;
                is_prepared = true;
            }
            if table.work(&world, now, AT_ONCE) {
                return Ok(reading(&table, &world, now));
            }
        }
        tokio::task::yield_now().await;
    }
}

/// One page of a noun's rows.
pub(crate) async fn page<N: Listed>(
    manager: &Manager,
    query: &ListQuery,
) -> Result<Page<N::Row>, Fault> {
    let ask = Ask::of(query, N::FIELDS)?;
    read::<N, _>(manager, &ask, |table, world, now| {
        let (keys, total) = table.page(&ask, world);
        let items = keys.iter().filter_map(|key| N::row(world, key, now));
        Page {
            items: items.collect(),
            next: ask.next(total),
            total: u64::try_from(total).unwrap_or(u64::MAX),
        }
    })
    .await
}
