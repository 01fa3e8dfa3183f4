//! Every change of a release's state.

use sea_orm::entity::prelude::*;

/// A row of `release_events`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub release_id: Uuid,
    pub state_before: String,
    pub state_after: String,
    pub actor: String,
    pub reason: String,
    pub at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
