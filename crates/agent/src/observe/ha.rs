//! Pacemaker, as this node sees it: its state from `crm_mon`, what it is told
//! from the CIB.

mod past;

use super::{Look, corosync};
use model::report::{Constraint, FenceDevice, FenceEvent, Ha, HaNode, HaNodeState, HaResource};
use platform::ha::cib::{self, Cib};
use platform::ha::crm_mon::{self, CrmMon, Node};

/// Parameters that name what a resource runs; others stay in the CIB.
const PARAMETERS: [&str; 8] = [
    "target",
    "mountpoint",
    "device",
    "directory",
    "pool",
    "filesystem",
    "ip",
    "pcmk_host_list",
];

/// Pacemaker on this host; none where it is not installed.
pub fn ha(look: &mut Look<'_>) -> Option<Ha> {
    let answer = look.run(
        "ha",
        &[
            &["crm_mon", "--one-shot", "--inactive", "--output-as=xml"],
            &["crm_mon", "--one-shot", "--inactive", "--as-xml"],
        ],
    );
    let corosync = corosync::corosync(look);
    let Some((bytes, _)) = answer else {
        return corosync.map(|corosync| Ha {
            corosync: Some(corosync),
            ..Ha::default()
        });
    };
    let (state, skips) = crm_mon::parse(&bytes);
    look.skips("ha", "crm_mon", &skips);
    let told = look
        .run("ha", &[&["cibadmin", "--query"]])
        .map(|(bytes, _)| {
            let (told, skips) = cib::parse(&bytes);
            look.skips("ha", "cibadmin --query", &skips);
            told
        });
    Some(Ha {
        corosync,
        ..join(state, &told.unwrap_or_default())
    })
}

fn join(state: CrmMon, told: &Cib) -> Ha {
    let property = |name: &str| {
        let found = told.properties.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let (mut resources, mut fence_devices) = (Vec::new(), Vec::new());
    for resource in &state.resources {
        let known = told.resources.iter().find(|known| known.id == resource.id);
        let parameters = known
            .map(|known| known.parameters.as_slice())
            .unwrap_or_default();
        if resource.agent.starts_with("stonith:") {
            let hosts = parameters.iter().find(|(name, _)| name == "pcmk_host_list");
            let hosts =
                hosts.map(|(_, value)| value.split([' ', ',', ';']).map(str::to_owned).collect());
            fence_devices.push(FenceDevice {
                id: resource.id.clone(),
                agent: resource.agent.clone(),
                hosts: hosts.unwrap_or_default(),
                is_running: resource.active,
            });
            continue;
        }
        let shown = parameters
            .iter()
            .filter(|(name, _)| PARAMETERS.contains(&name.as_str()));
        resources.push(HaResource {
            id: resource.id.clone(),
            group: resource.group.clone(),
            agent: resource.agent.clone(),
            role: resource.role.clone(),
            target_role: resource.target_role.clone(),
            nodes: resource.nodes.clone(),
            is_failed: resource.failed,
            is_managed: resource.managed,
            is_blocked: resource.blocked,
            n_failures: resource.n_failures,
            failed_on: resource.failed_on.iter().cloned().collect(),
            parameters: shown.cloned().collect(),
        });
    }
    let fenced = state.fenced.iter().map(|event| FenceEvent {
        target: event.target.clone(),
        action: event.action.clone(),
        status: event.status.clone(),
        at: event
            .completed
            .as_deref()
            .and_then(|text| text.replacen(' ', "T", 1).parse().ok()),
    });
    let rules = told.constraints.iter().map(|rule| Constraint {
        id: rule.id.clone(),
        kind: rule.kind.clone(),
        resource: rule.resource.clone(),
        with: rule.with.clone(),
        score: rule.score.clone(),
    });
    Ha {
        corosync: None,
        is_running: state.dc.is_some() || state.nodes.iter().any(|node| node.online),
        cluster_name: property("cluster-name"),
        has_quorum: state.has_quorum,
        fencing_enabled: state
            .fencing_enabled
            .or(property("stonith-enabled").map(|v| v != "false")),
        maintenance: state.maintenance,
        nodes: state.nodes.iter().map(node).collect(),
        fence_history: fenced.collect(),
        constraints: rules.collect(),
        properties: told.properties.iter().cloned().collect(),
        operations: past::operations(&state),
        pacemaker_version: state.version,
        dc: state.dc,
        resources,
        fence_devices,
    }
}

fn node(from: &Node) -> HaNode {
    let state = match from {
        Node { unclean: true, .. } => HaNodeState::Unclean,
        Node { pending: true, .. } => HaNodeState::Pending,
        Node { online: false, .. } => HaNodeState::Offline,
        Node {
            maintenance: true, ..
        } => HaNodeState::Maintenance,
        Node { standby: true, .. } => HaNodeState::Standby,
        _ => HaNodeState::Online,
    };
    HaNode {
        name: from.name.clone(),
        id: from.id.clone(),
        state,
        is_standby: from.standby,
        is_dc: from.is_dc,
        attributes: from.attributes.iter().cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_and_configuration_come_together() {
        let state = crm_mon::parse(
            br#"<crm_mon version="2"><summary><current_dc name="a" with_quorum="true"/></summary>
<nodes><node name="a" online="true"/><node name="b" online="false" unclean="true"/></nodes>
<resources><resource id="ost0" resource_agent="ocf::lustre:Lustre" role="Started" active="true"><node name="a"/></resource>
<resource id="st" resource_agent="stonith:fence_ipmilan" active="true"/></resources></crm_mon>"#,
        );
        let told = cib::parse(
            br#"<cib><configuration><crm_config><s><nvpair name="cluster-name" value="pair"/></s></crm_config>
<resources><primitive id="ost0"><instance_attributes><nvpair name="target" value="/dev/x"/><nvpair name="other" value="1"/></instance_attributes></primitive>
<primitive id="st"><instance_attributes><nvpair name="pcmk_host_list" value="a b"/></instance_attributes></primitive></resources>
<constraints><rsc_location id="l" rsc="ost0" node="a" score="20"/></constraints></configuration></cib>"#,
        );
        let ha = join(state.0, &told.0);
        assert_eq!(
            (ha.cluster_name.as_deref(), ha.is_running),
            (Some("pair"), true)
        );
        let states: Vec<_> = ha.nodes.iter().map(|node| node.state).collect();
        assert_eq!(states, [HaNodeState::Online, HaNodeState::Unclean]);
        assert_eq!(ha.resources.len(), 1);
        assert_eq!(
            ha.resources[0].parameters.keys().collect::<Vec<_>>(),
            ["target"]
        );
        assert_eq!(ha.fence_devices[0].hosts, ["a", "b"]);
        assert_eq!(ha.constraints[0].with, "a");
    }
}
