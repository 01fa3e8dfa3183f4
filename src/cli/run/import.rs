//! `seatrial run import`: the lines of a file, in batches, to a project of a running service.

use std::io;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use seatrial_domain::limits;
use serde::Serialize;
use url::Url;

use super::lines::{Line, Lines};
use super::progress::{Counts, Progress};
use super::sender::{BatchAnswer, Sender};
use crate::auth::secret::Secret;

/// Most lines in one request: an answer, and with it a step of the progress, comes about every second.
const BATCH_LINES: usize = 500;
/// Most bytes in one request; a single longer line goes alone.
const BATCH_BYTES: usize = 8 << 20;

/// What to import, and where.
#[derive(Clone, Debug)]
pub struct Import {
    /// The file: one run a line, plain or gzipped.
    pub file: PathBuf,
    /// Where the service is.
    pub url: Url,
    /// An API key with the scope `ingest`.
    pub key: Secret,
    /// The project's name in URLs.
    pub project: String,
}

/// Something to tell the person who waits. Texts are foreign: escape them where they are shown.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The import goes on after this line.
    Resumed {
        /// Lines dealt with before.
        lines: u64,
    },
    /// A line was rejected; the others of its batch were not.
    Rejected {
        /// Its number in the file, from 1.
        line: u64,
        /// Why.
        why: &'a str,
    },
    /// The service is busy or away; the batch is sent again.
    Waiting {
        /// In so many seconds.
        seconds: u64,
        /// What it said.
        why: &'a str,
    },
    /// The state file cannot be written, so an interrupted import would begin anew.
    NotResumable {
        /// What the system said.
        why: &'a str,
    },
}

/// What became of an import, resumed parts included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Lines dealt with by an earlier call that was interrupted.
    pub resumed_after_line: u64,
}

/// Why an import stopped. It can be repeated: it goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read `{}` after line {lines}: {why}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Lines read before.
        lines: u64,
        /// What the system said.
        why: io::Error,
    },
    /// The address cannot be used.
    #[error("`{0}` cannot be the address of the service; write it like https://seatrial.example.com")]
    Url(Url),
    /// The service refused a batch as a whole.
    #[error("the service refused the runs ({status}): {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        detail: String,
    },
    /// The service did not answer.
    #[error("the service does not answer ({why}); nothing is lost: run the same command again to go on")]
    NoAnswer {
        /// What went wrong.
        why: String,
    },
}

/// A batch that grows, with the number of the line that each of its runs is on.
#[derive(Default)]
struct Batch {
    body: Vec<u8>,
    lines: Vec<u64>,
}

impl Batch {
    fn has_room(&self, bytes: usize) -> bool {
        self.lines.is_empty() || (self.lines.len() < BATCH_LINES && self.body.len() + bytes < BATCH_BYTES)
    }

    fn push(&mut self, number: u64, text: &[u8]) {
        self.body.extend_from_slice(text);
        self.body.push(b'\n');
        self.lines.push(number);
    }
}

/// The address of the project's runs.
fn address(import: &Import) -> Result<Url, ImportError> {
    let mut url = import.url.clone();
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    match url.path_segments_mut() {
        Ok(mut path) if usable => {
            path.pop_if_empty().extend(["api", "v1", "projects", &import.project, "runs"]);
        }
        _ => return Err(ImportError::Url(import.url.clone())),
    }
    Ok(url)
}

/// A bar on standard error, by the bytes of the file; hidden where that is no terminal.
fn progress_bar(file_bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}  {msg}  {eta} left");
    let bar = ProgressBar::new(file_bytes);
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

/// The state of one call.
struct Importer<'a> {
    import: &'a Import,
    sender: Sender,
    progress: Progress,
    bar: ProgressBar,
    resumable: bool,
    tell: &'a mut dyn FnMut(Event<'_>),
}

/// Sends the runs of a file. Everything told goes through `tell`, in the order of the file.
///
/// # Errors
/// [`ImportError`] when the file cannot be read or the service refuses or does not answer. Rejected lines are no error
/// of the import; they are told and counted.
pub async fn import(import: &Import, tell: &mut dyn FnMut(Event<'_>)) -> Result<Summary, ImportError> {
    let failed = |why| ImportError::File { file: import.file.clone(), lines: 0, why };
    let url = address(import)?;
    let progress = Progress::load(&import.file, url.as_str()).map_err(failed)?;
    let bar = progress_bar(std::fs::metadata(&import.file).map_err(failed)?.len());
    let resumed_after_line = progress.counts.lines;
    if resumed_after_line > 0 {
        tell(Event::Resumed { lines: resumed_after_line });
    }
    let start = (progress.bytes, resumed_after_line);
    let lines = Lines::open(&import.file, start, limits::RUN_LINE_BYTES, &bar).map_err(failed)?;
    let sender = Sender::new(url, import.key.clone())?;
    let mut importer = Importer { import, sender, progress, bar, resumable: true, tell };
    let result = importer.run(lines).await;
    importer.bar.finish_and_clear();
    result?;
    Progress::clear(&import.file);
    Ok(Summary { counts: importer.progress.counts, resumed_after_line })
}

impl Importer<'_> {
    async fn run(&mut self, mut lines: Lines) -> Result<(), ImportError> {
        let mut batch = Batch::default();
        loop {
            let before = (lines.bytes, lines.count);
            let line = lines.next_line().map_err(|why| ImportError::File {
                file: self.import.file.clone(),
                lines: lines.count,
                why,
            })?;
            match line {
                None => return self.send(batch, before).await,
                Some(Line::TooLong(bytes)) => {
                    // What is before it first, so that lines are told in their order.
                    self.send(std::mem::take(&mut batch), before).await?;
                    let most = limits::RUN_LINE_BYTES;
                    self.reject(lines.count, &format!("the line is {bytes} bytes long; at most {most} are taken"));
                    self.advance((lines.bytes, lines.count));
                }
                Some(Line::Text(text)) if text.trim_ascii().is_empty() => {}
                Some(Line::Text(text)) => {
                    if !batch.has_room(text.len()) {
                        self.send(std::mem::take(&mut batch), before).await?;
                    }
                    batch.push(lines.count, &text);
                }
            }
        }
    }

    /// Sends a batch and notes that everything up to `end` (bytes, lines) is dealt with.
    async fn send(&mut self, batch: Batch, end: (u64, u64)) -> Result<(), ImportError> {
        if !batch.lines.is_empty() {
            let bar = &self.bar;
            let tell = &mut *self.tell;
            let answer = self.sender.send(&batch.body, &mut |event| bar.suspend(|| tell(event))).await?;
            self.count(&batch, &answer);
        }
        self.advance(end);
        Ok(())
    }

    fn count(&mut self, batch: &Batch, answer: &BatchAnswer) {
        let counts = &mut self.progress.counts;
        counts.created += answer.created;
        counts.updated += answer.updated;
        counts.unchanged += answer.unchanged;
        for result in &answer.results {
            if let Some((line, why)) = batch.lines.get(result.index).zip(result.error.as_deref()) {
                self.reject(*line, why);
            }
        }
    }

    fn reject(&mut self, line: u64, why: &str) {
        self.progress.counts.rejected += 1;
        self.bar.suspend(|| (self.tell)(Event::Rejected { line, why }));
    }

    fn advance(&mut self, (bytes, lines): (u64, u64)) {
        self.progress.bytes = bytes;
        self.progress.counts.lines = lines;
        self.bar.set_message(format!("line {lines}"));
        if !self.resumable {
            return;
        }
        if let Err(error) = self.progress.save(&self.import.file) {
            self.resumable = false;
            self.bar.suspend(|| (self.tell)(Event::NotResumable { why: &error.to_string() }));
        }
    }
}
