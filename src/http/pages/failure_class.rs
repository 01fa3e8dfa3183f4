//! The failure classes of a project: listed with how often they were seen, added, changed, retired.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::failure::{BUILT_IN_CLASSES, FailureClass, Severity, Taxonomy};

use super::context::{Answer, Frame, Visitor};
use super::form::refusal;
use super::link;
use super::settings::{Fields, enter, field};
use crate::app::error::AppError;
use crate::app::failure::ClassCount;
use crate::app::precondition::{IfMatch, etag};
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::SelectOption;
use crate::render::view::failure_class::{FailureClassList, FailureClassRow, StrangeClass};

/// Days over which failures are counted.
const DAYS: u32 = 90;
const PLACE: &str = "/settings/failure-classes";
const TITLE: &str = "Failure classes";
const SEVERITIES: [Severity; 3] = [Severity::Critical, Severity::Major, Severity::Minor];

/// What was typed and could not be kept.
#[derive(Default)]
struct Typed {
    error: Option<String>,
    name: String,
    meaning: String,
    severity: Option<Severity>,
}

/// `GET /p/{project}/settings/failure-classes`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = page(&frame, Typed::default()).await?;
    frame.page(TITLE, body)
}

fn severities(chosen: Option<Severity>) -> Vec<SelectOption> {
    let option = |severity: &Severity| {
        SelectOption::new(severity.as_str(), severity.as_str()).selected(Some(*severity) == chosen)
    };
    SEVERITIES.iter().map(option).collect()
}

fn origin(taxonomy: &Taxonomy, name: &str) -> (&'static str, bool) {
    let own = taxonomy.own().iter().any(|own| own.name == name);
    let built_in = BUILT_IN_CLASSES.iter().any(|(known, ..)| *known == name);
    match (own, built_in) {
        (true, true) => ("built-in, changed", true),
        (true, false) => ("own", true),
        (false, _) => ("built-in", false),
    }
}

async fn page(frame: &Frame, typed: Typed) -> Result<FailureClassList, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let taxonomy = app.failure_classes(caller, slug).await?;
    let counts = app.failure_class_counts(caller, slug, DAYS).await?;
    let classes = taxonomy.classes();
    let of = |name: &str| counts.iter().find(|count| count.failure_class.as_deref() == Some(name));
    let href = |name: &str| {
        link::with_query(&frame.href("/failures"), &[("status", Some("any")), ("failure_class", Some(name))])
    };
    let mut rows: Vec<(Severity, FailureClassRow)> = classes
        .iter()
        .map(|class| {
            let (origin, own) = origin(&taxonomy, &class.name);
            let row = FailureClassRow {
                name: class.name.clone(),
                severity: class.severity.as_str().to_owned(),
                meaning: class.meaning.clone(),
                origin: origin.to_owned(),
                retired: class.retired,
                own,
                failures: of(&class.name).map_or(0, |count| count.failures),
                open: of(&class.name).map_or(0, |count| count.open),
                href: href(&class.name),
                severities: severities(Some(class.severity)),
            };
            (class.severity, row)
        })
        .collect();
    rows.sort_by(|(a, one), (b, two)| {
        (one.retired, a, two.failures, &one.name).cmp(&(two.retired, b, one.failures, &two.name))
    });
    let strange = |count: &ClassCount| {
        let name = count.failure_class.as_deref().filter(|name| classes.iter().all(|class| class.name != *name))?;
        Some(StrangeClass { name: name.to_owned(), failures: count.failures, href: href(name) })
    };
    Ok(FailureClassList {
        days: DAYS,
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        strangers: counts.iter().filter_map(strange).collect(),
        unclassified: counts.iter().find(|count| count.failure_class.is_none()).map_or(0, |count| count.failures),
        may: frame.may(Permission::ManageProject),
        rests_on: etag(&classes)?,
        severities: severities(Some(typed.severity.unwrap_or(Severity::Major))),
        error: typed.error,
        name: typed.name,
        meaning: typed.meaning,
    })
}

/// `POST /p/{project}/settings/failure-classes`: adds or changes a class, or takes it out of use.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn change(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let PageForm(fields) = form;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let taxonomy = app.failure_classes(caller, slug).await?;
    let kept = match changed(&taxonomy, &fields) {
        Ok(own) => {
            let rests_on = IfMatch::parse(field(&fields, "rests_on"));
            app.put_failure_classes(caller, slug, own, &rests_on).await
        }
        Err(error) => Err(error),
    };
    match kept {
        Ok(_) => Ok(frame.done(PLACE, "failure_classes_kept")),
        Err(error) => {
            let typed = Typed {
                error: Some(refusal(error)?),
                name: field(&fields, "name").to_owned(),
                meaning: field(&fields, "meaning").to_owned(),
                severity: severity(field(&fields, "severity")),
            };
            let body = page(&frame, typed).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, TITLE, body)
        }
    }
}

fn severity(name: &str) -> Option<Severity> {
    SEVERITIES.into_iter().find(|severity| severity.as_str() == name)
}

/// The project's own classes with one of them as the form says.
fn changed(taxonomy: &Taxonomy, fields: &Fields) -> Result<Vec<FailureClass>, AppError> {
    let name = field(fields, "name").trim().to_owned();
    let known = taxonomy.classes().into_iter().find(|class| class.name == name);
    let mut own = taxonomy.own().to_vec();
    own.retain(|class| class.name != name);
    let act = field(fields, "act");
    match (act, &known) {
        ("drop", Some(_)) => return Ok(own),
        ("add", Some(_)) => return Err(AppError::invalid("name", "is a class already; change it in the list")),
        ("retire" | "restore" | "drop", None) => return Err(AppError::NotFound { noun: "failure class" }),
        _ => {}
    }
    let chosen = severity(field(fields, "severity")).ok_or_else(|| AppError::invalid("severity", "choose one"))?;
    let retired = match act {
        "retire" => true,
        "restore" => false,
        _ => known.is_some_and(|class| class.retired),
    };
    own.push(FailureClass { name, severity: chosen, meaning: field(fields, "meaning").trim().to_owned(), retired });
    Ok(own)
}
