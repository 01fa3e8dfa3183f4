//! The settings of the service: built-in file < file < environment < flags, validated as a whole at start.
//!
//! `seatrial.default.toml` documents every setting and is the list of those that exist: a key that is
//! not in it is refused, so a spelling mistake is never silently ignored.

mod load;
pub mod network;
mod validate;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::auth::secret::Secret;

pub use load::{ConfigError, DEFAULT_TOML, Problem, Sources, load};
use network::IpRange;

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Listening and the public address.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// How runs come in.
    pub ingest: Ingest,
    /// Background work.
    pub worker: Worker,
    /// Sessions and access tokens.
    pub auth: Auth,
    /// How much one client may ask.
    pub limits: Limits,
    /// Mail.
    pub smtp: Smtp,
    /// Webhooks and other outgoing requests.
    pub outbound: Outbound,
    /// How long things are kept.
    pub retention: Retention,
    /// Logs.
    pub log: Log,
    /// The metrics endpoint.
    pub metrics: Metrics,
}

/// Listening and the public address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address that people type: scheme, host and port, no slash at the end.
    pub public_url: String,
    /// Proxies whose forwarding headers are believed.
    #[serde(deserialize_with = "network::comma_separated")]
    pub trusted_proxies: Vec<IpRange>,
    /// Sites whose pages may call the API with a token, comma separated; empty for none.
    pub cors_origins: String,
    /// Threads that serve HTTP; 0 is one for each processor.
    pub workers: usize,
    /// How long accepted work may take to finish at shutdown, in seconds.
    pub shutdown_seconds: u64,
}

/// The database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// A path for SQLite or a `postgres://` URL. May hold a password.
    pub url: Secret,
    /// Connections for reading.
    pub read_connections: u32,
    /// Connections for writing, PostgreSQL only.
    pub write_connections: u32,
    /// How long a request waits for a connection, in milliseconds.
    pub acquire_timeout_ms: u64,
}

/// Which database, read from its setting.
#[derive(Clone, Debug)]
pub enum DatabaseKind {
    /// Embedded SQLite in this file.
    Sqlite(PathBuf),
    /// PostgreSQL at this URL, which may hold a password.
    Postgres(Secret),
}

/// How runs come in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    /// Requests that may wait for the writer.
    pub queue_length: usize,
    /// Bytes of those requests, in MiB.
    pub queue_mib: usize,
    /// Most runs in one transaction.
    pub commit_max_runs: usize,
    /// How long the writer waits for more requests, in milliseconds.
    pub commit_wait_ms: u64,
    /// What a client is told to wait when the queue is full, in seconds.
    pub retry_after_seconds: u32,
}

/// Background work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Whether this process does background work.
    pub enabled: bool,
    /// How often the worker looks for due work, in milliseconds.
    pub poll_ms: u64,
    /// How long a replica may hold a piece of work, in seconds.
    pub lease_seconds: u64,
    /// How often scorecards are checked for staleness, in seconds.
    pub staleness_seconds: u64,
    /// How often old traces and runs are removed, in seconds.
    pub retention_seconds: u64,
}

/// Sessions and access tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// A session ends when it was not used for this long, in minutes.
    pub session_idle_minutes: u64,
    /// A session ends this long after sign-in, in hours.
    pub session_hours: u64,
    /// The file with the key that signs access tokens.
    pub token_key_file: PathBuf,
    /// Attempts to sign in from one address, per minute.
    pub sign_in_attempts_per_minute: u32,
}

/// How much one client may ask.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests of one API key or account, per second; 0 is no limit.
    pub caller_requests_per_second: u32,
    /// Requests from one address, per second; 0 is no limit.
    pub address_requests_per_second: u32,
}

/// Mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// The mail server; empty when there is none.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// The log-in; empty for none.
    pub username: String,
    /// The password, already read from `password_file` where that is set.
    pub password: Secret,
    /// A file that holds the password.
    pub password_file: PathBuf,
    /// The sender, for example `Seatrial <seatrial@example.com>`.
    pub from: String,
    /// How long one step of the exchange may take, in seconds.
    pub timeout_seconds: u64,
}

/// How a connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpSecurity {
    /// Not at all.
    None,
    /// By STARTTLS, which must be offered.
    Starttls,
    /// By TLS from the first byte.
    Tls,
}

/// Webhooks and other outgoing requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Whether addresses that are not public may be reached.
    pub allow_private: bool,
    /// Whether http may be used.
    pub allow_plain_http: bool,
    /// How long an endpoint may take to answer, in seconds.
    pub timeout_seconds: u64,
}

/// How long things are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The bodies of traces and reports, in days; 0 keeps them.
    pub trace_days: u32,
}

/// Logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// A level or directives of `tracing`'s filter.
    pub level: String,
}

/// How a log record looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One line of text.
    Pretty,
    /// One JSON object on one line.
    Json,
}

/// The metrics endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Whether it is served.
    pub enabled: bool,
    /// The bearer token it asks for; empty for none.
    pub token: Secret,
}

/// How browsers reach the service: decides the kind of session cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP on this machine only.
    LoopbackHttp,
    /// HTTPS as far as the browser can tell.
    Tls,
}

impl Config {
    /// The sites whose pages may call the API.
    pub fn cors_origins(&self) -> impl Iterator<Item = &str> {
        validate::origins(&self.server.cors_origins)
    }

    /// How browsers reach the service.
    pub fn transport(&self) -> Transport {
        let loopback = network::host_of(&self.server.public_url).is_some_and(|host| network::is_loopback_host(&host));
        if self.server.public_url.starts_with("http://") && loopback && self.server.trusted_proxies.is_empty() {
            Transport::LoopbackHttp
        } else {
            Transport::Tls
        }
    }

    /// Which database.
    pub fn database_kind(&self) -> DatabaseKind {
        let url = self.database.url.expose();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            DatabaseKind::Postgres(self.database.url.clone())
        } else {
            let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
            DatabaseKind::Sqlite(PathBuf::from(path))
        }
    }

    /// Whether a mail server is configured.
    pub fn mail_enabled(&self) -> bool {
        !self.smtp.host.is_empty()
    }
}
