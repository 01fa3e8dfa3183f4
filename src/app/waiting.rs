//! What waits for a person in a project, counted for the navigation of every page: few and cheap queries.

use seatrial_domain::gate::GateState;
use seatrial_domain::ids::AccountId;
use seatrial_domain::limits;
use seatrial_domain::scorecard::FreshnessState;
use seatrial_store::gate::GateFilter;
use seatrial_store::{Page, failure, gate, scorecard};

use super::App;
use super::access::ProjectAccess;
use super::error::AppError;

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Failures nobody has learned from, up to `limits::FAILURES_COUNTED`.
    pub open_failures: u64,
    /// Scorecards of theirs that cannot be relied on, by the last time somebody judged them.
    pub stale_scorecards: u64,
    /// Gates whose evidence is frozen and not decided.
    pub waiting_gates: u64,
    /// Notices they have not read.
    pub unread_notices: u64,
    /// Alerts that fire and nobody has acknowledged.
    pub firing_alerts: u64,
}

impl App {
    /// What waits in the project for `account`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting(&self, project: &ProjectAccess, account: Option<AccountId>) -> Result<Waiting, AppError> {
        let (db, scope) = (self.store.read(), project.scope);
        let scorecards = scorecard::list(db, scope).await?;
        let own = match account {
            Some(account) => self.owner_ids(project, account).await?,
            None => Vec::new(),
        };
        let stale = scorecards.iter().filter(|row| {
            let mine = [row.definition.owner, row.definition.backup].into_iter().flatten().any(|id| own.contains(&id));
            mine && matches!(row.freshness, FreshnessState::Stale | FreshnessState::Unowned)
        });
        let filter = GateFilter { state: Some(GateState::Frozen), ..GateFilter::default() };
        let page = Page::new(None, Some(limits::PAGE_SIZE_MAX));
        let (gates, _) = gate::list(db, scope, &filter, page).await?;
        Ok(Waiting {
            open_failures: failure::open_up_to(db, scope, limits::FAILURES_COUNTED).await?,
            stale_scorecards: stale.count() as u64,
            waiting_gates: gates.len() as u64,
            unread_notices: match account {
                Some(account) => self.unread_notices(project, account).await?,
                None => 0,
            },
            firing_alerts: self.firing_alerts(project).await?,
        })
    }
}
