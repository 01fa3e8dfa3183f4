//! A project's prices of models.

use std::collections::BTreeMap;

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::limits;
use seatrial_domain::price::{Price, PriceTable};

use crate::connection::{Connection, WriteTx};
use crate::entity::price;
use crate::error::StoreError;
use crate::scope::Scope;

/// The project's prices.
///
/// # Errors
/// When the database fails.
pub async fn table(db: &impl Connection, scope: Scope) -> Result<PriceTable, StoreError> {
    let rows = price::Entity::find()
        .filter(price::Column::ProjectId.eq(scope.uuid()))
        .order_by_asc(price::Column::Model)
        .limit(limits::PRICES_PER_PROJECT)
        .all(db.raw())
        .await?;
    let prices = rows
        .into_iter()
        .map(|row| (row.model, Price { input_nanos: row.input_nanos, output_nanos: row.output_nanos }))
        .collect::<BTreeMap<_, _>>();
    Ok(PriceTable::new(prices))
}

/// Replaces the project's prices.
///
/// # Errors
/// When the database fails.
pub async fn replace(tx: &WriteTx, scope: Scope, table: &PriceTable) -> Result<(), StoreError> {
    price::Entity::delete_many().filter(price::Column::ProjectId.eq(scope.uuid())).exec(tx.raw()).await?;
    let rows = table.prices().iter().map(|(model, price)| {
        let row = price::Model {
            project_id: scope.uuid(),
            model: model.clone(),
            input_nanos: price.input_nanos,
            output_nanos: price.output_nanos,
        };
        row.into_active_model().reset_all()
    });
    let rows: Vec<price::ActiveModel> = rows.collect();
    if !rows.is_empty() {
        price::Entity::insert_many(rows).exec_without_returning(tx.raw()).await?;
    }
    Ok(())
}
