//! What is measured: a server on an empty database in a directory of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::Outcome;
use crate::support::http::Target;
use crate::support::server::{Running, Service, free_address};

/// Something that takes OTLP over HTTP.
pub trait Subject {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Starts it with its database in `directory`, and returns when it answers.
    fn start(&self, directory: &Path) -> Outcome<Running>;
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

impl Subject for Service {
    fn name(&self) -> &'static str {
        "service"
    }

    fn start(&self, directory: &Path) -> Outcome<Running> {
        let headers = self.provision(directory, "bench", &["ingest"])?;
        self.start(directory, headers)
    }
}
