//! What an OTLP request comes wrapped in: its content type and its compression.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use seatrial_domain::limits;

use super::DecodeError;

/// The two encodings of OTLP/HTTP. A response uses that of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

impl Format {
    /// The format of a `Content-Type` header.
    ///
    /// # Errors
    /// [`DecodeError::ContentType`] for any other, or none.
    pub fn of(content_type: Option<&str>) -> Result<Self, DecodeError> {
        let given = content_type.unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-protobuf") {
            Ok(Self::Protobuf)
        } else if essence.eq_ignore_ascii_case("application/json") {
            Ok(Self::Json)
        } else {
            Err(DecodeError::ContentType(clean(given)))
        }
    }

    /// The `Content-Type` of a response.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// With gzip, which every OTLP exporter can.
    Gzip,
    /// With Zstandard, which the OpenTelemetry Collector can.
    Zstd,
}

impl Encoding {
    /// The encoding of a `Content-Encoding` header.
    ///
    /// # Errors
    /// [`DecodeError::ContentEncoding`] for any other encoding, also for several on top of each other.
    pub fn of(content_encoding: Option<&str>) -> Result<Self, DecodeError> {
        let given = content_encoding.unwrap_or_default().trim();
        let is = |name: &str| given.eq_ignore_ascii_case(name);
        if given.is_empty() || is("identity") {
            Ok(Self::Identity)
        } else if is("gzip") || is("x-gzip") {
            Ok(Self::Gzip)
        } else if is("zstd") {
            Ok(Self::Zstd)
        } else {
            Err(DecodeError::ContentEncoding(clean(given)))
        }
    }
}

/// Decompresses a body with [`limits::OTLP_DECOMPRESSED_BYTES`] as the hard cap on what comes out. Meant for a thread
/// that may block. Memory never exceeds the cap (with Zstandard, plus the window), whatever the body claims.
///
/// # Errors
/// [`DecodeError::TooLarge`] beyond the cap, [`DecodeError::Malformed`] when the body is not so compressed.
pub fn decompress(body: &[u8], encoding: Encoding) -> Result<Cow<'_, [u8]>, DecodeError> {
    decompress_to(body, encoding, limits::OTLP_DECOMPRESSED_BYTES)
}

/// Like [`decompress`], with a cap of one's own in bytes.
///
/// # Errors
/// As [`decompress`].
pub fn decompress_to(body: &[u8], encoding: Encoding, cap: usize) -> Result<Cow<'_, [u8]>, DecodeError> {
    let malformed = |name: &str, error: &std::io::Error| {
        DecodeError::Malformed(format!("the body is not valid {name} ({error}); send it again"))
    };
    match encoding {
        Encoding::Identity if body.len() > cap => Err(DecodeError::TooLarge { cap }),
        Encoding::Identity => Ok(Cow::Borrowed(body)),
        Encoding::Gzip => {
            let size = first_size(body, cap);
            read_capped(MultiGzDecoder::new(body), size, cap, |error| malformed("gzip", error)).map(Cow::Owned)
        }
        Encoding::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(body).map_err(|error| malformed("zstd", &error))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|error| malformed("zstd", &error))?;
            let size = body.len().saturating_mul(4).min(cap) + 1;
            read_capped(decoder, size, cap, |error| malformed("zstd", error)).map(Cow::Owned)
        }
    }
}

/// The largest window of a Zstandard body: 8 MiB, what RFC 8878 asks every decoder to have.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Reads all of `reader` unless it is more than `cap` bytes; begins with room for `size`.
fn read_capped(
    mut reader: impl Read,
    size: usize,
    cap: usize,
    malformed: impl Fn(&std::io::Error) -> DecodeError,
) -> Result<Vec<u8>, DecodeError> {
    let mut out = vec![0; size];
    let mut filled = 0;
    loop {
        if filled == out.len() {
            if filled > cap {
                return Err(DecodeError::TooLarge { cap });
            }
            // One byte beyond the cap is room enough to see that there is more.
            let wanted = (filled.max(4 << 10) * 2).min(cap + 1);
            out.reserve_exact(wanted - filled);
            out.resize(wanted, 0);
        }
        match reader.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(malformed(&error)),
        }
    }
    if filled > cap {
        return Err(DecodeError::TooLarge { cap });
    }
    out.truncate(filled);
    Ok(out)
}

/// The size of a gzip body to begin with: what the last member says it holds, within what the format can reach (1,032 to 1).
fn first_size(body: &[u8], cap: usize) -> usize {
    let claimed = body.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    claimed.min(body.len().saturating_mul(1_032)).min(cap) + 1
}

/// A header's value for a message: short and without control characters.
fn clean(header: &str) -> String {
    header.chars().filter(|c| !c.is_control()).take(60).collect()
}
