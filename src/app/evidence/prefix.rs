//! Looks at a running gate that go on from what is kept of its evidence: they read what is new.
//!
//! What is frozen never rests on a prefix: that is assembled from every block, under the project's write lock.

use std::sync::Arc;

use futures_util::future::try_join;
use seatrial_domain::evidence::{FreezeInput, Prefix};
use seatrial_domain::gate::{Progress, evaluate_from};
use seatrial_domain::time::{MINUTE, SECOND, Timestamp};
use seatrial_store::gate::GateRow;
use seatrial_store::prefix::Kept;
use seatrial_store::{Scope, StoreError, prefix, workflow};

use super::remembered::Known;
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
        if let Some(kept) = self.kept_prefix(project.scope, gate).await? {
            let (known, tail) = self.with_tail(project, gate, as_of, kept).await?;
            let going_on = move || {
                let Some((prefix, progress)) = fitting(known, &tail)? else { return Ok(None) };
                let bundle = prefix.resume(&tail, &EachProcessor)?;
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

    /// What is kept of a gate's evidence.
    async fn kept_prefix(&self, scope: Scope, gate: &GateRow) -> Result<Option<Source>, AppError> {
        let db = self.store.read();
        let Some(revision) = prefix::revision(db, scope, gate.id).await? else { return Ok(None) };
        if let Some(known) = self.prefixes.find(gate.id, revision) {
            return Ok(Some(Source::Remembered(known)));
        }
        Ok(prefix::find(db, scope, gate.id).await?.map(Source::Kept))
    }

    /// A prefix, when it can be read back, and what came after it.
    async fn with_tail(
        &self,
        project: &ProjectAccess,
        gate: &GateRow,
        as_of: Timestamp,
        source: Source,
    ) -> Result<(Option<(Prefix, Progress)>, FreezeInput<ArmRows>), AppError> {
        let through = source.through();
        // To be gone on from: copied or decoded while the tail is read.
        let known = async {
            let kept = match source {
                Source::Remembered(known) => return computed(move || Some((*known).clone())).await,
                Source::Kept(kept) => kept,
            };
            let (revision, length) = (kept.revision(), kept.length());
            let decoded = computed(move || kept.decode().map(|known| (Arc::new(known.clone()), known))).await?;
            Ok(decoded.map(|(to_remember, known)| {
                self.prefixes.put(gate.id, revision, length, to_remember);
                known
            }))
        };
        try_join(known, self.gather(self.store.read(), project, gate, as_of, Some(through))).await
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
        let revision = prefix::claim(&tx, scope, gate, as_of, (through, settle_micros)).await?;
        tx.commit().await?;
        if let Some(kept) = self.kept_prefix(scope, gate).await?.filter(|kept| kept.through() <= through) {
            let (known, tail) = self.with_tail(project, gate, as_of, kept).await?;
            let going_on = move || {
                let known = fitting(known, &tail)?;
                known.map(|known| advanced(Some(known), &tail, through)).transpose()
            };
            if let Some(advanced) = computed(going_on).await?? {
                return self.keep_prefix(project, gate, revision, advanced).await;
            }
        }
        let whole = self.gather(db, project, gate, as_of, None).await?;
        let advanced = computed(move || advanced(None, &whole, through)).await??;
        self.keep_prefix(project, gate, revision, advanced).await
    }

    async fn keep_prefix(
        &self,
        project: &ProjectAccess,
        gate: &GateRow,
        revision: i64,
        advanced: Advanced,
    ) -> Result<Evaluation, AppError> {
        let Advanced { evaluation, known, body } = advanced;
        let length = body.as_ref().map_or(0, Vec::len);
        let tx = self.store.write().await?;
        let kept = prefix::keep(&tx, project.scope, gate.id, revision, body).await?;
        tx.commit().await?;
        if let Some(revision) = kept {
            self.prefixes.put(gate.id, revision, length, known);
        }
        Ok(evaluation)
    }
}

/// Where a prefix is.
enum Source {
    Remembered(Known),
    Kept(Kept),
}

impl Source {
    fn through(&self) -> Timestamp {
        match self {
            Self::Remembered(known) => known.0.through(),
            Self::Kept(kept) => kept.through(),
        }
    }
}

/// What is kept, when it is of the question that `tail` is of.
fn fitting(
    known: Option<(Prefix, Progress)>,
    tail: &FreezeInput<ArmRows>,
) -> Result<Option<(Prefix, Progress)>, StoreError> {
    let Some(known) = known else { return Ok(None) };
    Ok(known.0.fits(tail)?.then_some(known))
}

/// An evaluation, and how far its evidence had come at a time: as it is remembered, and as it is kept.
struct Advanced {
    evaluation: Evaluation,
    known: Known,
    body: Option<Vec<u8>>,
}

/// Evaluates all of `input`, and tells how far its evidence had come at `through`.
fn advanced(
    known: Option<(Prefix, Progress)>,
    input: &FreezeInput<ArmRows>,
    through: Timestamp,
) -> Result<Advanced, StoreError> {
    let (prefix, earlier) = match known {
        Some((mut prefix, progress)) => {
            prefix.advance(input, through, &EachProcessor)?;
            (prefix, progress)
        }
        None => (Prefix::of(input, through, &EachProcessor)?, Progress::default()),
    };
    let of_card = |card| Progress::of(&input.policy, card, &prefix.settled_checks(input), &earlier);
    let progress = input.scorecard.as_ref().map(of_card).unwrap_or_default();
    let body = prefix::encode(&prefix, &progress)?;
    let bundle = prefix.clone().resume(input, &EachProcessor)?;
    let recommendation = evaluate_from(&bundle, &progress, &EachProcessor);
    Ok(Advanced { evaluation: Evaluation { bundle, recommendation }, known: Arc::new((prefix, progress)), body })
}
