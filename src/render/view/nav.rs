//! The rail: the sections of a project, with what waits for the signed-in person.

use seatrial_domain::limits;
use serde::Serialize;

use super::NavCounts;
use crate::render::text::url_component;

/// The rail of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rail {
    /// Where it is had anew.
    pub href: String,
    /// Where the service says that something changed.
    pub events: String,
    /// Its entries; none outside a project.
    pub items: Vec<NavItem>,
}

impl Rail {
    /// The rail of the project at `base` (`/p/demo`; empty outside a project) on a page of `section`.
    #[must_use]
    pub fn of(base: &str, section: &str, counts: NavCounts) -> Self {
        let href = format!("{base}/rail?section={}", url_component(section));
        Self { href, events: format!("{base}/events"), items: items(base, section, counts) }
    }
}

/// One entry of the rail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NavItem {
    /// What the link says.
    pub label: &'static str,
    /// Where it leads.
    pub href: String,
    /// Key that follows it after `g`.
    pub go: &'static str,
    /// The page shown belongs to it.
    pub current: bool,
    /// What waits there; 0 is not shown.
    pub waiting: u64,
    /// There may be more than were counted.
    pub more: bool,
    /// What the number counts, for a screen reader.
    pub waiting_label: &'static str,
}

/// The entries of the project at `base` (`/p/demo`), `section` current; none outside a project.
fn items(base: &str, section: &str, counts: NavCounts) -> Vec<NavItem> {
    if base.is_empty() {
        return Vec::new();
    }
    let table = [
        ("Overview", "", "overview", "o", 0, ""),
        ("Triage", "/failures", "failures", "t", counts.open_failures, "open failures"),
        ("Runs", "/runs", "runs", "r", 0, ""),
        ("Eval cases", "/cases", "cases", "e", 0, ""),
        ("Scorecards", "/scorecards", "scorecards", "s", counts.stale_scorecards, "stale scorecards"),
        ("Releases", "/releases", "releases", "l", counts.waiting_gates, "gates waiting for a decision"),
        ("Decisions", "/decisions", "decisions", "d", 0, ""),
        ("Alerts", "/alerts", "alerts", "a", counts.firing_alerts, "alerts that fire"),
        ("Gaps", "/gaps", "gaps", "g", 0, ""),
        ("Responses", "/responses", "responses", "p", 0, ""),
        ("Notices", "/notices", "notices", "n", counts.unread_notices, "unread notices"),
        ("Settings", "/settings", "settings", "c", 0, ""),
    ];
    table
        .into_iter()
        .map(|(label, path, key, go, waiting, waiting_label)| NavItem {
            label,
            href: format!("{base}{path}"),
            go,
            current: key == section,
            waiting,
            more: waiting >= limits::FAILURES_COUNTED,
            waiting_label,
        })
        .collect()
}

/// One section of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingsSection {
    /// Its name in the code.
    pub part: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Where it is.
    pub href: String,
    /// What is set there.
    pub about: &'static str,
    /// The page shown belongs to it.
    pub current: bool,
}

/// Name, label, place below the project, and what is set there.
const SETTINGS: [(&str, &str, &str, &str); 13] = [
    ("members", "Members", "/settings/members", "Who belongs to the project, and as what."),
    ("teams", "Teams", "/settings/teams", "Groups of members that own things together."),
    ("keys", "API keys", "/settings/keys", "What agents and pipelines sign in with."),
    (
        "workflows",
        "Workflows",
        "/settings/workflows",
        "What the runs of each report, and how long late facts are waited for.",
    ),
    (
        "signals",
        "Signals",
        "/settings/signals",
        "Every signal as it is computed, what it proves, and whether it is known.",
    ),
    ("classes", "Failure classes", "/settings/failure-classes", "The kinds of miss, and how bad each is."),
    ("prices", "Prices", "/settings/prices", "The currency, what an hour of a person's work costs, what models cost."),
    ("masking", "Masking", "/settings/masking", "What is masked in eval cases besides what every project masks."),
    (
        "policy",
        "Gate policy",
        "/settings/policy",
        "How much error is allowed, how much evidence is wanted, who decides.",
    ),
    ("watching", "Alert settings", "/alert-settings", "What live releases are watched for, and when nobody is told."),
    ("templates", "Templates", "/templates", "How the documents of decisions look."),
    ("delivery", "Webhooks and mail", "/settings/webhooks", "Where events are sent, with a test; the mail server."),
    ("audit", "Audit log", "/audit", "Who changed what, from where, with what was there before."),
];

/// The sections of the settings of the project at `base`, `part` current. The audit log is left out for whom it is
/// closed.
#[must_use]
pub fn settings(base: &str, part: &str, reads_audit: bool) -> Vec<SettingsSection> {
    let shown = SETTINGS.iter().filter(|(name, ..)| reads_audit || *name != "audit");
    shown
        .map(|(name, label, path, about)| SettingsSection {
            part: name,
            label,
            href: format!("{base}{path}"),
            about,
            current: *name == part,
        })
        .collect()
}
