//! Rounding to nine significant digits, before a figure is compared, hashed or shown.

/// `x` rounded to nine significant decimal digits; negative zero becomes zero.
///
/// Infinities and NaN are returned as they are; canonical JSON refuses them, so a caller that
/// freezes figures represents them as absent.
#[must_use]
pub fn round9(x: f64) -> f64 {
    if !x.is_finite() {
        return x;
    }
    // Decimal formatting is exact and parsing correctly rounded, so this is the same everywhere.
    let rounded: f64 = format!("{x:.8e}").parse().unwrap_or(x);
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Nine significant digits of a figure that may be unbounded: `None` when it is not finite.
#[must_use]
pub fn finite9(x: f64) -> Option<f64> {
    x.is_finite().then(|| round9(x))
}
