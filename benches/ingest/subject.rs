//! What is measured: a server in a child process, on an empty database in a directory of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Outcome;
use super::load::{Target, answers_ok, pause};

/// How long a server may take until it answers.
const START_TIME: Duration = Duration::from_secs(30);

/// Something that takes OTLP over HTTP.
pub trait Subject {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Starts it with its database in `directory`, and returns when it answers.
    fn start(&self, directory: &Path) -> Outcome<Running>;
}

/// A server that runs; killed when dropped.
pub struct Running {
    child: Child,
    target: Target,
}

impl Running {
    /// Waits until `path` is answered 200.
    fn wait(child: Child, target: Target, path: &str) -> Outcome<Self> {
        let mut running = Self { child, target };
        let begun = Instant::now();
        while !answers_ok(&running.target, path) {
            if let Some(status) = running.child.try_wait()? {
                return Err(format!("the server ended with {status} before it answered").into());
            }
            if begun.elapsed() > START_TIME {
                return Err(format!("the server did not answer {path} within {START_TIME:?}").into());
            }
            pause(Duration::from_millis(20));
        }
        Ok(running)
    }

    /// Where to send to.
    pub fn target(&self) -> Target {
        self.target.clone()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it.
    pub fn stop(mut self) -> Outcome<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended when it was stopped; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The reference: this program in its other role.
pub struct Reference {
    /// Threads that serve HTTP.
    pub workers: usize,
}

impl Subject for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn start(&self, directory: &Path) -> Outcome<Running> {
        let address = free_address()?;
        let child = Command::new(std::env::current_exe()?)
            .arg("reference")
            .arg("--database")
            .arg(directory.join("reference.db"))
            .args(["--port", &address.port().to_string(), "--workers", &self.workers.to_string()])
            .stdin(Stdio::null())
            .spawn()?;
        Running::wait(child, Target { address, headers: Vec::new() }, "/healthz")
    }
}

/// The service: the real program, as it is served.
pub struct Service {
    /// Threads that serve HTTP.
    pub workers: usize,
}

impl Service {
    const PROGRAM: &'static str = env!("CARGO_BIN_EXE_seatrial");
    const DATABASE: &'static str = "service.db";

    /// The program with the settings of the benchmark: the documented defaults, but for where things are.
    fn command(&self, directory: &Path, address: SocketAddr) -> Command {
        let mut command = Command::new(Self::PROGRAM);
        command
            .current_dir(directory)
            .env("SEATRIAL_SERVER__LISTEN", address.to_string())
            .env("SEATRIAL_SERVER__PUBLIC_URL", format!("http://{address}"))
            .env("SEATRIAL_SERVER__WORKERS", self.workers.to_string())
            .env("SEATRIAL_DATABASE__URL", directory.join(Self::DATABASE))
            .env("SEATRIAL_AUTH__TOKEN_KEY_FILE", directory.join("service.key"))
            .env("SEATRIAL_LOG__LEVEL", "warn")
            .stdin(Stdio::null());
        command
    }

    /// Makes a project with an API key that may send runs; returns the headers that carry the key.
    fn provision(&self, directory: &Path, address: SocketAddr) -> Outcome<Vec<(String, String)>> {
        let project = self.command(directory, address).args(["project", "create", "bench"]).output()?;
        if !project.status.success() {
            return Err(format!("no project could be made: {}", String::from_utf8_lossy(&project.stderr)).into());
        }
        let made = self
            .command(directory, address)
            .args(["key", "create", "--project", "bench", "--scope", "ingest", "--name", "bench"])
            .stderr(Stdio::inherit())
            .output()?;
        let key = String::from_utf8(made.stdout)?.trim().to_owned();
        if !made.status.success() || key.is_empty() {
            return Err(format!("no API key could be made: {}", made.status).into());
        }
        Ok(vec![("authorization".to_owned(), format!("Bearer {key}"))])
    }
}

impl Subject for Service {
    fn name(&self) -> &'static str {
        "service"
    }

    fn start(&self, directory: &Path) -> Outcome<Running> {
        let address = free_address()?;
        let headers = self.provision(directory, address)?;
        let child = self.command(directory, address).arg("serve").spawn()?;
        Running::wait(child, Target { address, headers }, "/readyz")
    }
}

/// An address on this machine that nothing listens on.
fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
