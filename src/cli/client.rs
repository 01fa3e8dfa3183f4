//! A client of a running service, for commands that pipelines use.

use std::time::Duration;

use clap::Args;
use reqwest::Method;
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::exit::Failure;

/// Where the service is and who asks.
#[derive(Debug, Args)]
pub struct ServiceArguments {
    /// The service's address, such as <https://seatrial.example.com>.
    #[arg(long, env = "SEATRIAL_URL", value_name = "URL")]
    url: String,
    /// An API key of the project. Better given in the environment: arguments can be seen by others on the machine.
    #[arg(long, env = "SEATRIAL_API_KEY", hide_env_values = true)]
    key: String,
}

/// Where the service is, who asks, and about which project.
#[derive(Debug, Args)]
pub struct ProjectArguments {
    #[command(flatten)]
    pub(super) service: ServiceArguments,
    /// The project, by its name in URLs.
    #[arg(long, value_name = "NAME", env = "SEATRIAL_PROJECT")]
    pub(super) project: String,
}

/// How long the service may take to answer: evaluating a busy release takes seconds.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A client of one service.
pub struct Client {
    base: Url,
    key: Option<String>,
    http: reqwest::Client,
}

impl Client {
    /// A client for these arguments. Does not connect yet.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(arguments: &ServiceArguments) -> Result<Self, Failure> {
        Self::of(&arguments.url, Some(arguments.key.clone()))
    }

    /// A client of somebody who has no key yet.
    ///
    /// # Errors
    /// When the address is none.
    pub fn anonymous(url: &str) -> Result<Self, Failure> {
        Self::of(url, None)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the command names the service, which may well be inside the network; the key goes to \
                  that address alone, since redirects are not followed"
    )]
    fn of(url: &str, key: Option<String>) -> Result<Self, Failure> {
        let base = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let wrong = || Failure::usage("--url must be the address of the service, such as https://seatrial.example.com");
        let base = base.filter(|url| !url.cannot_be_a_base()).ok_or_else(wrong)?;
        let client = reqwest::Client::builder()
            .user_agent(concat!("seatrial/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(TIMEOUT);
        let http = client.build().map_err(|error| Failure::new(format!("no connection can be made: {error}")))?;
        Ok(Self { base, key, http })
    }

    /// Reads what is at a path of `/api/v1`, given by its segments, which are escaped here.
    ///
    /// # Errors
    /// When the service cannot be reached or answers with a problem, in its words.
    pub async fn read(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
        self.request(Method::GET, path, query, None).await
    }

    /// Asks at a path of `/api/v1`, given by its segments, which are escaped here, and returns the answer as it is.
    ///
    /// # Errors
    /// When the service cannot be reached or answers with a problem, in its words.
    pub async fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Vec<u8>, Failure> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let unreachable = |error: reqwest::Error| Failure::new(format!("{host} did not answer: {}", causes(&error)));
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            return Ok(body.to_vec());
        }
        let problem: Option<Value> = serde_json::from_slice(&body).ok();
        let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str());
        let detail = detail.unwrap_or("this is not what a Seatrial service answers; check --url");
        Err(Failure::new(format!("{host} answered {}: {detail}", status.as_u16())))
    }

    /// Sends JSON to a path of `/api/v1` and reads the answer.
    ///
    /// # Errors
    /// As [`Self::read`], and when the answer has another shape.
    pub async fn send<T: DeserializeOwned>(&self, path: &[&str], body: &Value) -> Result<T, Failure> {
        self.send_to(path, &[], body).await
    }

    /// The same as [`Self::send`], with a query.
    ///
    /// # Errors
    /// As [`Self::read`], and when the answer has another shape.
    pub async fn send_to<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<T, Failure> {
        shaped(&self.request(Method::POST, path, query, Some(body)).await?)
    }

    /// Puts JSON to a path of `/api/v1` and reads the answer.
    ///
    /// # Errors
    /// As [`Self::read`], and when the answer has another shape.
    pub async fn put<T: DeserializeOwned>(&self, path: &[&str], body: &Value) -> Result<T, Failure> {
        shaped(&self.request(Method::PUT, path, &[], Some(body)).await?)
    }

    /// Every item of a list, page after page.
    ///
    /// # Errors
    /// As [`Self::read`], and when the answer is no list.
    pub async fn items(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Vec<Value>, Failure> {
        let mut found: Vec<Value> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = query.to_vec();
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let mut page: Value = self.json(path, &query).await?;
            if let Value::Array(items) = page["items"].take() {
                found.extend(items);
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(found);
            }
        }
    }

    /// The same as [`Self::read`], as JSON of a shape.
    ///
    /// # Errors
    /// As [`Self::read`], and when the answer has another shape.
    pub async fn json<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, Failure> {
        shaped(&self.read(path, query).await?)
    }
}

fn shaped<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::new(format!("the service's answer cannot be read: {error}; is it as new as this?")))
}

/// An error with its causes on one line: the outermost one only says that something failed.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}
