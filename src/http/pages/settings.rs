//! Settings: members, API keys and webhooks of a project.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::{Permission, Role, Scope as KeyScope};
use seatrial_domain::ids::InvitationId;
use seatrial_domain::time::{DAY, HOUR, SECOND};
use seatrial_store::Page;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::sign_in::Nothing;
use crate::app::api_key::{ApiKeyView, NewKey as WantedKey};
use crate::app::error::AppError;
use crate::app::invitation::{InvitationState, InvitationView};
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::settings::{InvitationRow, KeyRow, MemberRow, NewInvitation, NewKey, Settings, WebhookRow};
use crate::render::view::{SelectOption, Time};

/// Invitations looked through for open ones; older ones have ended.
const INVITATIONS_SHOWN: u64 = 100;
/// Keys listed; older ones are reached by the API.
const KEYS_SHOWN: u64 = 100;

/// What the page shows once, after a form.
#[derive(Default)]
struct Shown {
    error: Option<String>,
    email: String,
    key_name: String,
    url: String,
    new_key: Option<NewKey>,
    new_invitation: Option<NewInvitation>,
    new_webhook_secret: Option<String>,
}

/// `GET /p/{project}/settings`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = settings(&frame, Shown::default()).await?;
    frame.page("Settings", body)
}

async fn settings(frame: &Frame, shown: Shown) -> Result<Settings, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let members = app.members(caller, slug).await?;
    let keys = if frame.may(Permission::ManageKeys) {
        app.api_keys(caller, slug, Page::new(None, Some(KEYS_SHOWN))).await?.0
    } else {
        Vec::new()
    };
    let invited = if frame.may(Permission::ManageMembers) {
        app.invitations(caller, slug, Page::new(None, Some(INVITATIONS_SHOWN))).await?.0
    } else {
        Vec::new()
    };
    let hooks = if frame.may(Permission::ManageProject) { app.webhooks(caller, slug).await? } else { Vec::new() };
    let only = |may: bool, options: Vec<SelectOption>| if may { options } else { Vec::new() };
    Ok(Settings {
        currency: frame.currency().to_owned(),
        settle_hours: settle_hours(),
        audit: frame.may(Permission::ReadAudit).then(|| frame.href("/audit")),
        members: members
            .into_iter()
            .map(|member| MemberRow {
                name: member.name,
                email: member.email,
                role: member.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
                active: member.active,
            })
            .collect(),
        roles: only(frame.may(Permission::ManageMembers), roles()),
        keys: keys.into_iter().map(key_row).collect(),
        new_key: shown.new_key,
        scopes: only(frame.may(Permission::ManageKeys), scopes()),
        webhooks: hooks
            .into_iter()
            .map(|hook| WebhookRow {
                id: hook.id.to_string(),
                url: hook.url,
                events: vec!["every event".to_owned()],
                last: hook.disabled_at.map(|_| format!("turned off: {}", hook.disabled_reason.unwrap_or_default())),
                last_at: hook.disabled_at.map(|at| Time(at.micros())),
            })
            .collect(),
        new_webhook_secret: shown.new_webhook_secret,
        events: only(
            frame.may(Permission::ManageProject),
            vec![SelectOption::new("all", "Every event: scorecards and decisions").selected(true)],
        ),
        error: shown.error,
        new_invitation: shown.new_invitation,
        invitations: invited.into_iter().filter(|one| one.state == InvitationState::Open).map(invitation_row).collect(),
        email: shown.email,
        key_name: shown.key_name,
        url: shown.url,
    })
}

/// What workflows begin with; each has its own.
fn settle_hours() -> u32 {
    let seconds = seatrial_domain::workflow::WorkflowRules::default().settle_seconds;
    u32::try_from(seconds / (HOUR / SECOND)).unwrap_or_default()
}

fn roles() -> Vec<SelectOption> {
    let label = |role: &Role| match role {
        Role::Viewer => "Viewer: reads everything",
        Role::Reviewer => "Reviewer: works the failures",
        Role::Owner => "Owner: keeps scorecards, opens gates",
        Role::ReleaseManager => "Release manager: freezes and decides",
        Role::Admin => "Administrator: everything",
    };
    Role::ALL.iter().map(|role| SelectOption::new(role.as_str(), label(role))).collect()
}

fn scopes() -> Vec<SelectOption> {
    let label = |scope: &KeyScope| match scope {
        KeyScope::Ingest => "Send runs and traces",
        KeyScope::Read => "Read everything but the audit log",
        KeyScope::Facts => "Add late facts",
        KeyScope::Triage => "Work the failures",
        KeyScope::Gate => "Open and freeze gates, read decisions",
        KeyScope::Admin => "Administer the project",
    };
    KeyScope::ALL.iter().map(|scope| SelectOption::new(scope.as_str(), label(scope))).collect()
}

fn invitation_row(view: InvitationView) -> InvitationRow {
    InvitationRow {
        id: view.id.to_string(),
        email: view.email,
        role: view.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
        invited_by: view.invited_by.display_name,
        expires_at: Time(view.expires_at.micros()),
    }
}

fn key_row(view: ApiKeyView) -> KeyRow {
    KeyRow {
        id: view.id.to_string(),
        name: view.name,
        prefix: view.masked.trim_end_matches(['…', '*', '.']).to_owned(),
        scopes: view.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        created_at: Time(view.created_at.micros()),
        used_at: view.used_at.map(|at| Time(at.micros())),
        expires_at: view.expires_at.map(|at| Time(at.micros())),
        revoked: view.revoked_at.is_some(),
    }
}

async fn enter(visitor: Visitor, project: &str, permission: Permission) -> Result<Frame, Problem> {
    let frame = visitor.enter(project).await?;
    frame.project.require(permission)?;
    Ok(frame)
}

async fn again(frame: Frame, shown: Shown) -> Answer {
    let status = if shown.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let body = settings(&frame, shown).await?;
    frame.page_as(status, "Settings", body)
}

/// The form that invites somebody.
#[derive(Debug, Default, Deserialize)]
pub struct InvitationForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

/// `POST /p/{project}/settings/invitations`. The same is said whether or not the address has an account: the link in the
/// mail tells whoever reads it there. Without a mail server the link is shown once, to be handed over.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn invite(visitor: Visitor, project: Path<String>, form: PageForm<InvitationForm>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageMembers).await?;
    let PageForm(form) = form;
    let Ok(role) = form.role.parse::<Role>() else {
        let error = Some("Choose a role.".to_owned());
        return again(frame, Shown { error, email: form.email, ..Shown::default() }).await;
    };
    match frame.app().invite(frame.caller(), frame.slug(), &form.email, vec![role]).await {
        Ok(made) => match made.url {
            None => Ok(frame.done("/settings", "invited")),
            Some(url) => {
                let new_invitation = Some(NewInvitation { email: made.view.email, url });
                again(frame, Shown { new_invitation, ..Shown::default() }).await
            }
        },
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, Shown { error, email: form.email, ..Shown::default() }).await
        }
    }
}

/// `POST /p/{project}/settings/invitations/{invitation}/revoke`.
///
/// # Errors
/// When the token is wrong, there is no such invitation, they may not, or the database fails.
pub async fn revoke_invitation(
    visitor: Visitor,
    path: Path<(String, InvitationId)>,
    _form: PageForm<Nothing>,
) -> Answer {
    let (project, invitation) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageMembers).await?;
    frame.app().revoke_invitation(frame.caller(), frame.slug(), invitation).await?;
    Ok(frame.done("/settings", "invitation_revoked"))
}

/// Repeated fields, as check boxes send them.
type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
}

/// `POST /p/{project}/settings/keys`. The key is on the answer and nowhere else.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn add_key(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageKeys).await?;
    let PageForm(form) = form;
    let name = field(&form, "name").to_owned();
    let made = match wanted_key(&frame, &form) {
        Ok(wanted) => frame.app().create_api_key(frame.caller(), frame.slug(), wanted).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(created) => {
            let secret = created.key.expose().to_owned();
            let command = format!("export SEATRIAL_API_KEY={secret}");
            let new_key = Some(NewKey { name: created.view.name, secret, command });
            again(frame, Shown { new_key, ..Shown::default() }).await
        }
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, Shown { error, key_name: name, ..Shown::default() }).await
        }
    }
}

fn wanted_key(frame: &Frame, form: &Fields) -> Result<WantedKey, AppError> {
    let scopes = form
        .iter()
        .filter(|(name, _)| name == "scopes")
        .map(|(_, value)| value.parse::<KeyScope>().map_err(|error| AppError::invalid("scopes", error.to_string())));
    let expires_at = match given(field(form, "expires_days")) {
        None => None,
        Some(days) => {
            let days = days.parse::<i64>().ok().filter(|days| (1..=3_650).contains(days));
            let days = days.ok_or_else(|| AppError::invalid("expires_days", "write 1 to 3650 days, or nothing"))?;
            Some(frame.app().now().plus_micros(days * DAY))
        }
    };
    Ok(WantedKey { name: field(form, "name").to_owned(), scopes: scopes.collect::<Result<_, _>>()?, expires_at })
}

/// `POST /p/{project}/settings/keys/{key}/revoke`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such key, or the database fails.
pub async fn revoke_key(
    visitor: Visitor,
    path: Path<(String, String)>,
    _form: PageForm<Nothing>,
) -> Result<HttpResponse, Problem> {
    let (project, key) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageKeys).await?;
    let id = key.parse().map_err(|_| AppError::NotFound { noun: "API key" })?;
    frame.app().revoke_api_key(frame.caller(), frame.slug(), id).await?;
    Ok(frame.done("/settings", "key_revoked"))
}

/// `POST /p/{project}/settings/webhooks`. The signing secret is on the answer and nowhere else.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn add_webhook(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let url = field(&form.0, "url").trim().to_owned();
    match frame.app().create_webhook(frame.caller(), frame.slug(), &url).await {
        Ok((_, secret)) => {
            let new_webhook_secret = Some(secret.expose().to_owned());
            again(frame, Shown { new_webhook_secret, ..Shown::default() }).await
        }
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, Shown { error, url, ..Shown::default() }).await
        }
    }
}

/// `POST /p/{project}/settings/webhooks/{webhook}/test`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such webhook, or the database fails.
pub async fn test_webhook(visitor: Visitor, path: Path<(String, String)>, _form: PageForm<Nothing>) -> Answer {
    let (project, hook) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let id = hook.parse().map_err(|_| AppError::NotFound { noun: "webhook" })?;
    let error = match frame.app().test_webhook(frame.caller(), frame.slug(), id).await {
        Ok(test) if test.delivered => return Ok(frame.done("/settings", "webhook_tested")),
        Ok(test) => format!("The test did not arrive: {}", test.error.unwrap_or_default()),
        Err(error) => refusal(error)?,
    };
    again(frame, Shown { error: Some(error), ..Shown::default() }).await
}

/// `POST /p/{project}/settings/webhooks/{webhook}/remove`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such webhook, or the database fails.
pub async fn remove_webhook(
    visitor: Visitor,
    path: Path<(String, String)>,
    _form: PageForm<Nothing>,
) -> Result<HttpResponse, Problem> {
    let (project, hook) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let id = hook.parse().map_err(|_| AppError::NotFound { noun: "webhook" })?;
    frame.app().delete_webhook(frame.caller(), frame.slug(), id).await?;
    Ok(frame.done("/settings", "webhook_removed"))
}
