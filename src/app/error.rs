//! What a use case can answer besides success. `http::problem` turns it into problem+json, the pages
//! into a page, the command line into a message and an exit code.

use std::error::Error;

use seatrial_domain::access::{Denied, Permission};
use seatrial_store::StoreError;

/// One thing that is wrong with the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where: a path such as `runs[3].cost_nanos`, or empty for the input as a whole.
    pub field: String,
    /// What is wrong and what to do, without repeating foreign text at length.
    pub message: String,
}

impl FieldError {
    /// An error at `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Why nobody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthenticated {
    /// No session, token or key was sent.
    Missing,
    /// What was sent is not valid. Deliberately not more precise: it must not help a guesser.
    Invalid,
    /// It was valid once and is over.
    Expired,
    /// It was revoked.
    Revoked,
    /// The name or the password is wrong. Never which of the two.
    WrongPassword,
}

impl Unauthenticated {
    /// A sentence that says what to do.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "Sign in, or send an API key or access token as `Authorization: Bearer …`.",
            Self::Invalid => "The API key, access token or session is not valid. Check that it was copied whole.",
            Self::Expired => "The API key, access token or session has expired. Sign in again or create a new key.",
            Self::Revoked => "The API key or session was revoked. Ask an admin of the project for a new one.",
            Self::WrongPassword => "The name or the password is wrong.",
        }
    }
}

/// What a use case can answer besides success.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no such thing in this project. Also the answer for a thing of another project.
    #[error("there is no such {noun}{}", place(noun))]
    NotFound {
        /// The kind of thing, for example `run`.
        noun: &'static str,
    },
    /// The actor is known and may not do this.
    #[error("this needs the permission {permission}, which you do not have in this project")]
    Forbidden {
        /// The permission that is missing.
        permission: Permission,
    },
    /// The actor is not known.
    #[error("{}", why.message())]
    Unauthenticated {
        /// Why.
        why: Unauthenticated,
    },
    /// The input breaks a rule.
    #[error("{} of the input cannot be accepted: {}", count(errors), first(errors))]
    Invalid {
        /// At least one error, in the order of the input.
        errors: Vec<FieldError>,
    },
    /// The input is well-formed but does not fit the current state.
    #[error("{detail}")]
    Conflict {
        /// A stable snake_case code that a program can branch on, for example `already_promoted`.
        code: &'static str,
        /// What happened and what to do.
        detail: String,
    },
    /// The input is larger than a limit.
    #[error("{what} is larger than the limit of {limit}; send it in smaller pieces")]
    TooLarge {
        /// What is too large, for example `the body`.
        what: &'static str,
        /// The limit with its unit, for example `64 MiB`.
        limit: String,
    },
    /// A queue is full. Nothing was accepted; the same request may be sent again.
    #[error("the service is busy and accepted nothing of this request; send it again in {retry_after_seconds} s")]
    Overloaded {
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// One caller or one address asks too often.
    #[error("too many requests from {whose}; try again in {retry_after_seconds} s")]
    RateLimited {
        /// Whose: `this address`, `this API key`.
        whose: &'static str,
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// What was sent rests on a version that somebody has replaced meanwhile.
    #[error("somebody changed it since you read it; read it again, and send what you want with the new ETag")]
    ChangedMeanwhile,
    /// The disk that holds the database is full.
    #[error("the disk that holds the database is full, so nothing can be recorded; free some space")]
    StorageFull,
    /// The database cannot be written to.
    #[error(
        "the database is read-only, so nothing can be recorded; make the file and its folder writable for the service"
    )]
    ReadOnly,
    /// A fault of the service. The cause is logged under an id and never shown.
    #[error("the service failed to do this")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// Where it was looked for. A project that somebody may not enter looks like one that is not there.
fn place(noun: &str) -> &'static str {
    if noun == "project" {
        ", or you do not belong to it"
    } else if ["account", "session", "invitation"].contains(&noun) {
        ""
    } else {
        " in this project"
    }
}

fn count(errors: &[FieldError]) -> String {
    if errors.len() == 1 { "one field".to_owned() } else { format!("{} fields", errors.len()) }
}

fn first(errors: &[FieldError]) -> String {
    errors.first().map(|error| format!("{}: {}", error.field, error.message)).unwrap_or_default()
}

impl AppError {
    /// One error at one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { errors: vec![FieldError::new(field, message)] }
    }

    /// A fault of the service, with its cause for the log.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// The stable snake_case code that a program can branch on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Forbidden { .. } => "forbidden",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::Invalid { .. } => "invalid",
            Self::Conflict { code, .. } => code,
            Self::TooLarge { .. } => "too_large",
            Self::Overloaded { .. } => "overloaded",
            Self::RateLimited { .. } => "rate_limited",
            Self::ChangedMeanwhile => "changed_meanwhile",
            Self::StorageFull => "storage_full",
            Self::ReadOnly => "read_only",
            Self::Internal(_) => "internal",
        }
    }
}

/// What is told to who sends a request again whose answer is not kept.
pub const ALREADY_DONE: &str = "This request was carried out already, and its answer is not there to be repeated. Read \
                                what it made from the list.";

impl From<Denied> for AppError {
    fn from(denied: Denied) -> Self {
        Self::Forbidden { permission: denied.permission }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ReadOnly => Self::ReadOnly,
            StoreError::Full => Self::StorageFull,
            StoreError::AlreadyDone => Self::Conflict { code: "already_done", detail: ALREADY_DONE.to_owned() },
            StoreError::Duplicate => Self::Conflict {
                code: "already_exists",
                detail: "There already is one with this name; choose another, or use the one that is there.".to_owned(),
            },
            StoreError::Nul => Self::invalid("", "holds the character NUL (U+0000), which cannot be kept: take it out"),
            other => Self::internal(other),
        }
    }
}
