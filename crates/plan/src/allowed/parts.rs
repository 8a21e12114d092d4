//! What may be done to client mounts and to pools.

use super::{Allowing, Verb};
use crate::resolved::TargetPlace;
use lustre::label::FsName;
use model::edit::Edit;
use model::ids::ServerId;
use model::spec::FsWanted;

impl Allowing<'_> {
    /// Verbs of a client mount: of a server, at a mount point.
    pub fn client(&self, server: ServerId, mount_point: &str) -> Vec<Verb> {
        let all = |why: String| ["mount", "unmount"].map(|verb| Verb::not(verb, why.clone()));
        if let Some(why) = self.never() {
            return all(why).to_vec();
        }
        let Some(place) = self.resolved.servers.get(&server) else {
            let why = if self.world.managed.contains(&server) {
                "The spec does not list its server."
            } else {
                "Its server is only watched: Candela changes nothing on it."
            };
            return all(why.to_owned()).to_vec();
        };
        let key = (server, mount_point.to_owned());
        let seen = self.world.inventory.clients.get(&key);
        let mut wanted = self.resolved.clients.iter();
        let wanted = wanted.find(|one| one.server == server && one.mount_point == mount_point);
        let fs = seen.map(|one| &one.fs_name).or(wanted.map(|one| &one.fs));
        let Some(fs) = fs else {
            let why = format!("No file system is mounted at {mount_point}, nor is to be.");
            return all(why).to_vec();
        };
        if !self.world.is_online(server) {
            let why = format!("It waits for this: The agent on {} to connect.", place.name);
            return all(why).to_vec();
        }
        let edit = |mounted| Edit::SetClient {
            server: place.name.clone(),
            filesystem: fs.clone(),
            mount_point: mount_point.to_owned(),
            mounted,
        };
        let mount = match (seen, self.not_up(fs)) {
            (Some(_), _) => Verb::not("mount", "It is mounted."),
            (None, Some(why)) => Verb::not("mount", why),
            (None, None) => Verb::free("mount").edits(edit(true)),
        };
        let unmount = if seen.is_none() {
            Verb::not("unmount", "It is not mounted.")
        } else {
            Verb::free("unmount").edits(edit(false))
        };
        vec![mount, unmount]
    }

    /// Why a file system cannot be mounted; none if it can.
    fn not_up(&self, name: &FsName) -> Option<String> {
        let mut known = self.resolved.filesystems.iter();
        let fs = known.find(|fs| fs.name == *name)?;
        if fs.state != FsWanted::Mounted {
            return Some(format!("Start {name}, which is to be down."));
        }
        let root = fs.mdts.first().map(|at| &self.resolved.targets[*at])?;
        let is_up = root.key.as_ref().is_some_and(|key| self.up(key).is_some());
        (!is_up).then(|| format!("{} is not up.", root.label))
    }

    /// Verbs of a pool: it goes where its target goes, and by itself nowhere.
    pub fn zpool(&self, name: &str) -> Vec<Verb> {
        const VERBS: [&str; 3] = ["import", "export", "destroy"];
        let all = |why: String| VERBS.map(|verb| Verb::not(verb, why.clone())).to_vec();
        if let Some(why) = self.never() {
            return all(why);
        }
        let mut places = self.resolved.targets.iter();
        let is_in = |place: &&TargetPlace| place.pool.as_ref().is_some_and(|of| of.name == name);
        let Some(place) = places.find(is_in) else {
            return all(String::from(
                "No target of the spec lies in it: Candela leaves it alone.",
            ));
        };
        let label = &place.label;
        let up = place.key.as_ref().and_then(|key| self.up(key));
        let on = up.and_then(|target| target.mounted_on.first());
        let fs = &self.resolved.filesystems[place.fs].name;
        let (import, export) = match on {
            Some(on) => {
                let on = self.world.name(*on);
                (
                    format!("It is imported on {on}, where {label} runs."),
                    format!(
                        "{label} in it runs on {on}: it follows when that fails over or stops."
                    ),
                )
            }
            None => (
                format!("It is imported where {label} is started next: start that."),
                format!("{label} in it is down: whoever starts that next takes it over."),
            ),
        };
        vec![
            Verb::not("import", import),
            Verb::not("export", export),
            Verb::not(
                "destroy",
                format!("It goes with its file system: remove {fs}."),
            ),
        ]
    }
}
