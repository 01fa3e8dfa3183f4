//! The error page: the same problem the API answers with, for people.

use serde::Serialize;

use super::{Link, View};

/// What went wrong, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// HTTP status code.
    pub status: u16,
    /// What happened, short; also the heading.
    pub title: String,
    /// Why, and what to do.
    pub detail: String,
    /// Faults of single fields: name and message.
    pub fields: Vec<super::KeyValue>,
    /// Where to go from here.
    pub action: Option<Link>,
    /// Id of the request in the server's log.
    pub request_id: Option<String>,
}

impl View for Problem {
    const TEMPLATE: &'static str = "pages/problem/show";
}

impl Problem {
    /// A run that does not exist, or belongs to another project.
    pub fn sample() -> Self {
        Self {
            status: 404,
            title: "There is no such run in this project".to_owned(),
            detail: "The id may be mistyped, or the run is older than the project's retention. Look it up in the list of runs.".to_owned(),
            fields: vec![super::KeyValue::new("reason", "must not be empty")],
            action: Some(Link::new("/p/demo/runs", "All runs")),
            request_id: Some("0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned()),
        }
    }
}

/// What each code of a problem means: the page that `type` points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemCodes {
    /// Every code.
    pub codes: Vec<ProblemCode>,
}

/// One code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemCode {
    /// The code, which is also the fragment of its address.
    pub name: String,
    /// The HTTP status.
    pub status: u16,
    /// What it means.
    pub meaning: String,
}

impl View for ProblemCodes {
    const TEMPLATE: &'static str = "pages/problem/codes";
}

impl ProblemCodes {
    /// Two of them.
    pub fn sample() -> Self {
        let code = |status, name: &str, meaning: &str| ProblemCode {
            name: name.to_owned(),
            status,
            meaning: meaning.to_owned(),
        };
        Self {
            codes: vec![code(404, "not_found", "there is no such thing"), code(409, "last_admin", "keeps an admin")],
        }
    }
}
