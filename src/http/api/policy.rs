//! The gate policy of a project.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, put};
use seatrial_domain::access::Actor;
use seatrial_domain::digest::Digest;
use seatrial_domain::policy::Policy;
use seatrial_domain::time::Timestamp;
use seatrial_store::policy::PolicyRow;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::policy::CurrentPolicy;
use crate::app::precondition::IfMatch;
use crate::http::extract::if_match::tagged;
use crate::http::extract::{Caller, Listed};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(read).service(versions).service(put_policy);
}

/// A version of the gate policy.
#[derive(Serialize, utoipa::ToSchema)]
struct PolicyView {
    /// Whether it is the one every project begins with, which nobody wrote.
    built_in: bool,
    /// The rules.
    policy: Policy,
    /// Its name in decisions: the digest of its canonical bytes.
    #[schema(value_type = String)]
    digest: Digest,
    /// Who wrote it.
    created_by: Option<Actor>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
}

fn digest(policy: &Policy) -> Result<Digest, Problem> {
    policy.digest().map_err(|error| Problem::internal(&error))
}

impl PolicyView {
    fn of_row(row: PolicyRow) -> Result<Self, Problem> {
        let (digest, created_by, created_at) = (digest(&row.policy)?, Some(row.created_by), Some(row.created_at));
        Ok(Self { built_in: false, digest, policy: row.policy, created_by, created_at })
    }

    fn of(current: CurrentPolicy) -> Result<Self, Problem> {
        match current {
            CurrentPolicy::Own(row) => Self::of_row(*row),
            CurrentPolicy::BuiltIn(policy) => Ok(Self {
                built_in: true,
                digest: digest(&policy)?,
                policy: *policy,
                created_by: None,
                created_at: None,
            }),
        }
    }
}

/// Read the gate policy
///
/// How much error is allowed, how much evidence is wanted, and who may decide.
#[utoipa::path(
    operation_id = "read_policy", tag = "policies",
    params(("project" = String, Path)),
    responses(
        (status = 200, description = "The policy that gates are frozen under now", body = PolicyView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/policy")]
async fn read(app: Data<App>, caller: Caller, project: Path<String>) -> Result<HttpResponse, Problem> {
    show(&PolicyView::of(app.policy(&caller, &project).await?)?)
}

/// A policy, with the tag of its rules.
fn show(view: &PolicyView) -> Result<HttpResponse, Problem> {
    tagged(view, &view.policy)
}

/// List the versions of the gate policy
#[utoipa::path(
    operation_id = "list_policy_versions", tag = "policies",
    params(("project" = String, Path)),
    responses(
        (status = 200, description = "The versions the project wrote, latest first", body = Listed<PolicyView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/policy/versions")]
async fn versions(app: Data<App>, caller: Caller, project: Path<String>) -> Result<Json<Listed<PolicyView>>, Problem> {
    let rows = app.policy_versions(&caller, &project).await?;
    let items: Vec<PolicyView> = rows.into_iter().map(PolicyView::of_row).collect::<Result<_, _>>()?;
    Ok(Json(Listed::new(items, None)))
}

/// Write a new version of the gate policy
///
/// `version` is the version this was made from; the new one is the next. What was frozen before keeps its own. A
/// setting that is left out gets its built-in value.
#[utoipa::path(
    operation_id = "put_policy", tag = "policies",
    params(
        ("project" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The ETag of what the edit rests on"),
    ),
    request_body = Policy,
    responses(
        (status = 200, description = "The new version", body = PolicyView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "Somebody wrote another version meanwhile (`policy_changed`)", body = ProblemBody),
        (status = 412, description = "It is not what If-Match names any more", body = ProblemBody),
        (status = 422, description = "A setting is out of bounds", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[put("/projects/{project}/policy")]
async fn put_policy(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<Policy>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    show(&PolicyView::of_row(app.put_policy(&caller, &project, body.into_inner(), &if_match).await?)?)
}
