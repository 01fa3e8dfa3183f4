//! Identifiers: one newtype per kind of thing, so that a run's id cannot be passed where a release's is wanted.
//!
//! An id is a UUID (version 7, so ids sort by creation) shown with a prefix naming its kind:
//! `run_0192f3c1a2b37d4e8f90a1b2c3d4e5f6`. Making one needs the time and randomness, which callers pass in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A text that is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {kind} id: expected `{prefix}_` and 32 hexadecimal digits")]
pub struct ParseIdError {
    given: String,
    kind: &'static str,
    prefix: &'static str,
}

/// Builds a version 7 UUID from Unix milliseconds and ten random bytes.
#[must_use]
pub fn uuid_v7(unix_ms: u64, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($prefix:literal, $kind:literal);)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix that texts of this id begin with.
            pub const PREFIX: &'static str = $prefix;

            /// From a UUID that is known to name this kind of thing.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }

            /// The UUID, for storage.
            #[must_use]
            pub const fn uuid(self) -> Uuid { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.as_simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|hex| hex.len() == 32)
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| ParseIdError { given: text.chars().take(48).collect(), kind: $kind, prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { serializer.collect_str(self) }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// A project: the tenant boundary.
    ProjectId("prj", "project");
    /// A person who can sign in.
    AccountId("acc", "account");
    /// The filters of a list under a name.
    SavedViewId("view", "saved view");
    /// A named group of members.
    TeamId("team", "team");
    /// A credential for programs.
    ApiKeyId("key", "API key");
    /// A signed-in browser.
    SessionId("ses", "session");
    /// Somebody asked into a project.
    InvitationId("inv", "invitation");
    /// One kind of work an agent does.
    WorkflowId("wf", "workflow");
    /// One version of a workflow's agent.
    ReleaseId("rel", "release");
    /// A deployment event of a release.
    DeploymentId("dep", "deployment");
    /// One execution of a workflow on a release.
    RunId("run", "run");
    /// Something appended to a run after its trace or report.
    FactId("fact", "fact");
    /// A reusable test made from a run.
    CaseId("case", "eval case");
    /// One act of a reviewer on one or many failures.
    ActId("act", "triage act");
    /// A versioned set of eval cases.
    SuiteId("suite", "eval suite");
    /// What a runner says of one eval case on one release.
    EvalResultId("res", "eval result");
    /// Failures that have the same cause.
    PatternId("pat", "failure pattern");
    /// The checks a workflow is held to.
    ScorecardId("sc", "scorecard");
    /// A person's statement that a scorecard still holds.
    AttestationId("att", "attestation");
    /// The rules a gate decides by.
    PolicyId("pol", "policy");
    /// The question whether a release may go on.
    GateId("gate", "gate");
    /// The answer a person recorded.
    DecisionId("dec", "decision");
    /// A decision that waits for a second person.
    ProposalId("prop", "proposal");
    /// An entry of the audit log.
    AuditId("aud", "audit entry");
    /// A message waiting to leave.
    MessageId("msg", "message");
    /// A webhook endpoint.
    WebhookId("wh", "webhook");
    /// A check that is left out for a while.
    ExemptionId("exm", "exemption");
    /// Something missing from the evidence of a release.
    GapId("gap", "gap");
    /// What is done about an alert, a gap, a failure pattern or a decision.
    ResponseId("rsp", "response");
    /// What a person was told.
    NoticeId("ntc", "notice");
    /// A change that is watched for.
    AlertId("alr", "alert");
}
