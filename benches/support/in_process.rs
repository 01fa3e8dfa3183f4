//! The service in this process, without its server, on an SQLite file of its own and a clock that the benchmark moves.

use std::path::Path;
use std::sync::Arc;

use seatrial::app::ports::{ManualClock, SeededRandomness};
use seatrial::app::{App, Ports, open_store};
use seatrial::auth::token::Tokens;
use seatrial::config::{Sources, load};
use seatrial::notify::outbound::GuardedOutbound;

use super::Outcome;

/// The service on a database in `folder`: use cases and the worker's jobs are called as they call them.
///
/// # Errors
/// When the database or the signing key cannot be made.
pub async fn service(folder: &Path, clock: &ManualClock) -> Outcome<Arc<App>> {
    let path = |name: &str| folder.join(name).display().to_string();
    let overrides =
        vec![("database.url".to_owned(), path("bench.db")), ("auth.token_key_file".to_owned(), path("bench.key"))];
    let config = load(&Sources { overrides, ..Sources::default() }).map_err(|error| format!("{error:?}"))?;
    let ports = Ports {
        clock: Arc::new(clock.clone()),
        randomness: Arc::new(SeededRandomness::new(7)),
        mailer: None,
        outbound: Arc::new(GuardedOutbound::new(config.outbound.clone())),
    };
    let tokens = Tokens::of_file(config.server.public_url.clone(), &config.auth.token_key_file)?;
    let store = open_store(&config).await?;
    Ok(App::new(Arc::new(config), store, tokens, ports)?)
}
