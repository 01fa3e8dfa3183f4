//! What the queue of triage shows beside its failures: how far everybody has come, and the act that can be taken back.

use serde::Serialize;

/// How far failures are learned from, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Failures that are promoted, linked or dismissed.
    pub learned: u64,
    /// All failures of the list's workflows, releases and classes.
    pub total: u64,
    /// The same by class, the one with the most open first.
    pub classes: Vec<ClassProgress>,
    /// What people decided today, who decided most first.
    pub people: Vec<PersonProgress>,
}

/// How far the failures of a class are learned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassProgress {
    /// The class; `None` is *not classified*.
    pub class: Option<String>,
    /// Its severity.
    pub severity: Option<String>,
    /// Promoted, linked or dismissed.
    pub learned: u64,
    /// All.
    pub total: u64,
}

/// What a person decided today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonProgress {
    /// Their name.
    pub name: String,
    /// It is the signed-in person.
    pub me: bool,
    /// Failures they promoted, linked or dismissed.
    pub decided: u64,
}

/// An act that can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undo {
    /// Its id.
    pub act: String,
    /// How many failures it was about.
    pub failures: u64,
    /// What was done with them, in words: `dismissed`.
    pub what: String,
    /// The case they became or were linked to.
    pub case: Option<String>,
    /// The query of the list to come back to.
    pub list: String,
}

impl Progress {
    /// One class and one person.
    pub fn sample(text: &str) -> Self {
        Self {
            learned: 126,
            total: 340,
            classes: vec![ClassProgress {
                class: Some(text.to_owned()),
                severity: Some("critical".to_owned()),
                learned: 6,
                total: 20,
            }],
            people: vec![PersonProgress { name: text.to_owned(), me: true, decided: 12 }],
        }
    }
}

impl Undo {
    /// A group that was dismissed.
    pub fn sample() -> Self {
        Self {
            act: "act_01".to_owned(),
            failures: 14,
            what: "dismissed".to_owned(),
            case: Some("/p/demo/cases/case_01".to_owned()),
            list: "status=open".to_owned(),
        }
    }
}
