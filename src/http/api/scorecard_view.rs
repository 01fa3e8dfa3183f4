//! Scorecards as the API shows and takes them.

use seatrial_domain::access::Actor;
use seatrial_domain::ids::{AttestationId, ScorecardId, WorkflowId};
use seatrial_domain::owner::{Owner, OwnerId};
use seatrial_domain::scorecard::{Check, Freshness, Scorecard, SegmentRef};
use seatrial_domain::time::Timestamp;
use seatrial_store::attestation::AttestationRow;
use seatrial_store::scorecard::{Definition, VersionRow};
use serde::{Deserialize, Serialize};

use crate::app::scorecard::ScorecardDetail;

/// Who did something.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ActorView {
    /// `account`, `api_key` or `system`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its name at the time.
    pub name: String,
}

impl From<Actor> for ActorView {
    fn from(actor: Actor) -> Self {
        let Actor { kind, id, display_name } = actor;
        Self { kind: kind.to_string(), id, name: display_name }
    }
}

/// A workflow's scorecard, with its owners as they are now and its freshness.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ScorecardView {
    /// Its id, the same for all versions.
    #[schema(value_type = String)]
    pub id: ScorecardId,
    /// Its name.
    pub name: String,
    /// The version, from 1.
    pub version: u32,
    /// The workflow's name.
    pub workflow: String,
    /// The workflow's id.
    #[schema(value_type = String)]
    pub workflow_id: WorkflowId,
    /// Who answers for it.
    pub owner: Option<Owner>,
    /// Who does when the owner cannot.
    pub backup: Option<Owner>,
    /// How often it is to be re-read, in days.
    pub cadence_days: u32,
    /// What it asks.
    pub checks: Vec<Check>,
    /// Dimensions by whose values every key check is read too.
    pub dimensions: Vec<String>,
    /// Segments that must pass themselves.
    pub required_segments: Vec<SegmentRef>,
    /// Where it stands, and why.
    pub freshness: Freshness,
    /// Who attested it last.
    pub attestation: Option<AttestationView>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When this version was written.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl From<ScorecardDetail> for ScorecardView {
    fn from(detail: ScorecardDetail) -> Self {
        let Scorecard {
            id,
            name,
            version,
            workflow,
            owner,
            backup,
            cadence_days,
            checks,
            dimensions,
            required_segments,
        } = detail.standing.scorecard;
        Self {
            id,
            name,
            version,
            workflow: detail.workflow,
            workflow_id: workflow,
            owner,
            backup,
            cadence_days,
            checks,
            dimensions,
            required_segments,
            freshness: detail.standing.freshness,
            attestation: detail.attestation.map(AttestationView::from),
            created_at: detail.row.created_at,
            updated_at: detail.row.updated_at,
        }
    }
}

/// What a scorecard is to say.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScorecardBody {
    /// The version that was read, instead of `If-Match`; absent for the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Its name.
    pub name: String,
    /// Who answers for it: the id of a member's account or of a team.
    #[schema(value_type = Option<String>)]
    pub owner: Option<OwnerId>,
    /// Who does when the owner cannot.
    #[schema(value_type = Option<String>)]
    pub backup: Option<OwnerId>,
    /// How often it is to be re-read, in days, 1 to 366.
    pub cadence_days: u32,
    /// What it asks, 1 to 50 checks.
    pub checks: Vec<Check>,
    /// Dimensions by whose values every key check is read too.
    #[serde(default)]
    pub dimensions: Vec<String>,
    /// Segments that must pass themselves.
    #[serde(default)]
    pub required_segments: Vec<SegmentRef>,
}

impl From<Definition> for ScorecardBody {
    fn from(definition: Definition) -> Self {
        Self {
            version: None,
            name: definition.name,
            owner: definition.owner,
            backup: definition.backup,
            cadence_days: definition.cadence_days,
            checks: definition.checks,
            dimensions: definition.dimensions,
            required_segments: definition.required_segments,
        }
    }
}

impl From<ScorecardBody> for Definition {
    fn from(body: ScorecardBody) -> Self {
        Self {
            name: body.name,
            owner: body.owner,
            backup: body.backup,
            cadence_days: body.cadence_days,
            checks: body.checks,
            dimensions: body.dimensions,
            required_segments: body.required_segments,
        }
    }
}

/// One version of a scorecard, as it was written.
#[derive(Serialize, utoipa::ToSchema)]
pub struct VersionView {
    /// The version, from 1.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// Who answered for it.
    #[schema(value_type = Option<String>)]
    pub owner: Option<OwnerId>,
    /// Who did when the owner could not.
    #[schema(value_type = Option<String>)]
    pub backup: Option<OwnerId>,
    /// How often it was to be re-read, in days.
    pub cadence_days: u32,
    /// What it asked.
    pub checks: Vec<Check>,
    /// Dimensions by whose values every key check was read too.
    pub dimensions: Vec<String>,
    /// Segments that had to pass themselves.
    pub required_segments: Vec<SegmentRef>,
    /// Who wrote it.
    pub created_by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<VersionRow> for VersionView {
    fn from(row: VersionRow) -> Self {
        let definition = row.definition;
        Self {
            version: row.version,
            name: definition.name,
            owner: definition.owner,
            backup: definition.backup,
            cadence_days: definition.cadence_days,
            checks: definition.checks,
            dimensions: definition.dimensions,
            required_segments: definition.required_segments,
            created_by: row.created_by.into(),
            created_at: row.created_at,
        }
    }
}

/// A person's statement that a scorecard was re-read and still holds.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AttestationView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: AttestationId,
    /// The scorecard.
    #[schema(value_type = String)]
    pub scorecard_id: ScorecardId,
    /// The version that was read.
    pub version: u32,
    /// Who.
    pub actor: ActorView,
    /// What they noted.
    pub note: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<AttestationRow> for AttestationView {
    fn from(row: AttestationRow) -> Self {
        Self {
            id: row.id,
            scorecard_id: row.scorecard,
            version: row.version,
            actor: row.actor.into(),
            note: row.note,
            at: row.at,
        }
    }
}

/// An attestation.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttestationBody {
    /// The version that was read; the current one when absent.
    pub version: Option<u32>,
    /// A note for those who read it later.
    #[serde(default)]
    pub note: String,
}
