//! Runs, with their effective facts.

use sea_orm::entity::prelude::*;

/// A row of `runs`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "runs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub release_id: Uuid,
    pub external_id: String,
    pub started_at: i64,
    pub closed_at: Option<i64>,
    pub settles_at: Option<i64>,
    pub settled: bool,
    pub idle_closed: bool,
    pub outcome: String,
    pub failure_class: Option<String>,
    pub failed: bool,
    pub unit: Option<String>,
    pub facts_json: String,
    pub report_json: Option<String>,
    pub received_at: i64,
    pub updated_at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
