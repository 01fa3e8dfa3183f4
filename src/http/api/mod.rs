//! The REST API under `/api/v1`, a file per noun. Only `service(#[get] fn)` is used, because only that is collected
//! into the OpenAPI document. Every operation states its permission as the extension `x-permission`.

mod account;
mod alert;
mod alert_view;
mod api_key;
mod audit;
mod case;
mod case_view;
mod comparison;
mod decision;
mod decision_view;
mod deployment;
mod eval_result;
mod exemption;
mod fact;
mod failure;
mod failure_class;
mod failure_view;
mod gap;
mod gate;
mod gate_view;
mod inbox;
mod invitation;
mod learning;
mod mail;
mod masking;
mod member;
mod outbox;
mod owner;
mod password_reset;
mod pattern;
mod policy;
mod project;
mod response;
mod response_view;
mod run;
mod run_view;
mod sample;
mod saved_view;
mod schema;
mod scorecard;
mod scorecard_history;
mod scorecard_view;
mod session;
mod signal;
mod suite;
mod suite_view;
mod team;
mod template;
mod token;
mod triage;
mod triage_view;
mod verification;
mod webhook;
mod workflow;

use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// Everything under `/api/v1`.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(scope::scope("/api/v1").configure(nouns));
}

fn nouns(config: &mut ServiceConfig<'_>) {
    config
        .configure(account::configure)
        .configure(alert::configure)
        .configure(api_key::configure)
        .configure(audit::configure)
        .configure(case::configure)
        .configure(comparison::configure)
        .configure(decision::configure)
        .configure(eval_result::configure)
        .configure(exemption::configure)
        .configure(deployment::configure)
        .configure(fact::configure)
        .configure(failure::configure)
        .configure(failure_class::configure)
        .configure(gap::configure)
        .configure(gate::configure)
        .configure(learning::configure)
        .configure(mail::configure)
        .configure(masking::configure)
        .configure(inbox::configure)
        .configure(invitation::configure)
        .configure(member::configure)
        .configure(outbox::configure)
        .configure(owner::configure)
        .configure(password_reset::configure)
        .configure(pattern::configure)
        .configure(policy::configure)
        .configure(project::configure)
        .configure(response::configure)
        .configure(run::configure)
        .configure(sample::configure)
        .configure(saved_view::configure)
        .configure(schema::configure)
        .configure(scorecard::configure)
        .configure(scorecard_history::configure)
        .configure(session::configure)
        .configure(signal::configure)
        .configure(suite::configure)
        .configure(team::configure)
        .configure(template::configure)
        .configure(token::configure)
        .configure(triage::configure)
        .configure(verification::configure)
        .configure(webhook::configure)
        .configure(workflow::configure);
}
