//! The messages of the link.

use crate::code::Code;
use crate::order::{ConsoleLine, Ended, Order, OrderKey};
use crate::section::Sections;
use model::event::HostEvent;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an agent says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToManager {
    /// First message of each connection.
    Hello(Hello),
    /// Everything, at the start and when asked for.
    Full {
        /// Number of the report on this connection; deltas count on from it.
        seq: u64,
        /// All sections.
        sections: Sections,
    },
    /// What changed since the report before.
    Delta {
        /// One more than the report before.
        seq: u64,
        /// Sections that changed, whole.
        changed: Sections,
        /// Sections that are no more.
        removed: Vec<String>,
    },
    /// Events in order. The agent keeps them until they are acknowledged.
    Events(Events),
    /// The agent lives; sent when nothing else was for [`HEARTBEAT_S`].
    Heartbeat {
        /// Its clock, milliseconds since 1970.
        sent_at_ms: i64,
    },
    /// An order ended. Repeated until it is acknowledged.
    Ended(Ended),
    /// What an order ran, as it goes on. May be lost.
    Console(Vec<ConsoleLine>),
    /// A new certificate is asked for, in place of the one that is shown. Only
    /// where the welcome has [`RENEWS`].
    Renew {
        /// PKCS#10 request, PEM.
        csr: String,
    },
}

/// Key of [`Welcome::extra`]: this manager gives new certificates to agents.
pub const RENEWS: &str = "renews";

/// Seconds without another message after which an agent sends a heartbeat.
pub const HEARTBEAT_S: u64 = 10;
/// Seconds without any message after which a manager takes an agent for silent.
pub const SILENCE_S: u64 = 35;
/// Name in [`Hello::extra`] by which an agent says that its server is managed:
/// it takes orders.
pub const MANAGED: &str = "managed";
/// Events in one message at most.
pub const EVENTS_MAX: usize = 256;
/// How far an agent's clock may be off, seconds.
pub const CLOCK_OFF_MAX_S: i64 = 300;

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol it speaks.
    pub protocol: u16,
    /// Version of the agent.
    pub agent_version: String,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// Changes with each boot.
    pub boot_id: String,
    /// Its clock, milliseconds since 1970.
    pub sent_at_ms: i64,
    /// Name of the site, in demonstrations.
    pub site: Option<String>,
    /// What later versions add.
    pub extra: BTreeMap<String, String>,
}

/// A run of events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// Names the numbering: a random number made when the agent's state
    /// folder is. A repeated event of one numbering is recorded once.
    pub stream: u64,
    /// Number of the first event, from 1.
    pub first: u64,
    /// Each event as JSON of `HostEvent`.
    pub events: Vec<Vec<u8>>,
}

/// What a manager says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToAgent {
    /// The answer to a good hello. A full report follows from the agent.
    Welcome(Welcome),
    /// This report was taken in.
    AckReport {
        /// Its number.
        seq: u64,
    },
    /// Events up to this number are durable.
    AckEvents {
        /// Numbering.
        stream: u64,
        /// The last one.
        upto: u64,
    },
    /// A report is missing before the last one; send everything.
    NeedFull,
    /// No, and why; the connection ends.
    Refused {
        /// For programs.
        code: Code,
        /// For people.
        text: String,
    },
    /// The manager stops; come back later.
    Goodbye,
    /// This server's certificate is void from now on; do not come back.
    Revoked,
    /// Carry this out. May be repeated.
    Order(Order),
    /// End this order early, if its kind allows that.
    Recall {
        /// Which.
        key: OrderKey,
    },
    /// How an order ended is durable.
    AckEnded {
        /// Which.
        key: OrderKey,
    },
    /// The new certificate. The old one is good until the new one is shown.
    Renewed {
        /// PEM.
        certificate: String,
    },
    /// Look now: what others did may show here. Only to a managed server's agent.
    Look,
}

/// Agreed terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Protocol to speak.
    pub protocol: u16,
    /// Id of this server in the manager.
    pub server_id: String,
    /// Manager's clock, milliseconds since 1970.
    pub now_ms: i64,
    /// Version of the manager.
    pub manager_version: String,
    /// What later versions add.
    pub extra: BTreeMap<String, String>,
}

impl Events {
    /// Packs events.
    pub fn pack(stream: u64, first: u64, events: &[HostEvent]) -> Result<Self, serde_json::Error> {
        let events = events
            .iter()
            .map(serde_json::to_vec)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            stream,
            first,
            events,
        })
    }

    /// The events with their numbers; those that cannot be read are given as
    /// the reason why, and keep their number.
    pub fn unpack(&self) -> Vec<(u64, Result<HostEvent, String>)> {
        let read = |bytes: &Vec<u8>| serde_json::from_slice(bytes).map_err(|e| e.to_string());
        let numbers = (0_u64..).map(|n| self.first.saturating_add(n));
        numbers.zip(self.events.iter().map(read)).collect()
    }

    /// Number of its last event.
    pub fn upto(&self) -> u64 {
        let n = u64::try_from(self.events.len()).unwrap_or(u64::MAX);
        self.first.saturating_sub(1).saturating_add(n)
    }
}
