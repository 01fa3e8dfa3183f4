//! Workflows: what each requires and observes, and changing it.

use serde::Serialize;

use super::{Empty, HOSTILE, Link, SelectOption, View};

/// Body of `/p/{project}/settings/workflows`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowList {
    /// The workflows by name.
    pub rows: Vec<WorkflowRow>,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
}

/// A workflow in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowRow {
    /// The workflow.
    pub link: Link,
    /// How much harm it can do.
    pub risk: String,
    /// Who owns it; `None` is nobody.
    pub owner: Option<String>,
    /// What is reported, and by whom.
    pub observes: String,
    /// Kinds of fact that nobody reports; empty when all are.
    pub unobserved: String,
    /// How long late facts are waited for.
    pub settles: String,
}

/// Body of `/p/{project}/settings/workflows/{workflow}`. Form: `POST` to the same with `csrf`, `rests_on` and the fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowPage {
    /// Its name.
    pub name: String,
    /// Where the form is sent.
    pub path: String,
    /// Back to the list.
    pub back: Link,
    /// Other pages about it.
    pub links: Vec<Link>,
    /// Whether the person may change it.
    pub may: bool,
    /// What it was when the page was made.
    pub rests_on: String,
    /// Why it was not kept.
    pub error: Option<String>,
    /// How much harm it can do.
    pub risks: Vec<SelectOption>,
    /// Who may own it, and nobody.
    pub owners: Vec<SelectOption>,
    /// Kinds of fact, each with who may report it.
    pub facts: Vec<WorkflowFact>,
    /// Hours that late facts are waited for, as typed.
    pub settle_hours: String,
    /// Minutes without news after which an unfinished run counts as closed, as typed.
    pub idle_minutes: String,
    /// A result is trusted only after a reviewer's confirmation.
    pub requires_review: bool,
    /// A tool whose successful call ends the work.
    pub terminal_tool: String,
    /// A score that decides the outcome.
    pub score_name: String,
    /// At or above it the run succeeded.
    pub score_at_least: String,
    /// Environments whose runs are no evidence, one a line.
    pub environments: String,
    /// Successful runs that people look at, in hundredths.
    pub sample_share: String,
}

/// A kind of fact, and who may report it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowFact {
    /// Name in the form.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// What it is.
    pub meaning: String,
    /// Who reports it, and nobody.
    pub sources: Vec<SelectOption>,
}

impl View for WorkflowList {
    const TEMPLATE: &'static str = "pages/settings/workflows";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "workflows";
    const LIST: &'static str = "rows";
}

impl View for WorkflowPage {
    const TEMPLATE: &'static str = "pages/settings/workflow";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "workflows";
}

impl WorkflowList {
    /// One that is owned and one that is not.
    pub fn sample() -> Self {
        Self::named("refund-handling")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// Of a project without runs.
    pub fn empty_sample() -> Self {
        Self { rows: vec![], empty: Some(Empty::no_runs("https://seatrial.example.com")) }
    }

    fn named(name: &str) -> Self {
        let row = |owner: Option<&str>, unobserved: &str| WorkflowRow {
            link: Link::new("/p/demo/settings/workflows/wf_01", name),
            risk: "high".to_owned(),
            owner: owner.map(str::to_owned),
            observes: "approvals by the traces".to_owned(),
            unobserved: unobserved.to_owned(),
            settles: "24 hours".to_owned(),
        };
        Self { rows: vec![row(Some(name), ""), row(None, "rescues")], empty: None }
    }
}

impl WorkflowPage {
    /// A form that was not accepted.
    pub fn sample() -> Self {
        Self::named("refund-handling")
    }

    /// With hostile text in every field.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As a viewer sees it.
    pub fn bare_sample() -> Self {
        Self { may: false, error: None, requires_review: false, ..Self::sample() }
    }

    fn named(text: &str) -> Self {
        let options = || vec![SelectOption::new("traces", text).selected(true)];
        Self {
            name: text.to_owned(),
            path: "/p/demo/settings/workflows/wf_01".to_owned(),
            back: Link::new("/p/demo/settings/workflows", "Workflows"),
            links: vec![Link::new("/p/demo/alert-settings/wf_01", "How it is watched")],
            may: true,
            rests_on: "\"1a2b\"".to_owned(),
            error: Some(text.to_owned()),
            risks: options(),
            owners: options(),
            facts: vec![WorkflowFact {
                name: "rescues".to_owned(),
                label: "Rescues".to_owned(),
                meaning: "A person redoing the work.".to_owned(),
                sources: options(),
            }],
            settle_hours: text.to_owned(),
            idle_minutes: text.to_owned(),
            requires_review: true,
            terminal_tool: text.to_owned(),
            score_name: text.to_owned(),
            score_at_least: text.to_owned(),
            environments: text.to_owned(),
            sample_share: text.to_owned(),
        }
    }
}
