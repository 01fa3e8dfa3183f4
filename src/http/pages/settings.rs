//! The settings of a project: their sections, each with what it says now.

use actix_web::web::Path;
use seatrial_domain::access::Permission;

use super::context::{Answer, Frame, Visitor};
use crate::app::policy::CurrentPolicy;
use crate::http::problem::Problem;
use crate::render::view::nav;
use crate::render::view::settings::{SettingsEntry, SettingsIndex};

/// Repeated fields, as check boxes send them.
pub type Fields = Vec<(String, String)>;

/// The first field of this name; empty where there is none.
pub fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
}

/// Lets them into the project when they may do this there.
///
/// # Errors
/// When the project is not theirs, they may not, or the database fails.
pub async fn enter(visitor: Visitor, project: &str, permission: Permission) -> Result<Frame, Problem> {
    let frame = visitor.enter(project).await?;
    frame.project.require(permission)?;
    Ok(frame)
}

/// `GET /p/{project}/settings`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let sections = nav::settings(&frame.href(""), "", frame.may(Permission::ReadAudit));
    let mut entries = Vec::with_capacity(sections.len());
    for section in sections {
        let now = now(&frame, section.part).await?;
        let (label, about) = (section.label.to_owned(), section.about.to_owned());
        entries.push(SettingsEntry { label, href: section.href, about, now });
    }
    frame.page("Settings", SettingsIndex { sections: entries })
}

/// What a section says now, in a few words.
async fn now(frame: &Frame, part: &str) -> Result<String, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let many = |n: usize, one: &str, many: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {many}") };
    Ok(match part {
        "members" => many(app.members(caller, slug).await?.len(), "member", "members"),
        "teams" => many(app.teams(caller, slug).await?.len(), "team", "teams"),
        "workflows" => many(app.names(caller, slug).await?.workflows().len(), "workflow", "workflows"),
        "classes" => many(app.failure_classes(caller, slug).await?.offered().len(), "class", "classes"),
        "prices" => match app.prices(caller, slug).await?.prices().len() {
            0 => frame.currency().to_owned(),
            n => format!("{}, {}", frame.currency(), many(n, "model", "models")),
        },
        "masking" => match frame.project.settings.redaction_patterns.len() {
            0 => String::new(),
            n => many(n, "own pattern", "own patterns"),
        },
        "policy" => match app.policy(caller, slug).await? {
            CurrentPolicy::BuiltIn(_) => "the built-in one".to_owned(),
            CurrentPolicy::Own(row) => format!("{}, version {}", row.policy.name, row.policy.version),
        },
        "delivery" => if app.mailer.is_some() { "mail is set" } else { "no mail server" }.to_owned(),
        _ => String::new(),
    })
}
