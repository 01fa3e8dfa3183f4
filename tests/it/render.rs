//! Templates and their models: everything renders strictly with every sample, hostile text comes out as text, and the
//! HTML is well formed and usable without eyes.

mod documents;
mod hostile;
pub mod html_check;
mod parts;

use std::sync::LazyLock;

use seatrial::render::Renderer;
use seatrial::render::view::{HOSTILE, NavCounts, Page, View};
use seatrial::render::view::{
    account, alert, alert_settings, api_key, audit, case, decision, failure, failure_class, gate, masking, member,
    overview, policy, price, problem, release, run, saved_view, scorecard, scorecard_edit, search, settings, sign_in,
    signal, suite, task, team, template, verification, webhook, workflow,
};

use html_check::check;

/// One rendered sample.
struct Sample {
    name: String,
    html: String,
    hostile: bool,
}

fn page<T: View>(renderer: &Renderer, list: &mut Vec<Sample>, kind: &str, title: &str, body: T) {
    let mut page = Page::sample(title, body);
    page.counts = NavCounts { open_failures: 1204, waiting_gates: 1, ..NavCounts::default() };
    let html = renderer.page(&page).unwrap_or_else(|error| panic!("{} {kind}: {error}", T::TEMPLATE));
    list.push(Sample { name: format!("{} {kind}", T::TEMPLATE), html, hostile: kind == "hostile" });
}

static RENDERER: LazyLock<Renderer> = LazyLock::new(|| Renderer::new().expect("templates parse"));

/// The templates, parsed once for all tests.
fn renderer() -> &'static Renderer {
    &RENDERER
}

/// Every page with every sample, rendered once for all tests.
fn pages() -> &'static [Sample] {
    static PAGES: LazyLock<Vec<Sample>> = LazyLock::new(render_pages);
    &PAGES
}

/// Pages that belong to no project, or to all.
fn outside_projects(r: &Renderer, l: &mut Vec<Sample>) {
    page(r, l, "usual", "Sign in", sign_in::SignIn::sample());
    page(r, l, "usual", "Your account", account::AccountPage::sample());
    page(r, l, "hostile", HOSTILE, account::AccountPage::hostile_sample());
    page(r, l, "usual", "A new password", account::AskPassword::sample());
    page(r, l, "asked", "A new password", account::AskPassword::asked_sample());
    page(r, l, "bare", "A new password", account::AskPassword::bare_sample());
    page(r, l, "usual", "A new password", account::ChoosePassword::sample());
    page(r, l, "usual", "An invitation", account::InvitationPage::sample());
    page(r, l, "known", "An invitation", account::InvitationPage::known_sample());
    page(r, l, "hostile", HOSTILE, account::InvitationPage::hostile_sample());
    page(r, l, "usual", "Problem", problem::Problem::sample());
    page(r, l, "usual", "Problems", problem::ProblemCodes::sample());
    page(r, l, "usual", "Audit log", audit::AuditPage::sample());
    page(r, l, "hostile", HOSTILE, audit::AuditPage::hostile_sample());
    page(r, l, "empty", "Audit log", audit::AuditPage::empty_sample());
    page(r, l, "usual", "Search", search::SearchPage::sample());
    page(r, l, "hostile", HOSTILE, search::SearchPage::hostile_sample());
    page(r, l, "empty", "Search", search::SearchPage::empty_sample());
}

fn scorecards(r: &Renderer, l: &mut Vec<Sample>) {
    page(r, l, "usual", "Scorecards", scorecard::ScorecardList::sample());
    page(r, l, "hostile", HOSTILE, scorecard::ScorecardList::hostile_sample());
    page(r, l, "empty", "Scorecards", scorecard::ScorecardList::empty_sample());
    page(r, l, "usual", "Scorecard", scorecard::ScorecardPage::sample());
    page(r, l, "hostile", HOSTILE, scorecard::ScorecardPage::hostile_sample());
    page(r, l, "bare", "Scorecard", scorecard::ScorecardPage::bare_sample());
    page(r, l, "usual", "Change a scorecard", scorecard_edit::ScorecardEdit::sample());
    page(r, l, "hostile", HOSTILE, scorecard_edit::ScorecardEdit::hostile_sample());
}

fn render_pages() -> Vec<Sample> {
    let r = renderer();
    let mut list = Vec::new();
    let l = &mut list;
    outside_projects(r, l);
    page(r, l, "usual", "Overview", overview::Overview::sample());
    page(r, l, "hostile", HOSTILE, overview::Overview::hostile_sample());
    page(r, l, "empty", "Overview", overview::Overview::empty_sample());
    page(r, l, "usual", "Triage", failure::FailureList::sample());
    page(r, l, "hostile", HOSTILE, failure::FailureList::hostile_sample());
    page(r, l, "empty", "Triage", failure::FailureList::empty_sample());
    page(r, l, "usual", "Runs", run::RunList::sample());
    page(r, l, "hostile", HOSTILE, run::RunList::hostile_sample());
    page(r, l, "empty", "Runs", run::RunList::empty_sample());
    page(r, l, "usual", "Run", run::RunPage::sample());
    page(r, l, "hostile", HOSTILE, run::RunPage::hostile_sample());
    page(r, l, "bare", "Run", run::RunPage::bare_sample());
    page(r, l, "usual", "Eval cases", case::CaseList::sample());
    page(r, l, "hostile", HOSTILE, case::CaseList::hostile_sample());
    page(r, l, "empty", "Eval cases", case::CaseList::empty_sample());
    page(r, l, "usual", "Eval case", case::CasePage::sample());
    page(r, l, "hostile", HOSTILE, case::CasePage::hostile_sample());
    scorecards(r, l);
    page(r, l, "usual", "Releases", release::ReleaseList::sample());
    page(r, l, "hostile", HOSTILE, release::ReleaseList::hostile_sample());
    page(r, l, "empty", "Releases", release::ReleaseList::empty_sample());
    page(r, l, "usual", "Release", release::ReleasePage::sample());
    page(r, l, "hostile", HOSTILE, release::ReleasePage::hostile_sample());
    page(r, l, "bare", "Release", release::ReleasePage::bare_sample());
    page(r, l, "usual", "Gate", gate::GatePage::sample());
    page(r, l, "hostile", HOSTILE, gate::GatePage::hostile_sample());
    page(r, l, "bare", "Gate", gate::GatePage::bare_sample());
    page(r, l, "open", "Gate", gate::GatePage::open_sample());
    page(r, l, "decided", "Gate", gate::GatePage::decided_sample());
    page(r, l, "usual", "Decisions", decision::DecisionList::sample());
    page(r, l, "hostile", HOSTILE, decision::DecisionList::hostile_sample());
    page(r, l, "empty", "Decisions", decision::DecisionList::empty_sample());
    page(r, l, "usual", "Decision", decision::DecisionPage::sample());
    page(r, l, "hostile", HOSTILE, decision::DecisionPage::hostile_sample());
    page(r, l, "usual", "Gaps", task::TaskList::sample());
    page(r, l, "hostile", HOSTILE, task::TaskList::hostile_sample());
    page(r, l, "empty", "Gaps", task::TaskList::empty_sample());
    page(r, l, "usual", "Alert", alert::AlertPage::sample());
    page(r, l, "hostile", HOSTILE, alert::AlertPage::hostile_sample());
    page(r, l, "usual", "How workflows are watched", alert_settings::AlertSettingsList::sample());
    page(r, l, "hostile", HOSTILE, alert_settings::AlertSettingsList::hostile_sample());
    page(r, l, "empty", "How workflows are watched", alert_settings::AlertSettingsList::empty_sample());
    page(r, l, "usual", "How it is watched", alert_settings::AlertSettingsPage::sample());
    page(r, l, "hostile", HOSTILE, alert_settings::AlertSettingsPage::hostile_sample());
    page(r, l, "bare", "How it is watched", alert_settings::AlertSettingsPage::bare_sample());
    page(r, l, "usual", "Gap", task::TaskPage::sample());
    page(r, l, "hostile", HOSTILE, task::TaskPage::hostile_sample());
    page(r, l, "usual", "Mails", task::MailChoice::sample());
    page(r, l, "hostile", HOSTILE, task::MailChoice::hostile_sample());
    settings_pages(r, l);
    results_pages(r, l);
    page(r, l, "usual", "Templates", template::TemplateList::sample());
    page(r, l, "usual", "Review", template::TemplatePage::sample());
    page(r, l, "hostile", HOSTILE, template::TemplatePage::hostile_sample());
    page(r, l, "bare", "Review", template::TemplatePage::bare_sample());
    list
}

fn results_pages(r: &Renderer, l: &mut Vec<Sample>) {
    page(r, l, "usual", "Results", suite::SuiteGrid::sample());
    page(r, l, "hostile", HOSTILE, suite::SuiteGrid::hostile_sample());
    page(r, l, "empty", "Results", suite::SuiteGrid::empty_sample());
    page(r, l, "usual", "Verified", verification::VerificationPage::sample());
    page(r, l, "hostile", HOSTILE, verification::VerificationPage::hostile_sample());
}

fn settings_pages(r: &Renderer, l: &mut Vec<Sample>) {
    page(r, l, "usual", "Prices", price::PriceList::sample());
    page(r, l, "hostile", HOSTILE, price::PriceList::hostile_sample());
    page(r, l, "bare", "Prices", price::PriceList::bare_sample());
    page(r, l, "usual", "Masking", masking::MaskingPage::sample());
    page(r, l, "hostile", HOSTILE, masking::MaskingPage::hostile_sample());
    page(r, l, "bare", "Masking", masking::MaskingPage::bare_sample());
    page(r, l, "wrong", "Masking", masking::MaskingPage::wrong_sample());
    page(r, l, "usual", "Failure classes", failure_class::FailureClassList::sample());
    page(r, l, "hostile", HOSTILE, failure_class::FailureClassList::hostile_sample());
    page(r, l, "bare", "Failure classes", failure_class::FailureClassList::bare_sample());
    page(r, l, "usual", "Signals", signal::SignalsPage::sample());
    page(r, l, "hostile", HOSTILE, signal::SignalsPage::hostile_sample());
    page(r, l, "empty", "Signals", signal::SignalsPage::empty_sample());
    page(r, l, "usual", "Workflows", workflow::WorkflowList::sample());
    page(r, l, "hostile", HOSTILE, workflow::WorkflowList::hostile_sample());
    page(r, l, "empty", "Workflows", workflow::WorkflowList::empty_sample());
    page(r, l, "usual", "Workflow", workflow::WorkflowPage::sample());
    page(r, l, "hostile", HOSTILE, workflow::WorkflowPage::hostile_sample());
    page(r, l, "bare", "Workflow", workflow::WorkflowPage::bare_sample());
    page(r, l, "usual", "Saved views", saved_view::ViewsPage::sample());
    page(r, l, "hostile", HOSTILE, saved_view::ViewsPage::hostile_sample());
    page(r, l, "empty", "Saved views", saved_view::ViewsPage::empty_sample());
    page(r, l, "usual", "Teams", team::TeamsPage::sample());
    page(r, l, "hostile", HOSTILE, team::TeamsPage::hostile_sample());
    page(r, l, "bare", "Teams", team::TeamsPage::bare_sample());
    page(r, l, "usual", "Settings", settings::SettingsIndex::sample());
    page(r, l, "usual", "Members", member::MembersPage::sample());
    page(r, l, "hostile", HOSTILE, member::MembersPage::hostile_sample());
    page(r, l, "bare", "Members", member::MembersPage::bare_sample());
    page(r, l, "usual", "API keys", api_key::KeysPage::sample());
    page(r, l, "hostile", HOSTILE, api_key::KeysPage::hostile_sample());
    page(r, l, "bare", "API keys", api_key::KeysPage::bare_sample());
    page(r, l, "usual", "Webhooks and mail", webhook::DeliveryPage::sample());
    page(r, l, "hostile", HOSTILE, webhook::DeliveryPage::hostile_sample());
    page(r, l, "bare", "Webhooks and mail", webhook::DeliveryPage::bare_sample());
    page(r, l, "usual", "Gate policy", policy::PolicyPage::sample());
    page(r, l, "hostile", HOSTILE, policy::PolicyPage::hostile_sample());
    page(r, l, "bare", "Gate policy", policy::PolicyPage::bare_sample());
    page(r, l, "usual", "Change the gate policy", policy::PolicyEdit::sample());
    page(r, l, "hostile", HOSTILE, policy::PolicyEdit::hostile_sample());
}

#[test]
fn every_page_renders_and_is_well_formed() {
    let mut faults = Vec::new();
    for sample in pages() {
        faults.extend(check(&sample.html).into_iter().map(|fault| format!("{}: {fault}", sample.name)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_page_template_has_a_sample() {
    let shown: Vec<String> = pages().iter().filter_map(|s| s.name.split(' ').next().map(str::to_owned)).collect();
    // These are parts that a page includes.
    let parts = [
        "pages/failure/review",
        "pages/failure/promote",
        "pages/failure/group",
        "pages/failure/group_fields",
        "pages/failure/place",
        "pages/failure/progress",
        "pages/failure/undo",
        "pages/run/waterfall",
        "pages/run/span_body",
        "pages/run/fact_form",
        "pages/release/compare",
        "pages/gate/decide",
    ];
    for path in Renderer::templates().iter().filter(|path| path.starts_with("pages/")) {
        let name = path.trim_end_matches(".hbs");
        assert!(parts.contains(&name) || shown.iter().any(|s| s == name), "no sample renders {path}");
    }
}

#[test]
fn hostile_text_comes_out_as_text() {
    for sample in pages().iter().filter(|sample| sample.hostile) {
        html_check::assert_harmless(&sample.name, &sample.html);
        assert!(sample.html.contains("[U+202E]"), "{}: the hidden characters are shown", sample.name);
    }
}

#[test]
fn pages_obey_the_content_security_policy() {
    for sample in pages() {
        let html = &sample.html;
        assert!(!html.contains(" style=\""), "{}: inline style", sample.name);
        assert!(!html.contains("<style"), "{}: style element", sample.name);
        assert_eq!(html.matches("<script").count(), 2, "{}: only the two asset scripts", sample.name);
    }
}

#[test]
fn no_verdict_is_preselected() {
    let html = renderer().page(&Page::sample("Gate", gate::GatePage::sample())).expect("gate page");
    assert_eq!(html.matches("name=\"verdict\"").count(), 4);
    assert!(!html.contains("checked"), "a verdict is preselected");
}

#[test]
fn the_current_section_is_marked() {
    let html = renderer().page(&Page::sample("Runs", run::RunList::sample())).expect("list of runs");
    assert!(html.contains("href=\"/p/demo/runs\" data-go=\"r\" aria-current=\"page\""), "{html}");
    assert_eq!(html.matches("aria-current=\"page\"").count(), 1);
}

#[test]
fn every_form_that_posts_carries_the_token() {
    for sample in pages() {
        for form in sample.html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            let posts = form.split('>').next().is_some_and(|open| open.contains("method=\"post\""));
            assert!(!posts || form.contains("name=\"csrf\" value=\"sample-token\""), "{}: {form}", sample.name);
        }
    }
}

#[test]
fn raw_output_is_written_in_two_reviewed_partials_only() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web/templates");
    for path in Renderer::templates() {
        let source = std::fs::read_to_string(root.join(&path)).expect("template");
        let raw = source.contains("{{{") || source.contains("{{&") || source.contains("{{~{");
        let reviewed = ["partials/chart.hbs", "partials/markdown.hbs"].contains(&path.as_str());
        assert_eq!(raw, reviewed, "{path}");
    }
}
