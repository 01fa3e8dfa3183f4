//! How far an import has come, kept beside the file so that it can go on where it stopped.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::auth::secret::hex;

/// The layout of the state file.
const LAYOUT: u32 = 1;
/// So many bytes at its head tell a file from another one; the rest may still grow.
const HEAD_BYTES: u64 = 64 << 10;

/// What became of the lines so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Lines of the file dealt with, empty ones included.
    pub lines: u64,
    /// Runs that were new.
    pub created: u64,
    /// Runs that were known and got more facts.
    pub updated: u64,
    /// Runs that were known already.
    pub unchanged: u64,
    /// Lines that were refused.
    pub rejected: u64,
}

/// Where an import stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    layout: u32,
    /// Where the runs go: another place begins anew.
    target: String,
    head_bytes: u64,
    head_sha256: String,
    /// Bytes of the file dealt with, after decompression.
    pub bytes: u64,
    /// What became of them.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The state file of `file`.
#[must_use]
pub fn path_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".seatrial-progress");
    PathBuf::from(name)
}

impl Progress {
    /// Where the import of `file` to `target` stands: at the beginning, unless a state file fits both.
    ///
    /// # Errors
    /// When the file cannot be read. A state file that cannot is ignored: beginning anew is safe.
    pub fn load(file: &Path, target: &str) -> io::Result<Self> {
        let known = std::fs::read(path_of(file)).ok().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        if let Some(known) = known.filter(|known| known.layout == LAYOUT && known.target == target) {
            let (head_bytes, head_sha256) = head(file, known.head_bytes)?;
            if (head_bytes, &head_sha256) == (known.head_bytes, &known.head_sha256) {
                return Ok(known);
            }
        }
        let (head_bytes, head_sha256) = head(file, HEAD_BYTES)?;
        let counts = Counts::default();
        Ok(Self { layout: LAYOUT, target: target.to_owned(), head_bytes, head_sha256, bytes: 0, counts })
    }

    /// Writes the state file, whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let path = path_of(file);
        let mut half = path.clone().into_os_string();
        half.push(".tmp");
        File::create(&half)?.write_all(&serde_json::to_vec(self)?)?;
        std::fs::rename(&half, &path)
    }

    /// Forgets the state of an import that is done.
    pub fn clear(file: &Path) {
        // Left behind it does no harm: the next import of the same file finds nothing to send.
        let _ = std::fs::remove_file(path_of(file));
    }
}

/// The length and the SHA-256 of the first `bytes` bytes of the file, or of all where it is shorter.
fn head(file: &Path, bytes: u64) -> io::Result<(u64, String)> {
    let mut head = Vec::new();
    File::open(file)?.take(bytes).read_to_end(&mut head)?;
    Ok((head.len() as u64, hex(&Sha256::digest(&head))))
}
