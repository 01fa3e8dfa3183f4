//! Opening a response: what it is about must be there, and somebody who can act must be to do it.

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{AlertId, DecisionId, GapId, PatternId, ReleaseId, ResponseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::response::{OriginKind, ResponseState};
use seatrial_domain::signal::SignalKind;
use seatrial_store::response::{self, ResponseRow};
use seatrial_store::workflow::WorkflowRow;
use seatrial_store::{alert, decision, gap, pattern, release};
use serde_json::{Value, json};

use super::{NewResponse, ResponseDetail};
use crate::app::App;
use crate::app::access::{Caller, ProjectAccess};
use crate::app::audit::Change;
use crate::app::error::AppError;
use crate::app::notice::event_body;

impl App {
    /// Opens a response, tells its owner, and asks other systems by webhook.
    ///
    /// # Errors
    /// When what it is about is not there, nobody who can act is to do it, the signal is no rate, the time is over, the
    /// caller may not, or the database fails.
    pub async fn open_response(
        &self,
        caller: &Caller,
        project: &str,
        new: NewResponse,
    ) -> Result<ResponseDetail, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        let work = self.find_workflow(&project, &new.workflow).await?;
        let row = self.checked_response(&project, &work, new).await?;
        let tx = self.store.write().await?;
        let row = self.increase_sampling(&tx, &project, row).await?;
        response::insert(&tx, project.scope, &row).await?;
        self.audit(&tx, &project, "open", "response", row.id, &Change::made(opened(&row))).await?;
        self.tell_response(&tx, &project, &row, "opened").await?;
        let body = event_body("response.opened", row.opened_at, self.response_data(&project, &row, &work))?;
        self.announce(&tx, project.scope, &format!("{}:opened", row.id), &body).await?;
        tx.commit().await?;
        self.response_detail(&project, row.id).await
    }

    async fn checked_response(
        &self,
        project: &ProjectAccess,
        work: &WorkflowRow,
        new: NewResponse,
    ) -> Result<ResponseRow, AppError> {
        let signal = new.signal.clone().unwrap_or_else(|| new.kind.signal());
        if signal.definition().kind != SignalKind::Rate {
            return Err(AppError::invalid("signal", "name a rate: its change can be shown with an interval"));
        }
        let title = new.title.clone().unwrap_or_else(|| format!("{}: {}", new.kind.words(), work.name));
        if limits::label(&title).as_deref() != Some(title.as_str()) {
            let message = format!("use 1 to {} bytes without control characters", limits::LABEL_BYTES);
            return Err(AppError::invalid("title", message));
        }
        if new.due_at <= self.now() {
            return Err(AppError::invalid("due_at", "use a time after now"));
        }
        let owner = new
            .owner
            .or(work.owner)
            .ok_or_else(|| AppError::invalid("owner", "say who is to do it: the workflow has no owner who would"))?;
        self.able(project.scope, "owner", owner).await?;
        let release = match &new.release {
            Some(name) => Some(self.release_of(project, work.id, name).await?),
            None => None,
        };
        self.check_origin(project, new.origin, &new.origin_id).await?;
        let detail = self.detail_of(project, work, &new).await?;
        Ok(ResponseRow {
            id: ResponseId::from_uuid(self.ids.uuid_v7()),
            workflow: work.id,
            release,
            origin: new.origin,
            origin_id: new.origin_id,
            kind: new.kind,
            title,
            signal,
            detail,
            owner: Some(owner),
            due_at: new.due_at,
            state: ResponseState::Open,
            opened_by: project.actor().clone(),
            opened_at: self.now(),
            acted: None,
            closed: None,
            effect: None,
        })
    }

    async fn release_of(
        &self,
        project: &ProjectAccess,
        workflow: WorkflowId,
        name: &str,
    ) -> Result<ReleaseId, AppError> {
        let found = release::find(self.store.read(), project.scope, workflow, name).await?;
        Ok(found.ok_or(AppError::NotFound { noun: "release" })?.id)
    }

    /// Whether what it is about is there.
    async fn check_origin(&self, project: &ProjectAccess, origin: OriginKind, id: &str) -> Result<(), AppError> {
        let db = self.store.read();
        let found = match origin {
            OriginKind::Gap => match id.parse::<GapId>() {
                Ok(id) => gap::find(db, project.scope, id).await?.is_some(),
                Err(_) => false,
            },
            OriginKind::Decision => match id.parse::<DecisionId>() {
                Ok(id) => decision::find(db, project.scope, id).await?.is_some(),
                Err(_) => false,
            },
            OriginKind::FailurePattern => match id.parse::<PatternId>() {
                Ok(id) => pattern::find(db, project.scope, id).await?.is_some(),
                Err(_) => false,
            },
            OriginKind::Alert => match id.parse::<AlertId>() {
                Ok(id) => alert::find(db, project.scope, id).await?.is_some(),
                Err(_) => false,
            },
        };
        if found {
            return Ok(());
        }
        let message = format!("names no {} of this project", origin.as_str().replace('_', " "));
        Err(AppError::invalid("origin_id", message))
    }
}

/// A new response as the audit log keeps it.
pub(in crate::app) fn opened(row: &ResponseRow) -> Value {
    json!({
        "kind": row.kind, "title": row.title, "signal": row.signal, "workflow": row.workflow, "release": row.release,
        "origin": {"kind": row.origin, "id": row.origin_id}, "owner": row.owner, "due_at": row.due_at,
        "state": row.state, "detail": row.detail,
    })
}
