//! The gate policy: what it says, its versions, what differs between them, and changing it.

use serde::Serialize;

use super::{HOSTILE, Link, MeanwhileRow, SelectOption, Time, View};

/// Body of `/p/{project}/settings/policy` and of one version at `…/policy/versions/{version}?with={other}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyPage {
    /// Its name.
    pub name: String,
    /// The version shown.
    pub version: u32,
    /// The version in force.
    pub in_force: u32,
    /// Whether it is the one every project begins with.
    pub built_in: bool,
    /// Its digest.
    pub digest: String,
    /// Who wrote it, and when.
    pub written: Option<PolicyWritten>,
    /// Every setting.
    pub groups: Vec<PolicyGroup>,
    /// What differs from another version.
    pub difference: Option<PolicyDifference>,
    /// Every version, the latest first.
    pub versions: Vec<PolicyVersion>,
    /// Gates without a decision.
    pub gates: Vec<PolicyGate>,
    /// Where it is changed; absent for whom that is closed.
    pub edit: Option<String>,
}

/// Who wrote a version, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyWritten {
    /// Who.
    pub by: String,
    /// When.
    pub at: Time,
}

/// Settings that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyGroup {
    /// What they are about.
    pub title: String,
    /// The settings.
    pub settings: Vec<PolicySetting>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicySetting {
    /// What it is called.
    pub label: String,
    /// Its value with its unit.
    pub value: String,
    /// What it means; empty where that is said above.
    pub meaning: String,
}

/// What differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyDifference {
    /// The earlier version.
    pub before: u32,
    /// The later version.
    pub after: u32,
    /// The settings that differ.
    pub changes: Vec<PolicyChange>,
}

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyChange {
    /// What it is called.
    pub label: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
}

/// A version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyVersion {
    /// Its number.
    pub version: u32,
    /// Where it is shown.
    pub href: String,
    /// Whether it is the one shown.
    pub shown: bool,
    /// Who wrote it, and when; nobody wrote the built-in one.
    pub written: Option<PolicyWritten>,
    /// What it changed, in words.
    pub changed: Vec<PolicyChange>,
}

/// A gate without a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyGate {
    /// The gate.
    pub link: Link,
    /// Its workflow.
    pub workflow: String,
    /// `open` or `frozen`.
    pub state: String,
}

/// Body of `/p/{project}/settings/policy/edit`. Form: `POST …/edit` with `csrf`, `version`, `rests_on`, the fields by
/// name, and for each workflow in order `workflow` and its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyEdit {
    /// Back to the policy.
    pub back: Link,
    /// The version it rests on.
    pub version: u32,
    /// The tag of what it rests on.
    pub rests_on: String,
    /// Why it was not kept.
    pub error: Option<String>,
    /// What somebody else changed since the form was opened.
    pub meanwhile: Vec<MeanwhileRow>,
    /// Its name, as typed.
    pub name: String,
    /// How much error is allowed.
    pub error_fields: Vec<PolicyField>,
    /// How much evidence is wanted.
    pub evidence_fields: Vec<PolicyField>,
    /// Ways to bet.
    pub methods: Vec<SelectOption>,
    /// Suites, one a line, as typed.
    pub suites: String,
    /// The suites there are.
    pub known_suites: Vec<String>,
    /// Gaps that may block.
    pub gaps: Vec<SelectOption>,
    /// Roles that may decide.
    pub deciders: Vec<SelectOption>,
    /// Roles that may confirm.
    pub seconds: Vec<SelectOption>,
    /// Whether every ship takes two.
    pub ship_takes_two: bool,
    /// Whether whoever opened it needs a second.
    pub opener_needs_second: bool,
    /// What is asked of single workflows.
    pub workflows: Vec<PolicyWorkflowFields>,
    /// Gates without a decision.
    pub gates: Vec<PolicyGate>,
}

/// A number with its unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyField {
    /// Name in the form.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// What it means.
    pub meaning: String,
    /// Its unit.
    pub unit: String,
    /// As typed.
    pub value: String,
}

/// What is asked of one workflow beside what is asked of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyWorkflowFields {
    /// The workflow.
    pub workflow: String,
    /// Its place in the form, from 1.
    pub place: usize,
    /// Whether anything is asked of it.
    pub own: bool,
    /// The scorecard it is held to.
    pub scorecard: String,
    /// The earliest version that will do.
    pub at_least: String,
    /// As for all, or these suites.
    pub suites_are: Vec<SelectOption>,
    /// Suites, one a line.
    pub suites: String,
    /// Numbers, empty for as for all.
    pub fields: Vec<PolicyField>,
    /// As for all, yes or no.
    pub takes_two: Vec<SelectOption>,
}

impl View for PolicyPage {
    const TEMPLATE: &'static str = "pages/settings/policy";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "policy";
}

impl View for PolicyEdit {
    const TEMPLATE: &'static str = "pages/settings/policy_edit";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "policy";
}

fn change(text: &str) -> PolicyChange {
    PolicyChange { label: text.to_owned(), before: text.to_owned(), after: text.to_owned() }
}

fn gate(text: &str) -> PolicyGate {
    PolicyGate { link: Link::new("/p/demo/gates/gate_01", text), workflow: text.to_owned(), state: "frozen".to_owned() }
}

impl PolicyPage {
    /// Version 3 beside version 2.
    pub fn sample() -> Self {
        Self::named("Strict")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// The built-in one, as a viewer sees it.
    pub fn bare_sample() -> Self {
        Self { built_in: true, written: None, difference: None, gates: vec![], edit: None, ..Self::sample() }
    }

    fn named(text: &str) -> Self {
        let written = || Some(PolicyWritten { by: text.to_owned(), at: Time::sample(-900) });
        let setting = |meaning: &str| PolicySetting {
            label: text.to_owned(),
            value: text.to_owned(),
            meaning: meaning.to_owned(),
        };
        let version = |version, written, changed| PolicyVersion {
            version,
            href: format!("/p/demo/settings/policy/versions/{version}"),
            shown: version == 2,
            written,
            changed,
        };
        Self {
            name: text.to_owned(),
            version: 2,
            in_force: 3,
            built_in: false,
            digest: format!("sha256:{}", "ab".repeat(32)),
            written: written(),
            groups: vec![PolicyGroup { title: text.to_owned(), settings: vec![setting(text), setting("")] }],
            difference: Some(PolicyDifference { before: 2, after: 3, changes: vec![change(text)] }),
            versions: vec![
                version(3, written(), vec![change(text)]),
                version(2, written(), vec![]),
                version(1, None, vec![]),
            ],
            gates: vec![gate(text), PolicyGate { state: "open".to_owned(), ..gate(text) }],
            edit: Some("/p/demo/settings/policy/edit".to_owned()),
        }
    }
}

impl PolicyEdit {
    /// A form that was not accepted because somebody else was faster.
    pub fn sample() -> Self {
        Self::named("Strict")
    }

    /// With hostile text in every field.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(text: &str) -> Self {
        let field = |name: &str, meaning: &str| PolicyField {
            name: name.to_owned(),
            label: "Floor".to_owned(),
            meaning: meaning.to_owned(),
            unit: "runs".to_owned(),
            value: text.to_owned(),
        };
        let options =
            || vec![SelectOption::new("admin", "Administrator").selected(true), SelectOption::new("owner", "Owner")];
        Self {
            back: Link::new("/p/demo/settings/policy", "Gate policy"),
            version: 3,
            rests_on: "\"1a2b\"".to_owned(),
            error: Some(text.to_owned()),
            meanwhile: vec![MeanwhileRow::new(text, text, text)],
            name: text.to_owned(),
            error_fields: vec![field("alpha", "What it means")],
            evidence_fields: vec![field("floor_units", "What it means")],
            methods: options(),
            suites: text.to_owned(),
            known_suites: vec![text.to_owned()],
            gaps: options(),
            deciders: options(),
            seconds: options(),
            ship_takes_two: true,
            opener_needs_second: false,
            workflows: vec![PolicyWorkflowFields {
                workflow: text.to_owned(),
                place: 1,
                own: true,
                scorecard: text.to_owned(),
                at_least: text.to_owned(),
                suites_are: options(),
                suites: text.to_owned(),
                fields: vec![field("floor_units", "")],
                takes_two: options(),
            }],
            gates: vec![gate(text)],
        }
    }
}
