//! What is done about something, by whom, and whether it helped.

use sea_orm::entity::prelude::*;

/// A row of `responses`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "responses")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub release_id: Option<Uuid>,
    pub origin: String,
    pub origin_id: String,
    pub kind: String,
    pub title: String,
    pub signal: String,
    pub detail_json: String,
    pub owner: Option<String>,
    pub due_at: i64,
    pub state: String,
    pub opened_by_json: String,
    pub opened_at: i64,
    pub acted_at: Option<i64>,
    pub acted_by_json: Option<String>,
    pub acted_note: Option<String>,
    pub closed_by_json: Option<String>,
    pub closed_at: Option<i64>,
    pub done: Option<String>,
    pub effect_json: Option<String>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
