//! The detectors: where in a text something secret or personal stands.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{OwnPatterns, SecretKind, identity, is_masked};

/// Something to mask: a range of bytes and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: SecretKind,
}

/// A pattern whose first capture, or the whole match where it has none, is masked when it passes the check.
struct Detector {
    kind: SecretKind,
    pattern: LazyLock<Regex>,
    check: fn(&str) -> bool,
}

macro_rules! pattern {
    ($($text:expr),+ $(,)?) => {
        LazyLock::new(|| Regex::new(concat!($($text),+)).expect("invariant: the detectors' patterns are well formed"))
    };
}

/// Names of settings whose value is secret whatever it looks like. `passwd` and `pwd` are also names of a file and a
/// command, which shells write before a colon.
macro_rules! password {
    () => {
        r"(?i-u:pass(?:word|phrase|code))"
    };
}

/// Names of settings whose value is secret when it looks like a credential.
macro_rules! secret {
    () => {
        r"(?i-u:secret|token|api[_ -]?key|access[_-]?key|private[_-]?key|account[_-]?key|credentials?)"
    };
}

/// The value of a setting: quoted (also inside a JSON string), or up to the next space or separator.
macro_rules! value {
    () => {
        r#"(?:\\?"((?:[^"\\]|\\[^"])*)|'([^']*)|([^ \t\r\n"'\\,;&<]+))"#
    };
}

static DETECTORS: [Detector; 13] = [
    Detector {
        kind: SecretKind::PrivateKey,
        pattern: pattern!(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
            r"(?s:.)*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)"
        ),
        check: always,
    },
    Detector {
        kind: SecretKind::ApiKey,
        pattern: pattern!(
            r"(?-u)gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}",
            r"|\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}",
            r"|hooks\.slack\.com/services/[A-Za-z0-9/]{16,}|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{16,}",
            r"|GOCSPX-[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{20,}|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{30,}",
            r"|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}",
            r"|\bsea_[A-Za-z0-9_-]{20,}"
        ),
        check: always,
    },
    Detector { kind: SecretKind::ApiKey, pattern: pattern!(r"(?-u)\bsk-[A-Za-z0-9_-]{16,}"), check: has_digit },
    Detector {
        kind: SecretKind::Token,
        pattern: pattern!(r"(?-u)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3}"),
        check: always,
    },
    Detector {
        kind: SecretKind::Token,
        pattern: pattern!(r"(?i-u:\b(?:bearer|basic|digest))[ \t]+([A-Za-z0-9._~+/=-]{8,})"),
        check: looks_random,
    },
    Detector {
        kind: SecretKind::Token,
        pattern: pattern!(
            r#"(?i-u:authorization|x-api-key|cookie)["'\\]*[ \t]*[:=][ \t]*["'\\]*"#,
            r#"((?:[A-Za-z]+ )?[^ \t\r\n"'\\,]+)"#
        ),
        check: looks_random,
    },
    Detector {
        kind: SecretKind::Secret,
        pattern: pattern!(r#"(?-u:\b)[A-Za-z][A-Za-z0-9+.-]*://[^ \t\r\n/@:"'\\]*:([^ \t\r\n/@"'\\]+)@"#),
        check: not_masked,
    },
    Detector {
        kind: SecretKind::Secret,
        pattern: pattern!(password!(), r#"["'\\]*[ \t]*(?:[:=>]|=>)[ \t]*"#, value!()),
        check: is_value,
    },
    Detector {
        kind: SecretKind::Secret,
        pattern: pattern!(r#"(?i-u:passwd|[;&?]pwd)["'\\]*[ \t]*="#, r"[ \t]*", value!()),
        check: is_value,
    },
    Detector {
        kind: SecretKind::Secret,
        pattern: pattern!(secret!(), r#"["'\\]*[ \t]*(?:[:=>]|=>)[ \t]*"#, value!()),
        check: is_credential,
    },
    Detector {
        kind: SecretKind::Secret,
        pattern: pattern!(
            r"(?:--(?:",
            password!(),
            "|",
            secret!(),
            r")[ \t]+|",
            password!(),
            r#"[ \t]+(?i-u:is)[ \t]+)["']?([^ \t\r\n"'\\]+)"#
        ),
        check: looks_random,
    },
    Detector {
        kind: SecretKind::Email,
        pattern: pattern!(
            r#"[^ \t\r\n@<>()\[\]{},;:"'/\\=|%?&]+(?:@|%40)"#,
            r"(?:[A-Za-z0-9\u{80}-\u{10ffff}-]+\.)+[A-Za-z\u{80}-\u{10ffff}]{2,}"
        ),
        check: always,
    },
    Detector {
        kind: SecretKind::Phone,
        pattern: pattern!(
            r"(?:^|[^A-Za-z0-9])(\+[1-9][0-9 ().-]{6,24}[0-9])|\([2-9][0-9]{2}\) ?[0-9]{3}[-. ][0-9]{4}",
            r"|(?-u:\b)[2-9][0-9]{2}-[0-9]{3}-[0-9]{4}(?-u:\b)|(?-u:\b)[2-9][0-9]{2}\.[0-9]{3}\.[0-9]{4}(?-u:\b)",
            r"|(?i-u:\b(?:phone|tel|mobile|cell)\b)[^0-9+\r\n]{0,12}([0-9][0-9 ()./-]{5,18}[0-9])"
        ),
        check: is_phone,
    },
];

/// Everything to mask in a text, in order and without overlaps. Where two overlap the whole of both is masked, as what
/// the earlier detector of the list says.
pub(super) fn hits(text: &str, own: &OwnPatterns) -> Vec<Hit> {
    let seen = without_escapes(text);
    let text = seen.as_ref();
    let mut found = Vec::new();
    for (rank, detector) in DETECTORS.iter().enumerate() {
        for captures in detector.pattern.captures_iter(text) {
            let Some((start, end)) = masked_range(&captures) else { continue };
            if (detector.check)(&text[start..end]) {
                found.push((rank, Hit { start, end, kind: detector.kind }));
            }
        }
    }
    let others = cards(text).into_iter().chain(identity::hits(text)).chain(own.hits(text));
    found.extend(others.map(|hit| (DETECTORS.len(), hit)));
    found.sort_by_key(|(rank, hit)| (hit.start, *rank));
    let mut merged: Vec<(usize, Hit)> = Vec::with_capacity(found.len());
    for (rank, hit) in found {
        match merged.last_mut() {
            Some((known, last)) if hit.start < last.end => {
                last.end = last.end.max(hit.end);
                if rank < *known {
                    (*known, last.kind) = (rank, hit.kind);
                }
            }
            _ => merged.push((rank, hit)),
        }
    }
    merged.into_iter().map(|(_, hit)| hit).collect()
}

/// The text with escapes such as `\n` and `\u000a` as spaces of the same length: in JSON within a text the `n` of a line
/// break would otherwise seem to belong to the word after it.
fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while at + 1 < bytes.len() {
        let length = match (bytes[at], bytes[at + 1]) {
            (b'\\', b'n' | b'r' | b't' | b'b' | b'f') => 2,
            (b'\\', b'u') if bytes.get(at + 2..at + 6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => 6,
            _ => 1,
        };
        if length > 1 {
            bytes[at..at + length].fill(b' ');
        }
        at += length;
    }
    // Only whole ASCII characters were replaced.
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn masked_range(captures: &Captures<'_>) -> Option<(usize, usize)> {
    let part = captures.iter().skip(1).flatten().next().or_else(|| captures.get(0))?;
    (!part.is_empty()).then(|| (part.start(), part.end()))
}

const fn always(_: &str) -> bool {
    true
}

fn not_masked(value: &str) -> bool {
    !is_masked(value)
}

fn has_digit(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit())
}

/// Not a word of a sentence.
fn looks_random(value: &str) -> bool {
    let inner = value.trim_matches(|c: char| !c.is_alphanumeric());
    let odd = inner.bytes().any(|byte| byte.is_ascii_digit() || (byte.is_ascii_punctuation() && byte != b'.'));
    not_masked(value) && (odd || value.len() >= 24)
}

/// A value at all, rather than the absence of one.
fn is_value(value: &str) -> bool {
    let word = value.trim_matches(|c: char| !c.is_alphanumeric());
    let absent = ["", "null", "none", "nil", "true", "false", "undefined"];
    not_masked(value) && !absent.contains(&word.to_ascii_lowercase().as_str())
}

fn is_credential(value: &str) -> bool {
    is_value(value) && value.len() >= 8 && (has_digit(value) || value.len() >= 16)
}

fn is_phone(value: &str) -> bool {
    (7..=18).contains(&value.bytes().filter(u8::is_ascii_digit).count())
}

/// Payment cards: 13 to 19 digits, in groups or not, whose first digits a network uses and whose checksum is right.
fn cards(text: &str) -> Vec<Hit> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let groups = digit_groups(bytes, at);
        at = groups.last().map_or(at + 1, |(_, end)| *end);
        found.extend(card_among(bytes, &groups));
    }
    found
}

/// Groups of digits from `at` with one space or dash between neighbours, as ranges of bytes.
fn digit_groups(bytes: &[u8], mut at: usize) -> Vec<(usize, usize)> {
    let mut groups = Vec::new();
    loop {
        let end = bytes[at..].iter().position(|byte| !byte.is_ascii_digit()).map_or(bytes.len(), |length| at + length);
        groups.push((at, end));
        let more = matches!(bytes.get(end), Some(b' ' | b'-')) && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !more {
            return groups;
        }
        at = end + 1;
    }
}

/// Every sequence of whole groups that is a card number, leftmost first and without overlaps. Several groups have the
/// lengths that cards are printed in, or columns of numbers would pass for cards.
fn card_among(bytes: &[u8], groups: &[(usize, usize)]) -> Vec<Hit> {
    // A letter beside the digits makes them part of an id, a point makes them part of a decimal number.
    let apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let decimal = |at: usize| at >= 2 && bytes[at - 1] == b'.' && bytes[at - 2].is_ascii_digit();
    let begins = |at: usize| at == 0 || (apart(bytes.get(at - 1)) && !decimal(at));
    let mut found = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        let mut digits: Vec<u8> = Vec::with_capacity(20);
        let mut matched = None;
        for (last, (start, end)) in groups.iter().enumerate().skip(first) {
            if digits.len() + (end - start) > 19 {
                break;
            }
            if last > first && groups[first..=last].iter().any(|(start, end)| !(3..=6).contains(&(end - start))) {
                break;
            }
            digits.extend(bytes[*start..*end].iter().map(|byte| byte - b'0'));
            if begins(groups[first].0) && apart(bytes.get(*end)) && is_card(&digits) {
                matched = Some(last);
            }
        }
        match matched {
            Some(last) => {
                found.push(Hit { start: groups[first].0, end: groups[last].1, kind: SecretKind::Card });
                first = last + 1;
            }
            None => first += 1,
        }
    }
    found
}

fn is_card(digits: &[u8]) -> bool {
    if !(13..=19).contains(&digits.len()) {
        return false;
    }
    let prefix = digits[..4].iter().fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    let network = matches!(prefix, 3000..=3059 | 3400..=3499 | 3528..=3589 | 3600..=3999 | 4000..=6999 | 2221..=2720);
    let sum: u32 = digits.iter().rev().enumerate().fold(0, |sum, (place, digit)| {
        let digit = u32::from(*digit) << (place % 2);
        sum + if digit > 9 { digit - 9 } else { digit }
    });
    network && sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != digits[0])
}
