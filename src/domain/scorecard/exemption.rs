//! Exemptions: a check that is left out for a while, by two people and never silently.

use serde::{Deserialize, Serialize};

use crate::access::Actor;
use crate::ids::ExemptionId;
use crate::time::Timestamp;

/// The longest an exemption can last: longer than that, the scorecard should say something else.
pub const EXEMPTION_DAYS: i64 = 90;

/// A check that neither blocks nor demands anything until a date. It never counts as a pass: what a key check has not
/// shown by itself is not shown, so with one exempted the machine does not recommend shipping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ExemptionId,
    /// The check's key on the scorecard.
    pub check: String,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub requested_by: Actor,
    /// Who approved it; somebody else. Until then it has no effect.
    pub approved_by: Option<Actor>,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When somebody ended it before.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

impl Exemption {
    /// Whether it has an effect at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.approved_by.is_some() && self.ended_at.is_none() && now < self.expires_at
    }

    /// Where it stands at `now`, in one word.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self {
            Self { ended_at: Some(_), .. } => "ended",
            _ if now >= self.expires_at => "expired",
            Self { approved_by: None, .. } => "requested",
            _ => "in_force",
        }
    }

    /// In words, for a recommendation.
    #[must_use]
    pub fn words(&self) -> String {
        let approver = self.approved_by.as_ref().map_or("nobody", |actor| actor.display_name.as_str());
        format!(
            "exempted until {} (asked for by {}, approved by {approver}): {}",
            &self.expires_at.to_string()[..10],
            self.requested_by.display_name,
            self.reason
        )
    }
}
