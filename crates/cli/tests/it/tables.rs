//! Lists and things, as the demo's manager answered them.

use crate::{check, folder};
use cli::output::Screen;
use cli::render;

/// A terminal of the usual width.
const TERMINAL: Screen = Screen { width: Some(80) };

fn answer(name: &str) -> String {
    std::fs::read_to_string(folder("answers").join(name)).unwrap()
}

#[test]
fn lists_print_as_kept_and_fit_eighty_columns() {
    for (noun, from) in [
        ("server", "server-list.json"),
        ("target", "target-list.json"),
        ("fs", "fs-list.json"),
        ("device", "device-list.json"),
        ("net", "server-list.json"),
        ("ha", "ha-list.json"),
        ("job", "job-list.json"),
        ("client", "client-list.json"),
        ("zpool", "zpool-list.json"),
        ("ha-targets", "ha-targets-list.json"),
        ("maintenance", "maintenance-list.json"),
    ] {
        let shown = render::list(noun, &answer(from), TERMINAL, false).unwrap();
        for line in shown.lines() {
            assert!(line.chars().count() <= 80, "{noun}: {line}");
        }
        check(&format!("{noun}-list.txt"), &shown);
        let wide = render::list(noun, &answer(from), Screen::default(), true).unwrap();
        check(&format!("{noun}-list-wide.txt"), &wide);
    }
    let events = answer("event-list.json");
    let shown = render::list("event", &events, TERMINAL, false).unwrap();
    check("event-list.txt", &shown);
}

#[test]
fn things_print_as_kept() {
    for noun in [
        "server", "target", "device", "net", "ha", "job", "plan", "proposal", "client", "zpool",
        "allowed",
    ] {
        let shown = render::show(noun, &answer(&format!("{noun}-show.json")), TERMINAL).unwrap();
        check(&format!("{noun}-show.txt"), &shown);
    }
    let targets: Vec<serde_json::Value> =
        serde_json::from_str(&answer("target-list.json")).unwrap();
    let own = targets
        .into_iter()
        .filter(|target| target["filesystem"] == "ai400x3");
    let own = serde_json::Value::from(own.collect::<Vec<_>>()).to_string();
    let shown = render::filesystem(&answer("fs-show.json"), &own, TERMINAL).unwrap();
    check("fs-show.txt", &shown);
    let shown = render::show("explain", &answer("explain.json"), TERMINAL).unwrap();
    check("explain.txt", &shown);
}

#[test]
fn for_another_program_every_row_is_one_line() {
    let rows = answer("ha-list.json");
    let n = serde_json::from_str::<Vec<serde_json::Value>>(&rows)
        .unwrap()
        .len();
    let shown = render::list("ha", &rows, Screen::default(), true).unwrap();
    assert_eq!(shown.lines().count(), n + 1);
}
