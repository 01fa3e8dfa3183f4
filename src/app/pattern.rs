//! Failure patterns: read, confirmed, said to be fixed in a release, opened again. They are found in the background
//! (`group`), never on the way of a run.

mod group;

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{PatternId, ReleaseId};
use seatrial_domain::limits;
use seatrial_domain::pattern::{PatternAct, PatternState};
use seatrial_domain::response::Stretch;
use seatrial_store::failure::{self, FailureCount, FailureFilter};
use seatrial_store::pattern::{self, PatternEvent, PatternFilter, PatternRow};
use seatrial_store::{Connection, Cursor, Page, WriteTx, release};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::AppError;
use super::signal::{GroupBy, SignalQuery};

pub(super) const NOUN: &str = "failure pattern";
/// Releases that are read together after a fix.
const LATER_RELEASES: usize = 200;
const NO_PATTERN: AppError = AppError::NotFound { noun: NOUN };

/// A pattern with what there is to know about it.
#[derive(Clone, Debug)]
pub struct PatternDetail {
    /// The pattern.
    pub row: PatternRow,
    /// Its failures by release and class, and what was learned from them.
    pub counts: Vec<FailureCount>,
    /// What became of it, latest first.
    pub events: Vec<PatternEvent>,
    /// How many runs of the release it was fixed in, or of later ones, concluded since without it; absent unless it is
    /// watched. The upper end of the interval is what the share of such failures can still be.
    pub watched: Option<Stretch>,
}

fn said(note: &str) -> Result<String, AppError> {
    if note.len() > limits::NOTE_BYTES {
        let message = format!("it is {} bytes long; at most {} are accepted", note.len(), limits::NOTE_BYTES);
        return Err(AppError::invalid("note", message));
    }
    Ok(note.trim().to_owned())
}

fn cannot_follow(row: &PatternRow, act: PatternAct) -> AppError {
    let state = row.state.as_str();
    let detail = match act {
        PatternAct::Confirm => format!("It is {state} already; only a new pattern is confirmed."),
        PatternAct::Fix if row.state == PatternState::New => {
            "Confirm first that these failures are one thing that goes wrong.".to_owned()
        }
        PatternAct::Fix => format!("It is {state} already; open it again first if that was a mistake."),
        PatternAct::Watch | PatternAct::Reopen => format!("It is {state}, so no fix is to be taken back."),
    };
    AppError::Conflict { code: "wrong_state", detail }
}

impl App {
    /// The failure patterns of a project, that of the latest failure first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn patterns(
        &self,
        caller: &Caller,
        project: &str,
        filter: &PatternFilter,
        page: Page,
    ) -> Result<(Vec<PatternRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        Ok(pattern::list(self.store.read(), project.scope, filter, page).await?)
    }

    /// A failure pattern with its failures by release, and what became of it.
    ///
    /// # Errors
    /// When there is none in the project, the caller may not, or the database fails.
    pub async fn pattern(&self, caller: &Caller, project: &str, id: PatternId) -> Result<PatternDetail, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        self.pattern_detail(&project, id).await
    }

    async fn pattern_detail(&self, project: &ProjectAccess, id: PatternId) -> Result<PatternDetail, AppError> {
        let db = self.store.read();
        let row = pattern::find(db, project.scope, id).await?.ok_or(NO_PATTERN)?;
        let filter = FailureFilter { pattern: Some(id), ..FailureFilter::default() };
        let counts = failure::counts(db, project.scope, &filter).await?;
        let events = pattern::events(db, project.scope, id).await?;
        let watched = match row.state {
            PatternState::Watching => Some(self.pattern_watched(project, &row).await?),
            _ => None,
        };
        Ok(PatternDetail { row, counts, events, watched })
    }

    async fn pattern_watched(&self, project: &ProjectAccess, row: &PatternRow) -> Result<Stretch, AppError> {
        let to = self.now();
        let from = row.changed_at.max(to.plus_days(-limits::QUERY_DAYS));
        let query = SignalQuery {
            workflow: row.workflow,
            releases: later(self.store.read(), project, row).await?,
            baseline: None,
            from: Some(from.hour()),
            to: Some(to),
            group_by: GroupBy::Release,
        };
        let groups =
            if query.releases.is_empty() { Vec::new() } else { self.signals_in(project, &query).await?.groups };
        let concluded = groups.iter().map(|group| group.counts.concluded).sum::<i64>();
        let concluded = u64::try_from(concluded).unwrap_or_default();
        Ok(Stretch::counted(0, concluded, from, to))
    }

    /// Says that these failures are one thing that goes wrong.
    ///
    /// # Errors
    /// When it is not new, the note is too long, there is none, the caller may not, or the database fails.
    pub async fn confirm_pattern(
        &self,
        caller: &Caller,
        project: &str,
        id: PatternId,
        note: &str,
    ) -> Result<PatternDetail, AppError> {
        self.move_pattern(caller, project, id, (PatternAct::Confirm, None), note).await
    }

    /// Says that a release fixes it. A failure of it on that release or a later one opens it again.
    ///
    /// # Errors
    /// When it is not confirmed, that release or a later one has failures of it already, there is no such pattern or
    /// release, the note is too long, the caller may not, or the database fails.
    pub async fn fix_pattern(
        &self,
        caller: &Caller,
        project: &str,
        id: PatternId,
        in_release: &str,
        note: &str,
    ) -> Result<PatternDetail, AppError> {
        self.move_pattern(caller, project, id, (PatternAct::Fix, Some(in_release)), note).await
    }

    /// Takes a fix back: it is open again.
    ///
    /// # Errors
    /// When it is not fixed, nothing is said, there is no such pattern, the caller may not, or the database fails.
    pub async fn reopen_pattern(
        &self,
        caller: &Caller,
        project: &str,
        id: PatternId,
        note: &str,
    ) -> Result<PatternDetail, AppError> {
        self.move_pattern(caller, project, id, (PatternAct::Reopen, None), note).await
    }

    async fn move_pattern(
        &self,
        caller: &Caller,
        project: &str,
        id: PatternId,
        (act, in_release): (PatternAct, Option<&str>),
        note: &str,
    ) -> Result<PatternDetail, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let note = said(note)?;
        if act == PatternAct::Reopen && note.is_empty() {
            return Err(AppError::invalid("note", "say why it is not fixed after all"));
        }
        let tx = self.store.write().await?;
        let row = pattern::for_update(&tx, project.scope, id).await?.ok_or(NO_PATTERN)?;
        let state = row.state.after(act).ok_or_else(|| cannot_follow(&row, act))?;
        let release = match in_release {
            Some(name) => Some(fixing_release(&tx, &project, &row, name).await?),
            None => None,
        };
        let event = PatternEvent {
            id: self.ids.uuid_v7(),
            state,
            release,
            run: None,
            note,
            by: project.actor().clone(),
            at: self.now(),
        };
        pattern::change(&tx, project.scope, id, release.or(row.fixed_in), &event).await?;
        let before = json!({"state": row.state, "fixed_in": row.fixed_in});
        let after = json!({"state": state, "fixed_in": release.or(row.fixed_in)});
        let detail = Change::of(before, after).with("note", json!(event.note));
        self.audit(&tx, &project, verb(act), NOUN, id, &detail).await?;
        tx.commit().await?;
        self.pattern_detail(&project, id).await
    }
}

const fn verb(act: PatternAct) -> &'static str {
    match act {
        PatternAct::Confirm => "confirm",
        PatternAct::Fix => "fix",
        PatternAct::Watch => "watch",
        PatternAct::Reopen => "reopen",
    }
}

/// The release that fixes a pattern: neither it nor a later one may have shown it.
async fn fixing_release(
    tx: &WriteTx,
    project: &ProjectAccess,
    row: &PatternRow,
    name: &str,
) -> Result<ReleaseId, AppError> {
    let found = release::find(tx, project.scope, row.workflow, name).await?;
    let fixing = found.ok_or(AppError::NotFound { noun: "release" })?;
    let filter = FailureFilter { pattern: Some(row.id), ..FailureFilter::default() };
    let counts = failure::counts(tx, project.scope, &filter).await?;
    let seen = counts.iter().map(|count| count.release).collect();
    let seen = release::these(tx, project.scope, &seen).await?;
    if let Some(later) = seen.values().filter(|seen| seen.place() >= fixing.place()).min_by_key(|seen| seen.place()) {
        let detail = format!(
            "Release {} has failures of this pattern, so {} does not fix it; name a release first seen after {}.",
            later.name, fixing.name, later.name
        );
        return Err(AppError::Conflict { code: "pattern_seen", detail });
    }
    Ok(fixing.id)
}

/// The release a pattern was fixed in and those first seen after it, the latest [`LATER_RELEASES`].
async fn later(db: &impl Connection, project: &ProjectAccess, row: &PatternRow) -> Result<Vec<ReleaseId>, AppError> {
    let Some(fixed_in) = row.fixed_in else { return Ok(Vec::new()) };
    let Some(fixing) = release::by_id(db, project.scope, fixed_in).await? else { return Ok(Vec::new()) };
    let known = release::list(db, project.scope, Some(row.workflow)).await?;
    let later = known.iter().filter(|row| row.place() >= fixing.place());
    Ok(later.take(LATER_RELEASES).map(|row| row.id).collect())
}
