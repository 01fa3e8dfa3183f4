//! Gaps: kept as the rules find them, given to somebody with a due date, closed with what was done.

use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::cell::{ALL, Resolution};
use seatrial_domain::gap::{GapKind, GapState, Todo};
use seatrial_domain::ids::{GapId, GateId};
use seatrial_domain::limits;
use seatrial_domain::notice::Topic;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::time::Timestamp;
use seatrial_store::accumulate::{CellQuery, cells};
use seatrial_store::gap::{self, GapFilter, GapRow};
use seatrial_store::gate::{self, GateFilter, GateRow};
use seatrial_store::{Connection, Cursor, Page, Scope, WriteTx};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::AppError;
use super::evidence::Evaluation;
use super::gate::no_gate;
use super::notice::Telling;
use crate::render::view::mail::Told;

/// A gate that nobody decided for so long is no longer looked at by itself.
const GATE_DAYS: i64 = 90;

const NO_GAP: AppError = AppError::NotFound { noun: "gap" };

fn cannot_be_owned(text: &str) -> AppError {
    let detail = format!("This gap can only be closed, a name beside it does not fill it. {text}");
    AppError::Conflict { code: "gap_cannot_be_owned", detail }
}

impl App {
    /// The gaps of a project, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn gaps(
        &self,
        caller: &Caller,
        project: &str,
        filter: &GapFilter,
        page: Page,
    ) -> Result<(Vec<GapRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(gap::list(self.store.read(), project.scope, filter, page).await?)
    }

    /// A gap.
    ///
    /// # Errors
    /// When there is none in the project, the caller may not, or the database fails.
    pub async fn gap(&self, caller: &Caller, project: &str, id: GapId) -> Result<GapRow, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        gap::find(self.store.read(), project.scope, id).await?.ok_or(NO_GAP)
    }

    /// Keeps what an evaluation found missing: new gaps are open, known ones have their words anew, closed ones that are
    /// found again are open again, open ones that are no longer found are closed.
    pub(super) async fn keep_gaps(&self, tx: &WriteTx, scope: Scope, seen: &Evaluation) -> Result<(), AppError> {
        let bundle = &seen.bundle;
        let (work, release, now) = (bundle.workflow.id, bundle.release.id, bundle.as_of);
        let per_day = self.concluded_per_day(tx, scope, (work, release), now).await?;
        let on = Todo {
            workflow: &bundle.workflow.name,
            release: &bundle.release.name,
            baseline: bundle.baseline.as_ref().map(|baseline| baseline.name.as_str()),
            concluded: bundle.candidate_totals.concluded,
            floor: bundle.policy.floor_units,
            per_day,
            open_critical: bundle.learning.open_critical,
        };
        let mut known = gap::of_release(tx, scope, (work, release)).await?;
        for found in &bundle.gaps {
            let row = known.remove(&found.key());
            let fresh = row.as_ref().is_none_or(|row| row.state == GapState::Closed);
            let row = GapRow {
                id: row.as_ref().map_or_else(|| GapId::from_uuid(self.ids.uuid_v7()), |row| row.id),
                workflow: work,
                release,
                key: found.key(),
                text: found.text.clone(),
                next_step: found.next_step,
                todo: found.todo(&on),
                state: GapState::Open,
                found_at: row.as_ref().filter(|_| !fresh).map_or(now, |row| row.found_at),
                seen_at: now,
                owner: row.as_ref().and_then(|row| row.owner),
                due_at: row.as_ref().and_then(|row| row.due_at),
                assigned_by: row.as_ref().and_then(|row| row.assigned_by.clone()),
                assigned_at: row.as_ref().and_then(|row| row.assigned_at),
                closed_by: None,
                closed_at: None,
                done: None,
            };
            gap::put(tx, scope, &row).await?;
        }
        // Bounded by GAPS_PER_RELEASE.
        for row in known.into_values().filter(|row| row.state == GapState::Open) {
            let closed = GapRow {
                state: GapState::Closed,
                closed_by: Some(Actor::system("gap-rules")),
                closed_at: Some(now),
                done: Some("The rule no longer finds it.".to_owned()),
                ..row
            };
            gap::put(tx, scope, &closed).await?;
        }
        Ok(())
    }

    async fn concluded_per_day(
        &self,
        db: &impl Connection,
        scope: Scope,
        (workflow, release): (seatrial_domain::ids::WorkflowId, seatrial_domain::ids::ReleaseId),
        now: Timestamp,
    ) -> Result<Option<u64>, AppError> {
        let query = CellQuery {
            workflow,
            releases: vec![release],
            dimension: Some(ALL.to_owned()),
            from: now.plus_days(-1),
            to: now.plus_micros(1),
            by: Resolution::Hour,
        };
        let concluded: i64 = cells(db, scope, &query).await?.iter().map(|(_, _, cell)| cell.counts.concluded).sum();
        Ok(u64::try_from(concluded).ok().filter(|n| *n > 0))
    }

    /// Gives a gap of the gate's release an owner, whatever was kept of it so far.
    ///
    /// # Errors
    /// When the gate has no such gap now, it can only be closed and not taken on, the owner cannot act, the caller may
    /// not, or the database fails.
    pub async fn assign_gap(
        &self,
        caller: &Caller,
        project: &str,
        id: GateId,
        key: &str,
        owner: OwnerId,
    ) -> Result<(), AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        let gate = gate::find(self.store.read(), project.scope, id).await?.ok_or_else(no_gate)?;
        let seen = self.preview(&project, &gate).await?;
        let found = seen.bundle.gaps.iter().find(|found| found.key() == key).ok_or(NO_GAP)?;
        if found.kind.cannot_be_owned() {
            return Err(cannot_be_owned(&found.text));
        }
        self.able(project.scope, "owner", owner).await?;
        let tx = self.store.write().await?;
        self.keep_gaps(&tx, project.scope, &seen).await?;
        let rows = gap::of_release(&tx, project.scope, (gate.workflow, gate.release)).await?;
        let row = rows.into_iter().find(|(known, _)| known == key).map(|(_, row)| row).ok_or(NO_GAP)?;
        self.give_gap(&tx, &project, row, owner, None).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives an open gap to somebody, with a due date or without one.
    ///
    /// # Errors
    /// When there is none, it is closed, it can only be closed and not taken on, the owner cannot act, the date is over,
    /// the caller may not, or the database fails.
    pub async fn put_gap_owner(
        &self,
        caller: &Caller,
        project: &str,
        id: GapId,
        owner: OwnerId,
        due_at: Option<Timestamp>,
    ) -> Result<GapRow, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        self.able(project.scope, "owner", owner).await?;
        if due_at.is_some_and(|due| due <= self.now()) {
            return Err(AppError::invalid("due_at", "use a time after now"));
        }
        let tx = self.store.write().await?;
        let row = gap::find(&tx, project.scope, id).await?.ok_or(NO_GAP)?;
        if row.state == GapState::Closed {
            let detail = "It is closed. If the rule finds it again it is open again, and can be given to somebody.";
            return Err(AppError::Conflict { code: "gap_closed", detail: detail.to_owned() });
        }
        if GapKind::of_key(&row.key).is_some_and(GapKind::cannot_be_owned) {
            return Err(cannot_be_owned(&row.todo));
        }
        let row = self.give_gap(&tx, &project, row, owner, due_at).await?;
        tx.commit().await?;
        Ok(row)
    }

    async fn give_gap(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        row: GapRow,
        owner: OwnerId,
        due_at: Option<Timestamp>,
    ) -> Result<GapRow, AppError> {
        let now = self.now();
        let before = json!({"owner": row.owner, "due_at": row.due_at});
        let row = GapRow {
            owner: Some(owner),
            due_at,
            assigned_by: Some(project.actor().clone()),
            assigned_at: Some(now),
            ..row
        };
        gap::put(tx, project.scope, &row).await?;
        let after = json!({"owner": owner, "due_at": due_at});
        let detail = Change::of(before, after).with("gap", json!(row.key));
        self.audit(tx, project, "assign", "gap", row.id, &detail).await?;
        let holder = self.holders(tx, project.scope, [owner]).await?.remove(&owner);
        let mut people = holder.map(|holder| holder.people).unwrap_or_default();
        people.retain(|person| person.account.to_string() != project.actor().id);
        let (what, told) = self.gap_telling((project.scope, &project.slug, &project.name), &row, "assigned", now);
        self.tell_all(tx, &what, &people, &told).await?;
        Ok(row)
    }

    /// What is told of a gap: that it is somebody's now, or that its time is over.
    pub(super) fn gap_telling(
        &self,
        (scope, slug, project): (Scope, &str, &str),
        row: &GapRow,
        what: &str,
        at: Timestamp,
    ) -> (Telling, Told) {
        let url = self.page_url(slug, &format!("/gaps/{}", row.id));
        let due = row.due_at.map(|due| format!(" It is due on {}.", &due.to_string()[..10])).unwrap_or_default();
        let (title, lead) = if what == "assigned" {
            (format!("A gap is yours: {}", row.key), format!("A gap of the evidence is yours now.{due}"))
        } else {
            (format!("Overdue gap: {}", row.key), format!("A gap of the evidence is still open.{due}"))
        };
        let telling = Telling {
            scope,
            topic: Topic::Gap,
            key: format!("{}:{what}:{}", row.id, at.micros()),
            thread: row.id.to_string(),
            url: url.clone(),
        };
        let told = Told {
            project: project.to_owned(),
            recipient: String::new(),
            title,
            lead,
            reasons: vec![row.text.clone(), row.todo.clone()],
            because: "you own it".to_owned(),
            act: "Open the gap".to_owned(),
            url,
        };
        (telling, told)
    }

    /// Closes a gap with what was done. When the rule still finds it at the next look it is open again.
    ///
    /// # Errors
    /// When there is none, nothing is said, it is closed, the caller may not, or the database fails.
    pub async fn close_gap(&self, caller: &Caller, project: &str, id: GapId, done: &str) -> Result<GapRow, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        if done.trim().is_empty() || done.len() > limits::NOTE_BYTES {
            return Err(AppError::invalid("done", format!("say what was done, in 1 to {} bytes", limits::NOTE_BYTES)));
        }
        let tx = self.store.write().await?;
        let row = gap::find(&tx, project.scope, id).await?.ok_or(NO_GAP)?;
        if row.state == GapState::Closed {
            let detail = "It is closed already; see what was done.".to_owned();
            return Err(AppError::Conflict { code: "gap_closed", detail });
        }
        let before = row.state;
        let row = GapRow {
            state: GapState::Closed,
            closed_by: Some(project.actor().clone()),
            closed_at: Some(self.now()),
            done: Some(done.trim().to_owned()),
            ..row
        };
        gap::put(&tx, project.scope, &row).await?;
        self.audit(
            &tx,
            &project,
            "close",
            "gap",
            id,
            &Change::of(json!({"state": before}), json!({"state": row.state, "done": row.done}))
                .with("gap", json!(row.key)),
        )
        .await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Asks the rules again for every undecided gate, and works out how many more runs it will take. Returns for how many
    /// gates.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub async fn find_gaps(&self) -> Result<usize, AppError> {
        let (mut looked, mut failure) = (0, None);
        for (scope, gate) in gate::undecided(self.store.read(), self.now().plus_days(-GATE_DAYS)).await? {
            match self.look_for_gaps(scope, &gate).await {
                Ok(()) => looked += 1,
                Err(error) => {
                    tracing::warn!(%error, gate = %gate.id, "the gaps of a gate could not be found");
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(looked), Err)
    }

    async fn look_for_gaps(&self, scope: Scope, gate: &GateRow) -> Result<(), AppError> {
        let (slug, _) = self.project_names(self.store.read(), scope.project()).await?;
        let project = self.enter_as_system("gap-rules", &slug).await?;
        let seen = self.preview_and_keep(&project, gate).await?;
        let tx = self.store.write().await?;
        self.keep_gaps(&tx, scope, &seen).await?;
        tx.commit().await?;
        self.keep_forecast(scope, gate.id, seen).await
    }

    /// The gates of a workflow's release, for pages that lead from a gap to where it is judged.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn gate_of_gap(&self, caller: &Caller, project: &str, row: &GapRow) -> Result<Option<GateId>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let filter = GateFilter { release: Some(row.release), ..GateFilter::default() };
        let (gates, _) = gate::list(self.store.read(), project.scope, &filter, Page::new(None, Some(1))).await?;
        Ok(gates.first().map(|gate| gate.id))
    }
}
