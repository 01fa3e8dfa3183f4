//! The sign-in page.

use serde::Serialize;

use super::View;

/// Form: `POST /sign-in` with `csrf`, `email`, `password`, `next`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignIn {
    /// Address to fill in again after a failed attempt.
    pub email: String,
    /// Path to open after signing in; a path of this service only.
    pub next: String,
    /// Why the last attempt failed and what to do; says the same for a wrong password and an unknown address.
    pub error: Option<String>,
    /// How to sign in to a demo, when this server runs one.
    pub hint: Option<String>,
}

impl View for SignIn {
    const TEMPLATE: &'static str = "pages/sign_in/show";
}

impl SignIn {
    /// After a failed attempt.
    pub fn sample() -> Self {
        Self {
            email: "ana@example.com".to_owned(),
            next: "/p/demo".to_owned(),
            error: Some(
                "This address and password do not match. Check both, or ask an administrator to reset the password."
                    .to_owned(),
            ),
            hint: Some(
                "The administrator's password was printed when this server started for the first time.".to_owned(),
            ),
        }
    }
}
