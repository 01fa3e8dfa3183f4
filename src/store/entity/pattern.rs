//! Failure patterns.

use sea_orm::entity::prelude::*;

/// A row of `patterns`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patterns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub failure_class: Option<String>,
    pub step: Option<String>,
    pub signature: Option<Vec<u8>>,
    pub state: String,
    pub fixed_in: Option<Uuid>,
    pub failures: i64,
    pub found_at: i64,
    pub latest_at: i64,
    pub changed_at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
