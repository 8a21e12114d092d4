//! Host lists such as `oss[01-20],mgs`: read into names, fold names back.
//!
//! The form is that of pdsh, ClusterShell and Slurm: a comma between names,
//! and in brackets numbers and ranges, whose leading zeros give the width.
//! One pair of brackets in a name.

use std::collections::{BTreeMap, BTreeSet};

/// Most names that one list may stand for.
pub const NAMES_MAX: usize = 100_000;

/// A host list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostlistError {
    /// Brackets that do not match, or a second pair.
    #[error("the brackets in {0:?} do not match; write `oss[01-20]`")]
    Brackets(String),
    /// Not a number or range.
    #[error("{0:?} is not a number or a range such as `01-20`")]
    Range(String),
    /// More than [`NAMES_MAX`] names.
    #[error("the list stands for more than {NAMES_MAX} names")]
    TooMany,
}

/// The names that a list stands for, in its order, each once.
pub fn expand(text: &str) -> Result<Vec<String>, HostlistError> {
    expand_with(text, Digits::Decimal)
}

/// The same where numbers are hexadecimal, as in `[0000-001f]`.
pub fn expand_hex(text: &str) -> Result<Vec<String>, HostlistError> {
    expand_with(text, Digits::Hex)
}

/// What numbers in brackets are written in.
#[derive(Clone, Copy)]
enum Digits {
    Decimal,
    Hex,
}

impl Digits {
    fn number(self, text: &str) -> Option<u64> {
        let (radix, is_digit): (u32, fn(&u8) -> bool) = match self {
            Self::Decimal => (10, u8::is_ascii_digit),
            Self::Hex => (16, u8::is_ascii_hexdigit),
        };
        let is_number = !text.is_empty() && text.bytes().all(|b| is_digit(&b));
        is_number.then(|| u64::from_str_radix(text, radix).ok())?
    }

    fn text(self, n: u64, width: usize) -> String {
        match self {
            Self::Decimal => format!("{n:0width$}"),
            Self::Hex => format!("{n:0width$x}"),
        }
    }
}

fn expand_with(text: &str, digits: Digits) -> Result<Vec<String>, HostlistError> {
    let mut names = Vec::new();
    let mut known = BTreeSet::new();
    for part in split_outside_brackets(text)? {
        for name in expand_part(part, digits)? {
            if known.insert(name.clone()) {
                names.push(name);
            }
            if names.len() > NAMES_MAX {
                return Err(HostlistError::TooMany);
            }
        }
    }
    Ok(names)
}

fn split_outside_brackets(text: &str) -> Result<Vec<&str>, HostlistError> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' | ' ' | '\n' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        if !(0..=1).contains(&depth) {
            return Err(HostlistError::Brackets(text.to_owned()));
        }
    }
    if depth != 0 {
        return Err(HostlistError::Brackets(text.to_owned()));
    }
    parts.push(&text[start..]);
    Ok(parts.into_iter().filter(|part| !part.is_empty()).collect())
}

fn expand_part(part: &str, digits: Digits) -> Result<Vec<String>, HostlistError> {
    let Some((head, rest)) = part.split_once('[') else {
        return Ok(vec![part.to_owned()]);
    };
    let wrong = || HostlistError::Brackets(part.to_owned());
    let (ranges, tail) = rest.split_once(']').ok_or_else(wrong)?;
    if tail.contains('[') {
        return Err(wrong());
    }
    let mut names = Vec::new();
    for range in ranges.split(',') {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| {
            let value = digits.number(text);
            value.ok_or_else(|| HostlistError::Range(range.to_owned()))
        };
        let (low, high) = (number(from)?, number(to)?);
        if low > high {
            return Err(HostlistError::Range(range.to_owned()));
        }
        if high - low >= NAMES_MAX as u64 {
            return Err(HostlistError::TooMany);
        }
        let width = from.len();
        names.extend((low..=high).map(|n| format!("{head}{}{tail}", digits.text(n, width))));
    }
    Ok(names)
}

/// Names as a short list: numbers of one prefix, width and suffix are folded.
/// Sorted; each name once. Expanding the result gives the same names.
pub fn fold<S: AsRef<str>>(names: &[S]) -> String {
    let mut numbered: BTreeMap<(&str, usize, &str), BTreeSet<u64>> = BTreeMap::new();
    let mut plain = BTreeSet::new();
    for name in names.iter().map(AsRef::as_ref) {
        match parts(name) {
            Some((head, width, number, tail)) => {
                numbered
                    .entry((head, width, tail))
                    .or_default()
                    .insert(number);
            }
            None => {
                plain.insert(name.to_owned());
            }
        }
    }
    join_widths(&mut numbered);
    for ((head, width, tail), numbers) in numbered {
        plain.insert(print(head, width, tail, &numbers));
    }
    plain.into_iter().collect::<Vec<_>>().join(",")
}

/// `oss10` has no leading zero, and yet stands beside `oss09`.
fn join_widths(numbered: &mut BTreeMap<(&str, usize, &str), BTreeSet<u64>>) {
    let padded: Vec<_> = numbered.keys().filter(|key| key.1 > 0).copied().collect();
    for (head, width, tail) in padded {
        let Some(bare) = numbered.get_mut(&(head, 0, tail)) else {
            continue;
        };
        let is_as_wide = |n: &u64| n.to_string().len() == width;
        let wide: BTreeSet<u64> = bare.iter().copied().filter(is_as_wide).collect();
        bare.retain(|n| !is_as_wide(n));
        if bare.is_empty() {
            numbered.remove(&(head, 0, tail));
        }
        if let Some(numbers) = numbered.get_mut(&(head, width, tail)) {
            numbers.extend(wide);
        }
    }
}

/// A key to sort names by: `oss10` after `oss9`, any case.
pub fn natural(text: &str) -> String {
    let mut key = String::with_capacity(text.len() + 20);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        if end > 0 {
            // Numbers of more than 20 digits sort as text.
            key.push_str(&format!("{:0>20}", &rest[..end]));
            rest = &rest[end..];
        } else {
            key.extend(c.to_lowercase());
            rest = &rest[c.len_utf8()..];
        }
    }
    key
}

/// Prefix, width, number and suffix; the last number in the first label counts,
/// so that `oss01.site2.example` folds by 01. Width 0 is "no leading zero".
fn parts(name: &str) -> Option<(&str, usize, u64, &str)> {
    if name.contains(['[', ']', ',']) {
        return None;
    }
    let label = name.split('.').next().unwrap_or(name);
    let end = label.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = label[..end]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| {
            at + label[at..].chars().next().map_or(1, char::len_utf8)
        });
    let digits = &label[start..end];
    let number = digits.parse().ok().filter(|n| *n < u64::MAX)?;
    let width = if digits.starts_with('0') && digits.len() > 1 {
        digits.len()
    } else {
        0
    };
    Some((&name[..start], width, number, &name[end..]))
}

fn print(head: &str, width: usize, tail: &str, numbers: &BTreeSet<u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &n in numbers {
        match ranges.last_mut() {
            Some((_, high)) if *high + 1 == n => *high = n,
            _ => ranges.push((n, n)),
        }
    }
    if let [(low, high)] = ranges[..]
        && low == high
    {
        return format!("{head}{low:0width$}{tail}");
    }
    let one = |(low, high): &(u64, u64)| {
        if low == high {
            format!("{low:0width$}")
        } else {
            format!("{low:0width$}-{high:0width$}")
        }
    };
    format!(
        "{head}[{}]{tail}",
        ranges.iter().map(one).collect::<Vec<_>>().join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, names: &str) {
        let found = expand(list).unwrap();
        assert_eq!(found.join(" "), names);
        assert_eq!(fold(&found), list, "folded back");
    }

    #[test]
    fn lists_fold_as_they_expand() {
        check("oss[01-03]", "oss01 oss02 oss03");
        check("mds1,oss[8-11]", "mds1 oss8 oss9 oss10 oss11");
        check("oss[08-11]", "oss08 oss09 oss10 oss11");
        check("a[1,3-4].site,mgs", "a1.site a3.site a4.site mgs");
        check("", "");
    }

    #[test]
    fn names_fold_whatever_their_order() {
        assert_eq!(fold(&["oss2", "mgs", "oss1", "oss2"]), "mgs,oss[1-2]");
        assert_eq!(fold(&["n01", "n1"]), "n01,n1");
        assert_eq!(fold(&["n10", "n01", "n1", "n100"]), "n[01,10],n[1,100]");
        assert_eq!(fold(&["r1n1.a", "r1n2.a"]), "r1n[1-2].a");
    }

    #[test]
    fn names_sort_by_their_numbers() {
        let mut names = ["oss10", "Oss9", "mds", "oss9a", ""];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["", "mds", "Oss9", "oss9a", "oss10"]);
    }

    #[test]
    fn hexadecimal_lists_count_on_after_nine() {
        let found = expand_hex("lab-OST[0008-000b,0010],lab-MDT0000").unwrap();
        let wanted = "lab-OST0008 lab-OST0009 lab-OST000a lab-OST000b lab-OST0010 lab-MDT0000";
        assert_eq!(found.join(" "), wanted);
        assert!(matches!(expand("a[0-f]"), Err(HostlistError::Range(_))));
        assert!(matches!(expand_hex("a[g]"), Err(HostlistError::Range(_))));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for text in ["a[1", "a]1[", "a[1][2]", "a[[1]]"] {
            assert!(
                matches!(expand(text), Err(HostlistError::Brackets(_))),
                "{text}"
            );
        }
        for text in ["a[]", "a[x]", "a[3-1]", "a[1-]", "a[+1]"] {
            assert!(
                matches!(expand(text), Err(HostlistError::Range(_))),
                "{text}"
            );
        }
        assert_eq!(expand("a[0-99999999]"), Err(HostlistError::TooMany));
    }
}
