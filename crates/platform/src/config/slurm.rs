//! `slurm.conf` and its companions: nodes, partitions, switches, settings.
//!
//! Keys are read whatever their case. Nodes tell which hosts mount a file
//! system as clients, and what they are called.

use serde::Serialize;
use std::collections::BTreeMap;
use stdx::hostlist;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{ini, lines};
use crate::storage::text;

/// The reader of Slurm's configuration.
pub static KIND: Kind = Kind {
    name: "slurm-conf",
    about: "slurm.conf: nodes and partitions",
    guess,
    read,
};

/// Nodes that are described by one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Nodes {
    /// Their names.
    pub names: Vec<String>,
    /// Their addresses, if they are told apart from the names.
    pub addresses: Vec<String>,
    /// Processors of each.
    pub cpus: Option<u64>,
    /// MiB of each.
    pub memory_mib: Option<u64>,
    /// `UNKNOWN`, `DOWN`.
    pub state: Option<String>,
    /// Words such as `ib,bigmem`.
    pub features: Vec<String>,
    /// Everything else.
    pub other: BTreeMap<String, String>,
}

/// One partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// Its nodes; `ALL` stays as it is.
    pub nodes: Vec<String>,
    /// Whether jobs go there unless told.
    pub is_default: bool,
    /// Longest run of a job, as written.
    pub max_time: Option<String>,
    /// `UP`, `DOWN`.
    pub state: Option<String>,
    /// Everything else.
    pub other: BTreeMap<String, String>,
}

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlurmConf {
    /// Nodes, a line each.
    pub nodes: Vec<Nodes>,
    /// Partitions.
    pub partitions: Vec<Partition>,
    /// Switches, node sets and the like: every key of the line.
    pub others: Vec<BTreeMap<String, String>>,
    /// Settings by key, in lower case.
    pub settings: BTreeMap<String, String>,
}

/// Reads every line.
pub fn parse(input: &[u8]) -> (SlurmConf, Vec<Skip>) {
    let (mut found, mut skips) = (SlurmConf::default(), Vec::new());
    for setting in lines::settings(input, &mut skips) {
        let bare = setting.text.split(" #").next().unwrap_or_default().trim();
        let Some(mut pairs) = pairs(bare) else {
            if bare.to_ascii_lowercase().starts_with("include ") {
                let what = bare.split_whitespace().nth(1).unwrap_or_default();
                found.settings.insert("include".into(), what.into());
            } else {
                skips.push(text::bad_line(setting.line, "wanted Key=value"));
            }
            continue;
        };
        let first = pairs
            .first()
            .map(|(key, _)| key.clone())
            .unwrap_or_default();
        let mut names = |list: &str| expand(list, setting.line.no, &mut skips);
        match first.as_str() {
            "nodename" => {
                let list = take(&mut pairs, "nodename").unwrap_or_default();
                let address = take(&mut pairs, "nodeaddr").unwrap_or_default();
                let (list, address) = (names(&list), names(&address));
                found.nodes.push(nodes(list, address, pairs));
            }
            "partitionname" => {
                let list = take(&mut pairs, "nodes").unwrap_or_default();
                let list = names(&list);
                found.partitions.push(partition(list, pairs));
            }
            _ if pairs.len() > 1 => found.others.push(pairs.into_iter().collect()),
            _ => found
                .settings
                .extend(pairs.into_iter().filter(|one| !ini::is_secret(&one.0))),
        }
    }
    (found, skips)
}

/// `Key=value` pairs, keys in lower case; a value may be quoted.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let (mut found, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        is_key.then_some(())?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        found.push((key.to_ascii_lowercase(), value.to_owned()));
        rest = after.trim_start();
    }
    (!found.is_empty()).then_some(found)
}

fn take(pairs: &mut Vec<(String, String)>, key: &str) -> Option<String> {
    let at = pairs.iter().position(|(known, _)| known == key)?;
    Some(pairs.remove(at).1)
}

fn expand(list: &str, line: u64, skips: &mut Vec<Skip>) -> Vec<String> {
    if list.is_empty() {
        return Vec::new();
    }
    hostlist::expand(list).unwrap_or_else(|error| {
        skips.push(Skip::new(line, SkipKind::BadValue, error.to_string()));
        vec![list.to_owned()]
    })
}

fn nodes(names: Vec<String>, addresses: Vec<String>, mut rest: Vec<(String, String)>) -> Nodes {
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
    let features = take(&mut rest, "feature").or_else(|| take(&mut rest, "features"));
    let features = features.unwrap_or_default();
    let features = features.split(',').filter(|one| !one.is_empty());
    Nodes {
        names,
        addresses,
        features: features.map(str::to_owned).collect(),
        cpus: number(take(&mut rest, "cpus").or_else(|| take(&mut rest, "procs"))),
        memory_mib: number(take(&mut rest, "realmemory")),
        state: take(&mut rest, "state"),
        other: rest.into_iter().collect(),
    }
}

fn partition(nodes: Vec<String>, mut rest: Vec<(String, String)>) -> Partition {
    let default = take(&mut rest, "default");
    Partition {
        name: take(&mut rest, "partitionname").unwrap_or_default(),
        nodes,
        is_default: default.is_some_and(|word| word.eq_ignore_ascii_case("yes")),
        max_time: take(&mut rest, "maxtime"),
        state: take(&mut rest, "state"),
        other: rest.into_iter().collect(),
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let lower = sample.text().to_ascii_lowercase();
    let has = |key: &str| {
        let mut lines = lower.lines().map(str::trim_start);
        lines.any(|line| line.starts_with(key))
    };
    let marks = [
        "nodename=",
        "partitionname=",
        "clustername=",
        "slurmctldhost=",
        "controlmachine=",
    ];
    let more = [
        "slurmctldport=",
        "selecttype=",
        "schedulertype=",
        "switchname=",
        "slurmuser=",
    ];
    let n_marks = marks.iter().filter(|key| has(key)).count();
    match (n_marks, more.iter().filter(|key| has(key)).count()) {
        (2.., _) | (1, 1..) => 93,
        (1, 0) => 70,
        (0, 2..) => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("slurm.nodes", &found.nodes, Vec::new(), sink);
    text::emit("slurm.partition", &found.partitions, Vec::new(), sink);
    text::emit("slurm.other", &found.others, Vec::new(), sink);
    if !found.settings.is_empty() {
        text::emit("slurm.settings", &[found.settings], Vec::new(), sink);
    }
    text::emit::<Nodes>("slurm.nodes", &[], skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = "# x\nClusterName=lab\r\nNodeName=n[01-03] NodeAddr=10.0.0.[1-3] CPUs=64 \\\n  RealMemory=256000 Feature=ib,big State=UNKNOWN\n\
        PartitionName=main Nodes=n[01-02],n03 Default=YES MaxTime=1-00:00:00 State=UP\n\
        SwitchName=s1 Nodes=n[01-03]\nStorageParameters=a=b,c=d\nnonsense\nNodeName=n[01 CPUs=1\n";

    #[test]
    fn nodes_and_partitions_are_read() {
        let (found, skips) = parse(CONF.as_bytes());
        let node = &found.nodes[0];
        assert_eq!(node.names, ["n01", "n02", "n03"]);
        assert_eq!(node.addresses, ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
        assert_eq!((node.cpus, node.memory_mib), (Some(64), Some(256_000)));
        assert_eq!(node.features, ["ib", "big"]);
        let main = &found.partitions[0];
        assert_eq!((main.nodes.len(), main.is_default), (3, true));
        assert_eq!(found.settings["storageparameters"], "a=b,c=d");
        assert_eq!(found.others.len(), 1);
        let lines: Vec<u64> = skips.iter().map(|skip| skip.line).collect();
        assert_eq!(lines, [8, 9]);
    }
}
