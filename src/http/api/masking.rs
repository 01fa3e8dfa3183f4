//! Masking stored eval cases once more: what it would change, one case, and all of a project.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post};
use seatrial_domain::ids::CaseId;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::case::case_id;
use super::failure_view::MaskingView;
use crate::app::App;
use crate::app::case::MaskedAgain;
use crate::http::extract::{Caller, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(preview).service(mask).service(mask_all);
}

/// What masking a case once more comes to.
#[derive(Serialize, utoipa::ToSchema)]
struct MaskedAgainView {
    /// The case.
    #[schema(value_type = String)]
    case_id: CaseId,
    /// Its version.
    version: u32,
    /// The SHA-256 of its copy of the run.
    snapshot_digest: String,
    /// What is masked in the case in addition, with the words before and after; the first 200.
    maskings: Vec<MaskingView>,
    /// How many things are masked in addition in all that is stored of it: its copy of the run, its earlier versions and
    /// what runners said of it included.
    masked: usize,
}

impl From<MaskedAgain> for MaskedAgainView {
    fn from(again: MaskedAgain) -> Self {
        Self {
            case_id: again.case.id,
            version: again.case.version,
            snapshot_digest: again.case.snapshot_digest.to_string(),
            maskings: again.maskings.into_iter().map(MaskingView::from).collect(),
            masked: again.masked,
        }
    }
}

/// What masking many cases once more came to.
#[derive(Serialize, utoipa::ToSchema)]
struct MaskedCasesView {
    /// How many cases were looked at.
    looked_at: usize,
    /// Those in which something was masked.
    #[schema(value_type = Vec<String>)]
    changed: Vec<CaseId>,
    /// Where to go on: send it as `cursor`. Absent at the end.
    next_cursor: Option<String>,
}

/// Where to go on.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct MaskingQuery {
    /// `next_cursor` of the answer before.
    cursor: Option<String>,
}

/// Preview masking a case once more
///
/// What would be masked in addition by the project's own patterns and the detectors of today. Nothing is changed.
#[utoipa::path(
    operation_id = "preview_masking", tag = "cases",
    params(("project" = String, Path), ("case" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "What would be masked", body = MaskedAgainView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such case in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[get("/projects/{project}/cases/{case}/masking")]
async fn preview(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<MaskedAgainView>, Problem> {
    let (project, case) = path.into_inner();
    Ok(Json(app.preview_masking(&caller, &project, case_id(&case)?).await?.into()))
}

/// Mask a case once more
///
/// After the project's own patterns changed. A new version of the case says what was masked; its copy of the run, its
/// earlier versions and what runners said of it are masked with it. When nothing is found nothing changes.
#[utoipa::path(
    operation_id = "mask_case", tag = "cases",
    params(("project" = String, Path), ("case" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "What was masked", body = MaskedAgainView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such case in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/cases/{case}/masking")]
async fn mask(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<MaskedAgainView>, Problem> {
    let (project, case) = path.into_inner();
    Ok(Json(app.mask_case(&caller, &project, case_id(&case)?).await?.into()))
}

/// Mask the cases of a project once more
///
/// Twenty at a time, the latest first; send `next_cursor` until it is absent.
#[utoipa::path(
    operation_id = "mask_cases", tag = "cases",
    params(("project" = String, Path, description = "The project's name in URLs"), MaskingQuery),
    responses(
        (status = 200, description = "What was masked", body = MaskedCasesView),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "The cursor is not one this gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/cases/masking")]
async fn mask_all(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<MaskingQuery>,
) -> Result<Json<MaskedCasesView>, Problem> {
    let page = PageQuery { cursor: query.into_inner().cursor, limit: None }.page()?;
    let masked = app.mask_cases(&caller, &project, page.after).await?;
    Ok(Json(MaskedCasesView {
        looked_at: masked.looked_at,
        changed: masked.changed,
        next_cursor: masked.next.map(|cursor| cursor.to_string()),
    }))
}
