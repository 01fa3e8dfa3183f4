//! Every version of a scorecard.

use sea_orm::entity::prelude::*;

/// A row of `scorecard_versions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scorecard_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub scorecard_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub project_id: Uuid,
    pub definition_json: String,
    pub created_by: String,
    pub created_at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
