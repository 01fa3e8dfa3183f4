//! Checks that are left out for a while.

use sea_orm::entity::prelude::*;

/// A row of `exemptions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exemptions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub scorecard_id: Uuid,
    pub check_key: String,
    pub reason: String,
    pub requested_by_json: String,
    pub requested_at: i64,
    pub expires_at: i64,
    pub approved_by_json: Option<String>,
    pub approved_at: Option<i64>,
    pub ended_by_json: Option<String>,
    pub ended_at: Option<i64>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
