//! Coverage: how often an interval holds the true rate, at one look and at every look up to it.

use seatrial_domain::stats::interval::wilson;
use seatrial_domain::stats::sequence::{BURN_IN, asymptotic_half_width, ln_e_mixture};

use crate::experiment::BASES;
use crate::method::ALPHA;
use crate::report::{Plot, Table, percent};
use crate::stream::Draw;
use crate::tables::{met, strings};

/// Runs after which coverage is read.
const AT: [u64; 6] = [50, 100, 200, 500, 1_000, 2_000];

/// An interval at 95 %.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    /// Wilson's, read once, at this many runs.
    WilsonOnce,
    /// Wilson's, looked at after every run.
    WilsonAlways,
    /// The beta mixture's sequence, looked at after every run.
    Mixture,
    /// The asymptotic sequence of a mean, looked at after every run from its burn-in on.
    Asymptotic,
}

impl Shown {
    const ALL: [Self; 4] = [Self::Mixture, Self::Asymptotic, Self::WilsonAlways, Self::WilsonOnce];

    const fn name(self) -> &'static str {
        match self {
            Self::WilsonOnce => "Wilson, one look",
            Self::WilsonAlways => "Wilson, looked at after every run",
            Self::Mixture => "beta mixture, looked at after every run",
            Self::Asymptotic => "asymptotic sequence, looked at after every run",
        }
    }

    /// Whether it holds the true rate now.
    fn holds(self, rate: f64, successes: u64, n: u64) -> bool {
        match self {
            Self::WilsonOnce | Self::WilsonAlways => {
                wilson(successes, n, ALPHA).is_none_or(|interval| (interval.low..=interval.high).contains(&rate))
            }
            Self::Mixture => ln_e_mixture(successes, n, rate, 0.5, 0.5) < -ALPHA.ln(),
            Self::Asymptotic => {
                let mean = successes as f64 / n as f64;
                // A share of 0 or 1 has no spread that a mean's sequence could read.
                let spread = if n < BURN_IN || mean * (1.0 - mean) == 0.0 { None } else { Some(mean * (1.0 - mean)) };
                let half = spread.and_then(|spread| asymptotic_half_width(n, spread, 500.0, ALPHA));
                half.is_none_or(|half| (mean - rate).abs() <= half)
            }
        }
    }
}

/// Share of streams in which an interval held the truth: at the look, or at every look so far.
fn coverage(shown: Shown, rate: f64, experiment: u64, streams: u64) -> [f64; AT.len()] {
    let mut held = [0_u64; AT.len()];
    for number in 0..streams {
        let mut draw = Draw::new(experiment, number);
        let (mut successes, mut always) = (0, true);
        for n in 1..=AT[AT.len() - 1] {
            successes += u64::from(draw.hit(rate));
            let now = shown.holds(rate, successes, n);
            always &= now;
            if let Some(i) = AT.iter().position(|&at| at == n) {
                held[i] += u64::from(if shown == Shown::WilsonOnce { now } else { always });
            }
        }
    }
    held.map(|count| count as f64 / streams as f64)
}

/// The table, and the plot at a base rate of 0.9.
pub fn table(streams: u64, plots: &mut Vec<Plot>) -> Table {
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for (i, base) in (0..).zip(BASES) {
        for shown in Shown::ALL {
            let found = coverage(shown, base, 1_400 + i, streams);
            let anytime = matches!(shown, Shown::Mixture | Shown::Asymptotic);
            let mut row = vec![format!("base {base}, {}", shown.name())];
            row.extend(found.iter().map(|share| percent(*share)));
            row.push(if anytime { met(found[AT.len() - 1] >= 1.0 - ALPHA) } else { String::new() });
            rows.push(row);
            if base == 0.9 {
                let points = AT.iter().zip(found).map(|(n, share)| (*n as f64, share)).collect();
                lines.push((shown.name().to_owned(), points));
            }
        }
    }
    plots.push(Plot {
        title: "Coverage of 95 % intervals at base 0.9: of the sequences at every look so far".to_owned(),
        across: "runs".to_owned(),
        up: "share of streams whose interval held the truth".to_owned(),
        lines,
        level: Some(1.0 - ALPHA),
    });
    let mut head = strings(["interval"]);
    head.extend(AT.map(|n| format!("{n} runs")));
    head.push("at least 95 % at all looks".to_owned());
    Table {
        key: "coverage",
        title: "Coverage of the intervals".to_owned(),
        text: format!(
            "How often an interval at 95 % holds the true rate: Wilson's at the one look it was made for, and everything else \
             at every look up to so many runs. A fixed-n interval that is looked at again and again loses the truth sooner or \
             later; that is why it is for the eye and never decides. The asymptotic sequence, on which means and ratios \
             rest, promises its level for large numbers alone: of an amount as skewed as a rare outcome it loses the truth more \
             often than that, which is why no rate rests on it. {streams} streams."
        ),
        head,
        rows,
    }
}
