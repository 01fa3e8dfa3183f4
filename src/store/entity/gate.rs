//! Gates.

use sea_orm::entity::prelude::*;

/// A row of `gates`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub release_id: Uuid,
    pub baseline_id: Option<Uuid>,
    pub opened_by_json: String,
    pub opened_at: i64,
    pub state: String,
    pub bundle_digest: Option<String>,
    pub pool_ratio: Option<f64>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
