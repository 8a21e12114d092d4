//! What `crm_mon`, `crm status` and `pcs status` print as text, of Pacemaker
//! 1.0 to 3: read by the shape of each line within its section, so that
//! missing sections, other orders and other versions cost nothing.

use super::crm_mon::CrmMon;
use super::lines::{self, Line};
use super::status_parts as parts;
use super::status_resource as resource;
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// The state of a cluster as text tools print it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// What the XML form prints too.
    pub cluster: CrmMon,
    /// Name of the cluster (`pcs`).
    pub cluster_name: Option<String>,
    /// `corosync`, `classic openais (with plugin)`.
    pub stack: Option<String>,
    /// When this was printed.
    pub updated: Option<String>,
    /// When and by whom the configuration was changed.
    pub changed: Option<String>,
    /// Nodes configured.
    pub n_nodes: Option<u64>,
    /// Resources configured.
    pub n_resources: Option<u64>,
    /// Resources per agent and node, where single ones are not listed (`--brief`).
    pub counts: Vec<AgentCount>,
    /// Operations of resources on nodes.
    pub histories: Vec<History>,
    /// Tickets.
    pub tickets: Vec<Ticket>,
    /// Fencing levels (`pcs stonith`).
    pub levels: Vec<FenceLevel>,
    /// Daemons and nodes' `pcsd`.
    pub services: Vec<Service>,
    /// Warnings of `pcs` and `crm_mon`.
    pub warnings: Vec<String>,
}

/// How many resources of an agent are active somewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AgentCount {
    /// Agent.
    pub agent: String,
    /// Active.
    pub n_active: u64,
    /// All, where told.
    pub n_all: Option<u64>,
    /// Node, where told.
    pub node: Option<String>,
    /// Group, clone or bundle.
    pub group: Option<String>,
}

/// Operations of one resource on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct History {
    /// Node.
    pub node: String,
    /// Resource.
    pub resource: String,
    /// Failures after which it moves away.
    pub migration_threshold: Option<u64>,
    /// Failures counted.
    pub n_failures: u64,
    /// When it failed last, as printed.
    pub last_failure: Option<String>,
    /// Operations, oldest first.
    pub operations: Vec<Operation>,
}

/// An operation that was run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// Number of the call.
    pub call: u64,
    /// `start`, `monitor`.
    pub task: String,
    /// Interval and result as printed.
    pub details: String,
}

/// A ticket of a geo cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ticket {
    /// Name.
    pub name: String,
    /// `granted`, `revoked`, with `standby` where set.
    pub state: String,
    /// When it was granted last, as printed.
    pub last_granted: Option<String>,
}

/// Devices that are tried together to fence a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FenceLevel {
    /// Node, pattern or attribute.
    pub target: String,
    /// Order, from 1.
    pub level: u64,
    /// Devices.
    pub devices: Vec<String>,
}

/// A daemon of the node, or the `pcsd` of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Service {
    /// `corosync`, `pacemaker`, `pcsd`; the node for another node's `pcsd`.
    pub name: String,
    /// `active/enabled`, `Online`.
    pub state: String,
}

/// Sections whose lines need one to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Summary, nodes and resources: told apart by shape.
    Open,
    /// Nodes by state, of `pcs status nodes`.
    NodeLists,
    /// Node attributes.
    Attributes,
    /// Operations, and the migration summary.
    Operations,
    /// Failed operations.
    Failures,
    /// Fencing of the past, failed and pending.
    Fencing,
    /// Tickets.
    Tickets,
    /// Location bans.
    Bans,
    /// Daemons, `pcsd` on the nodes.
    Services,
    /// Fencing levels.
    Levels,
    /// Warnings.
    Warnings,
    /// A section that is not known; skipped once.
    Unknown,
}

/// Section of a heading, without its colon and in small letters.
fn section_of(heading: &str) -> Option<Section> {
    Some(match heading {
        "cluster summary"
        | "node list"
        | "full list of resources"
        | "active resources"
        | "inactive resources"
        | "resources"
        | "current cluster status"
        | "revised cluster status"
        | "cluster status"
        | "online nodes"
        | "stonith devices"
        | "fence devices"
        | "full list of nodes" => Section::Open,
        "pacemaker nodes" | "pacemaker remote nodes" | "corosync nodes" => Section::NodeLists,
        "node attributes" => Section::Attributes,
        "operations" | "migration summary" => Section::Operations,
        "failed resource actions" | "failed actions" => Section::Failures,
        "failed fencing actions" | "fencing history" | "pending fencing actions" => {
            Section::Fencing
        }
        "tickets" => Section::Tickets,
        "negative location constraints" => Section::Bans,
        "pcsd status" | "daemon status" => Section::Services,
        "fencing levels" => Section::Levels,
        "warnings" => Section::Warnings,
        _ => return None,
    })
}

/// Beginnings of sentences that tell no fact of their own.
const NOTES: [&str; 5] = [
    "The cluster will not attempt",
    "No active resources",
    "No inactive resources",
    "No resources",
    "NO resources configured",
];

/// Reads lines one after the other.
pub(crate) struct Reader {
    /// What was read so far.
    pub status: Status,
    /// What could not be read.
    pub skips: Vec<Skip>,
    section: Section,
    /// Groups and clones that are open.
    pub(super) within: resource::Within,
    /// Node that the lines are about.
    pub(super) node: Option<String>,
    /// Whether the lines below the node's are what it runs.
    pub(super) is_grouped: bool,
    /// Whether what nodes run was printed under them.
    pub(super) was_grouped: bool,
    /// Whether the lines are of `Inactive Resources`.
    pub(super) is_inactive: bool,
}

impl Reader {
    /// Before the first line.
    pub(crate) fn new() -> Self {
        Self {
            status: Status::default(),
            skips: Vec::new(),
            section: Section::Open,
            within: resource::Within::default(),
            node: None,
            is_grouped: false,
            was_grouped: false,
            is_inactive: false,
        }
    }

    /// Reads one line.
    pub(crate) fn line(&mut self, line: &Line<'_>) {
        let body = line.text.trim_start();
        if body.is_empty() || is_rule(body) {
            return;
        }
        let indent = line.text.len() - body.len();
        let (text, has_bullet) = unbullet(body);
        if self.heading(line, text) || self.aside(line, text) {
            return;
        }
        let is_read = match self.section {
            Section::Open => {
                parts::summary(self, text)
                    || parts::nodes(self, text)
                    || resource::line(self, indent, text)
            }
            Section::NodeLists => parts::node_list(self, text),
            Section::Attributes => parts::attribute(self, text),
            Section::Operations => parts::operation(self, text),
            Section::Failures => parts::failure(self, text, has_bullet),
            Section::Fencing => parts::fencing(self, text, has_bullet),
            Section::Tickets => parts::ticket(self, text),
            Section::Bans => parts::ban(self, text),
            Section::Services => parts::services(self, text),
            Section::Levels => parts::level(self, text),
            Section::Warnings => {
                self.status.warnings.push(text.to_owned());
                true
            }
            Section::Unknown => true,
        };
        // A section may lack its end: the shapes of the open part are tried last.
        if !is_read && (self.section == Section::Open || !self.reopened(indent, text)) {
            self.skips.push(line.bad("no line of a cluster status"));
        }
    }

    fn reopened(&mut self, indent: usize, text: &str) -> bool {
        let is_read = parts::summary(self, text)
            || parts::nodes(self, text)
            || resource::line(self, indent, text);
        if is_read {
            self.section = Section::Open;
        }
        is_read
    }

    fn heading(&mut self, line: &Line<'_>, text: &str) -> bool {
        let Some(name) = text.strip_suffix(':') else {
            return false;
        };
        let found = section_of(&name.to_ascii_lowercase());
        // Under a node, `Resources:` names what it runs.
        if name != "Resources" && found.is_some() {
            self.node = None;
            self.is_grouped = false;
            self.is_inactive = name.eq_ignore_ascii_case("inactive resources");
            self.within.clear();
        }
        if let Some(section) = found {
            self.section = section;
            return true;
        }
        let is_plain = line.text.len() == text.len() + 1
            && !name.contains([':', '[', '('])
            && name.contains(' ')
            && !name.starts_with("Node ")
            && name.starts_with(|c: char| c.is_ascii_uppercase());
        if is_plain && self.section != Section::Warnings {
            self.skips
                .push(line.skip(SkipKind::Unknown, "no section of this name is known"));
            self.section = Section::Unknown;
            return true;
        }
        false
    }

    /// Lines that may stand anywhere.
    fn aside(&mut self, line: &Line<'_>, text: &str) -> bool {
        // `unpack_rsc_op \terror: Preventing r from restarting on a`: of the scheduler.
        let marks = ["\terror:", "\twarning:", "\tnotice:", "\tcrit:"];
        if marks.iter().any(|mark| text.contains(mark)) {
            self.status.warnings.push(text.to_owned());
            return true;
        }
        if lines::is_error(text) && self.section != Section::Warnings {
            let warning = ["WARNING:", "Warning:"];
            if let Some(warning) = warning.iter().find_map(|start| text.strip_prefix(start)) {
                self.status.warnings.push(warning.trim().to_owned());
            } else {
                self.skips
                    .push(line.skip(SkipKind::ErrorText, "the tool says"));
            }
            return true;
        }
        if text.contains("*** Resource management is DISABLED ***") {
            self.status.cluster.maintenance = true;
            return true;
        }
        if text.starts_with("The cluster will keep all resources stopped") {
            // Printed below the line above, yet it is not maintenance.
            self.status.cluster.maintenance = false;
            self.status.warnings.push(text.to_owned());
            return true;
        }
        if text.starts_with("WARNINGS") {
            self.section = Section::Warnings;
            return true;
        }
        NOTES.iter().any(|start| text.starts_with(start))
    }

    /// All that was read: the controller is marked among the nodes.
    pub(crate) fn done(mut self) -> (Status, Vec<Skip>) {
        for node in &mut self.status.cluster.nodes {
            node.is_dc = self.status.cluster.dc.as_ref() == Some(&node.name);
        }
        for history in &self.status.histories {
            let n = u32::try_from(history.n_failures).unwrap_or(u32::MAX);
            let resources = &mut self.status.cluster.resources;
            for resource in resources
                .iter_mut()
                .filter(|one| one.id == history.resource)
            {
                resource.n_failures = resource.n_failures.saturating_add(n);
            }
        }
        (self.status, self.skips)
    }
}

/// Without the bullet of Pacemaker 2, and whether it had one.
pub(crate) fn unbullet(text: &str) -> (&str, bool) {
    let bare = text.strip_prefix("* ").or_else(|| text.strip_prefix("+ "));
    (bare.unwrap_or(text).trim(), bare.is_some())
}

fn is_rule(text: &str) -> bool {
    text.len() > 3
        && (text.bytes().all(|byte| byte == b'=') || text.bytes().all(|byte| byte == b'-'))
}

/// Reads a status, as far as it goes.
pub fn parse(input: &[u8]) -> (Status, Vec<Skip>) {
    let mut skips = Vec::new();
    let all = lines::read(input, &mut skips);
    let mut reader = Reader::new();
    for line in &all {
        reader.line(line);
    }
    let (status, more) = reader.done();
    skips.extend(more);
    (status, skips)
}
