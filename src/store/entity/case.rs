//! Eval cases.

use sea_orm::entity::prelude::*;

/// A row of `cases`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub title: String,
    pub state: String,
    pub failure_class: Option<String>,
    pub definition_json: String,
    pub content_digest: String,
    pub snapshot_digest: String,
    pub snapshot: Vec<u8>,
    pub created_by: String,
    pub created_at: i64,
    pub version: i64,
    pub sketched: bool,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
