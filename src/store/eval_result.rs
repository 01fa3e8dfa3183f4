//! What runners say of eval cases on releases, a row for each trial. Nothing is overwritten.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _, Select};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{CaseId, EvalResultId, ReleaseId, SuiteId};
use seatrial_domain::limits;
use seatrial_domain::suite::{EvalVerdict, SuiteCase, Trial};
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::eval_result;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// Rows per statement: sixteen parameters each stay below both databases' limits.
const CHUNK: usize = 500;

/// A trial of a case on a release.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalResultRow {
    /// Its id.
    pub id: EvalResultId,
    /// The suite that was run.
    pub suite: SuiteId,
    /// Which version of it.
    pub suite_version: u32,
    /// The case.
    pub case: CaseId,
    /// Which version of it.
    pub case_version: u32,
    /// The release it ran on.
    pub release: ReleaseId,
    /// The execution it belongs to, by the runner's name for it.
    pub execution: String,
    /// Which trial of the case in that execution, from 1.
    pub trial: u32,
    /// What became of it.
    pub verdict: EvalVerdict,
    /// The runner's score.
    pub score: Option<f64>,
    /// Whichever runner ran it.
    pub runner: String,
    /// What the runner says. Text of others: escape it where it is shown.
    pub message: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Who recorded it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

fn corrupt(error: impl std::fmt::Display) -> StoreError {
    StoreError::corrupt("eval result", error)
}

/// Keeps results.
///
/// # Errors
/// When the database fails, or one of the same trial is there.
pub async fn insert(tx: &WriteTx, scope: Scope, rows: &[EvalResultRow]) -> Result<(), StoreError> {
    for chunk in rows.chunks(CHUNK) {
        let models = chunk.iter().map(|row| {
            let model = eval_result::Model {
                id: row.id.uuid(),
                project_id: scope.uuid(),
                suite_id: row.suite.uuid(),
                suite_version: i64::from(row.suite_version),
                case_id: row.case.uuid(),
                case_version: i64::from(row.case_version),
                release_id: row.release.uuid(),
                execution: row.execution.clone(),
                trial: i64::from(row.trial),
                verdict: row.verdict.as_str().to_owned(),
                score: row.score,
                runner: row.runner.clone(),
                message: row.message.clone(),
                duration_ms: row.duration_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
                recorded_by: serde_json::to_string(&row.by).map_err(corrupt)?,
                recorded_at: row.at.micros(),
            };
            Ok(model.into_active_model().reset_all())
        });
        let models: Vec<eval_result::ActiveModel> = models.collect::<Result<_, StoreError>>()?;
        eval_result::Entity::insert_many(models).exec_without_returning(tx.raw()).await?;
    }
    Ok(())
}

fn read(row: eval_result::Model) -> Result<EvalResultRow, StoreError> {
    let number = |value: i64| u32::try_from(value).map_err(corrupt);
    Ok(EvalResultRow {
        id: EvalResultId::from_uuid(row.id),
        suite: SuiteId::from_uuid(row.suite_id),
        suite_version: number(row.suite_version)?,
        case: CaseId::from_uuid(row.case_id),
        case_version: number(row.case_version)?,
        release: ReleaseId::from_uuid(row.release_id),
        execution: row.execution,
        trial: number(row.trial)?,
        verdict: EvalVerdict::parse(&row.verdict).ok_or_else(|| corrupt(&row.verdict))?,
        score: row.score,
        runner: row.runner,
        message: row.message,
        duration_ms: row.duration_ms.and_then(|ms| u64::try_from(ms).ok()),
        by: serde_json::from_str(&row.recorded_by).map_err(corrupt)?,
        at: Timestamp::from_micros(row.recorded_at),
    })
}

/// The verdicts that an execution of a suite on a release has already, by case and trial.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn of_execution(
    db: &impl Connection,
    scope: Scope,
    (suite, release): (SuiteId, ReleaseId),
    execution: &str,
) -> Result<BTreeMap<(CaseId, u32), EvalVerdict>, StoreError> {
    let rows: Vec<(Uuid, i64, String)> = eval_result::Entity::find()
        .select_only()
        .columns([eval_result::Column::CaseId, eval_result::Column::Trial, eval_result::Column::Verdict])
        .filter(eval_result::Column::ProjectId.eq(scope.uuid()))
        .filter(eval_result::Column::ReleaseId.eq(release.uuid()))
        .filter(eval_result::Column::SuiteId.eq(suite.uuid()))
        .filter(eval_result::Column::Execution.eq(execution))
        .limit(limits::RESULTS_READ)
        .into_tuple()
        .all(db.raw())
        .await?;
    let read = |(case, trial, verdict): (Uuid, i64, String)| {
        let verdict = EvalVerdict::parse(&verdict).ok_or_else(|| corrupt(&verdict))?;
        Ok(((CaseId::from_uuid(case), u32::try_from(trial).map_err(corrupt)?), verdict))
    };
    rows.into_iter().map(read).collect()
}

/// The trials of these versions of cases in a suite on a release, the latest [`limits::RESULTS_READ`], by case. Results
/// of an earlier version of the suite count where the case is the same version still.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn trials(
    db: &impl Connection,
    scope: Scope,
    (suite, release): (SuiteId, ReleaseId),
    cases: &[SuiteCase],
) -> Result<BTreeMap<CaseId, Vec<Trial>>, StoreError> {
    let found = read_trials(db, of_suite(scope, suite, &[release]), cases).await?;
    Ok(found.into_iter().map(|((case, _), trials)| (case, trials)).collect())
}

/// The trials of these versions of cases in a suite on these releases, the latest [`limits::RESULTS_READ`], by case and
/// release.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn trials_on(
    db: &impl Connection,
    scope: Scope,
    suite: SuiteId,
    releases: &[ReleaseId],
    cases: &[SuiteCase],
) -> Result<BTreeMap<(CaseId, ReleaseId), Vec<Trial>>, StoreError> {
    let of_cases = eval_result::Column::CaseId.is_in(cases.iter().map(|case| case.case.uuid()));
    read_trials(db, of_suite(scope, suite, releases).filter(of_cases), cases).await
}

fn of_suite(scope: Scope, suite: SuiteId, releases: &[ReleaseId]) -> Select<eval_result::Entity> {
    eval_result::Entity::find()
        .filter(eval_result::Column::ProjectId.eq(scope.uuid()))
        .filter(eval_result::Column::SuiteId.eq(suite.uuid()))
        .filter(eval_result::Column::ReleaseId.is_in(releases.iter().map(|release| release.uuid())))
}

async fn read_trials(
    db: &impl Connection,
    select: Select<eval_result::Entity>,
    cases: &[SuiteCase],
) -> Result<BTreeMap<(CaseId, ReleaseId), Vec<Trial>>, StoreError> {
    use eval_result::Column;
    let rows: Vec<(Uuid, Uuid, i64, String, String, i64)> = select
        .select_only()
        .columns([Column::CaseId, Column::ReleaseId, Column::CaseVersion])
        .columns([Column::Execution, Column::Verdict, Column::RecordedAt])
        .order_by_desc(Column::RecordedAt)
        .limit(limits::RESULTS_READ)
        .into_tuple()
        .all(db.raw())
        .await?;
    let wanted: BTreeMap<Uuid, i64> = cases.iter().map(|case| (case.case.uuid(), i64::from(case.version))).collect();
    let mut trials: BTreeMap<(CaseId, ReleaseId), Vec<Trial>> = BTreeMap::new();
    for (case, release, version, execution, verdict, at) in rows {
        if wanted.get(&case) == Some(&version) {
            let verdict = EvalVerdict::parse(&verdict).ok_or_else(|| corrupt(&verdict))?;
            let trial = Trial { execution, verdict, recorded_at: Timestamp::from_micros(at) };
            trials.entry((CaseId::from_uuid(case), ReleaseId::from_uuid(release))).or_default().push(trial);
        }
    }
    Ok(trials)
}

/// What runners said of a case, by result; the latest [`limits::RESULTS_READ`].
///
/// # Errors
/// When the database fails.
pub async fn messages(tx: &WriteTx, scope: Scope, case: CaseId) -> Result<Vec<(EvalResultId, String)>, StoreError> {
    let rows: Vec<(Uuid, String)> = eval_result::Entity::find()
        .select_only()
        .columns([eval_result::Column::Id, eval_result::Column::Message])
        .filter(eval_result::Column::ProjectId.eq(scope.uuid()))
        .filter(eval_result::Column::CaseId.eq(case.uuid()))
        .filter(eval_result::Column::Message.is_not_null())
        .order_by_desc(eval_result::Column::RecordedAt)
        .limit(limits::RESULTS_READ)
        .into_tuple()
        .all(tx.raw())
        .await?;
    Ok(rows.into_iter().map(|(id, message)| (EvalResultId::from_uuid(id), message)).collect())
}

/// Writes what a runner said anew, with more of it masked.
///
/// # Errors
/// When the database fails.
pub async fn put_message(tx: &WriteTx, scope: Scope, id: EvalResultId, message: &str) -> Result<(), StoreError> {
    eval_result::Entity::update_many()
        .col_expr(eval_result::Column::Message, Expr::value(message))
        .filter(eval_result::Column::ProjectId.eq(scope.uuid()))
        .filter(eval_result::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// The results of a case, latest first.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn of_case(
    db: &impl Connection,
    scope: Scope,
    case: CaseId,
    page: Page,
) -> Result<(Vec<EvalResultRow>, Option<Cursor>), StoreError> {
    let mut query = eval_result::Entity::find()
        .filter(eval_result::Column::ProjectId.eq(scope.uuid()))
        .filter(eval_result::Column::CaseId.eq(case.uuid()));
    if let Some(after) = page.after {
        let same = eval_result::Column::RecordedAt.eq(after.key).and(eval_result::Column::Id.lt(after.id));
        query = query.filter(Condition::any().add(eval_result::Column::RecordedAt.lt(after.key)).add(same));
    }
    let rows = query
        .order_by_desc(eval_result::Column::RecordedAt)
        .order_by_desc(eval_result::Column::Id)
        .limit(page.limit + 1)
        .all(db.raw())
        .await?;
    let (rows, next) = page.split(rows, |row| Cursor { key: row.recorded_at, id: row.id });
    Ok((rows.into_iter().map(read).collect::<Result<_, _>>()?, next))
}
