//! The web application: a file per noun. A handler finds out who is asking, calls use cases and fills a view model of
//! `render`; it decides nothing itself. Every page works as a plain link and a plain form.
//!
//! A form that was accepted answers 303 with a code of what happened; one that was not is shown again with what was
//! typed. Errors are problems as in the API, shown as a page by [`problem::show_problems`].

mod account;
mod alert;
mod alert_settings;
mod api_key;
pub mod assets;
mod audit;
mod case;
mod case_version;
mod context;
mod conversation;
mod decision;
mod failure;
mod failure_act;
mod failure_class;
mod failure_queue;
mod failure_review;
mod failure_work;
mod flash;
mod form;
mod gap;
mod gate;
mod gate_findings;
mod gate_gaps;
mod inbox;
mod link;
mod live;
mod masking;
mod meanwhile;
mod member;
mod order;
mod overview;
mod pattern;
mod policy;
mod policy_edit;
mod price;
pub mod problem;
mod release;
mod release_parts;
mod response;
mod run;
mod run_parts;
mod sample;
mod saved_view;
mod scorecard;
mod scorecard_edit;
mod search;
mod settings;
mod sign_in;
mod signal;
mod suite;
mod suite_results;
mod team;
mod template;
mod trace;
mod verification;
mod webhook;
mod workflow;

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get, post};

use crate::render::Renderer;
use crate::render::view::{Page, View};

pub use context::{Frame, Visitor};

/// A page outside any project, as a response.
///
/// # Errors
/// When the template and its model do not fit, which is a fault of the build.
pub fn context_html<T: View>(renderer: &Renderer, page: &Page<T>) -> context::Answer {
    context::html(renderer, StatusCode::OK, page)
}

/// Everything that is no API: pages, assets and the API's own documentation.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/assets/{file}", get().to(assets::asset))
        .route("/favicon.ico", get().to(assets::favicon))
        .route("/api/docs", get().to(assets::api_docs))
        .route("/api/openapi.json", get().to(assets::openapi))
        .route("/", get().to(sign_in::home))
        .route("/sign-in", get().to(sign_in::show))
        .route("/sign-in", post().to(sign_in::sign_in))
        .route("/sign-out", post().to(sign_in::sign_out))
        .configure(account_routes)
        .route("/p/{project}", get().to(overview::show))
        .route("/p/{project}/first-run", get().to(overview::first_run))
        .route("/p/{project}/events", get().to(live::events))
        .route("/p/{project}/rail", get().to(live::rail))
        .route("/p/{project}/search", get().to(search::show))
        .route("/p/{project}/saved-views", get().to(saved_view::list))
        .route("/p/{project}/saved-views", post().to(saved_view::save))
        .route("/p/{project}/saved-views/{view}", post().to(saved_view::change))
        .route("/p/{project}/saved-views/{view}/remove", post().to(saved_view::remove))
        .route("/p/{project}/runs", get().to(run::list))
        .route("/p/{project}/runs/{run}", get().to(run::show))
        .route("/p/{project}/runs/{run}/spans", get().to(run::spans))
        .route("/p/{project}/runs/{run}/spans/{span}", get().to(run::span))
        .route("/p/{project}/runs/{run}/facts", post().to(run::add_fact))
        .route("/p/{project}/releases", get().to(release::list))
        .route("/p/{project}/releases/{release}", get().to(release::show))
        .route("/p/{project}/releases/{release}/gates", post().to(release::open_gate))
        .route("/mail/{token}", get().to(inbox::choice))
        .route("/mail/{token}", post().to(inbox::choose))
        .configure(learning)
        .configure(owning)
        .configure(deciding)
        .configure(settings_routes);
}

fn account_routes(config: &mut ServiceConfig) {
    config
        .route("/account", get().to(account::show))
        .route("/account/password", post().to(account::change_password))
        .route("/account/sessions/{session}/end", post().to(account::end_session))
        .route("/password-reset", get().to(account::ask))
        .route("/password-reset", post().to(account::ask_password))
        .route("/password-reset/choose", get().to(account::choose))
        .route("/password-reset/choose", post().to(account::choose_password))
        .route("/invitation", get().to(account::invitation))
        .route("/invitation", post().to(account::accept_invitation));
}

fn learning(config: &mut ServiceConfig) {
    config
        .route("/p/{project}/failures", get().to(failure::list))
        .route("/p/{project}/failures/{run}/promote", post().to(failure_act::promote))
        .route("/p/{project}/failures/{run}/link", post().to(failure_act::link_to_case))
        .route("/p/{project}/failures/{run}/dismiss", post().to(failure_act::dismiss))
        .route("/p/{project}/triage/{deed}", post().to(failure_act::act_on_group))
        .route("/p/{project}/failures/{run}/triage", get().to(failure_work::show))
        .route("/p/{project}/failures/{run}/triage/{act}", post().to(failure_work::change))
        .route("/p/{project}/patterns", get().to(pattern::list))
        .route("/p/{project}/patterns/{pattern}", get().to(pattern::show))
        .route("/p/{project}/patterns/{pattern}/{act}", post().to(pattern::change))
        .route("/p/{project}/samples", get().to(sample::list))
        .route("/p/{project}/samples/{run}", get().to(sample::show))
        .route("/p/{project}/samples/{run}/{finding}", post().to(sample::find))
        .route("/p/{project}/cases", get().to(case::list))
        .route("/p/{project}/cases/{case}", get().to(case::show))
        .route("/p/{project}/cases/{case}/versions", get().to(case_version::show))
        .route("/p/{project}/cases/{case}/versions/{act}", post().to(case_version::change))
        .route("/p/{project}/suites", get().to(suite::list))
        .route("/p/{project}/suites", post().to(suite::create))
        .route("/p/{project}/suites/new", get().to(suite::new))
        .route("/p/{project}/suites/{suite}", get().to(suite::show))
        .route("/p/{project}/suites/{suite}/results", get().to(suite_results::show))
        .route("/p/{project}/suites/{suite}/{act}", post().to(suite::change))
        .route("/p/{project}/scorecards", get().to(scorecard::list))
        .route("/p/{project}/scorecards/{scorecard}", get().to(scorecard::show))
        .route("/p/{project}/scorecards/{scorecard}/edit", get().to(scorecard_edit::edit))
        .route("/p/{project}/scorecards/{scorecard}/edit", post().to(scorecard_edit::write))
        .route("/p/{project}/scorecards/{scorecard}/edit/preview", post().to(scorecard_edit::preview))
        .route("/p/{project}/scorecards/{scorecard}/attest", post().to(scorecard::attest));
}

fn owning(config: &mut ServiceConfig) {
    config
        .route("/p/{project}/gaps", get().to(gap::list))
        .route("/p/{project}/gaps/{gap}", get().to(gap::show))
        .route("/p/{project}/gaps/{gap}/owner", post().to(gap::assign))
        .route("/p/{project}/gaps/{gap}/close", post().to(gap::close))
        .route("/p/{project}/responses", get().to(response::list))
        .route("/p/{project}/responses/{response}", get().to(response::show))
        .route("/p/{project}/responses/{response}/{act}", post().to(response::change))
        .route("/p/{project}/alerts", get().to(alert::list))
        .route("/p/{project}/alerts/{alert}", get().to(alert::show))
        .route("/p/{project}/alerts/{alert}/review.{format}", get().to(alert::review))
        .route("/p/{project}/alerts/{alert}/{act}", post().to(alert::change))
        .route("/p/{project}/alert-settings", get().to(alert_settings::list))
        .route("/p/{project}/alert-settings/{workflow}", get().to(alert_settings::show))
        .route("/p/{project}/alert-settings/{workflow}", post().to(alert_settings::keep))
        .route("/p/{project}/alert-settings/{workflow}/preview", post().to(alert_settings::preview))
        .route("/p/{project}/notices", get().to(inbox::list))
        .route("/p/{project}/notices/read", post().to(inbox::read_all));
}

fn deciding(config: &mut ServiceConfig) {
    config
        .route("/p/{project}/gates/{gate}", get().to(gate::show))
        .route("/p/{project}/gates/{gate}/findings", get().to(gate_findings::show))
        .route("/p/{project}/gates/{gate}/freeze", post().to(gate::freeze))
        .route("/p/{project}/gates/{gate}/decide", post().to(gate::decide))
        .route("/p/{project}/decisions", get().to(decision::list))
        .route("/p/{project}/decisions/verification", get().to(verification::ledger))
        .route("/p/{project}/decisions/{decision}/verification", get().to(verification::decision))
        .route("/p/{project}/decisions/{decision}", get().to(decision::show))
        .route("/p/{project}/decisions/{decision}/{document}.{format}", get().to(decision::artifact));
}

fn settings_routes(config: &mut ServiceConfig) {
    config
        .route("/p/{project}/audit", get().to(audit::list))
        .route("/p/{project}/settings", get().to(settings::show))
        .route("/p/{project}/settings/members", get().to(member::show))
        .route("/p/{project}/settings/members/{account}", post().to(member::change))
        .route("/p/{project}/settings/members/{account}/remove", post().to(member::remove))
        .route("/p/{project}/settings/invitations", post().to(member::invite))
        .route("/p/{project}/settings/invitations/{invitation}/revoke", post().to(member::revoke_invitation))
        .route("/p/{project}/settings/teams", get().to(team::list))
        .route("/p/{project}/settings/teams", post().to(team::add))
        .route("/p/{project}/settings/teams/{team}", post().to(team::change))
        .route("/p/{project}/settings/teams/{team}/remove", post().to(team::remove))
        .route("/p/{project}/settings/workflows", get().to(workflow::list))
        .route("/p/{project}/settings/workflows/{workflow}", get().to(workflow::show))
        .route("/p/{project}/settings/workflows/{workflow}", post().to(workflow::keep))
        .route("/p/{project}/settings/signals", get().to(signal::show))
        .route("/p/{project}/settings/failure-classes", get().to(failure_class::list))
        .route("/p/{project}/settings/failure-classes", post().to(failure_class::change))
        .route("/p/{project}/settings/prices", get().to(price::list))
        .route("/p/{project}/settings/prices", post().to(price::change))
        .route("/p/{project}/settings/currency", post().to(price::currency))
        .route("/p/{project}/settings/masking", get().to(masking::show))
        .route("/p/{project}/settings/masking", post().to(masking::keep))
        .route("/p/{project}/settings/masking/preview", post().to(masking::preview))
        .route("/p/{project}/settings/keys", get().to(api_key::show))
        .route("/p/{project}/settings/keys", post().to(api_key::add_key))
        .route("/p/{project}/settings/keys/{key}/revoke", post().to(api_key::revoke_key))
        .route("/p/{project}/settings/webhooks", get().to(webhook::show))
        .route("/p/{project}/settings/webhooks", post().to(webhook::add))
        .route("/p/{project}/settings/webhooks/{webhook}/{act}", post().to(webhook::change))
        .route("/p/{project}/settings/mail/test", post().to(webhook::test_mail))
        .route("/p/{project}/settings/messages/{message}/resend", post().to(webhook::resend))
        .route("/p/{project}/settings/policy", get().to(policy::show))
        .route("/p/{project}/settings/policy/edit", get().to(policy_edit::edit))
        .route("/p/{project}/settings/policy/edit", post().to(policy_edit::write))
        .route("/p/{project}/settings/policy/versions/{version}", get().to(policy::version))
        .route("/p/{project}/templates", get().to(template::list))
        .route("/p/{project}/templates/{document}/{format}", get().to(template::show))
        .route("/p/{project}/templates/{document}/{format}", post().to(template::write))
        .route("/p/{project}/templates/{document}/{format}/preview", post().to(template::preview));
}
