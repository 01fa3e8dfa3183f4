//! Teams: named groups of members that own things together.

use serde::Serialize;

use super::{HOSTILE, SelectOption, View};

/// Body of `/p/{project}/settings/teams`. Forms, all with `csrf`: `POST …/teams` with `name`, `members` (repeated);
/// `…/teams/{id}` with those and `rests_on`; `…/teams/{id}/remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamsPage {
    /// The teams by name.
    pub rows: Vec<TeamRow>,
    /// Whether the person may change them.
    pub may: bool,
    /// Members a new team can have.
    pub members: Vec<SelectOption>,
    /// The name of a new team, as it was typed.
    pub name: String,
    /// Why the last form was not accepted.
    pub error: Option<String>,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamRow {
    /// Id, `team_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who is in it, in words.
    pub members: String,
    /// Every member of the project, those in it selected.
    pub people: Vec<SelectOption>,
    /// What it was when the page was made.
    pub rests_on: String,
}

impl View for TeamsPage {
    const TEMPLATE: &'static str = "pages/settings/teams";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "teams";
    const LIST: &'static str = "rows";
}

impl TeamsPage {
    /// As an administrator sees it.
    pub fn sample() -> Self {
        Self::named("Payments")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As a viewer of a project without teams sees it.
    pub fn bare_sample() -> Self {
        Self { rows: vec![], may: false, members: vec![], name: String::new(), error: None }
    }

    fn named(name: &str) -> Self {
        let people = || vec![SelectOption::new("acc_01", name).selected(true), SelectOption::new("acc_02", name)];
        Self {
            rows: vec![TeamRow {
                id: "team_01".to_owned(),
                name: name.to_owned(),
                members: name.to_owned(),
                people: people(),
                rests_on: "\"1a2b\"".to_owned(),
            }],
            may: true,
            members: people(),
            name: name.to_owned(),
            error: Some(name.to_owned()),
        }
    }
}
