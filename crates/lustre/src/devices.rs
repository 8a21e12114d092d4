//! `lctl dl` (and `device_list`, `-t`): obd devices with state and users.

use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of `lctl dl`.
pub static KIND: Kind = Kind {
    name: "lctl-dl",
    about: "lctl dl, lctl device_list",
    guess,
    read,
};

/// One obd device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ObdDevice<'a> {
    /// Number on this host.
    pub index: u32,
    /// `UP`, `ST` (stopping), `IN` (inactive), `AT` (attached).
    pub state: &'a str,
    /// Type: `obdfilter`, `mdt`, `mgs`, `osd-zfs`, `osc`.
    pub class: &'a str,
    /// Name: `lab01-OST0000`.
    pub name: &'a str,
    /// UUID.
    pub uuid: &'a str,
    /// Users.
    pub refs: u32,
    /// NID of the peer, with `-t`.
    pub peer: Option<&'a str>,
}

/// Reads every device.
pub fn parse(input: &[u8]) -> (Vec<ObdDevice<'_>>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in crate::param::Lines::new(input, 1) {
        if line.text.trim().is_empty() {
            continue;
        }
        match device(line.text) {
            Some(device) => found.push(device),
            None => skips.push(Skip::new(
                line.number,
                SkipKind::BadLine,
                format!("not an obd device: {:?}", line.text.trim()),
            )),
        }
    }
    (found, skips)
}

fn device(text: &str) -> Option<ObdDevice<'_>> {
    let mut words = text.split_ascii_whitespace();
    Some(ObdDevice {
        index: words.next()?.parse().ok()?,
        state: words
            .next()
            .filter(|state| matches!(*state, "UP" | "DN" | "ST" | "IN" | "AT" | "--"))?,
        class: words.next().filter(|class| is_class(class))?,
        name: words.next()?,
        uuid: words.next()?,
        refs: words.next()?.parse().ok()?,
        peer: words.next(),
    })
}

/// `obdfilter`, `osd-zfs`: no class has a capital.
fn is_class(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(is_allowed)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = crate::lfs::text_lines(sample.text()).take(8);
    let good = lines.clone().filter(|line| device(line).is_some()).count();
    if good > 0 && good * 4 >= lines.by_ref().count() * 3 {
        90
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (devices, skips) = parse(input);
    for device in &devices {
        sink.record("obd-device", &|| json!(device));
    }
    for skip in skips {
        sink.skip(skip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read() {
        let text = b"  0 UP osd-zfs MGS-osd MGS-osd_UUID 5\n  1 UP mgc MGC1.2.3.4@tcp 2edc 5 1.2.3.4@tcp\r\nodd\n";
        let (devices, skips) = parse(text);
        assert_eq!((devices.len(), skips.len(), skips[0].line), (2, 1, 3));
        assert_eq!(
            (devices[0].class, devices[1].peer),
            ("osd-zfs", Some("1.2.3.4@tcp"))
        );
        assert_eq!(parse(b"").0, []);
    }
}
