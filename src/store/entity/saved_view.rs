//! The filters of a list under a name.

use sea_orm::entity::prelude::*;

/// A row of `saved_views`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saved_views")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub list: String,
    pub account_id: Option<Uuid>,
    pub name: String,
    pub filters_json: String,
    pub saved_by_json: String,
    pub saved_at: i64,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
