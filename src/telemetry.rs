//! What the service says about itself: log records and metrics.
//!
//! Logs go to standard error, one record a line. Text from runs can end up in a record, so control
//! characters are escaped on the way out, whatever wrote them. `docs/LOGGING.md` has the rules.

mod escape;
pub mod metrics;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};
pub use escape::{Escaping, escape_record};

/// Logging cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("logging cannot be set up: {0}")]
pub struct LogSetupError(String);

/// Reads `log.level`: a level or filter directives.
///
/// # Errors
/// [`LogSetupError`] with what is wrong.
pub fn parse_level(level: &str) -> Result<EnvFilter, LogSetupError> {
    // The filter takes an unknown word for the name of a target; a level is what people mean.
    let plain_word = level.chars().all(|c| c.is_ascii_alphabetic());
    if plain_word && level.parse::<tracing_subscriber::filter::LevelFilter>().is_err() {
        return Err(LogSetupError("there is no such level".to_owned()));
    }
    let filter = EnvFilter::try_new(level).map_err(|error| LogSetupError(error.to_string()))?;
    // What a database remarks is for somebody who looks for something: PostgreSQL remarks at every start that its table of
    // migrations is there.
    let quiet = format!("{}=warn", seatrial_store::DRIVER_LOG_TARGET)
        .parse()
        .map_err(|error| LogSetupError(format!("{error}")))?;
    Ok(if level.eq_ignore_ascii_case("info") { filter.add_directive(quiet) } else { filter })
}

/// Starts logging for the whole process. Call it once.
///
/// # Errors
/// [`LogSetupError`] when the level cannot be read or logging was started before.
pub fn start_logging(settings: &Log) -> Result<(), LogSetupError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(parse_level(&settings.level)?)
        .with_writer(|| Escaping::new(std::io::stderr()))
        .with_ansi(false);
    let started = match settings.format {
        LogFormat::Pretty => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).try_init(),
    };
    started.map_err(|error| LogSetupError(error.to_string()))
}

/// The free space of the disk that holds `path`, in MiB; `None` where the system does not say.
#[must_use]
pub fn free_disk_mib(path: &std::path::Path) -> Option<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    fs4::available_space(folder).ok().map(|bytes| bytes >> 20)
}
