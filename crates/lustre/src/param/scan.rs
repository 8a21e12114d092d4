//! Words and numbers of a line, read in one go over its bytes.
//!
//! A dump has millions of them; the standard library's splitting by patterns
//! costs several times as much.

use super::stats::number;

/// Words between blanks, from left to right. Control bytes count as blanks.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    rest: &'a str,
}

#[inline]
fn is_blank(byte: u8) -> bool {
    byte <= b' '
}

/// Without blanks before and behind.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    let start = bytes.iter().position(|&byte| !is_blank(byte));
    let end = bytes.iter().rposition(|&byte| !is_blank(byte));
    match (start, end) {
        (Some(start), Some(end)) => text.get(start..=end).unwrap_or(text),
        _ => "",
    }
}

impl<'a> Words<'a> {
    /// The words of a text.
    #[inline]
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// What is left.
    #[inline]
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Where the next word begins and ends.
    #[inline]
    fn bounds(&self) -> Option<(usize, usize)> {
        let bytes = self.rest.as_bytes();
        let start = bytes.iter().position(|&byte| !is_blank(byte))?;
        let end = bytes
            .get(start..)?
            .iter()
            .position(|&byte| is_blank(byte))
            .map_or(bytes.len(), |length| start + length);
        Some((start, end))
    }

    /// The next word as a number; it is passed over in any case.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let bytes = self.rest.as_bytes();
        let start = bytes.iter().position(|&byte| !is_blank(byte))?;
        let mut value = 0_u64;
        let mut end = start;
        while let Some(digit) = bytes.get(end).map(|byte| byte.wrapping_sub(b'0')) {
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            end += 1;
        }
        let is_whole = bytes.get(end).is_none_or(|&byte| is_blank(byte));
        // 19 digits never overflow.
        if is_whole && end > start && end - start <= 19 {
            self.rest = self.rest.get(end..)?;
            return Some(value);
        }
        number(self.next()?)
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let (start, end) = self.bounds()?;
        let word = self.rest.get(start..end)?;
        self.rest = self.rest.get(end..)?;
        Some(word)
    }
}

/// The pairs of `key: value, key: { … } }`; ends at the closing brace, which is
/// left with what follows, or at a pair that is broken.
#[derive(Clone, Debug)]
pub(crate) struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Pairs<'a> {
    /// The pairs behind an opening brace.
    #[inline]
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// What is behind the last pair, from the brace that closes the map on;
    /// something else where a pair was broken or the line is cut off.
    #[inline]
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let bytes = self.rest.as_bytes();
        let start = bytes
            .iter()
            .position(|&byte| !is_blank(byte) && byte != b',')?;
        self.rest = self.rest.get(start..)?;
        let bytes = self.rest.as_bytes();
        if bytes.first() == Some(&b'}') {
            return None;
        }
        let colon = bytes.iter().position(|&byte| byte == b':')?;
        let key = trim(self.rest.get(..colon)?);
        let after = colon + 1;
        let value = bytes.get(after..)?;
        let value = after + value.iter().position(|&byte| !is_blank(byte))?;
        let end = if bytes.get(value) == Some(&b'{') {
            value + memchr::memchr(b'}', bytes.get(value..)?)? + 1
        } else {
            let ends = |byte: &u8| *byte == b',' || *byte == b'}';
            value + bytes.get(value..)?.iter().position(ends)?
        };
        let found = self.rest.get(value..end)?;
        self.rest = self.rest.get(end..)?;
        Some((key, trim(found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_come_in_turn() {
        let mut words = Words::new("  open\t12 18446744073709551616 9999999999999999999 -5 ü 7x ");
        assert_eq!(words.next(), Some("open"));
        assert_eq!(words.number(), Some(12));
        assert_eq!(words.number(), None, "more than 64 bits");
        assert_eq!(words.number(), Some(9_999_999_999_999_999_999));
        assert_eq!(words.number(), None);
        assert_eq!(words.next(), Some("ü"));
        assert_eq!(words.number(), None);
        assert_eq!(
            (words.next(), words.number(), words.rest()),
            (None, None, " ")
        );
    }

    #[test]
    fn pairs_end_at_the_brace_or_where_they_break() {
        let mut pairs = Pairs::new(" samples:  2, unit: bytes,hist: { 4K: 3, 1M: 9 } } x");
        assert_eq!(pairs.next(), Some(("samples", "2")));
        assert_eq!(pairs.next(), Some(("unit", "bytes")));
        assert_eq!(pairs.next(), Some(("hist", "{ 4K: 3, 1M: 9 }")));
        assert_eq!((pairs.next(), pairs.rest()), (None, "} x"));
        let mut pairs = Pairs::new("a: 1, b");
        assert_eq!(pairs.next(), Some(("a", "1")));
        assert_eq!((pairs.next(), pairs.rest()), (None, "b"));
    }

    #[test]
    fn blanks_at_both_ends_go() {
        assert_eq!((trim(" \ta b\r\0"), trim(" \n"), trim("")), ("a b", "", ""));
    }
}
