//! Usage and help of commands: which verbs and options the installed tool has.
//!
//! What a tool can do depends on its version; its help says so without guessing.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use crate::storage::text;

/// The reader of help texts.
pub static KIND: Kind = Kind {
    name: "command-usage",
    about: "the usage or help of a command: its forms and options",
    guess,
    read,
};

/// What a help text tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage<'a> {
    /// Forms of calling it, continued lines joined: `lctl [COMMAND] …`.
    pub forms: Vec<String>,
    /// Options.
    pub options: Vec<CommandOption<'a>>,
    /// Everything else it says.
    pub notes: Vec<&'a str>,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandOption<'a> {
    /// Its names: `-n`, `--dryrun`.
    pub names: Vec<&'a str>,
    /// The value it takes.
    pub value: Option<&'a str>,
    /// What it does, as far as its own line says.
    pub about: &'a str,
}

/// Reads every line.
pub fn parse(input: &[u8]) -> (Usage<'_>, Vec<Skip>) {
    let (mut found, mut skips) = (Usage::default(), Vec::new());
    let mut in_form = false;
    for line in text::lines(input, &mut skips) {
        let bare = line.text.trim();
        let is_indented = line.text.starts_with([' ', '\t']);
        if let Some(form) = form(bare) {
            found.forms.push(form.to_owned());
            in_form = true;
            continue;
        }
        match option(bare) {
            _ if bare.is_empty() => in_form = false,
            Some(one) if !in_form || one.about.starts_with(':') || !one.about.is_empty() => {
                in_form = false;
                found.options.push(CommandOption {
                    about: one.about.trim_start_matches([':', ' ']),
                    ..one
                });
            }
            _ if in_form && is_indented => {
                if let Some(last) = found.forms.last_mut() {
                    last.push(' ');
                    last.push_str(bare);
                }
            }
            _ => found.notes.push(bare),
        }
    }
    found.forms.retain(|form| !form.is_empty());
    (found, skips)
}

fn form(text: &str) -> Option<&str> {
    let head = text.get(..6)?;
    head.eq_ignore_ascii_case("usage:")
        .then(|| text[6..].trim())
}

/// `--index=#N: …`, `-i interval: …`, `-v, --verbose  more words`.
fn option(text: &str) -> Option<CommandOption<'_>> {
    if !is_option_start(text) {
        return None;
    }
    let (head, about) = split_about(text);
    let (mut names, mut value) = (Vec::new(), None);
    for word in head.split([' ', ',', '|', '\t']).filter(|w| !w.is_empty()) {
        let (name, inner) = word.split_once('=').unwrap_or((word, ""));
        let inner = inner.trim_end_matches([']', ',']);
        if name.starts_with('-') {
            names.push(name.trim_end_matches('['));
        } else {
            value = value.or(Some(word));
        }
        value = value.or((!inner.is_empty()).then_some(inner));
    }
    Some(CommandOption {
        names,
        value,
        about,
    })
}

fn is_option_start(text: &str) -> bool {
    let name = text.trim_start_matches('-');
    let n_dashes = text.len() - name.len();
    (1..=2).contains(&n_dashes) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// The names end at a colon, a tab or two spaces.
fn split_about(text: &str) -> (&str, &str) {
    let ends = [": ", ":\t", "  ", "\t"];
    let end = ends.iter().filter_map(|end| text.find(end)).min();
    match end.or_else(|| text.strip_suffix(':').map(str::len)) {
        Some(at) => (text[..at].trim_end(), text[at..].trim()),
        None => (text, ""),
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let lines: Vec<&str> = sample.text().lines().map(str::trim).collect();
    let n_options = lines.iter().filter(|line| is_option_start(line)).count();
    let says_usage = |n: usize| lines.iter().take(n).any(|line| form(line).is_some());
    let n_full = lines.iter().filter(|line| !line.is_empty()).count();
    if says_usage(2) {
        55
    } else if says_usage(12) || (n_options > 0 && n_options * 2 >= n_full && n_full <= 200) {
        35
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("usage.form", &found.forms, Vec::new(), sink);
    text::emit("usage.option", &found.options, Vec::new(), sink);
    text::emit("usage.note", &found.notes, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "usage: mkfs.x <type> --fsname=<name>\n\t--index=<i> [options] <device>\n\nusage: y\n\t--mgs: Manager.\n\t-n, --dryrun  Only look\r\n\t--index=#N: the index\n\t--big\nwords\n";

    #[test]
    fn forms_and_options_are_told_apart() {
        let (found, skips) = parse(HELP.as_bytes());
        assert_eq!(skips, []);
        assert_eq!(
            found.forms[0],
            "mkfs.x <type> --fsname=<name> --index=<i> [options] <device>"
        );
        let told: Vec<(&[&str], Option<&str>, &str)> = found
            .options
            .iter()
            .map(|one| (one.names.as_slice(), one.value, one.about))
            .collect();
        assert_eq!(
            told,
            [
                (["--mgs"].as_slice(), None, "Manager."),
                (["-n", "--dryrun"].as_slice(), None, "Only look"),
                (["--index"].as_slice(), Some("#N"), "the index"),
                (["--big"].as_slice(), None, ""),
            ]
        );
        assert_eq!(found.notes, ["words"]);
    }

    #[test]
    fn help_is_known_by_its_usage() {
        let of = |head: &str| {
            guess(Sample {
                name: "",
                head: head.as_bytes(),
            })
        };
        assert_eq!(of(HELP), 55);
        assert_eq!(
            of("net show: show networks\n\t--net: name\n\t--verbose: more\n"),
            35
        );
        assert_eq!(of("# usage of x\nA=1\n"), 0);
    }
}
