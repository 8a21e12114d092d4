//! `lctl pool_list`, `lfs pool_list`: the OST pools of a file system, or the OSTs of a pool.

use super::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `pool_list`.
pub static KIND: Kind = Kind {
    name: "pool-list",
    about: "lctl pool_list, lfs pool_list",
    guess,
    read,
};

/// One OST pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OstPool<'a> {
    /// File system.
    pub fs: &'a str,
    /// Name.
    pub name: &'a str,
    /// UUIDs of its OSTs; none if the list did not ask for them.
    pub members: Option<Vec<&'a str>>,
}

/// `fs.pool`, where the file system's name is one.
pub fn full_name(text: &str) -> Option<(&str, &str)> {
    let (fs, name) = text.trim().split_once('.')?;
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let is_name = (1..=15).contains(&name.len()) && name.bytes().all(is_allowed);
    (crate::label::FsName::new(fs).is_ok() && is_name).then_some((fs, name))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    match text_lines(sample.text()).next() {
        Some(first) if first.starts_with("Pools from ") => 96,
        Some(first) if first.strip_prefix("Pool: ").and_then(full_name).is_some() => 96,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut open: Option<OstPool<'_>> = None;
    let flush = |pool: Option<OstPool<'_>>, sink: &mut dyn Sink| {
        if let Some(pool) = pool {
            sink.record("ost-pool", &|| json!(pool));
        }
    };
    let mut is_list = false;
    for line in lines(input) {
        let text = line.text.trim();
        if text.starts_with("Pools from ") {
            is_list = true;
            flush(open.take(), sink);
        } else if let Some((fs, name)) = text.strip_prefix("Pool: ").and_then(full_name) {
            is_list = false;
            flush(open.take(), sink);
            open = Some(OstPool {
                fs,
                name,
                members: Some(Vec::new()),
            });
        } else if let Some((fs, name)) = full_name(text).filter(|_| is_list) {
            flush(
                Some(OstPool {
                    fs,
                    name,
                    members: None,
                }),
                sink,
            );
        } else if let Some(members) = open.as_mut().and_then(|pool| pool.members.as_mut())
            && text.contains("-OST")
            && !text.contains(' ')
        {
            members.push(text);
        } else {
            odd(&line, "not a pool of OSTs", sink);
        }
    }
    flush(open, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    #[test]
    fn pools_are_read() {
        let text = "Pools from lab01:\nlab01.fast\nlab01.slow\nPool: lab01.fast\nlab01-OST0000_UUID\nlab01-OST0001_UUID\nodd\n";
        let mut found = Collected::with_records();
        read(text.as_bytes(), &mut found);
        let pools = &found.records["ost-pool"];
        assert_eq!(pools.len(), 3);
        assert_eq!(
            pools[1],
            json!({"fs": "lab01", "name": "slow", "members": null})
        );
        assert_eq!(pools[2]["members"][1], "lab01-OST0001_UUID");
        assert_eq!((found.skips.len(), found.skips[0].line), (1, 7));
    }
}
