//! An eval suite's results by release, as a grid.

use actix_web::web::{Path, Query};
use seatrial_domain::suite::{CaseOutcome, CaseResult};
use serde::Deserialize;

use super::context::{Answer, Visitor};
use super::link;
use crate::app::suite_grid::{CASES_SHOWN, GridFrom, RELEASES_SHOWN};
use crate::render::view::suite::{SuiteGrid, SuiteGridCell, SuiteGridRow};
use crate::render::view::{Empty, Link};

/// Where the grid begins.
#[derive(Debug, Default, Deserialize)]
pub struct GridQuery {
    cases: Option<usize>,
    releases: Option<usize>,
}

/// How a case stands on a release, as a cell.
pub fn cell(release: String, outcome: CaseOutcome) -> SuiteGridCell {
    SuiteGridCell {
        release,
        result: match outcome.result {
            CaseResult::Passed => Some("pass".to_owned()),
            CaseResult::Failed => Some("fail".to_owned()),
            CaseResult::NotRun => None,
        },
        passed: outcome.passed,
        trials: outcome.passed + outcome.failed,
        flaky: outcome.flaky,
    }
}

/// `GET /p/{project}/suites/{suite}/results`.
///
/// # Errors
/// When there is no such suite in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>, query: Query<GridQuery>) -> Answer {
    let (project, suite) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let from = GridFrom { case: query.cases.unwrap_or(0), release: query.releases.unwrap_or(0) };
    let grid = app.suite_grid(caller, slug, &suite, from).await?;
    let names = app.names(caller, slug).await?;
    let row = &grid.suite.suite;
    let base = frame.href(&format!("/suites/{}/results", row.id));
    let href = |case: usize, release: usize| {
        let number = |n: usize| (n > 0).then(|| n.to_string());
        let (case, release) = (number(case), number(release));
        link::with_query(&base, &[("cases", case.as_deref()), ("releases", release.as_deref())])
    };
    let cases = grid.suite.members.len();
    let rows: Vec<SuiteGridRow> = grid
        .rows
        .iter()
        .map(|(case, title, outcomes)| SuiteGridRow {
            case: Link::new(frame.href(&format!("/cases/{}", case.case)), title),
            version: case.version,
            items: grid.releases.iter().zip(outcomes).map(|(r, outcome)| cell(r.name.clone(), *outcome)).collect(),
        })
        .collect();
    let empty = (rows.is_empty() || grid.releases.is_empty()).then(|| Empty {
        title: if cases == 0 { "No case yet" } else { "Nothing here" }.to_owned(),
        text: "A row is a case of the suite, a column a release of its workflow.".to_owned(),
        command: None,
        action: Some(Link::new(frame.href(&format!("/suites/{}", row.id)), &row.name)),
    });
    let body = SuiteGrid {
        back: Link::new(frame.href(&format!("/suites/{}", row.id)), &row.name),
        sub: format!(
            "{}, version {}: {} of {cases} cases on {} of {} releases.",
            names.workflow_name(row.workflow),
            row.version,
            rows.len(),
            grid.releases.len(),
            grid.of_releases,
        ),
        releases: grid
            .releases
            .iter()
            .map(|release| Link::new(frame.href(&format!("/releases/{}", release.id)), &release.name))
            .collect(),
        newer: (from.release > 0).then(|| href(from.case, from.release.saturating_sub(RELEASES_SHOWN))),
        older: (from.release.saturating_add(RELEASES_SHOWN) < grid.of_releases)
            .then(|| href(from.case, from.release + RELEASES_SHOWN)),
        before: (from.case > 0).then(|| href(from.case.saturating_sub(CASES_SHOWN), from.release)),
        after: (from.case.saturating_add(CASES_SHOWN) < cases).then(|| href(from.case + CASES_SHOWN, from.release)),
        rows,
        empty,
    };
    frame.page(format!("Results of {}", row.name), body)
}
