//! Saved views: what somebody filters a list by, kept under a name for themselves or for the project.

use std::collections::BTreeMap;

use seatrial_domain::access::Permission;
use seatrial_domain::ids::SavedViewId;
use seatrial_domain::limits;
use seatrial_domain::saved_view::{Filters, ViewedList, WrongFilter};
use seatrial_store::saved_view::{self, SavedViewFilter, SavedViewRow};
use seatrial_store::{Cursor, Page, WriteTx};
use serde_json::{Value, json};

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::AppError;
use super::precondition::IfMatch;

const NO_VIEW: AppError = AppError::NotFound { noun: "saved view" };

/// What a view is to be.
#[derive(Clone, Debug, Default)]
pub struct ViewDraft {
    /// Its name.
    pub name: String,
    /// The filters by name.
    pub filters: BTreeMap<String, String>,
    /// For everybody in the project; otherwise for whoever saves it.
    pub shared: bool,
}

/// What an edit of a view rests on.
#[must_use]
pub fn tag_of(row: &SavedViewRow) -> impl serde::Serialize + '_ {
    (&row.name, &row.filters, row.account)
}

impl App {
    /// The caller's own views and the project's, of one list or of all that they may read, those made last first.
    ///
    /// # Errors
    /// When the caller may not read the list, or the database fails.
    pub async fn saved_views(
        &self,
        caller: &Caller,
        project: &str,
        list: Option<ViewedList>,
        page: Page,
    ) -> Result<(Vec<SavedViewRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let lists = match list {
            Some(list) => {
                project.require(list.permission())?;
                vec![list]
            }
            None => open_lists(&project),
        };
        let filter = SavedViewFilter { account: caller.account(), lists, name: None };
        Ok(saved_view::list(self.store.read(), project.scope, &filter, page).await?)
    }

    /// Those of them whose name holds `text`, whatever the case of its letters.
    pub(super) async fn views_called(
        &self,
        caller: &Caller,
        project: &str,
        text: &str,
        page: Page,
    ) -> Result<Vec<SavedViewRow>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (account, lists) = (caller.account(), open_lists(&project));
        let filter = SavedViewFilter { account, lists, name: Some(text.to_owned()) };
        Ok(saved_view::list(self.store.read(), project.scope, &filter, page).await?.0)
    }

    /// A view that is the caller's own or the project's.
    ///
    /// # Errors
    /// When there is no such view, the caller may not read its list, or the database fails.
    pub async fn saved_view(&self, caller: &Caller, project: &str, id: SavedViewId) -> Result<SavedViewRow, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let row = saved_view::find(self.store.read(), project.scope, caller.account(), id).await?.ok_or(NO_VIEW)?;
        project.require(row.list.permission())?;
        Ok(row)
    }

    /// Keeps the filters of a list under a name.
    ///
    /// # Errors
    /// When the name is out of bounds or taken, the list has no such filter, there are too many views, the caller may
    /// not, or the database fails.
    pub async fn save_view(
        &self,
        caller: &Caller,
        project: &str,
        list: ViewedList,
        draft: ViewDraft,
    ) -> Result<SavedViewRow, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        project.require(list.permission())?;
        let row = self.drafted(caller, &project, SavedViewId::from_uuid(self.ids.uuid_v7()), list, draft)?;
        let tx = self.store.write().await?;
        has_room(&tx, &project, &row).await?;
        saved_view::insert(&tx, project.scope, &row).await?;
        if row.account.is_none() {
            self.audit(&tx, &project, "create", "saved_view", row.id, &Change::made(detail(&row))).await?;
        }
        tx.commit().await?;
        Ok(row)
    }

    /// Gives a view another name, other filters, or to the project what was somebody's and the other way round.
    ///
    /// # Errors
    /// When there is no such view, somebody changed it meanwhile, and as [`App::save_view`].
    pub async fn put_saved_view(
        &self,
        caller: &Caller,
        project: &str,
        id: SavedViewId,
        draft: ViewDraft,
        if_match: &IfMatch,
    ) -> Result<SavedViewRow, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let tx = self.store.write().await?;
        let known = self.held_view(&tx, caller, &project, id).await?;
        if_match.check(&tag_of(&known))?;
        let row = self.drafted(caller, &project, id, known.list, draft)?;
        if row.account != known.account {
            has_room(&tx, &project, &row).await?;
        }
        saved_view::update(&tx, project.scope, &row).await?;
        // What was and stays somebody's own is theirs.
        let shared = |row: &SavedViewRow| row.account.is_none().then(|| detail(row));
        if known.account.is_none() || row.account.is_none() {
            let change = Change::of(shared(&known), shared(&row));
            self.audit(&tx, &project, "put", "saved_view", id, &change).await?;
        }
        tx.commit().await?;
        Ok(row)
    }

    /// Removes a view.
    ///
    /// # Errors
    /// When there is no such view, the caller may not, or the database fails.
    pub async fn delete_saved_view(&self, caller: &Caller, project: &str, id: SavedViewId) -> Result<(), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let tx = self.store.write().await?;
        let known = self.held_view(&tx, caller, &project, id).await?;
        saved_view::delete(&tx, project.scope, id).await?;
        if known.account.is_none() {
            self.audit(&tx, &project, "delete", "saved_view", id, &Change::gone(detail(&known))).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// A view that the caller may change.
    async fn held_view(
        &self,
        tx: &WriteTx,
        caller: &Caller,
        project: &ProjectAccess,
        id: SavedViewId,
    ) -> Result<SavedViewRow, AppError> {
        let known = saved_view::find(tx, project.scope, caller.account(), id).await?.ok_or(NO_VIEW)?;
        project.require(known.list.permission())?;
        if known.account.is_none() {
            project.require(Permission::ShareViews)?;
        }
        Ok(known)
    }

    fn drafted(
        &self,
        caller: &Caller,
        project: &ProjectAccess,
        id: SavedViewId,
        list: ViewedList,
        draft: ViewDraft,
    ) -> Result<SavedViewRow, AppError> {
        if draft.shared {
            project.require(Permission::ShareViews)?;
        }
        let account = if draft.shared { None } else { caller.account() };
        if account.is_none() && !draft.shared {
            return Err(AppError::invalid("shared", "must be true for an API key, which has no views of its own"));
        }
        if limits::label(&draft.name).as_deref() != Some(&*draft.name) {
            let message = format!("use 1 to {} bytes without control characters", limits::LABEL_BYTES);
            return Err(AppError::invalid("name", message));
        }
        let given = draft.filters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let filters = Filters::of(list, given).map_err(|wrong| match &wrong {
            WrongFilter::Unknown { .. } => AppError::invalid("filters", wrong.to_string()),
            WrongFilter::Value { name, .. } => AppError::invalid(format!("filters.{name}"), wrong.to_string()),
        })?;
        let saved_by = project.actor().clone();
        Ok(SavedViewRow { id, list, account, name: draft.name, filters, saved_by, saved_at: self.now() })
    }
}

/// The lists that they may read.
fn open_lists(project: &ProjectAccess) -> Vec<ViewedList> {
    let open = |list: &ViewedList| project.access.permissions.contains(list.permission());
    ViewedList::ALL.into_iter().filter(open).collect()
}

async fn has_room(tx: &WriteTx, project: &ProjectAccess, row: &SavedViewRow) -> Result<(), AppError> {
    if saved_view::count(tx, project.scope, row.account, row.list).await? < limits::VIEWS_PER_LIST {
        return Ok(());
    }
    let whose = if row.account.is_some() { "You have" } else { "The project shares" };
    let detail = format!("{whose} {} views of this list; remove one first.", limits::VIEWS_PER_LIST);
    Err(AppError::Conflict { code: "too_many_views", detail })
}

fn detail(row: &SavedViewRow) -> Value {
    json!({"list": row.list, "name": row.name, "filters": row.filters})
}
