//! The audit log: searched, each entry with what was there before and after.

use actix_web::web::{Path, Query};
use seatrial_domain::saved_view::ViewedList;
use seatrial_domain::time::Timestamp;
use seatrial_store::audit::{Entry, Search};
use serde::Deserialize;
use serde_json::Value;

use super::context::{Answer, Frame, Visitor};
use super::form::given;
use super::link;
use crate::app::error::AppError;
use crate::http::extract::PageQuery;
use crate::render::view::audit::{AuditPage, AuditRow};
use crate::render::view::{Empty, Filter, FilterChip, Pager, Time};

/// Which entries are wanted.
#[derive(Debug, Default, Deserialize)]
pub struct LogQuery {
    action: Option<String>,
    noun: Option<String>,
    noun_id: Option<String>,
    actor: Option<String>,
    text: Option<String>,
    from: Option<String>,
    until: Option<String>,
    cursor: Option<String>,
}

/// The fields of the search, with what they are called on the page.
const LABELS: [(&str, &str); 7] = [
    ("action", "What was done"),
    ("noun", "To what kind of thing"),
    ("noun_id", "To which one, by id"),
    ("actor", "By whom, by id"),
    ("text", "With this text in what changed"),
    ("from", "From, such as 2026-01-31T00:00:00Z"),
    ("until", "Until before"),
];

impl LogQuery {
    fn values(&self) -> [Option<&str>; 7] {
        [&self.action, &self.noun, &self.noun_id, &self.actor, &self.text, &self.from, &self.until]
            .map(|value| value.as_deref())
    }

    fn parameters(&self) -> Vec<(&'static str, Option<&str>)> {
        LABELS.iter().map(|(name, _)| *name).zip(self.values()).collect()
    }

    fn search(&self) -> Result<Search, AppError> {
        let text = |field: &Option<String>| field.as_deref().and_then(given);
        let time = |name: &str, field: &Option<String>| -> Result<Option<Timestamp>, AppError> {
            let wrong = |_| AppError::invalid(name, "is a time such as 2026-01-31T12:00:00Z");
            text(field).map(|typed| typed.parse().map_err(wrong)).transpose()
        };
        Ok(Search {
            actor: text(&self.actor),
            action: text(&self.action),
            noun: text(&self.noun),
            noun_id: text(&self.noun_id),
            from: time("from", &self.from)?,
            until: time("until", &self.until)?,
            text: text(&self.text),
        })
    }

    fn href(&self, frame: &Frame, cursor: Option<&str>) -> String {
        let mut parameters = self.parameters();
        parameters.push(("cursor", cursor));
        link::with_query(&frame.href("/audit"), &parameters)
    }

    /// The filters that are on, each with the list without it.
    fn chips(&self, frame: &Frame) -> Vec<FilterChip> {
        let on = self.parameters().into_iter().filter_map(|(name, value)| Some((name, given(value?)?)));
        let chip = |(name, value): (&str, String)| {
            let mut others = self.parameters();
            others.retain(|(other, _)| *other != name);
            FilterChip {
                label: format!("{}: {value} ✕", name.replace('_', " ")),
                href: link::with_query(&frame.href("/audit"), &others),
                on: true,
            }
        };
        on.map(chip).collect()
    }

    fn filters(&self) -> Vec<Filter> {
        let field = |((name, label), value): (&(&str, &str), Option<&str>)| Filter {
            name: (*name).to_owned(),
            label: (*label).to_owned(),
            options: Vec::new(),
            value: value.unwrap_or_default().to_owned(),
        };
        LABELS.iter().zip(self.values()).map(field).collect()
    }
}

/// `GET /p/{project}/audit`.
///
/// # Errors
/// When the project is not theirs, they may not read its log, a time cannot be read, or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<LogQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let search = query.search()?;
    let (entries, next) = frame.app().audit_entries(frame.caller(), frame.slug(), &search, page).await?;
    let next = next.map(|cursor| cursor.to_string());
    let body = AuditPage {
        chips: query.chips(&frame),
        filters: query.filters(),
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| query.href(&frame, None)),
            next: next.as_deref().map(|cursor| query.href(&frame, Some(cursor))),
            note: format!("{} entries on this page, the latest first", entries.len()),
        },
        whole: format!("/api/v1/projects/{}/audit-log", link::part(frame.slug())),
        verify_command: "seatrial audit verify audit-log.ndjson".to_owned(),
        empty: entries.is_empty().then(|| Empty {
            title: "No such entry".to_owned(),
            text: "Nothing in the log is like that. Take a filter away.".to_owned(),
            command: None,
            action: None,
        }),
        rows: entries.into_iter().map(row).collect(),
    };
    let frame = frame.with_views(ViewedList::Audit, &query.parameters()).await?;
    frame.page("Audit log", body)
}

fn row(entry: Entry) -> AuditRow {
    let sealed = entry.sealed.as_ref();
    let mut detail: Value = serde_json::from_str(&entry.detail_json).unwrap_or(Value::Null);
    let part = |detail: &mut Value, name: &str| detail.as_object_mut().and_then(|parts| parts.remove(name));
    let [before, after] = ["before", "after"].map(|name| part(&mut detail, name).filter(|value| !value.is_null()));
    let about = detail.as_object().is_some_and(|rest| !rest.is_empty()).then_some(detail);
    let shown = |value: Value| serde_json::to_string_pretty(&value).unwrap_or_default();
    AuditRow {
        sequence: sealed.map(|sealed| sealed.record.sequence),
        at: Time(entry.at.micros()),
        digest: sealed.map(|sealed| sealed.digest.to_string()),
        before: before.map(shown),
        after: after.map(shown),
        about: about.map(shown),
        actor: entry.actor,
        action: entry.action,
        noun: entry.noun,
        noun_id: entry.noun_id,
        address: entry.address,
    }
}
