//! The frame around every page, and the trait that ties a view model to its template.

use serde::Serialize;

use super::Link;
use super::saved_view::ViewBar;

/// A page's body: a model, the template that shows it, and its place in the navigation.
pub trait View: Serialize {
    /// Template under `web/templates`, without `.hbs`: `pages/run/show`.
    const TEMPLATE: &'static str;
    /// Entry of the rail that is current: `overview`, `failures`, `runs`, `cases`, `scorecards`, `releases`,
    /// `decisions`, `settings`; empty for none.
    const SECTION: &'static str = "";
    /// The section of the settings that the page belongs to; empty for none.
    const PART: &'static str = "";
    /// The field that holds the rows, when the page is a list; it can then be had as CSV and JSON too.
    const LIST: &'static str = "";
}

/// One page: the frame and its body.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    /// Title of the tab and heading of the page.
    pub title: String,
    /// The project whose pages these are; `None` on sign-in and on errors outside a project.
    pub project: Option<ProjectRef>,
    /// Projects the person may switch to.
    pub projects: Vec<ProjectRef>,
    /// Who is signed in.
    pub account: Option<Account>,
    /// Counts in the rail.
    pub counts: NavCounts,
    /// Token that every form sends back as `csrf`.
    pub csrf: String,
    /// One message about the act that led here.
    pub flash: Option<Flash>,
    /// The same list for spreadsheets and programs.
    pub exports: Vec<Link>,
    /// The views that are saved of the list.
    pub views: Option<ViewBar>,
    /// What the page is about.
    pub body: T,
}

impl<T> Page<T> {
    /// A page outside any project and session.
    pub fn bare(title: impl Into<String>, csrf: impl Into<String>, body: T) -> Self {
        Self {
            title: title.into(),
            project: None,
            projects: Vec::new(),
            account: None,
            counts: NavCounts::default(),
            csrf: csrf.into(),
            flash: None,
            exports: Vec::new(),
            views: None,
            body,
        }
    }

    /// A signed-in page of the sample project.
    pub fn sample(title: &str, body: T) -> Self {
        let project = ProjectRef { slug: "demo".to_owned(), name: "Demo project".to_owned() };
        Self {
            title: title.to_owned(),
            project: Some(project.clone()),
            projects: vec![project, ProjectRef { slug: "payments".to_owned(), name: "Payments".to_owned() }],
            account: Some(Account {
                name: "Ana Reyes".to_owned(),
                email: "ana@example.com".to_owned(),
                role: "release_manager".to_owned(),
                reads_audit: true,
            }),
            counts: NavCounts {
                open_failures: 14,
                stale_scorecards: 1,
                waiting_gates: 1,
                unread_notices: 2,
                firing_alerts: 1,
            },
            csrf: "sample-token".to_owned(),
            flash: Some(Flash { kind: "good".to_owned(), text: "Decision recorded.".to_owned() }),
            exports: vec![Link::new("?as=csv", "CSV"), Link::new("?as=json", "JSON")],
            views: Some(ViewBar::sample(title)),
            body,
        }
    }
}

/// A project as the switcher shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectRef {
    /// Part of every address: `/p/{slug}`.
    pub slug: String,
    /// Name for people.
    pub name: String,
}

/// The signed-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Name for people.
    pub name: String,
    /// Address they sign in with.
    pub email: String,
    /// Their role in the project: `viewer`, `reviewer`, `owner`, `release_manager`, `admin`.
    pub role: String,
    /// Whether the audit log is open to them.
    pub reads_audit: bool,
}

/// What waits for the signed-in person; zero is not shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct NavCounts {
    /// Failures nobody has learned from.
    pub open_failures: u64,
    /// Scorecards of theirs that are stale.
    pub stale_scorecards: u64,
    /// Gates that wait for a decision.
    pub waiting_gates: u64,
    /// Notices they have not read.
    pub unread_notices: u64,
    /// Alerts that fire and nobody has acknowledged.
    pub firing_alerts: u64,
}

/// One message at the top of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flash {
    /// `good`, `info`, `warn` or `bad`.
    pub kind: String,
    /// What happened, why, what to do.
    pub text: String,
}
