//! Names of fields that say their value is secret.

use super::SecretKind;

/// How secret the value of a field is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sensitive {
    /// Whatever it is, numbers included.
    Always,
    /// Any text.
    Text,
    /// A text long enough to be a credential: a token is also a piece of a sentence.
    LongText,
    /// A telephone number without the form of one.
    Phone,
}

/// Shorter values of fields named `…token` are pieces of text or counters.
const TOKEN_LENGTH: usize = 8;

impl Sensitive {
    /// What the name of a field says about its value; `None` when nothing.
    pub(super) fn of(name: &str) -> Option<Self> {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&["password", "passwd", "passphrase", "passcode", "pwd"])
            || ["pin", "cvv", "cvc", "otp", "ssn", "socialsecuritynumber", "securitycode"].contains(&name.as_str())
        {
            Some(Self::Always)
        } else if ends(&["secret", "apikey", "accesskey", "privatekey", "accountkey", "credential", "credentials"])
            || ["authorization", "cookie", "setcookie", "xapikey", "secretkey"].contains(&name.as_str())
        {
            Some(Self::Text)
        } else if name.ends_with("token") {
            Some(Self::LongText)
        } else if ends(&["phone", "phonenumber", "mobilenumber", "telephone"]) {
            Some(Self::Phone)
        } else {
            None
        }
    }

    pub(super) const fn kind(self) -> SecretKind {
        match self {
            Self::Always | Self::Text => SecretKind::Secret,
            Self::LongText => SecretKind::Token,
            Self::Phone => SecretKind::Phone,
        }
    }

    pub(super) fn covers(self, text: &str) -> bool {
        match self {
            Self::Always | Self::Text => !text.trim().is_empty(),
            Self::LongText => text.trim().len() >= TOKEN_LENGTH,
            Self::Phone => text.chars().filter(char::is_ascii_digit).count() >= 7,
        }
    }

    pub(super) const fn covers_numbers(self) -> bool {
        matches!(self, Self::Always | Self::Phone)
    }
}
