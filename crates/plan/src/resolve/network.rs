//! LNet: which nets a server is on, by which interfaces, with which NIDs.

use super::Resolver;
use super::group::bare;
use lustre::nid::Nid;
use model::ids::ServerId;
use model::report::LnetState;
use model::step::LnetNet;
use std::collections::BTreeMap;

impl Resolver<'_> {
    pub(super) fn networks(&mut self) {
        let mut seen: BTreeMap<(ServerId, String), usize> = BTreeMap::new();
        for (place, network) in self.spec.networks.iter().enumerate() {
            let path = format!("networks[{place}]");
            let Some(net) = net_name(&network.net) else {
                let reason = format!("{:?} is not a net of LNet.", network.net);
                self.found.error(
                    &format!("{path}.net"),
                    reason,
                    "Write `tcp`, `tcp1`, `o2ib`…",
                );
                continue;
            };
            if network.interfaces.is_empty() {
                let reason = format!("No interface carries {net}.");
                let remedy = "Name at least one, such as `eth0`.";
                self.found
                    .error(&format!("{path}.interfaces"), reason, remedy);
                continue;
            }
            let servers = match &network.servers {
                Some(list) => self.list(&format!("{path}.servers"), list),
                None => self.out.servers.keys().copied().collect(),
            };
            for id in servers {
                if seen.insert((id, net.clone()), place).is_some() {
                    let name = self.world.name(id);
                    let reason = format!("{{}} is on {net} by two entries.");
                    self.found
                        .error_of(&path, &name, &reason, "Give each server a net once.");
                    continue;
                }
                self.put_on_net(&path, id, &net, &network.interfaces);
            }
        }
    }

    fn put_on_net(&mut self, path: &str, id: ServerId, net: &str, interfaces: &[String]) {
        let up = self.nids_up(id, net);
        let mut nids = Vec::new();
        for interface in interfaces {
            let address = self.address(id, interface);
            let nid = address.and_then(|address| format!("{address}@{net}").parse::<Nid>().ok());
            match nid {
                Some(nid) => nids.push(nid),
                // LNet knows better than the interface's list of addresses.
                None if !up.is_empty() => {}
                None => {
                    let name = self.world.name(id);
                    let path = format!("{path}.interfaces");
                    let reason = format!("{{}} has no interface {interface} with an address.");
                    let remedy = "Correct the interface, give it an address, or limit `servers`.";
                    self.found.error_of(&path, &name, &reason, remedy);
                }
            }
        }
        if nids.is_empty() {
            nids = up;
        }
        if let Some(server) = self.out.servers.get_mut(&id) {
            server.nids.extend(nids);
            server.nets.push(LnetNet {
                net: net.to_owned(),
                interfaces: interfaces.to_vec(),
            });
        }
    }

    /// NIDs that LNet has up on a net.
    fn nids_up(&self, id: ServerId, net: &str) -> Vec<Nid> {
        let lnet = self
            .world
            .report(id)
            .and_then(|report| report.lnet.as_ref());
        let up = lnet.filter(|lnet| lnet.state == LnetState::Up);
        let nis = up.into_iter().flat_map(|lnet| &lnet.nis);
        nis.filter(|ni| ni.nid.net() == net)
            .map(|ni| ni.nid.clone())
            .collect()
    }

    /// The first address of an interface, IPv4 before IPv6.
    pub(super) fn address(&self, id: ServerId, interface: &str) -> Option<String> {
        let report = self.world.report(id)?;
        let all = report.interfaces.as_ref()?;
        let found = all.iter().find(|known| known.name == interface)?;
        let usable = |text: &&str| !text.starts_with("fe80:") && !text.is_empty();
        let mut addresses: Vec<&str> = found.addresses.iter().map(|a| bare(a)).collect();
        addresses.retain(|text| usable(text));
        addresses.sort_by_key(|text| text.contains(':'));
        addresses.first().map(|text| (*text).to_owned())
    }
}

/// A net's name as NIDs print it; none if it is not one.
pub(crate) fn net_name(text: &str) -> Option<String> {
    let nid: Nid = format!("0@{text}").parse().ok()?;
    Some(nid.net().to_owned())
}
