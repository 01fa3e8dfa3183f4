//! The REST API under `/api/v1`, a file per noun. Only `service(#[get] fn)` is used, because only that is collected
//! into the OpenAPI document. Every operation states its permission as the extension `x-permission`.

mod notice;
mod case;
mod case_view;
mod failure;
mod failure_view;
mod run;
mod run_view;
mod scorecard;
mod scorecard_view;
mod signal;
mod webhook;
mod account;
mod api_key;
mod audit;
mod member;
mod project;
mod run;
mod run_view;
mod session;
mod signal;
mod token;
mod workflow;

use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// Everything under `/api/v1`.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(scope::scope("/api/v1").configure(nouns));
}

fn nouns(config: &mut ServiceConfig<'_>) {
    config
        .configure(run::configure)
        .configure(signal::configure)
        .configure(workflow::configure)
        .configure(scorecard::configure)
        .configure(webhook::configure)
        .configure(notice::configure);
        .configure(account::configure)
        .configure(api_key::configure)
        .configure(audit::configure)
        .configure(member::configure)
        .configure(project::configure)
        .configure(run::configure)
        .configure(session::configure)
        .configure(signal::configure)
        .configure(token::configure)
        .configure(case::configure)
        .configure(failure::configure)
        .configure(run::configure)
        .configure(signal::configure)
        .configure(workflow::configure);
}
