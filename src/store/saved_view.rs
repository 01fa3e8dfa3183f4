//! Saved views: filters of a list under a name, of one person or of the whole project.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait as _, Func};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _};
use sea_orm::{PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{AccountId, SavedViewId};
use seatrial_domain::saved_view::{Filters, ViewedList};
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::contains::holding;
use crate::entity::saved_view;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedViewRow {
    /// Its id.
    pub id: SavedViewId,
    /// The list.
    pub list: ViewedList,
    /// Whose it is; absent when it is the project's.
    pub account: Option<AccountId>,
    /// Its name, unique among the person's or the project's of the list.
    pub name: String,
    /// What is filtered.
    pub filters: Filters,
    /// Who saved it last.
    pub saved_by: Actor,
    /// When.
    pub saved_at: Timestamp,
}

impl SavedViewRow {
    fn from_model(row: saved_view::Model) -> Result<Self, StoreError> {
        let list = ViewedList::parse(&row.list)
            .ok_or_else(|| StoreError::corrupt("saved view", format!("`{}` is no list", row.list)))?;
        let filters: BTreeMap<String, String> =
            serde_json::from_str(&row.filters_json).map_err(|error| StoreError::corrupt("saved view", error))?;
        Ok(Self {
            id: SavedViewId::from_uuid(row.id),
            list,
            account: row.account_id.map(AccountId::from_uuid),
            name: row.name,
            // A filter that the list does not have any more is left out.
            filters: Filters::kept(list, filters.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
            saved_by: actor::read(&row.saved_by_json)?,
            saved_at: Timestamp::from_micros(row.saved_at),
        })
    }

    fn to_model(&self, scope: Scope) -> Result<saved_view::Model, StoreError> {
        Ok(saved_view::Model {
            id: self.id.uuid(),
            project_id: scope.uuid(),
            list: self.list.as_str().to_owned(),
            account_id: self.account.map(AccountId::uuid),
            name: self.name.clone(),
            filters_json: serde_json::to_string(&self.filters)
                .map_err(|error| StoreError::corrupt("saved view", error))?,
            saved_by_json: actor::write(&self.saved_by)?,
            saved_at: self.saved_at.micros(),
        })
    }
}

/// Which views are wanted.
#[derive(Clone, Debug, Default)]
pub struct SavedViewFilter {
    /// Those of this person, beside the project's.
    pub account: Option<AccountId>,
    /// Of these lists.
    pub lists: Vec<ViewedList>,
    /// With a name that holds this, whatever the case of its letters.
    pub name: Option<String>,
}

/// The project's, and those of the person.
fn seen_by(scope: Scope, account: Option<AccountId>) -> sea_orm::Select<saved_view::Entity> {
    let own = account.map(|account| saved_view::Column::AccountId.eq(account.uuid()));
    saved_view::Entity::find()
        .filter(saved_view::Column::ProjectId.eq(scope.uuid()))
        .filter(Condition::any().add(saved_view::Column::AccountId.is_null()).add_option(own))
}

/// The views that are wanted, those made first last.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &SavedViewFilter,
    page: Page,
) -> Result<(Vec<SavedViewRow>, Option<Cursor>), StoreError> {
    let lists = filter.lists.iter().map(|list| list.as_str());
    let mut query = seen_by(scope, filter.account).filter(saved_view::Column::List.is_in(lists));
    if let Some(name) = &filter.name {
        let pattern = holding(&name.to_lowercase());
        query = query.filter(Func::lower(Expr::col(saved_view::Column::Name)).like(pattern));
    }
    if let Some(after) = page.after {
        query = query.filter(saved_view::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(saved_view::Column::Id).limit(page.limit + 1).all(db.raw()).await?;
    let rows = rows.into_iter().map(SavedViewRow::from_model).collect::<Result<Vec<_>, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: 0, id: row.id.uuid() }))
}

/// A view that the person has or the project shares, by its id.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(
    db: &impl Connection,
    scope: Scope,
    account: Option<AccountId>,
    id: SavedViewId,
) -> Result<Option<SavedViewRow>, StoreError> {
    let row = seen_by(scope, account).filter(saved_view::Column::Id.eq(id.uuid())).one(db.raw()).await?;
    row.map(SavedViewRow::from_model).transpose()
}

/// How many views of a list a person has; of the project, without one.
///
/// # Errors
/// When the database fails.
pub async fn count(
    db: &impl Connection,
    scope: Scope,
    account: Option<AccountId>,
    list: ViewedList,
) -> Result<u64, StoreError> {
    let whose = match account {
        Some(account) => saved_view::Column::AccountId.eq(account.uuid()),
        None => saved_view::Column::AccountId.is_null(),
    };
    let query = saved_view::Entity::find()
        .filter(saved_view::Column::ProjectId.eq(scope.uuid()))
        .filter(saved_view::Column::List.eq(list.as_str()))
        .filter(whose);
    Ok(query.count(db.raw()).await?)
}

/// Keeps a new view.
///
/// # Errors
/// [`StoreError::Duplicate`] when the name is taken, or when the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &SavedViewRow) -> Result<(), StoreError> {
    saved_view::Entity::insert(row.to_model(scope)?.into_active_model().reset_all())
        .exec_without_returning(tx.raw())
        .await?;
    Ok(())
}

/// Keeps a view as it is now.
///
/// # Errors
/// [`StoreError::Duplicate`] when the name is taken, or when the database fails.
pub async fn update(tx: &WriteTx, scope: Scope, row: &SavedViewRow) -> Result<(), StoreError> {
    saved_view::Entity::update_many()
        .set(row.to_model(scope)?.into_active_model().reset_all())
        .filter(saved_view::Column::ProjectId.eq(scope.uuid()))
        .filter(saved_view::Column::Id.eq(row.id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Removes a view.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &WriteTx, scope: Scope, id: SavedViewId) -> Result<(), StoreError> {
    saved_view::Entity::delete_many()
        .filter(saved_view::Column::ProjectId.eq(scope.uuid()))
        .filter(saved_view::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Removes what a person has who leaves the project.
///
/// # Errors
/// When the database fails.
pub async fn delete_of(tx: &WriteTx, scope: Scope, account: AccountId) -> Result<(), StoreError> {
    saved_view::Entity::delete_many()
        .filter(saved_view::Column::ProjectId.eq(scope.uuid()))
        .filter(saved_view::Column::AccountId.eq(account.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}
