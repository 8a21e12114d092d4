//! Corosync and Pacemaker: their files, what goes into the CIB, what moves
//! resources. Works with every Pacemaker from 1.1 on, without pcs or crmsh.
//!
//! Sources: `corosync.conf(5)`, `cibadmin(8)`, `crm_resource(8)`,
//! `crm_attribute(8)`, the stock agents `ocf:lustre:Lustre`, `ocf:heartbeat:ZFS`.

use super::{Argv, words};

/// Points for the server that a target belongs on, and for one that may take over.
pub const SCORE_HOME: u32 = 20;
/// See [`SCORE_HOME`].
pub const SCORE_HEIR: u32 = 10;

/// A node of `corosync.conf`: name, id, an address for each link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its number, from 1.
    pub id: u32,
    /// Its address on each link.
    pub addresses: &'a [String],
}

/// `corosync.conf` for Corosync 3 (knet, encrypted).
pub fn corosync_conf(cluster: &str, nodes: &[Node<'_>]) -> String {
    let mut text = format!(
        "{CONF_HEADER}\ntotem {{\n    version: 2\n    cluster_name: {cluster}\n    transport: knet\n    crypto_cipher: aes256\n    crypto_hash: sha256\n    token: 17000\n}}\n\nnodelist {{\n"
    );
    for node in nodes {
        text.push_str("    node {\n");
        for (link, address) in node.addresses.iter().enumerate() {
            text.push_str(&format!("        ring{link}_addr: {address}\n"));
        }
        text.push_str(&format!(
            "        name: {}\n        nodeid: {}\n    }}\n",
            node.name, node.id
        ));
    }
    text.push_str("}\n\nquorum {\n    provider: corosync_votequorum\n");
    if nodes.len() == 2 {
        text.push_str("    two_node: 1\n");
    }
    text.push_str("}\n\nlogging {\n    to_syslog: yes\n    timestamp: on\n}\n");
    text
}

/// Sets a property of the whole cluster.
pub fn set_property(name: &str, value: &str) -> Argv {
    words([
        "crm_attribute",
        "--type",
        "crm_config",
        "--name",
        name,
        "--update",
        value,
    ])
}

/// Sets a default of all resources.
pub fn set_default(name: &str, value: &str) -> Argv {
    words([
        "crm_attribute",
        "--type",
        "rsc_defaults",
        "--name",
        name,
        "--update",
        value,
    ])
}

/// Puts a node into standby or takes it out.
pub fn standby(node: &str, is_on: bool) -> Argv {
    let value = if is_on { "on" } else { "off" };
    words([
        "crm_attribute",
        "--node",
        node,
        "--name",
        "standby",
        "--update",
        value,
        "--lifetime",
        "forever",
    ])
}

/// Adds XML to a section of the CIB: `resources`, `constraints`.
pub fn create(scope: &str, xml: &str) -> Argv {
    words(["cibadmin", "--create", "--scope", scope, "--xml-text", xml])
}

/// Lets Corosync on all nodes read its file anew.
pub fn reload_corosync() -> Argv {
    words(["corosync-cfgtool", "-R"])
}

/// Makes Pacemaker forget a node that is off.
pub fn forget_node(node: &str) -> Argv {
    words(["crm_node", "--force", "--remove", node])
}

/// Tells Pacemaker, by a person's word, that a node is off.
pub fn confirm_off(node: &str) -> Argv {
    words(["stonith_admin", "--confirm", node])
}

/// Removes all that an XPath names.
pub fn delete_all(xpath: &str) -> Argv {
    words(["cibadmin", "--delete-all", "--force", "--xpath", xpath])
}

/// The first line of each `corosync.conf` that [`corosync_conf`] makes.
pub const CONF_HEADER: &str = "# Written by Candela; changes here are overwritten.";

/// Removes what an XPath names.
pub fn delete(xpath: &str) -> Argv {
    words(["cibadmin", "--delete", "--xpath", xpath])
}

/// Tells Pacemaker to run a resource, or not.
pub fn target_role(resource: &str, is_started: bool) -> Argv {
    let value = if is_started { "Started" } else { "Stopped" };
    words([
        "crm_resource",
        "--resource",
        resource,
        "--set-parameter",
        "target-role",
        "--meta",
        "--parameter-value",
        value,
    ])
}

/// Forgets failures of a resource, so that it may run again where it failed.
pub fn cleanup(resource: &str) -> Argv {
    words(["crm_resource", "--resource", resource, "--cleanup"])
}

/// Moves a resource to a node, by a constraint that [`clear`] removes.
pub fn move_to(resource: &str, node: &str) -> Argv {
    words([
        "crm_resource",
        "--resource",
        resource,
        "--move",
        "--node",
        node,
    ])
}

/// Removes the constraint of [`move_to`].
pub fn clear(resource: &str) -> Argv {
    words(["crm_resource", "--resource", resource, "--clear"])
}

/// What Pacemaker runs for one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// Its id: the target's label, `MGS` with the cluster's name.
    pub id: &'a str,
    /// Device or `pool/dataset`.
    pub device: &'a str,
    /// Where it is mounted.
    pub mount_point: &'a str,
    /// The pool to import first.
    pub zpool: Option<&'a str>,
    /// Nodes that may run it, the home first.
    pub nodes: &'a [String],
    /// Nodes of the cluster that may not.
    pub barred: &'a [String],
}

impl Resource<'_> {
    /// What is started, stopped and moved: the group where a pool comes first.
    pub fn top(&self) -> String {
        match self.zpool {
            Some(_) => format!("group-{}", self.id),
            None => self.id.to_owned(),
        }
    }
}

/// The XML of a target's resources, stopped at first.
pub fn resource_xml(resource: &Resource<'_>) -> String {
    let lustre = primitive(
        resource.id,
        ("lustre", "Lustre"),
        &[
            ("target", resource.device),
            ("mountpoint", resource.mount_point),
        ],
        ("450", "300", "300"),
    );
    let stopped = |id: &str| {
        format!(
            r#"<meta_attributes id="{id}-meta"><nvpair id="{id}-target-role" name="target-role" value="Stopped"/></meta_attributes>"#
        )
    };
    let top = escaped(&resource.top());
    match resource.zpool {
        None => lustre.replacen("<instance", &format!("{}<instance", stopped(&top)), 1),
        Some(pool) => {
            let zfs = primitive(
                &format!("{}-zfs", resource.id),
                ("heartbeat", "ZFS"),
                &[("pool", pool)],
                ("120", "120", "60"),
            );
            format!(
                r#"<group id="{top}">{}{zfs}{lustre}</group>"#,
                stopped(&top)
            )
        }
    }
}

/// The XML of where a target's resources may run, one text for each node.
pub fn location_xml(resource: &Resource<'_>) -> Vec<String> {
    let top = escaped(&resource.top());
    let scored = resource.nodes.iter().enumerate().map(|(place, node)| {
        let score = if place == 0 { SCORE_HOME } else { SCORE_HEIR };
        let node = escaped(node);
        format!(
            r#"<rsc_location id="location-{top}-{node}" rsc="{top}" node="{node}" score="{score}"/>"#
        )
    });
    let barred = resource.barred.iter().map(|node| {
        let node = escaped(node);
        format!(
            r#"<rsc_location id="location-{top}-{node}" rsc="{top}" node="{node}" score="-INFINITY"/>"#
        )
    });
    scored.chain(barred).collect()
}

/// The XML of a fencing device for one node; parameters whose value is
/// `lrm://` are read from Pacemaker's folder of secrets.
pub fn fence_xml(node: &str, agent: &str, parameters: &[(String, String)]) -> String {
    let id = escaped(&fence_id(node));
    let mut pairs = format!(
        r#"<nvpair id="{id}-pcmk_host_list" name="pcmk_host_list" value="{}"/>"#,
        escaped(node)
    );
    for (name, value) in parameters {
        pairs.push_str(&format!(
            r#"<nvpair id="{id}-{name}" name="{name}" value="{}"/>"#,
            escaped(value)
        ));
    }
    format!(
        r#"<primitive id="{id}" class="stonith" type="{}"><instance_attributes id="{id}-params">{pairs}</instance_attributes><operations><op id="{id}-monitor" name="monitor" interval="120s"/></operations></primitive>"#,
        escaped(agent)
    )
}

/// The XML that keeps a fencing device off the node that it fences.
pub fn fence_location_xml(node: &str) -> String {
    let id = escaped(&fence_id(node));
    let node = escaped(node);
    format!(r#"<rsc_location id="location-{id}" rsc="{id}" node="{node}" score="-INFINITY"/>"#)
}

/// Id of a node's fencing device.
pub fn fence_id(node: &str) -> String {
    format!("fence-{node}")
}

fn primitive(
    id: &str,
    (provider, kind): (&str, &str),
    parameters: &[(&str, &str)],
    (start, stop, monitor): (&str, &str, &str),
) -> String {
    let id = escaped(id);
    let mut pairs = String::new();
    for (name, value) in parameters {
        let value = escaped(value);
        pairs.push_str(&format!(
            r#"<nvpair id="{id}-{name}" name="{name}" value="{value}"/>"#
        ));
    }
    format!(
        r#"<primitive id="{id}" class="ocf" provider="{provider}" type="{kind}"><instance_attributes id="{id}-params">{pairs}</instance_attributes><operations><op id="{id}-start" name="start" interval="0s" timeout="{start}s"/><op id="{id}-stop" name="stop" interval="0s" timeout="{stop}s"/><op id="{id}-monitor" name="monitor" interval="30s" timeout="{monitor}s"/></operations></primitive>"#
    )
}

/// Text inside an XML attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        }
    }
    out
}
