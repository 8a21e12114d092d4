//! Units as every command shows them.

use super::*;

fn check(found: &Unit, load: &str, active: &str, sub: &str) {
    let seen = (
        found.load.as_deref(),
        found.active.as_deref(),
        found.sub.as_deref(),
    );
    assert_eq!(
        seen,
        (Some(load), Some(active), Some(sub)),
        "{}",
        found.name
    );
}

#[test]
fn listed_units_are_read_with_marks_and_jobs() {
    let (found, skips) = list_units(
        "  UNIT             LOAD      ACTIVE     SUB     JOB   DESCRIPTION\n  a\\x2db.mount     loaded    active     mounted       /a b\n● lnet.service     not-found inactive   dead          lnet.service\n  x.service        loaded    activating start   start Start job\n\nLOAD   = Reflects whether the unit definition was properly loaded.\nJOB    = Pending job for the unit.\n\n3 loaded units listed. Pass --all\nTo show all installed unit files use 'systemctl list-unit-files'.\n".as_bytes(),
    );
    assert_eq!((found.len(), skips.len()), (3, 0), "{skips:?}");
    check(&found[0], "loaded", "active", "mounted");
    assert_eq!(found[0].description.as_deref(), Some("/a b"));
    assert_eq!(found[1].name, "lnet.service");
    check(&found[1], "not-found", "inactive", "dead");
    assert_eq!(found[2].job.as_deref(), Some("start"));
    assert_eq!(found[2].description.as_deref(), Some("Start job"));
    let (found, skips) =
        list_units(b"a.service loaded active running A\njunk\nb.service loaded failed failed B\n");
    assert_eq!((found.len(), skips.len(), skips[0].line), (2, 1, 2));
    let (found, _) = list_units(br#"[{"unit":"a.service","load":"loaded","active":"active","sub":"running","description":"A"}]"#);
    check(&found[0], "loaded", "active", "running");
}

#[test]
fn unit_files_are_read() {
    let (found, skips) = unit_files(
        b"UNIT FILE              STATE           VENDOR PRESET\nlnet.service           disabled        disabled\nsbd.service            enabled         -\nold.service            static\n\n3 unit files listed.\n",
    );
    assert_eq!(skips, []);
    let seen: Vec<_> = found
        .iter()
        .map(|unit| {
            (
                unit.name.as_str(),
                unit.enabled.as_deref(),
                unit.preset.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("lnet.service", Some("disabled"), Some("disabled")),
            ("sbd.service", Some("enabled"), None),
            ("old.service", Some("static"), None),
        ]
    );
}

#[test]
fn shown_units_are_parted_by_blank_lines() {
    let (found, skips) = show(
        b"Id=lnet.service\nLoadState=loaded\nActiveState=active\nSubState=exited\nUnitFileState=enabled\nMainPID=0\nExecStart={ path=/sbin/modprobe ; argv[]=a }\nExecStart={ path=/usr/sbin/lnetctl }\n\nId=x.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\nbroken\n",
    );
    assert_eq!((found.len(), skips.len(), skips[0].line), (2, 1, 15));
    check(&found[0], "loaded", "active", "exited");
    assert_eq!(
        (found[0].enabled.as_deref(), found[0].main_pid),
        (Some("enabled"), None)
    );
    assert_eq!(found[0].properties["ExecStart"].lines().count(), 2);
    assert_eq!(
        (found[1].name.as_str(), found[1].enabled.clone()),
        ("x.service", None)
    );
}

#[test]
fn status_blocks_are_read() {
    let (found, skips) = status(
        "● chronyd.service - NTP client/server\n   Loaded: loaded (/usr/lib/systemd/system/chronyd.service; enabled; vendor preset: disabled)\n   Active: active (running) since Mon 2024-01-01 00:00:00 UTC; 2 weeks ago\n Main PID: 812 (chronyd)\n   CGroup: /system.slice/chronyd.service\n           └─812 /usr/sbin/chronyd\n\nJan 01 00:00:00 oss1 chronyd[812]: Loaded: no\n\n○ sbd.service\n     Loaded: not-found (Reason: Unit sbd.service not found.)\n     Active: inactive (dead)\n".as_bytes(),
    );
    assert_eq!((found.len(), skips.len()), (2, 0));
    check(&found[0], "loaded", "active", "running");
    assert_eq!(
        (found[0].enabled.as_deref(), found[0].preset.as_deref()),
        (Some("enabled"), Some("disabled"))
    );
    assert_eq!(found[0].main_pid, Some(812));
    check(&found[1], "not-found", "inactive", "dead");
}

#[test]
fn states_of_one_word_are_read() {
    let (found, skips) = states(b"active\nfailed\nhello\n");
    assert_eq!(
        (found.as_slice(), skips.len()),
        (&["active".to_owned(), "failed".to_owned()][..], 1)
    );
}
