//! The binary forms kept in blob columns: a version byte, then postcard. Compressed bodies are zstd frames, which may
//! be appended to one another and still decompress as one.

use std::cell::RefCell;

use seatrial_domain::cell::{Block, Cell};
use seatrial_domain::drift::Watch;
use seatrial_domain::evidence::Prefix;
use seatrial_domain::gate::Progress;
use seatrial_domain::span::Span;
use seatrial_domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zstd::bulk::Compressor;

use crate::error::StoreError;

/// The layout of a trace's skeleton. Raised when one of its types changes.
const SPANS: u8 = 1;
/// The layout of cells and evidence blocks. Raised when one of their types changes, together with a migration that has
/// them recomputed from the runs.
const SUMS: u8 = 2;
/// The layout of a watch. Raised when one of its types changes: it is then computed anew.
const WATCHES: u8 = 1;
/// The layout of a prefix of a gate's evidence. Raised when one of its types changes, or how blocks are cut: it is then
/// computed anew.
const PREFIXES: u8 = 2;
/// Compression level: the fastest. Traces are written once and read rarely.
const LEVEL: i32 = 1;

fn encode<T: Serialize>(what: &'static str, layout: u8, value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(value, vec![layout]).map_err(|error| StoreError::corrupt(what, error))
}

fn decode<T: DeserializeOwned>(what: &'static str, layout: u8, bytes: &[u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&found, rest)) if found == layout => {
            postcard::from_bytes(rest).map_err(|error| StoreError::corrupt(what, error))
        }
        Some((found, _)) => Err(StoreError::corrupt(what, format!("layout {found} is not {layout}"))),
        None => Err(StoreError::corrupt(what, "it is empty")),
    }
}

pub(crate) fn encode_cell(cell: &Cell) -> Result<Vec<u8>, StoreError> {
    encode("cell", SUMS, cell)
}

pub(crate) fn decode_cell(bytes: &[u8]) -> Result<Cell, StoreError> {
    decode("cell", SUMS, bytes)
}

pub(crate) fn encode_blocks(blocks: &[Block]) -> Result<Vec<u8>, StoreError> {
    encode("block", SUMS, &blocks)
}

pub(crate) fn decode_blocks(bytes: &[u8]) -> Result<Vec<Block>, StoreError> {
    decode("block", SUMS, bytes)
}

pub(crate) fn encode_watch(watch: &Watch) -> Result<Vec<u8>, StoreError> {
    encode("watch", WATCHES, watch)
}

pub(crate) fn decode_watch(bytes: &[u8]) -> Result<Watch, StoreError> {
    decode("watch", WATCHES, bytes)
}

pub(crate) fn encode_prefix(prefix: &Prefix, progress: &Progress) -> Result<Vec<u8>, StoreError> {
    encode("prefix", PREFIXES, &(prefix.through(), prefix, progress))
}

pub(crate) fn decode_prefix(bytes: &[u8]) -> Result<(Prefix, Progress), StoreError> {
    let (_, prefix, progress): (Timestamp, _, _) = decode("prefix", PREFIXES, bytes)?;
    Ok((prefix, progress))
}

/// Up to which time a prefix goes, without the rest of it.
pub(crate) fn decode_prefix_through(bytes: &[u8]) -> Result<Timestamp, StoreError> {
    match bytes.split_first() {
        Some((&PREFIXES, rest)) => {
            let read = postcard::take_from_bytes(rest).map_err(|error| StoreError::corrupt("prefix", error))?;
            Ok(read.0)
        }
        _ => Err(StoreError::corrupt("prefix", "it is of another layout")),
    }
}

pub(crate) fn encode_spans(spans: &[Span]) -> Result<Vec<u8>, StoreError> {
    let plain = encode("trace skeleton", SPANS, &spans)?;
    compress(&plain)
}

pub(crate) fn decode_spans(bytes: &[u8]) -> Result<Vec<Span>, StoreError> {
    decode("trace skeleton", SPANS, &decompress(bytes)?)
}

/// Compresses a body for storage.
///
/// # Errors
/// Only when memory is exhausted.
pub fn compress(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    thread_local! {
        /// A compressor is a megabyte of tables that take longer to clear than a short trace to compress: one a thread.
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(known) => known,
            None => slot.insert(Compressor::new(LEVEL).map_err(|error| StoreError::corrupt("body", error))?),
        };
        compressor.compress(bytes).map_err(|error| StoreError::corrupt("body", error))
    })
}

/// Decompresses a stored body, made of one or several frames; of none once retention has removed it.
///
/// # Errors
/// When the stored bytes are damaged.
pub fn decompress(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    zstd::stream::decode_all(bytes).map_err(|error| StoreError::corrupt("body", error))
}
