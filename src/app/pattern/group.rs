//! Grouping failures into patterns in the background, watching what is fixed, and telling people when it comes back.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::access::Actor;
use seatrial_domain::ids::{PatternId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::notice::Topic;
use seatrial_domain::pattern::{Fingerprint, PatternAct, PatternState, choose, failing_step, said, step_name};
use seatrial_store::failure::{self, FailureRow};
use seatrial_store::pattern::{self, NewPattern, PatternEvent, PatternRow};
use seatrial_store::release::ReleaseRow;
use seatrial_store::run::{self, WholeRun};
use seatrial_store::{Scope, WriteTx, owner, release};
use serde_json::json;

use super::{NOUN, later};
use crate::app::App;
use crate::app::access::ProjectAccess;
use crate::app::audit::Change;
use crate::app::content::content_of;
use crate::app::error::AppError;
use crate::app::notice::{Telling, event_body};
use crate::render::view::mail::Told;

/// Failures per transaction; each brings the bodies of its run into memory.
const BATCH: u64 = 32;
/// Batches in one pass; what is left is due in the next one.
const BATCHES: usize = 400;
/// Fixed patterns read at once.
const CHUNK: u64 = 200;
const PART: &str = "patterns";

/// What a failure is told apart by.
fn fingerprint(row: &FailureRow, whole: Option<&WholeRun>) -> Fingerprint {
    let failing = whole.and_then(|whole| failing_step(&whole.spans));
    let step = row.standing.step.clone().or_else(|| failing.and_then(step_name));
    let content = whole.map(content_of).unwrap_or_default();
    let said = said(failing.and_then(|span| span.error.as_deref()), content.input.as_ref());
    Fingerprint::of(row.failure_class.clone(), step, said.as_deref())
}

/// What a batch makes of the patterns.
#[derive(Default)]
struct Grouping {
    known: BTreeMap<PatternId, (PatternRow, Fingerprint)>,
    new: BTreeMap<PatternId, NewPattern>,
    learned: BTreeSet<PatternId>,
    /// The failures of each pattern.
    members: BTreeMap<PatternId, Vec<RunId>>,
    /// Failures of which too little is known to group them.
    alone: Vec<RunId>,
    /// Patterns that lost a failure or got one.
    touched: BTreeSet<PatternId>,
    /// Failures that are new in a pattern that is fixed.
    recurred: Vec<(PatternId, FailureRow)>,
}

impl Grouping {
    fn add(
        &mut self,
        row: FailureRow,
        print: Fingerprint,
        found: impl FnOnce(&FailureRow) -> (PatternId, PatternEvent),
    ) {
        self.touched.extend(row.pattern);
        if !print.is_telling() {
            self.alone.push(row.run);
            return;
        }
        let of_workflow = |workflow: WorkflowId| workflow == row.workflow;
        let known = self.known.iter().filter(|(_, (known, _))| of_workflow(known.workflow));
        let known = known.map(|(id, (_, print))| (*id, print));
        let new = self.new.iter().filter(|(_, new)| of_workflow(new.workflow)).map(|(id, new)| (*id, &new.fingerprint));
        let id = match choose(&print, row.pattern, known.chain(new)) {
            Some(id) => id,
            None => {
                let (id, event) = found(&row);
                let fingerprint = print.clone();
                let new = NewPattern { id, workflow: row.workflow, fingerprint, latest_at: row.occurred_at, event };
                self.new.insert(id, new);
                id
            }
        };
        if let Some((pattern, kept)) = self.known.get_mut(&id) {
            if kept.learn(&print) {
                self.learned.insert(id);
            }
            if row.pattern != Some(id) && pattern.state.is_fixed() {
                self.recurred.push((id, row.clone()));
            }
        } else if let Some(new) = self.new.get_mut(&id) {
            new.fingerprint.learn(&print);
        }
        self.members.entry(id).or_default().push(row.run);
        self.touched.insert(id);
    }

    async fn write(&self, tx: &WriteTx, scope: Scope) -> Result<(), AppError> {
        let new: Vec<NewPattern> = self.new.values().cloned().collect();
        pattern::insert(tx, scope, &new).await?;
        // Each of these is bounded by the failures of a batch.
        for id in &self.learned {
            if let Some((_, print)) = self.known.get(id) {
                pattern::learn(tx, scope, *id, print).await?;
            }
        }
        for (id, runs) in &self.members {
            pattern::assign(tx, scope, Some(*id), runs).await?;
        }
        pattern::assign(tx, scope, None, &self.alone).await?;
        Ok(pattern::count_again(tx, scope, &self.touched).await?)
    }
}

impl App {
    /// Groups the failures that are new or were labelled anew, and watches what is fixed. Returns how many failures were
    /// grouped.
    ///
    /// # Errors
    /// When the database fails; what was grouped before stays.
    pub async fn group_failures(&self) -> Result<usize, AppError> {
        let mut grouped = 0;
        for _ in 0..BATCHES {
            let Some((scope, runs)) = pattern::due(self.store.read(), BATCH).await? else { break };
            grouped += self.group_batch(scope, &runs).await?;
        }
        self.watch_fixed().await?;
        Ok(grouped)
    }

    async fn group_batch(&self, scope: Scope, runs: &[RunId]) -> Result<usize, AppError> {
        let (slug, _) = self.project_names(self.store.read(), scope.project()).await?;
        let project = self.enter_as_system(PART, &slug).await?;
        let rows = failure::these(self.store.read(), scope, runs).await?;
        let whole = run::these(self.store.read(), scope, runs).await?;
        let prints = self.ingest.decode(move || {
            let whole: BTreeMap<RunId, WholeRun> = whole.into_iter().map(|run| (run.row.id, run)).collect();
            let prints = rows.into_iter().map(|row| (row.run, (fingerprint(&row, whole.get(&row.run)), row)));
            prints.collect::<BTreeMap<_, _>>()
        });
        let mut prints = prints.await?;
        let tx = self.store.write().await?;
        let present = failure::these_for_update(&tx, scope, runs).await?;
        let same = |row: &FailureRow, read: &FailureRow| {
            row.failure_class == read.failure_class && row.standing.step == read.standing.step
        };
        // What was labelled while its run was read waits for the next batch.
        let due: Vec<(FailureRow, Fingerprint)> = present
            .into_iter()
            .filter_map(|row| {
                prints.remove(&row.run).filter(|(_, read)| same(&row, read)).map(|(print, _)| (row, print))
            })
            .collect();
        let hashes: Vec<_> = due.iter().map(|(row, print)| (row.workflow, print.bands)).collect();
        let named: Vec<PatternId> = due.iter().filter_map(|(row, _)| row.pattern).collect();
        let known = pattern::sharing(&tx, scope, &hashes, &named).await?;
        let mut grouping = Grouping { known, ..Grouping::default() };
        let (grouped, at) = (due.len(), self.now());
        for (row, print) in due {
            grouping.add(row, print, |row| {
                let event = self.event(PatternState::New, Some((row.run, row.release)), String::new(), at);
                (PatternId::from_uuid(self.ids.uuid_v7()), event)
            });
        }
        grouping.write(&tx, scope).await?;
        self.reopen_recurred(&tx, &project, &grouping).await?;
        tx.commit().await?;
        Ok(grouped)
    }

    fn event(
        &self,
        state: PatternState,
        shown_by: Option<(RunId, ReleaseId)>,
        note: String,
        at: seatrial_domain::time::Timestamp,
    ) -> PatternEvent {
        let (run, release) = shown_by.unzip();
        PatternEvent { id: self.ids.uuid_v7(), state, release, run, note, by: Actor::system(PART), at }
    }

    /// Opens every pattern again of which a new failure is on the release that fixed it, or on a later one.
    async fn reopen_recurred(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        grouping: &Grouping,
    ) -> Result<(), AppError> {
        let fixed_in = |id: &PatternId| grouping.known.get(id).and_then(|(row, _)| row.fixed_in);
        let concerned = grouping.recurred.iter().flat_map(|(id, row)| [Some(row.release), fixed_in(id)]);
        let releases = release::these(tx, project.scope, &concerned.flatten().collect()).await?;
        let mut opened = BTreeSet::new();
        for (id, failure) in &grouping.recurred {
            let (Some(on), Some(fixing)) =
                (releases.get(&failure.release), fixed_in(id).and_then(|fixing| releases.get(&fixing)))
            else {
                continue;
            };
            if on.place() < fixing.place() || !opened.insert(*id) {
                continue;
            }
            if let Some((row, _)) = grouping.known.get(id) {
                self.reopened(tx, project, row, failure, (fixing, on)).await?;
            }
        }
        Ok(())
    }

    async fn reopened(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        row: &PatternRow,
        failure: &FailureRow,
        (fixing, on): (&ReleaseRow, &ReleaseRow),
    ) -> Result<(), AppError> {
        let Some(state) = row.state.after(PatternAct::Reopen) else { return Ok(()) };
        let note = format!("It was fixed in {} and came back on {}.", fixing.name, on.name);
        let event = self.event(state, Some((failure.run, on.id)), note, self.now());
        pattern::change(tx, project.scope, row.id, row.fixed_in, &event).await?;
        let detail = Change::of(json!({"state": row.state}), json!({"state": state}))
            .with("release", json!(on.id))
            .with("run", json!(failure.run))
            .with("note", json!(event.note));
        self.audit(tx, project, "reopen", NOUN, row.id, &detail).await?;
        let name = name_of(row);
        let url = self.page_url(&project.slug, &format!("/patterns/{}", row.id));
        let told = Told {
            project: project.name.clone(),
            recipient: String::new(),
            title: format!("It came back: {name}"),
            lead: "A failure pattern that was fixed came back.".to_owned(),
            reasons: vec![event.note.clone()],
            because: "you answer for the workflow".to_owned(),
            act: "Open the pattern".to_owned(),
            url: url.clone(),
        };
        let telling = Telling {
            scope: project.scope,
            topic: Topic::Pattern,
            key: format!("{}:reopened:{}", row.id, event.at.micros()),
            thread: row.id.to_string(),
            url: url.clone(),
        };
        let holders = self.answerable(tx, project.scope, row.workflow).await?;
        let mut people: Vec<_> =
            holders.into_iter().filter(|holder| holder.owner.active).flat_map(|holder| holder.people).collect();
        if people.is_empty() {
            people = owner::admins(tx, project.scope).await?;
        }
        self.tell_all(tx, &telling, &people, &told).await?;
        let data = json!({
            "project": project.slug,
            "pattern": {
                "id": row.id, "failure_class": row.failure_class, "step": row.step, "state": state,
                "fixed_in": fixing.id, "workflow_id": row.workflow,
            },
            "release": {"id": on.id, "name": on.name},
            "run": failure.run,
            "url": url,
        });
        let body = event_body("pattern.reopened", event.at, data)?;
        self.announce(tx, project.scope, &telling.key, &body).await?;
        Ok(())
    }

    /// Patterns whose fixing release runs are watched from now on.
    async fn watch_fixed(&self) -> Result<(), AppError> {
        let mut after = None;
        loop {
            let rows = pattern::fixed(self.store.read(), after, CHUNK).await?;
            let Some((_, last)) = rows.last() else { return Ok(()) };
            after = Some(last.id);
            for (scope, row) in &rows {
                let (slug, _) = self.project_names(self.store.read(), scope.project()).await?;
                let project = self.enter_as_system(PART, &slug).await?;
                let releases = later(self.store.read(), &project, row).await?;
                if let Some(run) = pattern::run_of(self.store.read(), *scope, &releases).await? {
                    self.watch(&project, row.id, run).await?;
                }
            }
        }
    }

    async fn watch(&self, project: &ProjectAccess, id: PatternId, run: (RunId, ReleaseId)) -> Result<(), AppError> {
        let tx = self.store.write().await?;
        let row = pattern::for_update(&tx, project.scope, id).await?;
        let Some(row) = row.filter(|row| row.state == PatternState::Fixed) else { return Ok(()) };
        let note = "The release it is fixed in, or a later one, runs.".to_owned();
        let event = self.event(PatternState::Watching, Some(run), note, self.now());
        pattern::change(&tx, project.scope, id, row.fixed_in, &event).await?;
        let detail = Change::of(json!({"state": row.state}), json!({"state": event.state}))
            .with("release", json!(run.1))
            .with("run", json!(run.0));
        self.audit(&tx, project, "watch", NOUN, id, &detail).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What a pattern is called: its class and its step. Text of others: escape it where it is shown.
fn name_of(row: &PatternRow) -> String {
    let class = row.failure_class.as_deref().unwrap_or("a failure without a class");
    row.step.as_ref().map_or_else(|| class.to_owned(), |step| format!("{class} at {step}"))
}
