//! Failures of steps: what a tool said, as a code that has a page, a sentence,
//! what to do, and whether trying again by itself may help.

use crate::host::{HostError, Output};
use lustre::message::{self, Meaning};
use model::job::Failure;
use model::step::Action;

#[cfg(test)]
mod tests;

/// A failure that trying again does not mend.
pub fn failed(code: &str, text: String) -> Failure {
    Failure {
        code: code.to_owned(),
        text,
        remedy: remedy(code).to_owned(),
        is_transient: false,
    }
}

/// A failure that may pass.
pub fn passing(code: &str, text: String) -> Failure {
    Failure {
        is_transient: true,
        ..failed(code, text)
    }
}

/// The door to the machine did not do it.
pub fn of_door(what: &str, error: &HostError) -> Failure {
    match error {
        HostError::NotInstalled => failed("tool-missing", format!("{what}: it is not installed")),
        HostError::NotAllowed => failed(
            "not-allowed-here",
            format!("{what}: the agent does not do that"),
        ),
        HostError::Denied => failed("no-permission", format!("{what}: permission denied")),
        HostError::Deadline(seconds) => passing(
            "no-answer",
            format!("{what}: no answer in {seconds} s, so it was ended"),
        ),
        other => passing("host-fault", format!("{what}: {other}")),
    }
}

/// A command failed.
pub fn of_output(action: &Action, output: &Output) -> Failure {
    let text = String::from_utf8_lossy(&output.stderr);
    let also = String::from_utf8_lossy(&output.stdout);
    let says_why = |said: &message::ToolMessage<'_>| {
        said.meaning.is_failure() && said.meaning != Meaning::Failed
    };
    // A tool that runs another leaves it to that one's output to say why.
    let said = message::explain(&text).filter(says_why);
    let said = said.or_else(|| message::explain(&also).filter(says_why));
    let said = said.or_else(|| message::explain(&text).or_else(|| message::explain(&also)));
    let (code, is_transient) = said.map_or(("command-failed", false), |said| code(said.meaning));
    let words = said.map_or_else(
        || first_line(&text, &also),
        |said| said.text.trim().to_owned(),
    );
    Failure {
        is_transient,
        ..failed(code, format!("{action} failed ({}): {words}", output.exit))
    }
}

fn first_line(err: &str, out: &str) -> String {
    let mut lines = err.lines().chain(out.lines()).map(str::trim);
    let line = lines.find(|line| !line.is_empty());
    line.unwrap_or("it said nothing").to_owned()
}

/// The code of a meaning, and whether it may pass by itself.
fn code(meaning: Meaning) -> (&'static str, bool) {
    match meaning {
        Meaning::Busy | Meaning::InProgress => ("device-busy", true),
        Meaning::AlreadyMounted => ("mounted-already", false),
        Meaning::NotMounted => ("not-mounted", false),
        Meaning::AlreadyFormatted => ("formatted-already", false),
        Meaning::HoldsData => ("device-holds-data", false),
        Meaning::NotFormatted => ("not-formatted", false),
        Meaning::IndexInUse => ("index-in-use", false),
        Meaning::MgsUnreachable => ("mgs-unreachable", true),
        Meaning::Unreachable | Meaning::TimedOut => ("no-answer", true),
        Meaning::LnetDown => ("lnet-not-up", true),
        Meaning::ModuleMissing => ("module-missing", false),
        Meaning::MmpInUse => ("mmp-in-use", false),
        Meaning::PoolElsewhere => ("pool-imported-elsewhere", false),
        Meaning::PoolNotExported => ("pool-not-exported", false),
        Meaning::PoolBroken => ("pool-broken", false),
        Meaning::NotFound => ("not-there", false),
        Meaning::AlreadyExists => ("there-already", false),
        Meaning::NoPermission => ("no-permission", false),
        Meaning::InvalidArgument | Meaning::NotSupported => ("refused-by-tool", false),
        Meaning::BadConfiguration => ("target-configuration-bad", false),
        // The first registration may race with the MGS: LU-9838.
        Meaning::TryAgain | Meaning::InputOutput => ("try-again", true),
        Meaning::NoResources => ("no-resources", false),
        Meaning::ReadOnly => ("read-only", false),
        Meaning::Damaged => ("damaged", false),
        Meaning::Failed | Meaning::Warning | Meaning::Advice | Meaning::Done => {
            ("command-failed", false)
        }
    }
}

/// What to do, in one sentence; the code's page says more.
fn remedy(code: &str) -> &'static str {
    match code {
        "device-busy" => "See what uses it (lsof, fuser, mount), end that, and retry the step.",
        "mounted-already" => "See where it is mounted; unmount it there if that is not meant.",
        "formatted-already" | "device-holds-data" => {
            "Look at what is on the device; plan again with consent for it if it may go."
        }
        "index-in-use" => "Choose another index, or make the MGS forget the old target first.",
        "mgs-unreachable" => "Bring the MGS up and check LNet between the two, then retry.",
        "no-answer" => "Check the network and the load of the server, then retry.",
        "lnet-not-up" => "Bring LNet up on this server, then retry.",
        "module-missing" => "Install the Lustre modules for the running kernel, or boot theirs.",
        "mmp-in-use" | "pool-imported-elsewhere" => {
            "Another server uses it now: find which, and never force it."
        }
        "pool-not-exported" => {
            "Make sure that the server that used it last is off, then plan the takeover."
        }
        "signature-changed" => "Look at what is on the device now, and plan again.",
        "tool-missing" => "Install the package that holds the tool on this server.",
        "ha-blocked" => "See what Pacemaker says of the resource, clear its failure, then retry.",
        model::job::INTERRUPTED => "Look at what the step had done, then retry or skip it.",
        _ => "See the step's console, mend the cause, then retry the step.",
    }
}
