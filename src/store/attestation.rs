//! Attestations: who stated when that a scorecard still holds.

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{AttestationId, ScorecardId};
use seatrial_domain::scorecard::FreshnessState;
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::{attestation, scorecard};
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};
use crate::scorecard::stored_version;

/// A person's statement that a scorecard was re-read and still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationRow {
    /// Its id.
    pub id: AttestationId,
    /// The scorecard.
    pub scorecard: ScorecardId,
    /// The version that was read.
    pub version: u32,
    /// Who.
    pub actor: Actor,
    /// What they noted; may be empty.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// Records an attestation of the version it names and makes the scorecard fresh from then on. Returns whether that
/// still is the current version; when it is not, nothing is changed.
///
/// # Errors
/// When the database fails.
pub async fn attest(tx: &WriteTx, scope: Scope, row: &AttestationRow) -> Result<bool, StoreError> {
    let updated = scorecard::Entity::update_many()
        .col_expr(scorecard::Column::AttestedAt, Expr::value(row.at.micros()))
        .col_expr(scorecard::Column::Freshness, Expr::value(FreshnessState::Fresh.as_str()))
        .col_expr(scorecard::Column::FreshnessAt, Expr::value(row.at.micros()))
        .filter(scorecard::Column::ProjectId.eq(scope.uuid()))
        .filter(scorecard::Column::Id.eq(row.scorecard.uuid()))
        .filter(scorecard::Column::Version.eq(i64::from(row.version)))
        .exec(tx.raw())
        .await?;
    if updated.rows_affected == 0 {
        return Ok(false);
    }
    let model = attestation::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        scorecard_id: row.scorecard.uuid(),
        version: i64::from(row.version),
        actor: actor::write(&row.actor)?,
        note: row.note.clone(),
        at: row.at.micros(),
    };
    attestation::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(true)
}

/// The attestations of a scorecard, latest first.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    id: ScorecardId,
    page: Page,
) -> Result<(Vec<AttestationRow>, Option<Cursor>), StoreError> {
    let mut query = attestation::Entity::find()
        .filter(attestation::Column::ProjectId.eq(scope.uuid()))
        .filter(attestation::Column::ScorecardId.eq(id.uuid()));
    if let Some(after) = page.after {
        let same_time = attestation::Column::At.eq(after.key).and(attestation::Column::Id.lt(after.id));
        query = query.filter(Condition::any().add(attestation::Column::At.lt(after.key)).add(same_time));
    }
    let rows = query
        .order_by_desc(attestation::Column::At)
        .order_by_desc(attestation::Column::Id)
        .limit(page.limit + 1)
        .all(db.raw())
        .await?;
    let rows = rows.into_iter().map(|row| {
        Ok(AttestationRow {
            id: AttestationId::from_uuid(row.id),
            scorecard: ScorecardId::from_uuid(row.scorecard_id),
            version: stored_version(row.version)?,
            actor: actor::read(&row.actor)?,
            note: row.note,
            at: Timestamp::from_micros(row.at),
        })
    });
    let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    Ok(page.split(rows, |row| Cursor { key: row.at.micros(), id: row.id.uuid() }))
}
