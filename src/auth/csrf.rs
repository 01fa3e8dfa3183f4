//! Form tokens: every form that changes something carries one, derived from the session's own secret.
//!
//! Nothing is stored: the cookie's token is the key, so only a page of the same session can know the value.

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;

use crate::auth::secret::hex;

/// Separates this use of the session secret from any other.
const PURPOSE: &[u8] = b"seatrial form token v1";

/// The form token of a session: 64 hexadecimal digits. `session_token` is the cookie's value; before
/// sign-in it is the value of the short-lived sign-in cookie.
pub fn form_token(session_token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session_token.as_bytes());
    hex(hmac::sign(&key, PURPOSE).as_ref())
}

/// Whether `presented` is the form token of this session, in constant time.
pub fn verify(session_token: &str, presented: &str) -> bool {
    form_token(session_token).as_bytes().ct_eq(presented.as_bytes()).into()
}
