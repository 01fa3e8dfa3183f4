//! The current scorecard of a workflow.

use sea_orm::entity::prelude::*;

/// A row of `scorecards`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scorecards")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub version: i64,
    pub owner_id: Option<Uuid>,
    pub backup_id: Option<Uuid>,
    pub definition_json: String,
    pub attested_at: Option<i64>,
    pub freshness: String,
    pub freshness_at: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
