//! What is watched for in a live release, and where it stands.

use sea_orm::entity::prelude::*;

/// A row of `alerts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alerts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub workflow_id: Uuid,
    pub release_id: Uuid,
    pub kind: String,
    pub state: String,
    pub since_at: i64,
    pub body: String,
    pub digest: Option<String>,
    pub gate_id: Option<Uuid>,
    pub response_id: Option<Uuid>,
    pub restart_at: Option<i64>,
    pub relearn_from: Option<i64>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
