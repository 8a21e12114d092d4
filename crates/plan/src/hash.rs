//! A plan's hash: the same for the same steps on the same content of the same
//! devices, whoever consents and when.

use crate::plan::ConsentNeeded;
use model::graph::{Consent, Graph};
use model::step::Step;
use sha2::{Digest, Sha256};
use std::io;

/// The hash of a graph and of what still needs consent, as 64 hexadecimal digits.
pub(crate) fn of(graph: &Graph, needed: &[ConsentNeeded]) -> String {
    let mut out = io::BufWriter::with_capacity(1 << 16, Sink(Sha256::new()));
    let mut devices: Vec<(&str, &str)> = Vec::new();
    for planned in &graph.steps {
        let given = planned.step.consent().into_iter().flatten();
        let given = given.filter(|consent| !is_derived(&consent.device.0));
        devices.extend(given.map(|one| (one.device.0.as_str(), one.signature.as_str())));
        let bare = without_consent(&planned.step);
        let step = bare.as_ref().unwrap_or(&planned.step);
        write(
            &mut out,
            &(planned.on, step, &planned.after, planned.closes),
        );
    }
    let said = graph.said_off.iter().flat_map(|of| &of.consent);
    devices.extend(said.map(|one| (one.device.0.as_str(), one.signature.as_str())));
    write(&mut out, &graph.removes);
    let needed = needed.iter();
    devices.extend(needed.map(|one| (one.device.0.as_str(), one.signature.as_str())));
    devices.sort_unstable();
    devices.dedup();
    write(&mut out, &devices);
    let Ok(sink) = out.into_inner() else {
        return String::new();
    };
    let digest = sink.0.finalize();
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16));
    digits.collect()
}

/// Whether consent for a device follows from that for others: a dataset of a
/// pool that is made on them, `dataset:POOL/NAME`.
fn is_derived(device: &str) -> bool {
    let path = device.strip_prefix("dataset:");
    path.is_some_and(|path| path.matches('/').count() == 1)
}

fn write(out: &mut io::BufWriter<Sink>, value: &impl serde::Serialize) {
    serde_json::to_writer(out, value).expect("steps are JSON, and a hash takes any bytes");
}

/// The step as it would be with nobody's consent yet, where it needs any.
fn without_consent(step: &Step) -> Option<Step> {
    if step.consent()?.is_empty() {
        return None;
    }
    let mut bare = step.clone();
    let consent: &mut Vec<Consent> = match &mut bare {
        Step::TargetFormatted(step) => &mut step.consent,
        Step::TargetWiped(step) => &mut step.consent,
        Step::PoolPresent(step) => &mut step.consent,
        Step::PoolAbsent(step) => &mut step.consent,
        _ => return None,
    };
    consent.clear();
    Some(bare)
}

struct Sink(Sha256);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
