//! Turning hosts off and on, and what a boot leaves.

use super::host::HostName;
use super::record::Happening;
use super::{Due, World, command};
use std::time::Duration;

/// How long a boot takes.
pub const BOOT: Duration = Duration::from_secs(90);

/// A host loses its power, or its kernel dies.
pub fn cut(world: &mut World, host: &HostName, why: &str) {
    let Some(state) = world.hosts.get_mut(host) else {
        return;
    };
    state.is_booting = false;
    if !state.is_up {
        return;
    }
    (state.is_up, state.is_hung) = (false, false);
    state.bmc.has_lied = false;
    command::before_down(world, host);
    if let Some(state) = world.hosts.get_mut(host) {
        state.mounts = vec![super::layout::root()];
        state.ports.0 = state.ports.1.clone();
        state.modules = ["spl", "zfs"].map(str::to_owned).into();
        state.lnet = None;
        state.stuck.clear();
        for unit in state.units.values_mut() {
            unit.is_active = false;
        }
    }
    world.end_all(host);
    world.note(Happening::Down {
        host: host.clone(),
        why: why.to_owned(),
    });
}

/// A host is off now, as was asked a while ago.
pub fn off(world: &mut World, host: &HostName) {
    super::os::systemd::shutdown(world, host);
    cut(world, host, "shutdown");
    let state = world.hosts.get_mut(host);
    if state.is_some_and(|state| std::mem::take(&mut state.is_rebooting)) {
        on(world, host);
    }
}

/// Its BMC turns it off at once. Whether it says that it did.
pub fn bmc_off(world: &mut World, host: &HostName, why: &str) -> bool {
    let Some(bmc) = world.hosts.get(host).map(|state| state.bmc) else {
        return false;
    };
    if bmc.answers && bmc.works && !bmc.lies {
        cut(world, host, why);
    } else if bmc.answers
        && bmc.lies
        && let Some(state) = world.hosts.get_mut(host)
    {
        state.bmc.has_lied |= state.is_up;
    }
    bmc.answers
}

/// A host is turned on, and is up after [`BOOT`].
pub fn on(world: &mut World, host: &HostName) {
    let Some(state) = world.hosts.get_mut(host) else {
        return;
    };
    if !state.is_up && !state.is_booting && !state.is_unpowered {
        state.is_booting = true;
        world.after(BOOT, Due::Booted(host.clone()));
    }
}

/// A host has booted: what is enabled starts.
pub fn booted(world: &mut World, host: &HostName) {
    let now = world.now();
    let Some(state) = world.hosts.get_mut(host) else {
        return;
    };
    // It was turned off on its way up.
    if state.is_up || !state.is_booting {
        return;
    }
    (state.is_up, state.is_booting) = (true, false);
    state.boot += 1;
    state.booted_at = now;
    world.note(Happening::Up { host: host.clone() });
    command::after_boot(world, host);
}
