//! Search over what a project has names for: an id leads straight to its thing, words to everything that is called so.

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{CaseId, DecisionId, GateId, RunId};
use seatrial_store::case::{CaseFilter, CaseRow};
use seatrial_store::release::ReleaseRow;
use seatrial_store::run::{RunFilter, RunRow};
use seatrial_store::saved_view::SavedViewRow;
use seatrial_store::workflow::WorkflowRow;
use seatrial_store::{Page, case, decision, gate, run};

use super::App;
use super::access::Caller;
use super::error::AppError;
use super::names::Names;
use super::scorecard::ScorecardDetail;

/// Of each kind this many are found.
const SHOWN: usize = 8;

/// What was found. The newest come first, at most eight of each kind.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The one thing whose id was typed.
    pub exact: Option<Exact>,
    /// Workflows whose name holds the words.
    pub workflows: Vec<WorkflowRow>,
    /// Releases whose name holds the words.
    pub releases: Vec<ReleaseRow>,
    /// Scorecards whose name holds the words.
    pub scorecards: Vec<ScorecardDetail>,
    /// Eval cases whose title holds the words.
    pub cases: Vec<CaseRow>,
    /// Saved views whose name holds the words.
    pub views: Vec<SavedViewRow>,
    /// Runs whose sender called them exactly so.
    pub runs: Vec<RunRow>,
}

/// Something named by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exact {
    /// A run.
    Run(RunId),
    /// An eval case.
    Case(CaseId),
    /// A gate.
    Gate(GateId),
    /// A decision.
    Decision(DecisionId),
}

impl App {
    /// Finds what a person means by `text`; nothing for an empty one. The names that were looked in come along.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn search(&self, caller: &Caller, project: &str, text: &str) -> Result<(Found, Names), AppError> {
        let names = self.names(caller, project).await?;
        let text = text.trim();
        if text.is_empty() {
            return Ok((Found::default(), names));
        }
        let words = text.to_lowercase();
        let is_called_so = |name: &str| name.to_lowercase().contains(&words);
        let workflows = names.workflows().into_iter().filter(|row| is_called_so(&row.name));
        let mut releases: Vec<&ReleaseRow> =
            names.workflows().into_iter().flat_map(|row| names.releases(row.id)).collect();
        releases.retain(|row| is_called_so(&row.name));
        releases.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
        let scorecards = self.scorecards(caller, project).await?;
        let page = Page::new(None, Some(SHOWN as u64));
        let of_title = CaseFilter { title: Some(text.to_owned()), ..CaseFilter::default() };
        let of_id = RunFilter { external_id: Some(text.to_owned()), ..RunFilter::default() };
        let found = Found {
            exact: self.exact(caller, project, text).await?,
            workflows: workflows.take(SHOWN).cloned().collect(),
            releases: releases.into_iter().take(SHOWN).cloned().collect(),
            scorecards: scorecards
                .into_iter()
                .filter(|detail| is_called_so(&detail.row.definition.name))
                .take(SHOWN)
                .collect(),
            cases: self.cases(caller, project, &of_title, page).await?.0,
            views: self.views_called(caller, project, text, page).await?,
            runs: self.list_runs(caller, project, &of_id, page).await?.0,
        };
        Ok((found, names))
    }

    /// The thing whose id `text` is, when it is of this project.
    async fn exact(&self, caller: &Caller, project: &str, text: &str) -> Result<Option<Exact>, AppError> {
        let scope = self.enter(caller, project, Permission::ReadEvidence).await?.scope;
        let db = self.store.read();
        let found = if let Ok(id) = text.parse::<RunId>() {
            run::exists(db, scope, id).await?.then_some(Exact::Run(id))
        } else if let Ok(id) = text.parse::<CaseId>() {
            case::find(db, scope, id).await?.map(|_| Exact::Case(id))
        } else if let Ok(id) = text.parse::<GateId>() {
            gate::find(db, scope, id).await?.map(|_| Exact::Gate(id))
        } else if let Ok(id) = text.parse::<DecisionId>() {
            decision::find(db, scope, id).await?.map(|_| Exact::Decision(id))
        } else {
            None
        };
        Ok(found)
    }
}
