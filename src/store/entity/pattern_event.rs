//! What became of failure patterns.

use sea_orm::entity::prelude::*;

/// A row of `pattern_events`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pattern_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub pattern_id: Uuid,
    pub state: String,
    pub release_id: Option<Uuid>,
    pub run_id: Option<Uuid>,
    pub note: String,
    pub actor_json: String,
    pub at: i64,
    pub sequence: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
