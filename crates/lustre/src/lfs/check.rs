//! `lfs check`, `lfs osts`, `lfs mdts`, `lfs getname`: what a client is connected to.

use super::{lines, odd, text_lines};
use crate::param::state::target_obd;
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of what a client says of its targets.
pub static KIND: Kind = Kind {
    name: "lfs-targets",
    about: "lfs check, lfs osts, lfs mdts, lfs getname",
    guess,
    read,
};

/// One connection that `lfs check` tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Checked<'a> {
    /// The obd device: `lab01-OST0000-osc-ffff88d5297cc800`.
    pub device: &'a str,
    /// Whether it answered.
    pub is_active: bool,
    /// Why not, as printed: `Input/output error (5)`.
    pub error: Option<&'a str>,
}

/// `x active.`, `x inactive.`, `lfs check: error: check 'x': why (5)`.
pub fn checked(text: &str) -> Option<Checked<'_>> {
    let text = text.trim();
    if let Some((_, rest)) = text.split_once("error: check '") {
        let (device, why) = rest.split_once('\'')?;
        return Some(Checked {
            device,
            is_active: false,
            error: Some(why.trim_start_matches([':', ' '])),
        });
    }
    let (device, state) = text.split_once(' ')?;
    let is_active = match state {
        "active." | "active" => true,
        "inactive." | "inactive" => false,
        _ => return None,
    };
    Some(Checked {
        device,
        is_active,
        error: None,
    })
}

/// A client as `lfs getname` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClientName<'a> {
    /// `lab01-ffff88d5297cc800`.
    pub instance: &'a str,
    /// Where it is mounted.
    pub mount: &'a str,
}

fn client_name(text: &str) -> Option<ClientName<'_>> {
    let (instance, mount) = text.trim().split_once(' ')?;
    let (fs, address) = instance.rsplit_once('-')?;
    let is_address = address.len() >= 8 && address.bytes().all(|b| b.is_ascii_hexdigit());
    let mount = mount.trim();
    (is_address && crate::label::FsName::new(fs).is_ok() && mount.starts_with('/'))
        .then_some(ClientName { instance, mount })
}

/// `OBDS:`, `OBDS::` or `MDTS:` above a list.
fn heading(text: &str) -> Option<&'static str> {
    match text.trim().trim_end_matches(':') {
        "OBDS" => Some("lfs-ost"),
        "MDTS" => Some("lfs-mdt"),
        _ => None,
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut good, mut all, mut is_list) = (0_u32, 0_u32, false);
    for line in text_lines(sample.text()).take(20) {
        all += 1;
        let is_good = heading(line).is_some()
            || client_name(line).is_some()
            || checked(line).is_some_and(|row| {
                row.error.is_some()
                    || row.device.contains("-osc-")
                    || row.device.contains("MGC")
                    || row.device.contains("-mdc-")
            });
        is_list |= heading(line).is_some();
        good += u32::from(is_good || is_list && target_obd(line).is_some());
    }
    if good > 0 && good * 4 >= all * 3 {
        92
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut family = "lfs-ost";
    for line in lines(input) {
        if let Some(found) = heading(line.text) {
            family = found;
        } else if let Some(row) = target_obd(line.text) {
            sink.record(family, &|| json!(row));
        } else if let Some(row) = checked(line.text) {
            sink.record("lfs-check", &|| json!(row));
        } else if let Some(row) = client_name(line.text) {
            sink.record("lfs-getname", &|| json!(row));
        } else {
            odd(&line, "not a target of a client", sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    #[test]
    fn connections_are_read() {
        let found = checked("lab01-OST0000-osc-ffff88d5297cc800 active.").unwrap();
        assert!(found.is_active);
        let found = checked("lfs check: error: check 'lab01-OST0001-osc-MDT0000': Resource temporarily unavailable (11)").unwrap();
        assert_eq!(
            (found.device, found.error),
            (
                "lab01-OST0001-osc-MDT0000",
                Some("Resource temporarily unavailable (11)")
            )
        );
        let found =
            checked("error: check 'a-OST0001-osc-f1' Resource temporarily unavailable").unwrap();
        assert_eq!(found.error, Some("Resource temporarily unavailable"));
        assert_eq!(checked("systemd is active."), None);
    }

    #[test]
    fn lists_are_told_apart() {
        let text = "OBDS::\n0: lab01-OST0000_UUID ACTIVE\n1: lab01-OST0001_UUID INACTIVE\nMDTS:\n0: lab01-MDT0000_UUID ACTIVE\nlab01-ffff88d5297cc800 /lustre/client\nodd\n";
        let mut found = Collected::counting();
        read(text.as_bytes(), &mut found);
        let counts: Vec<_> = found.counts.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        assert_eq!(counts, [("lfs-getname", 1), ("lfs-mdt", 1), ("lfs-ost", 2)]);
        assert_eq!((found.skips.len(), found.skips[0].line), (1, 7));
    }
}
