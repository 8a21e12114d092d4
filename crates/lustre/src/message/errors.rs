//! What an error of the kernel means, by the tool that names it.

use super::Meaning;

/// The meaning of an errno when this tool names it.
pub(super) fn meaning(tool: &str, errno: i32) -> Meaning {
    let special = match tool.split(' ').next().unwrap_or(tool) {
        "mount.lustre" | "mount.lustre_tgt" => mount(errno),
        "replace_nids" | "clear_conf" => match errno {
            // Answered while targets or clients of the file system are connected.
            115 => Some(Meaning::InProgress),
            _ => None,
        },
        _ => None,
    };
    special.unwrap_or_else(|| general(errno))
}

/// What mount.lustre ends with: most of it comes from the MGS, or the lack of one.
fn mount(errno: i32) -> Option<Meaning> {
    Some(match errno {
        98 => Meaning::IndexInUse,
        114 => Meaning::AlreadyMounted,
        // The MGS did not answer, could not be reached, or went away.
        5 | 107 | 108 | 110 | 111 | 112 | 113 => Meaning::MgsUnreachable,
        19 => Meaning::ModuleMissing,
        100 | 101 => Meaning::LnetDown,
        6 => Meaning::BadConfiguration,
        _ => return None,
    })
}

fn general(errno: i32) -> Meaning {
    match errno {
        1 | 13 | 126 | 127 | 128 | 129 => Meaning::NoPermission,
        2 | 3 | 6 | 19 | 61 | 123 => Meaning::NotFound,
        4 | 11 | 85 | 125 => Meaning::TryAgain,
        5 | 121 => Meaning::InputOutput,
        16 | 26 | 98 => Meaning::Busy,
        17 => Meaning::AlreadyExists,
        12 | 28 | 23 | 24 | 105 | 122 => Meaning::NoResources,
        20 | 21 | 22 | 15 | 34 | 36 | 75 | 7 => Meaning::InvalidArgument,
        25 | 38 | 93 | 95 | 97 | 524 => Meaning::NotSupported,
        30 => Meaning::ReadOnly,
        62 | 110 => Meaning::TimedOut,
        74 | 117 => Meaning::Damaged,
        100 | 101 => Meaning::LnetDown,
        99 | 103 | 104 | 107 | 108 | 111 | 112 | 113 => Meaning::Unreachable,
        114 | 115 => Meaning::InProgress,
        _ => Meaning::Failed,
    }
}
