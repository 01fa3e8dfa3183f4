//! How far a gate has come.

use serde::{Deserialize, Serialize};

/// How far a gate has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// Asked; nothing is frozen yet.
    Open,
    /// Its evidence is frozen and waits for a decision.
    Frozen,
    /// A decision rests on its latest evidence.
    Decided,
}

impl GateState {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Frozen => "frozen",
            Self::Decided => "decided",
        }
    }

    /// The state of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Frozen, Self::Decided].into_iter().find(|state| state.as_str() == name)
    }
}
