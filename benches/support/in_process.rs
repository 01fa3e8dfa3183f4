//! The service in this process, without its server, on an SQLite file of its own and a clock that the benchmark moves.

use std::path::Path;
use std::sync::Arc;

use seatrial::app::access::Caller;
use seatrial::app::account::NewAccount;
use seatrial::app::ports::{ManualClock, SeededRandomness};
use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial::app::{App, Ports, open_store};
use seatrial::auth::token::Tokens;
use seatrial::config::{Sources, load};
use seatrial::notify::outbound::GuardedOutbound;
use seatrial_domain::access::Role;
use seatrial_store::{Scope, member};

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

/// A project, and somebody who may do everything in it.
///
/// # Errors
/// When they cannot be made.
pub async fn project(app: &App, slug: &str) -> Outcome<(Scope, Caller)> {
    let new = NewProject { slug: slug.into(), name: "Bench".into(), settings: ProjectSettings::default() };
    let scope = Scope::of(app.create_project_as_system("bench", new, None).await?.id);
    let (email, name) = ("bench@example.com".to_owned(), "Bench".to_owned());
    let password = "a long password of a bench".to_owned();
    let account = app.create_account(NewAccount { email, name: name.clone(), password }).await?;
    let tx = app.store.write().await?;
    member::put(&tx, scope, account.id, &[Role::Owner, Role::Admin, Role::ReleaseManager], app.now()).await?;
    tx.commit().await?;
    Ok((scope, Caller::Account { id: account.id, name }))
}
