//! The audit log.

use sea_orm::entity::prelude::*;

/// A row of `audit_entries`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub at: i64,
    pub actor: String,
    pub action: String,
    pub noun: String,
    pub noun_id: String,
    pub detail_json: String,
    pub actor_id: Option<String>,
    pub address: Option<String>,
    pub sequence: Option<i64>,
    pub digest: Option<String>,
    pub canonical: Option<Vec<u8>>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
