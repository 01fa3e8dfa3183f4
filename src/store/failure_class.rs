//! A project's own failure classes; the built-in ones are in the domain.

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::failure::{FailureClass, Severity, Taxonomy};
use seatrial_domain::limits;

use crate::connection::{Connection, WriteTx};
use crate::entity::failure_class;
use crate::error::StoreError;
use crate::scope::Scope;

/// The project's own classes, by name.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl Connection, scope: Scope) -> Result<Vec<FailureClass>, StoreError> {
    let rows = failure_class::Entity::find()
        .filter(failure_class::Column::ProjectId.eq(scope.uuid()))
        .order_by_asc(failure_class::Column::Name)
        .limit(limits::CLASSES_PER_PROJECT)
        .all(db.raw())
        .await?;
    let known = [Severity::Critical, Severity::Major, Severity::Minor];
    rows.into_iter()
        .map(|row| {
            let severity = known.into_iter().find(|severity| severity.as_str() == row.severity);
            let severity = severity.ok_or_else(|| StoreError::corrupt("failure class", "its severity is unknown"))?;
            Ok(FailureClass { name: row.name, severity, meaning: row.meaning, retired: row.retired })
        })
        .collect()
}

/// The project's classes and the built-in ones.
///
/// # Errors
/// When the database fails.
pub async fn taxonomy(db: &impl Connection, scope: Scope) -> Result<Taxonomy, StoreError> {
    Ok(Taxonomy::new(list(db, scope).await?))
}

/// Replaces the project's own classes.
///
/// # Errors
/// When the database fails, or two have the same name.
pub async fn replace(tx: &WriteTx, scope: Scope, classes: &[FailureClass]) -> Result<(), StoreError> {
    failure_class::Entity::delete_many()
        .filter(failure_class::Column::ProjectId.eq(scope.uuid()))
        .exec(tx.raw())
        .await?;
    let rows = classes.iter().map(|class| {
        let row = failure_class::Model {
            project_id: scope.uuid(),
            name: class.name.clone(),
            severity: class.severity.as_str().to_owned(),
            meaning: class.meaning.clone(),
            retired: class.retired,
        };
        row.into_active_model().reset_all()
    });
    let rows: Vec<failure_class::ActiveModel> = rows.collect();
    if !rows.is_empty() {
        failure_class::Entity::insert_many(rows).exec_without_returning(tx.raw()).await?;
    }
    Ok(())
}
