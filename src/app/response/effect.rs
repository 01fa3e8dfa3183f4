//! What a response moved: its signal before the act and after it, from cells.

use seatrial_domain::cell::Counts;
use seatrial_domain::ids::ReleaseId;
use seatrial_domain::response::{Effect, ResponseKind, Stretch, effect};
use seatrial_domain::time::{HOUR, Timestamp};
use seatrial_store::response::ResponseRow;

use crate::app::App;
use crate::app::access::ProjectAccess;
use crate::app::error::AppError;
use crate::app::signal::{GroupBy, SignalQuery};

/// So many days before the act are compared with everything after it, up to as many again.
const WINDOW_DAYS: i64 = 28;

impl App {
    /// The signal before and after. The hour of the act belongs to neither: it holds runs of both.
    pub(super) async fn effect_of(
        &self,
        project: &ProjectAccess,
        row: &ResponseRow,
        acted_at: Timestamp,
    ) -> Result<Effect, AppError> {
        let hour = acted_at.hour();
        let begin = hour.plus_days(-WINDOW_DAYS);
        let after = hour.plus_micros(HOUR);
        let end = after.plus_days(WINDOW_DAYS).min(self.now().hour().plus_micros(HOUR)).max(after);
        // After a rollback the workflow runs on another release; anything else is meant to change this one.
        let releases = match row.release {
            Some(release) if row.kind != ResponseKind::Rollback => vec![release],
            _ => Vec::new(),
        };
        let before = self.counted(project, row, &releases, (begin, hour)).await?;
        let later =
            if end > after { self.counted(project, row, &releases, (after, end)).await? } else { Counts::default() };
        let stretch = |counts: &Counts, from, to| Stretch::of(&row.signal, counts, from, to);
        Ok(effect(&row.signal, stretch(&before, begin, hour), stretch(&later, after, end)))
    }

    async fn counted(
        &self,
        project: &ProjectAccess,
        row: &ResponseRow,
        releases: &[ReleaseId],
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Counts, AppError> {
        let query = SignalQuery {
            workflow: row.workflow,
            releases: releases.to_vec(),
            baseline: None,
            from: Some(from),
            to: Some(to),
            group_by: GroupBy::Release,
        };
        let mut sum = Counts::default();
        for group in self.signals_in(project, &query).await?.groups {
            sum.add(&group.counts, 1);
        }
        Ok(sum)
    }
}
