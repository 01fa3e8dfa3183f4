//! Who may do what: roles of people, scopes of API keys, and the permissions that both resolve to.
//!
//! A handler never asks for a role; it asks for a [`Permission`]. Roles and scopes are resolved to a
//! [`PermissionSet`] when they are used, never stored in a token, so a removed role is gone at once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Declares an enum whose values have one snake_case name, used in the API, the database and messages.
macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident, $noun:literal { $($(#[$vmeta:meta])* $variant:ident => $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The snake_case name used in the API, the database and messages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| UnknownName {
                    noun: $noun,
                    known: Self::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

/// A name that is no role, permission, scope or actor kind. The message lists the known names and
/// does not repeat the given one, which is foreign text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {noun}; use one of: {known}")]
pub struct UnknownName {
    /// What the name was expected to be, for example `role`.
    pub noun: &'static str,
    /// The known names, comma separated.
    pub known: String,
}

named_enum! {
    /// A person's role in one project. A person may hold several; their permissions add up.
    Role, "role" {
        /// Reads everything in the project.
        Viewer => "viewer",
        /// Works the failures: labels, promotes, links, dismisses, confirms outcomes.
        Reviewer => "reviewer",
        /// Keeps scorecards and suites honest: edits, attests, opens gates on them.
        Owner => "owner",
        /// Opens and freezes gates, decides about releases, approves as the second person.
        ReleaseManager => "release_manager",
        /// Everything in the project, members, keys and settings included.
        Admin => "admin",
    }
}

named_enum! {
    /// One kind of act that a handler can ask for.
    Permission, "permission" {
        /// Read runs, their facts, traces and failures. Traces may hold what customers wrote.
        ReadRuns => "read_runs",
        /// Read signals, cases, scorecards, gates, decisions and artifacts.
        ReadEvidence => "read_evidence",
        /// Send runs and traces.
        WriteRuns => "write_runs",
        /// Add late facts to a run: approvals, rescues, corrected outcomes, costs, scores.
        AddFacts => "add_facts",
        /// Promote, link or dismiss a failure; edit eval cases.
        Triage => "triage",
        /// Share saved views of lists with the project; change and remove those that are shared.
        ShareViews => "share_views",
        /// Record the result of an eval case on a release.
        WriteEvalResults => "write_eval_results",
        /// Declare workflows, their observed facts and settle window, and their releases.
        EditWorkflows => "edit_workflows",
        /// Write a new version of a scorecard.
        EditScorecards => "edit_scorecards",
        /// State that a scorecard was re-read and still holds. A person's act.
        Attest => "attest",
        /// Open a gate for a release.
        OpenGates => "open_gates",
        /// Freeze the evidence of a gate into a bundle.
        Freeze => "freeze",
        /// Record a decision. A person's act.
        Decide => "decide",
        /// Approve as the second person. A person's act.
        ApproveSecond => "approve_second",
        /// Open, work and close responses to alerts and decisions.
        ManageResponses => "manage_responses",
        /// Read the audit log.
        ReadAudit => "read_audit",
        /// Add and remove members, give and take roles.
        ManageMembers => "manage_members",
        /// Create and revoke API keys.
        ManageKeys => "manage_keys",
        /// Change the project's settings: prices, retention, webhooks, mail.
        ManageProject => "manage_project",
    }
}

named_enum! {
    /// What an API key was made for. A key may hold several; their permissions add up.
    Scope, "scope" {
        /// Send runs and traces.
        Ingest => "ingest",
        /// Read everything in the project except the audit log.
        Read => "read",
        /// Add late facts to runs.
        Facts => "facts",
        /// Promote, link and dismiss failures, record eval results.
        Triage => "triage",
        /// What a pipeline needs: open and freeze gates, read the decision. Not: decide.
        Gate => "gate",
        /// Administer the project by machine. Not: attest, decide or approve.
        Admin => "admin",
    }
}

named_enum! {
    /// Who is behind an act.
    ActorKind, "actor kind" {
        /// A person who signed in.
        Account => "account",
        /// A machine with an API key.
        ApiKey => "api_key",
        /// Seatrial itself: a worker, a migration, the command line on the server.
        System => "system",
    }
}

impl Permission {
    /// True for acts that only a person can do: a machine may recommend and prepare, never decide.
    pub const fn is_human_act(self) -> bool {
        matches!(self, Self::Attest | Self::Decide | Self::ApproveSecond)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(u32);

impl PermissionSet {
    /// The set that grants nothing.
    pub const EMPTY: Self = Self(0);

    /// The set of the given permissions.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < permissions.len() {
            bits |= permissions[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// Every permission there is.
    pub const fn all() -> Self {
        Self::of(Permission::ALL)
    }

    /// What either set grants.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What this set grants and the other does not.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set grants `permission`.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether this set grants everything that `other` grants.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether the set grants nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The granted permissions, in the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<PermissionSet> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = PermissionSet>>(sets: I) -> Self {
        sets.into_iter().fold(Self::EMPTY, Self::union)
    }
}

const READ: PermissionSet = PermissionSet::of(&[Permission::ReadRuns, Permission::ReadEvidence]);
const TRIAGE: PermissionSet = PermissionSet::of(&[
    Permission::AddFacts,
    Permission::Triage,
    Permission::ShareViews,
    Permission::WriteEvalResults,
]);
const KEEP: PermissionSet = PermissionSet::of(&[
    Permission::EditWorkflows,
    Permission::EditScorecards,
    Permission::Attest,
    Permission::OpenGates,
    Permission::Freeze,
    Permission::ManageResponses,
]);
const RELEASE: PermissionSet = PermissionSet::of(&[
    Permission::OpenGates,
    Permission::Freeze,
    Permission::Decide,
    Permission::ApproveSecond,
    Permission::ManageResponses,
    Permission::ReadAudit,
]);
const HUMAN_ACTS: PermissionSet =
    PermissionSet::of(&[Permission::Attest, Permission::Decide, Permission::ApproveSecond]);

impl Role {
    /// What the role grants.
    pub const fn permissions(self) -> PermissionSet {
        match self {
            Self::Viewer => READ,
            Self::Reviewer => READ.union(TRIAGE),
            Self::Owner => READ.union(TRIAGE).union(KEEP),
            Self::ReleaseManager => READ.union(TRIAGE).union(RELEASE),
            Self::Admin => PermissionSet::all(),
        }
    }

    /// Whether the role grants `permission`.
    pub const fn grants(self, permission: Permission) -> bool {
        self.permissions().contains(permission)
    }
}

impl Scope {
    /// What the scope grants. No scope grants an act that only a person can do.
    pub const fn permissions(self) -> PermissionSet {
        match self {
            Self::Ingest => PermissionSet::of(&[Permission::WriteRuns]),
            Self::Read => READ,
            Self::Facts => PermissionSet::of(&[Permission::AddFacts]),
            Self::Triage => READ.union(TRIAGE),
            Self::Gate => PermissionSet::of(&[
                Permission::ReadEvidence,
                Permission::OpenGates,
                Permission::Freeze,
                Permission::WriteEvalResults,
            ]),
            Self::Admin => PermissionSet::all().without(HUMAN_ACTS),
        }
    }

    /// Whether the scope grants `permission`.
    pub const fn grants(self, permission: Permission) -> bool {
        self.permissions().contains(permission)
    }
}

/// Who did something, as the audit log, decisions and facts record it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// Its public id: an account's, an API key's, or the name of the part of the system.
    pub id: String,
    /// Its name at the time of the act, for people. Written by people: escape it where it is shown.
    pub display_name: String,
}

impl Actor {
    /// A person, by the public id of their account.
    pub fn account(id: impl Into<String>, display_name: impl Into<String>) -> Self {
        Self { kind: ActorKind::Account, id: id.into(), display_name: display_name.into() }
    }

    /// A machine, by the public id of its API key.
    pub fn api_key(id: impl Into<String>, display_name: impl Into<String>) -> Self {
        Self { kind: ActorKind::ApiKey, id: id.into(), display_name: display_name.into() }
    }

    /// A part of Seatrial, for example `scorecard-worker`.
    pub fn system(part: &'static str) -> Self {
        Self { kind: ActorKind::System, id: part.to_owned(), display_name: "Seatrial".to_owned() }
    }
}

/// An actor together with what it may do in one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who.
    pub actor: Actor,
    /// What they may do.
    pub permissions: PermissionSet,
}

impl Access {
    /// A person with the given roles.
    pub fn of_account(actor: Actor, roles: &[Role]) -> Self {
        Self { actor, permissions: roles.iter().map(|role| role.permissions()).collect() }
    }

    /// A machine with the given scopes.
    pub fn of_api_key(actor: Actor, scopes: &[Scope]) -> Self {
        Self { actor, permissions: scopes.iter().map(|scope| scope.permissions()).collect() }
    }

    /// A part of Seatrial: everything except the acts of a person.
    pub fn of_system(part: &'static str) -> Self {
        Self { actor: Actor::system(part), permissions: PermissionSet::all().without(HUMAN_ACTS) }
    }

    /// Succeeds when `permission` is granted.
    ///
    /// # Errors
    /// [`Denied`] with the permission that is missing. The two kinds of error are worded for the
    /// reader by the layer above.
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        let machine_as_person = permission.is_human_act() && self.actor.kind != ActorKind::Account;
        if self.permissions.contains(permission) && !machine_as_person { Ok(()) } else { Err(Denied { permission }) }
    }
}

/// An act was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs the permission {permission}, which you do not have in this project")]
pub struct Denied {
    /// The permission that is missing.
    pub permission: Permission,
}
