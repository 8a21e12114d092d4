//! InfiniBand adapters and their ports: `ibstat`, `ibstatus`, `ibv_devinfo`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;

/// The reader of adapters.
pub static KIND: Kind = Kind {
    name: "infiniband",
    about: "ibstat, ibstatus, ibv_devinfo, also -v",
    guess,
    read,
};

/// One port of an adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Port {
    /// The adapter: `mlx5_0`.
    pub adapter: String,
    /// Its type or board: `MT4123`, `MT_0000000223`.
    pub model: Option<String>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// The adapter's GUID, as printed.
    pub node_guid: Option<String>,
    /// The port's number.
    pub number: u32,
    /// `active`, `down`, `init`, `armed`.
    pub state: String,
    /// `linkup`, `disabled`, `polling`.
    pub physical_state: Option<String>,
    /// `infiniband` or `ethernet`.
    pub link_layer: Option<String>,
    /// Its speed, in units of 10⁹ bits a second.
    pub rate_gbit: Option<u64>,
    /// Its address in the fabric.
    pub lid: Option<u64>,
    /// The subnet manager's address; 0 is none.
    pub sm_lid: Option<u64>,
    /// The port's GUID, as printed.
    pub port_guid: Option<String>,
    /// Largest frame, bytes.
    pub mtu: Option<u64>,
}

/// What is told of an adapter before its ports, so it is in each of them.
#[derive(Clone, Default)]
struct Adapter {
    name: String,
    model: Option<String>,
    firmware: Option<String>,
    node_guid: Option<String>,
}

/// Reads every port.
pub fn parse(input: &[u8]) -> (Vec<Port>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::<Port>::new(), Vec::new());
    let mut adapter = Adapter::default();
    let mut is_port = false;
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || text == "Device ports:" {
            continue;
        }
        if let Some((name, port)) = title(text) {
            adapter = Adapter {
                name,
                ..Adapter::default()
            };
            is_port = port.is_some();
            found.extend(port.map(|number| new_port(&adapter, number)));
            continue;
        }
        if let Some(number) = port_number(text).filter(|_| !adapter.name.is_empty()) {
            found.push(new_port(&adapter, number));
            is_port = true;
            continue;
        }
        let Some((key, value)) = text.split_once(':') else {
            skips.push(
                if lines::is_error(text) || text.starts_with("No IB devices") {
                    line.skip(SkipKind::ErrorText, "an error")
                } else {
                    line.bad("no name: value of an adapter")
                },
            );
            continue;
        };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        match found.last_mut().filter(|_| is_port) {
            Some(port) => set_port(port, &key, value),
            None if adapter.name.is_empty() => skips.push(line.bad("no adapter before this")),
            None => set_adapter(&mut adapter, &key, value),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

/// `CA 'mlx5_0'`, `hca_id: mlx5_0`, `Infiniband device 'mlx5_0' port 1 status:`.
fn title(text: &str) -> Option<(String, Option<u32>)> {
    if let Some(name) = text.strip_prefix("hca_id:") {
        return Some((name.trim().to_owned(), None));
    }
    if let Some(rest) = text.strip_prefix("Infiniband device '") {
        let (name, rest) = rest.split_once('\'')?;
        let mut words = rest.split_whitespace().skip_while(|word| *word != "port");
        return Some((name.to_owned(), Some(words.nth(1)?.parse().ok()?)));
    }
    let name = text.strip_prefix("CA '")?.strip_suffix('\'')?;
    Some((name.to_owned(), None))
}

/// `Port 1:` of ibstat, `port:   1` of `ibv_devinfo`.
fn port_number(text: &str) -> Option<u32> {
    let rest = text
        .strip_prefix("Port ")
        .and_then(|rest| rest.strip_suffix(':'));
    rest.or_else(|| text.strip_prefix("port:"))?
        .trim()
        .parse()
        .ok()
}

fn new_port(adapter: &Adapter, number: u32) -> Port {
    Port {
        adapter: adapter.name.clone(),
        model: adapter.model.clone(),
        firmware: adapter.firmware.clone(),
        node_guid: adapter.node_guid.clone(),
        number,
        ..Port::default()
    }
}

fn set_adapter(adapter: &mut Adapter, key: &str, value: &str) {
    let text = Some(value.to_owned()).filter(|value| !value.is_empty());
    match key {
        "ca type" | "board_id" => adapter.model = text,
        "firmware version" | "fw_ver" => adapter.firmware = text,
        "node guid" | "node_guid" => adapter.node_guid = text,
        _ => {}
    }
}

fn set_port(port: &mut Port, key: &str, value: &str) {
    match key {
        "state" => port.state = word(value),
        "physical state" | "phys state" | "phys_state" => port.physical_state = Some(word(value)),
        "link layer" | "link_layer" => port.link_layer = Some(value.to_ascii_lowercase()),
        "rate" => port.rate_gbit = first_number(value),
        "base lid" | "port_lid" => port.lid = first_number(value),
        "sm lid" | "sm_lid" => port.sm_lid = first_number(value),
        "port guid" => port.port_guid = Some(value.to_owned()),
        "active_mtu" => port.mtu = first_number(value),
        _ => {}
    }
}

/// `PORT_ACTIVE (4)`, `4: ACTIVE` and `Active` are one state.
fn word(value: &str) -> String {
    let value = value.rsplit(": ").next().unwrap_or(value);
    let value = value.split(" (").next().unwrap_or(value).trim();
    let value = value.to_ascii_lowercase().replace('_', " ");
    let value = value.strip_prefix("port ").unwrap_or(&value);
    let value = if value == "link up" { "linkup" } else { value };
    value.to_owned()
}

/// `100`, `0x1a`, `100 Gb/sec (4X EDR)`.
fn first_number(value: &str) -> Option<u64> {
    let word = value.split_whitespace().next()?;
    let word = word.split('.').next().unwrap_or(word);
    lines::number(word)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has_title = text
        .lines()
        .take(5)
        .any(|line| title(line.trim()).is_some());
    let lower = text.to_ascii_lowercase();
    let has_port = ["node guid", "node_guid", "base lid", "phys state"]
        .iter()
        .any(|key| lower.contains(key));
    if has_title && has_port { 95 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("infiniband-port", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_tools_say_the_same_of_a_port() {
        let texts = [
            "CA 'mlx5_0'\n\tCA type: MT4123\n\tNumber of ports: 1\n\tFirmware version: 20.31.1014\n\tNode GUID: 0xb8599f0300f68bc0\n\tPort 1:\n\t\tState: Active\n\t\tPhysical state: LinkUp\n\t\tRate: 200\n\t\tBase lid: 22\n\t\tSM lid: 1\n\t\tPort GUID: 0xb8599f0300f68bc0\n\t\tLink layer: InfiniBand\n",
            "hca_id:\tmlx5_0\n\ttransport:\t\t\tInfiniBand (0)\n\tfw_ver:\t\t\t\t20.31.1014\n\tnode_guid:\t\t\tb859:9f03:00f6:8bc0\n\tphys_port_cnt:\t\t\t1\n\tDevice ports:\n\t\tport:\t1\n\t\t\tstate:\t\t\tPORT_ACTIVE (4)\n\t\t\tactive_mtu:\t\t4096 (5)\n\t\t\tsm_lid:\t\t\t1\n\t\t\tport_lid:\t\t22\n\t\t\tlink_layer:\t\tInfiniBand\n",
            "Infiniband device 'mlx5_0' port 1 status:\n\tdefault gid:\t fe80:0000\n\tbase lid:\t 0x16\n\tsm lid:\t\t 0x1\n\tstate:\t\t 4: ACTIVE\n\tphys state:\t 5: LinkUp\n\trate:\t\t 200 Gb/sec (4X HDR)\n\tlink_layer:\t InfiniBand\n",
        ];
        for text in texts {
            let (found, skips) = parse(text.as_bytes());
            assert_eq!((found.len(), skips.len()), (1, 0), "{text}");
            let port = &found[0];
            assert_eq!((port.adapter.as_str(), port.number), ("mlx5_0", 1));
            assert_eq!(
                (port.state.as_str(), port.lid, port.sm_lid),
                ("active", Some(22), Some(1))
            );
            assert_eq!(port.link_layer.as_deref(), Some("infiniband"));
            assert_eq!(
                guess(Sample {
                    name: "",
                    head: text.as_bytes()
                }),
                95
            );
        }
        assert_eq!(parse(texts[0].as_bytes()).0[0].rate_gbit, Some(200));
        assert_eq!(parse(texts[1].as_bytes()).0[0].mtu, Some(4096));
        assert_eq!(
            parse(texts[2].as_bytes()).0[0].physical_state.as_deref(),
            Some("linkup")
        );
    }

    #[test]
    fn a_broken_line_costs_itself_only() {
        let (found, skips) = parse(b"junk\nhca_id:\ta\n\tport:\t1\n\t\tstate: PORT_DOWN (1)\n\t\tport:\t2\n???\n\t\tstate: PORT_INIT (2)\n");
        assert_eq!((found.len(), skips.len()), (2, 2));
        assert_eq!(
            (found[0].state.as_str(), found[1].state.as_str()),
            ("down", "init")
        );
    }
}
