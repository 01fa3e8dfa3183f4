//! The audit log: who did what.

use actix_web::get;
use actix_web::web::{Data, Json, Path, Query};
use seatrial_domain::ids::AuditId;
use seatrial_domain::time::Timestamp;
use seatrial_store::audit::Entry;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list);
}

/// An entry of the audit log.
#[derive(Serialize, utoipa::ToSchema)]
struct AuditEntry {
    /// Its id.
    #[schema(value_type = String)]
    id: AuditId,
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
    /// What changed.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            noun: entry.noun,
            noun_id: entry.noun_id,
            // What cannot be read back as JSON is shown as it is: the log must stay readable.
            detail: serde_json::from_str(&entry.detail_json)
                .unwrap_or_else(|_| serde_json::Value::String(entry.detail_json.clone())),
        }
    }
}

/// List audit entries
///
/// Latest first. Entries are written with what they describe, and never changed.
#[utoipa::path(
    operation_id = "list_audit_entries", tag = "audit",
    params(("project" = String, Path, description = "The project's name in URLs"), PageQuery),
    responses(
        (status = 200, description = "A page of entries", body = Listed<AuditEntry>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "The cursor is not one of this list", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_audit")))
)]
#[get("/projects/{project}/audit-entries")]
async fn list(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Result<Json<Listed<AuditEntry>>, Problem> {
    let (entries, next) = app.audit_entries(&caller, &path, query.page()?).await?;
    Ok(Json(Listed::new(entries.into_iter().map(AuditEntry::from).collect(), next)))
}
