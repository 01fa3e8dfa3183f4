//! Somebody at a browser without scripts: cookies, pages, and forms sent with the token of the page they are on.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::Method;
use seatrial_domain::access::Role;

use super::app::{PASSWORD, PROJECT, TestApp, TestClient, Who};

/// What a page answered.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The status.
    pub status: u16,
    /// Where it sends on, for a redirect.
    pub location: Option<String>,
    /// Its content type.
    pub content_type: String,
    /// Its headers, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Its text.
    pub text: String,
}

impl Seen {
    /// The page, which must have been answered with 200.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, 200, "{} {}", self.location.unwrap_or_default(), self.text);
        self.text
    }

    /// Where a form that was accepted leads.
    #[track_caller]
    pub fn goes_on(self) -> String {
        assert_eq!(self.status, 303, "{}", self.text);
        self.location.expect("a redirect says where to")
    }
}

/// A person with cookies.
pub struct Visitor<'a> {
    client: TestClient<'a>,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl<'a> Visitor<'a> {
    /// Somebody who is not signed in.
    pub fn new(app: &'a TestApp) -> Self {
        Self { client: app.client(Who::Nobody), cookies: Mutex::default() }
    }

    /// The member with this role, signed in through the form.
    pub async fn signed_in(app: &'a TestApp, role: Role) -> Self {
        let visitor = Self::new(app);
        visitor.sign_in(&app.email(role)).await;
        visitor
    }

    /// Signs in through the form.
    pub async fn sign_in(&self, email: &str) {
        let page = self.get("/sign-in").await.ok();
        let seen = self.send("/sign-in", &page, &[("email", email), ("password", PASSWORD), ("next", "")]).await;
        assert_eq!(seen.goes_on(), "/");
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Seen {
        self.ask(Method::GET, path, None).await
    }

    /// A page of the project, which must be there.
    pub async fn page(&self, path: &str) -> String {
        self.get(&at(path)).await.ok()
    }

    /// Sends a form that is on `page`, with its token.
    pub async fn send(&self, path: &str, page: &str, fields: &[(&str, &str)]) -> Seen {
        let mut all = vec![("csrf", token(page))];
        all.extend_from_slice(fields);
        self.send_bare(path, &all).await
    }

    /// Sends a form as it is.
    pub async fn send_bare(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.ask(Method::POST, path, Some(form.finish())).await
    }

    /// GET of something that goes on: read its body piece by piece.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        self.request(Method::GET, path).send().await.expect("the service answers")
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, path).header("accept", "text/html");
        let cookies = self.cookies.lock().expect("no test panics with the lock").clone();
        let line: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if line.is_empty() { request } else { request.header("cookie", line.join("; ")) }
    }

    async fn ask(&self, method: Method, path: &str, form: Option<String>) -> Seen {
        let mut request = self.request(method, path);
        if let Some(form) = form {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let response = request.send().await.expect("the service answers");
        self.keep(response.headers());
        let text = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let headers = response.headers().keys().filter_map(|name| Some((name.to_string(), text(name.as_str())?)));
        Seen {
            status: response.status().as_u16(),
            location: text("location"),
            content_type: text("content-type").unwrap_or_default(),
            headers: headers.collect(),
            text: response.text().await.expect("a body"),
        }
    }

    fn keep(&self, headers: &reqwest::header::HeaderMap) {
        let mut cookies = self.cookies.lock().expect("no test panics with the lock");
        for line in headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()) {
            let pair = line.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            if value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// A path of the project's pages.
pub fn at(path: &str) -> String {
    format!("/p/{PROJECT}{path}")
}

/// The token of the forms on a page.
#[track_caller]
pub fn token(page: &str) -> &str {
    between(page, "name=\"csrf\" value=\"", "\"").expect("a page with a form has its token")
}

/// The text between two others.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    let end = text[start..].find(after)?;
    Some(&text[start..start + end])
}
