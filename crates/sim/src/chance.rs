//! Chance that repeats: all of it follows from one seed. SplitMix64 (Steele,
//! Lea, Flood 2014): small, fast, and good enough to choose faults by.

/// A source of choices.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`; 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.any() % n).unwrap_or(0)
    }

    /// True in `percent` of 100 cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.any() % 100 < percent
    }

    /// Milliseconds from `low` to `high`.
    pub fn between_ms(&mut self, low: u64, high: u64) -> std::time::Duration {
        let width = high.saturating_sub(low).saturating_add(1);
        std::time::Duration::from_millis(low + self.any() % width)
    }

    /// One of them.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// Another source that follows from this one, so that what it is used for
    /// does not disturb the rest.
    #[must_use]
    pub fn branch(&mut self) -> Self {
        Self(self.any())
    }
}
