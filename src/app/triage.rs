//! Triage: acts on one failure or a group of them, each of which can be taken back; assignment; reservation.
//!
//! An act is one transaction with its audit entry. A failure that somebody else has reserved is left alone, and says so.

mod label;
mod progress;
mod reserve;
mod rules;
mod undo;

use std::collections::BTreeMap;

use seatrial_domain::access::Permission;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::{AccountId, ActId, CaseId, RunId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;
use seatrial_domain::triage::{ActKind, Label, Standing};
use seatrial_store::case::{self, CaseRow};
use seatrial_store::failure::{self, FailureFilter, FailureRow, Person};
use seatrial_store::triage_act::{self, ActRow, Stood};
use seatrial_store::{WriteTx, owner};
use serde_json::{Map, Value, json};

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::case::NOUN as CASE;
use super::error::AppError;
use super::failure::NOUN;
use rules::{check_covers, dismissal, require_failed};

pub(super) use rules::{require_free, require_open};

/// What is done with failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Link them to a case that covers them.
    Link(CaseId),
    /// Dismiss them with a reason.
    Dismiss(String),
    /// Take an earlier decision about them back.
    Reopen,
    /// Ask somebody to look at them, or nobody.
    Assign(Option<AccountId>),
    /// Write failure class, failing step or note.
    Label(Label),
}

impl Deed {
    /// The kind of act.
    #[must_use]
    pub const fn kind(&self) -> ActKind {
        match self {
            Self::Link(_) => ActKind::Link,
            Self::Dismiss(_) => ActKind::Dismiss,
            Self::Reopen => ActKind::Reopen,
            Self::Assign(_) => ActKind::Assign,
            Self::Label(_) => ActKind::Label,
        }
    }
}

/// The failures an act is about.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// Those of these runs.
    Runs(Vec<RunId>),
    /// The first [`limits::FAILURES_PER_ACT`] of a group.
    Group(Box<FailureFilter>),
}

/// What became of an act on many failures.
#[derive(Debug)]
pub struct Acted {
    /// The act, by which it is taken back; `None` when nothing changed.
    pub act: Option<ActId>,
    /// The failures that changed, as they are now.
    pub changed: Vec<FailureRow>,
    /// How many were like that already.
    pub unchanged: u64,
    /// Those it was not done with, and why.
    pub refused: Vec<(RunId, AppError)>,
    /// Whether the group has more failures than one act takes.
    pub more: bool,
}

/// A deed with what it needs to know, checked once for all failures.
struct Prepared<'a> {
    deed: &'a Deed,
    case: Option<CaseRow>,
    assignee: Option<Person>,
    step: Option<Option<String>>,
    now: Timestamp,
}

impl Prepared<'_> {
    /// How a failure stands after the deed; `None` when it stands like that already.
    fn after(&self, project: &ProjectAccess, row: &FailureRow) -> Result<Option<FailureRow>, AppError> {
        let (before, by) = (&row.standing, project.actor());
        let decided = |status| before.decided(status, by, self.now);
        let mut changed = row.clone();
        match self.deed {
            Deed::Link(to) => {
                if before.status == LearningStatus::Linked && before.case == Some(*to) {
                    return Ok(None);
                }
                require_open(row)?;
                if let Some(covering) = &self.case {
                    check_covers(covering, row)?;
                }
                changed.standing = Standing { case: Some(*to), ..decided(LearningStatus::Linked) };
            }
            Deed::Dismiss(reason) => {
                if before.status == LearningStatus::Dismissed && before.reason.as_ref() == Some(reason) {
                    return Ok(None);
                }
                require_open(row)?;
                changed.standing = Standing { reason: Some(reason.clone()), ..decided(LearningStatus::Dismissed) };
            }
            Deed::Reopen => {
                if before.status == LearningStatus::Open {
                    return Ok(None);
                }
                require_failed(row)?;
                changed.standing = decided(LearningStatus::Open);
            }
            Deed::Assign(to) => {
                if before.assigned_to == *to {
                    return Ok(None);
                }
                changed.standing.assigned_to = *to;
                changed.assignee.clone_from(&self.assignee);
            }
            Deed::Label(label) => {
                let same = !label::write(&mut changed, label, self.step.as_ref(), by, self.now);
                if same {
                    return Ok(None);
                }
            }
        }
        Ok(Some(changed))
    }
}

impl App {
    /// Does one thing with many failures. Each has its own result: what cannot be done with one does not stop the
    /// others. At most [`limits::FAILURES_PER_ACT`] failures are taken at once.
    ///
    /// # Errors
    /// When the deed itself is wrong (no reason, no such case, class or member), too many runs are named, the caller may
    /// not, or the database fails.
    pub async fn triage(
        &self,
        caller: &Caller,
        project: &str,
        chosen: &Chosen,
        deed: &Deed,
    ) -> Result<Acted, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        self.act(caller, &project, chosen, deed).await
    }

    /// Does something with one failure and returns it as it is then.
    ///
    /// # Errors
    /// As [`App::triage`], and when it cannot be done with this failure or there is none.
    pub async fn triage_one(
        &self,
        caller: &Caller,
        project: &str,
        run: RunId,
        deed: &Deed,
    ) -> Result<FailureRow, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let mut acted = self.act(caller, &project, &Chosen::Runs(vec![run]), deed).await?;
        if let Some((_, refused)) = acted.refused.pop() {
            return Err(refused);
        }
        match acted.changed.pop() {
            Some(row) => Ok(row),
            None => super::failure::find(self.store.read(), &project, run).await,
        }
    }

    async fn act(
        &self,
        caller: &Caller,
        project: &ProjectAccess,
        chosen: &Chosen,
        deed: &Deed,
    ) -> Result<Acted, AppError> {
        let deed = self.checked(project, chosen, deed).await?;
        let tx = self.store.write().await?;
        let prepared = self.prepare(&tx, project, &deed, chosen).await?;
        let (rows, more, missing) = choose(&tx, project, chosen).await?;
        let mut acted = Acted { act: None, changed: Vec::new(), unchanged: 0, refused: Vec::new(), more };
        acted.refused.extend(missing.into_iter().map(|run| (run, AppError::NotFound { noun: NOUN })));
        let mut before = BTreeMap::new();
        for row in rows {
            let after = require_free(&row, caller, prepared.now).and_then(|()| prepared.after(project, &row));
            match after {
                Err(refused) => acted.refused.push((row.run, refused)),
                Ok(None) => acted.unchanged += 1,
                Ok(Some(changed)) => {
                    before.insert(row.run, stood(&row));
                    acted.changed.push(changed);
                }
            }
        }
        if acted.changed.is_empty() {
            return Ok(acted);
        }
        let class = match &deed {
            Deed::Label(label) => label.failure_class.clone(),
            _ => None,
        };
        let act =
            self.record_act(&tx, project, deed.kind(), &before, std::mem::take(&mut acted.changed), class).await?;
        self.audit_deed(&tx, project, &deed, (&before, &act.1)).await?;
        tx.commit().await?;
        (acted.act, acted.changed) = (Some(act.0), act.1);
        Ok(acted)
    }

    /// Writes changed failures with the act that changed them, and returns the act and the failures as they are then.
    pub(super) async fn record_act(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        kind: ActKind,
        before: &BTreeMap<RunId, Stood>,
        changed: Vec<FailureRow>,
        class: Option<String>,
    ) -> Result<(ActId, Vec<FailureRow>), AppError> {
        failure::save(tx, project.scope, &changed).await?;
        let runs: Vec<RunId> = changed.iter().map(|row| row.run).collect();
        if let Some(class) = class {
            let classes = runs.iter().map(|run| (*run, class.clone())).collect();
            self.write_classes(tx, project, classes).await?;
        }
        let rows = failure::these_for_update(tx, project.scope, &runs).await?;
        let (id, at) = (ActId::from_uuid(self.ids.uuid_v7()), self.now());
        let acts = rows.iter().filter_map(|row| {
            let before = before.get(&row.run)?.clone();
            let by = project.actor().clone();
            Some(ActRow { id, run: row.run, kind, by, at, before, after: stood(row), undone_at: None })
        });
        triage_act::insert(tx, project.scope, &acts.collect::<Vec<_>>()).await?;
        Ok((id, rows))
    }

    async fn audit_deed(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        deed: &Deed,
        (before, changed): (&BTreeMap<RunId, Stood>, &[FailureRow]),
    ) -> Result<(), AppError> {
        let (kind, change) = (deed.kind(), change_of(deed.kind(), before, changed));
        match changed {
            [one] => self.audit(tx, project, kind.as_str(), NOUN, one.run, &change).await,
            many => self.audit(tx, project, kind.as_str(), "failures", many.len(), &change).await,
        }
    }

    /// Checks what can be checked without looking at the failures.
    async fn checked(&self, project: &ProjectAccess, chosen: &Chosen, deed: &Deed) -> Result<Deed, AppError> {
        if let Chosen::Runs(runs) = chosen
            && (runs.is_empty() || runs.len() as u64 > limits::FAILURES_PER_ACT)
        {
            let most = limits::FAILURES_PER_ACT;
            let message = format!("there are {} runs; 1 to {most} are taken at once", runs.len());
            return Err(AppError::invalid("runs", message));
        }
        match deed {
            Deed::Dismiss(reason) => dismissal(reason).map(Deed::Dismiss),
            Deed::Label(label) => self.checked_label(project, label).await.map(Deed::Label),
            other => Ok(other.clone()),
        }
    }

    async fn prepare<'a>(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        deed: &'a Deed,
        chosen: &Chosen,
    ) -> Result<Prepared<'a>, AppError> {
        let mut prepared = Prepared { deed, case: None, assignee: None, step: None, now: self.now() };
        match deed {
            Deed::Link(to) => {
                let covering = case::find(tx, project.scope, *to).await?;
                prepared.case = Some(covering.ok_or(AppError::NotFound { noun: CASE })?);
            }
            Deed::Assign(Some(to)) => {
                let people = owner::people(tx, project.scope, &[*to]).await?;
                let able = |person: &&seatrial_store::member::MemberRow| {
                    person.active && person.roles.iter().any(|role| role.grants(Permission::Triage))
                };
                let person = people.get(to).filter(able).ok_or_else(|| {
                    AppError::invalid("account", "is no member who may triage; name a reviewer of this project")
                })?;
                prepared.assignee = Some(Person { account: *to, name: person.name.clone() });
            }
            Deed::Label(label) => prepared.step = self.step_of(tx, project, label, chosen).await?,
            _ => {}
        }
        Ok(prepared)
    }
}

async fn choose(
    tx: &WriteTx,
    project: &ProjectAccess,
    chosen: &Chosen,
) -> Result<(Vec<FailureRow>, bool, Vec<RunId>), AppError> {
    match chosen {
        Chosen::Runs(runs) => {
            let rows = failure::these_for_update(tx, project.scope, runs).await?;
            let missing = runs.iter().filter(|run| rows.iter().all(|row| row.run != **run)).copied().collect();
            Ok((rows, false, missing))
        }
        Chosen::Group(filter) => {
            let (rows, more) = failure::group_for_update(tx, project.scope, filter).await?;
            Ok((rows, more, Vec::new()))
        }
    }
}

/// What an act of this kind changed: of one failure its two states, of several those of each by its run.
fn change_of(kind: ActKind, before: &BTreeMap<RunId, Stood>, changed: &[FailureRow]) -> Change<Value, Value> {
    let of = |stood: &Stood| stood.standing.part(kind, stood.failure_class.as_deref());
    let was = |row: &FailureRow| before.get(&row.run).map(of);
    if let [one] = changed {
        return Change::of(json!(was(one)), of(&stood(one)));
    }
    let each = |state: &dyn Fn(&FailureRow) -> Value| -> Map<String, Value> {
        changed.iter().map(|row| (row.run.to_string(), state(row))).collect()
    };
    Change::of(Value::Object(each(&|row| json!(was(row)))), Value::Object(each(&|row| of(&stood(row)))))
}

/// How a failure stands, as an act keeps it.
pub(super) fn stood(row: &FailureRow) -> Stood {
    Stood { failure_class: row.failure_class.clone(), standing: row.standing.clone() }
}
