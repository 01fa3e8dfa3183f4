//! A fresh PostgreSQL database for each test, dropped with its guard. The cluster is the one that `make test` started
//! (`SEATRIAL_TEST_POSTGRES_URL`); where there is none, one is started for this process and stops with it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use url::Url;

/// A running cluster. It is never dropped; the pipe in it closes with the process, and that stops the cluster.
struct Cluster {
    url: Url,
    psql: PathBuf,
    _lifeline: Option<(Child, ChildStdin)>,
}

/// A database of its own for one test.
pub struct TestDatabase {
    url: Url,
    name: String,
}

impl TestDatabase {
    /// Creates an empty database. Panics, with what PostgreSQL said, where that fails: a test that needs it must not pass without it.
    pub fn create() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("seatrial_{}_{number}", std::process::id());
        // template0: nobody can be connected to it, so tests can create databases at the same time.
        cluster().run(&format!("CREATE DATABASE \"{name}\" TEMPLATE template0"));
        let mut url = cluster().url.clone();
        url.set_path(&name);
        Self { url, name }
    }

    /// Where the service connects.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // Left for a look; the cluster goes with the run.
        }
        cluster().run(&format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name));
    }
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| match std::env::var("SEATRIAL_TEST_POSTGRES_URL") {
        Ok(url) => Cluster { url: parse(&url), psql: psql(), _lifeline: None },
        Err(_) => Cluster::start(),
    })
}

impl Cluster {
    fn start() -> Self {
        let mut child = Command::new("bash")
            .arg(script("postgres.sh"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash runs scripts/postgres.sh");
        let lifeline = child.stdin.take().expect("its input is a pipe");
        let mut url = String::new();
        let output = child.stdout.take().expect("its output is a pipe");
        BufReader::new(output).read_line(&mut url).expect("scripts/postgres.sh prints the cluster's URL");
        assert!(!url.is_empty(), "scripts/postgres.sh did not start PostgreSQL; what it said is above");
        Self { url: parse(url.trim()), psql: psql(), _lifeline: Some((child, lifeline)) }
    }

    fn run(&self, sql: &str) {
        let output = Command::new(&self.psql)
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url.as_str(), "-c", sql])
            .output()
            .unwrap_or_else(|error| panic!("{} does not run: {error}", self.psql.display()));
        assert!(output.status.success(), "PostgreSQL refused {sql}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn parse(url: &str) -> Url {
    Url::parse(url).unwrap_or_else(|error| panic!("SEATRIAL_TEST_POSTGRES_URL is not a URL ({error}): {url}"))
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name)
}

/// The psql that came with the server, or the one on the path.
fn psql() -> PathBuf {
    let output = Command::new("bash")
        .arg(script("install-test-tools.sh"))
        .env("SEATRIAL_PRINT", "postgres_bin")
        .output()
        .expect("bash runs scripts/install-test-tools.sh");
    let beside_server = Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("psql");
    if beside_server.is_file() { beside_server } else { PathBuf::from("psql") }
}

#[test]
fn databases_are_apart_and_go_with_their_guard() {
    let first = TestDatabase::create();
    let second = TestDatabase::create();
    assert_ne!(first.url(), second.url());
    let exists = format!("SELECT 1 / count(*) FROM pg_database WHERE datname = '{}'", first.name);
    cluster().run(&exists);
    let name = first.name.clone();
    drop(first);
    cluster().run(&format!("SELECT 1 / (1 - count(*)) FROM pg_database WHERE datname = '{name}'"));
}
