//! A first scorecard from a workflow's own history, to be read and written by a person.

use std::collections::BTreeMap;

use seatrial_domain::access::Permission;
use seatrial_domain::cell::Counts;
use seatrial_domain::release::ReleaseState;
use seatrial_domain::scorecard::{History, Proposal, SegmentHistory, propose};
use seatrial_store::{release, segment};

use super::App;
use super::access::Caller;
use super::error::AppError;
use super::signal::{GroupBy, SignalQuery};

/// Days of history that a proposal is taken from.
const HISTORY_DAYS: i64 = 90;

impl App {
    /// Proposes a scorecard for a workflow: checks with thresholds from its history, each with the reason. Nothing is
    /// written.
    ///
    /// # Errors
    /// When there is no such workflow, the caller may not, or the database fails.
    pub async fn propose_scorecard(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
    ) -> Result<Proposal, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let work = self.find_workflow(&project, workflow).await?;
        let db = self.store.read();
        let query = |group_by| SignalQuery {
            workflow: work.id,
            releases: Vec::new(),
            baseline: None,
            from: Some(self.now().day().plus_days(1 - HISTORY_DAYS)),
            to: None,
            group_by,
        };
        let mut counts = Counts::default();
        for group in self.signals_in(&project, &query(GroupBy::Release)).await?.groups {
            counts.add(&group.counts, 1);
        }
        let mut segments = Vec::new();
        // Bounded: a run has at most sixteen dimensions.
        for dimension in segment::dimensions(db, project.scope, work.id).await? {
            let mut values: BTreeMap<String, i64> = BTreeMap::new();
            for group in self.signals_in(&project, &query(GroupBy::Dimension(dimension.clone()))).await?.groups {
                *values.entry(group.value.unwrap_or_default()).or_default() += group.counts.concluded;
            }
            segments.push(SegmentHistory { dimension, values: values.into_iter().collect() });
        }
        let releases = release::list(db, project.scope, Some(work.id)).await?;
        let history = History {
            workflow: work.name,
            risk: work.risk_class,
            owner: work.owner,
            counts,
            days: HISTORY_DAYS,
            has_baseline: releases.iter().any(|row| row.state == ReleaseState::Live) || releases.len() > 1,
            segments,
        };
        Ok(propose(&history))
    }
}
