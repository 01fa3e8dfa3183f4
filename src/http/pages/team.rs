//! Teams of a project: listed, made, changed, removed.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::ids::{AccountId, TeamId};

use super::context::{Answer, Frame, Visitor};
use super::form::refusal;
use super::settings::{Fields, enter, field};
use super::sign_in::Nothing;
use crate::app::error::AppError;
use crate::app::precondition::{IfMatch, etag};
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::SelectOption;
use crate::render::view::team::{TeamRow, TeamsPage};

const PLACE: &str = "/settings/teams";

/// `GET /p/{project}/settings/teams`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = teams(&frame, String::new(), None).await?;
    frame.page("Teams", body)
}

async fn teams(frame: &Frame, name: String, error: Option<String>) -> Result<TeamsPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let may = frame.may(Permission::ManageMembers);
    let people = app.members(caller, slug).await?;
    let choices = |chosen: &[AccountId]| -> Vec<SelectOption> {
        let option = |person: &seatrial_store::member::MemberRow| {
            SelectOption::new(person.account.to_string(), &person.name).selected(chosen.contains(&person.account))
        };
        if may { people.iter().map(option).collect() } else { Vec::new() }
    };
    let mut rows = Vec::new();
    for team in app.teams(caller, slug).await? {
        let inside = people.iter().filter(|person| team.members.contains(&person.account));
        rows.push(TeamRow {
            id: team.id.to_string(),
            members: inside.map(|person| person.name.as_str()).collect::<Vec<_>>().join(", "),
            people: choices(&team.members),
            rests_on: etag(&(&team.name, &team.members))?,
            name: team.name,
        });
    }
    Ok(TeamsPage { rows, may, members: choices(&[]), name, error })
}

/// The members that a form names.
fn members(fields: &Fields) -> Result<Vec<AccountId>, AppError> {
    let named = fields.iter().filter(|(name, _)| name == "members").map(|(_, id)| id.parse());
    named.collect::<Result<_, _>>().map_err(|_| AppError::invalid("members", "choose members of the project"))
}

async fn answer<T>(frame: Frame, name: String, done: Result<T, AppError>, code: &str) -> Answer {
    match done {
        Ok(_) => Ok(frame.done(PLACE, code)),
        Err(error) => {
            let error = Some(refusal(error)?);
            let body = teams(&frame, name, error).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Teams", body)
        }
    }
}

/// `POST /p/{project}/settings/teams`.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn add(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageMembers).await?;
    let name = field(&form.0, "name").trim().to_owned();
    let made = match members(&form.0) {
        Ok(members) => frame.app().create_team(frame.caller(), frame.slug(), &name, members).await,
        Err(error) => Err(error),
    };
    answer(frame, name, made, "team_made").await
}

/// `POST /p/{project}/settings/teams/{team}`.
///
/// # Errors
/// When the token is wrong, there is no such team, they may not, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, TeamId)>, form: PageForm<Fields>) -> Answer {
    let (project, team) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageMembers).await?;
    let rests_on = IfMatch::parse(field(&form.0, "rests_on"));
    let name = field(&form.0, "name").trim();
    let changed = match members(&form.0) {
        Ok(members) => frame.app().put_team(frame.caller(), frame.slug(), team, name, members, &rests_on).await,
        Err(error) => Err(error),
    };
    answer(frame, String::new(), changed, "team_changed").await
}

/// `POST /p/{project}/settings/teams/{team}/remove`.
///
/// # Errors
/// When the token is wrong, there is no such team, they may not, or the database fails.
pub async fn remove(visitor: Visitor, path: Path<(String, TeamId)>, _form: PageForm<Nothing>) -> Answer {
    let (project, team) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageMembers).await?;
    let removed = frame.app().delete_team(frame.caller(), frame.slug(), team).await;
    answer(frame, String::new(), removed, "team_removed").await
}
