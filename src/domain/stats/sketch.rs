//! A quantile sketch with a relative error of 1 % whose counters add *and subtract*.
//!
//! A corrected run can be taken out again, so a cell stays equal to a recomputation from its runs.
//! The counters form a group: any order of additions and removals that ends in the same values
//! ends in the same sketch, bytes included.

use serde::{Deserialize, Serialize};

use super::special::{exp, ln};

/// Relative error of a quantile.
pub const RELATIVE_ERROR: f64 = 0.01;

/// Counts of non-negative integer amounts (microseconds, nano-units) in buckets of equal ratio.
///
/// Serialises as `{"zero": n, "buckets": [[index, count], …]}`, ascending, without empty buckets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Sketch {
    zero: i64,
    buckets: Vec<(u16, i64)>,
}

/// Why stored bytes are not a sketch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SketchError {
    /// The encoding is cut off or carries bytes too many.
    #[error("the stored sketch is cut off or has bytes left over; restore the cell or recompute it from its runs")]
    Length,
    /// Buckets out of order, empty, or beyond the largest amount.
    #[error("the stored sketch has buckets out of order, empty or out of range; recompute the cell from its runs")]
    Buckets,
}

#[derive(Deserialize)]
struct Stored {
    zero: i64,
    buckets: Vec<(u16, i64)>,
}

impl TryFrom<Stored> for Sketch {
    type Error = SketchError;

    fn try_from(stored: Stored) -> Result<Self, SketchError> {
        let ascending = stored.buckets.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let in_range = stored.buckets.iter().all(|&(index, n)| n != 0 && index <= LAST_BUCKET);
        if !ascending || !in_range {
            return Err(SketchError::Buckets);
        }
        Ok(Self { zero: stored.zero, buckets: stored.buckets })
    }
}

/// Bucket of `i64::MAX`.
const LAST_BUCKET: u16 = 2184;

/// `ln γ`, γ = (1 + α)/(1 − α).
fn ln_gamma_ratio() -> f64 {
    ln((1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR))
}

/// Bucket `i` holds the amounts in `(γ^(i−1), γ^i]`.
fn bucket_of(value: i64) -> u16 {
    let index = (ln(value as f64) / ln_gamma_ratio()).ceil();
    index.clamp(0.0, f64::from(LAST_BUCKET)) as u16
}

/// The amount within 1 % of everything in the bucket.
fn amount_of(index: u16) -> f64 {
    let gamma = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR);
    2.0 * exp(f64::from(index) * ln_gamma_ratio()) / (gamma + 1.0)
}

/// One bucket of a sketch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    index: u16,
    /// Amounts in lower buckets.
    pub below: i64,
    /// These and its own.
    pub within: i64,
}

impl Bucket {
    /// The amount within 1 % of everything in it.
    pub fn amount(&self) -> f64 {
        amount_of(self.index)
    }
}

impl Sketch {
    /// An empty sketch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one amount. A negative amount is not one; ingest refuses it, and here it counts as 0.
    pub fn add(&mut self, value: i64) {
        self.shift(value, 1);
    }

    /// Takes one amount out again.
    pub fn remove(&mut self, value: i64) {
        self.shift(value, -1);
    }

    /// Adds `times` copies of an amount; a negative `times` takes them out.
    pub fn shift(&mut self, value: i64, times: i64) {
        if value <= 0 {
            self.zero += times;
        } else {
            self.shift_bucket(bucket_of(value), times);
        }
    }

    /// Adds every counter of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.combine(other, 1);
    }

    /// Subtracts every counter of `other`.
    pub fn subtract(&mut self, other: &Self) {
        self.combine(other, -1);
    }

    /// Amounts held.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.zero + self.buckets.iter().map(|&(_, n)| n).sum::<i64>()
    }

    /// Whether every counter is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.zero == 0 && self.buckets.is_empty()
    }

    /// The amount of rank `⌈q·count⌉` (from 1), within 1 %; `None` when empty or `q` outside [0, 1].
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&q) {
            return None;
        }
        // The tolerance keeps 0.95 · 20 at rank 19 whatever the last bit of the product is.
        let rank = (q * self.count() as f64 - 1e-9).ceil().max(1.0) as i64;
        self.at_rank(rank)
    }

    /// The amount of a rank from 1, within 1 %; `None` outside `1..=count`.
    #[must_use]
    pub fn at_rank(&self, rank: i64) -> Option<f64> {
        if rank < 1 || rank > self.count() {
            return None;
        }
        let mut seen = self.zero;
        if rank <= seen {
            return Some(0.0);
        }
        for &(index, n) in &self.buckets {
            seen += n;
            if rank <= seen {
                return Some(amount_of(index));
            }
        }
        None
    }

    /// Amounts of at most `bound`. Whether those in the bucket of `bound` are is not known; they count when `whole`.
    #[must_use]
    pub fn count_within(&self, bound: f64, whole: bool) -> i64 {
        if bound < 0.0 {
            return 0;
        }
        let last = if bound >= i64::MAX as f64 { LAST_BUCKET } else { bucket_of((bound as i64).max(1)) };
        let reach = |index: u16| index < last || (whole && index == last);
        self.zero + self.buckets.iter().filter(|&&(index, _)| reach(index)).map(|&(_, n)| n).sum::<i64>()
    }

    /// Its buckets, ascending, each with what lies below it and what lies below its upper end.
    #[must_use]
    pub(super) fn buckets(&self) -> Vec<Bucket> {
        let mut within = self.zero;
        let mut next = |&(index, n): &(u16, i64)| {
            let below = within;
            within += n;
            Bucket { index, below, within }
        };
        self.buckets.iter().map(&mut next).collect()
    }

    /// Compact bytes: variable-length integers, bucket indices as steps.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 + 3 * self.buckets.len());
        write_integer(&mut bytes, zigzag(self.zero));
        let mut previous = 0;
        for &(index, n) in &self.buckets {
            write_integer(&mut bytes, u64::from(index - previous));
            write_integer(&mut bytes, zigzag(n));
            previous = index;
        }
        bytes
    }

    /// Reads [`Self::to_bytes`] back; no bytes at all are an empty sketch.
    ///
    /// # Errors
    /// When the bytes are cut off, left over, or not in canonical order.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, SketchError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let zero = unzigzag(read_integer(&mut bytes)?);
        let mut buckets = Vec::new();
        let mut index = 0_u64;
        while !bytes.is_empty() {
            index = index.saturating_add(read_integer(&mut bytes)?);
            let short = u16::try_from(index).map_err(|_| SketchError::Buckets)?;
            buckets.push((short, unzigzag(read_integer(&mut bytes)?)));
        }
        Self::try_from(Stored { zero, buckets })
    }

    fn shift_bucket(&mut self, index: u16, times: i64) {
        if times == 0 {
            return;
        }
        match self.buckets.binary_search_by_key(&index, |&(i, _)| i) {
            Ok(at) => {
                self.buckets[at].1 += times;
                if self.buckets[at].1 == 0 {
                    self.buckets.remove(at);
                }
            }
            Err(at) => self.buckets.insert(at, (index, times)),
        }
    }

    /// Adds every counter of `other` `sign` times (1 or -1).
    pub fn combine(&mut self, other: &Self, sign: i64) {
        self.zero += sign * other.zero;
        if self.buckets.is_empty() && sign == 1 {
            self.buckets.clone_from(&other.buckets);
            return;
        }
        // A run's one bucket is looked up; a cell's hundred are taken in one walk over both.
        if other.buckets.len() < FEW {
            for &(index, n) in &other.buckets {
                self.shift_bucket(index, sign * n);
            }
            return;
        }
        let missing = self.add_known(&other.buckets, sign);
        if !missing.is_empty() {
            self.buckets = interleaved(&self.buckets, &missing);
        }
    }

    /// Adds to the buckets that are there already, which in a growing sum are soon all of them; answers the others.
    fn add_known(&mut self, theirs: &[(u16, i64)], sign: i64) -> Vec<(u16, i64)> {
        let mut missing = Vec::new();
        let (mut at, mut emptied) = (0, false);
        for &(index, n) in theirs {
            while self.buckets.get(at).is_some_and(|(ours, _)| *ours < index) {
                at += 1;
            }
            match self.buckets.get_mut(at).filter(|(ours, _)| *ours == index) {
                Some((_, count)) => {
                    *count += sign * n;
                    emptied |= *count == 0;
                }
                None => missing.push((index, sign * n)),
            }
        }
        if emptied {
            self.buckets.retain(|(_, n)| *n != 0);
        }
        missing
    }
}

/// Fewer buckets than this are looked up one by one.
const FEW: usize = 4;

/// Two lists of buckets in order that have no index in common, as one.
fn interleaved(ours: &[(u16, i64)], theirs: &[(u16, i64)]) -> Vec<(u16, i64)> {
    let mut both = Vec::with_capacity(ours.len() + theirs.len());
    let mut ours = ours.iter().copied().peekable();
    for &bucket in theirs {
        while let Some(earlier) = ours.next_if(|(index, _)| *index < bucket.0) {
            both.push(earlier);
        }
        both.push(bucket);
    }
    both.extend(ours);
    both
}

fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)).cast_unsigned()
}

fn unzigzag(n: u64) -> i64 {
    (n >> 1).cast_signed() ^ -((n & 1).cast_signed())
}

fn write_integer(bytes: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        bytes.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

fn read_integer(bytes: &mut &[u8]) -> Result<u64, SketchError> {
    let mut n = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(SketchError::Length)?;
        *bytes = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(n);
        }
    }
    Err(SketchError::Length)
}
