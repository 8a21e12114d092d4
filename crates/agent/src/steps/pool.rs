//! ZFS pools.

use super::around::Around;
use super::failure::failed;
use super::target::agreed;
use super::{Kind, Seen, Work};
use crate::host::Output;
use model::job::Failure;
use model::step::{Action, PoolAbsent, PoolExported, PoolImported, PoolPresent};

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
        is_host_id(action, work)
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
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let around = Around::new(work)?;
        Ok(match around.zpool(&self.pool)? {
            None => Seen::So(format!("there is no pool {} here", self.pool)),
            Some(pool) => Seen::NotSo(format!("{} is there", pool.name)),
        })
    }

    fn guard(&self, work: &Work<'_>) -> Result<(), Failure> {
        let around = Around::new(work)?;
        let guid = around.zpool(&self.pool)?.map(|pool| pool.guid.clone());
        let guid = guid.unwrap_or_default();
        let is_agreed = |consent: &model::graph::Consent| consent.signature == guid;
        if self.consent.iter().any(is_agreed) {
            return Ok(());
        }
        Err(failed(
            "signature-changed",
            format!(
                "{} is another pool than was agreed to: its guid is {guid}",
                self.pool
            ),
        ))
    }
}
