//! `last_rcvd`: what a target remembers of its clients between mounts.

use super::bytes::Bytes;
use crate::label::TargetLabel;
use serde::Serialize;

/// The head of the file and its clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LastRcvd {
    /// UUID of the target: `lab01-OST0000_UUID`.
    pub uuid: String,
    /// Number of the last transaction.
    pub last_transaction: u64,
    /// Times it was mounted.
    pub n_mounts: u64,
    /// Features: compatible, read-only compatible, incompatible.
    pub features: [u32; 3],
    /// Number of the target.
    pub index: u32,
    /// Clients that are to be waited for at the next mount.
    pub clients: Vec<Client>,
}

/// A client's slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Its UUID.
    pub uuid: String,
    /// Number of its last transaction.
    pub last_transaction: u64,
    /// Number of its last request.
    pub last_request: u64,
}

impl LastRcvd {
    /// The target, where the UUID tells.
    pub fn label(&self) -> Option<TargetLabel> {
        super::registry::label_in(&self.uuid)
    }
}

/// Reads the file; none if its head is not that of one. A slot whose UUID is
/// empty is free.
pub fn parse(input: &[u8]) -> Option<LastRcvd> {
    let bytes = Bytes(input);
    let start = usize::try_from(bytes.u32(0x50)?).ok()?;
    let size = usize::from(bytes.u16(0x54)?);
    let uuid = bytes.text(0, 40);
    let is_name = !uuid.is_empty() && uuid.bytes().all(|byte| byte.is_ascii_graphic());
    // The head has said 512 bytes and the slots 128 ever since there are any.
    if !is_name || bytes.u32(0x4c)? != 512 || !(64..=4096).contains(&size) || start < 512 {
        return None;
    }
    let mut found = LastRcvd {
        uuid,
        last_transaction: bytes.u64(0x28)?,
        n_mounts: bytes.u64(0x38)?,
        features: [bytes.u32(0x40)?, bytes.u32(0x44)?, bytes.u32(0x48)?],
        index: bytes.u32(0x8c)?,
        clients: Vec::new(),
    };
    for slot in input.get(start..).unwrap_or_default().chunks(size) {
        let slot = Bytes(slot);
        let uuid = slot.text(0, 40);
        if let (false, Some(last_transaction), Some(last_request)) =
            (uuid.is_empty(), slot.u64(40), slot.u64(48))
        {
            found.clients.push(Client {
                uuid,
                last_transaction,
                last_request,
            });
        }
    }
    Some(found)
}
