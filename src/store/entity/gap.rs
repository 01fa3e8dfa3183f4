//! What is missing from the evidence of a release, and who has it.

use sea_orm::entity::prelude::*;

/// A row of `gaps`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gaps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub release_id: Uuid,
    pub gap: String,
    pub body: String,
    pub next_step: String,
    pub todo: String,
    pub state: String,
    pub found_at: i64,
    pub seen_at: i64,
    pub owner: Option<String>,
    pub due_at: Option<i64>,
    pub assigned_by_json: Option<String>,
    pub assigned_at: Option<i64>,
    pub closed_by_json: Option<String>,
    pub closed_at: Option<i64>,
    pub done: Option<String>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
