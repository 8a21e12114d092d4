//! Which servers a proposal uses, who stands in for whom, and over which net
//! they talk.

use super::{Chosen, Proposer, around, network};
use crate::export::export;
use crate::resolve::server;
use model::ids::ServerId;
use model::report::Interface;
use model::spec::{Fencing, HaGroup, HaManager, NetworkSpec, ServerSpec, ServerWanted, Spec};
use std::collections::{BTreeMap, BTreeSet};

/// Fencing agents that ask a server's BMC, whose address is their `ip`.
const BMC_AGENTS: [&str; 5] = [
    "fence_ipmilan",
    "fence_redfish",
    "fence_idrac",
    "fence_ilo4",
    "fence_ilo5",
];

impl Proposer<'_> {
    /// Servers for MDTs and for OSTs; none where there is no choice to make.
    pub(super) fn choose(&mut self) -> Option<Chosen> {
        let able = self.able();
        if able.is_empty() {
            let reason = "No managed server is connected and in service.";
            let remedy = "Enrol servers with the profile `managed`, and wait for their reports.";
            self.found.error("servers", reason, remedy);
            return None;
        }
        let (wish, is_metadata) = (self.wish, |id: &ServerId| {
            let name = self.world.name(*id).to_lowercase();
            name.contains("mds") || name.contains("mgs")
        });
        let (named_mds, others): (Vec<ServerId>, Vec<ServerId>) =
            able.iter().copied().partition(is_metadata);
        let is_split = !named_mds.is_empty() && !others.is_empty();
        let all: Vec<ServerId> = able.iter().copied().collect();
        let says = is_split && wish.mdt_servers.is_none() && wish.ost_servers.is_none();
        let (of_mdt, of_ost) = if is_split {
            (named_mds, others)
        } else {
            (all.clone(), all)
        };
        let mdt = match &wish.mdt_servers {
            Some(list) => self.listed("mdt_servers", list, &able),
            None => of_mdt,
        };
        let ost = match &wish.ost_servers {
            Some(list) => self.listed("ost_servers", list, &able),
            None => of_ost,
        };
        if says {
            let reason = format!(
                "MDTs go to {} and OSTs to {}, by their names.",
                self.fold(&mdt),
                self.fold(&ost)
            );
            let remedy = "Name servers for each if that is not meant.";
            self.found.warn("servers", reason, remedy);
        }
        (!mdt.is_empty() && !ost.is_empty()).then_some(Chosen { mdt, ost })
    }

    /// Servers that are managed, connected, and not to be drained or left to others.
    fn able(&self) -> BTreeSet<ServerId> {
        let ids = self.world.managed.iter().copied();
        let is_able = |id: &ServerId| {
            let known = self.before.servers.get(id);
            let group = known.and_then(|known| known.group);
            let manager = group.map(|group| self.before.groups[group].spec.manager);
            let is_serving = known.is_none_or(|known| known.wanted == ServerWanted::InService);
            is_serving
                && manager != Some(HaManager::External)
                && self.world.is_online(*id)
                && self.world.report(*id).is_some()
        };
        ids.filter(is_able).collect()
    }

    fn listed(&mut self, path: &str, list: &str, able: &BTreeSet<ServerId>) -> Vec<ServerId> {
        let names = match stdx::hostlist::expand(list) {
            Ok(names) => names,
            Err(error) => {
                let remedy = "Write a host list such as `oss[01-20],mds1`.";
                self.found.error(path, format!("{error}."), remedy);
                return Vec::new();
            }
        };
        let known = server::names(self.world);
        let mut found = Vec::new();
        for name in &names {
            let ids = known.get(name.as_str()).into_iter().flatten();
            let usable: Vec<ServerId> = ids.copied().filter(|id| able.contains(id)).collect();
            if usable.is_empty() {
                self.found.error_of(
                    path,
                    name,
                    "{} cannot be used: no managed server of this name is connected and in service.",
                    "Correct the name, enrol it as managed, or return it to service.",
                );
            }
            found.extend(usable);
        }
        found
    }

    pub(super) fn fold(&self, ids: &[ServerId]) -> String {
        let names: Vec<String> = ids.iter().map(|id| self.world.name(*id)).collect();
        stdx::hostlist::fold(&names)
    }

    /// The names of the servers that were chosen, in order.
    pub(super) fn names(&self, chosen: &Chosen) -> Vec<String> {
        let all = chosen.all().into_iter();
        let mut names: Vec<String> = all.map(|id| self.world.name(id)).collect();
        names.sort_by_cached_key(|name| stdx::hostlist::natural(name));
        names
    }

    /// Groups for servers that are in none: those whose Pacemaker runs, else
    /// those that see the same disks.
    pub(super) fn groups(&mut self, servers: &BTreeSet<ServerId>) -> Vec<(HaGroup, Vec<ServerId>)> {
        let is_alone = |id: &ServerId| {
            let known = self.before.servers.get(id);
            known.is_none_or(|known| known.group.is_none())
        };
        let mut alone: BTreeSet<ServerId> = servers.iter().copied().filter(is_alone).collect();
        let taken = self.spec.ha_groups.iter().map(|group| group.name.clone());
        let mut taken: BTreeSet<String> = taken.collect();
        let mut found = self.running_groups(&mut alone, &mut taken);
        let mut is_unfenced = false;
        for members in self.sharers(&alone) {
            let fencing = self.fencing(&members);
            let manager = self.wish.ha.unwrap_or(match fencing {
                Some(_) => HaManager::Pacemaker,
                None => HaManager::None,
            });
            is_unfenced |= manager == HaManager::None;
            let name = group_name(&self.fold(&members), &mut taken);
            let group = HaGroup {
                name,
                servers: self.fold(&members),
                manager,
                links: Vec::new(),
                fencing: fencing.filter(|_| manager == HaManager::Pacemaker),
            };
            found.push((group, members));
        }
        if is_unfenced {
            let reason = "Nobody takes targets over by himself: no fencing is described.";
            let remedy = "Describe how servers are turned off (`fencing`) to have Pacemaker do it.";
            self.found.warn("ha_groups", reason, remedy);
        }
        found
    }

    fn running_groups(
        &self,
        alone: &mut BTreeSet<ServerId>,
        taken: &mut BTreeSet<String>,
    ) -> Vec<(HaGroup, Vec<ServerId>)> {
        let runs = |id: &ServerId| {
            let report = self.world.report(*id);
            report.is_some_and(|report| report.ha.as_ref().is_some_and(|ha| ha.is_running))
        };
        if !alone.iter().any(runs) {
            return Vec::new();
        }
        let known = server::names(self.world);
        let mut found = Vec::new();
        for group in export(self.world).ha_groups {
            let names = stdx::hostlist::expand(&group.servers).unwrap_or_default();
            let ids = names.iter().filter_map(|name| known.get(name.as_str()));
            let members: Vec<ServerId> = ids.flatten().copied().collect();
            let is_new = members.iter().all(|id| alone.contains(id));
            if group.manager == HaManager::Pacemaker && is_new && taken.insert(group.name.clone()) {
                alone.retain(|id| !members.contains(id));
                found.push((group, members));
            }
        }
        found
    }

    /// Servers that see the same blank disks.
    fn sharers(&self, alone: &BTreeSet<ServerId>) -> Vec<Vec<ServerId>> {
        let mut found: BTreeSet<Vec<ServerId>> = BTreeSet::new();
        let mut grouped: BTreeSet<ServerId> = BTreeSet::new();
        for id in alone {
            if grouped.contains(id) {
                continue;
            }
            // The widest set that shares a disk with it.
            let mut sets: BTreeMap<Vec<ServerId>, usize> = BTreeMap::new();
            for device in self.devices.blank(*id, &[*id]) {
                let viewers = self.world.viewers(&device);
                let set: Vec<ServerId> = viewers
                    .filter(|one| alone.contains(one) && !grouped.contains(one))
                    .collect();
                *sets.entry(set).or_default() += 1;
            }
            let most = sets
                .into_iter()
                .filter(|(set, _)| set.len() > 1 && set.len() <= MEMBERS_MAX)
                .max_by_key(|(set, n)| (*n, set.len()));
            if let Some((set, _)) = most {
                grouped.extend(set.iter().copied());
                found.insert(set);
            }
        }
        found.into_iter().collect()
    }

    /// How these are turned off: as it is wished, else as the spec has it for
    /// others. Addresses of BMCs that nobody named are those that servers report.
    fn fencing(&self, members: &[ServerId]) -> Option<Fencing> {
        let names: BTreeSet<String> = members.iter().map(|id| self.world.name(*id)).collect();
        let wished = self.wish.fencing.as_ref();
        let mut own = wished.or_else(|| self.fencing_of_others())?.clone();
        own.servers.retain(|name, _| names.contains(name));
        if !BMC_AGENTS.contains(&own.agent.as_str()) {
            return wished.map(|_| own);
        }
        for id in members {
            let report = self.world.report(*id);
            let hardware = report.and_then(|report| report.hardware.as_ref());
            if let Some(address) = hardware.and_then(|hardware| hardware.bmc_address.clone()) {
                let parameters = own.servers.entry(self.world.name(*id)).or_default();
                parameters.entry(String::from("ip")).or_insert(address);
            }
        }
        (wished.is_some() || own.servers.len() == members.len()).then_some(own)
    }

    fn fencing_of_others(&self) -> Option<&Fencing> {
        let mut groups = self.spec.ha_groups.iter();
        groups.find_map(|group| group.fencing.as_ref())
    }

    /// All that the file system needs around it and the spec lacks.
    pub(super) fn surroundings(
        &mut self,
        chosen: &Chosen,
        groups: Vec<(HaGroup, Vec<ServerId>)>,
    ) -> Spec {
        let members = groups
            .iter()
            .flat_map(|(_, members)| members.iter().copied());
        let all: BTreeSet<ServerId> = chosen.all().into_iter().chain(members).collect();
        let new: Vec<ServerId> = all
            .iter()
            .copied()
            .filter(|id| !self.before.servers.contains_key(id))
            .collect();
        let mut fragment = around();
        if !new.is_empty() {
            fragment.servers.push(ServerSpec {
                names: self.fold(&new),
                state: ServerWanted::InService,
            });
        }
        fragment.ha_groups = groups.into_iter().map(|(group, _)| group).collect();
        if self.spec.networks.is_empty() {
            fragment.networks = self.networks(&all);
        }
        fragment
    }

    /// LNet as it runs, or on the best interface that all have.
    fn networks(&mut self, servers: &BTreeSet<ServerId>) -> Vec<NetworkSpec> {
        let known = export(self.world).networks;
        let for_all = known.into_iter().filter(|net| net.servers.is_none());
        let known: Vec<NetworkSpec> = for_all.collect();
        if !known.is_empty() {
            return known;
        }
        let mut common: Option<BTreeMap<String, &Interface>> = None;
        for id in servers {
            let report = self.world.report(*id);
            let interfaces = report.and_then(|report| report.interfaces.as_ref());
            let own = interfaces.into_iter().flatten().filter(|one| carries(one));
            let own: BTreeMap<String, &Interface> =
                own.map(|one| (one.name.clone(), one)).collect();
            common = Some(match common {
                None => own,
                Some(known) => known
                    .into_iter()
                    .filter(|(name, _)| own.contains_key(name))
                    .collect(),
            });
        }
        let best = common.into_iter().flatten().max_by_key(|(name, one)| {
            let speed = one.speed_mbit.unwrap_or(0);
            (is_infiniband(one), speed, std::cmp::Reverse(name.clone()))
        });
        let Some((name, one)) = best else {
            let reason = "The servers have no interface of one name with an address.";
            let remedy = "Describe `networks` in the spec first.";
            self.found.error("networks", reason, remedy);
            return Vec::new();
        };
        let net = if is_infiniband(one) { "o2ib" } else { "tcp" };
        let reason = format!("LNet is put on {name} as {net}.");
        let remedy = "Describe `networks` in the spec if that is not meant.";
        self.found.warn("networks", reason, remedy);
        vec![network(net, &name)]
    }
}

/// Servers in a proposed group at most.
const MEMBERS_MAX: usize = 32;

fn is_infiniband(one: &Interface) -> bool {
    one.kind == "infiniband"
}

/// Whether LNet could use it.
fn carries(one: &Interface) -> bool {
    let has_address = one.addresses.iter().any(|text| text.contains('.'));
    one.is_up && has_address && one.kind != "loopback" && one.name != "lo"
}

/// A name for a group: `oss01-02` of `oss[01-02]`.
fn group_name(list: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| match c {
        ',' => Some('-'),
        c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') => Some(c),
        _ => None,
    };
    let name: String = list.chars().filter_map(plain).take(28).collect();
    let base = if name.is_empty() {
        "group".to_owned()
    } else {
        name
    };
    let mut name = base.clone();
    let mut nth = 2;
    while !taken.insert(name.clone()) {
        name = format!("{base}-{nth}");
        nth += 1;
    }
    name
}
