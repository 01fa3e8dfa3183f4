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

/// Whether a `Content-Encoding` header means gzip; `false` for none or `identity`.
///
/// # Errors
/// [`DecodeError::ContentEncoding`] for any other encoding, also for several on top of each other.
pub fn is_gzip(content_encoding: Option<&str>) -> Result<bool, DecodeError> {
    let given = content_encoding.unwrap_or_default().trim();
    if given.is_empty() || given.eq_ignore_ascii_case("identity") {
        Ok(false)
    } else if given.eq_ignore_ascii_case("gzip") || given.eq_ignore_ascii_case("x-gzip") {
        Ok(true)
    } else {
        Err(DecodeError::ContentEncoding(clean(given)))
    }
}

/// Decompresses a body with [`limits::OTLP_DECOMPRESSED_BYTES`] as the hard cap on what comes out. Meant for a thread
/// that may block. Memory never exceeds the cap, whatever the body claims.
///
/// # Errors
/// [`DecodeError::TooLarge`] beyond the cap, [`DecodeError::Malformed`] when it is no gzip.
pub fn decompress(body: &[u8], gzip: bool) -> Result<Cow<'_, [u8]>, DecodeError> {
    decompress_to(body, gzip, limits::OTLP_DECOMPRESSED_BYTES)
}

/// Like [`decompress`], with a cap of one's own in bytes.
///
/// # Errors
/// As [`decompress`].
pub fn decompress_to(body: &[u8], gzip: bool, cap: usize) -> Result<Cow<'_, [u8]>, DecodeError> {
    if !gzip {
        return if body.len() > cap { Err(DecodeError::TooLarge { cap }) } else { Ok(Cow::Borrowed(body)) };
    }
    let mut reader = MultiGzDecoder::new(body);
    let mut out = vec![0; first_size(body, cap)];
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
            Err(error) => {
                return Err(DecodeError::Malformed(format!("the body is not valid gzip ({error}); send it again")));
            }
        }
    }
    if filled > cap {
        return Err(DecodeError::TooLarge { cap });
    }
    out.truncate(filled);
    Ok(Cow::Owned(out))
}

/// The size to begin with: what the last member says it holds, within what the format can reach (1,032 to 1).
fn first_size(body: &[u8], cap: usize) -> usize {
    let claimed = body.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    claimed.min(body.len().saturating_mul(1_032)).min(cap) + 1
}

/// A header's value for a message: short and without control characters.
fn clean(header: &str) -> String {
    header.chars().filter(|c| !c.is_control()).take(60).collect()
}
