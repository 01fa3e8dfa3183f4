//! Every signal as it is defined, and whether a workflow knows it.

use serde::Serialize;

use super::{FilterChip, HOSTILE, Link, View};

/// Body of `/p/{project}/settings/signals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignalsPage {
    /// Workflows to read them for.
    pub chips: Vec<FilterChip>,
    /// The workflow they are read for; `None` while there is none.
    pub workflow: Option<Link>,
    /// Who reports each kind of fact in each workflow.
    pub sources: Vec<SignalSources>,
    /// The signals by group.
    pub groups: Vec<SignalDefinitions>,
}

/// Who reports each kind of fact in a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignalSources {
    /// The workflow, where that is set.
    pub link: Link,
    /// Who reports approvals, escalations and rescues; `None` is nobody.
    pub facts: Vec<Option<String>>,
}

/// The signals of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignalDefinitions {
    /// The group's sentence.
    pub title: String,
    /// The signals.
    pub signals: Vec<SignalDefinition>,
}

/// A signal as it is defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignalDefinition {
    /// What people call it.
    pub label: String,
    /// Its name in the API.
    pub name: String,
    /// `rate`, `amount` or `ratio`.
    pub kind: String,
    /// What a higher value means.
    pub direction: String,
    /// The exact definition.
    pub exactly: String,
    /// What it proves.
    pub proves: String,
    /// What it does not prove.
    pub does_not_prove: String,
    /// What must be reported for it to be known, in words.
    pub needs: String,
    /// Whether it is known in the workflow; `None` where no workflow is looked at.
    pub known: Option<bool>,
    /// Why it is or is not.
    pub why: String,
}

impl View for SignalsPage {
    const TEMPLATE: &'static str = "pages/settings/signals";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "signals";
}

impl SignalsPage {
    /// Of a workflow that nobody reports rescues of.
    pub fn sample() -> Self {
        Self::named("refund-handling")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// Of a project without a workflow.
    pub fn empty_sample() -> Self {
        Self { chips: vec![], workflow: None, sources: vec![], ..Self::sample() }
    }

    fn named(name: &str) -> Self {
        let signal = |id: &str, known| SignalDefinition {
            label: "Rescue rate".to_owned(),
            name: id.to_owned(),
            kind: "rate".to_owned(),
            direction: "lower is better".to_owned(),
            exactly: "Concluded runs that a person redid, over those where rescues are known.".to_owned(),
            proves: "How often work was done again.".to_owned(),
            does_not_prove: "That nothing else happened.".to_owned(),
            needs: "rescues".to_owned(),
            known,
            why: name.to_owned(),
        };
        let link = Link::new("/p/demo/settings/workflows/wf_01", name);
        Self {
            chips: vec![FilterChip { label: name.to_owned(), href: "?workflow=x".to_owned(), on: true }],
            workflow: Some(link.clone()),
            sources: vec![SignalSources { link, facts: vec![Some(name.to_owned()), None, Some(name.to_owned())] }],
            groups: vec![SignalDefinitions {
                title: "Cleanup".to_owned(),
                signals: vec![
                    signal("rescue_rate", Some(false)),
                    signal("latency", Some(true)),
                    signal("mean_retries", None),
                ],
            }],
        }
    }
}
