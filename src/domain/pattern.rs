//! Failure patterns: failures of one class with the same failing step and similar content, and the life of such a
//! pattern: new, confirmed, fixed in a release, watching, reopened when it recurs on that release or a later one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{PatternId, ReleaseId};
use crate::limits;
use crate::similarity::{BANDS, NEAR, Shingles, Signature, Sketch};
use crate::span::Span;
use crate::time::Timestamp;

/// Where a pattern stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PatternState {
    /// Failures were found to be alike; nobody has looked yet.
    New,
    /// A person says that it is one thing that goes wrong.
    Confirmed,
    /// It is said to be fixed in a release of which nothing was heard yet.
    Fixed,
    /// That release or a later one runs, and it has not come back.
    Watching,
    /// It came back on the release it was fixed in or on a later one.
    Reopened,
}

/// What changes where a pattern stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternAct {
    /// A person looked.
    Confirm,
    /// A person names the release that fixes it.
    Fix,
    /// The release it is fixed in, or a later one, runs.
    Watch,
    /// It recurred there, or a person takes the fix back.
    Reopen,
}

impl PatternState {
    /// Every state, in the order of a pattern's life.
    pub const ALL: [Self; 5] = [Self::New, Self::Confirmed, Self::Fixed, Self::Watching, Self::Reopened];

    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Confirmed => "confirmed",
            Self::Fixed => "fixed",
            Self::Watching => "watching",
            Self::Reopened => "reopened",
        }
    }

    /// The state of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Where an act leads from here; `None` when it cannot follow.
    #[must_use]
    pub const fn after(self, act: PatternAct) -> Option<Self> {
        match (self, act) {
            (Self::New, PatternAct::Confirm) => Some(Self::Confirmed),
            (Self::Confirmed | Self::Reopened, PatternAct::Fix) => Some(Self::Fixed),
            (Self::Fixed, PatternAct::Watch) => Some(Self::Watching),
            (Self::Fixed | Self::Watching, PatternAct::Reopen) => Some(Self::Reopened),
            _ => None,
        }
    }

    /// Whether a failure on the release it was fixed in, or on a later one, brings it back.
    #[must_use]
    pub const fn is_fixed(self) -> bool {
        matches!(self, Self::Fixed | Self::Watching)
    }
}

/// A release in the order in which the releases of its workflow were first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleasePlace {
    /// When it was first seen or made.
    pub first_seen_at: Timestamp,
    /// The release; tells two of the same moment apart.
    pub release: ReleaseId,
}

/// What failures are told apart by. A part that is not known does not tell them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The kind of miss.
    pub class: Option<String>,
    /// The failing step: a tool, an agent, or the name of a span.
    pub step: Option<String>,
    /// A sketch of what it says: the step's error, or what the agent was given.
    pub content: Option<Signature>,
    /// Numbers of which two alike contents probably have one in common.
    pub bands: [i64; BANDS],
}

impl Fingerprint {
    /// That of a failure with this class and step, and what it says.
    #[must_use]
    pub fn of(class: Option<String>, step: Option<String>, said: Option<&str>) -> Self {
        let sketch = said.and_then(|text| Shingles::of_text(text).sketch());
        Self {
            class,
            step,
            content: sketch.as_ref().map(Sketch::signature),
            // Failures of which nothing is known to be said share every number.
            bands: sketch.map(|sketch| sketch.bands()).unwrap_or_default(),
        }
    }

    /// Whether enough is known to say which others it is like: what it says, or else both its class and its step.
    #[must_use]
    pub const fn is_telling(&self) -> bool {
        self.content.is_some() || (self.class.is_some() && self.step.is_some())
    }

    /// How well a failure fits a pattern: how many of class and step are the same, and how alike the contents are;
    /// `None` when it is another one. Where a pattern's class or step is unknown, a failure that has one fits and makes
    /// it known, and the other way round: labelling does not tear a pattern apart. Where nothing is said, only the
    /// same class and step fit.
    #[must_use]
    pub fn fit(&self, pattern: &Self) -> Option<(u8, f64)> {
        let same = |a: &Option<String>, b: &Option<String>| a == b;
        let exact = u8::from(same(&self.class, &pattern.class)) + u8::from(same(&self.step, &pattern.step));
        match (&self.content, &pattern.content) {
            (Some(own), Some(other)) => {
                let fits = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
                let likeness = own.likeness(other);
                let fits = fits(&self.class, &pattern.class) && fits(&self.step, &pattern.step) && likeness >= NEAR;
                fits.then_some((exact, likeness))
            }
            (None, None) => (exact == 2).then_some((exact, 1.0)),
            _ => None,
        }
    }

    /// What is not known of a pattern, taken from a failure that is. Returns whether anything was.
    pub fn learn(&mut self, failure: &Self) -> bool {
        let mut learned = false;
        for (own, other) in [(&mut self.class, &failure.class), (&mut self.step, &failure.step)] {
            if own.is_none() && other.is_some() {
                own.clone_from(other);
                learned = true;
            }
        }
        learned
    }
}

/// The pattern that a failure belongs to: the one it is in, as long as it fits that; else the one it fits best, the
/// oldest of equals.
#[must_use]
pub fn choose<'a>(
    failure: &Fingerprint,
    present: Option<PatternId>,
    patterns: impl IntoIterator<Item = (PatternId, &'a Fingerprint)>,
) -> Option<PatternId> {
    let fitting = patterns.into_iter().filter_map(|(id, pattern)| failure.fit(pattern).map(|fit| (id, fit)));
    let best = fitting.max_by(|(a, (exact_a, like_a)), (b, (exact_b, like_b))| {
        let stays = |id: &PatternId| Some(*id) == present;
        let order = stays(a).cmp(&stays(b)).then(exact_a.cmp(exact_b));
        order.then(like_a.total_cmp(like_b)).then(b.cmp(a))
    });
    best.map(|(id, _)| id)
}

/// The step that failed, as the trace has it: of the spans with an error, those whose children have none are where it
/// began; of these the latest, since what came before was gone on from.
#[must_use]
pub fn failing_step(spans: &[Span]) -> Option<&Span> {
    let failed = || spans.iter().filter(|span| span.error.is_some());
    let caused = |span: &&Span| failed().all(|child| child.parent != Some(span.id) || child.trace_id != span.trace_id);
    failed().filter(caused).max_by_key(|span| (span.started_at, span.id))
}

/// The name of a step: the tool it called, else the name of its span.
#[must_use]
pub fn step_name(span: &Span) -> Option<String> {
    limits::label(span.tool.as_deref().unwrap_or(&span.name))
}

/// What a failure says: the kind of error of the step that failed, where there is one that says more than that there was
/// one; else what the agent was given, of a conversation its last message.
#[must_use]
pub fn said(error: Option<&str>, input: Option<&Value>) -> Option<String> {
    let error = error.map(str::trim).filter(|error| !error.is_empty() && *error != "error");
    match (error, input) {
        (Some(error), _) => Some(error.to_owned()),
        (None, Some(input)) => Some(Shingles::text_of(input)),
        (None, None) => None,
    }
}
