//! A ratio of two means (cost per success) and Fieller's interval beside it.

use serde::{Deserialize, Serialize};

use super::interval::Interval;
use super::round::round9;
use super::special::{sqrt, two_sided_z};

/// Sums over the runs for which both the amount `c` and the divisor `y` are known.
///
/// Serialises as `[n, c, y, cc, yy, cy]`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "(u64, f64, f64, f64, f64, f64)", into = "(u64, f64, f64, f64, f64, f64)")]
pub struct RatioSums {
    /// Runs.
    pub n: u64,
    /// Sum of the amounts.
    pub c: f64,
    /// Sum of the divisors (successes, when the divisor is 0 or 1).
    pub y: f64,
    /// Sum of squared amounts.
    pub cc: f64,
    /// Sum of squared divisors (equal to `y` when the divisor is 0 or 1).
    pub yy: f64,
    /// Sum of products.
    pub cy: f64,
}

type Six = (u64, f64, f64, f64, f64, f64);

impl From<Six> for RatioSums {
    fn from((n, c, y, cc, yy, cy): Six) -> Self {
        Self { n, c, y, cc, yy, cy }
    }
}

impl From<RatioSums> for Six {
    fn from(sums: RatioSums) -> Self {
        (sums.n, sums.c, sums.y, sums.cc, sums.yy, sums.cy)
    }
}

/// Fieller's interval, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fieller {
    /// The ratio is bounded.
    Bounded(Interval),
    /// The divisor's mean cannot be told from zero: the interval is unbounded, and is said to be.
    Unbounded,
    /// Fewer than two runs.
    TooFew,
}

impl RatioSums {
    /// Every sum to nine significant digits, as a bundle keeps it.
    #[must_use]
    pub fn round9(self) -> Self {
        let Self { n, c, y, cc, yy, cy } = self;
        Self { n, c: round9(c), y: round9(y), cc: round9(cc), yy: round9(yy), cy: round9(cy) }
    }

    /// Ratio of the sums; `None` when the divisor is zero.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.y != 0.0).then(|| self.c / self.y)
    }

    /// Fieller's interval at level `1 − alpha`.
    #[must_use]
    pub fn fieller(&self, alpha: f64) -> Fieller {
        if self.n < 2 {
            return Fieller::TooFew;
        }
        let n = self.n as f64;
        let (mean_c, mean_y) = (self.c / n, self.y / n);
        let spread = |squares: f64, product: f64| (squares - n * product) / (n - 1.0);
        let z = two_sided_z(alpha);
        let z2_n = z * z / n;
        let a = mean_y * mean_y - z2_n * spread(self.yy, mean_y * mean_y);
        let b = mean_c * mean_y - z2_n * spread(self.cy, mean_c * mean_y);
        let c = mean_c * mean_c - z2_n * spread(self.cc, mean_c * mean_c);
        let discriminant = b * b - a * c;
        if a <= 0.0 || discriminant < 0.0 {
            return Fieller::Unbounded;
        }
        let root = sqrt(discriminant);
        Fieller::Bounded(Interval::new((b - root) / a, (b + root) / a))
    }
}
