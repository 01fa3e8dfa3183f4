//! The audit log: who did what, from where; searched page by page, exported whole.

use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{HttpResponse, get};
use futures_util::StreamExt as _;
use seatrial_domain::audit::SealedEntry;
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::AuditId;
use seatrial_domain::time::Timestamp;
use seatrial_store::audit::{Entry, Search};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::render::text::csv_line;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(export);
}

/// An entry of the audit log.
#[derive(Serialize, utoipa::ToSchema)]
struct AuditEntry {
    /// Its id.
    #[schema(value_type = String)]
    id: AuditId,
    /// Its place in the project's chain, from 1; absent of entries made before there was a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who: kind, id and name at that time.
    actor: String,
    /// What they did.
    action: String,
    /// To what kind of thing.
    noun: String,
    /// To which one.
    noun_id: String,
    /// What changed: what was there `before` (null of what came to be) and what is there `after` (null of what is gone),
    /// and what else belongs to the act.
    detail: serde_json::Value,
    /// The address it came from; absent of background work and of the command line on the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The request, as its answer's `X-Request-Id` and the service's log name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// Its digest, which the entry after it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    digest: Option<Digest>,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        let sealed = entry.sealed.as_ref();
        Self {
            id: entry.id,
            sequence: sealed.map(|sealed| sealed.record.sequence),
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            noun: entry.noun,
            noun_id: entry.noun_id,
            // What cannot be read back as JSON is shown as it is: the log must stay readable.
            detail: serde_json::from_str(&entry.detail_json)
                .unwrap_or_else(|_| serde_json::Value::String(entry.detail_json.clone())),
            request_id: sealed.and_then(|sealed| sealed.record.request_id.clone()),
            digest: sealed.map(|sealed| sealed.digest),
            address: entry.address,
        }
    }
}

/// Which entries are wanted; all of what is given must hold.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// By whom: the id of an account or an API key.
    actor: Option<String>,
    /// What they did, such as `change_settings`.
    action: Option<String>,
    /// To what kind of thing, such as `scorecard`.
    noun: Option<String>,
    /// To which one, by its id.
    noun_id: Option<String>,
    /// From this time on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// With this text in the detail.
    text: Option<String>,
}

impl AuditQuery {
    fn search(self) -> Search {
        let Self { actor, action, noun, noun_id, from, until, text } = self;
        Search { actor, action, noun, noun_id, from, until, text }
    }
}

/// In which form the log is exported.
#[derive(Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum AuditFormat {
    /// A sealed entry on each line, as `seatrial audit verify` reads it.
    #[default]
    Ndjson,
    /// A row for each entry, for a spreadsheet.
    Csv,
}

/// In which form.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// `ndjson` unless given.
    #[param(inline)]
    format: Option<AuditFormat>,
}

/// List audit entries
///
/// Latest first. Entries are written with what they describe, and never changed.
#[utoipa::path(
    operation_id = "list_audit_entries", tag = "audit",
    params(("project" = String, Path, description = "The project's name in URLs"), AuditQuery, PageQuery),
    responses(
        (status = 200, description = "A page of entries", body = Listed<AuditEntry>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "The cursor is not one of this list, or a text is too long", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_audit")))
)]
#[get("/projects/{project}/audit-entries")]
async fn list(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    search: Query<AuditQuery>,
    query: Query<PageQuery>,
) -> Result<Json<Listed<AuditEntry>>, Problem> {
    let search = search.into_inner().search();
    let (entries, next) = app.audit_entries(&caller, &path, &search, query.page()?).await?;
    Ok(Json(Listed::new(entries.into_iter().map(AuditEntry::from).collect(), next)))
}

/// Export the audit log
///
/// In the order of the chain, whole unless a search is given. As NDJSON it is verified offline by `seatrial audit verify`;
/// a search leaves entries out, which shows as missing there.
#[utoipa::path(
    operation_id = "export_audit_log", tag = "audit",
    params(("project" = String, Path, description = "The project's name in URLs"), AuditQuery, ExportQuery),
    responses(
        (status = 200, description = "The entries", content(
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "A text is too long", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_audit")))
)]
#[get("/projects/{project}/audit-log")]
async fn export(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    search: Query<AuditQuery>,
    query: Query<ExportQuery>,
) -> Result<HttpResponse, Problem> {
    let search = search.into_inner().search();
    let format = query.format.unwrap_or_default();
    let entries = app.into_inner().audit_export(&caller, &path, search).await?;
    let (content_type, ending, write): (_, _, fn(&[SealedEntry]) -> String) = match format {
        AuditFormat::Ndjson => ("application/x-ndjson", "ndjson", ndjson),
        AuditFormat::Csv => ("text/csv; charset=utf-8", "csv", csv),
    };
    let head = match format {
        AuditFormat::Ndjson => Bytes::new(),
        AuditFormat::Csv => Bytes::from(csv_line(&COLUMNS)),
    };
    // Once the answer has begun, all that is left for an error is to break it off, which a client notices.
    let lines = entries.map(move |batch| batch.map(|batch| Bytes::from(write(&batch))));
    let body = futures_util::stream::once(std::future::ready(Ok::<_, AppError>(head))).chain(lines);
    let disposition = format!("attachment; filename=\"audit-log.{ending}\"");
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header(("content-disposition", disposition))
        .streaming(Box::pin(body)))
}

fn ndjson(entries: &[SealedEntry]) -> String {
    let line = |entry: &SealedEntry| serde_json::to_string(entry).map(|line| line + "\n").unwrap_or_default();
    entries.iter().map(line).collect()
}

const COLUMNS: [&str; 11] = [
    "sequence",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "action",
    "noun",
    "noun_id",
    "detail",
    "address",
    "digest",
];

fn csv(entries: &[SealedEntry]) -> String {
    let line = |entry: &SealedEntry| {
        let record = &entry.record;
        let texts = [
            record.sequence.to_string(),
            record.at.to_string(),
            record.actor.kind.to_string(),
            record.actor.id.clone(),
            record.actor.display_name.clone(),
            record.action.clone(),
            record.noun.clone(),
            record.noun_id.clone(),
            record.detail.to_string(),
            record.address.clone().unwrap_or_default(),
            entry.digest.to_string(),
        ];
        csv_line(&texts.each_ref().map(String::as_str))
    };
    entries.iter().map(line).collect()
}
