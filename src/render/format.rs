//! Numbers, amounts, durations and times as people read them: `41.2 %`, `$0.031`, `1.2 s`, `23 Nov 2026, 03:00 UTC`.

use jiff::Timestamp;

/// The minus sign of figures (U+2212): as wide as a plus, so columns of differences line up.
const MINUS: char = '\u{2212}';

/// An integer with thousands separators, `1,234,567`.
pub fn count(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 3);
    if value < 0 {
        out.push(MINUS);
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `value` with `places` decimals, thousands separators and a proper minus; `no data` for what is not a number.
pub fn decimal(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return "no data".to_owned();
    }
    let fixed = format!("{:.places$}", value.abs());
    let (whole, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
    // Beyond 10^30 grouping is of no help; show the digits as they are.
    let whole = whole.parse::<i128>().map_or_else(|_| whole.to_owned(), count);
    let zero = fixed.chars().all(|c| c == '0' || c == '.');
    let sign = if value < 0.0 && !zero { MINUS.to_string() } else { String::new() };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A share of 1 as percent with one decimal, `41.2 %`. Never rounds to a bound that was not met: 0.9996 is
/// `99.9 %` and 0.0004 is `0.1 %`, so that "100 %" always means all and "0 %" none.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{} %", percent_number(share)) } else { "no data".to_owned() }
}

/// [`percent`] without its sign, for the bounds of an interval.
pub fn percent_number(share: f64) -> String {
    let shown = if share > 0.0 && share < 0.0005 {
        0.1
    } else if (0.9995..1.0).contains(&share) {
        99.9
    } else {
        share * 100.0
    };
    decimal(shown, 1)
}

/// A difference of shares in percentage points with its sign, `+2.1 pp`.
pub fn points(difference: f64) -> String {
    if difference.is_finite() { format!("{} pp", signed(difference * 100.0, 1)) } else { "no data".to_owned() }
}

/// `value` with its sign always written, `+2.1`; zero has none.
pub fn signed(value: f64, places: usize) -> String {
    let text = decimal(value, places);
    let plain = text.chars().all(|c| c == '0' || c == '.');
    if value > 0.0 && !plain { format!("+{text}") } else { text }
}

/// A number that is not a rate (a mean, a score): three significant digits below 100, thousands separators above.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let places = match size {
        s if s == 0.0 || s >= 100.0 => 0,
        s if s >= 10.0 => 1,
        s if s >= 1.0 => 2,
        _ => 3,
    };
    decimal(value, places)
}

/// An amount in nano-units of `currency` (ISO 4217), `$0.031`, `€1,204.50`, `CHF 12.00`. Small amounts keep two
/// significant digits, since one run of a small model costs far less than a cent.
pub fn money(nanos: f64, currency: &str) -> String {
    if !nanos.is_finite() {
        return "no data".to_owned();
    }
    let units = nanos / 1e9;
    let size = units.abs();
    let places = match size {
        s if s == 0.0 || s >= 1.0 => 2,
        s if s >= 0.01 => 3,
        s if s >= 0.001 => 4,
        s if s >= 0.0001 => 5,
        s if s >= 0.00001 => 6,
        _ => 9,
    };
    let amount = decimal(size, places);
    let sign = if nanos < 0.0 { MINUS.to_string() } else { String::new() };
    match currency {
        "USD" => format!("{sign}${amount}"),
        "EUR" => format!("{sign}€{amount}"),
        "GBP" => format!("{sign}£{amount}"),
        "" => format!("{sign}{amount}"),
        other => format!("{sign}{other} {amount}"),
    }
}

/// A length of time in microseconds, `0 s`, `350 µs`, `12 ms`, `1.2 s`, `2 min 5 s`, `3 h 4 min`, `2 d 3 h`.
pub fn duration(micros: f64) -> String {
    if !micros.is_finite() {
        return "no data".to_owned();
    }
    let sign = if micros < 0.0 { MINUS.to_string() } else { String::new() };
    let us = micros.abs();
    let seconds = us / 1e6;
    let body = if us == 0.0 {
        "0 s".to_owned()
    } else if us < 1e3 {
        format!("{us:.0} µs")
    } else if us < 1e6 {
        format!("{:.0} ms", us / 1e3)
    } else if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 60.0 {
        format!("{seconds:.0} s")
    } else if seconds < 3_600.0 {
        two(seconds, 60.0, "min", 1.0, "s")
    } else if seconds < 86_400.0 {
        two(seconds, 3_600.0, "h", 60.0, "min")
    } else {
        two(seconds, 86_400.0, "d", 3_600.0, "h")
    };
    format!("{sign}{body}")
}

fn two(seconds: f64, large: f64, large_name: &str, small: f64, small_name: &str) -> String {
    let whole = (seconds / large).floor();
    let rest = ((seconds - whole * large) / small).floor();
    if rest == 0.0 {
        format!("{whole:.0} {large_name}")
    } else {
        format!("{whole:.0} {large_name} {rest:.0} {small_name}")
    }
}

/// Microseconds since 1970 as RFC 3339 in UTC with six decimals; the bare number for what no calendar holds.
pub fn rfc3339(micros: i64) -> String {
    match Timestamp::from_microsecond(micros) {
        Ok(at) => format!("{at:.6}"),
        Err(_) => micros.to_string(),
    }
}

/// What [`rfc3339`] wrote, read again; `None` when it is no time.
pub fn micros(text: &str) -> Option<i64> {
    match text.parse::<Timestamp>() {
        Ok(at) => Some(at.as_microsecond()),
        Err(_) => text.parse().ok(),
    }
}

/// Microseconds since 1970 for a reader, `23 Nov 2026, 03:00 UTC`.
pub fn date_time(micros: i64) -> String {
    match Timestamp::from_microsecond(micros) {
        Ok(at) => at.strftime("%-d %b %Y, %H:%M UTC").to_string(),
        Err(_) => "an impossible time".to_owned(),
    }
}

/// Only the day, `23 Nov 2026`.
pub fn date(micros: i64) -> String {
    match Timestamp::from_microsecond(micros) {
        Ok(at) => at.strftime("%-d %b %Y").to_string(),
        Err(_) => "an impossible time".to_owned(),
    }
}

/// The first twelve hexadecimal digits of a digest, with its algorithm's prefix left off.
pub fn short_digest(digest: &str) -> String {
    let hex = digest.rsplit(':').next().unwrap_or(digest);
    hex.chars().take(12).collect()
}

/// An id shortened for a table: the prefix and the last eight digits, `run_…1a2b3c4d` (the first digits of a
/// version 7 id are its time, alike for neighbours).
pub fn short_id(id: &str) -> String {
    match id.split_once('_') {
        Some((prefix, rest)) if rest.chars().count() > 10 => {
            let skip = rest.chars().count() - 8;
            format!("{prefix}_…{}", rest.chars().skip(skip).collect::<String>())
        }
        _ => id.to_owned(),
    }
}
