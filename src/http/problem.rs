//! Errors as the API shows them: `application/problem+json` (RFC 9457) with a stable `code`.
//!
//! A program branches on `code`, a person reads `detail`, a form shows `errors` beside its fields.

use std::fmt;
use std::ops::{Deref, DerefMut};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::error::AppError;
use crate::app::ports::{Randomness, SystemRandomness};
use crate::auth::secret::hex;

/// The content type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// One thing that is wrong with the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemField {
    /// Where: a path such as `runs[3].cost_nanos`; empty for the input as a whole.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// An error as the API shows it. Boxed, because nearly every function of this layer can return one.
#[derive(Clone, Debug)]
pub struct Problem(Box<ProblemBody>);

/// What a problem says: its fields are those of [`Problem`], which dereferences to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where the code is explained.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The kind of error in a few words, the same for every occurrence.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The stable code that a program can branch on.
    pub code: &'static str,
    /// What happened this time, why, and what to do.
    pub detail: String,
    /// What is wrong with which field, in the order of the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// For a fault of the service: the id under which its cause is in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_id: Option<String>,
    /// When to try again, in seconds; also sent as `Retry-After`.
    #[serde(skip)]
    pub retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A problem with this status, code, title and detail.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(ProblemBody {
            type_uri: format!("/docs/problems#{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: detail.into(),
            errors: Vec::new(),
            error_id: None,
            retry_after_seconds: None,
        }))
    }

    /// The body or query cannot be read at all.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read", detail)
    }

    /// The content type or encoding is not accepted here.
    pub fn unsupported_media(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media", "This content is not accepted here", detail)
    }

    /// The body is larger than a limit.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large", detail)
    }

    /// There is no such page or operation.
    pub fn no_route() -> Self {
        let detail = "There is nothing at this address. The operations of the API are listed at /api/docs.";
        Self::new(StatusCode::NOT_FOUND, "no_route", "Nothing here", detail)
    }

    /// The address is there and does not do that.
    pub fn method_not_allowed(allowed: &str) -> Self {
        let detail = format!("This address takes {allowed}.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Not this method", detail)
    }

    /// One client asks too often.
    pub fn rate_limited(retry_after_seconds: u32) -> Self {
        let detail = format!("Too many attempts from this address. Try again in {retry_after_seconds} s.");
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many attempts", detail);
        problem.retry_after_seconds = Some(retry_after_seconds);
        problem
    }

    /// A form was sent without the token of its page.
    pub fn bad_form_token() -> Self {
        let detail = "The page was open too long or the form did not come from it. Load the page again and repeat.";
        Self::new(StatusCode::FORBIDDEN, "bad_form_token", "The form is not valid any more", detail)
    }

    /// Sign-in over plain HTTP from another machine.
    pub fn insecure_transport() -> Self {
        let detail = "Signing in over plain HTTP works on this machine only: the session could be read on the way. \
                      Use HTTPS, or a proxy that ends it and is named in server.trusted_proxies.";
        Self::new(StatusCode::FORBIDDEN, "insecure_transport", "Not over plain HTTP", detail)
    }

    /// A fault of the service: logs the cause under an id and shows only the id.
    pub fn internal(cause: &dyn fmt::Display) -> Self {
        let mut id_bytes = [0; 8];
        SystemRandomness.fill(&mut id_bytes);
        let error_id = hex(&id_bytes);
        tracing::error!(error_id, cause = %cause, "the service failed to answer a request");
        let detail = format!("The service failed; nothing was changed. Its log has the cause under {error_id}.");
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service failed", detail);
        problem.error_id = Some(error_id);
        problem
    }

    /// The problem as a response.
    pub fn response(&self) -> HttpResponse {
        let mut builder = HttpResponseBuilder::new(self.status_code());
        builder.insert_header((header::CONTENT_TYPE, CONTENT_TYPE));
        builder.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            builder.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            builder.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"seatrial\""));
        }
        // A struct of texts and numbers always serialises.
        builder.body(serde_json::to_vec(&self.0).unwrap_or_default())
    }
}

impl Deref for Problem {
    type Target = ProblemBody;

    fn deref(&self) -> &ProblemBody {
        &self.0
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut ProblemBody {
        &mut self.0
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let code = error.code();
        let detail = sentence(&error.to_string());
        let new = |status, title| Self::new(status, code, title, detail.clone());
        match error {
            AppError::NotFound { .. } => new(StatusCode::NOT_FOUND, "Not found"),
            AppError::Forbidden { .. } => new(StatusCode::FORBIDDEN, "Not allowed"),
            AppError::Unauthenticated { .. } => new(StatusCode::UNAUTHORIZED, "Not signed in"),
            AppError::Conflict { .. } => new(StatusCode::CONFLICT, "Does not fit the current state"),
            AppError::TooLarge { .. } => new(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large"),
            AppError::Invalid { errors } => {
                let mut problem = new(StatusCode::UNPROCESSABLE_ENTITY, "The input cannot be accepted");
                problem.errors = errors
                    .into_iter()
                    .map(|error| ProblemField { field: error.field, message: error.message })
                    .collect();
                problem
            }
            AppError::Overloaded { retry_after_seconds } => {
                let mut problem = new(StatusCode::TOO_MANY_REQUESTS, "The service is busy");
                problem.retry_after_seconds = Some(retry_after_seconds);
                problem
            }
            AppError::RateLimited { retry_after_seconds, .. } => {
                let mut problem = new(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
                problem.retry_after_seconds = Some(retry_after_seconds);
                problem
            }
            AppError::ChangedMeanwhile => new(StatusCode::PRECONDITION_FAILED, "Changed meanwhile"),
            AppError::StorageFull => {
                let mut problem = new(StatusCode::INSUFFICIENT_STORAGE, "The disk is full");
                problem.retry_after_seconds = Some(READ_ONLY_RETRY_SECONDS);
                problem
            }
            AppError::ReadOnly => {
                let mut problem = new(StatusCode::SERVICE_UNAVAILABLE, "The database is read-only");
                problem.retry_after_seconds = Some(READ_ONLY_RETRY_SECONDS);
                problem
            }
            AppError::Internal(source) => Self::internal(&Causes(source.as_ref())),
        }
    }
}

/// A read-only database takes a person to mend; clients that keep their data should come back later.
const READ_ONLY_RETRY_SECONDS: u32 = 60;

/// An error with its causes on one line.
struct Causes<'a>(&'a (dyn std::error::Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(next) = cause {
            write!(f, ": {next}")?;
            cause = next.source();
        }
        Ok(())
    }
}

/// An error message (lower case, no full stop) as a sentence.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let start: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let stop = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{start}{}{stop}", chars.as_str())
}
