//! Client mounts.

use super::around::mounts;
use super::host::unit;
use super::{Kind, Seen, Work};
use crate::host::Output;
use lustre::argv::host::mount_unit;
use model::job::Failure;
use model::step::{Action, ClientMounted, ClientUnmounted};

impl Kind for ClientMounted {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let mounts = mounts(work)?;
        let here = mounts
            .iter()
            .find(|one| one.mount_point == self.mount_point);
        let Some(mount) = here else {
            return Ok(Seen::NotSo(format!(
                "nothing is mounted at {}",
                self.mount_point
            )));
        };
        if mount.source != self.source {
            return Err(super::failure::failed(
                "mount-point-taken",
                format!("{} is mounted at {}", mount.source, self.mount_point),
            ));
        }
        if !unit(work, &mount_unit(&self.mount_point))?.is_enabled {
            return Ok(Seen::NotSo(String::from("it is not mounted at boot")));
        }
        Ok(Seen::So(format!(
            "{} is mounted at {}",
            self.fs, self.mount_point
        )))
    }
}

impl Kind for ClientUnmounted {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let mounts = mounts(work)?;
        if mounts.iter().any(|one| one.mount_point == self.mount_point) {
            return Ok(Seen::NotSo(format!("{} is mounted", self.mount_point)));
        }
        let path = format!("/etc/systemd/system/{}", mount_unit(&self.mount_point));
        if work.hands.exists(&path) {
            return Ok(Seen::NotSo(format!("{path} is there")));
        }
        Ok(Seen::So(format!(
            "nothing is mounted at {}",
            self.mount_point
        )))
    }

    fn tolerates(&self, action: &Action, output: &Output) -> bool {
        // A unit that was never there need not be disabled. Any other failure
        // would leave the link that starts it at boot.
        let text = String::from_utf8_lossy(&output.stderr);
        action.to_string().starts_with("systemctl disable") && text.contains("does not exist")
    }
}
