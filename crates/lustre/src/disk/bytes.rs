//! Little-endian fields of a binary file. A field outside of it is none.

/// The bytes of a file or of a record in it.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// `len` bytes at `at`.
    pub fn slice(self, at: usize, len: usize) -> Option<&'a [u8]> {
        self.0.get(at..at.checked_add(len)?)
    }

    /// One byte.
    pub fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    /// A number of 2 bytes.
    pub fn u16(self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(self.slice(at, 2)?.try_into().ok()?))
    }

    /// A number of 4 bytes.
    pub fn u32(self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(self.slice(at, 4)?.try_into().ok()?))
    }

    /// A number of 8 bytes.
    pub fn u64(self, at: usize) -> Option<u64> {
        Some(u64::from_le_bytes(self.slice(at, 8)?.try_into().ok()?))
    }

    /// Text of at most `len` bytes up to the first NUL; what the file lacks of
    /// it is left out, bytes that are no text become `�`.
    pub fn text(self, at: usize, len: usize) -> String {
        let end = at.saturating_add(len).min(self.0.len());
        let field = self.0.get(at..end).unwrap_or_default();
        until_nul(field)
    }
}

/// Text up to the first NUL.
pub fn until_nul(field: &[u8]) -> String {
    let field = field.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(field).into_owned()
}
