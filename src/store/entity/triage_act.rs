//! What people did with failures, and how each stood before and after.

use sea_orm::entity::prelude::*;

/// A row of `triage_acts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "triage_acts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    pub project_id: Uuid,
    pub kind: String,
    pub actor: String,
    pub at: i64,
    pub before_json: String,
    pub after_json: String,
    pub undone_at: Option<i64>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
