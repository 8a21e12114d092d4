//! What one run is made of: a town of servers, what its operator wants over
//! time, and what goes wrong. All of it follows from a seed, and can be written
//! down, so that a run can be repeated and made smaller.

use crate::chance::Chance;
use crate::world::layout::Layout;
use serde::{Deserialize, Serialize};

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// All chance of the run follows from it.
    pub seed: u64,
    /// The servers.
    pub town: Town,
    /// What the operator wants, in order of time.
    pub wishes: Vec<Wanted>,
    /// What goes wrong, in order of time.
    pub faults: Vec<Mishap>,
    /// When faults stop, seconds.
    pub calm_at: u32,
    /// Whether the operator asks for the next thing while a job still runs.
    #[serde(default)]
    pub is_hasty: bool,
}

/// The servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Town {
    /// Managed servers.
    pub n_managed: usize,
    /// Servers that are only watched.
    pub n_watched: usize,
    /// Servers that share their disks.
    pub per_group: usize,
    /// Shared disks for each server.
    pub disks_per_server: usize,
    /// Whether Pacemaker runs the targets of a group.
    pub is_pacemaker: bool,
    /// Shared disks that hold somebody's data at the begin, of every five.
    pub n_taken: usize,
}

/// Something the operator wants from a time on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// When, seconds.
    pub at: u32,
    /// What.
    pub wish: Wish,
}

/// What an operator can want. Numbers choose among what there is then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// A file system.
    Create {
        /// On ZFS.
        zfs: bool,
        /// The MGS on a target of its own.
        own_mgs: bool,
        /// MDTs.
        n_mdts: usize,
        /// OSTs.
        n_osts: usize,
    },
    /// More OSTs for a file system.
    Grow {
        /// Which.
        fs: usize,
        /// How many more.
        n_osts: usize,
    },
    /// A file system down, or up again.
    Stop {
        /// Which.
        fs: usize,
    },
    /// The same, up.
    Start {
        /// Which.
        fs: usize,
    },
    /// A file system gone.
    Remove {
        /// Which.
        fs: usize,
    },
    /// A server that serves nothing.
    Drain {
        /// Which.
        server: usize,
    },
    /// It serves again.
    Return {
        /// Which.
        server: usize,
    },
    /// A target on another server.
    Failover {
        /// Which.
        target: usize,
    },
    /// A target at home.
    Failback {
        /// Which.
        target: usize,
    },
    /// A server booted.
    Reboot {
        /// Which.
        server: usize,
    },
    /// What runs is cancelled.
    Cancel,
    /// The next job is asked for twice.
    Twice,
}

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mishap {
    /// When, seconds.
    pub at: u32,
    /// For how long, seconds.
    pub lasts: u32,
    /// What.
    pub fault: Fault,
}

/// What can go wrong. Numbers choose among what there is then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A server loses its power.
    ServerDies {
        /// Which.
        server: usize,
    },
    /// An agent ends, now or at one of its next commands.
    AgentDies {
        /// Whose.
        server: usize,
        /// How many stops at commands it lives on.
        stops: u32,
        /// Whether what it runs ends with it.
        kills: bool,
    },
    /// The manager ends when it makes a record durable.
    ManagerDies {
        /// How many records it lives on.
        records: u32,
        /// Whether that record is durable before.
        is_durable: bool,
    },
    /// A server and the manager do not reach each other.
    LinkCut {
        /// Which.
        server: usize,
    },
    /// A server reaches nobody.
    CutOff {
        /// Which.
        server: usize,
    },
    /// Two servers do not hear each other, or one not the other.
    NetCut {
        /// One.
        from: usize,
        /// The other.
        to: usize,
        /// Only what the first sends is lost.
        is_one_way: bool,
    },
    /// A disk is gone.
    DiskGone {
        /// Which.
        disk: usize,
    },
    /// A disk takes no writing.
    DiskReadOnly {
        /// Which.
        disk: usize,
    },
    /// A disk is full.
    DiskFull {
        /// Which.
        disk: usize,
    },
    /// A disk is slow.
    DiskSlow {
        /// Which.
        disk: usize,
    },
    /// A server's LNet goes down.
    LnetDown {
        /// Which.
        server: usize,
    },
    /// A BMC does not answer.
    BmcDeaf {
        /// Whose.
        server: usize,
    },
    /// A clock goes wrong.
    ClockJump {
        /// Whose.
        server: usize,
        /// By how many seconds.
        seconds: i32,
    },
    /// The manager's clock goes wrong.
    ManagerClock {
        /// By how many seconds.
        seconds: i32,
    },
    /// A BMC says that it turned its server off, and did not.
    BmcLies {
        /// Whose.
        server: usize,
    },
    /// A manager is given up and lives: its orders still come while another one
    /// has taken over.
    StaleManager,
    /// A program hangs.
    Stuck {
        /// Where.
        server: usize,
        /// Which.
        program: String,
    },
    /// An admin unmounts a target by hand.
    HandUnmounts {
        /// Which of those that are mounted.
        target: usize,
    },
    /// An admin mounts a target by hand that is mounted nowhere.
    HandMounts {
        /// Which of those.
        target: usize,
        /// Where.
        server: usize,
    },
    /// An admin has Pacemaker move a resource.
    HandMoves {
        /// Which target's.
        target: usize,
    },
    /// A resource fails under Pacemaker: its target goes down behind its back.
    ResourceFails {
        /// Which target's.
        target: usize,
    },
}

impl Town {
    /// How its world begins.
    pub fn layout(&self) -> Layout {
        Layout {
            n_servers: self.n_managed + self.n_watched,
            per_group: self.per_group,
            disks_per_server: self.disks_per_server,
            disk_bytes: 1 << 40,
            ..Layout::default()
        }
    }
}

/// Programs that may hang.
const HANGS: [&str; 10] = [
    "mkfs.lustre",
    "mount",
    "umount",
    "zpool",
    "lsblk",
    "lctl",
    "lnetctl",
    "systemctl",
    "cibadmin",
    "crm_mon",
];

impl Scenario {
    /// The run of a seed.
    pub fn of_seed(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x5ca1_ab1e);
        let town = town(&mut chance);
        let calm_at = 60 * u32::try_from(8 + chance.below(18)).unwrap_or(20);
        let wishes = wishes(&mut chance, &town, calm_at);
        let n_faults = [0, 1, 2, 3, 5, 8, 12][chance.below(7)];
        let mut faults: Vec<Mishap> = (0..n_faults)
            .map(|_| mishap(&mut chance, &town, calm_at))
            .collect();
        faults.sort_by_key(|mishap| mishap.at);
        let mut scenario = Self {
            seed,
            town,
            wishes,
            faults,
            calm_at,
            is_hasty: false,
        };
        let mut chance = Chance::new(seed ^ 0x000d_d175);
        match chance.below(100) {
            0..12 => scenario.hurry(&mut chance),
            12..24 => scenario.mislead(&mut chance),
            _ => {}
        }
        scenario
    }

    /// An operator in haste: two file systems at once, wishes that come twice.
    fn hurry(&mut self, chance: &mut Chance) {
        self.is_hasty = true;
        let soon = |chance: &mut Chance, wanted: &Wanted| Wanted {
            at: wanted.at + second(chance, 1, 60),
            wish: wanted.wish.clone(),
        };
        let mut more = vec![soon(chance, &self.wishes[0])];
        for wanted in &self.wishes[1..] {
            if chance.percent(40) {
                more.push(soon(chance, wanted));
            }
        }
        more.push(Wanted {
            at: second(chance, 15, self.calm_at),
            wish: Wish::Twice,
        });
        self.wishes.extend(more);
        self.wishes.sort_by_key(|wanted| wanted.at);
    }

    /// What is told and is not so.
    fn mislead(&mut self, chance: &mut Chance) {
        let server = chance.below(self.town.n_managed);
        let at = second(chance, 60, self.calm_at);
        let lies = self.town.is_pacemaker && chance.percent(60);
        if lies {
            // There is a reason to fence it.
            let fault = match chance.below(3) {
                0 => Fault::CutOff { server },
                1 => Fault::ServerDies { server },
                _ => Fault::NetCut {
                    from: server,
                    to: server ^ 1,
                    is_one_way: false,
                },
            };
            let lasts = second(chance, 60, 300);
            self.faults.push(Mishap { at, lasts, fault });
        }
        self.faults.push(Mishap {
            at: at.saturating_sub(10),
            lasts: second(chance, 100, 600),
            fault: if lies {
                Fault::BmcLies { server }
            } else {
                Fault::StaleManager
            },
        });
        self.faults.sort_by_key(|mishap| mishap.at);
    }
}

fn town(chance: &mut Chance) -> Town {
    let per_group = if chance.percent(80) { 2 } else { 1 };
    let n_groups = 1 + chance.below(3);
    Town {
        n_managed: (n_groups * per_group).max(2),
        n_watched: if chance.percent(40) { per_group } else { 0 },
        per_group,
        disks_per_server: 4,
        is_pacemaker: per_group == 2 && chance.percent(45),
        n_taken: chance.below(2),
    }
}

fn second(chance: &mut Chance, from: u32, to: u32) -> u32 {
    let width = to.saturating_sub(from).max(1);
    from + u32::try_from(chance.any() % u64::from(width)).unwrap_or(0)
}

fn wishes(chance: &mut Chance, town: &Town, calm_at: u32) -> Vec<Wanted> {
    let create = |chance: &mut Chance| Wish::Create {
        zfs: chance.percent(40),
        own_mgs: chance.percent(30),
        n_mdts: 1 + chance.below(2),
        n_osts: 1 + chance.below(4),
    };
    let mut all = vec![Wanted {
        at: second(chance, 20, 120),
        wish: create(chance),
    }];
    for _ in 0..chance.below(5) {
        let (fs, server, target) = (
            chance.below(2),
            chance.below(town.n_managed),
            chance.below(8),
        );
        let wish = match chance.below(12) {
            0 => create(chance),
            1 => Wish::Grow {
                fs,
                n_osts: 1 + chance.below(2),
            },
            2 => Wish::Stop { fs },
            3 => Wish::Start { fs },
            4 => Wish::Remove { fs },
            5 => Wish::Drain { server },
            6 => Wish::Return { server },
            7 | 8 => Wish::Failover { target },
            9 => Wish::Failback { target },
            10 => Wish::Reboot { server },
            _ => Wish::Cancel,
        };
        let at = second(chance, 300, calm_at.max(301));
        all.push(Wanted { at, wish });
    }
    all.sort_by_key(|wanted| wanted.at);
    all
}

fn mishap(chance: &mut Chance, town: &Town, calm_at: u32) -> Mishap {
    let server = chance.below(town.n_managed + town.n_watched);
    let (disk, target) = (chance.below(64), chance.below(8));
    let fault = match chance.below(26) {
        0..=3 => Fault::ServerDies { server },
        4..=6 => Fault::AgentDies {
            server,
            stops: second(chance, 0, 12),
            kills: chance.percent(50),
        },
        7..=9 => Fault::ManagerDies {
            records: second(chance, 0, 40),
            is_durable: chance.percent(50),
        },
        10 => Fault::LinkCut { server },
        11 => Fault::CutOff { server },
        12 => Fault::NetCut {
            from: server,
            to: chance.below(town.n_managed),
            is_one_way: chance.percent(50),
        },
        13 => Fault::DiskGone { disk },
        14 => Fault::DiskReadOnly { disk },
        15 => Fault::DiskFull { disk },
        16 => Fault::DiskSlow { disk },
        17 => Fault::LnetDown { server },
        18 => Fault::BmcDeaf { server },
        19 => Fault::ClockJump {
            server,
            seconds: jump(chance),
        },
        20 => Fault::ManagerClock {
            seconds: jump(chance),
        },
        21 => Fault::Stuck {
            server,
            program: HANGS[chance.below(HANGS.len())].to_owned(),
        },
        22 => Fault::HandUnmounts { target },
        23 => Fault::HandMounts { target, server },
        24 => Fault::HandMoves { target },
        _ => Fault::ResourceFails { target },
    };
    Mishap {
        at: second(chance, 30, calm_at),
        lasts: second(chance, 5, 400),
        fault,
    }
}

fn jump(chance: &mut Chance) -> i32 {
    let seconds = i32::try_from(second(chance, 1, 7200)).unwrap_or(0);
    if chance.percent(50) {
        -seconds
    } else {
        seconds
    }
}
