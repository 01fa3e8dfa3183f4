//! Servers that are measured, each in a child process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Outcome;
use super::http::{Target, answers_ok, pause};

/// How long a server may take until it answers.
const START_TIME: Duration = Duration::from_secs(30);

/// A server that runs; killed when dropped.
pub struct Running {
    child: Child,
    target: Target,
}

impl Running {
    /// Waits until `path` is answered 200.
    pub fn wait(child: Child, target: Target, path: &str) -> Outcome<Self> {
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

/// The service: the real program, as it is served.
pub struct Service {
    /// Threads that serve HTTP.
    pub workers: usize,
}

impl Service {
    const PROGRAM: &'static str = env!("CARGO_BIN_EXE_seatrial");
    /// The name of its database file.
    pub const DATABASE: &'static str = "service.db";

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

    /// Makes a project with an API key of these scopes; returns the headers that carry the key.
    pub fn provision(&self, directory: &Path, project: &str, scopes: &[&str]) -> Outcome<Vec<(String, String)>> {
        let address = free_address()?;
        let made = self.command(directory, address).args(["project", "create", project]).output()?;
        if !made.status.success() {
            return Err(format!("no project could be made: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        let mut command = self.command(directory, address);
        command.args(["key", "create", "--project", project, "--name", project]);
        command.args(scopes.iter().flat_map(|scope| ["--scope", *scope]));
        let made = command.output()?;
        let key = String::from_utf8(made.stdout)?.trim().to_owned();
        if !made.status.success() || key.is_empty() {
            return Err(format!("no API key could be made: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        Ok(vec![("authorization".to_owned(), format!("Bearer {key}"))])
    }

    /// Starts it with its database in `directory`; requests carry `headers`.
    pub fn start(&self, directory: &Path, headers: Vec<(String, String)>) -> Outcome<Running> {
        let address = free_address()?;
        let child = self.command(directory, address).arg("serve").stderr(Stdio::null()).spawn()?;
        Running::wait(child, Target { address, headers }, "/readyz")
    }
}

/// An address on this machine that nothing listens on.
pub fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
