//! Decisions: recorded, approved by a second person, read, exported; and the one that stands about a release.

use actix_web::http::header::{CONTENT_DISPOSITION, ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post};
use seatrial_domain::decision::Checkpoint;
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::{DecisionId, ProposalId};
use seatrial_domain::release::ReleaseState;
use seatrial_store::decision::DecisionFilter;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::decision_view::{DecisionView, OverridesView};
use super::gate::gate_id;
use super::gate_view::{GateView, ProposalView};
use crate::app::App;
use crate::app::decision::{Decided, NewDecision};
use crate::app::error::AppError;
use crate::http::artifact::{Format, respond};
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::render::Renderer;
use crate::render::document::Document;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(decide)
        .service(approve)
        .service(list)
        .service(read)
        .service(export)
        .service(artifact)
        .service(standing)
        .service(checkpoint)
        .service(overrides);
}

fn decision_id(text: &str) -> Result<DecisionId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "decision" })
}

/// What is to be decided.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DecideBody {
    /// The answer.
    verdict: Verdict,
    /// Why. Needed when it goes against the recommendation.
    #[serde(default)]
    reason: String,
    /// The digest of the frozen evidence you looked at.
    #[schema(value_type = String)]
    bundle: Digest,
    /// The id of the gate's decision that you know to stand and that this one takes the place of; absent when there is none.
    /// When another one stands, somebody decided meanwhile, and the answer is 409 `decided_meanwhile`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    supersedes: Option<DecisionId>,
}

/// Which decisions are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DecisionsQuery {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
    /// Of this release, by name or id.
    release: Option<String>,
    /// Of this gate, by id.
    gate: Option<String>,
}

/// What stands about a release.
#[derive(Serialize, utoipa::ToSchema)]
struct StandingView {
    /// The release's name.
    release: String,
    /// Where the release stands.
    state: ReleaseState,
    /// The decision that stands; null while nobody has decided.
    decision: Option<DecisionView>,
    /// The latest gate of the release.
    gate: Option<GateView>,
}

/// Decide a gate
///
/// A person's act, on the latest frozen evidence. Recorded at once where one person may decide (201); to ship against
/// the recommendation, or a release one opened oneself, is kept for a second person (202). `ship` makes the release
/// live, `rollback` takes it back. The gate's earlier decision is superseded.
#[utoipa::path(
    operation_id = "decide", tag = "decisions",
    params(("project" = String, Path), ("gate" = String, Path, description = "Its id")),
    request_body = DecideBody,
    responses(
        (status = 201, description = "The recorded decision", body = DecisionView),
        (status = 202, description = "It waits for a second person", body = ProposalView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or gate", body = ProblemBody),
        (status = 409, description = "Nothing is frozen (`not_frozen`), other evidence was frozen meanwhile \
         (`evidence_changed`), somebody decided meanwhile (`decided_meanwhile`), or the policy names other roles (`not_a_decider`)", body = ProblemBody),
        (status = 422, description = "The reason is missing or too long", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("decide")))
)]
#[post("/projects/{project}/gates/{gate}/decisions")]
async fn decide(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<DecideBody>,
) -> Result<HttpResponse, Problem> {
    let (project, gate) = path.into_inner();
    let DecideBody { verdict, reason, bundle, supersedes } = body.into_inner();
    let new = NewDecision { verdict, reason, bundle, supersedes };
    Ok(match app.decide(&caller, &project, gate_id(&gate)?, new).await? {
        Decided::Recorded(sealed) => HttpResponse::Created().json(DecisionView::of(*sealed, None)),
        Decided::Proposed(row) => HttpResponse::Accepted().json(ProposalView::from(*row)),
    })
}

/// Approve a decision as the second person
///
/// Records the decision that somebody else proposed, with both names.
#[utoipa::path(
    operation_id = "approve_proposal", tag = "decisions",
    params(("project" = String, Path), ("proposal" = String, Path, description = "Its id")),
    responses(
        (status = 201, description = "The recorded decision", body = DecisionView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or proposal", body = ProblemBody),
        (status = 409, description = "The second person is the first (`same_person`) or holds no role that the policy \
         names (`not_a_second_person`); it was approved (`already_approved`) or overtaken (`proposal_overtaken`)",
         body = ProblemBody),
    ),
    extensions(("x-permission" = json!("approve_second")))
)]
#[post("/projects/{project}/proposals/{proposal}/approve")]
async fn approve(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, proposal) = path.into_inner();
    let id: ProposalId = proposal.parse().map_err(|_| AppError::NotFound { noun: "proposal" })?;
    let sealed = app.approve_proposal(&caller, &project, id).await?;
    Ok(HttpResponse::Created().json(DecisionView::of(sealed, None)))
}

/// List decisions
#[utoipa::path(
    operation_id = "list_decisions", tag = "decisions",
    params(("project" = String, Path), DecisionsQuery, PageQuery),
    responses(
        (status = 200, description = "The decisions, latest first", body = Listed<DecisionView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow, release or gate", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/decisions")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<DecisionsQuery>,
    page: Query<PageQuery>,
) -> Result<Json<Listed<DecisionView>>, Problem> {
    let names = app.names(&caller, &project).await?;
    let workflow = query.workflow.as_deref().map(|name| names.workflow(name)).transpose()?;
    let release = query.release.as_deref().map(|name| names.release(workflow, name)).transpose()?;
    let gate = query.gate.as_deref().map(gate_id).transpose()?;
    let filter = DecisionFilter { gate, workflow, release };
    let (rows, next) = app.list_decisions(&caller, &project, &filter, page.page()?).await?;
    Ok(Json(Listed::new(rows.into_iter().map(DecisionView::from).collect(), next)))
}

/// Read a decision
#[utoipa::path(
    operation_id = "read_decision", tag = "decisions",
    params(("project" = String, Path), ("decision" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The decision", body = DecisionView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or decision", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/decisions/{decision}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<DecisionView>, Problem> {
    let (project, decision) = path.into_inner();
    Ok(Json(app.decision(&caller, &project, decision_id(&decision)?).await?.into()))
}

/// Export a decision
///
/// The frozen evidence, the recommendation and the project's chain in one document that `seatrial decision verify`
/// checks offline.
#[utoipa::path(
    operation_id = "export_decision", tag = "decisions",
    params(("project" = String, Path), ("decision" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The export", body = Object, content_type = "application/json"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or decision", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/decisions/{decision}/export")]
async fn export(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, decision) = path.into_inner();
    let id = decision_id(&decision)?;
    let bytes = app.export_decision(&caller, &project, id).await?;
    let file = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(format!("{id}.json"))],
    };
    Ok(HttpResponse::Ok().content_type("application/json").insert_header((CONTENT_DISPOSITION, file)).body(bytes))
}

/// Which form of the artifact is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ArtifactQuery {
    /// `html` (self-contained), `markdown` (for a comment on a pull request) or `json`; `json` unless given.
    format: Option<String>,
    /// `review`, or `incident` where somebody recommended or decided to roll back; `review` unless given.
    document: Option<String>,
}

/// Make a document of a decision
///
/// The review: the evidence, the recommendation with its reasons, the four questions, the gaps, the digests and the
/// decision. The incident review: what changed, since which release, in which segment, the runs that show it, what was
/// done, and whether it helped. HTML and Markdown by the project's own template where it has one
/// (`X-Seatrial-Template` says which was used).
#[utoipa::path(
    operation_id = "read_artifact", tag = "decisions",
    params(("project" = String, Path), ("decision" = String, Path, description = "Its id"), ArtifactQuery),
    responses(
        (status = 200, description = "The artifact", content(
            (Object = "application/json"), (String = "text/html"), (String = "text/markdown")
        )),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or decision", body = ProblemBody),
        (status = 409, description = "Nobody recommended or decided to roll back (`not_an_incident`)", body = ProblemBody),
        (status = 422, description = "There is no such format or document", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/decisions/{decision}/artifact")]
async fn artifact(
    app: Data<App>,
    renderer: Data<Renderer>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<ArtifactQuery>,
) -> Result<HttpResponse, Problem> {
    let (project, decision) = path.into_inner();
    let format = Format::parse(query.format.as_deref().unwrap_or("json"));
    let format = format.ok_or_else(|| AppError::invalid("format", "is html, markdown or json"))?;
    let document = Document::parse(query.document.as_deref().unwrap_or("review"));
    let document = document.ok_or_else(|| AppError::invalid("document", "is review or incident"))?;
    respond(&app, &renderer, &caller, (&project, decision_id(&decision)?), (document, format)).await
}

/// What stands about a release
///
/// For pipelines: a release may go on when `decision.verdict` is `ship`. A recommendation is not a decision.
#[utoipa::path(
    operation_id = "read_standing_decision", tag = "decisions",
    params(
        ("project" = String, Path), ("workflow" = String, Path, description = "Its name or id"),
        ("release" = String, Path, description = "Its name or id")
    ),
    responses(
        (status = 200, description = "The decision that stands, or null", body = StandingView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/releases/{release}/decision")]
async fn standing(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String, String)>,
) -> Result<Json<StandingView>, Problem> {
    let (project, workflow, release) = path.into_inner();
    let standing = app.standing_decision(&caller, &project, &workflow, &release).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(StandingView {
        release: standing.release.name,
        state: standing.release.state,
        decision: standing.decision.map(|sealed| DecisionView::of(sealed, None)),
        gate: standing.gate.map(|row| GateView::of(row, &names)),
    }))
}

/// Make a checkpoint of the chain
///
/// The place and digest of the last decision. Keep it where nobody of the project can change it: a chain that is
/// rewritten afterwards no longer agrees with it (`seatrial decision verify --checkpoint`).
#[utoipa::path(
    operation_id = "read_checkpoint", tag = "decisions",
    params(("project" = String, Path)),
    responses(
        (status = 200, description = "The head of the chain", body = Checkpoint),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "There is no decision yet (`nothing_decided`)", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/checkpoint")]
async fn checkpoint(app: Data<App>, caller: Caller, project: Path<String>) -> Result<Json<Checkpoint>, Problem> {
    Ok(Json(app.checkpoint(&caller, &project).await?))
}

/// Read how often recommendations are overridden
///
/// Over all decisions, by workflow and by person, each with its numerator, denominator and Wilson's 95 % interval. A gate
/// that is overridden often is too strict, badly measured, or not heeded.
#[utoipa::path(
    operation_id = "read_overrides", tag = "decisions",
    params(("project" = String, Path)),
    responses(
        (status = 200, description = "The rates", body = OverridesView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/overrides")]
async fn overrides(app: Data<App>, caller: Caller, project: Path<String>) -> Result<Json<OverridesView>, Problem> {
    let found = app.overrides(&caller, &project).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(OverridesView::of(found, &names)))
}
