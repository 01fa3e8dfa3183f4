//! `seatrial doctor`: whether the service could run here as it is configured, and what to do where it could not.

use std::net::{TcpListener, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use seatrial_store::Backend;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::format::Format;
use super::local::SettingsArguments;
use super::printer;
use crate::app::open_store;
use crate::auth::token::SigningKey;
use crate::config::{Config, DatabaseKind, Transport};
use crate::notify::mail::SmtpMailer;
use crate::telemetry::free_disk_mib;

/// What `seatrial doctor` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// How to print the findings.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A finding for programs.
#[derive(Serialize)]
struct Found {
    check: &'static str,
    result: &'static str,
    text: String,
}

/// Less free space than this is a problem: the next hours of traces may not fit. In MiB, as for `/readyz`.
const LEAST_FREE_MIB: u64 = 256;

/// How one check went.
enum Finding {
    /// As it should be.
    Good(String),
    /// The service runs; somebody should know.
    Note(String),
    /// The service would not run, or not well.
    Bad(String),
}

/// Checks everything and prints a line for each check. Opens the database as `serve` does, which brings an older one up
/// to date; makes none that is not there.
///
/// # Errors
/// When the settings cannot be used at all.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let config = arguments.settings.load(Vec::new())?;
    let checks = [
        ("settings", Finding::Good("valid".to_owned())),
        ("address", address(&config)),
        ("public address", public_address(&config)),
        ("database", database(&config).await),
        ("disk", disk(&config)),
        ("signing key", signing_key(&config)),
        ("mail", mail(&config).await),
    ];
    let mut exit = Exit::Ok;
    let mut found = Vec::new();
    for (check, finding) in checks {
        let (result, text) = match finding {
            Finding::Good(text) => ("ok", text),
            Finding::Note(text) => ("note", text),
            Finding::Bad(text) => {
                exit = Exit::Error;
                ("problem", text)
            }
        };
        found.push(Found { check, result, text });
    }
    arguments.format.print(&found, || {
        for Found { check, result, text } in &found {
            let word = if *result == "problem" { "PROBLEM" } else { result };
            printer::data(&printer::safe(&format!("{word:<8} {check:<15} {text}")));
        }
    })?;
    Ok(exit)
}

fn address(config: &Config) -> Finding {
    let listen = config.server.listen;
    match TcpListener::bind(listen) {
        Ok(_) => Finding::Good(format!("{listen} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Finding::Note(format!("something listens on {listen} already: the service, if it runs"))
        }
        Err(error) => Finding::Bad(format!("cannot listen on {listen}: {error}; change server.listen")),
    }
}

fn public_address(config: &Config) -> Finding {
    let url = &config.server.public_url;
    match config.transport() {
        Transport::Tls => Finding::Good(format!("{url}; sessions travel over HTTPS only")),
        Transport::LoopbackHttp => {
            Finding::Note(format!("{url}: people can sign in from this machine only (server.public_url)"))
        }
    }
}

async fn database(config: &Config) -> Finding {
    if let DatabaseKind::Sqlite(path) = config.database_kind()
        && !path.exists()
    {
        return match free_folder(&path) {
            Ok(()) => Finding::Note(format!("{} is not there; it is made at the first start", path.display())),
            Err(why) => Finding::Bad(format!("{} cannot be made: {why}", path.display())),
        };
    }
    let store = match open_store(config).await {
        Ok(store) => store,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    let kind = if store.backend() == Backend::Sqlite { "SQLite" } else { "PostgreSQL" };
    let answered = store.ping().await;
    store.close().await;
    match answered {
        Ok(()) => Finding::Good(format!("{kind} answers and can be written")),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

/// Whether a file can be made beside `path`.
fn free_folder(path: &Path) -> Result<(), String> {
    let folder = folder_of(path);
    let metadata = std::fs::metadata(folder).map_err(|error| format!("its folder cannot be read: {error}"))?;
    if metadata.permissions().readonly() { Err("its folder is read-only".to_owned()) } else { Ok(()) }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn disk(config: &Config) -> Finding {
    let DatabaseKind::Sqlite(path) = config.database_kind() else {
        return Finding::Good("PostgreSQL keeps the data".to_owned());
    };
    match free_disk_mib(&path) {
        Some(free) if free < LEAST_FREE_MIB => Finding::Bad(format!(
            "{free} MiB are free beside the database; make room for at least {LEAST_FREE_MIB} MiB"
        )),
        Some(free) => Finding::Good(format!("{free} MiB are free beside the database")),
        None => Finding::Note("the system does not say how much is free".to_owned()),
    }
}

fn signing_key(config: &Config) -> Finding {
    let path = &config.auth.token_key_file;
    if !path.exists() {
        return match free_folder(path) {
            Ok(()) => Finding::Note(format!("{} is not there; it is made at the first start", path.display())),
            Err(why) => Finding::Bad(format!("{} cannot be made: {why} (auth.token_key_file)", path.display())),
        };
    }
    match SigningKey::load_or_create(path) {
        Ok(key) => Finding::Good(format!("{} (key {})", path.display(), key.kid())),
        Err(error) => Finding::Bad(format!("{}: {error}", path.display())),
    }
}

async fn mail(config: &Config) -> Finding {
    if !config.mail_enabled() {
        return Finding::Note("no mail server is set (smtp.host): owners are not told by mail".to_owned());
    }
    if let Err(error) = SmtpMailer::new(&config.smtp) {
        return Finding::Bad(error.to_string());
    }
    let (host, port) = (config.smtp.host.clone(), config.smtp.port);
    let limit = Duration::from_secs(config.smtp.timeout_seconds);
    let server = format!("{host}:{port}");
    let connect = async {
        let addresses = tokio::task::spawn_blocking(move || (host.as_str(), port).to_socket_addrs());
        let addresses: Vec<_> = addresses.await.map_err(std::io::Error::other)??.collect();
        tokio::net::TcpStream::connect(addresses.as_slice()).await
    };
    match tokio::time::timeout(limit, connect).await {
        Ok(Ok(_)) => Finding::Good(format!("{server} takes connections")),
        Ok(Err(error)) => Finding::Bad(format!("{server} cannot be reached: {error} (smtp.host, smtp.port)")),
        Err(_) => Finding::Bad(format!("{server} did not answer within {} s (smtp.host, smtp.port)", limit.as_secs())),
    }
}
