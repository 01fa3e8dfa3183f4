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
    let rounded = scaled(x).unwrap_or_else(|| by_decimals(x));
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Decimal formatting is exact and parsing correctly rounded, so this is the same everywhere.
fn by_decimals(x: f64) -> f64 {
    format!("{x:.8e}").parse().unwrap_or(x)
}

/// What [`by_decimals`] gives, a tenth of the time later: the digits as an integer, and a power of ten that is exact, so that
/// only one operation rounds. `None` where that is not certain: beyond those powers, or so near to the middle between two
/// figures that the error of scaling could decide.
fn scaled(x: f64) -> Option<f64> {
    let size = x.abs();
    let first_digit = POWERS.iter().rposition(|power| *power <= size);
    let power = match first_digit {
        Some(first_digit) => 8 - i32::try_from(first_digit).ok()?,
        None => {
            let places = POWERS.iter().position(|power| size * power >= 1.0)?;
            8 + i32::try_from(places).ok()?
        }
    };
    let exact = *POWERS.get(usize::try_from(power.unsigned_abs()).ok()?)?;
    let digits = if power < 0 { size / exact } else { size * exact };
    if digits > 1e9 {
        return None;
    }
    let (whole, part) = (digits.floor(), digits - digits.floor());
    if (part - 0.5).abs() < 1e-6 {
        return None;
    }
    let whole = if part > 0.5 { whole + 1.0 } else { whole };
    let rounded = if power < 0 { whole * exact } else { whole / exact };
    Some(rounded.copysign(x))
}

/// Powers of ten that a floating-point number holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Nine significant digits of a figure that may be unbounded: `None` when it is not finite.
#[must_use]
pub fn finite9(x: f64) -> Option<f64> {
    x.is_finite().then(|| round9(x))
}
