//! Taking an act back: each failure it was about stands again as before, unless somebody did something with it since.

use std::collections::BTreeMap;

use seatrial_domain::access::Permission;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::{ActId, RunId};
use seatrial_store::failure::{self, FailureRow};
use seatrial_store::triage_act::{self, ActRow};
use serde_json::json;

use super::{Acted, change_of, require_failed, require_free, stood};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::error::AppError;
use crate::app::failure::{NOUN, find};

impl App {
    /// What was done with a failure, latest first, at most 50 acts.
    ///
    /// # Errors
    /// When the failure is not in the project, the caller may not, or the database fails.
    pub async fn triage_acts(&self, caller: &Caller, project: &str, run: RunId) -> Result<Vec<ActRow>, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        find(self.store.read(), &project, run).await?;
        Ok(triage_act::of_run(self.store.read(), project.scope, run).await?)
    }

    /// Takes an act back. A failure with which something was done since is left as it is and reported. A case that a
    /// failure became stays, and can be retired.
    ///
    /// # Errors
    /// When there is no such act in the project, it was taken back already, the caller may not, or the database fails.
    pub async fn undo_act(&self, caller: &Caller, project: &str, id: ActId) -> Result<Acted, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let tx = self.store.write().await?;
        let acts = triage_act::find(&tx, project.scope, id).await?;
        let first = acts.first().ok_or(AppError::NotFound { noun: "triage act" })?;
        if acts.iter().all(|act| act.undone_at.is_some()) {
            let detail = "The act was taken back already.".to_owned();
            return Err(AppError::Conflict { code: "already_undone", detail });
        }
        let (kind, now) = (first.kind, self.now());
        let runs: Vec<RunId> = acts.iter().map(|act| act.run).collect();
        let rows = failure::these_for_update(&tx, project.scope, &runs).await?;
        let mut acted = Acted { act: None, changed: Vec::new(), unchanged: 0, refused: Vec::new(), more: false };
        let mut classes = Vec::new();
        let mut before = BTreeMap::new();
        for act in acts.iter().filter(|act| act.undone_at.is_none()) {
            let row = rows.iter().find(|row| row.run == act.run);
            let row = row.ok_or(AppError::NotFound { noun: NOUN });
            let restored = row.and_then(|row| require_free(row, caller, now).and_then(|()| restored(act, row)));
            match restored {
                Err(refused) => acted.refused.push((act.run, refused)),
                Ok(row) => {
                    if act.before.failure_class != act.after.failure_class {
                        classes.push((act.run, act.before.failure_class.clone().unwrap_or_default()));
                    }
                    before.insert(act.run, act.after.clone());
                    acted.changed.push(row);
                }
            }
        }
        if acted.changed.is_empty() {
            return Ok(acted);
        }
        let changed: Vec<RunId> = acted.changed.iter().map(|row| row.run).collect();
        failure::save(&tx, project.scope, &acted.changed).await?;
        if !classes.is_empty() {
            self.write_classes(&tx, &project, classes).await?;
        }
        triage_act::undone(&tx, project.scope, id, &changed, now).await?;
        acted.changed = failure::these_for_update(&tx, project.scope, &changed).await?;
        let detail = change_of(kind, &before, &acted.changed).with("kind", json!(kind));
        self.audit(&tx, &project, "undo", "triage act", id, &detail).await?;
        tx.commit().await?;
        acted.act = Some(id);
        Ok(acted)
    }
}

/// The failure as it stood before the act, when nothing that the act changed was changed since.
fn restored(act: &ActRow, row: &FailureRow) -> Result<FailureRow, AppError> {
    let present = stood(row);
    let untouched = present.standing.restored(act.kind, &act.after.standing) == present.standing;
    let class_moved = act.before.failure_class != act.after.failure_class;
    if !untouched || (class_moved && present.failure_class != act.after.failure_class) {
        let detail = "Something was done with this failure since; take that back first.".to_owned();
        return Err(AppError::Conflict { code: "changed_since", detail });
    }
    let mut row = row.clone();
    row.standing = row.standing.restored(act.kind, &act.before.standing);
    if row.standing.status == LearningStatus::Open && present.standing.status != LearningStatus::Open {
        require_failed(&row)?;
    }
    Ok(row)
}
