//! How far the evidence of an undecided gate has come.

use sea_orm::entity::prelude::*;

/// A row of `gate_prefixes`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gate_prefixes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub gate_id: Uuid,
    pub release_id: Uuid,
    pub baseline_id: Option<Uuid>,
    pub through: i64,
    pub concluded_through: i64,
    pub revision: i64,
    pub body: Option<Vec<u8>>,
}

/// No relations: queries name the columns they join on.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
