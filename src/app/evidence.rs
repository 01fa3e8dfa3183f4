//! What a gate sees: everything of both releases that the store knows at one time, put together into a bundle.

mod prefix;
mod remembered;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryFutureExt as _;
use futures_util::future::{try_join, try_join3};
use seatrial_domain::cell::{ALL, Basis, Block, Counts, Resolution};
use seatrial_domain::evidence::{
    ArmEvidence, EvalSummary, EvidenceBundle, FreezeInput, FrozenProject, FrozenRelease, FrozenWorkflow, Held,
    Learning, Span, freeze_with,
};
use seatrial_domain::failure::Taxonomy;
use seatrial_domain::gate::{Progress, Recommendation, evaluate_from};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::owner::{Owner, OwnerId, responsible};
use seatrial_domain::policy::Policy;
use seatrial_domain::scorecard::{Exemption, Freshness, Scorecard, SegmentRef};
use seatrial_domain::time::{DAY, HOUR, SECOND, Timestamp};
use seatrial_store::accumulate::{BlockHours, BlockQuery, CellQuery, blocks, cells};
use seatrial_store::gate::GateRow;
use seatrial_store::release::ReleaseRow;
use seatrial_store::scorecard::ScorecardRow;
use seatrial_store::{
    Connection, Scope, StoreError, evidence, exemption, failure_class, freshness, gap, policy, release, scorecard,
    workflow,
};

use super::App;
use super::access::ProjectAccess;
use super::error::AppError;
use super::freshness::judge;
use super::workers::EachProcessor;
pub use remembered::RememberedPrefixes;

/// What a gate sees and what follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The evidence.
    pub bundle: EvidenceBundle,
    /// What the machine recommends on it.
    pub recommendation: Recommendation,
}

impl Evaluation {
    /// Assembles and evaluates on a thread made for long computations: a busy release takes seconds.
    pub(super) async fn of(input: FreezeInput<ArmRows>) -> Result<Self, AppError> {
        let evaluation = computed(move || -> Result<Self, StoreError> {
            let bundle = freeze_with(&input, &EachProcessor)?;
            let recommendation = evaluate_from(&bundle, &Progress::default(), &EachProcessor);
            Ok(Self { bundle, recommendation })
        });
        Ok(evaluation.await??)
    }
}

/// One arm's blocks over one group of runs as the store keeps them: each piece of the time is decoded where it is needed.
#[derive(Clone, Debug, Default)]
pub(super) struct ArmRows {
    settled: BlockHours,
    concluded: BlockHours,
}

impl Held for ArmRows {
    type Error = StoreError;

    fn blocks(&self, basis: Basis, span: Span) -> Result<Cow<'_, [Block]>, StoreError> {
        let hours = match basis {
            Basis::Settled => &self.settled,
            Basis::Concluded => &self.concluded,
        };
        Ok(Cow::Owned(hours.decode(span.0, span.1)?))
    }
}

/// Does what takes long on a thread made for that.
pub(super) async fn computed<T: Send + 'static>(compute: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    tokio::task::spawn_blocking(compute).await.map_err(AppError::internal)
}

impl App {
    /// Reads everything a gate looks at, of blocks those of runs that settle, or would, from `since` on. On a transaction
    /// that holds the project's write lock it is all of one moment; otherwise runs that come in meanwhile may be in some
    /// figures and not yet in others.
    pub(super) async fn gather(
        &self,
        db: &impl Connection,
        project: &ProjectAccess,
        gate: &GateRow,
        as_of: Timestamp,
        since: Option<Timestamp>,
    ) -> Result<FreezeInput<ArmRows>, AppError> {
        let scope = project.scope;
        let of_gate = gate.workflow.to_string();
        let asked = try_join(workflow::find(db, scope, &of_gate), scorecard::of_workflow(db, scope, gate.workflow));
        let (work, card) = asked.await?;
        let work = work.ok_or(AppError::NotFound { noun: "workflow" })?;
        let dimensions = card.as_ref().map(|row| row.scorecard(None, None).all_dimensions()).unwrap_or_default();
        let settle_micros = work.rules.settle_seconds.saturating_mul(SECOND);
        let arm = |release| Arm { scope, workflow: gate.workflow, release, as_of, since, settle_micros };
        let against = async {
            match gate.baseline {
                Some(baseline) => arm(baseline).read(db, &dimensions, &[]).await,
                None => Ok(ArmEvidence::default()),
            }
        };
        let arms = try_join(against, arm(gate.release).read(db, &dimensions, &dimensions));
        // What is little is read while the blocks are.
        let little =
            try_join3(compared(db, scope, gate), standing(db, scope, card, as_of), self.beside(db, project, gate));
        let ((against, own), ((candidate, baseline), standing, beside)) = try_join(arms, little).await?;
        let Stands { scorecard, freshness, exemptions } = standing;
        let policy = beside.policy.for_workflow(&work.name);
        Ok(FreezeInput {
            gate: gate.id,
            project: frozen_project(project),
            workflow: FrozenWorkflow {
                id: work.id,
                name: work.name,
                risk: work.risk_class,
                settle_seconds: work.rules.settle_seconds,
            },
            observes: work.rules.observes,
            candidate: own,
            release: frozen(candidate),
            baseline: baseline.map(frozen),
            as_of,
            policy,
            default_gap_owner: scorecard.as_ref().and_then(default_owner),
            scorecard,
            freshness,
            against,
            pool_ratio: gate.pool_ratio,
            labour_nanos_per_hour: project.settings.labour_nanos_per_hour,
            units_known: beside.units_known,
            taxonomy: beside.taxonomy,
            evals: beside.evals,
            learning: beside.learning,
            covered_classes: beside.covered_classes,
            gap_owners: beside.gap_owners,
            exemptions,
        })
    }

    async fn beside(&self, db: &impl Connection, project: &ProjectAccess, gate: &GateRow) -> Result<Beside, AppError> {
        let scope = project.scope;
        let releases: Vec<ReleaseId> = [Some(gate.release), gate.baseline].into_iter().flatten().collect();
        Ok(Beside {
            policy: policy::current(db, scope).await?.map(|row| row.policy).unwrap_or_default(),
            evals: self.eval_summaries(db, project, gate.workflow, (gate.release, gate.baseline)).await?,
            units_known: evidence::units_known(db, scope, gate.workflow, &releases).await?,
            taxonomy: failure_class::taxonomy(db, scope).await?,
            learning: evidence::learning(db, scope, (gate.workflow, gate.release)).await?,
            covered_classes: freshness::covered_classes(db, scope, gate.workflow).await?,
            gap_owners: self.gap_owners(db, scope, gate).await?,
        })
    }

    async fn gap_owners(
        &self,
        db: &impl Connection,
        scope: Scope,
        gate: &GateRow,
    ) -> Result<BTreeMap<String, Owner>, AppError> {
        let rows = gap::of_release(db, scope, (gate.workflow, gate.release)).await?;
        let by_gap: Vec<(String, OwnerId)> =
            rows.into_iter().filter_map(|(key, row)| Some((key, row.owner?))).collect();
        let holders = self.holders(db, scope, by_gap.iter().map(|(_, id)| *id).collect::<Vec<_>>()).await?;
        let owner = |id: &OwnerId| holders.get(id).map(|holder| holder.owner.clone());
        Ok(by_gap.into_iter().filter_map(|(key, id)| Some((key, owner(&id)?))).collect())
    }
}

/// What a gate looks at beside the runs.
struct Beside {
    policy: Policy,
    evals: Vec<EvalSummary>,
    units_known: bool,
    taxonomy: Taxonomy,
    learning: Learning,
    covered_classes: BTreeSet<String>,
    gap_owners: BTreeMap<String, Owner>,
}

/// Where the scorecard stands.
#[derive(Default)]
struct Stands {
    scorecard: Option<Scorecard>,
    freshness: Option<Freshness>,
    exemptions: Vec<Exemption>,
}

async fn standing(
    db: &impl Connection,
    scope: Scope,
    card: Option<ScorecardRow>,
    as_of: Timestamp,
) -> Result<Stands, AppError> {
    let Some(row) = card else { return Ok(Stands::default()) };
    let exemptions = exemption::in_force(db, scope, row.id, as_of).map_err(AppError::from);
    let (standing, exemptions) = try_join(judge(db, scope, &row, as_of), exemptions).await?;
    Ok(Stands { scorecard: Some(standing.scorecard), freshness: Some(standing.freshness), exemptions })
}

/// The release that is asked about, and what it is compared with.
async fn compared(
    db: &impl Connection,
    scope: Scope,
    gate: &GateRow,
) -> Result<(ReleaseRow, Option<ReleaseRow>), AppError> {
    let candidate = release::by_id(db, scope, gate.release).await?;
    let candidate = candidate.ok_or(AppError::NotFound { noun: "release" })?;
    let baseline = match gate.baseline {
        Some(id) => release::by_id(db, scope, id).await?,
        None => None,
    };
    Ok((candidate, baseline))
}

fn frozen_project(project: &ProjectAccess) -> FrozenProject {
    let (name, currency) = (project.name.clone(), project.settings.currency.clone());
    FrozenProject { id: project.scope.project(), name, currency }
}

fn frozen(row: ReleaseRow) -> FrozenRelease {
    FrozenRelease { id: row.id, name: row.name, state: row.state }
}

/// Who answers for gaps that nobody took on by name: the scorecard's owner, or the backup while the owner cannot act.
fn default_owner(scorecard: &Scorecard) -> Option<Owner> {
    let (owner, backup) = (scorecard.owner.as_ref(), scorecard.backup.as_ref());
    responsible(owner, backup).or(owner).cloned()
}

/// One release's runs up to a time.
#[derive(Clone, Copy)]
struct Arm {
    scope: Scope,
    workflow: WorkflowId,
    release: ReleaseId,
    as_of: Timestamp,
    since: Option<Timestamp>,
    settle_micros: i64,
}

impl Arm {
    /// Settled runs by these dimensions, and concluded ones by those: of a baseline only settled runs are compared.
    async fn read(
        self,
        db: &impl Connection,
        settled: &[String],
        concluded: &[String],
    ) -> Result<ArmEvidence<ArmRows>, AppError> {
        let with_all = |dimensions: &[String]| [&[ALL.to_owned()], dimensions].concat();
        let since = self.since.unwrap_or(Timestamp::from_micros(0));
        let wanted = |basis, from| BlockQuery {
            workflow: self.workflow,
            release: self.release,
            basis,
            dimensions: &[],
            from,
            // The bound is exclusive, and a run that closed just now counts.
            to: self.as_of.plus_micros(1),
        };
        let (settled, concluded) = (with_all(settled), with_all(concluded));
        let of_settled = BlockQuery { dimensions: &settled, ..wanted(Basis::Settled, since) };
        let from = if self.since.is_some() { since.plus_micros(-self.settle_micros) } else { since };
        let of_concluded = BlockQuery { dimensions: &concluded, ..wanted(Basis::Concluded, from) };
        let (totals, open) = self.totals(db).await?;
        let mut arm = ArmEvidence { totals, open, ..ArmEvidence::default() };
        for ((dimension, value), hours) in blocks(db, self.scope, &of_settled).await? {
            group(&mut arm, dimension, value).settled = hours;
        }
        for ((dimension, value), hours) in blocks(db, self.scope, &of_concluded).await? {
            group(&mut arm, dimension, value).concluded = hours;
        }
        Ok(arm)
    }

    /// What all runs of the release add up to, for closed runs and unknown outcomes, which no block counts; and the
    /// runs that are open, by the end of the day, or lately of the hour, in which they started.
    async fn totals(self, db: &impl Connection) -> Result<(Counts, Vec<(Timestamp, u64)>), AppError> {
        let query = CellQuery {
            workflow: self.workflow,
            releases: vec![self.release],
            dimension: Some(ALL.to_owned()),
            from: Timestamp::from_micros(0),
            to: self.as_of.plus_micros(1),
            by: Resolution::Day,
        };
        let lately = self.as_of.floor_to(DAY).plus_days(-1);
        let recent = CellQuery { from: lately, by: Resolution::Hour, ..query.clone() };
        let mut sum = Counts::default();
        let mut open = Vec::new();
        let mut still = |counts: &Counts, until: Timestamp| {
            let n = u64::try_from(counts.runs - counts.closed).unwrap_or(0);
            if n > 0 {
                open.push((until, n));
            }
        };
        for (_, start, cell) in cells(db, self.scope, &query).await? {
            sum.add(&cell.counts, 1);
            if start < lately {
                still(&cell.counts, start.plus_micros(DAY));
            }
        }
        for (_, start, cell) in cells(db, self.scope, &recent).await? {
            still(&cell.counts, start.plus_micros(HOUR));
        }
        Ok((sum, open))
    }
}

/// The blocks of a group of runs, to be filled.
fn group(arm: &mut ArmEvidence<ArmRows>, dimension: String, value: String) -> &mut ArmRows {
    if dimension == ALL { &mut arm.all } else { arm.segments.entry(SegmentRef { dimension, value }).or_default() }
}
