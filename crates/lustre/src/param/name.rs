//! The parts of a parameter's name.
//!
//! `obdfilter.lab01-OST0000.exports.192.168.77.11@tcp.uuid` is class, instance,
//! NID and parameter. Dots and colons in a NID separate nothing, so the `@` is
//! looked for first.

use memchr::{memchr, memrchr};
use serde::Serialize;

/// A name in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Name<'a> {
    /// The whole.
    pub full: &'a str,
    /// First part: `obdfilter`, `osd-zfs`, `mgs`; empty for a bare name.
    pub class: &'a str,
    /// Second part: `lab01-OST0000`, `MGC192.168.77.11@tcp`; empty if there is none.
    pub instance: &'a str,
    /// NID of an export or peer.
    pub nid: Option<&'a str>,
    /// The rest, without `exports` and NID: `stats`, `quota_slave.info`.
    pub param: &'a str,
}

impl<'a> Name<'a> {
    /// Takes a name apart. Any text is a name; a bare one has only `param`.
    pub fn parse(full: &'a str) -> Self {
        let bare = Self {
            full,
            class: "",
            instance: "",
            nid: None,
            param: full,
        };
        let Some(dot) = memchr(b'.', full.as_bytes()) else {
            return bare;
        };
        let (class, rest) = (&full[..dot], &full[dot + 1..]);
        // `ldlm.namespaces.filter-lab01-OST0000_UUID.lock_count` has one part more.
        let inner = rest
            .strip_prefix("namespaces.")
            .or(rest.strip_prefix("services."));
        let (instance, rest) = split_instance(inner.unwrap_or(rest));
        if rest.is_empty() {
            return Self {
                full,
                class,
                instance: "",
                nid: None,
                param: instance,
            };
        }
        match rest.strip_prefix("exports.") {
            Some(export) if export.contains('@') => {
                let (nid, param) = split_instance(export);
                Self {
                    full,
                    class,
                    instance,
                    nid: Some(nid),
                    param,
                }
            }
            _ => Self {
                full,
                class,
                instance,
                nid: None,
                param: rest,
            },
        }
    }

    /// The part of `param` behind its last dot.
    pub(crate) fn last(&self) -> &'a str {
        let dot = memrchr(b'.', self.param.as_bytes());
        dot.map_or(self.param, |dot| &self.param[dot + 1..])
    }

    /// Back end and all: `osd-zfs` and `osd-ldiskfs` are one class.
    pub fn class_kind(&self) -> &'a str {
        if self.class.starts_with("osd-") {
            "osd"
        } else {
            self.class
        }
    }

    /// The family that records of this name are counted under.
    pub fn family(&self) -> String {
        let mut family = String::new();
        self.family_into(&mut family);
        family
    }

    /// The family, written over what `family` held.
    pub(crate) fn family_into(&self, family: &mut String) {
        family.clear();
        // An MGS names the file system last: `mgs.MGS.live.lab01`.
        let param = match memchr(b'.', self.param.as_bytes()) {
            Some(4) if self.param.starts_with("live") => "live",
            // What names a connection or a pool is no part of the family.
            Some(dot)
                if self.param[dot + 1..].starts_with("target_obds.") || self.class == "qmt" =>
            {
                self.last()
            }
            _ => self.param,
        };
        let class = self.class_kind();
        if !class.is_empty() {
            family.push_str(class);
            family.push('.');
            if self.nid.is_some() {
                family.push_str("exports.");
            }
        }
        family.push_str(param);
    }
}

/// Up to the next dot, or where a NID begins before the next dot that is not
/// its own, up to the dot behind the network.
fn split_instance(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let at = memchr(b'@', bytes);
    let dot = memchr(b'.', bytes);
    let end = match (at, dot) {
        (Some(at), Some(dot)) if dot < at && is_nid_head(&text[..at]) => {
            memchr(b'.', &bytes[at..]).map_or(text.len(), |more| at + more)
        }
        (_, Some(dot)) => dot,
        (_, None) => text.len(),
    };
    (&text[..end], text.get(end + 1..).unwrap_or_default())
}

/// Whether this can be what stands before the `@`: an address, perhaps behind
/// letters (`MGC192.168.77.11`).
fn is_nid_head(text: &str) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit();
    let letters = text.bytes().take_while(|byte| is_letter(byte)).count();
    let address = text.get(letters..).unwrap_or_default();
    let address = address
        .strip_prefix("GC")
        .or(address.strip_prefix('C'))
        .unwrap_or(address);
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b'.' || byte == b':';
    !address.is_empty() && address.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(full: &str, class: &str, instance: &str, nid: Option<&str>, param: &str) {
        let name = Name::parse(full);
        assert_eq!(
            (name.class, name.instance, name.nid, name.param),
            (class, instance, nid, param)
        );
    }

    #[test]
    fn names_come_apart() {
        check("health_check", "", "", None, "health_check");
        check(
            "obdfilter.lab01-OST0000.stats",
            "obdfilter",
            "lab01-OST0000",
            None,
            "stats",
        );
        check(
            "mgc.MGC192.168.77.11@tcp.ir_state",
            "mgc",
            "MGC192.168.77.11@tcp",
            None,
            "ir_state",
        );
        check(
            "mdt.fs-MDT0000.exports.fd00::1.2@tcp1.uuid",
            "mdt",
            "fs-MDT0000",
            Some("fd00::1.2@tcp1"),
            "uuid",
        );
        check(
            "mdt.fs-MDT0000.exports.0@lo.uuid",
            "mdt",
            "fs-MDT0000",
            Some("0@lo"),
            "uuid",
        );
        check(
            "osd-zfs.MGS.quota_slave.info",
            "osd-zfs",
            "MGS",
            None,
            "quota_slave.info",
        );
        check("mgs.MGS.live.lab01", "mgs", "MGS", None, "live.lab01");
        check(
            "ldlm.cancel_unused_locks_before_replay",
            "ldlm",
            "",
            None,
            "cancel_unused_locks_before_replay",
        );
    }

    #[test]
    fn families_do_without_instances() {
        assert_eq!(
            Name::parse("osd-zfs.a-OST0000.kbytesfree").family(),
            "osd.kbytesfree"
        );
        assert_eq!(Name::parse("mgs.MGS.live.lab01").family(), "mgs.live");
        assert_eq!(
            Name::parse("mdt.a-MDT0000.exports.1.2.3.4@tcp.uuid").family(),
            "mdt.exports.uuid"
        );
        assert_eq!(Name::parse("version").family(), "version");
        let space = "ldlm.namespaces.MGC192.168.77.11@tcp.pool.granted";
        assert_eq!(Name::parse(space).family(), "ldlm.pool.granted");
        let far = "llite.a-ffff1.lov.target_obds.a-OST0000-osc-ffff1.active";
        assert_eq!(Name::parse(far).family(), "llite.active");
        let limit = "qmt.a-QMT0000.dt-pool1.glb-usr";
        assert_eq!(Name::parse(limit).family(), "qmt.glb-usr");
    }
}
