//! Projects, their settings, prices and failure classes.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, post, put};
use seatrial_domain::failure::{FailureClass, Taxonomy};
use seatrial_domain::ids::ProjectId;
use seatrial_domain::price::PriceTable;
use seatrial_domain::project::ProjectSettings;
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::project::{NewProject, ProjectSummary};
use crate::http::extract::if_match::tagged;
use crate::http::extract::{Caller, IfMatch, Listed};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list)
        .service(create)
        .service(read_settings)
        .service(put_settings)
        .service(read_prices)
        .service(put_prices)
        .service(read_classes)
        .service(put_classes);
}

/// A project.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Project)]
struct ProjectBody {
    /// Its id.
    #[schema(value_type = String)]
    id: ProjectId,
    /// Its name in URLs.
    slug: String,
    /// Its name.
    name: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<ProjectSummary> for ProjectBody {
    fn from(project: ProjectSummary) -> Self {
        Self { id: project.id, slug: project.slug, name: project.name, created_at: project.created_at }
    }
}

/// A project to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProject)]
struct NewProjectBody {
    /// Its name in URLs: 2 to 64 lower-case letters, digits and single hyphens inside. It cannot be changed.
    slug: String,
    /// Its name.
    name: String,
    /// Its settings.
    #[serde(default)]
    settings: ProjectSettings,
}

/// A project's failure classes.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = FailureClasses)]
struct Classes {
    /// The project's own first, then the built-in ones that it did not replace.
    items: Vec<FailureClass>,
}

impl From<Taxonomy> for Classes {
    fn from(taxonomy: Taxonomy) -> Self {
        Self { items: taxonomy.classes() }
    }
}

/// A project's own failure classes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct OwnFailureClasses {
    /// Every one; those not in the list are removed.
    items: Vec<FailureClass>,
}

/// List projects
///
/// Those that the caller may enter, by name.
#[utoipa::path(
    operation_id = "list_projects", tag = "projects",
    responses(
        (status = 200, description = "The projects", body = Listed<ProjectBody>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("signed_in")))
)]
#[get("/projects")]
async fn list(app: Data<App>, caller: Caller) -> Result<Json<Listed<ProjectBody>>, Problem> {
    let projects = app.projects(&caller).await?;
    Ok(Json(Listed::new(projects.into_iter().map(ProjectBody::from).collect(), None)))
}

/// Create a project
///
/// The caller becomes its admin. Takes a person who is an admin of any project; where there is no project yet, any
/// person with an account.
#[utoipa::path(
    operation_id = "create_project", tag = "projects",
    request_body = NewProjectBody,
    responses(
        (status = 201, description = "The project", body = ProjectBody),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The caller is no admin anywhere, or an API key", body = ProblemBody),
        (status = 409, description = "The slug is taken", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "A field breaks a rule", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("admin_of_any_project")))
)]
#[post("/projects")]
async fn create(app: Data<App>, caller: Caller, body: Json<NewProjectBody>) -> Result<HttpResponse, Problem> {
    let NewProjectBody { slug, name, settings } = body.into_inner();
    let project = app.create_project(&caller, NewProject { slug, name, settings }).await?;
    Ok(HttpResponse::Created().json(ProjectBody::from(project)))
}

/// Read a project's settings
#[utoipa::path(
    operation_id = "read_project_settings", tag = "projects",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "The settings", body = ProjectSettings),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/settings")]
async fn read_settings(app: Data<App>, caller: Caller, path: Path<String>) -> Result<HttpResponse, Problem> {
    let settings = app.project_settings(&caller, &path).await?;
    tagged(&settings, &settings)
}

/// Replace a project's settings
#[utoipa::path(
    operation_id = "put_project_settings", tag = "projects",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what the edit rests on"),
    ),
    request_body = ProjectSettings,
    responses(
        (status = 200, description = "The settings as they are now", body = ProjectSettings),
        (status = 412, description = "It is not what If-Match names any more", body = ProblemBody),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "A setting breaks a rule", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[put("/projects/{project}/settings")]
async fn put_settings(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    body: Json<ProjectSettings>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let settings = app.put_project_settings(&caller, &path, body.into_inner(), &if_match).await?;
    tagged(&settings, &settings)
}

/// Read a project's prices
///
/// By model, in nano-units of the project's currency per token. They give a cost to traces that carry tokens and none;
/// the cost of a model without a price is unknown.
#[utoipa::path(
    operation_id = "read_prices", tag = "projects",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "The prices by model", body = PriceTable),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/prices")]
async fn read_prices(app: Data<App>, caller: Caller, path: Path<String>) -> Result<HttpResponse, Problem> {
    let prices = app.prices(&caller, &path).await?;
    tagged(&prices, &prices)
}

/// Replace a project's prices
///
/// Runs that came in before keep the cost they have.
#[utoipa::path(
    operation_id = "put_prices", tag = "projects",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what the edit rests on"),
    ),
    request_body = PriceTable,
    responses(
        (status = 200, description = "The prices as they are now", body = PriceTable),
        (status = 412, description = "It is not what If-Match names any more", body = ProblemBody),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "A price breaks a rule", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[put("/projects/{project}/prices")]
async fn put_prices(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    body: Json<PriceTable>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let prices = app.put_prices(&caller, &path, body.into_inner(), &if_match).await?;
    tagged(&prices, &prices)
}

/// Read a project's failure classes
///
/// The built-in ones included. A class that a run names and that is not here counts as major.
#[utoipa::path(
    operation_id = "read_failure_classes", tag = "projects",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "The classes", body = Classes),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/failure-classes")]
async fn read_classes(app: Data<App>, caller: Caller, path: Path<String>) -> Result<HttpResponse, Problem> {
    let taxonomy = app.failure_classes(&caller, &path).await?;
    let classes = taxonomy.classes();
    tagged(&Classes::from(taxonomy), &classes)
}

/// Replace a project's own failure classes
///
/// One with the name of a built-in class takes its place. A severity counts for runs that come in or change from now on.
#[utoipa::path(
    operation_id = "put_failure_classes", tag = "projects",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what the edit rests on"),
    ),
    request_body = OwnFailureClasses,
    responses(
        (status = 200, description = "The classes as they are now, the built-in ones included", body = Classes),
        (status = 412, description = "It is not what If-Match names any more", body = ProblemBody),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "A class breaks a rule", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[put("/projects/{project}/failure-classes")]
async fn put_classes(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    body: Json<OwnFailureClasses>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let taxonomy = app.put_failure_classes(&caller, &path, body.into_inner().items, &if_match).await?;
    let classes = taxonomy.classes();
    tagged(&Classes::from(taxonomy), &classes)
}
