//! Fixed-n intervals beside a rate and beside a difference of rates. For the eye; they never decide.

use serde::{Deserialize, Serialize};

use super::round::round9;
use super::special::{sqrt, two_sided_z};

/// A closed interval, low end first, in the unit of the figure it stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Low end.
    pub low: f64,
    /// High end.
    pub high: f64,
}

impl Interval {
    /// An interval from its two ends.
    #[must_use]
    pub fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Distance between the ends.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.high - self.low
    }

    /// Both ends rounded to nine significant digits.
    #[must_use]
    pub fn round9(self) -> Self {
        Self::new(round9(self.low), round9(self.high))
    }
}

/// Wilson's score interval (1927) for `successes` of `n` at level `1 − alpha`; `None` when `n` is 0.
#[must_use]
pub fn wilson(successes: u64, n: u64, alpha: f64) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let (count, total) = (successes.min(n) as f64, n as f64);
    let rate = count / total;
    let z = two_sided_z(alpha);
    let z2 = z * z;
    let centre = rate + z2 / (2.0 * total);
    let half = z * sqrt(rate * (1.0 - rate) / total + z2 / (4.0 * total * total));
    let scale = 1.0 + z2 / total;
    // At 0 and at n an end is exact; the formula leaves rounding dust there.
    let low = if successes == 0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if successes >= n { 1.0 } else { ((centre + half) / scale).min(1.0) };
    Some(Interval::new(low, high))
}

/// Newcombe's hybrid score interval (1998, method 10) for `s1/n1 − s2/n2` at level `1 − alpha`.
///
/// `None` when either side has no runs.
#[must_use]
pub fn newcombe(s1: u64, n1: u64, s2: u64, n2: u64, alpha: f64) -> Option<Interval> {
    let first = wilson(s1, n1, alpha)?;
    let second = wilson(s2, n2, alpha)?;
    let (p1, p2) = (s1.min(n1) as f64 / n1 as f64, s2.min(n2) as f64 / n2 as f64);
    let difference = p1 - p2;
    let below = sqrt(square(p1 - first.low) + square(second.high - p2));
    let above = sqrt(square(first.high - p1) + square(p2 - second.low));
    Some(Interval::new((difference - below).max(-1.0), (difference + above).min(1.0)))
}

fn square(x: f64) -> f64 {
    x * x
}
