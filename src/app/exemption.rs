//! Exemptions of checks: asked for by one person, approved by another, shown wherever the check is.

use seatrial_domain::access::{ActorKind, Permission, Role};
use seatrial_domain::ids::ExemptionId;
use seatrial_domain::limits;
use seatrial_domain::notice::Topic;
use seatrial_domain::scorecard::{EXEMPTION_DAYS, Exemption};
use seatrial_domain::time::Timestamp;
use seatrial_store::scorecard::ScorecardRow;
use seatrial_store::{Cursor, Page, exemption, member};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::AppError;
use super::notice::Telling;
use crate::render::view::mail::Told;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExemption {
    /// The check's key.
    pub check: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires_at: Timestamp,
}

const NO_EXEMPTION: AppError = AppError::NotFound { noun: "exemption" };

impl App {
    /// The exemptions of a workflow's scorecard, latest first, those that are over included.
    ///
    /// # Errors
    /// When there is no scorecard, the caller may not, or the database fails.
    pub async fn exemptions(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        page: Page,
    ) -> Result<(Vec<Exemption>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (_, row) = self.find_scorecard(&project, workflow).await?;
        Ok(exemption::list(self.store.read(), project.scope, row.id, page).await?)
    }

    /// Asks for an exemption. It has no effect until somebody else approves it.
    ///
    /// # Errors
    /// When there is no such check, no reason, the time is over or too far away, the caller may not or is no person, or
    /// the database fails.
    pub async fn request_exemption(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        new: NewExemption,
    ) -> Result<Exemption, AppError> {
        let project = self.enter(caller, project, Permission::EditScorecards).await?;
        let (_, row) = self.find_scorecard(&project, workflow).await?;
        check_request(&project, &row, &new, self.now())?;
        let made = Exemption {
            id: ExemptionId::from_uuid(self.ids.uuid_v7()),
            check: new.check,
            reason: new.reason.trim().to_owned(),
            requested_by: project.actor().clone(),
            approved_by: None,
            expires_at: new.expires_at,
            ended_at: None,
        };
        let readers: Vec<_> = member::list(self.store.read(), project.scope)
            .await?
            .into_iter()
            .filter(|person| person.active && person.account.to_string() != made.requested_by.id)
            .filter(|person| person.roles.iter().any(|role| approves(*role)))
            .collect();
        let tx = self.store.write().await?;
        exemption::insert(&tx, project.scope, row.id, &made, self.now()).await?;
        self.audit(&tx, &project, "request", "exemption", made.id, &Change::made(&made)).await?;
        let url = self.scorecard_url(&project.slug, row.id);
        let what = Telling {
            scope: project.scope,
            topic: Topic::Exemption,
            key: format!("{}:requested", made.id),
            thread: row.id.to_string(),
            url: url.clone(),
        };
        let told = Told {
            project: project.name.clone(),
            recipient: String::new(),
            title: format!("Exemption wanted: {} of {}", made.check, row.definition.name),
            lead: format!(
                "{} asks to exempt the check {} of {} until {}. It takes your approval, or that of another who may.",
                made.requested_by.display_name,
                made.check,
                row.definition.name,
                &made.expires_at.to_string()[..10]
            ),
            reasons: vec![made.reason.clone()],
            because: "you may approve as the second person".to_owned(),
            act: "Open the scorecard".to_owned(),
            url,
        };
        self.tell_all(&tx, &what, &readers, &told).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Approves an exemption that somebody else asked for.
    ///
    /// # Errors
    /// When there is none, it does not wait for an approval, the caller asked for it, may not or is no person, or the
    /// database fails.
    pub async fn approve_exemption(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        id: ExemptionId,
    ) -> Result<Exemption, AppError> {
        let project = self.enter(caller, project, Permission::ApproveSecond).await?;
        let (_, row) = self.find_scorecard(&project, workflow).await?;
        let now = self.now();
        let tx = self.store.write().await?;
        let known = exemption::find(&tx, project.scope, row.id, id).await?.ok_or(NO_EXEMPTION)?;
        if known.requested_by.id == project.actor().id {
            let detail = "Who asks for an exemption does not approve it; ask somebody else who may.".to_owned();
            return Err(AppError::Conflict { code: "same_person", detail });
        }
        if known.state(now) != "requested" || !exemption::approve(&tx, project.scope, id, project.actor(), now).await? {
            let detail = format!("It does not wait for an approval: it is {}.", known.state(now).replace('_', " "));
            return Err(AppError::Conflict { code: "exemption_not_waiting", detail });
        }
        let detail =
            Change::of(json!({"state": "requested"}), json!({"state": "approved"})).with("check", json!(known.check));
        self.audit(&tx, &project, "approve", "exemption", id, &detail).await?;
        tx.commit().await?;
        Ok(Exemption { approved_by: Some(project.actor().clone()), ..known })
    }

    /// Ends an exemption before its time, or takes back the wish for one.
    ///
    /// # Errors
    /// When there is none, it is over, the caller may not, or the database fails.
    pub async fn end_exemption(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        id: ExemptionId,
    ) -> Result<Exemption, AppError> {
        let project = self.enter(caller, project, Permission::EditScorecards).await?;
        let (_, row) = self.find_scorecard(&project, workflow).await?;
        let now = self.now();
        let tx = self.store.write().await?;
        let known = exemption::find(&tx, project.scope, row.id, id).await?.ok_or(NO_EXEMPTION)?;
        if known.state(now) == "expired" || !exemption::end(&tx, project.scope, id, project.actor(), now).await? {
            let detail = "It is over already.".to_owned();
            return Err(AppError::Conflict { code: "exemption_over", detail });
        }
        let detail =
            Change::of(json!({"state": known.state(now)}), json!({"state": "ended"})).with("check", json!(known.check));
        self.audit(&tx, &project, "end", "exemption", id, &detail).await?;
        tx.commit().await?;
        Ok(Exemption { ended_at: Some(now), ..known })
    }
}

fn approves(role: Role) -> bool {
    role.grants(Permission::ApproveSecond)
}

fn check_request(
    project: &ProjectAccess,
    row: &ScorecardRow,
    new: &NewExemption,
    now: Timestamp,
) -> Result<(), AppError> {
    if project.actor().kind != ActorKind::Account {
        let detail = "A person answers for an exemption; sign in to ask for one.".to_owned();
        return Err(AppError::Conflict { code: "not_a_person", detail });
    }
    if !row.definition.checks.iter().any(|check| check.key == new.check) {
        return Err(AppError::invalid("check", "names no check of the scorecard's present version"));
    }
    if new.reason.trim().is_empty() || new.reason.len() > limits::NOTE_BYTES {
        return Err(AppError::invalid("reason", format!("say why, in 1 to {} bytes", limits::NOTE_BYTES)));
    }
    if new.expires_at <= now || new.expires_at > now.plus_days(EXEMPTION_DAYS) {
        let message =
            format!("use a time after now and within {EXEMPTION_DAYS} days; longer, write it into the scorecard");
        return Err(AppError::invalid("expires_at", message));
    }
    Ok(())
}
