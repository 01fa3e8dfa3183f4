//! The spans and bodies of a run.

use sea_orm::entity::prelude::*;

/// A row of `traces`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "traces")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    pub project_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub format: String,
    pub span_count: i64,
    pub skeleton: Vec<u8>,
    pub body: Vec<u8>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
