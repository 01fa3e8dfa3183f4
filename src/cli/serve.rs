//! `seatrial serve`: the service, from its first start to its last accepted run.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::exit::{Exit, Failure};
use super::local::{Chosen, SettingsArguments, chosen_password, open};
use super::{demo, printer};
use crate::app::App;
use crate::app::account::AccountView;
use crate::config::{Config, Sources, load};
use crate::http::server::serve_until;
use crate::telemetry;
use crate::worker::Worker;

/// The address of the administrator made at the first start, unless SEATRIAL_ADMIN_EMAIL names another.
const ADMINISTRATOR: &str = "admin@localhost";
/// The environment variable with the administrator's address.
const EMAIL_VARIABLE: &str = "SEATRIAL_ADMIN_EMAIL";
/// The environment variable with the administrator's password.
const PASSWORD_VARIABLE: &str = "SEATRIAL_ADMIN_PASSWORD";

/// What `seatrial serve` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The address to listen on, for example 127.0.0.1:9000 (setting server.listen).
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Fill a demo project from the built-in simulator, where it is not there yet.
    #[arg(long)]
    demo: bool,
}

/// Serves until the process is asked to stop.
///
/// # Errors
/// When a setting, the address or the database cannot be used.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let flags = arguments.listen.map(|listen| ("server.listen".to_owned(), listen.to_string()));
    let mut config = arguments.settings.load(flags.into_iter().collect())?;
    telemetry::start_logging(&config.log).map_err(Failure::new)?;
    let listener = listen(&mut config)?;
    let limit = Duration::from_secs(config.server.shutdown_seconds);
    let public_url = config.server.public_url.clone();
    // Asked to stop from here on, the service stops in order.
    let stop = stop_signal()?;

    let app = open(config).await?;
    app.register_signing_key().await?;
    let first_account = first_account(&app).await?;
    let filled = if arguments.demo { demo::fill(&app, &administrator()).await } else { Ok(()) };
    // Said even when the demo could not be told: the password is shown this once.
    greet(&public_url, first_account.as_ref());
    filled?;
    tracing::info!(public_url, "the service is ready");
    let worker = Worker::start(Arc::clone(&app));
    let served = serve_until(Arc::clone(&app), listener, stop).await;
    tracing::info!("the service stops; what it accepted is being finished");
    worker.stop().await;
    app.finish(limit).await;
    served.map(|()| Exit::Ok).map_err(|error| Failure::new(format!("the server ended: {error}")))
}

/// Binds the address, and makes it the public one where neither the file nor the environment names another.
fn listen(config: &mut Config) -> Result<TcpListener, Failure> {
    let wanted = config.server.listen;
    let listener = TcpListener::bind(wanted).map_err(|error| {
        Failure::new(format!(
            "cannot listen on {wanted}: {error}; stop what listens there, or choose another address with --listen"
        ))
    })?;
    let built_in = load(&Sources::default()).map_err(Failure::new)?.server;
    if let Ok(actual) = listener.local_addr()
        && config.server.public_url == built_in.public_url
        && actual.ip().is_loopback()
        && actual != built_in.listen
    {
        config.server.public_url = format!("http://{actual}");
    }
    Ok(listener)
}

/// Makes the administrator at the first start.
async fn first_account(app: &App) -> Result<Option<(AccountView, Chosen)>, Failure> {
    let email = administrator();
    let chosen = chosen_password(PASSWORD_VARIABLE, app.randomness.as_ref());
    let made = app.ensure_administrator(&email, "Administrator", &chosen.password).await.map_err(|error| {
        let failure = Failure::from(error);
        Failure::new(format!("the first account ({EMAIL_VARIABLE}, {PASSWORD_VARIABLE}): {}", failure.message))
    })?;
    Ok(made.map(|account| (account, chosen)))
}

/// The first administrator's address.
fn administrator() -> String {
    let email = std::env::var(EMAIL_VARIABLE).ok().filter(|email| !email.is_empty());
    email.unwrap_or_else(|| ADMINISTRATOR.to_owned())
}

/// Says where the service is and how to sign in: the last lines before it serves.
fn greet(public_url: &str, first_account: Option<&(AccountView, Chosen)>) {
    let Some((account, chosen)) = first_account else {
        printer::say(&format!("Seatrial is at {public_url}"));
        return;
    };
    printer::data(&format!("Seatrial is at {public_url}"));
    if chosen.random {
        printer::data(&format!("Sign in as {} with the password {}", account.email, chosen.password));
        printer::say("The password is shown this once; change it after signing in.");
    } else {
        printer::data(&format!("Sign in as {} with the password in {PASSWORD_VARIABLE}", account.email));
    }
}

/// Done when the process is asked to stop: SIGTERM, or ctrl-c.
fn stop_signal() -> Result<impl Future<Output = ()> + Send, Failure> {
    let cannot = |error: std::io::Error| Failure::new(format!("cannot listen for signals to stop: {error}"));
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(cannot)?;
    #[cfg(unix)]
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).map_err(cannot)?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "ctrl-c cannot be listened for");
            std::future::pending::<()>().await;
        }
    })
}
