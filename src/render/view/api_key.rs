//! API keys of a project.

use serde::Serialize;

use super::{HOSTILE, SelectOption, Time, View};

/// Body of `/p/{project}/settings/keys`. Forms, all with `csrf`: `POST …/settings/keys` with `name`, `scopes` (repeated),
/// `expires_days`; `…/settings/keys/{id}/revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeysPage {
    /// Whether the person may see and make keys.
    pub may: bool,
    /// API keys, newest first.
    pub keys: Vec<KeyRow>,
    /// A key just made: shown once, never again.
    pub new_key: Option<NewKey>,
    /// Scopes a new key can have.
    pub scopes: Vec<SelectOption>,
    /// Why the last form was not accepted, and what to do.
    pub error: Option<String>,
    /// The name of a key, as it was typed.
    pub name: String,
}

/// One API key; its secret is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyRow {
    /// Id, `key_…`.
    pub id: String,
    /// Name.
    pub name: String,
    /// First characters, to recognise it by.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// Last use.
    pub used_at: Option<Time>,
    /// When it ends; `None` is never.
    pub expires_at: Option<Time>,
    /// It no longer works.
    pub revoked: bool,
}

/// A key just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewKey {
    /// Name.
    pub name: String,
    /// The key itself.
    pub secret: String,
    /// A command that uses it.
    pub command: String,
}

impl View for KeysPage {
    const TEMPLATE: &'static str = "pages/settings/keys";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "keys";
}

impl KeysPage {
    /// As an administrator sees it after making a key.
    pub fn sample() -> Self {
        Self::named("deploy-bot")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As a viewer sees it.
    pub fn bare_sample() -> Self {
        Self { may: false, keys: vec![], new_key: None, scopes: vec![], error: None, name: String::new() }
    }

    fn named(name: &str) -> Self {
        Self {
            may: true,
            keys: vec![KeyRow {
                id: "key_01".to_owned(),
                name: name.to_owned(),
                prefix: "sea_1a2b".to_owned(),
                scopes: vec!["ingest".to_owned()],
                created_at: Time::sample(-9000),
                used_at: None,
                expires_at: Some(Time::sample(90_000)),
                revoked: false,
            }],
            new_key: Some(NewKey {
                name: name.to_owned(),
                secret: "sea_1a2b3c4d5e6f".to_owned(),
                command: "export SEATRIAL_API_KEY=sea_1a2b3c4d5e6f".to_owned(),
            }),
            scopes: vec![SelectOption::new("ingest", "Send runs and traces").selected(true)],
            error: Some(format!("name: {name} is taken")),
            name: name.to_owned(),
        }
    }
}
