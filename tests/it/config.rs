//! Settings: their order, and a message for everything that can be wrong with them.

use std::fs;
use std::net::IpAddr;

use seatrial::config::network::IpRange;
use seatrial::config::{Config, ConfigError, DEFAULT_TOML, DatabaseKind, Sources, Transport, load};

fn with_env(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    load(&Sources { environment, ..Sources::default() })
}

/// The message for one setting; fails when that setting is not among the problems.
fn message(result: Result<Config, ConfigError>, setting: &str) -> String {
    let error = result.expect_err("the settings are wrong");
    let found = error.problems.iter().find(|problem| problem.setting == setting);
    found.unwrap_or_else(|| panic!("no problem with {setting} in: {error}")).message.clone()
}

#[test]
fn the_built_in_settings_are_valid_and_safe() {
    let config = load(&Sources::default()).expect("the built-in settings are valid");
    assert!(config.server.listen.ip().is_loopback());
    assert_eq!(config.transport(), Transport::LoopbackHttp);
    assert!(matches!(config.database_kind(), DatabaseKind::Sqlite(path) if path.ends_with("seatrial.db")));
    assert!(!config.mail_enabled());
    assert!(!config.outbound.allow_private && !config.outbound.allow_plain_http);
}

#[test]
fn every_built_in_setting_is_documented() {
    let mut previous_is_comment = false;
    let mut settings = 0;
    for line in DEFAULT_TOML.lines() {
        if let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            let explained_above = matches!(name, "port" | "password");
            assert!(previous_is_comment || explained_above, "`{name}` has no comment above it");
            settings += 1;
        }
        previous_is_comment = line.starts_with('#');
    }
    assert!(settings > 35, "found only {settings} settings: has the format of the file changed?");
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seatrial.toml");
    fs::write(&file, "[server]\nworkers = 2\nshutdown_seconds = 7\n[ingest]\nqueue_length = 9\n").expect("written");
    let sources = Sources {
        file: Some(file),
        environment: vec![
            ("SEATRIAL_SERVER__WORKERS".into(), "3".into()),
            ("SEATRIAL_INGEST__QUEUE_LENGTH".into(), "10".into()),
            ("SEATRIAL_URL".into(), "https://not-a-setting.example".into()),
            ("PATH".into(), "/bin".into()),
        ],
        overrides: vec![("server.workers".into(), "4".into())],
    };
    let config = load(&sources).expect("valid");
    assert_eq!(config.server.workers, 4);
    assert_eq!(config.ingest.queue_length, 10);
    assert_eq!(config.server.shutdown_seconds, 7);
    assert_eq!(config.database.read_connections, 4);
}

#[test]
fn an_unknown_setting_is_refused_by_name_wherever_it_comes_from() {
    let text = message(with_env(&[("SEATRIAL_SERVER__LISTN", "0.0.0.0:80")]), "server.listn");
    assert!(text.contains("there is no such setting") && text.contains("listen"), "{text}");
    assert!(!text.contains("0.0.0.0"), "the value may be a secret: {text}");
    let text = message(with_env(&[("SEATRIAL_SEVER__LISTEN", "0.0.0.0:80")]), "sever");
    assert!(text.contains("server"), "{text}");
    let sources = Sources { overrides: vec![("smtp.hots".into(), "x".into())], ..Sources::default() };
    assert!(message(load(&sources), "smtp.hots").contains("host"));
}

#[test]
fn a_wrong_value_is_refused_with_its_name_and_what_to_do() {
    let cases = [
        ("SEATRIAL_SERVER__WORKERS", "many", "server.workers", "many"),
        ("SEATRIAL_SERVER__WORKERS", "9999", "server.workers", "from 0 to 256"),
        ("SEATRIAL_SERVER__PUBLIC_URL", "seatrial.example.com", "server.public_url", "https://"),
        (
            "SEATRIAL_SERVER__PUBLIC_URL",
            "https://example.com/seatrial",
            "server.public_url",
            "scheme, host and port only",
        ),
        ("SEATRIAL_SERVER__PUBLIC_URL", "http://seatrial.example.com", "server.public_url", "trusted_proxies"),
        ("SEATRIAL_SERVER__TRUSTED_PROXIES", "10.0.0.0/99", "server.trusted_proxies", "10.0.0.0/8"),
        ("SEATRIAL_DATABASE__URL", "mysql://root:hunter2@db/x", "database.url", "postgres://"),
        ("SEATRIAL_DATABASE__URL", "", "database.url", "is empty"),
        ("SEATRIAL_INGEST__QUEUE_LENGTH", "0", "ingest.queue_length", "from 1 to"),
        ("SEATRIAL_LOG__LEVEL", "loud", "log.level", "no such level"),
        ("SEATRIAL_AUTH__SESSION_HOURS", "0", "auth.session_hours", "from 1"),
        ("SEATRIAL_OUTBOUND__TIMEOUT_SECONDS", "3600", "outbound.timeout_seconds", "60"),
    ];
    for (name, value, setting, expected) in cases {
        let text = message(with_env(&[(name, value)]), setting);
        assert!(text.contains(expected), "{name}={value}: {text}");
        assert!(!text.contains("hunter2"), "a password is in the message: {text}");
    }
    for (name, value, word) in
        [("SEATRIAL_SERVER__LISTEN", "everywhere", "listen"), ("SEATRIAL_LOG__FORMAT", "xml", "format")]
    {
        let text = with_env(&[(name, value)]).expect_err("wrong").to_string();
        assert!(text.contains(word), "{name}={value}: {text}");
    }
}

#[test]
fn everything_that_is_wrong_is_reported_at_once() {
    let result = with_env(&[("SEATRIAL_SERVER__WORKERS", "9999"), ("SEATRIAL_WORKER__POLL_MS", "1")]);
    assert_eq!(result.expect_err("both are wrong").problems.len(), 2);
}

#[test]
fn a_broken_file_is_reported_without_quoting_its_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seatrial.toml");
    fs::write(&file, "[smtp]\npassword = \"hunter2\n").expect("written");
    let text = load(&Sources { file: Some(file), ..Sources::default() }).expect_err("broken").to_string();
    assert!(text.contains("line 2"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    let missing = Sources { file: Some(folder.path().join("missing.toml")), ..Sources::default() };
    assert!(load(&missing).expect_err("missing").to_string().contains("missing.toml"));
}

#[test]
fn mail_settings_are_checked_when_there_is_a_server() {
    let text =
        message(with_env(&[("SEATRIAL_SMTP__HOST", "mx.example.com"), ("SEATRIAL_SMTP__FROM", "me")]), "smtp.from");
    assert!(text.contains("Seatrial <seatrial@example.com>"), "{text}");
    let open = [
        ("SEATRIAL_SMTP__HOST", "mx.example.com"),
        ("SEATRIAL_SMTP__SECURITY", "none"),
        ("SEATRIAL_SMTP__USERNAME", "seatrial"),
        ("SEATRIAL_SMTP__PASSWORD", "007"),
    ];
    assert!(message(with_env(&open), "smtp.security").contains("starttls"));
    let closed: Vec<_> = open.iter().copied().filter(|(name, _)| !name.ends_with("SECURITY")).collect();
    let config = with_env(&closed).expect("valid");
    assert_eq!(config.smtp.password.expose(), "007", "a password of digits stays as it is");
    assert!(!format!("{config:?}").contains("007"), "the password is not printed");
}

#[test]
fn the_password_can_come_from_a_file_and_the_database_url_decides_the_kind() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    fs::write(&file, "correct horse\n").expect("written");
    let path = file.to_str().expect("a plain path");
    let config = with_env(&[
        ("SEATRIAL_SMTP__HOST", "mx.example.com"),
        ("SEATRIAL_SMTP__USERNAME", "seatrial"),
        ("SEATRIAL_SMTP__PASSWORD_FILE", path),
        ("SEATRIAL_DATABASE__URL", "postgres://u:hunter2@db.example/seatrial"),
    ])
    .expect("valid");
    assert_eq!(config.smtp.password.expose(), "correct horse");
    assert!(matches!(config.database_kind(), DatabaseKind::Postgres(_)));
    assert!(!format!("{config:?}").contains("hunter2"), "the password of the database is not printed");
    let config = with_env(&[("SEATRIAL_DATABASE__URL", "sqlite:///var/lib/seatrial/s.db")]).expect("valid");
    assert!(matches!(config.database_kind(), DatabaseKind::Sqlite(path) if path.ends_with("var/lib/seatrial/s.db")));
}

#[test]
fn proxies_are_a_list_and_make_the_transport_tls() {
    let config = with_env(&[
        ("SEATRIAL_SERVER__PUBLIC_URL", "http://seatrial.example.com/"),
        ("SEATRIAL_SERVER__TRUSTED_PROXIES", "10.1.0.0/16, ::1"),
    ])
    .expect("a proxy ends TLS");
    assert_eq!(config.transport(), Transport::Tls);
    assert_eq!(config.server.public_url, "http://seatrial.example.com");
    assert_eq!(config.server.trusted_proxies.len(), 2);
}

#[test]
fn ranges_hold_what_they_say() {
    let cases = [
        ("10.1.0.0/16", "10.1.255.255", true),
        ("10.1.0.0/16", "10.2.0.0", false),
        ("10.1.0.0/16", "::ffff:10.1.2.3", true),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("0.0.0.0/0", "::1", false),
        ("::/0", "2001:db8::1", true),
        ("fd00::/8", "fd12::1", true),
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false),
    ];
    for (range, address, expected) in cases {
        let range: IpRange = range.parse().expect("a range");
        let address: IpAddr = address.parse().expect("an address");
        assert_eq!(range.contains(address), expected, "{address} in {range:?}");
    }
}
