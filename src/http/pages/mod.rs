//! The web application: a file per noun. A handler finds out who is asking, calls use cases and fills a view model of
//! `render`; it decides nothing itself. Every page works as a plain link and a plain form.
//!
//! A form that was accepted answers 303 with a code of what happened; one that was not is shown again with what was
//! typed. Errors are problems as in the API, shown as a page by [`problem::show_problems`].

pub mod assets;
mod context;
mod flash;
mod form;
mod link;
mod overview;
pub mod problem;
mod release;
mod release_parts;
mod run;
mod run_parts;
mod sign_in;
mod trace;

use actix_web::web::{ServiceConfig, get, post};

pub use context::{Frame, Visitor};

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
        .route("/p/{project}", get().to(overview::show))
        .route("/p/{project}/runs", get().to(run::list))
        .route("/p/{project}/runs/{run}", get().to(run::show))
        .route("/p/{project}/runs/{run}/facts", post().to(run::add_fact))
        .route("/p/{project}/releases", get().to(release::list))
        .route("/p/{project}/releases/{release}", get().to(release::show))
        .route("/p/{project}/releases/{release}/gates", post().to(release::open_gate));
}
