//! `seatrial openapi`: the OpenAPI document of this version, as it is committed.

use super::printer;

/// Prints the document.
pub fn run() {
    printer::document(&crate::http::openapi::json());
}
