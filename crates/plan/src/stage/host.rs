//! A server itself: its clock, its firewall, its LNet.

use crate::codes;
use crate::compose::{Ask, Composer, Status};
use crate::resolved::ServerPlace;
use model::graph::StepId;
use model::ids::ServerId;
use model::report::{Firewall, LnetState, Report};
use model::step::{FirewallOpen, LnetUp, TimeSynced};

/// The port that LNet listens on.
const LNET_PORT: &str = "988/tcp";

impl Composer<'_> {
    /// Clock and LNet of a server.
    pub fn host(&mut self, server: ServerId) {
        self.time(server);
        self.lnet(server);
    }

    fn time(&mut self, server: ServerId) {
        let sources = &self.resolved.time;
        let Some(report) = self.world.report(server) else {
            return;
        };
        if sources.is_empty() || is_synced(report, sources) {
            return;
        }
        if !self.is_there(server, "follow the sources of time") {
            return;
        }
        let (config_path, unit) = match report.os.as_ref().map(|os| os.id.as_str()) {
            Some("debian" | "ubuntu") => ("/etc/chrony/chrony.conf", "chrony.service"),
            _ => ("/etc/chrony.conf", "chronyd.service"),
        };
        let ask = Ask {
            on: server,
            step: TimeSynced {
                sources: sources.clone(),
                config_path: config_path.to_owned(),
                unit: unit.to_owned(),
            }
            .into(),
            why: String::from("Servers of one file system must agree about the time."),
            feels: Vec::new(),
        };
        self.add(ask, &[]);
    }

    /// LNet as the spec wants it.
    pub fn lnet(&mut self, server: ServerId) -> Status {
        if let Some(known) = self.lnet.get(&server) {
            return known.clone();
        }
        let status = self.plan_lnet(server);
        self.lnet.insert(server, status.clone());
        status
    }

    fn plan_lnet(&mut self, server: ServerId) -> Status {
        let Some(place) = self.resolved.servers.get(&server) else {
            return Status::Blocked;
        };
        let Some(report) = self.world.report(server) else {
            return Status::Blocked;
        };
        if is_lnet_up(report, place) {
            let is_up = report.lnet.as_ref().is_some_and(|lnet| {
                lnet.state == LnetState::Up && lnet.nis.iter().any(|ni| ni.nid.net() != "lo")
            });
            // A spec without networks leaves LNet as it is.
            if place.nets.is_empty() && self.resolved.has_networks && is_up {
                return self.lnet_gone(server);
            }
            return self.nets_gone(server, place, report);
        }
        if !self.is_there(server, "bring LNet up") {
            return Status::Blocked;
        }
        let after = self.open(server, &[LNET_PORT.to_owned()]);
        let nets: Vec<&str> = place.nets.iter().map(|net| net.net.as_str()).collect();
        let ask = Ask {
            on: server,
            why: format!("{} is to be on {}.", place.name, nets.join(" and ")),
            step: LnetUp {
                nets: place.nets.clone(),
                gone: Vec::new(),
            }
            .into(),
            feels: Vec::new(),
        };
        Status::step(self.add(ask, &after))
    }

    /// Nets that the spec brought up and names no more go, once nothing uses them.
    fn nets_gone(&mut self, server: ServerId, place: &ServerPlace, report: &Report) -> Status {
        let is_wanted = |net: &String| place.nets.iter().any(|one| one.net == *net);
        let lnet = report.lnet.as_ref();
        let kept = lnet.into_iter().flat_map(|lnet| &lnet.kept_nets);
        let gone: Vec<String> = kept.filter(|net| !is_wanted(net)).cloned().collect();
        // A spec that puts it on no net at all stops LNet as a whole.
        if gone.is_empty() || place.nets.is_empty() {
            return Status::Met;
        }
        let names = gone.join(" and ");
        let what = format!("take {names} out of LNet on {}", place.name);
        if gone.iter().any(|net| is_used(report, net)) {
            let text = format!(
                "Lustre on {} to be unmounted: it is reached over {names}.",
                place.name
            );
            self.wait(what, text, codes::LNET_IN_USE);
            return Status::Met;
        }
        if !self.is_there(server, &what) {
            return Status::Met;
        }
        let ask = Ask {
            on: server,
            why: format!("{} is on {names} no more.", place.name),
            step: LnetUp {
                nets: place.nets.clone(),
                gone,
            }
            .into(),
            feels: Vec::new(),
        };
        Status::step(self.add(ask, &[]))
    }

    /// LNet after a boot: its service has brought it up, and this looks.
    pub(super) fn lnet_again(&mut self, server: ServerId, after: StepId) -> Option<StepId> {
        let place = self.resolved.servers.get(&server)?;
        let ask = Ask {
            on: server,
            step: LnetUp {
                nets: place.nets.clone(),
                gone: Vec::new(),
            }
            .into(),
            why: format!("{} has booted.", place.name),
            feels: Vec::new(),
        };
        Some(self.add(ask, &[after]))
    }

    /// Opens ports where a firewall that we know how to tell filters. What is
    /// open is not reported, so this goes before what needs the ports, which is.
    pub fn open(&mut self, server: ServerId, ports: &[String]) -> Vec<StepId> {
        let report = self.world.report(server);
        let firewall = report.and_then(|report| report.firewall.as_ref());
        if !self.resolved.opens_firewall || !firewall.is_some_and(is_firewalld) {
            return Vec::new();
        }
        let ask = Ask {
            on: server,
            step: FirewallOpen {
                ports: ports.to_vec(),
            }
            .into(),
            why: String::from("The firewall filters, and other servers must get through."),
            feels: Vec::new(),
        };
        vec![self.add(ask, &[])]
    }
}

/// Whether something that is mounted may be reached over a net. What does not
/// say over which counts.
fn is_used(report: &Report, net: &str) -> bool {
    let Some(lustre) = &report.lustre else {
        return true;
    };
    let has = |nodes: &[Vec<lustre::nid::Nid>]| nodes.iter().flatten().any(|nid| nid.net() == net);
    let mounted = lustre
        .targets
        .iter()
        .filter(|one| one.mount_point.is_some());
    let mut targets = mounted.map(|one| {
        let mut same = lustre
            .targets
            .iter()
            .filter(|other| other.label == one.label);
        let data = same.find_map(|other| other.mount_data.as_ref());
        data.is_none_or(|data| {
            let is_told = !data.service_nodes.is_empty();
            !is_told || has(&data.service_nodes) || has(&data.mgs_nodes)
        })
    });
    // A client may talk to its servers over any net that both have.
    targets.any(|is_used| is_used) || !lustre.clients.is_empty()
}

fn is_firewalld(firewall: &Firewall) -> bool {
    firewall.is_active && firewall.kind == "firewalld"
}

/// Whether LNet has every wanted net up on the wanted interfaces.
pub(super) fn is_lnet_up(report: &Report, place: &ServerPlace) -> bool {
    let Some(lnet) = &report.lnet else {
        return place.nets.is_empty();
    };
    place.nets.iter().all(|net| {
        let nis = lnet.nis.iter().filter(|ni| ni.nid.net() == net.net);
        let nis: Vec<_> = nis.collect();
        let has = |name: &String| nis.iter().any(|ni| ni.interfaces.contains(name));
        // Old releases print no interfaces.
        let is_told = nis.iter().any(|ni| !ni.interfaces.is_empty());
        lnet.state == LnetState::Up
            && !nis.is_empty()
            && (!is_told || net.interfaces.iter().all(has))
    })
}

/// Whether the clock follows these sources, as far as can be told: chrony
/// prints an address where it cannot name a source.
fn is_synced(report: &Report, sources: &[String]) -> bool {
    let Some(time) = &report.time else {
        return false;
    };
    if !time.service.starts_with("chrony") {
        return false;
    }
    let is_address = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
    let all_addresses = time.sources.iter().all(|source| is_address(&source.name));
    let is_followed = |wanted: &String| {
        let by_name = time.sources.iter().any(|source| source.name == *wanted);
        by_name || (!is_address(wanted) && all_addresses && time.is_synced == Some(true))
    };
    !time.sources.is_empty()
        && time.sources.len() >= sources.len()
        && sources.iter().all(is_followed)
}
