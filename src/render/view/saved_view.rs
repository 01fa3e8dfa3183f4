//! Saved views: the row of them above a list, and the page that has them all.

use serde::Serialize;

use super::{Empty, FilterChip, HOSTILE, Link, Pager, SelectOption, Time, View};

/// The views of a list, above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViewBar {
    /// The list's name, as a form sends it.
    pub list: String,
    /// The filters that are on, as a form sends them.
    pub filters: String,
    /// The views by name, one's own first; the one that is shown is on.
    pub links: Vec<FilterChip>,
    /// What is shown is no view yet.
    pub may_save: bool,
    /// Whether they may share one.
    pub may_share: bool,
    /// The views that could be replaced by what is shown.
    pub replaceable: Vec<SelectOption>,
    /// Where views get other names and are removed; absent while there is none.
    pub manage: Option<String>,
}

impl ViewBar {
    /// Two views and filters that are none of them.
    pub fn sample(name: &str) -> Self {
        let chip = |label: String, on| FilterChip { label, href: "/p/demo/runs?outcome=failure".to_owned(), on };
        Self {
            list: "runs".to_owned(),
            filters: "outcome=failure&workflow=refund-handling".to_owned(),
            links: vec![chip(name.to_owned(), false), chip(format!("{name} (shared)"), true)],
            may_save: true,
            may_share: true,
            replaceable: vec![SelectOption::new("view_01 \"1a2b\"", name)],
            manage: Some("/p/demo/saved-views?list=runs".to_owned()),
        }
    }
}

/// Body of `/p/{project}/saved-views`.
///
/// Forms: `POST …/saved-views` with `csrf`, `list`, `filters`, `name`, `shared`, or with `view` instead of the last two;
/// `POST …/saved-views/{view}` with `csrf`, `rests_on`, `name`, `shared`; `POST …/saved-views/{view}/remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViewsPage {
    /// The lists that there are views of, to choose from.
    pub chips: Vec<FilterChip>,
    /// The views, those saved last first.
    pub rows: Vec<SavedViewRow>,
    /// Neighbouring pages.
    pub pager: Pager,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
    /// Whether they may share one.
    pub may_share: bool,
    /// A view that could not be saved, as it was typed.
    pub draft: Option<ViewDraft>,
    /// Why a form was not accepted.
    pub error: Option<String>,
}

/// One view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SavedViewRow {
    /// Its id.
    pub id: String,
    /// Its name, with the list as it shows it.
    pub link: Link,
    /// What the list is called.
    pub list: String,
    /// What it filters, in words; empty for the whole list.
    pub filters: String,
    /// Whether everybody in the project has it.
    pub shared: bool,
    /// Who saved it last.
    pub saved_by: String,
    /// When.
    pub saved_at: Time,
    /// Whether they may change it.
    pub may_change: bool,
    /// What it was when the page was made.
    pub rests_on: String,
    /// The name in the form: what was typed last.
    pub typed: String,
    /// Whether the form says that it is shared.
    pub typed_shared: bool,
    /// The form is open: it was not accepted.
    pub open: bool,
}

/// A view that could not be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViewDraft {
    /// The list's name, as the form sends it.
    pub list: String,
    /// What the list is called.
    pub label: String,
    /// The filters, as the form sends them.
    pub filters: String,
    /// The filters in words.
    pub words: String,
    /// The name that was typed.
    pub name: String,
    /// Whether it was to be shared.
    pub shared: bool,
}

impl View for ViewsPage {
    const TEMPLATE: &'static str = "pages/saved_view/list";
    const LIST: &'static str = "rows";
}

impl ViewsPage {
    /// One's own and a shared one, and one that could not be saved.
    pub fn sample() -> Self {
        Self::named("Failed refunds")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// Without any.
    pub fn empty_sample() -> Self {
        Self {
            chips: Vec::new(),
            rows: Vec::new(),
            pager: Pager { note: "0 views on this page".to_owned(), ..Pager::default() },
            empty: Some(Empty {
                title: "No saved view yet".to_owned(),
                text: "Filter a list, then save what it shows under a name.".to_owned(),
                command: None,
                action: Some(Link::new("/p/demo/runs", "Runs")),
            }),
            may_share: false,
            draft: None,
            error: None,
        }
    }

    fn named(name: &str) -> Self {
        let row = |shared: bool| SavedViewRow {
            id: "view_01".to_owned(),
            link: Link::new("/p/demo/runs?outcome=failure", name),
            list: "Runs".to_owned(),
            filters: if shared { format!("workflow: {name}") } else { String::new() },
            shared,
            saved_by: name.to_owned(),
            saved_at: Time::sample(-90),
            may_change: shared,
            rests_on: "\"1a2b\"".to_owned(),
            typed: name.to_owned(),
            typed_shared: shared,
            open: shared,
        };
        Self {
            chips: vec![FilterChip { label: "Runs".to_owned(), href: "?list=runs".to_owned(), on: true }],
            rows: vec![row(true), row(false)],
            pager: Pager { note: "2 views on this page".to_owned(), ..Pager::default() },
            empty: None,
            may_share: true,
            draft: Some(ViewDraft {
                list: "runs".to_owned(),
                label: "Runs".to_owned(),
                filters: "outcome=failure".to_owned(),
                words: format!("workflow: {name}"),
                name: name.to_owned(),
                shared: true,
            }),
            error: Some(name.to_owned()),
        }
    }
}
