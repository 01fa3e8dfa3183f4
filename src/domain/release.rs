//! Releases: one version of a workflow's agent, and the states it can be in.

use serde::{Deserialize, Serialize};

/// Where a release stands. Moved by a recorded decision, a deployment event or by hand, never by traffic alone.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseState {
    /// Not live yet; traffic on it is shown as canary or pilot.
    #[default]
    Candidate,
    /// In production.
    Live,
    /// Taken back out of production.
    RolledBack,
    /// Out of use.
    Retired,
}

impl ReleaseState {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Live => "live",
            Self::RolledBack => "rolled_back",
            Self::Retired => "retired",
        }
    }

    /// The state of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Candidate, Self::Live, Self::RolledBack, Self::Retired].into_iter().find(|state| state.as_str() == name)
    }
}

/// What a deployment event says happened to a release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentKind {
    /// It was put where it takes traffic.
    #[default]
    Deployed,
    /// It was taken back.
    RolledBack,
    /// It was put out of use.
    Retired,
}

impl DeploymentKind {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::RolledBack => "rolled_back",
            Self::Retired => "retired",
        }
    }

    /// The kind of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Deployed, Self::RolledBack, Self::Retired].into_iter().find(|kind| kind.as_str() == name)
    }

    /// Where the event puts the release: only what happens in production moves it; elsewhere it is told and marked.
    #[must_use]
    pub fn moves_to(self, environment: &str) -> Option<ReleaseState> {
        let production = ["production", "prod", "live"].iter().any(|name| environment.eq_ignore_ascii_case(name));
        production.then_some(match self {
            Self::Deployed => ReleaseState::Live,
            Self::RolledBack => ReleaseState::RolledBack,
            Self::Retired => ReleaseState::Retired,
        })
    }
}
