//! View models: what each page, document and mail is given to show, one file per noun.
//!
//! Models are plain (strings, numbers, options, small structs). Handlers fill them; templates under
//! `web/templates` show them. Every model has a `sample()`, and one with text from runs a `hostile_sample()`;
//! a test renders every template with both, so a template and its model cannot drift apart.

mod artifact_sample;
mod common;
mod figure;
mod gate_sample;
mod page;
mod release_sample;
mod run_sample;

pub mod account;
pub mod account_mail;
pub mod alert;
pub mod alert_settings;
pub mod api_key;
pub mod artifact;
pub mod audit;
pub mod case;
pub mod decision;
pub mod failure;
pub mod failure_class;
pub mod first_use;
pub mod gate;
pub mod incident;
pub mod mail;
pub mod masking;
pub mod member;
pub mod nav;
pub mod overview;
pub mod policy;
pub mod price;
pub mod problem;
pub mod release;
pub mod run;
pub mod saved_view;
pub mod scorecard;
pub mod scorecard_edit;
pub mod search;
pub mod settings;
pub mod sign_in;
pub mod signal;
pub mod suite;
pub mod task;
pub mod team;
pub mod template;
pub mod triage;
pub mod verification;
pub mod webhook;
pub mod workflow;

pub use common::{
    Empty, Filter, FilterChip, Freshness, Gap, HOSTILE, KeyValue, Link, MeanwhileRow, Owner, Pager, SelectOption,
    SortHead, Time,
};
pub use figure::{Delta, Figure, NamedFigure, Reading, Unit};
pub use page::{Account, Flash, NavCounts, Page, ProjectRef, View};
