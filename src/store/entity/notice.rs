//! What people were told: their inbox.

use sea_orm::entity::prelude::*;

/// A row of `notices`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub account_id: Uuid,
    pub dedup_key: String,
    pub topic: String,
    pub subject: String,
    pub body: String,
    pub url: String,
    pub created_at: i64,
    pub read_at: Option<i64>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
