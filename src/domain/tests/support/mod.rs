//! A small seeded generator, so that every drawn order can be drawn again.

pub mod bundle;

/// SplitMix64.
pub struct Draw(u64);

impl Draw {
    /// A stream of its own per seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One Bernoulli outcome, as a count.
    pub fn hit(&mut self, rate: f64) -> u64 {
        u64::from(self.unit() < rate)
    }

    /// How many of `n` Bernoulli outcomes hit.
    pub fn hits(&mut self, n: u64, rate: f64) -> u64 {
        (0..n).map(|_| self.hit(rate)).sum()
    }

    /// Fisher–Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = (self.next() % (i as u64 + 1)) as usize;
            items.swap(i, j);
        }
    }
}
