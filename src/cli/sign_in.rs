//! `seatrial sign-in`: the access token of a person, for the acts that no machine may do.

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer;

/// What `seatrial sign-in` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The service's address, such as <https://seatrial.example.com>.
    #[arg(long, env = "SEATRIAL_URL", value_name = "URL")]
    url: String,
    /// The address of the account. Its password is SEATRIAL_PASSWORD: an argument could be read by others.
    #[arg(long)]
    email: String,
    /// How to print the answer; as text the token alone.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Does what the arguments ask.
///
/// # Errors
/// When no password is given, the service cannot be reached, or it knows no such pair.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let password = std::env::var("SEATRIAL_PASSWORD").ok().filter(|password| !password.is_empty());
    let password = password.ok_or_else(|| Failure::usage("put the password into the variable SEATRIAL_PASSWORD"))?;
    let body = json!({"email": arguments.email, "password": password});
    let made: Value = Client::anonymous(&arguments.url)?.send(&["tokens"], &body).await?;
    arguments.format.print(&made, || {
        printer::data(made["access_token"].as_str().unwrap_or_default());
        printer::say("Give it as SEATRIAL_API_KEY; it is good for an hour at most.");
    })?;
    Ok(Exit::Ok)
}
