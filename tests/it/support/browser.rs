//! Runs a browser walk from `web/e2e` (built into `web/.e2e` by `make web`) with Node and fails with what it printed.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// A walk that hangs is ended after this long; the longest takes well under two minutes.
const LIMIT: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(50);

/// Runs `web/e2e/<name>.e2e.ts` with settings in its environment, such as `SEATRIAL_BASE_URL`, `SEATRIAL_EMAIL`, `SEATRIAL_PASSWORD`.
/// Panics with the script's output when it fails. Await it: the service under test goes on in the same process.
pub async fn walk(name: &str, settings: &[(&str, &str)]) {
    let name = name.to_owned();
    let settings: Vec<(String, String)> =
        settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let walk = tokio::task::spawn_blocking(move || run(&name, &settings));
    if let Err(error) = walk.await {
        std::panic::resume_unwind(error.into_panic());
    }
}

fn run(name: &str, settings: &[(String, String)]) {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let script = web.join(".e2e").join(format!("{name}.e2e.mjs"));
    assert!(script.is_file(), "{} is not built; run `make web`", script.display());
    let mut child = Command::new("node")
        .arg(&script)
        .current_dir(&web)
        .envs(settings.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node runs the browser tests");
    let out = pass_on(name, child.stdout.take().expect("its output is a pipe"));
    let err = pass_on(name, child.stderr.take().expect("its error output is a pipe"));
    let status = wait(&mut child);
    let said = [out, err].map(|reader| reader.join().expect("a reader ends with its pipe")).concat();
    match status {
        Some(status) => assert!(status.success(), "the browser walk {name} failed ({status}):\n{said}"),
        None => panic!("the browser walk {name} was ended after {} s:\n{said}", LIMIT.as_secs()),
    }
}

/// Shows each line at once, so that a long walk can be followed, and keeps it for the failure message.
fn pass_on(name: &str, pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    let name = name.to_owned();
    std::thread::spawn(move || {
        let mut said = String::new();
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            // A closed terminal must not fail the walk.
            let _ = writeln!(std::io::stderr(), "[{name}] {line}");
            said.push_str(&line);
            said.push('\n');
        }
        said
    })
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let mut left = LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        if left.is_zero() {
            child.kill().expect("a running child can be ended");
            child.wait().expect("an ended child can be waited for");
            return None;
        }
        pause();
        left = left.saturating_sub(LOOK);
    }
}

#[expect(clippy::disallowed_methods, reason = "this thread is made for waiting: std has no wait with a time limit")]
fn pause() {
    std::thread::sleep(LOOK);
}
