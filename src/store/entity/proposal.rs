//! Decisions that wait for a second person.

use sea_orm::entity::prelude::*;

/// A row of `proposals`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "proposals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub gate_id: Uuid,
    pub bundle_digest: String,
    pub verdict: String,
    pub reason: String,
    pub takes_two_because: String,
    pub proposed_by_json: String,
    pub proposed_at: i64,
    pub state: String,
    pub decision_id: Option<Uuid>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
