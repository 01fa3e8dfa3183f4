//! What handlers take from a request: who is asking, and bodies, paths and queries whose errors are problems.

pub mod attempt;
pub mod caller;
pub mod form;
pub mod if_match;
pub mod page;

use actix_web::web::{FormConfig, JsonConfig, PathConfig, QueryConfig, ServiceConfig};
use seatrial_domain::limits;
use seatrial_store::{Cursor, Page};
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::app::error::AppError;

pub use crate::app::access::Caller;
pub use crate::app::precondition::IfMatch;
pub use attempt::Attempt;
pub use caller::SessionCaller;
pub use form::{PageForm, SignInForm, verify_form};
pub use page::{PageCaller, local_path};

/// Makes what cannot be read a problem that says so.
pub fn configure(config: &mut ServiceConfig) {
    config
        .app_data(JsonConfig::default().limit(limits::JSON_BODY_BYTES).error_handler(|error, _| {
            let text = error.to_string();
            if matches!(
                error,
                actix_web::error::JsonPayloadError::Overflow { .. }
                    | actix_web::error::JsonPayloadError::OverflowKnownLength { .. }
            ) {
                return Problem::too_large(format!("The body is larger than {} kB.", limits::JSON_BODY_BYTES >> 10))
                    .into();
            }
            if matches!(error, actix_web::error::JsonPayloadError::ContentType) {
                return Problem::unsupported_media("Send the body as `Content-Type: application/json`.").into();
            }
            Problem::malformed(format!("The body is not what this operation takes: {text}")).into()
        }))
        .app_data(QueryConfig::default().error_handler(|error, _| {
            Problem::malformed(format!("The query is not what this operation takes: {error}")).into()
        }))
        .app_data(PathConfig::default().error_handler(|_, _| Problem::no_route().into()))
        .app_data(
            FormConfig::default()
                .limit(limits::JSON_BODY_BYTES)
                .error_handler(|error, _| Problem::malformed(format!("The form cannot be read: {error}")).into()),
        );
}

/// The page of a list that is wanted.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where to begin: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
}

impl PageQuery {
    /// The page for the store.
    ///
    /// # Errors
    /// When the cursor is not one a list gave out.
    pub fn page(&self) -> Result<Page, AppError> {
        let after = self.cursor.as_deref().map(str::parse::<Cursor>).transpose();
        let after = after.map_err(|message| AppError::invalid("cursor", message))?;
        Ok(Page::new(after, self.limit))
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; absent on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// A page from what the store returned.
    #[must_use]
    pub fn new(items: Vec<T>, next: Option<Cursor>) -> Self {
        Self { items, next_cursor: next.map(|cursor| cursor.to_string()) }
    }
}
