//! Help texts: kept, narrow enough, with examples.

use crate::check;
use clap::{Args, Command, Subcommand};

fn shape() -> Command {
    let command = Command::new("candela");
    let command = cli::args::Common::augment_args(command);
    let mut command = cli::args::noun::complete(cli::Command::augment_subcommands(command));
    command.build();
    command
}

/// Every command with its full name.
fn walk(command: &Command, name: &str, into: &mut Vec<(String, Command)>) {
    into.push((name.to_owned(), command.clone()));
    for sub in command.get_subcommands() {
        if sub.get_name() != "help" {
            walk(sub, &format!("{name} {}", sub.get_name()), into);
        }
    }
}

fn all() -> Vec<(String, Command)> {
    let mut found = Vec::new();
    walk(&shape(), "candela", &mut found);
    found
}

#[test]
fn help_is_as_kept() {
    let mut text = String::new();
    for (name, command) in all() {
        let mut command = command.term_width(100);
        text.push_str(&format!(
            "$ {name} --help\n{}\n",
            command.render_long_help()
        ));
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    check("help.txt", &lines.join("\n"));
}

#[test]
fn every_command_that_does_something_has_an_example() {
    for (name, mut command) in all() {
        let is_group = command.get_subcommands().next().is_some();
        let help = command.render_long_help().to_string();
        assert!(is_group || help.contains("Example"), "{name} has none");
    }
}

#[test]
fn examples_can_be_typed() {
    for (name, mut command) in all() {
        let help = command.render_long_help().to_string();
        let lines = help.lines().map(str::trim);
        for line in lines.filter(|line| line.starts_with("candela ")) {
            let typed = line.split(['|', '>', '#']).next().unwrap_or_default();
            let words = typed.split('\'').enumerate().flat_map(|(at, part)| {
                // What stands between quotes is one word.
                if at % 2 == 1 {
                    vec![part]
                } else {
                    part.split_whitespace().collect()
                }
            });
            let outcome = shape().try_get_matches_from(words);
            assert!(outcome.is_ok(), "{name}: {line}: {outcome:?}");
        }
    }
}

#[test]
fn a_noun_shows_only_the_filters_it_has() {
    let find = |wanted: &str| {
        let mut found = all().into_iter().find(|(name, _)| name == wanted).unwrap();
        found.1.render_long_help().to_string()
    };
    assert!(find("candela target list").contains("--fs "));
    for noun in ["device", "ha", "fs"] {
        assert!(
            !find(&format!("candela {noun} list")).contains("--fs "),
            "{noun}"
        );
    }
}

#[test]
fn completion_and_manual_pages_can_be_made() {
    for shell in [
        clap_complete::Shell::Bash,
        clap_complete::Shell::Zsh,
        clap_complete::Shell::Fish,
    ] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut shape(), "candela", &mut script);
        let script = String::from_utf8(script).unwrap();
        assert!(
            script.contains("explain") && script.contains("target"),
            "{shell}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(shape(), folder.path()).unwrap();
    let page = std::fs::read_to_string(folder.path().join("candela-target-list.1")).unwrap();
    assert!(
        page.contains("candela target list \\-\\-fs lab01"),
        "{page}"
    );
}
