//! G-test and population stability index over class counts. For display beside a failure mix.

use super::special::{chi_square_upper_tail, ln};

/// A G statistic with its degrees of freedom and p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GTest {
    /// The statistic.
    pub g: f64,
    /// Classes seen in either sample, less one.
    pub degrees: u32,
    /// Upper tail of the chi-square law; a fixed-n figure, for the eye.
    pub p: f64,
}

/// G-test of homogeneity of two samples over the same classes, in the same order.
///
/// `None` when a sample is empty or the lengths differ. Classes empty in both are left out.
#[must_use]
pub fn g_test(first: &[u64], second: &[u64]) -> Option<GTest> {
    let (total_1, total_2) = totals(first, second)?;
    let all = total_1 + total_2;
    let mut g = 0.0;
    let mut classes = 0_u32;
    for (&a, &b) in first.iter().zip(second) {
        let row = (a + b) as f64;
        if row == 0.0 {
            continue;
        }
        classes += 1;
        for (count, total) in [(a as f64, total_1), (b as f64, total_2)] {
            if count > 0.0 {
                g += 2.0 * count * ln(count * all / (row * total));
            }
        }
    }
    let degrees = classes.saturating_sub(1);
    let g = g.max(0.0);
    Some(GTest { g, degrees, p: chi_square_upper_tail(g, degrees) })
}

/// Population stability index of two samples over the same classes.
///
/// When a class is empty in one sample only, half a count is added to every class of both, since
/// the index is infinite otherwise. `None` as for [`g_test`].
#[must_use]
pub fn psi(first: &[u64], second: &[u64]) -> Option<f64> {
    let (total_1, total_2) = totals(first, second)?;
    let pairs: Vec<(f64, f64)> =
        first.iter().zip(second).filter(|&(&a, &b)| a + b > 0).map(|(&a, &b)| (a as f64, b as f64)).collect();
    let lift = if pairs.iter().any(|&(a, b)| a == 0.0 || b == 0.0) { 0.5 } else { 0.0 };
    let added = lift * pairs.len() as f64;
    Some(
        pairs
            .iter()
            .map(|&(a, b)| {
                let (p, q) = ((a + lift) / (total_1 + added), (b + lift) / (total_2 + added));
                (p - q) * ln(p / q)
            })
            .sum(),
    )
}

fn totals(first: &[u64], second: &[u64]) -> Option<(f64, f64)> {
    if first.len() != second.len() {
        return None;
    }
    let (a, b) = (first.iter().sum::<u64>(), second.iter().sum::<u64>());
    (a > 0 && b > 0).then_some((a as f64, b as f64))
}
