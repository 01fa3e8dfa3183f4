//! Putting the sources of the settings on top of each other.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use config::{Environment, File, FileFormat, Map, Value, ValueKind};

use super::{Config, validate};

/// The built-in settings with their documentation.
pub const DEFAULT_TOML: &str = include_str!("../seatrial.default.toml");
/// What the names of environment variables begin with.
const ENV_PREFIX: &str = "SEATRIAL";

/// Where settings come from besides the built-in ones.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file in TOML.
    pub file: Option<PathBuf>,
    /// Environment variables, all of them or a test's choice. Only names such as `SEATRIAL_SERVER__LISTEN`,
    /// with two underscores, are settings.
    pub environment: Vec<(String, String)>,
    /// Settings from flags: a name such as `server.listen` and its value.
    pub overrides: Vec<(String, String)>,
}

impl Sources {
    /// The environment of this process, and nothing else yet. Names and values that are not Unicode are left out.
    pub fn from_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { environment: std::env::vars_os().filter_map(text).collect(), ..Self::default() }
    }
}

/// One setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The name, for example `server.listen`.
    pub setting: String,
    /// What is wrong and what to do. Has the value, unless it may be a secret.
    pub message: String,
}

/// The settings cannot be used. Lists everything that is wrong, not only the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one problem.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    fn one(setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self { problems: vec![Problem { setting: setting.into(), message: message.into() }] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        for problem in &self.problems {
            write!(f, "\n  {}: {}", problem.setting, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Reads and validates the settings.
///
/// # Errors
/// [`ConfigError`], which names every setting that is unknown or wrong.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let merged = merge(sources)?;
    let known = parse_defaults()?;
    let mut problems = Vec::new();
    refuse_unknown(&table(&known.cache), &table(&merged.cache), "", &mut problems);
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    let mut config: Config = merged.try_deserialize().map_err(explain)?;
    config.server.public_url = config.server.public_url.trim_end_matches('/').to_owned();
    read_password_file(&mut config)?;
    let problems = validate::problems(&config);
    if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
}

fn parse_defaults() -> Result<config::Config, ConfigError> {
    config::Config::builder().add_source(File::from_str(DEFAULT_TOML, FileFormat::Toml)).build().map_err(explain)
}

fn merge(sources: &Sources) -> Result<config::Config, ConfigError> {
    let mut builder = config::Config::builder().add_source(File::from_str(DEFAULT_TOML, FileFormat::Toml));
    if let Some(path) = &sources.file {
        builder = builder.add_source(File::from_str(&read_file(path)?, FileFormat::Toml));
    }
    let names_a_setting = |name: &str| name.starts_with(ENV_PREFIX) && name.contains("__");
    let environment: HashMap<String, String> =
        sources.environment.iter().filter(|(name, _)| names_a_setting(name)).cloned().collect();
    // Values stay text and are converted to what each setting is: a password such as 007 keeps its zeros.
    builder = builder.add_source(
        Environment::with_prefix(ENV_PREFIX).prefix_separator("_").separator("__").source(Some(environment)),
    );
    for (name, value) in &sources.overrides {
        builder = builder.set_override(name, value.as_str()).map_err(explain)?;
    }
    builder.build().map_err(explain)
}

fn read_file(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot read the file {}: {error}; check the path and its permissions", path.display());
        ConfigError::one("--config", message)
    })
}

fn table(value: &Value) -> Map<String, Value> {
    match &value.kind {
        ValueKind::Table(table) => table.clone(),
        _ => Map::new(),
    }
}

fn refuse_unknown(known: &Map<String, Value>, given: &Map<String, Value>, path: &str, problems: &mut Vec<Problem>) {
    let mut names: Vec<&String> = given.keys().collect();
    names.sort();
    for name in names {
        let setting = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match known.get(name) {
            None => {
                let mut there: Vec<&str> = known.keys().map(String::as_str).collect();
                there.sort_unstable();
                let message = format!("there is no such setting; here can be: {}", there.join(", "));
                problems.push(Problem { setting, message });
            }
            Some(value) => refuse_unknown(&table(value), &table(&given[name]), &setting, problems),
        }
    }
}

fn read_password_file(config: &mut Config) -> Result<(), ConfigError> {
    let path = &config.smtp.password_file;
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    if !config.smtp.password.is_empty() {
        return Err(ConfigError::one("smtp.password_file", "smtp.password is set too; set only one of them"));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::one("smtp.password_file", format!("cannot read {}: {error}", path.display())))?;
    config.smtp.password = crate::auth::secret::Secret::new(text.trim_end_matches(['\r', '\n']));
    Ok(())
}

/// What the library says, with the name of the setting in front and without quoted lines of the file,
/// which may hold a password.
fn explain(error: config::ConfigError) -> ConfigError {
    match error {
        config::ConfigError::Type { key: Some(key), unexpected, expected, origin } => {
            let origin = origin.map(|origin| format!(" (from {origin})")).unwrap_or_default();
            ConfigError::one(key, format!("is {unexpected}{origin}, but must be {expected}"))
        }
        config::ConfigError::At { key: Some(key), error, .. } => ConfigError::one(key, quiet(&error.to_string())),
        config::ConfigError::FileParse { cause, .. } => ConfigError::one("--config", quiet(&cause.to_string())),
        other => ConfigError::one("settings", quiet(&other.to_string())),
    }
}

fn quiet(message: &str) -> String {
    let is_quote =
        |line: &&str| !line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|');
    message.lines().filter(is_quote).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(": ")
}
