//! Versions of eval suites; they never change.

use sea_orm::entity::prelude::*;

/// A row of `suite_versions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "suite_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suite_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub project_id: Uuid,
    pub note: String,
    pub cases_json: String,
    pub restores: Option<i64>,
    pub created_by: String,
    pub created_at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
