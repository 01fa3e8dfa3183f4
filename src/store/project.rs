//! Projects.

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{AccountId, ProjectId};
use seatrial_domain::limits;

use crate::connection::{Connection, WriteTx};
use crate::entity::{member, project};
use crate::error::StoreError;

/// A stored project.
pub type ProjectRow = project::Model;

/// Finds a project by its name in URLs. The caller still has to belong to it.
///
/// # Errors
/// When the database fails.
pub async fn by_slug(db: &impl Connection, slug: &str) -> Result<Option<ProjectRow>, StoreError> {
    // PostgreSQL refuses a NUL in a text; nothing is called so.
    if slug.contains('\0') {
        return Ok(None);
    }
    Ok(project::Entity::find().filter(project::Column::Slug.eq(slug)).one(db.raw()).await?)
}

/// Finds a project by its id.
///
/// # Errors
/// When the database fails.
pub async fn by_id(db: &impl Connection, id: ProjectId) -> Result<Option<ProjectRow>, StoreError> {
    Ok(project::Entity::find_by_id(id.uuid()).one(db.raw()).await?)
}

/// The projects an account belongs to, by name.
///
/// # Errors
/// When the database fails.
pub async fn of_account(db: &impl Connection, account: AccountId) -> Result<Vec<ProjectRow>, StoreError> {
    let memberships: Vec<uuid::Uuid> = member::Entity::find()
        .select_only()
        .column(member::Column::ProjectId)
        .filter(member::Column::AccountId.eq(account.uuid()))
        .limit(limits::PAGE_SIZE_MAX)
        .into_tuple()
        .all(db.raw())
        .await?;
    let projects = project::Entity::find()
        .filter(project::Column::Id.is_in(memberships))
        .order_by_asc(project::Column::Name)
        .all(db.raw())
        .await?;
    Ok(projects)
}

/// Makes a project.
///
/// # Errors
/// [`StoreError::Duplicate`] when the slug is taken, or when the database fails.
pub async fn insert(tx: &WriteTx, row: ProjectRow) -> Result<(), StoreError> {
    project::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Replaces a project's settings.
///
/// # Errors
/// When the database fails.
pub async fn set_settings(tx: &WriteTx, id: ProjectId, settings_json: String) -> Result<(), StoreError> {
    project::Entity::update_many()
        .col_expr(project::Column::SettingsJson, sea_orm::sea_query::Expr::value(settings_json))
        .filter(project::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Whether there is any project at all.
///
/// # Errors
/// When the database fails.
pub async fn any(db: &impl Connection) -> Result<bool, StoreError> {
    Ok(project::Entity::find().limit(1).one(db.raw()).await?.is_some())
}

/// Waits for every other transaction that holds this project and holds it until this one ends, so that what is counted
/// now is still true at the commit.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &WriteTx, id: ProjectId) -> Result<(), StoreError> {
    project::Entity::update_many()
        .col_expr(project::Column::CreatedAt, sea_orm::sea_query::Expr::col(project::Column::CreatedAt))
        .filter(project::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}
