//! What is erased was given up before: that very device, with what was on it.

use crate::world::host::HostName;
use model::graph::Consent;
use std::collections::BTreeSet;

/// What an operator gave up.
#[derive(Default)]
pub struct Given {
    /// Device and what was on it.
    given: BTreeSet<(String, String)>,
}

impl Given {
    pub fn given(&mut self, consent: &Consent) {
        self.given
            .insert((consent.device.0.clone(), consent.signature.clone()));
    }

    fn has(&self, device: &str, signature: &str) -> bool {
        let pair = (device.to_owned(), signature.to_owned());
        self.given.contains(&pair)
    }

    pub fn erased(&self, host: &HostName, disk: &str, before: &str) -> Option<String> {
        // A member of a pool is given up with its pool.
        let guid = before
            .strip_prefix("zfs_member ")
            .and_then(|rest| rest.rsplit_once("uuid="));
        let is_given = self.has(&format!("wwn:0x{disk}"), before)
            || guid.is_some_and(|(_, guid)| self.has(&format!("zpool:{guid}"), guid));
        (!is_given)
            .then(|| format!("{host} erased disk {disk}, which held {before}, without consent"))
    }

    pub fn dataset_erased(
        &self,
        host: &HostName,
        guid: u64,
        dataset: &str,
        before: &str,
    ) -> Option<String> {
        let is_of = |(device, _): &&(String, String)| {
            *device == format!("dataset:{guid}/{dataset}") || *device == format!("zpool:{guid}")
        };
        let is_given = before.is_empty() || self.given.iter().any(|pair| is_of(&pair));
        (!is_given)
            .then(|| format!("{host} erased {dataset}, which held {before}, without consent"))
    }
}
