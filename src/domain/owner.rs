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

/// Whom to tell after something has been overdue for `overdue_days`: the owner first, the backup after a week, the
/// admins after two; one who cannot act is passed over.
#[must_use]
pub fn audience(owner: Option<&Owner>, backup: Option<&Owner>, overdue_days: i64) -> Audience {
    let able = |owner: Option<&Owner>| owner.is_some_and(|owner| owner.active);
    match (able(owner), able(backup)) {
        (true, _) if overdue_days < 7 => Audience::Owner,
        (_, true) if overdue_days < 14 => Audience::Backup,
        (true, false) if overdue_days < 14 => Audience::Owner,
        _ => Audience::Admins,
    }
}
