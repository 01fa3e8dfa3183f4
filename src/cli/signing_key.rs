//! `seatrial signing-key`: the key that signs access tokens, on the server itself.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::format::Format;
use super::local::{SettingsArguments, open};
use super::printer;

/// What `seatrial signing-key` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put a new key into auth.token_key_file. A running service signs with it at once; what the old one signed is good
    /// until it ends, within an hour.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
struct Rotate {
    #[command(flatten)]
    settings: SettingsArguments,
    /// End the tokens of the old key at once: after a leak.
    #[arg(long)]
    end_now: bool,
    /// How to print the answer; as text the new key's name alone.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How long the database may take to close.
const CLOSING: Duration = Duration::from_secs(10);

/// Does what the arguments ask.
///
/// # Errors
/// When the file or the database cannot be written.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Command::Rotate(rotate) = arguments.command;
    let app = open(rotate.settings.load(Vec::new())?).await?;
    let rotated = match app.register_signing_key().await {
        Ok(()) => app.rotate_signing_key("command-line", rotate.end_now).await,
        Err(error) => Err(error),
    };
    app.finish(CLOSING).await;
    let name = rotated?;
    rotate.format.print(&json!({"kid": name, "tokens_ended": rotate.end_now}), || printer::data(&name))?;
    printer::say("That is the new key's name. Keep its file with the backup.");
    Ok(Exit::Ok)
}
