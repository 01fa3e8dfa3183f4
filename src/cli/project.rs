//! `seatrial project create`: a project, made on the server's own database.

use std::time::Duration;

use clap::{Args, Subcommand};
use seatrial_domain::ids::AccountId;

use super::exit::{Exit, Failure};
use super::local::{SettingsArguments, open};
use super::printer;
use crate::app::App;
use crate::app::error::AppError;
use crate::app::project::{NewProject, ProjectSettings};

/// What `seatrial project` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a project and print its name in URLs to standard output.
    Create(Create),
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Its name in URLs: 2 to 64 lower-case letters, digits and single hyphens inside.
    slug: String,
    /// Its name for people; the one in URLs, unless given.
    #[arg(long)]
    name: Option<String>,
    /// The currency of its amounts, by its ISO 4217 code.
    #[arg(long, default_value = "USD")]
    currency: String,
    /// The address of an account that becomes its administrator.
    #[arg(long, value_name = "EMAIL")]
    admin: Option<String>,
}

/// How long the database may take to close.
const CLOSING: Duration = Duration::from_secs(10);

/// Does what the arguments ask.
///
/// # Errors
/// When the name is taken, the account is not there, the input breaks a rule, or the database cannot be used.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Command::Create(create) = arguments.command;
    let app = open(create.settings.load(Vec::new())?).await?;
    let made = make(&app, create).await;
    app.finish(CLOSING).await;
    made.map(|()| Exit::Ok)
}

async fn make(app: &App, create: Create) -> Result<(), Failure> {
    let admin = match &create.admin {
        None => None,
        Some(email) => {
            let found = seatrial_store::account::by_email(app.store.read(), email).await.map_err(AppError::from)?;
            let found = found.ok_or_else(|| Failure::new(format!("there is no account with the address {email}")))?;
            Some(AccountId::from_uuid(found.id))
        }
    };
    let settings = ProjectSettings { currency: create.currency, ..ProjectSettings::default() };
    let name = create.name.unwrap_or_else(|| create.slug.clone());
    let new = NewProject { slug: create.slug, name, settings };
    let made = app.create_project_as_system("command-line", new, admin).await?;
    printer::data(&made.slug);
    Ok(())
}
