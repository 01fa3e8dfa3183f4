//! The whole service on a free loopback port with a fresh database, a clock that stands still and randomness with a seed.
//!
//! A test is an `async fn name(app: &TestApp)` and runs on SQLite and on PostgreSQL by `both!(name);`. The project
//! `demo-co` is there, with a member for each role, and `app.client(Who::Reviewer).get("/api/v1/…")` asks as one of them.

use std::net::TcpListener;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::web;
use reqwest::{Method, RequestBuilder};
use seatrial::app::access::Caller;
use seatrial::app::api_key::NewKey;
use seatrial::app::ports::{Mailer, ManualClock, SeededRandomness, SystemRandomness};
use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial::app::{App, Ports, open_store};
use seatrial::auth::password::Passwords;
use seatrial::auth::token::Tokens;
use seatrial::config::{Sources, load};
use seatrial::http::server::serve;
use seatrial::notify::mail::SmtpMailer;
use seatrial::notify::outbound::GuardedOutbound;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::ids::{AccountId, ProjectId};
use seatrial_domain::time::Timestamp;
use seatrial_store::account::AccountRow;
use seatrial_store::{Backend, Scope, account, member};
use tempfile::TempDir;

use super::postgres::TestDatabase;
use super::smtp_sink::SmtpSink;

/// The project that every test begins with.
pub const PROJECT: &str = "demo-co";
/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";
/// When a test begins: 2026-03-02T09:00:00Z, a Monday.
pub const START: Timestamp = Timestamp::from_micros(1_772_442_000_000_000);

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody in particular: no credential.
    Nobody,
    /// A member of `demo-co` with this role only.
    Member(Role),
    /// Somebody with an account who belongs to no project.
    Outsider,
    /// A program with this API key.
    Key(String),
}

/// Makes a test of the real service.
pub struct Builder {
    backend: Backend,
    settings: Vec<(String, String)>,
    mail: bool,
    seed: u64,
}

/// The service, as it runs at present.
pub struct Running {
    /// The service itself, for use cases and for looking into its database.
    pub app: Arc<App>,
    /// `http://127.0.0.1:PORT`.
    pub base_url: String,
    server: actix_web::dev::ServerHandle,
}

impl Running {
    async fn stop(self) {
        self.server.stop(false).await;
        self.app.finish(Duration::from_secs(5)).await;
    }
}

/// The running service, with what a test needs around it.
pub struct TestApp {
    running: Running,
    /// The time; move it.
    pub clock: ManualClock,
    /// Mail that the service sent, where [`Builder::with_mail`] asked for it.
    pub mail: Option<SmtpSink>,
    accounts: Vec<(Role, AccountId)>,
    outsider: AccountId,
    http: reqwest::Client,
    folder: TempDir,
    database: Option<TestDatabase>,
}

/// Runs `test` on a fresh service; what `both!` expands to.
pub fn run(backend: Backend, test: impl AsyncFnOnce(&TestApp)) {
    run_with(Builder::new(backend), test);
}

/// Runs `test` on a fresh service with settings of its own.
pub fn run_with(builder: Builder, test: impl AsyncFnOnce(&TestApp)) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let app = builder.start().await;
        test(&app).await;
        app.stop().await;
    });
}

/// `both!(one, two);` makes a test on each database of every `async fn one(app: &TestApp)`.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn on_sqlite() {
                $crate::support::app::run(seatrial_store::Backend::Sqlite, super::$name);
            }

            #[test]
            fn on_postgres() {
                $crate::support::app::run(seatrial_store::Backend::Postgres, super::$name);
            }
        }
    )+};
}
pub(crate) use both;

impl Builder {
    /// A service on this kind of database.
    pub fn new(backend: Backend) -> Self {
        Self { backend, settings: Vec::new(), mail: false, seed: 7 }
    }

    /// With this setting, such as `auth.session_hours`.
    pub fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.push((setting.to_owned(), value.to_owned()));
        self
    }

    /// With a mail server that keeps what it is sent.
    pub fn with_mail(mut self) -> Self {
        self.mail = true;
        self
    }

    /// With other ids than a service beside it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Starts the service.
    pub async fn start(self) -> TestApp {
        let folder = tempfile::tempdir().expect("a folder");
        let database = (self.backend == Backend::Postgres).then(TestDatabase::create);
        let mail = self.mail.then(SmtpSink::start);
        let file = folder.path().join("test.db").display().to_string();
        let url = database.as_ref().map_or(file, |found| found.url().to_owned());
        let clock = ManualClock::new(START);
        let launch = Launch {
            folder: &folder,
            url,
            mail: mail.as_ref(),
            settings: self.settings,
            seed: self.seed,
            clock: &clock,
        };
        let running = launch.start().await;
        let (accounts, outsider) = people(&running.app).await;
        TestApp { running, clock, mail, accounts, outsider, http: http_client(), folder, database }
    }
}

/// What a service is started with.
struct Launch<'a> {
    folder: &'a TempDir,
    url: String,
    mail: Option<&'a SmtpSink>,
    settings: Vec<(String, String)>,
    seed: u64,
    clock: &'a ManualClock,
}

impl Launch<'_> {
    /// Starts the service.
    async fn start(self) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let base_url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let mut overrides = vec![
            ("server.public_url".to_owned(), base_url.clone()),
            ("server.workers".to_owned(), "1".to_owned()),
            ("server.shutdown_seconds".to_owned(), "5".to_owned()),
            ("database.url".to_owned(), self.url.clone()),
            ("database.read_connections".to_owned(), "2".to_owned()),
            ("database.write_connections".to_owned(), "3".to_owned()),
            ("auth.token_key_file".to_owned(), self.folder.path().join("test.key").display().to_string()),
            ("auth.sign_in_attempts_per_minute".to_owned(), "10000".to_owned()),
            ("outbound.allow_private".to_owned(), "true".to_owned()),
            ("outbound.allow_plain_http".to_owned(), "true".to_owned()),
        ];
        if let Some(mail) = self.mail {
            overrides.push(("smtp.host".to_owned(), mail.address().ip().to_string()));
            overrides.push(("smtp.port".to_owned(), mail.address().port().to_string()));
            overrides.push(("smtp.security".to_owned(), "none".to_owned()));
        }
        overrides.extend(self.settings);
        let config = load(&Sources { overrides, ..Sources::default() }).expect("the settings of the tests are valid");
        let mailer = self.mail.is_some().then(|| SmtpMailer::new(&config.smtp).expect("the mail settings are valid"));
        let ports = Ports {
            clock: Arc::new(self.clock.clone()),
            randomness: Arc::new(SeededRandomness::new(self.seed)),
            mailer: mailer.map(|mailer| Arc::new(mailer) as Arc<dyn Mailer>),
            outbound: Arc::new(GuardedOutbound::new(config.outbound.clone())),
        };
        let tokens = Tokens::of_file(config.server.public_url.clone(), &config.auth.token_key_file);
        let tokens = tokens.expect("a signing key");
        let store = open_store(&config).await.expect("the database opens");
        let app = App::new(Arc::new(config), store, tokens, ports).expect("the service starts");
        let server = serve(web::Data::from(Arc::clone(&app)), listener).expect("the server starts");
        let handle = server.handle();
        tokio::spawn(server);
        Running { app, base_url, server: handle }
    }
}

/// The project, a member for each role, and somebody outside.
async fn people(app: &App) -> (Vec<(Role, AccountId)>, AccountId) {
    let new = NewProject { slug: PROJECT.into(), name: "Demo & Co.".into(), settings: ProjectSettings::default() };
    let project = app.create_project_as_system("test", new, None).await.expect("a project is made");
    let tx = app.store.write().await.expect("the database is writable");
    let mut accounts = Vec::new();
    for role in Role::ALL {
        let id = person(app, &tx, role.as_str()).await;
        member::put(&tx, Scope::of(project.id), id, &[*role], START).await.expect("a member is added");
        accounts.push((*role, id));
    }
    let outsider = person(app, &tx, "outsider").await;
    tx.commit().await.expect("the people are there");
    (accounts, outsider)
}

async fn person(app: &App, tx: &seatrial_store::WriteTx, name: &str) -> AccountId {
    // Hashing takes a while on purpose, and everybody's password is the same.
    static HASH: OnceLock<String> = OnceLock::new();
    if HASH.get().is_none() {
        let passwords = Passwords::new(Arc::new(SystemRandomness)).expect("argon2 works");
        let hash = passwords.hash(PASSWORD.to_owned()).await.expect("argon2 works");
        HASH.get_or_init(|| hash);
    }
    let id = app.ids.uuid_v7();
    let row = AccountRow {
        id,
        email: format!("{name}@demo-co.example"),
        name: format!("Demo {name}"),
        password_hash: HASH.get().cloned().unwrap_or_default(),
        created_at: START.micros(),
        disabled_at: None,
        tokens_from: None,
    };
    account::insert(tx, row).await.expect("an account is made");
    AccountId::from_uuid(id)
}

/// A client for a service on loopback, which follows no redirects.
#[expect(
    clippy::disallowed_methods,
    reason = "asks the service under test on loopback, which the guarded client may not"
)]
pub fn http_client() -> reqwest::Client {
    let redirects = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().redirect(redirects).no_proxy().timeout(Duration::from_secs(60));
    client.build().expect("a client")
}

impl std::ops::Deref for TestApp {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl TestApp {
    /// A client that asks as somebody.
    pub fn client(&self, who: Who) -> TestClient<'_> {
        TestClient { test: self, who }
    }

    /// A client that asks as the member with this role.
    pub fn member(&self, role: Role) -> TestClient<'_> {
        self.client(Who::Member(role))
    }

    /// A client that asks with a new API key of `demo-co` with these scopes.
    pub async fn program(&self, scopes: &[KeyScope]) -> TestClient<'_> {
        self.client(Who::Key(self.api_key(scopes).await))
    }

    /// A new API key of `demo-co` with these scopes.
    pub async fn api_key(&self, scopes: &[KeyScope]) -> String {
        let new = NewKey { name: "test".to_owned(), scopes: scopes.to_vec(), expires_at: None };
        let created = self.app.create_api_key(&self.caller(Role::Admin), PROJECT, new).await.expect("a key is made");
        created.key.expose().to_owned()
    }

    /// The account of the member with this role.
    pub fn account(&self, role: Role) -> AccountId {
        let found = self.accounts.iter().find(|(of, _)| *of == role);
        found.map(|(_, id)| *id).expect("there is a member for each role")
    }

    /// The address of the member with this role; the password is [`PASSWORD`].
    pub fn email(&self, role: Role) -> String {
        format!("{}@demo-co.example", role.as_str())
    }

    /// The member with this role, for calling a use case.
    pub fn caller(&self, role: Role) -> Caller {
        Caller::Account { id: self.account(role), name: format!("Demo {}", role.as_str()) }
    }

    /// The id of `demo-co`.
    pub async fn project_id(&self) -> ProjectId {
        self.app.enter_as_system("test", PROJECT).await.expect("the project is there").scope.project()
    }

    /// A folder of this test's own, removed after it.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The same service started again on its database, an SQLite file that it may only read now.
    pub async fn restarted_read_only(mut self) -> Self {
        self.running.stop().await;
        let url = format!("sqlite:{}?mode=ro", self.folder.path().join("test.db").display());
        let mail = self.mail.as_ref();
        let launch = Launch { folder: &self.folder, url, mail, settings: Vec::new(), seed: 7, clock: &self.clock };
        self.running = launch.start().await;
        self
    }

    /// Stops the service in order, and removes its database.
    pub async fn stop(self) {
        let Self { running, folder, database, .. } = self;
        running.stop().await;
        drop((folder, database));
    }
}

/// Asks the service as somebody.
#[derive(Clone)]
pub struct TestClient<'a> {
    test: &'a TestApp,
    who: Who,
}

impl TestClient<'_> {
    /// A request to a path of the service, with this somebody's credential. People get a fresh access token, so the
    /// clock may be moved between two requests.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.test.http.request(method, format!("{}{path}", self.test.base_url));
        let token = |account| self.test.app.issue_token(account).expect("a token").token.expose().to_owned();
        match &self.who {
            Who::Nobody => request,
            Who::Member(role) => request.bearer_auth(token(self.test.account(*role))),
            Who::Outsider => request.bearer_auth(token(self.test.outsider)),
            Who::Key(key) => request.bearer_auth(key),
        }
    }

    /// GET.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// POST.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// PUT.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }
}

/// Sends a request and returns the status and the JSON of the answer; `Value::Null` when it has no body.
pub async fn answer(request: RequestBuilder) -> (u16, serde_json::Value) {
    let response = request.send().await.expect("the service answers");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    if text.is_empty() {
        return (status, serde_json::Value::Null);
    }
    let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status} is no JSON ({error}): {text}"));
    (status, json)
}
