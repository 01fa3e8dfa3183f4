//! Versions of a workflow's agent.

use sea_orm::entity::prelude::*;

/// A row of `releases`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "releases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub name: String,
    pub state: String,
    pub baseline_id: Option<Uuid>,
    pub created_at: i64,
    pub live_at: Option<i64>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
