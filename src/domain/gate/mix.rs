//! Whether failures are of another kind than before: the evidence, the figures for the eye, and the classes that moved.

use serde::{Deserialize, Serialize};

use super::words;
use crate::evidence::EvidenceBundle;
use crate::stats::class_mix::{ln_e_mix, moved_most};
use crate::stats::round::finite9;
use crate::stats::round9;
use crate::stats::test_statistics::{g_test, psi};

/// Classes named at most.
const NAMED: usize = 3;

/// One class that moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassMove {
    /// The class; empty for failures without one.
    pub class: String,
    /// Its failures of the baseline.
    pub baseline: u64,
    /// Its failures of the candidate.
    pub candidate: u64,
    /// Change of its share among failures.
    pub change: f64,
}

/// The mix of failure classes of the candidate beside the baseline's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MixShift {
    /// Failures of the baseline.
    pub baseline: u64,
    /// Failures of the candidate.
    pub candidate: u64,
    /// Logarithm of the evidence that the mix changed, valid at every look.
    pub ln_e: f64,
    /// Whether it has reached 1/α.
    pub changed: bool,
    /// The G statistic; for the eye.
    pub g: Option<f64>,
    /// Its fixed-n p-value; for the eye.
    pub p: Option<f64>,
    /// The population stability index; for the eye.
    pub psi: Option<f64>,
    /// The classes whose share moved most, the largest move first.
    pub moved: Vec<ClassMove>,
    /// In words, with figures.
    pub text: String,
}

/// Reads the mix; `None` without a baseline, or when an arm has no failures.
pub(super) fn mix_shift(bundle: &EvidenceBundle) -> Option<MixShift> {
    bundle.baseline.as_ref()?;
    let first: Vec<u64> = bundle.failure_mix.iter().map(|class| class.baseline).collect();
    let second: Vec<u64> = bundle.failure_mix.iter().map(|class| class.candidate).collect();
    let (baseline, candidate) = (first.iter().sum(), second.iter().sum());
    let test = g_test(&first, &second)?;
    let ln_e = round9(ln_e_mix(&first, &second));
    let changed = ln_e >= bundle.policy.bar();
    let moved: Vec<ClassMove> = moved_most(&first, &second, NAMED)
        .into_iter()
        .map(|(i, change)| ClassMove {
            class: bundle.failure_mix[i].class.clone(),
            baseline: first[i],
            candidate: second[i],
            change,
        })
        .collect();
    let evidence = words::evidence(ln_e, bundle.policy.bar());
    let start = if changed {
        format!("The mix of failures changed ({evidence})")
    } else {
        format!("There is no clear sign that the mix of failures changed ({evidence})")
    };
    let named: Vec<String> = moved.iter().map(|class| describe(class, baseline, candidate)).collect();
    let text = if named.is_empty() { format!("{start}.") } else { format!("{start}: {}.", named.join("; ")) };
    Some(MixShift {
        baseline,
        candidate,
        ln_e,
        changed,
        g: finite9(test.g),
        p: finite9(test.p),
        psi: psi(&first, &second).and_then(finite9),
        moved,
        text,
    })
}

fn describe(class: &ClassMove, baseline: u64, candidate: u64) -> String {
    let name = if class.class.is_empty() { "not classified" } else { &class.class };
    let share = |k: u64, n: u64| format!("{:.1} % of {} failures", 100.0 * k as f64 / n as f64, words::whole(n));
    format!("{name} {}, was {}", share(class.candidate, candidate), share(class.baseline, baseline))
}
