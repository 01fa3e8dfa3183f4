//! `seatrial project`: a project made, exported whole, or imported, on the server's own database.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use seatrial_domain::ids::AccountId;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::format::Format;
use super::local::{SettingsArguments, open};
use super::printer;
use crate::app::App;
use crate::app::archive::ArchiveSummary;
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
    /// Write a whole project to a file: runs, cases, scorecards, evidence, the chain of decisions. Credentials stay behind.
    Export(Export),
    /// Bring an exported project in, its chain of decisions intact. Nothing is kept unless the file is whole and the chain
    /// holds.
    Import(Import),
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The project, by its name in URLs.
    slug: String,
    /// The file to write; JSON Lines. It must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Import {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The file that `seatrial project export` wrote.
    file: PathBuf,
    /// Its name in URLs here; the one it had, unless given.
    #[arg(long)]
    slug: Option<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
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
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How long the database may take to close.
const CLOSING: Duration = Duration::from_secs(10);

/// Does what the arguments ask.
///
/// # Errors
/// When the name is taken, the account is not there, the input breaks a rule, or the database cannot be used.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let settings = match &arguments.command {
        Command::Create(create) => &create.settings,
        Command::Export(export) => &export.settings,
        Command::Import(import) => &import.settings,
    };
    let app = open(settings.load(Vec::new())?).await?;
    let done = match arguments.command {
        Command::Create(create) => make(&app, create).await,
        Command::Export(arguments) => export(&app, &arguments).await,
        Command::Import(arguments) => import(&app, &arguments).await,
    };
    app.finish(CLOSING).await;
    done.map(|()| Exit::Ok)
}

fn file_failure(file: &Path, what: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} cannot be {what}: {error}", file.display()))
}

async fn export(app: &App, arguments: &Export) -> Result<(), Failure> {
    // A file that is there may be the last good copy.
    let made = File::create_new(&arguments.out).map_err(|error| file_failure(&arguments.out, "written", &error))?;
    let mut out = BufWriter::new(made);
    let summary = app.export_project(&arguments.slug, &mut out).await?;
    let synced = out.get_ref().sync_all();
    synced.map_err(|error| file_failure(&arguments.out, "written", &error))?;
    tell("Exported", &summary, arguments.format)
}

async fn import(app: &App, arguments: &Import) -> Result<(), Failure> {
    let file = File::open(&arguments.file).map_err(|error| file_failure(&arguments.file, "read", &error))?;
    let summary = app.import_project(&mut BufReader::new(file), arguments.slug.as_deref()).await?;
    tell("Imported", &summary, arguments.format)?;
    for email in &summary.accounts_made {
        printer::say(&format!("Made the account {email}; give it a password with `seatrial account password`."));
    }
    Ok(())
}

fn tell(done: &str, summary: &ArchiveSummary, format: Format) -> Result<(), Failure> {
    let ArchiveSummary { slug, rows, decisions, head, accounts_made } = summary;
    printer::say(&format!("{done} {slug}: {rows} rows, {decisions} decisions."));
    let answer =
        json!({"slug": slug, "rows": rows, "decisions": decisions, "head": head, "accounts_made": accounts_made});
    format.print(&answer, || {
        if let Some(head) = head {
            // Data: whoever imports compares it with what the export said.
            printer::data(&head.to_string());
        }
    })
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
    create.format.print(&json!({"id": made.id, "slug": made.slug, "name": made.name}), || printer::data(&made.slug))
}
