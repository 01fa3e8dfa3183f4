//! An eval suite's results by release: cases down, releases across.

use serde::Serialize;

use super::{Empty, HOSTILE, Link, View};

/// Body of `/p/{project}/suites/{suite}/results`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuiteGrid {
    /// The suite.
    pub back: Link,
    /// Its workflow and version, and what is shown of it.
    pub sub: String,
    /// The releases, the newest first.
    pub releases: Vec<Link>,
    /// A row for each case.
    pub rows: Vec<SuiteGridRow>,
    /// Neighbouring releases: newer, older.
    pub newer: Option<String>,
    /// Older ones.
    pub older: Option<String>,
    /// Neighbouring cases: those before.
    pub before: Option<String>,
    /// Those after.
    pub after: Option<String>,
    /// Shown instead of the grid when there is nothing in it.
    pub empty: Option<Empty>,
}

/// A case, and how it stands on each release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuiteGridRow {
    /// The case.
    pub case: Link,
    /// Which version of it the suite names.
    pub version: u32,
    /// A cell for each release, in their order.
    pub items: Vec<SuiteGridCell>,
}

/// How a case stands on a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuiteGridCell {
    /// The release.
    pub release: String,
    /// `pass` or `fail`; absent when it was not run.
    pub result: Option<String>,
    /// Trials that passed.
    pub passed: u64,
    /// All trials with a verdict.
    pub trials: u64,
    /// Some trials passed and others failed.
    pub flaky: bool,
}

impl View for SuiteGrid {
    const TEMPLATE: &'static str = "pages/suite/results";
    const SECTION: &'static str = "cases";
    const LIST: &'static str = "rows";
}

impl SuiteGrid {
    /// Two cases on three releases.
    pub fn sample() -> Self {
        Self::named("Refund above the limit")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// Of a suite without cases.
    pub fn empty_sample() -> Self {
        let empty = Empty {
            title: "No case yet".to_owned(),
            text: "Add cases to the suite.".to_owned(),
            command: None,
            action: None,
        };
        let (newer, older, before, after) = (None, None, None, None);
        Self { releases: vec![], rows: vec![], newer, older, before, after, empty: Some(empty), ..Self::sample() }
    }

    fn named(text: &str) -> Self {
        let cell = |result: Option<&str>, passed, flaky| SuiteGridCell {
            release: text.to_owned(),
            result: result.map(str::to_owned),
            passed,
            trials: if result.is_some() { 3 } else { 0 },
            flaky,
        };
        let row = || SuiteGridRow {
            case: Link::new("/p/demo/cases/case_01", text),
            version: 2,
            items: vec![cell(Some("pass"), 3, false), cell(Some("fail"), 1, true), cell(None, 0, false)],
        };
        let link = || Link::new("/p/demo/releases/rel_01", text);
        let page = || Some("?releases=8".to_owned());
        Self {
            back: Link::new("/p/demo/suites/suite_01", text),
            sub: text.to_owned(),
            releases: vec![link(), link(), link()],
            rows: vec![row(), row()],
            newer: page(),
            older: page(),
            before: page(),
            after: page(),
            empty: None,
        }
    }
}
