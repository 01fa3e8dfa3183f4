//! Numbers that name a person or an account, where a checksum or a strict form tells them from other numbers.

use std::sync::LazyLock;

use regex::Regex;

use super::SecretKind;
use super::detect::Hit;

/// A form whose matches are masked when they pass the check.
struct Form {
    kind: SecretKind,
    pattern: LazyLock<Regex>,
    check: fn(&str) -> bool,
}

macro_rules! pattern {
    ($text:literal) => {
        LazyLock::new(|| Regex::new($text).expect("invariant: the forms' patterns are well formed"))
    };
}

static FORMS: [Form; 6] = [
    // International bank account numbers (ISO 13616).
    Form {
        kind: SecretKind::BankAccount,
        pattern: pattern!(r"(?-u:\b)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?-u:\b)"),
        check: is_iban,
    },
    // United States: social security numbers, with their dashes.
    Form {
        kind: SecretKind::NationalId,
        pattern: pattern!(r"(?-u:\b)[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}(?-u:\b)"),
        check: is_social_security,
    },
    // United Kingdom: national insurance numbers.
    Form {
        kind: SecretKind::NationalId,
        pattern: pattern!(r"(?-u:\b)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?-u:\b)"),
        check: is_insurance,
    },
    // Spain: identity numbers of citizens and foreigners, with their letter.
    Form {
        kind: SecretKind::NationalId,
        pattern: pattern!(r"(?-u:\b)(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-Z](?-u:\b)"),
        check: is_spanish,
    },
    // Italy: fiscal codes.
    Form {
        kind: SecretKind::NationalId,
        pattern: pattern!(r"(?-u:\b)[A-Z]{6}[0-9]{2}[ABCDEHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z](?-u:\b)"),
        check: always,
    },
    // France: registration numbers, with their key.
    Form {
        kind: SecretKind::NationalId,
        pattern: pattern!(r"(?-u:\b)[12] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}(?-u:\b)"),
        check: is_french,
    },
];

/// Where such numbers stand in a text.
pub(super) fn hits(text: &str) -> Vec<Hit> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let of = |form: &'static Form| {
        let found = form.pattern.find_iter(text).filter(|found| (form.check)(found.as_str()));
        found.map(|found| Hit { start: found.start(), end: found.end(), kind: form.kind })
    };
    FORMS.iter().flat_map(of).collect()
}

const fn always(_: &str) -> bool {
    true
}

fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric()).collect()
}

/// The number of a text of digits and letters (A is 10) modulo 97.
fn modulo_97(text: &str) -> Option<u32> {
    text.chars().try_fold(0_u32, |rest, c| {
        let digit = c.to_digit(36)?;
        Some((rest * if digit < 10 { 10 } else { 100 } + digit) % 97)
    })
}

fn is_iban(text: &str) -> bool {
    let text = compact(text);
    let turned = text.get(4..).zip(text.get(..4)).map(|(account, head)| format!("{account}{head}"));
    (15..=34).contains(&text.len()) && turned.and_then(|turned| modulo_97(&turned)) == Some(1)
}

fn is_social_security(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts.as_slice(), [area, group, serial] if !["000", "666"].contains(area) && *group != "00" && *serial != "0000")
}

fn is_insurance(text: &str) -> bool {
    !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].iter().any(|prefix| text.starts_with(prefix))
}

fn is_spanish(text: &str) -> bool {
    let text = compact(text);
    let (number, letter) = text.split_at(text.len() - 1);
    let number = number.replacen('X', "0", 1).replacen('Y', "1", 1).replacen('Z', "2", 1);
    let place = number.parse::<usize>().ok().map(|number| number % 23);
    place.and_then(|place| "TRWAGMYFPDXBNJZSQVHLCKE".get(place..=place)) == Some(letter)
}

fn is_french(text: &str) -> bool {
    let text = compact(text);
    let (number, key) = text.split_at(13);
    let rest = modulo_97(number);
    rest.map(|rest| 97 - rest) == key.parse().ok()
}
