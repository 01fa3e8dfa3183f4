//! Frozen evidence.

use sea_orm::entity::prelude::*;

/// A row of `bundles`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bundles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    pub gate_id: Uuid,
    pub canonical: Vec<u8>,
    pub recommendation: Vec<u8>,
    pub frozen_by_json: String,
    pub frozen_at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
