//! Versions of eval cases.

use sea_orm::entity::prelude::*;

/// A row of `case_versions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "case_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub project_id: Uuid,
    pub title: String,
    pub failure_class: Option<String>,
    pub definition_json: String,
    pub note: String,
    pub created_by: String,
    pub created_at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
