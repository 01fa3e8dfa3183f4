//! Reminders: gaps and responses whose time is over, told to their owner, then to those who answer for the workflow,
//! then to the project's admins, once a week each.

use std::collections::BTreeSet;

use seatrial_domain::access::Actor;
use seatrial_domain::ids::{AccountId, WorkflowId};
use seatrial_domain::owner::{Owner, OwnerId};
use seatrial_domain::response::{ResponseKind, ResponseState};
use seatrial_domain::time::{DAY, Timestamp};
use seatrial_store::member::MemberRow;
use seatrial_store::response::{Act, ResponseRow};
use seatrial_store::{Scope, gap, notice, owner, response};

use super::App;
use super::error::AppError;
use super::notice::Telling;
use crate::render::view::mail::Told;

/// Days from one reminder to the next.
const PACE_DAYS: i64 = 7;
/// Rows read at once.
const CHUNK: u64 = 200;

impl App {
    /// Reminds of every gap and response whose time is over, and notices responses that are done by themselves. Returns
    /// how many messages were enqueued.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remind(&self) -> Result<usize, AppError> {
        let mut enqueued = self.remind_of_gaps().await?;
        enqueued += self.remind_of_responses().await?;
        Ok(enqueued)
    }

    async fn remind_of_gaps(&self) -> Result<usize, AppError> {
        let (mut after, mut enqueued) = (None, 0);
        loop {
            let rows = gap::overdue(self.store.read(), after, self.now(), CHUNK).await?;
            let Some((_, last)) = rows.last() else { return Ok(enqueued) };
            after = Some(last.id);
            for (scope, row) in &rows {
                let (slug, project) = self.project_names(self.store.read(), scope.project()).await?;
                let due = row.due_at.unwrap_or(row.found_at);
                let (what, told) = self.gap_telling((*scope, &slug, &project), row, "overdue", due);
                enqueued += self.remind_of(what, told, row.owner, row.workflow, due).await?;
            }
        }
    }

    async fn remind_of_responses(&self) -> Result<usize, AppError> {
        let (mut after, mut enqueued) = (None, 0);
        loop {
            let rows = response::overdue(self.store.read(), after, self.now(), CHUNK).await?;
            let Some((_, last)) = rows.last() else { return Ok(enqueued) };
            after = Some(last.id);
            for (scope, row) in &rows {
                if self.done_by_itself(*scope, row).await? {
                    continue;
                }
                let (slug, project) = self.project_names(self.store.read(), scope.project()).await?;
                let (what, told) = self.response_telling((*scope, &slug, &project), row, "overdue", row.due_at);
                enqueued += self.remind_of(what, told, row.owner, row.workflow, row.due_at).await?;
            }
        }
    }

    /// A response that asks to learn from failures is done when none of them waits any more.
    async fn done_by_itself(&self, scope: Scope, row: &ResponseRow) -> Result<bool, AppError> {
        if row.kind != ResponseKind::UpdateEvalSet || self.failures_waiting(scope, row).await? > 0 {
            return Ok(false);
        }
        let note = "No failure of this kind waits in triage any more.".to_owned();
        let acted = Some(Act { by: Actor::system("responses"), at: self.now(), note });
        let (slug, _) = self.project_names(self.store.read(), scope.project()).await?;
        let project = self.enter_as_system("responses", &slug).await?;
        let tx = self.store.write().await?;
        let detail = self.update_suite(&tx, &project, row).await?;
        let row = ResponseRow { state: ResponseState::Acted, acted, detail, ..row.clone() };
        let changed = response::update(&tx, scope, &row, ResponseState::Open).await?;
        tx.commit().await?;
        Ok(changed)
    }

    async fn remind_of(
        &self,
        mut what: Telling,
        told: Told,
        owner: Option<OwnerId>,
        workflow: WorkflowId,
        due: Timestamp,
    ) -> Result<usize, AppError> {
        let step = (self.now().micros_since(due) / DAY / PACE_DAYS).max(0);
        what.key.push_str(&format!(":{step}"));
        let readers = self.late_readers(what.scope, owner, workflow, step).await?;
        let mut known: BTreeSet<AccountId> = notice::told(self.store.read(), what.scope, &what.key).await?;
        let readers: Vec<_> = readers.into_iter().filter(|(person, _)| known.insert(person.account)).collect();
        if readers.is_empty() {
            return Ok(0);
        }
        let tx = self.store.write().await?;
        let mut enqueued = 0;
        for (person, because) in readers {
            let told = Told { because: because.to_owned(), ..told.clone() };
            enqueued += self.tell_all(&tx, &what, &[person], &told).await?;
        }
        tx.commit().await?;
        Ok(enqueued)
    }

    /// Whom the `step`-th reminder reaches: the owner; then those who answer for the workflow; then the admins. Where
    /// nobody is left, the admins.
    async fn late_readers(
        &self,
        scope: Scope,
        owner: Option<OwnerId>,
        workflow: WorkflowId,
        step: i64,
    ) -> Result<Vec<(MemberRow, &'static str)>, AppError> {
        let db = self.store.read();
        let mut readers: Vec<(MemberRow, &'static str)> = Vec::new();
        if let Some(owner) = owner {
            let holder = self.holders(db, scope, [owner]).await?.remove(&owner);
            let people = holder.map(|holder| holder.people).unwrap_or_default();
            readers.extend(people.into_iter().map(|person| (person, "you own it")));
        }
        if step >= 1 || readers.is_empty() {
            let holders = self.answerable(db, scope, workflow).await?;
            let able = holders.into_iter().filter(|holder| is_able(&holder.owner));
            readers.extend(able.flat_map(|h| h.people).map(|person| (person, "you answer for the workflow")));
        }
        if step >= 2 || readers.is_empty() {
            let admins = owner::admins(db, scope).await?;
            readers.extend(admins.into_iter().map(|person| (person, "you administer the project")));
        }
        Ok(readers)
    }
}

const fn is_able(owner: &Owner) -> bool {
    owner.active
}
