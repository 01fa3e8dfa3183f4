//! How alike two inputs are, and a sketch by which the alike are found among thousands without comparing all.
//!
//! The likeness of two texts is the Jaccard index of their sets of four-letter sequences, case and punctuation aside.
//! The sketch is MinHash (Broder 1997) in 32 bands of 4: two texts of likeness s share a band with probability
//! 1 − (1 − s⁴)³², which is 0.87 at 0.5, 0.99 at 0.6 and 0.23 at 0.3. docs/LEARNING.md has what that finds in real runs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::case::as_text;
use crate::limits;

/// At this likeness a case is offered as a near-duplicate.
pub const NEAR: f64 = 0.5;
/// Bands of a sketch.
pub const BANDS: usize = 32;
const ROWS: usize = 4;
/// Letters of a sequence.
const LETTERS: usize = 4;

/// The sequences that a text is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shingles(BTreeSet<u64>);

impl Shingles {
    /// Those of what an agent is given: of a conversation its last message, which is what differs between runs.
    #[must_use]
    pub fn of_input(input: &Value) -> Self {
        Self::of_text(&Self::text_of(input))
    }

    /// The words of what an agent is given that are compared.
    #[must_use]
    pub fn text_of(input: &Value) -> String {
        let last = match input {
            Value::Array(items) => items.last().unwrap_or(input),
            _ => input,
        };
        as_text(last)
    }

    /// Those of a text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let text = limits::clip(text, limits::CASE_CONTENT_BYTES);
        let words: Vec<String> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        let letters: Vec<char> = words.join(" ").chars().collect();
        if letters.is_empty() {
            return Self::default();
        }
        let hash = |letters: &[char]| letters.iter().fold(0xcbf2_9ce4_8422_2325, |hash, c| mixed(hash ^ u64::from(*c)));
        if letters.len() <= LETTERS {
            return Self(BTreeSet::from([hash(&letters)]));
        }
        Self(letters.windows(LETTERS).map(hash).collect())
    }

    /// The share of sequences that two texts have in common, from 0 to 1. Two empty texts are not alike.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f64 {
        let common = self.0.intersection(&other.0).count();
        let all = self.0.len() + other.0.len() - common;
        if all == 0 { 0.0 } else { common as f64 / all as f64 }
    }

    /// The sketch of the text. `None` for an empty one.
    #[must_use]
    pub fn sketch(&self) -> Option<Sketch> {
        if self.0.is_empty() {
            return None;
        }
        // A list is walked much faster than a tree, and it is walked once for each row.
        let shingles: Vec<u64> = self.0.iter().copied().collect();
        let least = |seed: usize| {
            let seed = mixed(seed as u64 + 1);
            shingles.iter().fold(u64::MAX, |least, shingle| least.min(mixed(shingle ^ seed)))
        };
        Some(Sketch(std::array::from_fn(least)))
    }

    /// One number for each band: alike texts probably have one in common. `None` for an empty text.
    #[must_use]
    pub fn bands(&self) -> Option<[i64; BANDS]> {
        self.sketch().map(|sketch| sketch.bands())
    }
}

/// The least of a text's numbers under each of as many orders as there are rows.
#[derive(Clone, Debug)]
pub struct Sketch([u64; BANDS * ROWS]);

impl Sketch {
    /// One number for each band: alike texts probably have one in common.
    #[must_use]
    pub fn bands(&self) -> [i64; BANDS] {
        let mut bands = [0; BANDS];
        for (band, (number, rows)) in bands.iter_mut().zip(self.0.chunks_exact(ROWS)).enumerate() {
            *number = rows.iter().fold(band as u64, |hash, least| mixed(hash ^ least)).cast_signed();
        }
        bands
    }

    /// What is kept of a text that is not kept itself.
    #[must_use]
    pub fn signature(&self) -> Signature {
        // The lower half of a number that is mixed well tells as much as all of it.
        #[expect(clippy::cast_possible_truncation, reason = "half of the bits are kept on purpose")]
        Signature(self.0.map(|number| number as u32))
    }
}

/// A sketch of a text by which two texts are compared where neither is kept: the share of equal numbers estimates their
/// likeness, with a standard error below 0.045.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature([u32; BANDS * ROWS]);

impl Signature {
    /// About how alike the two texts are, from 0 to 1.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f64 {
        let equal = self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count();
        equal as f64 / self.0.len() as f64
    }

    /// As it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    /// From what was stored; `None` when that is something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        let numbers: Vec<u32> = numbers.iter().map(|number| u32::from_le_bytes(*number)).collect();
        rest.is_empty().then_some(numbers)?.try_into().ok().map(Self)
    }
}

/// SplitMix64's finaliser: every bit of the result depends on every bit given.
const fn mixed(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
