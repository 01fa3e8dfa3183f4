//! Sending batches of runs, waiting when the service asks for it.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::Deserialize;
use url::Url;

use super::import::{Event, ImportError};
use crate::auth::secret::Secret;
use crate::config::network::is_loopback_host;

/// How long one request may take. The service answers when the runs are on disk.
const TIMEOUT: Duration = Duration::from_secs(120);
/// What is waited where the service does not say how long, in seconds.
const WAIT_SECONDS: u64 = 2;
/// The longest wait between two attempts, in seconds, whatever the service says.
const LONGEST_WAIT_SECONDS: u64 = 60;
/// After so much waiting for one batch the import stops, in seconds; it can be resumed.
const PATIENCE_SECONDS: u64 = 600;
/// How often a connection that fails is tried again: a service that restarts is back by then.
const CONNECTION_ATTEMPTS: u32 = 6;

/// What became of a batch.
#[derive(Debug, Deserialize)]
pub struct BatchAnswer {
    /// Runs that were new.
    pub created: u64,
    /// Runs that got more facts.
    pub updated: u64,
    /// Runs that were known already.
    pub unchanged: u64,
    /// One result for each line.
    pub results: Vec<LineAnswer>,
}

/// What became of a line.
#[derive(Debug, Deserialize)]
pub struct LineAnswer {
    /// Its position in the batch.
    pub index: usize,
    /// Why it was rejected, where it was.
    pub error: Option<String>,
}

/// What is read of a problem document.
#[derive(Debug, Default, Deserialize)]
struct ProblemAnswer {
    detail: String,
}

/// Sends to one project.
pub struct Sender {
    client: reqwest::Client,
    url: Url,
    key: Secret,
}

/// Why an attempt did not succeed.
enum Attempt {
    /// The service asks to wait this many seconds.
    Wait(u64, String),
    /// No answer.
    NoAnswer(String),
    /// Trying again cannot help.
    Refused(ImportError),
}

impl Sender {
    /// A sender to the address of a project's runs.
    ///
    /// # Errors
    /// When this machine cannot make HTTP requests.
    #[expect(
        clippy::disallowed_methods,
        reason = "the address was typed by the person who runs the command, who may well mean this machine"
    )]
    pub fn new(url: Url, key: Secret) -> Result<Self, ImportError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("Seatrial/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry the key to another place.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT);
        if url.scheme() == "http" {
            // Without the certificates of authorities, which a small container may lack.
            builder = builder.tls_certs_only([]);
        }
        if url.host().is_some_and(|host| is_loopback_host(&host.to_owned())) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| ImportError::NoAnswer { why: error.to_string() })?;
        Ok(Self { client, url, key })
    }

    /// Sends a batch until it is answered. Repeating is safe: the same run again changes nothing.
    ///
    /// # Errors
    /// When the service refuses the batch as a whole, or does not answer for too long.
    pub async fn send(&self, batch: &[u8], tell: &mut dyn FnMut(Event<'_>)) -> Result<BatchAnswer, ImportError> {
        let mut waited_seconds = 0;
        let mut failures = 0;
        loop {
            let (seconds, why) = match self.attempt(batch).await {
                Ok(answer) => return Ok(answer),
                Err(Attempt::Refused(error)) => return Err(error),
                Err(Attempt::Wait(seconds, why)) => (seconds.clamp(1, LONGEST_WAIT_SECONDS), why),
                Err(Attempt::NoAnswer(why)) => {
                    failures += 1;
                    if failures == CONNECTION_ATTEMPTS {
                        return Err(ImportError::NoAnswer { why });
                    }
                    (1 << (failures - 1), why)
                }
            };
            waited_seconds += seconds;
            if waited_seconds > PATIENCE_SECONDS {
                return Err(ImportError::NoAnswer { why });
            }
            tell(Event::Waiting { seconds, why: &why });
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }

    async fn attempt(&self, batch: &[u8]) -> Result<BatchAnswer, Attempt> {
        let request = self
            .client
            .post(self.url.clone())
            .bearer_auth(self.key.expose())
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(batch.to_vec());
        let response = request.send().await.map_err(|error| Attempt::NoAnswer(causes(&error)))?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = response.bytes().await.map_err(|error| Attempt::NoAnswer(causes(&error)))?;
        if status == 200 {
            return serde_json::from_slice(&body).map_err(|_| {
                Attempt::Refused(ImportError::Refused {
                    status,
                    detail: "the answer is not one of Seatrial's; check --url".to_owned(),
                })
            });
        }
        let detail = serde_json::from_slice::<ProblemAnswer>(&body).unwrap_or_default().detail;
        match status {
            429 | 503 => Err(Attempt::Wait(retry_after.unwrap_or(WAIT_SECONDS), detail)),
            _ => Err(Attempt::Refused(ImportError::Refused { status, detail })),
        }
    }
}

/// An error with its causes on one line. Reqwest's own text names the URL and hides what went wrong.
fn causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = next.to_string();
        cause = next.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}
