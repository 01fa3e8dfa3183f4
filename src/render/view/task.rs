//! Work that waits for people: gaps, responses and notices, as lists, and a gap or a response with what can be done.

use serde::Serialize;

use super::{Empty, FilterChip, HOSTILE, KeyValue, Link, Pager, SelectOption, SortHead, Time, View};

/// Body of `/p/{project}/gaps`, `…/responses` and `…/notices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskList {
    /// What these are.
    pub heading: String,
    /// What they are for.
    pub sub: String,
    /// Filters as chips.
    pub chips: Vec<FilterChip>,
    /// The rows, latest first unless the head of a column says otherwise.
    pub rows: Vec<TaskRow>,
    /// The column along which the list goes, where it can be turned round.
    pub order: Option<SortHead>,
    /// Neighbouring pages.
    pub pager: Pager,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
    /// Something that can be done to the whole list.
    pub act: Option<Link>,
    /// Where what the list shows is set.
    pub more: Option<Link>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskRow {
    /// What it is, and where it is shown.
    pub link: Link,
    /// Where it stands.
    pub state: String,
    /// In words.
    pub detail: String,
    /// Who has it.
    pub owner: Option<String>,
    /// Until when.
    pub due_at: Option<Time>,
    /// Since when it is there.
    pub since: Time,
}

impl View for TaskList {
    const TEMPLATE: &'static str = "pages/task/list";
    const LIST: &'static str = "rows";
}

impl TaskList {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("No eval case covers the failure class wrong_refund.")
    }

    /// One with hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// Nothing in it.
    pub fn empty_sample() -> Self {
        let empty = Empty {
            title: "No gap here".to_owned(),
            text: "Gaps are found when evidence is frozen.".to_owned(),
            command: None,
            action: None,
        };
        Self { rows: Vec::new(), empty: Some(empty), order: None, act: None, ..Self::sample() }
    }

    fn named(text: &str) -> Self {
        Self {
            heading: "Gaps".to_owned(),
            sub: "What is missing from the evidence, and who has it.".to_owned(),
            chips: vec![FilterChip { label: "Mine".to_owned(), href: "/p/demo/gaps?mine=yes".to_owned(), on: true }],
            rows: vec![TaskRow {
                link: Link::new("/p/demo/gaps/gap_01", text),
                state: "open".to_owned(),
                detail: text.to_owned(),
                owner: Some(text.to_owned()),
                due_at: Some(Time::sample(1440)),
                since: Time::sample(-60),
            }],
            order: Some(SortHead::sample("Since")),
            pager: Pager { previous: None, next: None, note: "1 on this page, latest first".to_owned() },
            empty: None,
            act: Some(Link::new("/p/demo/notices/read", "Mark all as read")),
            more: Some(Link::new("/p/demo/alert-settings", "How workflows are watched")),
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskNote {
    /// When.
    pub at: Time,
    /// What.
    pub what: String,
    /// Who.
    pub by: String,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskField {
    /// Its id on the page.
    pub id: String,
    /// The name it is sent by.
    pub name: String,
    /// What it asks.
    pub label: String,
    /// What is in it.
    pub value: String,
    /// What can be chosen, of a choice.
    pub options: Vec<SelectOption>,
    /// Whether a text may stay empty.
    pub optional: bool,
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskForm {
    /// Where it is sent.
    pub action: String,
    /// Choices.
    pub selects: Vec<TaskField>,
    /// Dates.
    pub dates: Vec<TaskField>,
    /// Texts.
    pub texts: Vec<TaskField>,
    /// What the button says.
    pub button: String,
    /// Whether it is what one comes here for.
    pub primary: bool,
}

/// Body of `/p/{project}/gaps/{gap}` and `…/responses/{response}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskPage {
    /// What it is.
    pub heading: String,
    /// The list it belongs to.
    pub back: Link,
    /// Where it stands.
    pub state: String,
    /// Of which workflow and release.
    pub sub: String,
    /// What the paragraphs say.
    pub lead: String,
    /// In words.
    pub paragraphs: Vec<String>,
    /// What happened to it.
    pub notes: Vec<TaskNote>,
    /// Owner, dates, origin.
    pub facts: Vec<KeyValue>,
    /// Where to go on.
    pub link: Option<Link>,
    /// What can be done.
    pub forms: Vec<TaskForm>,
    /// Why the last form was not accepted.
    pub error: Option<String>,
}

impl View for TaskPage {
    const TEMPLATE: &'static str = "pages/task/show";
}

impl TaskPage {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("Open triage with failure class wrong_refund and promote one failure.")
    }

    /// One with hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(text: &str) -> Self {
        let field = |name: &str, label: &str| TaskField {
            id: format!("task-{name}"),
            name: name.to_owned(),
            label: label.to_owned(),
            value: String::new(),
            options: Vec::new(),
            optional: false,
        };
        Self {
            heading: text.to_owned(),
            back: Link::new("/p/demo/gaps", "Gaps"),
            state: "open".to_owned(),
            sub: "refund-handling 1.4.0".to_owned(),
            lead: "What to do".to_owned(),
            paragraphs: vec![text.to_owned()],
            notes: vec![TaskNote { at: Time::sample(-30), what: text.to_owned(), by: "Ana Reyes".to_owned() }],
            facts: vec![KeyValue::new("Owner", text)],
            link: Some(Link::new("/p/demo/gates/gate_01", "The gate")),
            forms: vec![TaskForm {
                action: "/p/demo/gaps/gap_01/close".to_owned(),
                selects: Vec::new(),
                dates: vec![TaskField { value: "2026-12-01".to_owned(), ..field("due", "Due") }],
                texts: vec![field("done", "What was done")],
                button: "Close".to_owned(),
                primary: true,
            }],
            error: Some(text.to_owned()),
        }
    }
}

/// One topic of mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailTopic {
    /// The name it is sent by.
    pub name: String,
    /// In words.
    pub label: String,
    /// Whether mails about it are sent.
    pub on: bool,
}

/// Body of `/mail/{token}`: which mails somebody wants, without signing in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailChoice {
    /// The project.
    pub project: String,
    /// Where the form is sent.
    pub action: String,
    /// Every topic.
    pub topics: Vec<MailTopic>,
    /// The choice was just saved.
    pub saved: bool,
}

impl View for MailChoice {
    const TEMPLATE: &'static str = "pages/mail/choice";
}

impl MailChoice {
    /// A usual one.
    pub fn sample() -> Self {
        Self {
            project: "Demo project".to_owned(),
            action: "/mail/sample".to_owned(),
            topics: vec![MailTopic { name: "review".to_owned(), label: "Scorecards".to_owned(), on: true }],
            saved: true,
        }
    }

    /// Of a project with a hostile name.
    pub fn hostile_sample() -> Self {
        Self { project: HOSTILE.to_owned(), ..Self::sample() }
    }
}
