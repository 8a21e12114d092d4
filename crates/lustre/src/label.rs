//! Names: of file systems, of targets. `scratch-OST001f` and its parts.
//!
//! Source: the Lustre manual, and `lustre_disk.h` for the separators that tell
//! how far a target is registered.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::str::FromStr;

/// Text is not a name that Lustre would accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a file system name.
    #[error("{0:?} is not a file system name: 1 to 8 of letters, digits, `_` and `-`")]
    FsName(String),
    /// Not a target label.
    #[error("{0:?} is not a target label such as `scratch-OST001f`, `scratch-MDT0000` or `MGS`")]
    Label(String),
}

/// Bytes of a file system's name at most.
const NAME_MAX: usize = 8;

/// Name of a file system: 1 to 8 of letters, digits, `_` and `-`.
///
/// A site with many targets keeps and compares as many names, so the bytes are
/// held here, with zeros behind: as a number they sort as the text does.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FsName([u8; NAME_MAX]);

impl FsName {
    /// Checks the text.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let mut name = [0; NAME_MAX];
        match name.get_mut(..text.len()) {
            Some(bytes) if !text.is_empty() && text.chars().all(is_allowed) => {
                bytes.copy_from_slice(text.as_bytes());
                Ok(Self(name))
            }
            _ => Err(NameError::FsName(text.to_owned())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let bytes = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        // What is allowed is ASCII.
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Ord for FsName {
    fn cmp(&self, other: &Self) -> Ordering {
        u64::from_be_bytes(self.0).cmp(&u64::from_be_bytes(other.0))
    }
}

impl PartialOrd for FsName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for FsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FsName").field(&self.as_str()).finish()
    }
}

impl fmt::Display for FsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for FsName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for FsName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl From<FsName> for String {
    fn from(name: FsName) -> Self {
        name.as_str().to_owned()
    }
}

/// What a target holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// Configuration.
    Mgt,
    /// Names and attributes.
    Mdt,
    /// Data.
    Ost,
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mgt => "mgt",
            Self::Mdt => "mdt",
            Self::Ost => "ost",
        })
    }
}

/// Number of a target among those of its kind; printed as 4 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetIndex(pub u16);

impl fmt::Display for TargetIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = [12, 8, 4, 0].map(|shift| {
            let digit = u32::from(self.0 >> shift & 0xf);
            char::from_digit(digit, 16).unwrap_or('0')
        });
        digits.into_iter().try_for_each(|digit| f.write_char(digit))
    }
}

/// A target as Lustre names it: `scratch-OST001f`, or `MGS`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TargetLabel {
    /// An MGT; all have the one label.
    Mgs,
    /// A target of a file system. `kind` is never [`TargetKind::Mgt`] when parsed.
    Of {
        /// The file system.
        fs: FsName,
        /// MDT or OST.
        kind: TargetKind,
        /// Its number.
        index: TargetIndex,
    },
}

impl TargetLabel {
    /// What the target holds.
    pub fn kind(&self) -> TargetKind {
        match self {
            Self::Mgs => TargetKind::Mgt,
            Self::Of { kind, .. } => *kind,
        }
    }

    /// Its file system; none for an MGT.
    pub fn fs(&self) -> Option<&FsName> {
        match self {
            Self::Mgs => None,
            Self::Of { fs, .. } => Some(fs),
        }
    }

    /// Its number; none for an MGT.
    pub fn index(&self) -> Option<TargetIndex> {
        match self {
            Self::Mgs => None,
            Self::Of { index, .. } => Some(*index),
        }
    }
}

/// How far a target is registered, as the separator in its on-disk label tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// `fs-OST0000`: known to the MGS.
    Registered,
    /// `fs:OST0000`: formatted, not mounted yet.
    FirstMount,
    /// `fs=OST0000`: its configuration is to be written anew.
    WriteConf,
}

/// The registration state that a label's separator tells, if it is a label.
pub fn registration_state(text: &str) -> Option<Registration> {
    match split(text)?.1 {
        '-' => Some(Registration::Registered),
        ':' => Some(Registration::FirstMount),
        _ => Some(Registration::WriteConf),
    }
}

/// Name, separator, and the part behind it.
fn split(text: &str) -> Option<(&str, char, &str)> {
    if !text.is_ascii() || text.len() < 9 {
        return None;
    }
    let (head, rest) = text.split_at(text.len() - 7);
    let separator = head
        .chars()
        .last()
        .filter(|c| matches!(c, '-' | ':' | '='))?;
    Some((&head[..head.len() - 1], separator, rest))
}

impl FromStr for TargetLabel {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text == "MGS" {
            return Ok(Self::Mgs);
        }
        let wrong = || NameError::Label(text.to_owned());
        let (name, _, rest) = split(text).ok_or_else(wrong)?;
        let (kind, digits) = rest.split_at(3);
        let kind = match kind {
            "MDT" => TargetKind::Mdt,
            "OST" => TargetKind::Ost,
            _ => return Err(wrong()),
        };
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let index = u16::from_str_radix(digits, 16).map_err(|_| wrong())?;
        Ok(Self::Of {
            fs: FsName::new(name)?,
            kind,
            index: TargetIndex(index),
        })
    }
}

impl fmt::Display for TargetLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mgs => f.write_str("MGS"),
            Self::Of { fs, kind, index } => {
                let kind = if *kind == TargetKind::Mdt {
                    "-MDT"
                } else {
                    "-OST"
                };
                f.write_str(fs.as_str())?;
                f.write_str(kind)?;
                index.fmt(f)
            }
        }
    }
}

impl TryFrom<String> for TargetLabel {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<TargetLabel> for String {
    fn from(label: TargetLabel) -> Self {
        label.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_print_as_they_are_read() {
        for text in ["MGS", "lab01-OST001f", "a-b-MDT0000", "scratch_-OSTffff"] {
            assert_eq!(text.parse::<TargetLabel>().unwrap().to_string(), text);
        }
        assert_eq!(
            "lab01:MDT0001".parse::<TargetLabel>().unwrap().to_string(),
            "lab01-MDT0001"
        );
        assert_eq!(
            registration_state("lab01:MDT0001"),
            Some(Registration::FirstMount)
        );
        assert_eq!(
            registration_state("lab01=OST0001"),
            Some(Registration::WriteConf)
        );
    }

    #[test]
    fn names_sort_as_their_text_does() {
        let texts = ["Z", "a", "a-b", "a0", "aa", "b", "scratch", "scratch_"];
        let mut names = texts.map(|text| FsName::new(text).unwrap());
        names.reverse();
        names.sort();
        assert_eq!(names.map(|name| name.to_string()), texts);
        for text in ["", "ninechars", "a b", "a\0", "ä"] {
            assert!(FsName::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_label_is_refused() {
        for text in [
            "",
            "OST0000",
            "-OST0000",
            "lab01-OST00g0",
            "lab01-OST000",
            "waytoolong1-OST0000",
            "lab01-MGT0000",
            "lab01/OST0000",
            "labé-OST0000",
            "lab01-OST+001",
        ] {
            assert!(text.parse::<TargetLabel>().is_err(), "{text:?}");
        }
    }
}
