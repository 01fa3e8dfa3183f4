//! What a child process used, read from `/proc`, and what it stored.

use std::fs;
use std::path::Path;

use super::Outcome;

/// Clock ticks in a second, the unit of `/proc/<pid>/stat`: 100 on every Linux this runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time of a process and all its threads so far, user and system, in seconds.
pub fn cpu_seconds(pid: u32) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold spaces; fields are counted from behind it, where the state is field 3.
    let fields: Vec<&str> = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
    let ticks = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<f64>().ok());
    let (user, system) = ticks(14).zip(ticks(15)).ok_or_else(|| format!("/proc/{pid}/stat has no times"))?;
    Ok((user + system) / TICKS_PER_SECOND)
}

/// The most memory a process has held at once (resident), in bytes.
pub fn peak_memory_bytes(pid: u32) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.trim().parse::<u64>().ok());
    Ok(kib.ok_or_else(|| format!("/proc/{pid}/status has no VmHWM"))? * 1_024)
}

/// The size of the database in a directory, its write-ahead log included, in bytes.
pub fn stored_bytes(directory: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if [".db", ".db-wal"].iter().any(|end| name.to_string_lossy().ends_with(end)) {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}
