//! Versions of a project's own templates for documents. Appended, never changed; the latest one counts.

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::template;
use crate::error::StoreError;
use crate::scope::Scope;

/// A version of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateRow {
    /// Which document: `review` or `incident`.
    pub document: String,
    /// In which format: `html` or `markdown`.
    pub format: String,
    /// Its version, from 1.
    pub version: u32,
    /// The template; absent where the project went back to the built-in one.
    pub source: Option<String>,
    /// Why it was written.
    pub note: String,
    /// Who wrote it.
    pub created_by: Actor,
    /// When.
    pub created_at: Timestamp,
}

impl TemplateRow {
    fn from_model(row: template::Model) -> Result<Self, StoreError> {
        Ok(Self {
            document: row.document,
            format: row.format,
            version: u32::try_from(row.version).map_err(|error| StoreError::corrupt("template", error))?,
            source: row.source,
            note: row.note,
            created_by: actor::read(&row.created_by_json)?,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

fn of(scope: Scope, document: &str, format: &str) -> sea_orm::Select<template::Entity> {
    template::Entity::find()
        .filter(template::Column::ProjectId.eq(scope.uuid()))
        .filter(template::Column::Document.eq(document))
        .filter(template::Column::Format.eq(format))
        .order_by_desc(template::Column::Version)
}

/// The latest version; `None` while the project never wrote one.
///
/// # Errors
/// When the database fails.
pub async fn current(
    db: &impl Connection,
    scope: Scope,
    (document, format): (&str, &str),
) -> Result<Option<TemplateRow>, StoreError> {
    of(scope, document, format).one(db.raw()).await?.map(TemplateRow::from_model).transpose()
}

/// The versions, latest first, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn versions(
    db: &impl Connection,
    scope: Scope,
    (document, format): (&str, &str),
) -> Result<Vec<TemplateRow>, StoreError> {
    let rows = of(scope, document, format).limit(limits::PAGE_SIZE_MAX).all(db.raw()).await?;
    rows.into_iter().map(TemplateRow::from_model).collect()
}

/// Appends a version.
///
/// # Errors
/// [`StoreError::Duplicate`] when that version is there, or when the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &TemplateRow) -> Result<(), StoreError> {
    let row = template::Model {
        project_id: scope.uuid(),
        document: row.document.clone(),
        format: row.format.clone(),
        version: i64::from(row.version),
        source: row.source.clone(),
        note: row.note.clone(),
        created_by_json: actor::write(&row.created_by)?,
        created_at: row.created_at.micros(),
    };
    template::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}
