//! LNet.

use super::host::unit;
use super::{Kind, Seen, Work};
use crate::observe::{Look, lnet};
use lustre::argv::lnet::CONFIG;
use model::job::Failure;
use model::report::LnetState;
use model::step::{LnetDown, LnetUp};

impl Kind for LnetUp {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        let config = work.hands.read_file(CONFIG).unwrap_or_default();
        if config != self.config().as_bytes() {
            return Ok(Seen::NotSo(format!("{CONFIG} says something else")));
        }
        let seen = lnet::lnet(&mut Look::new(work.hands)).unwrap_or_default();
        for net in &self.nets {
            for interface in &net.interfaces {
                let is_it = |ni: &&model::report::LnetNi| {
                    ni.nid.net() == net.net && ni.interfaces.contains(interface)
                };
                let ni = seen.nis.iter().find(is_it);
                if ni.is_none_or(|ni| ni.status != "up") {
                    return Ok(Seen::NotSo(format!(
                        "{} over {interface} is not up",
                        net.net
                    )));
                }
            }
        }
        let mut left = seen.nis.iter().map(|ni| ni.nid.net());
        if let Some(net) = left.find(|net| self.gone.iter().any(|gone| gone == net)) {
            return Ok(Seen::NotSo(format!("{net} is up")));
        }
        let nids: Vec<String> = seen.nis.iter().map(|ni| ni.nid.to_string()).collect();
        Ok(Seen::So(format!("LNet is up with {}", nids.join(", "))))
    }

    fn tolerates(&self, action: &model::step::Action, _output: &crate::host::Output) -> bool {
        // What is not there cannot be removed; the look afterwards decides.
        action.to_string().starts_with("lnetctl net del")
    }
}

impl Kind for LnetDown {
    fn look(&self, work: &Work<'_>) -> Result<Seen, Failure> {
        if work.hands.exists("/sys/module/lnet") {
            let state = lnet::lnet(&mut Look::new(work.hands)).map(|lnet| lnet.state);
            let words = match state {
                Some(LnetState::Up) => "LNet is up",
                _ => "the module lnet is loaded",
            };
            return Ok(Seen::NotSo(words.to_owned()));
        }
        if unit(work, "lnet.service")?.is_enabled {
            return Ok(Seen::NotSo(String::from("lnet.service starts at boot")));
        }
        Ok(Seen::So(String::from("the module lnet is not loaded")))
    }

    fn tolerates(&self, action: &model::step::Action, _output: &crate::host::Output) -> bool {
        // What is not there cannot be unloaded; the look afterwards decides.
        action.to_string().starts_with("lustre_rmmod") || action.to_string().starts_with("lnetctl")
    }
}
