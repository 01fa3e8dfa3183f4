//! The audit log: who did what to which thing, from where, with what was there before and after.

use serde::Serialize;

use super::{Empty, Filter, FilterChip, HOSTILE, Pager, Time, View};

/// Body of `/p/{project}/audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditPage {
    /// The filters that are on.
    pub chips: Vec<FilterChip>,
    /// The form that searches.
    pub filters: Vec<Filter>,
    /// The entries, the latest first.
    pub rows: Vec<AuditRow>,
    /// Neighbouring pages.
    pub pager: Pager,
    /// Where the whole log is had, as lines that verify offline.
    pub whole: String,
    /// Command that verifies it.
    pub verify_command: String,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Its place in the chain; absent of entries made before there was one.
    pub sequence: Option<u64>,
    /// When.
    pub at: Time,
    /// Who: kind, id and name at that time.
    pub actor: String,
    /// What they did.
    pub action: String,
    /// To what kind of thing.
    pub noun: String,
    /// To which one.
    pub noun_id: String,
    /// What was there, as JSON; absent of what came to be.
    pub before: Option<String>,
    /// What is there now, as JSON; absent of what is gone.
    pub after: Option<String>,
    /// What else belongs to the act, as JSON.
    pub about: Option<String>,
    /// The address it came from; absent of background work.
    pub address: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
}

impl View for AuditPage {
    const TEMPLATE: &'static str = "pages/audit/list";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "audit";
    const LIST: &'static str = "rows";
}

impl AuditPage {
    /// An edit and an act of the service.
    pub fn sample() -> Self {
        Self::with_text("change_settings")
    }

    /// The same with hostile text in every field.
    pub fn hostile_sample() -> Self {
        Self::with_text(HOSTILE)
    }

    /// Nothing was found.
    pub fn empty_sample() -> Self {
        let empty = Empty {
            title: "No such entry".to_owned(),
            text: "Nothing in the log is like that.".to_owned(),
            command: None,
            action: None,
        };
        Self { rows: Vec::new(), empty: Some(empty), ..Self::sample() }
    }

    fn with_text(said: &str) -> Self {
        let filter = |name: &str| Filter {
            name: name.to_owned(),
            label: "What was done".to_owned(),
            options: Vec::new(),
            value: said.to_owned(),
        };
        let row = AuditRow {
            sequence: Some(7),
            at: Time(1_772_442_000_000_000),
            actor: said.to_owned(),
            action: said.to_owned(),
            noun: said.to_owned(),
            noun_id: said.to_owned(),
            before: Some(said.to_owned()),
            after: Some(said.to_owned()),
            about: Some(said.to_owned()),
            address: Some(said.to_owned()),
            digest: Some(said.to_owned()),
        };
        let made = AuditRow { sequence: None, before: None, about: None, address: None, digest: None, ..row.clone() };
        Self {
            chips: vec![FilterChip { label: said.to_owned(), href: "/p/demo/audit".to_owned(), on: true }],
            filters: vec![filter("action"), filter("noun")],
            rows: vec![row, made],
            pager: Pager::default(),
            whole: "/api/v1/projects/demo/audit-log".to_owned(),
            verify_command: "seatrial audit verify audit-log.ndjson".to_owned(),
            empty: None,
        }
    }
}
