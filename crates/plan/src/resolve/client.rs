//! Client mounts.

use super::Resolver;
use crate::resolved::ClientPlace;
use model::ids::ServerId;
use std::collections::BTreeMap;

impl Resolver<'_> {
    pub(super) fn clients(&mut self) {
        let mut taken: BTreeMap<(ServerId, String), usize> = BTreeMap::new();
        for (place, client) in self.spec.clients.iter().enumerate() {
            let path = format!("clients[{place}]");
            let known = &self.out.filesystems;
            let fs_place = known.iter().position(|fs| fs.name == client.filesystem);
            let is_seen = || {
                let mut seen = self.world.inventory.filesystems.values();
                seen.any(|fs| fs.name == client.filesystem)
            };
            if fs_place.is_none() && !is_seen() {
                let reason = format!("No file system is called {}.", client.filesystem);
                self.found.error(
                    &format!("{path}.filesystem"),
                    reason,
                    "Name one of the spec, or one that is seen.",
                );
            }
            let is_path = client.mount_point.starts_with('/')
                && client.mount_point.len() > 1
                && !client.mount_point.split('/').any(|part| part == "..");
            if !is_path {
                let reason = format!("{:?} is not a mount point.", client.mount_point);
                self.found.error(
                    &format!("{path}.mount_point"),
                    reason,
                    "Write an absolute path such as `/scratch`.",
                );
            }
            let mount_point = client.mount_point.trim_end_matches('/').to_owned();
            for server in self.list(&format!("{path}.servers"), &client.servers) {
                if taken.insert((server, mount_point.clone()), place).is_some() {
                    let name = self.world.name(server);
                    let reason = format!("{mount_point} on {{}} is wanted twice.");
                    self.found
                        .error_of(&path, &name, &reason, "Give each mount its own folder.");
                    continue;
                }
                self.out.clients.push(ClientPlace {
                    fs: client.filesystem.clone(),
                    fs_place,
                    server,
                    mount_point: mount_point.clone(),
                    options: client.options.clone(),
                    mounted: client.mounted,
                });
            }
        }
    }
}
