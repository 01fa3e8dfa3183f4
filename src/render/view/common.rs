//! The small parts that several pages share.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::render::format;

/// Text that tries everything a run might: markup, attribute escapes, template syntax, Markdown, mentions,
/// bidirectional and other control characters. Samples put it wherever a run's text is shown.
pub const HOSTILE: &str = "\u{202e}</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{csrf}} [a](javascript:alert(1)) \
    `code` | **bold** @everyone #1 https://evil.example \u{202e}txt.exe\u{2066} \u{0}\u{1b}[31m\u{7f} \u{200b}end\r\n# heading";

/// A point in time, microseconds since 1970 UTC, written as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Time(pub i64);

impl Time {
    /// A fixed time for samples: 2026-11-23 03:00 UTC, plus `minutes`.
    pub fn sample(minutes: i64) -> Self {
        Self(1_795_402_800_000_000 + minutes * 60_000_000)
    }
}

impl From<i64> for Time {
    fn from(micros: i64) -> Self {
        Self(micros)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format::rfc3339(self.0))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        format::micros(&text).map(Self).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a time")))
    }
}

/// A link with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Link {
    /// Path of this service (or an `https:` address); the template drops any other scheme.
    pub href: String,
    /// What the link says.
    pub label: String,
}

impl Link {
    /// A link to `href` that says `label`.
    pub fn new(href: impl Into<String>, label: impl Into<String>) -> Self {
        Self { href: href.into(), label: label.into() }
    }
}

/// A name and a value, both shown as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyValue {
    /// The name.
    pub key: String,
    /// The value.
    pub value: String,
}

impl KeyValue {
    /// `key` with `value`.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// One choice of a select, radio or check box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SelectOption {
    /// What the form sends.
    pub value: String,
    /// What the person reads.
    pub label: String,
    /// Chosen when the page opens.
    pub selected: bool,
}

impl SelectOption {
    /// A choice that is not selected.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), selected: false }
    }

    /// The same choice, selected when `yes`.
    #[must_use]
    pub fn selected(mut self, yes: bool) -> Self {
        self.selected = yes;
        self
    }
}

/// A filter that is on: its text and the address without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterChip {
    /// `release: 1.4.0`.
    pub label: String,
    /// The list without this filter (or with it, when it is off).
    pub href: String,
    /// Whether the filter is on.
    pub on: bool,
}

/// One field of the filter form above a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// Name of the query parameter.
    pub name: String,
    /// Label of the field.
    pub label: String,
    /// Choices; a text field when empty.
    pub options: Vec<SelectOption>,
    /// Present value of a text field.
    pub value: String,
}

/// A field that somebody else saved differently while a form was open, beside what was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeanwhileRow {
    /// What it is called.
    pub label: String,
    /// What is saved now.
    pub saved: String,
    /// What was typed.
    pub typed: String,
}

impl MeanwhileRow {
    /// What `label` says now, and what was typed.
    pub fn new(label: impl Into<String>, saved: impl Into<String>, typed: impl Into<String>) -> Self {
        Self { label: label.into(), saved: saved.into(), typed: typed.into() }
    }
}

/// The head of the column along which a list goes, with the list the other way round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SortHead {
    /// What the column is called.
    pub label: String,
    /// `ascending` or `descending`.
    pub direction: String,
    /// The list the other way round.
    pub href: String,
}

impl SortHead {
    /// A list that goes from the newest on.
    pub fn sample(label: &str) -> Self {
        let (label, direction) = (label.to_owned(), "descending".to_owned());
        Self { label, direction, href: "/p/demo/runs?sort=oldest".to_owned() }
    }
}

/// Links to the neighbouring pages of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Pager {
    /// The page before, if there is one.
    pub previous: Option<String>,
    /// The page after, if there is one.
    pub next: Option<String>,
    /// What this page holds, in words: `50 of 1,204 runs, newest first`.
    pub note: String,
}

/// A list with nothing in it: what to do next, with a command to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Empty {
    /// Short statement: `No runs yet`.
    pub title: String,
    /// What to do next.
    pub text: String,
    /// A command to copy, where one helps.
    pub command: Option<String>,
    /// A page that helps.
    pub action: Option<Link>,
}

impl Empty {
    /// The empty state of a project without runs: how to send the first.
    pub fn no_runs(base_url: &str) -> Self {
        Self {
            title: "No runs yet".to_owned(),
            text: "Point your agent's OpenTelemetry exporter at this server, or send one run to see the loop."
                .to_owned(),
            command: Some(format!(
                "export OTEL_EXPORTER_OTLP_ENDPOINT={base_url} \\\n  OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\\n  \
                 OTEL_EXPORTER_OTLP_HEADERS=\"authorization=Bearer $SEATRIAL_API_KEY\""
            )),
            action: Some(Link::new("/api/docs", "Browse the API")),
        }
    }
}

/// Who maintains something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Name of the person or team.
    pub name: String,
    /// What the owner may be reached by; shown as text.
    pub contact: Option<String>,
}

/// Whether a scorecard can be relied on, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Freshness {
    /// `fresh`, `due`, `stale` or `never`.
    pub state: String,
    /// Why, in words, heaviest first; empty when fresh.
    pub reasons: Vec<String>,
    /// When the next review is due.
    pub due_at: Option<Time>,
}

impl Freshness {
    /// A stale scorecard, for samples.
    pub fn sample_stale() -> Self {
        Self {
            state: "stale".to_owned(),
            reasons: vec![
                "Review overdue by 9 days.".to_owned(),
                "Release 1.4.0 went live after the last review.".to_owned(),
            ],
            due_at: Some(Time::sample(-9 * 1440)),
        }
    }
}

/// Something missing from the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Gap {
    /// Kind of gap, snake case: `too_few_runs`, `no_owner`, `stale_scorecard`, …
    pub kind: String,
    /// What is missing, in words.
    pub what: String,
    /// Who closes it; `None` is *unowned*.
    pub owner: Option<String>,
    /// The next step: smaller pilot, clearer gate or better measurement, in words.
    pub next_step: String,
}

impl Gap {
    /// One owned and one unowned gap, for samples.
    pub fn samples() -> Vec<Self> {
        vec![
            Self {
                kind: "no_eval_coverage".to_owned(),
                what: "No eval case covers the failure class amount_mismatch.".to_owned(),
                owner: None,
                next_step: "Clearer gate: promote one of its 14 open failures.".to_owned(),
            },
            Self {
                kind: "too_few_runs".to_owned(),
                what: "Segment customer_tier = enterprise has 31 settled runs; the floor is 50.".to_owned(),
                owner: Some("Ana Reyes".to_owned()),
                next_step: "Smaller pilot: route enterprise traffic for two more days.".to_owned(),
            },
        ]
    }
}
