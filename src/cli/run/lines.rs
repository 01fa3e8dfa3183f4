//! Reading a file of lines, plain or gzipped, with a bound on the length of a line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;

/// What a gzip stream begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A line of the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Its bytes, without the line end.
    Text(Vec<u8>),
    /// It has this many bytes, which is more than the bound; they were not kept.
    TooLong(u64),
}

/// The lines of a file, in order.
pub struct Lines {
    input: Box<dyn BufRead>,
    longest: usize,
    /// Bytes read so far, after decompression.
    pub bytes: u64,
    /// Lines read so far.
    pub count: u64,
}

impl Lines {
    /// Opens `path` after its first `bytes` bytes (after decompression) and `count` lines. `bar` follows the bytes read
    /// of the file as it is on disk. Lines of more than `longest` bytes are not kept.
    pub fn open(path: &Path, (bytes, count): (u64, u64), longest: usize, bar: &ProgressBar) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = Vec::new();
        file.by_ref().take(GZIP.len() as u64).read_to_end(&mut magic)?;
        file.rewind()?;
        let input: Box<dyn BufRead> = if magic == GZIP {
            let mut plain = BufReader::new(MultiGzDecoder::new(BufReader::new(bar.wrap_read(file))));
            io::copy(&mut plain.by_ref().take(bytes), &mut io::sink())?;
            Box::new(plain)
        } else {
            file.seek(SeekFrom::Start(bytes))?;
            bar.set_position(bytes);
            Box::new(BufReader::new(bar.wrap_read(file)))
        };
        Ok(Self { input, longest, bytes, count })
    }

    /// The next line; `None` at the end of the file.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let mut length: u64 = 0;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() && length == 0 {
                return Ok(None);
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let text = &available[..end.unwrap_or(available.len())];
            length += text.len() as u64;
            if length <= self.longest as u64 {
                line.extend_from_slice(text);
            }
            let (used, last) = (end.map_or(available.len(), |at| at + 1), end.is_some() || available.is_empty());
            self.input.consume(used);
            self.bytes += used as u64;
            if last {
                self.count += 1;
                return Ok(Some(if length > self.longest as u64 { Line::TooLong(length) } else { Line::Text(line) }));
            }
        }
    }
}
