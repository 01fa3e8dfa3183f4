//! `seatrial key create`: an API key, made on the server's own database.

use std::time::Duration;

use clap::{Args, Subcommand};
use seatrial_domain::access::Scope;
use seatrial_domain::time::Timestamp;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::format::Format;
use super::local::{SettingsArguments, open};
use super::printer;
use crate::app::App;
use crate::app::api_key::NewKey;

/// What `seatrial key` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key and print it to standard output, this once.
    Create(Create),
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The project that the key opens, by its name in URLs.
    #[arg(long)]
    project: String,
    /// What the key is for, in words.
    #[arg(long)]
    name: String,
    /// What it may do, comma separated: ingest, read, facts, triage, gate, admin.
    #[arg(long, required = true, value_delimiter = ',')]
    scope: Vec<Scope>,
    /// When it ends, for example 2027-01-31T00:00:00Z. Never, unless given.
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,
    /// How to print the key; `json` with its id and scopes.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How long the database may take to close.
const CLOSING: Duration = Duration::from_secs(10);

/// Does what the arguments ask.
///
/// # Errors
/// When there is no such project, the input breaks a rule, or the database cannot be used.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Command::Create(create) = arguments.command;
    let app = open(create.settings.load(Vec::new())?).await?;
    let made = make(&app, create).await;
    app.finish(CLOSING).await;
    made.map(|()| Exit::Ok)
}

async fn make(app: &App, create: Create) -> Result<(), Failure> {
    let project = app.enter_as_system("command-line", &create.project).await?;
    let new = NewKey { name: create.name, scopes: create.scope, expires_at: create.expires };
    let created = app.create_api_key_as_system(&project, new).await?;
    let scopes: Vec<&str> = created.view.scopes.iter().map(|scope| scope.as_str()).collect();
    let answer = json!({"id": created.view.id, "key": created.key.expose(), "project": project.slug, "scopes": scopes});
    create.format.print(&answer, || printer::data(created.key.expose()))?;
    printer::say(&format!("Made the key {} ({}) for {}.", created.view.id, scopes.join(", "), project.slug));
    printer::say("It is shown this once. Send it as `Authorization: Bearer …`.");
    Ok(())
}
