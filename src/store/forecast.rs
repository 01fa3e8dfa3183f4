//! Forecasts of gates: worked out in the background, kept for whoever looks.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _};
use seatrial_domain::gate::Forecast;
use seatrial_domain::ids::GateId;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::forecast;
use crate::error::StoreError;
use crate::scope::Scope;

/// A gate's forecasts as they were last worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptForecasts {
    /// Units of evidence that there were.
    pub units: i64,
    /// When.
    pub made_at: Timestamp,
    /// One for each inconclusive check on a rate.
    pub forecasts: Vec<Forecast>,
}

/// What is kept of a gate.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, gate: GateId) -> Result<Option<KeptForecasts>, StoreError> {
    let row = forecast::Entity::find_by_id((scope.uuid(), gate.uuid())).one(db.raw()).await?;
    row.map(|row| {
        let forecasts = serde_json::from_str(&row.body_json).map_err(|error| StoreError::corrupt("forecast", error))?;
        Ok(KeptForecasts { units: row.units, made_at: Timestamp::from_micros(row.made_at), forecasts })
    })
    .transpose()
}

/// Keeps the forecasts of a gate in the place of earlier ones.
///
/// # Errors
/// When the database fails.
pub async fn put(tx: &WriteTx, scope: Scope, gate: GateId, kept: &KeptForecasts) -> Result<(), StoreError> {
    use forecast::Column as C;
    let json = serde_json::to_string(&kept.forecasts).map_err(|error| StoreError::corrupt("forecast", error))?;
    let row = forecast::Model {
        project_id: scope.uuid(),
        gate_id: gate.uuid(),
        units: kept.units,
        made_at: kept.made_at.micros(),
        body_json: json,
    };
    let conflict = OnConflict::columns([C::ProjectId, C::GateId]);
    forecast::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(conflict.clone().update_columns([C::Units, C::MadeAt, C::BodyJson]).to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    Ok(())
}
