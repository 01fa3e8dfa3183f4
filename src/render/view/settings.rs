//! The settings of a project, by section.

use serde::Serialize;

use super::View;

/// Body of `/p/{project}/settings`: the sections, each with what it says now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingsIndex {
    /// The sections.
    pub sections: Vec<SettingsEntry>,
}

/// A section of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingsEntry {
    /// What it is called.
    pub label: String,
    /// Where it is.
    pub href: String,
    /// What is set there.
    pub about: String,
    /// What it says now, in a few words; empty where there is nothing to say.
    pub now: String,
}

impl View for SettingsIndex {
    const TEMPLATE: &'static str = "pages/settings/show";
    const SECTION: &'static str = "settings";
}

impl SettingsIndex {
    /// Two sections.
    pub fn sample() -> Self {
        let entry = |label: &str, now: &str| SettingsEntry {
            label: label.to_owned(),
            href: "/p/demo/settings/members".to_owned(),
            about: "Who belongs to the project, and as what.".to_owned(),
            now: now.to_owned(),
        };
        Self { sections: vec![entry("Members", "5 members"), entry("Signals", "")] }
    }
}
