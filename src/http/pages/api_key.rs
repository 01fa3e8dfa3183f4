//! API keys of a project: listed, made, revoked.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::{Permission, Scope as KeyScope};
use seatrial_domain::time::DAY;
use seatrial_store::Page;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::settings::{Fields, enter, field};
use super::sign_in::Nothing;
use crate::app::api_key::{ApiKeyView, NewKey as WantedKey};
use crate::app::error::AppError;
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::api_key::{KeyRow, KeysPage, NewKey};
use crate::render::view::{SelectOption, Time};

/// Keys listed; older ones are reached by the API.
const KEYS_SHOWN: u64 = 100;

/// What the page shows once, after a form.
#[derive(Default)]
struct Shown {
    error: Option<String>,
    name: String,
    new_key: Option<NewKey>,
}

/// `GET /p/{project}/settings/keys`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = keys(&frame, Shown::default()).await?;
    frame.page("API keys", body)
}

async fn keys(frame: &Frame, shown: Shown) -> Result<KeysPage, Problem> {
    let may = frame.may(Permission::ManageKeys);
    let keys = match may {
        true => frame.app().api_keys(frame.caller(), frame.slug(), Page::new(None, Some(KEYS_SHOWN))).await?.0,
        false => Vec::new(),
    };
    Ok(KeysPage {
        may,
        keys: keys.into_iter().map(key_row).collect(),
        new_key: shown.new_key,
        scopes: if may { scopes() } else { Vec::new() },
        error: shown.error,
        name: shown.name,
    })
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

async fn again(frame: Frame, shown: Shown) -> Answer {
    let status = if shown.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let body = keys(&frame, shown).await?;
    frame.page_as(status, "API keys", body)
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
            again(frame, Shown { error, name, ..Shown::default() }).await
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
    Ok(frame.done("/settings/keys", "key_revoked"))
}
