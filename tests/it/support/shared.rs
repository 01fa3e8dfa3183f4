//! The real data beside the repository: agent runs, expected figures, samples.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

/// A file below the shared folder. Panics where it is missing: a test of the real data must not pass without it.
pub fn path(relative: &str) -> PathBuf {
    let shared = match std::env::var("SEATRIAL_TEST_SHARED") {
        Ok(folder) => PathBuf::from(folder),
        Err(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
    };
    let path = shared.join(relative);
    assert!(
        path.exists(),
        "{} is missing. The tests of real runs read the folder `shared` beside this repository; put it there, or name it in \
         SEATRIAL_TEST_SHARED.",
        path.display()
    );
    path
}

/// Every line of a `.jsonl.gz` below the shared folder, decoded.
pub fn json_lines<T: DeserializeOwned>(relative: &str) -> Vec<T> {
    let path = path(relative);
    let file = File::open(&path).unwrap_or_else(|error| panic!("{} does not open: {error}", path.display()));
    let lines = BufReader::new(MultiGzDecoder::new(file)).lines().enumerate();
    lines
        .map(|(index, line)| {
            let at = format!("{}, line {}", path.display(), index + 1);
            let line = line.unwrap_or_else(|error| panic!("{at}: {error}"));
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{at}: {error}"))
        })
        .collect()
}

/// Every row of a CSV file with a header, decoded by column name.
pub fn csv_rows<T: DeserializeOwned>(relative: &str) -> Vec<T> {
    let path = path(relative);
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows = reader.deserialize();
    rows.map(|row| row.unwrap_or_else(|error| panic!("{}: {error}", path.display()))).collect()
}

#[test]
fn the_real_runs_are_there_and_read() {
    let runs: Vec<serde_json::Value> = json_lines("data/agenta_edit.jsonl.gz");
    assert!(!runs.is_empty());
    let summary: Vec<std::collections::HashMap<String, String>> = csv_rows("data/expected/release_summary.csv");
    assert!(!summary.is_empty());
}
