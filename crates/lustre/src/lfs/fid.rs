//! Lists of FIDs and paths: `lfs path2fid`, `fid2path`, `find`, and records `N [FID]`.

use super::{lines, number, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of lists of FIDs and paths.
pub static KIND: Kind = Kind {
    name: "lfs-fid",
    about: "lfs path2fid, lfs fid2path, lfs find, lists of FIDs",
    guess,
    read,
};

/// One file, by its FID, its path, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileName<'a> {
    /// `0x200000bd1:0x2:0x0`.
    pub fid: Option<&'a str>,
    /// Path.
    pub path: Option<&'a str>,
    /// Number that stands before it in a list.
    pub index: Option<u64>,
}

/// Whether a text is a FID: three hexadecimal numbers.
pub fn is_fid(text: &str) -> bool {
    let mut n_parts = 0;
    let all = text.split(':').all(|part| {
        n_parts += 1;
        let digits = part.strip_prefix("0x").unwrap_or(part);
        !digits.is_empty() && digits.len() <= 16 && digits.bytes().all(|b| b.is_ascii_hexdigit())
    });
    all && n_parts == 3 && text.contains("0x")
}

/// `PATH: [FID]`, `[FID] PATH`, `N [FID]`, `[FID]` or a path.
pub fn file_name(text: &str) -> Option<FileName<'_>> {
    let text = text.trim();
    let Some((before, rest)) = text.rsplit_once('[').filter(|_| text.contains("0x")) else {
        return path(text).then_some(FileName {
            path: Some(text),
            ..FileName::default()
        });
    };
    let (fid, after) = rest.split_once(']')?;
    if !is_fid(fid) {
        return None;
    }
    let (before, after) = (before.trim_end(), after.trim());
    let mut found = FileName {
        fid: Some(fid),
        ..FileName::default()
    };
    match (before.strip_suffix(':'), number(before)) {
        (Some(path), _) => found.path = Some(path),
        (None, Some(index)) => found.index = Some(index),
        (None, None) if !before.is_empty() => return None,
        (None, None) => {}
    }
    if found.path.is_none() && !after.is_empty() {
        found.path = Some(after);
    }
    Some(found)
}

fn path(text: &str) -> bool {
    text.starts_with('/') && text.len() > 1 && !text.contains(": ") && !text.ends_with(':')
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut fids, mut paths, mut all) = (0_u32, 0_u32, 0_u32);
    for line in text_lines(sample.text()).take(40) {
        all += 1;
        match file_name(line) {
            Some(found) if found.fid.is_some() => fids += 1,
            // A blank in a path is rare, and common in a sentence that begins with one.
            Some(_) if !line.contains(['\t', ' ']) => paths += 1,
            _ => {}
        }
    }
    match (fids, paths, all) {
        (1.., _, all) if (fids + paths) * 4 >= all * 3 => 88,
        // A list of nothing but paths can come from anywhere.
        (0, 1.., all) if paths * 10 >= all * 9 => 34,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    for line in lines(input) {
        match file_name(line.text).filter(|_| !line.is_binary) {
            Some(found) if found.fid.is_some() => sink.record("fid", &|| json!(found)),
            Some(found) => sink.record("path", &|| json!(found)),
            None => odd(&line, "neither a FID nor a path", sink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, fid: Option<&str>, path: Option<&str>, index: Option<u64>) {
        assert_eq!(
            file_name(text),
            Some(FileName { fid, path, index }),
            "{text:?}"
        );
    }

    #[test]
    fn names_of_files_are_read() {
        let fid = Some("0x200000bd1:0x2:0x0");
        check("/l/f[1]: [0x200000bd1:0x2:0x0]", fid, Some("/l/f[1]"), None);
        check("[0x200000bd1:0x2:0x0]", fid, None, None);
        check("1577893 [0x200000bd1:0x2:0x0]", fid, None, Some(1_577_893));
        check("[0x200000bd1:0x2:0x0] /l/a b", fid, Some("/l/a b"), None);
        check(
            "/lustre/client/d0/big",
            None,
            Some("/lustre/client/d0/big"),
            None,
        );
        for text in ["", "/", "x [0x1:0x2:0x0]", "[1:2:3]", "[0x1:0x2]", "/a: b"] {
            assert_eq!(file_name(text), None, "{text:?}");
        }
    }
}
