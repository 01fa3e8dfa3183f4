//! The service in this process: what `serve` serves, and what commands on the server's own database work with.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::exit::Failure;
use crate::app::ports::{Mailer, Randomness, SystemClock, SystemRandomness};
use crate::app::{App, Ports, open_store};
use crate::auth::token::Tokens;
use crate::config::{Config, Sources, load};
use crate::notify::mail::SmtpMailer;
use crate::notify::outbound::GuardedOutbound;

/// Where the settings come from.
#[derive(Clone, Debug, Args)]
pub struct SettingsArguments {
    /// A file with settings, in TOML; it may leave anything out.
    #[arg(long, value_name = "FILE", env = "SEATRIAL_CONFIG")]
    pub config: Option<PathBuf>,
    /// The database: a file for SQLite, or postgres://… (setting database.url).
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

impl SettingsArguments {
    /// Reads and validates the settings; `flags` are further settings from flags, the strongest source.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub fn load(&self, flags: Vec<(String, String)>) -> Result<Config, Failure> {
        let mut overrides = flags;
        if let Some(database) = &self.database {
            overrides.push(("database.url".to_owned(), database.clone()));
        }
        let sources = Sources { file: self.config.clone(), overrides, ..Sources::from_process() };
        load(&sources).map_err(Failure::new)
    }
}

/// Opens the database and puts the service together.
///
/// # Errors
/// When the signing key, the database or the mail settings cannot be used.
pub async fn open(config: Config) -> Result<Arc<App>, Failure> {
    let key_file = &config.auth.token_key_file;
    let tokens = Tokens::of_file(config.server.public_url.clone(), key_file)
        .map_err(|error| Failure::new(format!("auth.token_key_file ({}): {error}", key_file.display())))?;
    let mailer = if config.mail_enabled() {
        Some(Arc::new(SmtpMailer::new(&config.smtp).map_err(Failure::new)?) as Arc<dyn Mailer>)
    } else {
        None
    };
    let ports = Ports {
        clock: Arc::new(SystemClock),
        randomness: Arc::new(SystemRandomness),
        mailer,
        outbound: Arc::new(GuardedOutbound::new(config.outbound.clone())),
    };
    let store = open_store(&config).await.map_err(Failure::new)?;
    Ok(App::new(Arc::new(config), store, tokens, ports)?)
}

/// A password that a person can copy by hand: four groups of five letters and digits, 100 random bits.
#[must_use]
pub fn random_password(randomness: &dyn Randomness) -> String {
    // Without the letters and digits that look like another.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 20];
    randomness.fill(&mut bytes);
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// The password in an environment variable, or a random one. Never an argument: others could read it there.
#[must_use]
pub fn chosen_password(variable: &str, randomness: &dyn Randomness) -> Chosen {
    match std::env::var(variable) {
        Ok(password) if !password.is_empty() => Chosen { password, random: false },
        _ => Chosen { password: random_password(randomness), random: true },
    }
}

/// A password, and whether somebody has to be told it.
pub struct Chosen {
    /// The password.
    pub password: String,
    /// It was made up here.
    pub random: bool,
}

impl std::fmt::Debug for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chosen").field("random", &self.random).finish_non_exhaustive()
    }
}
