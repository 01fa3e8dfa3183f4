//! Kitagawa's split of a difference of rates into a part *within* segments and a part by *mix*.
//!
//! Names Simpson's paradox: the pooled difference and the standardised one can disagree in sign.

/// Counts of one segment in both arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentCounts {
    /// Baseline runs.
    pub n_a: u64,
    /// Baseline successes.
    pub s_a: u64,
    /// Candidate runs.
    pub n_b: u64,
    /// Candidate successes.
    pub s_b: u64,
}

/// The two parts; their sum is the pooled difference, candidate minus baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// Change at an unchanged mix (the standardised difference).
    pub within: f64,
    /// Change that the mix of segments alone brings.
    pub mix: f64,
}

impl Split {
    /// The pooled difference.
    #[must_use]
    pub fn pooled(&self) -> f64 {
        self.within + self.mix
    }

    /// Whether the pooled figure misleads: the signs differ, or the mix outweighs the change.
    #[must_use]
    pub fn misleads(&self) -> bool {
        // Dust of rounding is not a sign.
        let sign = |x: f64| if x.abs() < 1e-9 { 0.0 } else { x.signum() };
        sign(self.pooled()) * sign(self.within) < 0.0 || self.mix.abs() > self.within.abs() + 1e-9
    }
}

/// Splits the difference over `segments`; `None` when an arm has no runs at all.
///
/// A segment absent from one arm has no rate there; its whole contribution is one of mix.
#[must_use]
pub fn kitagawa(segments: &[SegmentCounts]) -> Option<Split> {
    let n_a: u64 = segments.iter().map(|s| s.n_a).sum();
    let n_b: u64 = segments.iter().map(|s| s.n_b).sum();
    if n_a == 0 || n_b == 0 {
        return None;
    }
    let mut split = Split { within: 0.0, mix: 0.0 };
    for segment in segments {
        let (w_a, w_b) = (segment.n_a as f64 / n_a as f64, segment.n_b as f64 / n_b as f64);
        let rate = |s: u64, n: u64| (n > 0).then(|| s as f64 / n as f64);
        let (p_a, p_b) = match (rate(segment.s_a, segment.n_a), rate(segment.s_b, segment.n_b)) {
            (Some(a), Some(b)) => (a, b),
            (Some(only), None) | (None, Some(only)) => (only, only),
            (None, None) => continue,
        };
        split.within += 0.5 * (w_b + w_a) * (p_b - p_a);
        split.mix += (w_b - w_a) * 0.5 * (p_a + p_b);
    }
    Some(split)
}
