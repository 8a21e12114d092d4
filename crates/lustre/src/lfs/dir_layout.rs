//! `lfs getdirstripe`: which MDTs hold a folder, and what it hands on (`-D`).

use super::layout::{layout_path, pairs};
use super::{lines, number, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lfs getdirstripe`.
pub static KIND: Kind = Kind {
    name: "lfs-getdirstripe",
    about: "lfs getdirstripe [-D] [-v] [-y]",
    guess,
    read,
};

/// How a folder lies on MDTs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DirLayout<'a> {
    /// Path; not printed for a single folder.
    pub path: Option<&'a str>,
    /// Stripes; 0 is a folder on one MDT.
    pub stripe_count: Option<i64>,
    /// First MDT; -1 is any.
    pub stripe_offset: Option<i64>,
    /// `none`, `fnv_1a_64`, `crush`, `crush2`, with `migrating` or `lost_lmv` behind a comma.
    pub hash: Option<&'a str>,
    /// How deep below it the layout is handed on; -1 without end.
    pub max_inherit: Option<i64>,
    /// How deep below it new folders go to MDTs in turn.
    pub max_inherit_rr: Option<i64>,
    /// OST pool of a default.
    pub pool: Option<&'a str>,
    /// The stripes.
    pub stripes: Vec<DirStripe<'a>>,
}

/// One stripe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DirStripe<'a> {
    /// Index of the MDT.
    pub mdt: u64,
    /// FID.
    pub fid: &'a str,
}

fn signed(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(digits) => number(digits)?.try_into().ok().map(|found: i64| -found),
        None => number(text)?.try_into().ok(),
    }
}

fn stripe(text: &str) -> Option<DirStripe<'_>> {
    let (mdt, rest) = text.trim().split_once([' ', '\t'])?;
    let fid = rest.trim().trim_matches(['[', ']', '\t']);
    super::fid::is_fid(fid).then_some(DirStripe {
        mdt: number(mdt)?,
        fid,
    })
}

/// Takes one pair; whether it is one of a folder.
fn pair<'a>(key: &str, value: &'a str, layout: &mut DirLayout<'a>) -> bool {
    match key {
        "stripe_count" => layout.stripe_count = signed(value),
        "stripe_offset" => layout.stripe_offset = signed(value),
        "hash_type" => layout.hash = Some(value),
        "max_inherit" => layout.max_inherit = signed(value),
        "max_inherit_rr" => layout.max_inherit_rr = signed(value),
        "pool" => layout.pool = Some(value).filter(|text| !text.is_empty()),
        "magic" | "master_mdt_index" | "layout_version" | "migrate_offset" | "migrate_hash"
        | "objects" | "depth" => {}
        _ => return false,
    }
    true
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = text_lines(sample.text()).take(4);
    if lines.any(|line| line.trim_start().starts_with("lmv_")) {
        95
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut open: Option<DirLayout<'_>> = None;
    let mut path = None;
    let flush = |open: Option<DirLayout<'_>>, sink: &mut dyn Sink| {
        if let Some(layout) = open {
            sink.record("lfs-dir-layout", &|| json!(layout));
        }
    };
    for line in lines(input) {
        if let Some(found) = layout_path(line.text) {
            flush(open.take(), sink);
            path = Some(found);
            continue;
        }
        if let Some(found) = stripe(line.text) {
            match open.as_mut() {
                Some(layout) => layout.stripes.push(found),
                None => odd(&line, "a stripe of no folder", sink),
            }
            continue;
        }
        let mut is_known = line.text.trim_start().starts_with("mdtidx");
        for (key, value) in pairs(line.text) {
            let Some(key) = key.strip_prefix("lmv_") else {
                continue;
            };
            let is_next = key == "stripe_count"
                && open
                    .as_ref()
                    .is_some_and(|layout| layout.stripe_count.is_some());
            if is_next {
                flush(open.take(), sink);
            }
            let layout = open.get_or_insert_with(|| DirLayout {
                path: path.take(),
                ..DirLayout::default()
            });
            is_known |= pair(key, value, layout);
        }
        if !is_known || line.is_binary {
            odd(&line, "not a line of a folder's layout", sink);
        }
    }
    flush(open, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    #[test]
    fn folders_are_read() {
        let text = "lmv_stripe_count: 0 lmv_stripe_offset: 1 lmv_hash_type: none\n/l/a b\nlmv_stripe_count: 2 lmv_stripe_offset: 0 lmv_hash_type: crush,migrating\nmdtidx\t\t FID[seq:oid:ver]\n     0\t\t [0x200000400:0x2:0x0]\t\t\n     1\t\t [0x240000401:0x2:0x0]\t\t\n/l/c\nlmv_stripe_count: 1 lmv_stripe_offset: -1 lmv_hash_type: none lmv_max_inherit: 3 lmv_max_inherit_rr: -1\nodd\n";
        let mut found = Collected::with_records();
        read(text.as_bytes(), &mut found);
        let rows = &found.records["lfs-dir-layout"];
        assert_eq!((rows.len(), found.skips.len()), (3, 1));
        assert_eq!(
            (&rows[0]["path"], &rows[0]["stripe_offset"]),
            (&json!(null), &json!(1))
        );
        assert_eq!(
            (&rows[1]["path"], &rows[1]["hash"]),
            (&json!("/l/a b"), &json!("crush,migrating"))
        );
        assert_eq!(
            rows[1]["stripes"][1],
            json!({"mdt": 1, "fid": "0x240000401:0x2:0x0"})
        );
        assert_eq!(
            (&rows[2]["stripe_offset"], &rows[2]["max_inherit_rr"]),
            (&json!(-1), &json!(-1))
        );
    }
}
