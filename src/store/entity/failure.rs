//! Failures and what was learned from them.

use sea_orm::entity::prelude::*;

/// A row of `failures`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "failures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub release_id: Uuid,
    pub failure_class: Option<String>,
    pub severity: Option<String>,
    pub occurred_at: i64,
    pub status: String,
    pub case_id: Option<Uuid>,
    pub reason: Option<String>,
    pub decided_by: Option<String>,
    pub decided_at: Option<i64>,
    pub assigned_to: Option<Uuid>,
    pub reserved_by: Option<Uuid>,
    pub reserved_until: Option<i64>,
    pub span_id: Option<String>,
    pub step: Option<String>,
    pub note: Option<String>,
    pub labelled_by: Option<String>,
    pub labelled_at: Option<i64>,
    pub pattern_id: Option<Uuid>,
    pub pattern_due: bool,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
