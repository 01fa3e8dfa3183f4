//! Looks at a running gate that go on from what is kept of its evidence: they read what is new.
//!
//! What is frozen never rests on a prefix: that is assembled from every block, under the project's write lock.

use futures_util::future::try_join;
use seatrial_domain::evidence::{FreezeInput, Prefix};
use seatrial_domain::gate::{Progress, evaluate_from};
use seatrial_domain::time::{MINUTE, SECOND, Timestamp};
use seatrial_store::gate::GateRow;
use seatrial_store::prefix::Kept;
use seatrial_store::{StoreError, prefix, workflow};

use super::{ArmRows, Evaluation, computed};
use crate::app::App;
use crate::app::access::ProjectAccess;
use crate::app::error::AppError;
use crate::app::workers::EachProcessor;

/// A prefix ends at the last full hour that has been over for so long: what settled in it has been written by then.
const LATE: i64 = 15 * MINUTE;

impl App {
    /// What a gate sees now.
    pub(in crate::app) async fn look(&self, project: &ProjectAccess, gate: &GateRow) -> Result<Evaluation, AppError> {
        let (db, as_of) = (self.store.read(), self.now());
        if let Some(kept) = prefix::find(db, project.scope, gate.id).await? {
            let (kept, tail) = self.with_tail(project, gate, as_of, kept).await?;
            let going_on = move || {
                let Some((kept, progress)) = fitting(kept, &tail)? else { return Ok(None) };
                let bundle = kept.resume(&tail, &EachProcessor)?;
                let recommendation = evaluate_from(&bundle, &progress, &EachProcessor);
                Ok(Some(Evaluation { bundle, recommendation }))
            };
            let evaluation: Result<_, StoreError> = computed(going_on).await?;
            if let Some(evaluation) = evaluation? {
                return Ok(evaluation);
            }
        }
        Evaluation::of(self.gather(db, project, gate, as_of, None).await?).await
    }

    /// A prefix, when it can be read back, and what came after it.
    async fn with_tail(
        &self,
        project: &ProjectAccess,
        gate: &GateRow,
        as_of: Timestamp,
        kept: Kept,
    ) -> Result<(Option<(Prefix, Progress)>, FreezeInput<ArmRows>), AppError> {
        let through = kept.through();
        let decoded = computed(move || kept.decode());
        let tail = self.gather(self.store.read(), project, gate, as_of, Some(through));
        try_join(decoded, tail).await
    }

    /// As [`Self::look`], and keeps how far the evidence has come. For the background work.
    pub(in crate::app) async fn look_and_keep(
        &self,
        project: &ProjectAccess,
        gate: &GateRow,
    ) -> Result<Evaluation, AppError> {
        let (db, scope, as_of) = (self.store.read(), project.scope, self.now());
        let work = workflow::find(db, scope, &gate.workflow.to_string()).await?;
        let settle_micros = work.map_or(0, |work| work.rules.settle_seconds.saturating_mul(SECOND));
        let through = as_of.plus_micros(-LATE).hour();
        // Claimed before anything is read: a change from now on keeps what is computed here from being kept.
        let tx = self.store.write().await?;
        let revision = prefix::claim(&tx, scope, gate, through, settle_micros).await?;
        tx.commit().await?;
        if let Some(kept) = prefix::find(db, scope, gate.id).await?.filter(|kept| kept.through() <= through) {
            let (kept, tail) = self.with_tail(project, gate, as_of, kept).await?;
            let going_on = move || {
                let kept = fitting(kept, &tail)?;
                kept.map(|kept| advanced(Some(kept), &tail, through)).transpose()
            };
            if let Some((evaluation, body)) = computed(going_on).await?? {
                return self.keep_prefix(project, gate, revision, evaluation, body).await;
            }
        }
        let whole = self.gather(db, project, gate, as_of, None).await?;
        let (evaluation, body) = computed(move || advanced(None, &whole, through)).await??;
        self.keep_prefix(project, gate, revision, evaluation, body).await
    }

    async fn keep_prefix(
        &self,
        project: &ProjectAccess,
        gate: &GateRow,
        revision: i64,
        evaluation: Evaluation,
        body: Option<Vec<u8>>,
    ) -> Result<Evaluation, AppError> {
        let tx = self.store.write().await?;
        prefix::keep(&tx, project.scope, gate.id, revision, body).await?;
        tx.commit().await?;
        Ok(evaluation)
    }
}

/// What is kept, when it is of the question that `tail` is of.
fn fitting(
    kept: Option<(Prefix, Progress)>,
    tail: &FreezeInput<ArmRows>,
) -> Result<Option<(Prefix, Progress)>, StoreError> {
    let Some((prefix, progress)) = kept else { return Ok(None) };
    Ok(prefix.fits(tail)?.then_some((prefix, progress)))
}

/// Evaluates all of `input`, and encodes how far its evidence had come at `through`.
fn advanced(
    kept: Option<(Prefix, Progress)>,
    input: &FreezeInput<ArmRows>,
    through: Timestamp,
) -> Result<(Evaluation, Option<Vec<u8>>), StoreError> {
    let (prefix, earlier) = match kept {
        Some((mut prefix, progress)) => {
            prefix.advance(input, through, &EachProcessor)?;
            (prefix, progress)
        }
        None => (Prefix::of(input, through, &EachProcessor)?, Progress::default()),
    };
    let of_card = |card| Progress::of(&input.policy, card, &prefix.settled_checks(input), &earlier);
    let progress = input.scorecard.as_ref().map(of_card).unwrap_or_default();
    let body = prefix::encode(&prefix, &progress)?;
    let bundle = prefix.resume(input, &EachProcessor)?;
    let recommendation = evaluate_from(&bundle, &progress, &EachProcessor);
    Ok((Evaluation { bundle, recommendation }, body))
}
