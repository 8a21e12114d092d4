//! Messages of the kernel and of udevd about devices, as they come over
//! netlink: `ACTION@DEVPATH` and pairs, each ended by a NUL; udevd puts a
//! header of its own before the pairs.

use std::collections::BTreeMap;

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uevent {
    /// Whether udevd sent it, after its rules; else the kernel.
    pub is_settled: bool,
    /// `add`, `remove`, `change`, `move`, `bind`, `unbind`, `online`, `offline`.
    pub action: String,
    /// Path below `/sys`.
    pub devpath: String,
    /// `block`, `net`, `scsi`, `infiniband`, `lustre`.
    pub subsystem: String,
    /// Everything that was said, by name.
    pub properties: BTreeMap<String, String>,
}

/// What udevd begins its messages with.
const MARK: &[u8] = b"libudev\0";
/// The magic number behind it, big-endian.
const MAGIC: [u8; 4] = [0xfe, 0xed, 0xca, 0xfe];

/// Reads one datagram; none where it is not of the form.
pub fn parse(datagram: &[u8]) -> Option<Uevent> {
    let is_settled = datagram.starts_with(MARK);
    let pairs = if is_settled {
        settled(datagram)?
    } else {
        let (title, rest) = split_nul(datagram)?;
        title.contains(&b'@').then_some(rest)?
    };
    let mut found = Uevent {
        is_settled,
        ..Uevent::default()
    };
    for pair in pairs.split(|byte| *byte == 0) {
        let text = String::from_utf8_lossy(pair);
        if let Some((key, value)) = text.split_once('=') {
            found.properties.insert(key.to_owned(), value.to_owned());
        }
    }
    let take = |key: &str| found.properties.get(key).cloned();
    let (action, devpath) = (take("ACTION")?, take("DEVPATH")?);
    found.subsystem = take("SUBSYSTEM").unwrap_or_default();
    (found.action, found.devpath) = (action, devpath);
    Some(found)
}

fn split_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == 0)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// The pairs of udevd's message: behind the magic number stand the size of the
/// header, then where the pairs begin and how long they are, in the order of
/// bytes of the machine.
fn settled(datagram: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| -> Option<[u8; 4]> { datagram.get(at..at + 4)?.try_into().ok() };
    (word(8)? == MAGIC).then_some(())?;
    let number = |at: usize| usize::try_from(u32::from_ne_bytes(word(at)?)).ok();
    let (start, length) = (number(16)?, number(20)?);
    datagram.get(start..start.checked_add(length)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: &[u8] =
        b"ACTION=add\0DEVPATH=/devices/x/block/sda\0SUBSYSTEM=block\0DEVNAME=sda\0";

    /// A message as udevd of the running machine would send it.
    fn from_udevd(pairs: &[u8]) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        bytes.extend(MAGIC);
        for number in [40, 40, u32::try_from(pairs.len()).unwrap()] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes.resize(40, 0);
        bytes.extend(pairs);
        bytes
    }

    #[test]
    fn kernel_and_udevd_say_the_same() {
        let kernel = [b"add@/devices/x/block/sda\0", PAIRS].concat();
        let kernel = parse(&kernel).unwrap();
        assert_eq!(
            (kernel.action.as_str(), kernel.subsystem.as_str()),
            ("add", "block")
        );
        assert_eq!(kernel.properties["DEVNAME"], "sda");
        let udevd = parse(&from_udevd(PAIRS)).unwrap();
        assert!(udevd.is_settled && !kernel.is_settled);
        assert_eq!(udevd.properties, kernel.properties);
    }

    #[test]
    fn what_is_cut_or_forged_is_refused_or_read() {
        let whole = from_udevd(PAIRS);
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]), None, "{end}");
        }
        let mut far = whole.clone();
        far[16..24].fill(0xff);
        assert_eq!(parse(&far), None);
        assert_eq!(parse(b"no title\0ACTION=add\0DEVPATH=/x\0"), None);
        assert_eq!(parse(b"add@/x\0ACTION=add\0"), None);
    }
}
