//! What each setting must be like, beyond its type. Every message names the value and what to do.

use std::fmt::Display;

use url::Url;

use super::network::{host_of, is_loopback_host};
use super::{Config, DatabaseKind, Problem, SmtpSecurity};

/// Everything that is wrong with the settings.
pub(super) fn problems(config: &Config) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    server(config, &mut found);
    database(config, &mut found);
    found.ranges(config);
    mail(config, &mut found);
    logs(config, &mut found);
    found.0
}

struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, setting: &str, message: impl Into<String>) {
        self.0.push(Problem { setting: setting.to_owned(), message: message.into() });
    }

    fn range<T: PartialOrd + Display>(&mut self, setting: &str, value: T, low: T, high: T) {
        if value < low || value > high {
            self.add(setting, format!("is {value}, but must be from {low} to {high}"));
        }
    }

    fn ranges(&mut self, config: &Config) {
        self.range("server.workers", config.server.workers, 0, 256);
        self.range("server.shutdown_seconds", config.server.shutdown_seconds, 1, 600);
        self.range("database.read_connections", config.database.read_connections, 1, 256);
        self.range("database.write_connections", config.database.write_connections, 1, 256);
        self.range("database.acquire_timeout_ms", config.database.acquire_timeout_ms, 10, 600_000);
        self.range("ingest.queue_length", config.ingest.queue_length, 1, 100_000);
        self.range("ingest.queue_mib", config.ingest.queue_mib, 1, 65_536);
        self.range("ingest.commit_max_runs", config.ingest.commit_max_runs, 1, 100_000);
        self.range("ingest.commit_wait_ms", config.ingest.commit_wait_ms, 0, 1_000);
        self.range("ingest.retry_after_seconds", config.ingest.retry_after_seconds, 1, 3_600);
        self.range("worker.poll_ms", config.worker.poll_ms, 10, 60_000);
        self.range("worker.lease_seconds", config.worker.lease_seconds, 5, 3_600);
        self.range("worker.staleness_seconds", config.worker.staleness_seconds, 1, 86_400);
        self.range("worker.retention_seconds", config.worker.retention_seconds, 1, 86_400);
        self.range("auth.session_idle_minutes", config.auth.session_idle_minutes, 1, 525_600);
        self.range("auth.session_hours", config.auth.session_hours, 1, 8_760);
        self.range("auth.sign_in_attempts_per_minute", config.auth.sign_in_attempts_per_minute, 1, 10_000);
        self.range("smtp.timeout_seconds", config.smtp.timeout_seconds, 1, 300);
        self.range("outbound.timeout_seconds", config.outbound.timeout_seconds, 1, 60);
        self.range("retention.trace_days", config.retention.trace_days, 0, 36_500);
    }
}

/// The sites of `server.cors_origins`, as a browser writes them in `Origin`.
pub(super) fn origins(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|origin| !origin.is_empty())
}

fn server(config: &Config, found: &mut Found) {
    for origin in origins(&config.server.cors_origins) {
        let written = Url::parse(origin).ok().map(|url| url.origin().ascii_serialization());
        if !origin.starts_with("http") || written.as_deref() != Some(origin) {
            let message = format!(
                "`{origin}` is no site; write scheme and host as a browser does, such as https://console.example.com"
            );
            found.add("server.cors_origins", message);
        }
    }
    let setting = "server.public_url";
    let text = &config.server.public_url;
    let Some(url) = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    else {
        found.add(setting, format!("`{text}` is no web address; write for example https://seatrial.example.com"));
        return;
    };
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        found.add(setting, "must be scheme, host and port only, for example https://seatrial.example.com");
        return;
    }
    let loopback = host_of(text).is_some_and(|host| is_loopback_host(&host));
    if url.scheme() == "http" && !loopback && config.server.trusted_proxies.is_empty() {
        found.add(
            setting,
            format!(
                "`{text}` is plain http to another machine, where passwords and sessions could be read on the way; \
                 use https, or name the proxy that ends TLS in server.trusted_proxies"
            ),
        );
    }
}

fn database(config: &Config, found: &mut Found) {
    match config.database_kind() {
        // The value is not repeated: it may hold a password.
        DatabaseKind::Postgres(url) => {
            if Url::parse(url.expose()).ok().and_then(|url| url.host_str().map(str::len)).unwrap_or(0) == 0 {
                found.add("database.url", "cannot be read; write it like postgres://user:password@host:5432/database");
            }
        }
        DatabaseKind::Sqlite(path) => {
            let text = path.to_string_lossy();
            if text.is_empty() {
                found.add("database.url", "is empty; name a file such as seatrial.db, or a postgres:// address");
            } else if text.contains("://") {
                found.add(
                    "database.url",
                    "must be a file name or begin with postgres://; other databases are not supported",
                );
            }
        }
    }
}

fn mail(config: &Config, found: &mut Found) {
    if !config.mail_enabled() {
        return;
    }
    let smtp = &config.smtp;
    if let Err(error) = crate::notify::mail::parse_sender(&smtp.from) {
        found.add("smtp.from", format!("is `{}`: {error}", smtp.from));
    }
    if smtp.port == 0 {
        found.add("smtp.port", "is 0; the usual ports are 587 for starttls, 465 for tls, 25 for none");
    }
    let local = smtp.host == "localhost" || smtp.host.parse::<std::net::IpAddr>().is_ok_and(|host| host.is_loopback());
    if smtp.security == SmtpSecurity::None && !smtp.username.is_empty() && !local {
        found.add(
            "smtp.security",
            "is none, which would send smtp.password unprotected to another machine; use starttls or tls",
        );
    }
    if smtp.username.is_empty() != smtp.password.is_empty() {
        found.add("smtp.username", "and a password go together; set both or neither");
    }
}

fn logs(config: &Config, found: &mut Found) {
    if let Err(error) = crate::telemetry::parse_level(&config.log.level) {
        found.add("log.level", format!("is `{}`: {error}; write error, warn, info, debug or trace", config.log.level));
    }
}
