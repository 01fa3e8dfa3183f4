//! An eval suite's results by release: a window of its cases on a window of the releases of its workflow.

use std::collections::BTreeMap;

use seatrial_domain::access::Permission;
use seatrial_domain::ids::CaseId;
use seatrial_domain::suite::{CaseOutcome, SuiteCase, Trial, outcome};
use seatrial_store::release::ReleaseRow;
use seatrial_store::{eval_result, release};

use super::App;
use super::access::Caller;
use super::error::AppError;
use super::suite::{WholeSuite, whole};

/// Releases beside each other.
pub const RELEASES_SHOWN: usize = 8;
/// Cases below each other.
pub const CASES_SHOWN: usize = 50;

/// Where a window begins: so many cases and releases are before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GridFrom {
    /// Cases.
    pub case: usize,
    /// Releases, the newest first.
    pub release: usize,
}

/// A window of a suite's results.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The suite at its latest version.
    pub suite: WholeSuite,
    /// The releases of the window, the newest first.
    pub releases: Vec<ReleaseRow>,
    /// How many releases the workflow has.
    pub of_releases: usize,
    /// The cases of the window with their titles, and how each stands on each of the releases.
    pub rows: Vec<(SuiteCase, String, Vec<CaseOutcome>)>,
}

impl App {
    /// How the cases of a suite stand on the releases of its workflow.
    ///
    /// # Errors
    /// When there is no such suite in the project, the caller may not, or the database fails.
    pub async fn suite_grid(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
        from: GridFrom,
    ) -> Result<Grid, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        let suite = whole(db, &project, name, None).await?;
        let mut releases = release::list(db, project.scope, Some(suite.suite.workflow)).await?;
        releases.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
        let of_releases = releases.len();
        let releases: Vec<ReleaseRow> = releases.into_iter().skip(from.release).take(RELEASES_SHOWN).collect();
        let ids: Vec<_> = releases.iter().map(|row| row.id).collect();
        let shown: Vec<SuiteCase> =
            suite.members.iter().map(|(case, _)| *case).skip(from.case).take(CASES_SHOWN).collect();
        let trials = eval_result::trials_on(db, project.scope, suite.suite.id, &ids, &shown).await?;
        let titles: BTreeMap<CaseId, &str> = suite
            .members
            .iter()
            .filter_map(|(case, member)| Some((case.case, member.as_ref()?.title.as_str())))
            .collect();
        let none: &[Trial] = &[];
        let rows = shown.iter().map(|case| {
            let on = |release| outcome(trials.get(&(case.case, release)).map_or(none, Vec::as_slice));
            let title = titles.get(&case.case).map_or_else(|| case.case.to_string(), |title| (*title).to_owned());
            (*case, title, ids.iter().map(|release| on(*release)).collect())
        });
        let rows = rows.collect();
        Ok(Grid { releases, of_releases, rows, suite })
    }
}
