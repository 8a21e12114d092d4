//! Units of systemd: `systemctl list-units`, `list-unit-files`, `show`,
//! `status`, and lists of one word a unit (`is-active`, `is-enabled`).

use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Sink, Skip};

use crate::ha::lines;

mod files;
mod listed;
mod properties;
mod status;

pub use files::parse as unit_files;
pub use listed::parse as list_units;
pub use properties::parse as show;
pub use status::parse as status;

/// The reader of `systemctl list-units`, as text and as JSON.
pub static LIST: Kind = Kind {
    name: "systemctl-units",
    about: "systemctl, systemctl list-units, systemctl --failed, also --output=json",
    guess: listed::guess,
    read: |input, sink| emit(listed::parse(input), sink),
};

/// The reader of `systemctl list-unit-files`.
pub static FILES: Kind = Kind {
    name: "systemctl-unit-files",
    about: "systemctl list-unit-files, also --output=json",
    guess: files::guess,
    read: |input, sink| emit(files::parse(input), sink),
};

/// The reader of `systemctl show`.
pub static SHOW: Kind = Kind {
    name: "systemctl-show",
    about: "systemctl show UNIT…",
    guess: properties::guess,
    read: |input, sink| emit(properties::parse(input), sink),
};

/// The reader of `systemctl status`.
pub static STATUS: Kind = Kind {
    name: "systemctl-status",
    about: "systemctl status UNIT…",
    guess: status::guess,
    read: |input, sink| emit(status::parse(input), sink),
};

/// The reader of `systemctl is-active` and `is-enabled`.
pub static STATES: Kind = Kind {
    name: "systemctl-states",
    about: "systemctl is-active UNIT…, systemctl is-enabled UNIT…",
    guess: |sample| {
        let (states, skips) = states(sample.head);
        if !states.is_empty() && skips.is_empty() {
            70
        } else {
            0
        }
    },
    read: |input, sink| {
        let (states, skips) = states(input);
        for state in &states {
            sink.record("unit-state", &|| serde_json::json!({ "state": state }));
        }
        lines::emit_skips(skips, sink);
    },
};

/// A unit as one of the commands shows it; what a command does not tell is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Its name with its type: `lnet.service`.
    pub name: String,
    /// `loaded`, `not-found`, `masked`, `error`.
    pub load: Option<String>,
    /// `active`, `inactive`, `failed`, `activating`.
    pub active: Option<String>,
    /// `running`, `exited`, `dead`, `mounted`.
    pub sub: Option<String>,
    /// `enabled`, `disabled`, `static`, `masked`.
    pub enabled: Option<String>,
    /// What the distribution wants: `enabled`, `disabled`.
    pub preset: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// A job that is under way: `start`, `stop`.
    pub job: Option<String>,
    /// Its main process.
    pub main_pid: Option<u64>,
    /// Every property that `show` printed.
    pub properties: BTreeMap<String, String>,
}

/// Words that are states; other lines are skips.
pub fn states(input: &[u8]) -> (Vec<String>, Vec<Skip>) {
    const STATES: [&str; 21] = [
        "active",
        "inactive",
        "failed",
        "activating",
        "deactivating",
        "reloading",
        "maintenance",
        "unknown",
        "enabled",
        "disabled",
        "static",
        "masked",
        "enabled-runtime",
        "linked",
        "linked-runtime",
        "masked-runtime",
        "alias",
        "indirect",
        "generated",
        "transient",
        "not-found",
    ];
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        match line.text.trim() {
            "" => {}
            word if STATES.contains(&word) => found.push(word.to_owned()),
            _ => skips.push(line.bad("no state of a unit")),
        }
    }
    (found, skips)
}

/// Whether a word names a unit: it ends in a type of units.
fn is_unit(word: &str) -> bool {
    const TYPES: [&str; 11] = [
        "service",
        "socket",
        "device",
        "mount",
        "automount",
        "swap",
        "target",
        "path",
        "timer",
        "slice",
        "scope",
    ];
    word.rsplit_once('.').is_some_and(|(name, kind)| {
        !name.is_empty() && (TYPES.contains(&kind) || kind == "snapshot")
    })
}

fn emit((units, skips): (Vec<Unit>, Vec<Skip>), sink: &mut dyn Sink) {
    lines::emit("unit", &units, sink);
    lines::emit_skips(skips, sink);
}

/// The value, unless it is empty, `-` or `n/a`.
fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!matches!(text, "" | "-" | "n/a" | "[not set]")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
