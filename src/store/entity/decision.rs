//! The decision chain.

use sea_orm::entity::prelude::*;

/// A row of `decisions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "decisions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub sequence: i64,
    pub gate_id: Uuid,
    pub workflow_id: Uuid,
    pub release_id: Uuid,
    pub verdict: String,
    pub supersedes_id: Option<Uuid>,
    pub bundle_digest: String,
    pub digest: String,
    pub canonical: Vec<u8>,
    pub decided_at: i64,
    pub recommended: String,
    pub decider_id: String,
    pub decider_name: String,
    pub approver_id: Option<String>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
