//! Alerts: what drifted in live releases, what people say about it, and how a workflow is watched.

mod cause;
mod settings;

use seatrial_domain::access::Permission;
use seatrial_domain::alert::{AlertEvidence, AlertState};
use seatrial_domain::canonical;
use seatrial_domain::digest::Digest;
use seatrial_domain::drift::Restart;
use seatrial_domain::ids::AlertId;
use seatrial_domain::limits;
use seatrial_domain::response::OriginKind;
use seatrial_store::alert::{self, AlertEvent, AlertFilter, AlertRow};
use seatrial_store::response::{self, ResponseFilter, ResponseRow};
use seatrial_store::{Cursor, Page};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::AppError;

/// An alert with its history and what it rests on.
#[derive(Clone, Debug)]
pub struct AlertDetail {
    /// The alert.
    pub row: AlertRow,
    /// What happened to it, latest first.
    pub events: Vec<AlertEvent>,
    /// What it last fired on, read back from the bytes its digest names.
    pub evidence: Option<AlertEvidence>,
    /// What is done about it, latest first.
    pub responses: Vec<ResponseRow>,
}

const NO_ALERT: AppError = AppError::NotFound { noun: "alert" };

impl App {
    /// The alerts of a project, those that changed last first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn alerts(
        &self,
        caller: &Caller,
        project: &str,
        filter: &AlertFilter,
        page: Page,
    ) -> Result<(Vec<AlertRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(alert::list(self.store.read(), project.scope, filter, page).await?)
    }

    /// An alert with its history.
    ///
    /// # Errors
    /// When there is none, its evidence does not have its digest, the caller may not, or the database fails.
    pub async fn alert(&self, caller: &Caller, project: &str, id: AlertId) -> Result<AlertDetail, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        self.alert_detail(&project, id).await
    }

    async fn alert_detail(&self, project: &ProjectAccess, id: AlertId) -> Result<AlertDetail, AppError> {
        let (db, scope) = (self.store.read(), project.scope);
        let row = alert::find(db, scope, id).await?.ok_or(NO_ALERT)?;
        let bytes = match row.digest {
            Some(digest) => alert::evidence(db, scope, id, digest).await?.map(|bytes| (digest, bytes)),
            None => None,
        };
        let about = ResponseFilter {
            origin: Some(OriginKind::Alert),
            origin_id: Some(id.to_string()),
            ..ResponseFilter::default()
        };
        let (responses, _) = response::list(db, scope, &about, Page::new(None, None)).await?;
        Ok(AlertDetail {
            events: alert::events(db, scope, id).await?,
            evidence: bytes.map(|(digest, bytes)| read_back(digest, &bytes)).transpose()?,
            responses,
            row,
        })
    }

    /// Says that somebody has seen what fires and works on it.
    ///
    /// # Errors
    /// When there is none, it does not fire, nothing is said, the caller may not, or the database fails.
    pub async fn acknowledge_alert(
        &self,
        caller: &Caller,
        project: &str,
        id: AlertId,
        note: &str,
    ) -> Result<AlertDetail, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        let before = self.alert_row(&project, id).await?;
        if before.state != AlertState::Firing {
            return Err(not_raised(&before));
        }
        let row = AlertRow { state: AlertState::Acknowledged, since: self.now(), ..before.clone() };
        self.say(&project, (&before, row), note, "acknowledge").await
    }

    /// Says that what fires or was acknowledged is over: done with, or accepted as usual from now on.
    ///
    /// # Errors
    /// When there is none, it is not raised, nothing is said, the caller may not, or the database fails.
    pub async fn resolve_alert(
        &self,
        caller: &Caller,
        project: &str,
        id: AlertId,
        note: &str,
        accepted: bool,
    ) -> Result<AlertDetail, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        let before = self.alert_row(&project, id).await?;
        if !before.state.is_raised() {
            return Err(not_raised(&before));
        }
        let now = self.now();
        let relearn_from = if accepted { Some(now) } else { before.restart.and_then(|restart| restart.relearn_from) };
        let restart = Some(Restart { at: now, relearn_from });
        let row = AlertRow { state: AlertState::Resolved, since: now, restart, ..before.clone() };
        self.say(&project, (&before, row), note, "resolve").await
    }

    async fn alert_row(&self, project: &ProjectAccess, id: AlertId) -> Result<AlertRow, AppError> {
        alert::find(self.store.read(), project.scope, id).await?.ok_or(NO_ALERT)
    }

    async fn say(
        &self,
        project: &ProjectAccess,
        (before, row): (&AlertRow, AlertRow),
        note: &str,
        action: &'static str,
    ) -> Result<AlertDetail, AppError> {
        if note.trim().is_empty() || note.len() > limits::NOTE_BYTES {
            return Err(AppError::invalid("note", format!("say it in 1 to {} bytes", limits::NOTE_BYTES)));
        }
        let event = AlertEvent {
            id: self.ids.uuid_v7(),
            alert: row.id,
            state: row.state,
            text: note.trim().to_owned(),
            by: project.actor().clone(),
            at: row.since,
            // Whoever acts need not be told, and the others see it where they act.
            told_at: Some(row.since),
            digest: None,
        };
        let tx = self.store.write().await?;
        let now = alert::find(&tx, project.scope, row.id).await?.ok_or(NO_ALERT)?;
        if now != *before {
            return Err(not_raised(&now));
        }
        alert::put(&tx, project.scope, &row).await?;
        alert::add_event(&tx, project.scope, &event, None).await?;
        let named = |row: &AlertRow| json!({"state": row.state, "restart": row.restart});
        let detail = Change::of(named(before), named(&row)).with("note", json!(event.text));
        self.audit(&tx, project, action, "alert", row.id, &detail).await?;
        tx.commit().await?;
        self.alert_detail(project, row.id).await
    }

    /// How many alerts of a project fire.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn firing_alerts(&self, project: &ProjectAccess) -> Result<u64, AppError> {
        Ok(alert::firing(self.store.read(), project.scope).await?)
    }
}

fn not_raised(row: &AlertRow) -> AppError {
    let detail = format!("It is {}; only an alert that fires or was acknowledged can be answered.", row.state.as_str());
    AppError::Conflict { code: "alert_not_raised", detail }
}

fn read_back(digest: Digest, bytes: &[u8]) -> Result<AlertEvidence, AppError> {
    if Digest::of(bytes) != digest {
        return Err(AppError::internal(format!("the stored evidence {digest} does not have its digest")));
    }
    let value = canonical::parse_strict(bytes).map_err(AppError::internal)?;
    canonical::from_value(&value).map_err(AppError::internal)
}
