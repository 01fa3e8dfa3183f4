//! Notices: what people and programs are told about, and what a person can turn off.

use serde::{Deserialize, Serialize};

/// What a notice is about. A person turns mails off by topic; the inbox keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A scorecard is due, stale or unowned.
    Review,
    /// A decision was recorded.
    Decision,
    /// A gap of the evidence was given to somebody, or is overdue.
    Gap,
    /// A response was given to somebody, is overdue, or was closed.
    Response,
    /// An exemption waits for its approval.
    Exemption,
    /// A failure pattern that was fixed came back.
    Pattern,
    /// A live release behaves otherwise than before, or does so no longer.
    Alert,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 7] =
        [Self::Review, Self::Decision, Self::Gap, Self::Response, Self::Exemption, Self::Pattern, Self::Alert];

    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Decision => "decision",
            Self::Gap => "gap",
            Self::Response => "response",
            Self::Exemption => "exemption",
            Self::Pattern => "pattern",
            Self::Alert => "alert",
        }
    }

    /// The topic of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }

    /// In words, as the subject of a choice.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Review => "Scorecards that are due, stale or without an owner",
            Self::Decision => "Recorded decisions",
            Self::Gap => "Gaps of the evidence",
            Self::Response => "Responses",
            Self::Exemption => "Exemptions that wait for approval",
            Self::Pattern => "Failure patterns that came back",
            Self::Alert => "Alerts of live releases",
        }
    }
}
