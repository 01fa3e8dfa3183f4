//! What runners say of eval cases on releases.

use sea_orm::entity::prelude::*;

/// A row of `eval_results`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "eval_results")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub suite_id: Uuid,
    pub suite_version: i64,
    pub case_id: Uuid,
    pub case_version: i64,
    pub release_id: Uuid,
    pub execution: String,
    pub trial: i64,
    pub verdict: String,
    pub score: Option<f64>,
    pub runner: String,
    pub message: Option<String>,
    pub duration_ms: Option<i64>,
    pub recorded_by: String,
    pub recorded_at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
