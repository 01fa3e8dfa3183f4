//! What happened to an alert, and what it rested on.

use sea_orm::entity::prelude::*;

/// A row of `alert_events`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub alert_id: Uuid,
    pub state: String,
    pub body: String,
    pub actor_json: String,
    pub at: i64,
    pub told_at: Option<i64>,
    pub digest: Option<String>,
    pub evidence: Option<Vec<u8>>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
