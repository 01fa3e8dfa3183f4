//! Responses: what is done about a gap, a failure pattern, a decision or an alert, by whom, until when, and whether it
//! moved what it was meant to move.

use serde::{Deserialize, Serialize};

use crate::cell::Counts;
use crate::signal::{Direction, Signal};
use crate::stats::interval::{newcombe, wilson};
use crate::stats::round9;
use crate::time::Timestamp;

macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident => $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name used in storage and the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value of a name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }
    };
}
pub(crate) use named;

named! {
    /// What is done.
    ResponseKind {
        /// Take the release back.
        Rollback => "rollback",
        /// Let the agent do less.
        TightenPermissions => "tighten_permissions",
        /// Ask a person more often, or a better one.
        StrengthenApproval => "strengthen_approval",
        /// Look at more successful runs.
        IncreaseSampling => "increase_sampling",
        /// Test for it from now on.
        UpdateEvalSet => "update_eval_set",
    }
}

named! {
    /// What it is about.
    OriginKind {
        /// Something missing from the evidence.
        Gap => "gap",
        /// Failures of one kind.
        FailurePattern => "failure_pattern",
        /// An answer that was recorded.
        Decision => "decision",
        /// A detected change.
        Alert => "alert",
    }
}

named! {
    /// How far it has come.
    ResponseState {
        /// Somebody is to do it.
        Open => "open",
        /// It was done, by a person, by Seatrial, or by a system that acknowledged it; its effect is awaited.
        Acted => "acted",
        /// What was done and what it moved are written down.
        Closed => "closed",
        /// It is not to be done after all.
        Cancelled => "cancelled",
    }
}

impl ResponseKind {
    /// Whether Seatrial does it itself. The others are asked of other systems by webhook.
    #[must_use]
    pub const fn is_internal(self) -> bool {
        matches!(self, Self::IncreaseSampling | Self::UpdateEvalSet)
    }

    /// In words, as an order.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Rollback => "Roll back",
            Self::TightenPermissions => "Tighten permissions",
            Self::StrengthenApproval => "Strengthen approval",
            Self::IncreaseSampling => "Increase sampling",
            Self::UpdateEvalSet => "Update the eval set",
        }
    }

    /// The signal it is meant to move, unless somebody says another.
    #[must_use]
    pub const fn signal(self) -> Signal {
        match self {
            Self::Rollback => Signal::SuccessRate,
            Self::TightenPermissions => Signal::HighCostFailureRate,
            Self::StrengthenApproval => Signal::RescueRate,
            Self::IncreaseSampling | Self::UpdateEvalSet => Signal::SuccessRate,
        }
    }
}

impl ResponseState {
    /// Whether it can still change.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }
}

/// A rate over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Stretch {
    /// From this time on.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Up to this time, exclusive.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// Runs with the property.
    pub numerator: u64,
    /// Runs of which it is known.
    pub denominator: u64,
    /// The rate; absent when no run is known.
    pub rate: Option<f64>,
    /// Lower end of Wilson's 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl Stretch {
    /// The stretch of a signal's rate.
    #[must_use]
    pub fn of(signal: &Signal, counts: &Counts, from: Timestamp, to: Timestamp) -> Self {
        let (top, bottom) = signal.rate(counts).unwrap_or_default();
        Self::counted(u64::try_from(top).unwrap_or_default(), u64::try_from(bottom).unwrap_or_default(), from, to)
    }

    /// The stretch of `s` among `n`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown with nine digits")]
    pub fn counted(s: u64, n: u64, from: Timestamp, to: Timestamp) -> Self {
        let interval = wilson(s, n, crate::signal::SHOWN_ALPHA);
        Self {
            from,
            to,
            numerator: s,
            denominator: n,
            rate: (n > 0).then(|| round9(s as f64 / n as f64)),
            low: interval.map(|interval| round9(interval.low)),
            high: interval.map(|interval| round9(interval.high)),
        }
    }
}

/// What a response moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectVerdict {
    /// The signal is better than before, beyond chance.
    Better,
    /// It is worse.
    Worse,
    /// It differs, and neither direction is better for it.
    Changed,
    /// The interval of the difference holds zero.
    NoMeasurableEffect,
    /// There is no run before or no run after to compare.
    TooEarly,
}

/// The signal a response was meant to move, before it and after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Effect {
    /// The signal.
    #[schema(value_type = String)]
    pub signal: Signal,
    /// Up to the act.
    pub before: Stretch,
    /// From the act on.
    pub after: Stretch,
    /// After minus before.
    pub difference: Option<f64>,
    /// Lower end of Newcombe's 95 % interval of it.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// What that says.
    pub verdict: EffectVerdict,
    /// In words, with the figures. Two times differ in more than the response: it does not prove a cause.
    pub text: String,
}

/// Sets the time before an act against the time after it.
#[must_use]
pub fn effect(signal: &Signal, before: Stretch, after: Stretch) -> Effect {
    let interval =
        newcombe(after.numerator, after.denominator, before.numerator, before.denominator, crate::signal::SHOWN_ALPHA);
    let interval = interval.filter(|_| before.denominator > 0 && after.denominator > 0);
    let verdict = match (interval, signal.definition().direction) {
        (None, _) => EffectVerdict::TooEarly,
        (Some(d), _) if d.low <= 0.0 && d.high >= 0.0 => EffectVerdict::NoMeasurableEffect,
        (Some(d), Direction::HigherIsBetter) if d.low > 0.0 => EffectVerdict::Better,
        (Some(d), Direction::LowerIsBetter) if d.high < 0.0 => EffectVerdict::Better,
        (Some(_), Direction::ChangeMatters) => EffectVerdict::Changed,
        _ => EffectVerdict::Worse,
    };
    let difference = interval.and_then(|_| Some(round9(after.rate? - before.rate?)));
    let said = match verdict {
        EffectVerdict::Better => "Better than before",
        EffectVerdict::Worse => "Worse than before",
        EffectVerdict::Changed => "Changed",
        EffectVerdict::NoMeasurableEffect => "No measurable effect",
        EffectVerdict::TooEarly => "Too early to say",
    };
    let points = |x: f64| format!("{:+.1}", 100.0 * x);
    let difference_text = match (difference, interval) {
        (Some(value), Some(d)) => {
            format!("; {} points, 95 % interval {} to {}", points(value), points(d.low), points(d.high))
        }
        _ => String::new(),
    };
    let text = format!("{said}: {signal} {} before, {} after{difference_text}.", in_words(&before), in_words(&after));
    let (low, high) = (interval.map(|d| round9(d.low)), interval.map(|d| round9(d.high)));
    Effect { signal: signal.clone(), before, after, difference, low, high, verdict, text }
}

fn in_words(stretch: &Stretch) -> String {
    match stretch.rate {
        Some(rate) => format!("{:.1} % ({} of {})", 100.0 * rate, stretch.numerator, stretch.denominator),
        None => "no runs".to_owned(),
    }
}
