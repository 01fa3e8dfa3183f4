//! Owners: the account or team that answers for a scorecard, a workflow or a gap.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{AccountId, ParseIdError, TeamId};

/// Who owns something, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerId {
    /// One person.
    Account(AccountId),
    /// A named group of members; a notice reaches each of them.
    Team(TeamId),
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => id.fmt(f),
            Self::Team(id) => id.fmt(f),
        }
    }
}

impl FromStr for OwnerId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text.starts_with("team_") { text.parse().map(Self::Team) } else { text.parse().map(Self::Account) }
    }
}

impl Serialize for OwnerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OwnerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An owner as it was when something was frozen or judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The account or team.
    #[schema(value_type = String, example = "acc_0192f3c1a2b37d4e8f90a1b2c3d4e5f6")]
    pub id: OwnerId,
    /// Its name then. Written by people: escape it where it is shown.
    pub name: String,
    /// Whether it can act: the account is enabled and a member, or the team has such a member.
    pub active: bool,
}

impl OwnerId {
    /// The account, when it is one person.
    #[must_use]
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Self::Account(id) => Some(id),
            Self::Team(_) => None,
        }
    }
}

impl From<AccountId> for OwnerId {
    fn from(id: AccountId) -> Self {
        Self::Account(id)
    }
}

impl From<TeamId> for OwnerId {
    fn from(id: TeamId) -> Self {
        Self::Team(id)
    }
}

/// Whom to tell about something that waits for its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The owner.
    Owner,
    /// The backup.
    Backup,
    /// The project's admins.
    Admins,
}

/// The first of owner and backup that can act.
#[must_use]
pub fn responsible<'a>(owner: Option<&'a Owner>, backup: Option<&'a Owner>) -> Option<&'a Owner> {
    [owner, backup].into_iter().flatten().find(|owner| owner.active)
}

/// How long after one reminder the next is due, in days: a quarter of the cadence, at least a day, at most a month. What
/// is re-read every week is asked for every day, what is re-read every quarter every three weeks.
#[must_use]
pub const fn pace_days(cadence_days: u32) -> u32 {
    match cadence_days / 4 {
        0 => 1,
        days if days > 30 => 30,
        days => days,
    }
}

/// Whom the `step`-th notice reaches, counted from 0 when the thing fell due: the owner; from the second on the backup
/// too; from the third on the project's admins. One who cannot act is passed over; where nobody is left, the admins.
#[must_use]
pub fn audience(owner: Option<&Owner>, backup: Option<&Owner>, step: i64) -> Vec<Audience> {
    let able = |owner: Option<&Owner>| owner.is_some_and(|owner| owner.active);
    let mut told = Vec::new();
    if able(owner) {
        told.push(Audience::Owner);
    }
    if able(backup) && (step >= 1 || told.is_empty()) {
        told.push(Audience::Backup);
    }
    if step >= 2 || told.is_empty() {
        told.push(Audience::Admins);
    }
    told
}
