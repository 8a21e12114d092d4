//! Real parts: systemd hosts whose power a BMC cuts, with real Corosync,
//! Pacemaker, fencing, chrony and firewalld, run by a real manager and agents.
//! What is not real is in `rigs/standin`: the kernel here knows no Lustre.

mod crm;
mod place;
mod product;
mod scenes;
mod shell;
mod watch;

use crate::run::{command, run as to_end};
use crate::totals::Totals;
use anyhow::{Result, bail};
use place::Place;
use std::time::Instant;

/// Brings the rig up, plays every scene, takes it down; `keep` leaves it up.
pub fn run(keep: bool) -> Result<()> {
    let mut totals = Totals::default();
    if let Some(why) = place::hindrance() {
        totals.read(&format!("skipped: {why}"));
        println!("skipped: {why}");
        println!("{}", totals.line());
        return Ok(());
    }
    to_end(command(
        "cargo",
        &[
            "build",
            "--package",
            "candela",
            "--package",
            "candela-agent",
        ],
    ))?;
    let outcome = play(&mut totals, keep);
    for name in &totals.names {
        println!("failed: {name}");
    }
    println!("{}", totals.line());
    outcome?;
    match totals.failed {
        0 => Ok(()),
        n => bail!("{n} scenes of the rig failed"),
    }
}

fn play(totals: &mut Totals, keep: bool) -> Result<()> {
    let place = Place::make(keep)?;
    let stage = scenes::Stage::set(place)?;
    let mut is_broken = false;
    for scene in scenes::ALL {
        let name = scene.name;
        if is_broken {
            let line = format!("skipped: {name} (a scene before it failed)");
            totals.read(&line);
            println!("{line}");
            continue;
        }
        let started = Instant::now();
        match (scene.play)(&stage) {
            Ok(()) => {
                totals.passed += 1;
                println!(
                    "test {name} ... ok ({:.1} s)",
                    started.elapsed().as_secs_f64()
                );
            }
            Err(error) => {
                totals.failed += 1;
                totals.names.insert(name.to_owned());
                println!("test {name} ... FAILED\n  {error:#}\n{}", stage.pacemaker());
                is_broken |= scene.is_needed;
            }
        }
    }
    Ok(())
}
