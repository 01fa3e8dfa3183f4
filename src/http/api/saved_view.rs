//! Saved views: list, save, read, change, remove.

use std::collections::BTreeMap;

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, delete, get, post, put};
use seatrial_domain::ids::{AccountId, SavedViewId};
use seatrial_domain::saved_view::{Filters, ViewedList};
use seatrial_domain::time::Timestamp;
use seatrial_store::saved_view::SavedViewRow;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::precondition::IfMatch;
use crate::app::saved_view::{ViewDraft, tag_of};
use crate::http::extract::if_match::tagged;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(create).service(read).service(put_view).service(remove);
}

/// A list with filters, under a name.
#[derive(Serialize, utoipa::ToSchema)]
struct SavedView {
    /// Its id.
    #[schema(value_type = String)]
    id: SavedViewId,
    /// The list.
    list: ViewedList,
    /// Its name.
    name: String,
    /// The list's filters by name, as its page takes them; none is the whole list.
    #[schema(value_type = BTreeMap<String, String>)]
    filters: Filters,
    /// Whether everybody in the project has it.
    shared: bool,
    /// Whose it is, where it is not shared.
    #[schema(value_type = Option<String>)]
    account: Option<AccountId>,
    /// Who saved it last.
    saved_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    saved_at: Timestamp,
}

impl From<SavedViewRow> for SavedView {
    fn from(row: SavedViewRow) -> Self {
        Self {
            id: row.id,
            list: row.list,
            name: row.name,
            filters: row.filters,
            shared: row.account.is_none(),
            account: row.account,
            saved_by: row.saved_by.display_name,
            saved_at: row.saved_at,
        }
    }
}

/// A view to be saved.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSavedView {
    /// The list.
    list: ViewedList,
    /// Its name, unique among one's own views of the list or among the shared ones.
    name: String,
    /// The list's filters by name, as its page takes them.
    #[serde(default)]
    filters: BTreeMap<String, String>,
    /// For everybody in the project.
    #[serde(default)]
    shared: bool,
}

/// What a view is to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SavedViewBody {
    /// Its name.
    name: String,
    /// The list's filters by name.
    filters: BTreeMap<String, String>,
    /// For everybody in the project.
    shared: bool,
}

/// Which views are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ViewQuery {
    /// Those of this list only.
    list: Option<ViewedList>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

fn view_id(text: &str) -> Result<SavedViewId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "saved view" })
}

fn show(row: SavedViewRow) -> Result<HttpResponse, Problem> {
    let known = row.clone();
    tagged(&SavedView::from(row), &tag_of(&known))
}

/// List saved views
///
/// One's own and those that the project shares, of the lists one may read; those made last come first.
#[utoipa::path(
    operation_id = "list_saved_views", tag = "saved-views",
    params(("project" = String, Path, description = "The project's name in URLs"), ViewQuery),
    responses(
        (status = 200, description = "A page of the views", body = Listed<SavedView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "The cursor is wrong", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/saved-views")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<ViewQuery>,
) -> Result<Json<Listed<SavedView>>, Problem> {
    let page = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.page()?;
    let (rows, next) = app.saved_views(&caller, &project, query.list, page).await?;
    Ok(Json(Listed::new(rows.into_iter().map(SavedView::from).collect(), next)))
}

/// Save a view
///
/// A shared one also needs `share_views`; every one needs what its list needs.
#[utoipa::path(
    operation_id = "create_saved_view", tag = "saved-views",
    params(("project" = String, Path, description = "The project's name in URLs")),
    request_body = NewSavedView,
    responses(
        (status = 201, description = "The view", body = SavedView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "The name is taken, or there are too many (`too_many_views`)", body = ProblemBody),
        (status = 422, description = "The name is out of bounds, or a filter is not the list's", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[post("/projects/{project}/saved-views")]
async fn create(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<NewSavedView>,
) -> Result<HttpResponse, Problem> {
    let NewSavedView { list: of, name, filters, shared } = body.into_inner();
    let row = app.save_view(&caller, &project, of, ViewDraft { name, filters, shared }).await?;
    Ok(HttpResponse::Created().json(SavedView::from(row)))
}

/// Read a saved view
#[utoipa::path(
    operation_id = "read_saved_view", tag = "saved-views",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("view" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "The view", body = SavedView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such view of one's own or of the project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/saved-views/{view}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, view) = path.into_inner();
    show(app.saved_view(&caller, &project, view_id(&view)?).await?)
}

/// Change a saved view
///
/// Gives it another name or other filters, or shares it; what is shared already, or is to be, also needs `share_views`.
#[utoipa::path(
    operation_id = "put_saved_view", tag = "saved-views",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("view" = String, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what the edit rests on"),
    ),
    request_body = SavedViewBody,
    responses(
        (status = 200, description = "The view", body = SavedView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such view of one's own or of the project", body = ProblemBody),
        (status = 409, description = "The name is taken, or there are too many (`too_many_views`)", body = ProblemBody),
        (status = 412, description = "It is not what If-Match names any more", body = ProblemBody),
        (status = 422, description = "The name is out of bounds, or a filter is not the list's", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[put("/projects/{project}/saved-views/{view}")]
async fn put_view(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<SavedViewBody>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (project, view) = path.into_inner();
    let SavedViewBody { name, filters, shared } = body.into_inner();
    let draft = ViewDraft { name, filters, shared };
    show(app.put_saved_view(&caller, &project, view_id(&view)?, draft, &if_match).await?)
}

/// Remove a saved view
///
/// A shared one also needs `share_views`.
#[utoipa::path(
    operation_id = "delete_saved_view", tag = "saved-views",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("view" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such view of one's own or of the project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[delete("/projects/{project}/saved-views/{view}")]
async fn remove(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, view) = path.into_inner();
    app.delete_saved_view(&caller, &project, view_id(&view)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
