//! `seatrial account`: accounts and passwords, on the server's own database.

use std::time::Duration;

use clap::{Args, Subcommand};
use seatrial_domain::access::Role;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::format::Format;
use super::local::{SettingsArguments, chosen_password, open};
use super::printer;
use crate::app::App;
use crate::app::account::NewAccount;
use crate::app::member::NewMember;

/// What `seatrial account` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an account. Its password is SEATRIAL_PASSWORD, or random and printed to standard output, this once.
    Create(Create),
    /// Give an account a new password and end its sessions. SEATRIAL_PASSWORD, or random and printed.
    Password(OfAccount),
    /// End every session and access token of an account.
    SignOut(OfAccount),
    /// Keep an account from signing in; what it recorded stays.
    Disable(OfAccount),
    /// Let a disabled account sign in again.
    Enable(OfAccount),
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The address to sign in with.
    #[arg(long)]
    email: String,
    /// How to print the answer; as text the password alone, if it is random.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The name that others see.
    #[arg(long)]
    name: String,
    /// A project to add the account to, by its name in URLs.
    #[arg(long, requires = "role")]
    project: Option<String>,
    /// Its roles there, comma separated: viewer, reviewer, owner, release_manager, admin.
    #[arg(long, requires = "project", value_delimiter = ',')]
    role: Vec<Role>,
}

#[derive(Debug, Args)]
struct OfAccount {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The address of the account.
    #[arg(long)]
    email: String,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// The environment variable with a password; an argument could be read by others.
const PASSWORD_VARIABLE: &str = "SEATRIAL_PASSWORD";
/// How long the database may take to close.
const CLOSING: Duration = Duration::from_secs(10);
/// What the audit log names as the actor.
const PART: &str = "command-line";

/// Does what the arguments ask.
///
/// # Errors
/// When the input breaks a rule, or the database cannot be used.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let settings = match &arguments.command {
        Command::Create(create) => &create.settings,
        Command::Password(of) | Command::SignOut(of) | Command::Disable(of) | Command::Enable(of) => &of.settings,
    };
    let app = open(settings.load(Vec::new())?).await?;
    let done = match arguments.command {
        Command::Create(arguments) => create(&app, arguments).await,
        Command::Password(arguments) => password(&app, arguments).await,
        Command::SignOut(arguments) => sign_out(&app, arguments).await,
        Command::Disable(arguments) => set_disabled(&app, arguments, true).await,
        Command::Enable(arguments) => set_disabled(&app, arguments, false).await,
    };
    app.finish(CLOSING).await;
    done.map(|()| Exit::Ok)
}

async fn create(app: &App, arguments: Create) -> Result<(), Failure> {
    let Create { email, name, project, role: roles, format, .. } = arguments;
    let chosen = chosen_password(PASSWORD_VARIABLE, app.randomness.as_ref());
    let shown = chosen.random.then(|| chosen.password.clone());
    let id = match project {
        Some(slug) => {
            let project = app.enter_as_system(PART, &slug).await?;
            let new = NewMember { email: email.clone(), roles, name, password: chosen.password };
            app.add_member_in(&project, new).await?.account
        }
        None => {
            let new = NewAccount { email: email.clone(), name, password: chosen.password };
            app.create_account(new).await?.id
        }
    };
    printer::say(&format!("Made the account {email}."));
    let answer = json!({"id": id, "email": email, "password": shown});
    format.print(&answer, || show(shown.as_deref()))
}

async fn password(app: &App, arguments: OfAccount) -> Result<(), Failure> {
    let account = app.account_by_email(&arguments.email).await?;
    let chosen = chosen_password(PASSWORD_VARIABLE, app.randomness.as_ref());
    let shown = chosen.random.then(|| chosen.password.clone());
    app.reset_password(PART, account.id, chosen.password).await?;
    printer::say(&format!("{} has a new password, and its sessions are ended.", account.email));
    let answer = json!({"id": account.id, "email": account.email, "password": shown});
    arguments.format.print(&answer, || show(shown.as_deref()))
}

async fn sign_out(app: &App, arguments: OfAccount) -> Result<(), Failure> {
    let account = app.account_by_email(&arguments.email).await?;
    let ended = app.sign_out_everywhere(PART, account.id).await?;
    printer::say(&format!("{} is signed out: {ended} sessions, and every access token.", account.email));
    let answer = json!({"id": account.id, "email": account.email, "sessions_ended": ended});
    arguments.format.print(&answer, || ())
}

async fn set_disabled(app: &App, arguments: OfAccount, disabled: bool) -> Result<(), Failure> {
    let account = app.account_by_email(&arguments.email).await?;
    let changed = app.set_account_disabled(PART, account.id, disabled).await?;
    let word = if disabled { "disabled" } else { "enabled" };
    let already = if changed { "" } else { " already" };
    printer::say(&format!("{} is {word}{already}.", account.email));
    let answer = json!({"id": account.id, "email": account.email, "disabled": disabled, "changed": changed});
    arguments.format.print(&answer, || ())
}

fn show(password: Option<&str>) {
    if let Some(password) = password {
        printer::say("The password is shown this once:");
        printer::data(password);
    }
}
