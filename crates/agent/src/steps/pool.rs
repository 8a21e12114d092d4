//! ZFS pools.

use super::around::Around;
use super::failure::failed;
use super::target::agreed;
use super::{Kind, Seen, Work, perform};
use crate::host::Output;
use crate::observe::devices::find;
use model::job::Failure;
use model::report::Device;
use model::step::{Action, PoolAbsent, PoolExported, PoolImported, PoolPresent};
use std::collections::BTreeSet;
use std::time::Duration;

/// Where a host's id is kept.
pub const HOST_ID: &str = "/etc/hostid";

/// Whether an action gives the host an id, and it has one.
pub fn is_host_id(action: &Action, work: &Work<'_>) -> bool {
    action.to_string() == "zgenhostid" && work.hands.exists(HOST_ID)
}

impl Kind for PoolPresent {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let around = Around::new(work)?;
        Ok(match around.zpool(&self.pool)? {
            Some(pool) => Seen::So(format!("{} is {}", pool.name, pool.state)),
            None => Seen::NotSo(format!("there is no pool {} here", self.pool)),
        })
    }

    fn guard(&self, work: &Work<'_>) -> Result<(), Failure> {
        let around = Around::new(work)?;
        self.devices()
            .try_for_each(|device| agreed(&around, device, &self.consent))
    }

    fn skips(&self, action: &Action, work: &Work<'_>) -> bool {
        is_host_id(action, work)
    }
}

impl Kind for PoolImported {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let around = Around::new(work)?;
        Ok(match around.zpool(&self.pool)? {
            Some(pool) => Seen::So(format!("{} is {}", pool.name, pool.state)),
            None => Seen::NotSo(format!("{} is not imported here", self.pool)),
        })
    }

    fn skips(&self, action: &Action, work: &Work<'_>) -> bool {
        let is_second = self.fenced.is_none() && is_forced(action);
        is_host_id(action, work) || is_second && matches!(self.look(work), Ok(Seen::So(_)))
    }

    /// One that a server had last which does not have it any more: the import by
    /// force follows.
    fn tolerates(&self, action: &Action, output: &Output) -> bool {
        !is_forced(action) && is_released(&self.released, output)
    }
}

impl Kind for PoolExported {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let around = Around::new(work)?;
        Ok(match around.zpool(&self.pool)? {
            None => Seen::So(format!("{} is not imported here", self.pool)),
            Some(pool) => Seen::NotSo(format!("{} is imported here", pool.name)),
        })
    }

    fn tolerates(&self, _action: &Action, output: &Output) -> bool {
        String::from_utf8_lossy(&output.stderr).contains("no such pool")
    }
}

impl Kind for PoolAbsent {
    /// One that is exported is there too: its disks carry its name.
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let around = Around::new(work)?;
        if let Some(pool) = around.zpool(&self.pool)? {
            return Ok(Seen::NotSo(format!("{} is there", pool.name)));
        }
        Ok(match members(self, &around).count() {
            0 => Seen::So(format!("there is no pool {} here", self.pool)),
            n => Seen::NotSo(format!("{n} disks carry the name of {}", self.pool)),
        })
    }

    fn guard(&self, work: &Work<'_>) -> Result<(), Failure> {
        let around = Around::new(work)?;
        let found: BTreeSet<&str> = match around.zpool(&self.pool)? {
            Some(pool) => BTreeSet::from([pool.guid.as_str()]),
            None => members(self, &around)
                .filter_map(|disk| disk.uuid.as_deref())
                .collect(),
        };
        let is_agreed = |guid: &&str| self.consent.iter().any(|one| one.signature == *guid);
        if !found.is_empty() && found.iter().all(is_agreed) {
            return Ok(());
        }
        let found: Vec<&str> = found.into_iter().collect();
        Err(failed(
            "signature-changed",
            format!(
                "{} is another pool than was agreed to: its guid is {}",
                self.pool,
                found.join(", ")
            ),
        ))
    }

    fn skips(&self, action: &Action, work: &Work<'_>) -> bool {
        is_host_id(action, work)
    }

    /// One that was destroyed already cannot be imported, and leaves its name.
    fn tolerates(&self, action: &Action, output: &Output) -> bool {
        if verb(&action.to_string()) != "import" {
            return false;
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let is_destroyed = text.contains("no such pool available");
        is_destroyed || !is_forced(action) && is_released(&self.released, output)
    }

    fn settles_within(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Imports it where it is exported, destroys it, clears what is left on its
    /// disks: each where it is still due.
    fn act(&self, actions: &[Action], work: &Work<'_>) -> Result<(), Failure> {
        let mut around = Around::new(work)?;
        for action in actions {
            let text = action.to_string();
            let is_imported = around.zpool(&self.pool)?.is_some();
            let is_due = match verb(&text) {
                "import" => !is_imported,
                "destroy" => is_imported,
                "labelclear" => {
                    let path = text.rsplit(' ').next().unwrap_or_default();
                    let disk = find(&around.devices, path);
                    !is_imported && disk.is_some_and(|disk| carries(disk, &self.pool))
                }
                _ => true,
            };
            if !is_due {
                continue;
            }
            if is_imported {
                alone(&self.pool, &around)?;
            }
            perform(self, action, work)?;
            if verb(&text) != "labelclear" {
                around = Around::new(work)?;
            }
        }
        Ok(())
    }
}

/// Whether a pool is imported by force.
fn is_forced(action: &Action) -> bool {
    action.to_string().starts_with("zpool import -f ")
}

/// Whether ZFS says that one of these servers had a pool last, and nothing else
/// keeps it from being imported.
fn is_released(released: &[String], output: &Output) -> bool {
    let text = String::from_utf8_lossy(&output.stderr);
    let is_in_use = text.contains("previously in use from another system");
    let by = text.split_once("Last accessed by ");
    let by = by.and_then(|(_, rest)| rest.split(' ').next());
    is_in_use && by.is_some_and(|by| released.iter().any(|name| name == by))
}

/// `import` of `zpool import …`.
fn verb(line: &str) -> &str {
    line.split(' ').nth(1).unwrap_or_default()
}

/// Whether a disk's label names a pool.
fn carries(disk: &Device, pool: &str) -> bool {
    disk.content.as_deref() == Some("zfs_member") && disk.label.as_deref() == Some(pool)
}

/// Disks of a step that carry the name of its pool.
fn members<'a>(step: &'a PoolAbsent, around: &'a Around) -> impl Iterator<Item = &'a Device> {
    let all = around.devices.iter();
    all.filter(|disk| step.devices.contains(&disk.id) && carries(disk, &step.pool))
}

/// A pool that is destroyed with its target holds nothing else.
fn alone(pool: &str, around: &Around) -> Result<(), Failure> {
    let others: Vec<&str> = around
        .datasets_of(pool)?
        .filter(|name| !pool.ends_with(name.rsplit('/').next().unwrap_or_default()))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(failed(
        "signature-changed",
        format!("{pool} holds more than its target: {}", others.join(", ")),
    ))
}
