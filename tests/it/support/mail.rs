//! A received mail, read as far as tests need: its envelope, its headers, its plain text.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// One mail as it came over the wire.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Headers and body, undecoded, lines ended by CR LF.
    pub raw: String,
}

impl Mail {
    /// A header's value, unfolded and decoded; names compare without case. None where the mail has no such header.
    pub fn header(&self, name: &str) -> Option<String> {
        header(head(&self.raw), name).map(|value| decode_words(&value))
    }

    /// The plain text: the body, or the first text/plain part of a multipart mail, decoded.
    pub fn text(&self) -> String {
        self.part("text/plain").unwrap_or_default()
    }

    /// The HTML part, decoded. None where the mail has none.
    pub fn html(&self) -> Option<String> {
        self.part("text/html")
    }

    fn part(&self, wanted: &str) -> Option<String> {
        part(&self.raw, wanted)
    }
}

fn head(entity: &str) -> &str {
    entity.split_once("\r\n\r\n").map_or(entity, |(head, _)| head)
}

fn body(entity: &str) -> &str {
    entity.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

fn header(head: &str, name: &str) -> Option<String> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let found =
        unfolded.split("\r\n").filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim().to_owned())
}

fn part(entity: &str, wanted: &str) -> Option<String> {
    let kind = header(head(entity), "content-type").unwrap_or_else(|| "text/plain".to_owned());
    if let Some((_, rest)) = kind.split_once("boundary=") {
        let boundary = format!("--{}", rest.split(';').next().unwrap_or_default().trim().trim_matches('"'));
        return body(entity)
            .split(boundary.as_str())
            .skip(1)
            .find_map(|inner| part(inner.trim_start_matches("\r\n"), wanted));
    }
    let encoding = header(head(entity), "content-transfer-encoding").unwrap_or_default();
    kind.to_ascii_lowercase().starts_with(wanted).then(|| decode(body(entity), &encoding.to_ascii_lowercase()))
}

fn decode(text: &str, encoding: &str) -> String {
    match encoding {
        "base64" => base64(&text.replace(['\r', '\n'], "")),
        "quoted-printable" => quoted(&text.replace("=\r\n", ""), b'='),
        _ => text.to_owned(),
    }
}

fn base64(text: &str) -> String {
    let bytes =
        BASE64_STANDARD.decode(text).unwrap_or_else(|error| panic!("a mail with broken base64 ({error}): {text}"));
    String::from_utf8(bytes).expect("mails are UTF-8")
}

fn quoted(text: &str, escape: u8) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = if *first == escape { tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok()) } else { None };
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &tail[2..]).1,
            None => (bytes.push(*first), rest = tail).1,
        }
    }
    String::from_utf8(bytes).expect("mails are UTF-8")
}

/// Decodes `=?utf-8?b?…?=` and `=?utf-8?q?…?=`; white space between two such words is not part of the value.
fn decode_words(value: &str) -> String {
    let mut decoded = String::new();
    let mut rest = value;
    while let Some((before, (kind, text), after)) = encoded_word(rest) {
        if decoded.is_empty() || !before.trim().is_empty() {
            decoded.push_str(before);
        }
        let word = if kind.eq_ignore_ascii_case("b") { base64(text) } else { quoted(&text.replace('_', " "), b'=') };
        decoded.push_str(&word);
        rest = after;
    }
    decoded + rest
}

/// Splits at the first encoded word: what is before it, its encoding and text, what is after.
fn encoded_word(value: &str) -> Option<(&str, (&str, &str), &str)> {
    let (before, word) = value.split_once("=?")?;
    let (_charset, word) = word.split_once('?')?;
    let (kind, word) = word.split_once('?')?;
    let (text, after) = word.split_once("?=")?;
    Some((before, (kind, text), after))
}

#[test]
fn a_mail_of_two_parts_is_read() {
    use lettre::message::{Message, MultiPart};

    let parts = MultiPart::alternative_plain_html("Fällig = heute".to_owned(), "<p>Fällig</p>".to_owned());
    let address = || "a@seatrial.test".parse().expect("an address");
    let built = Message::builder().from(address()).to(address()).multipart(parts).expect("a whole mail");
    let raw = String::from_utf8(built.formatted()).expect("mails are UTF-8");
    let mail = Mail { from: String::new(), to: Vec::new(), raw };
    assert_eq!(mail.text().trim_end(), "Fällig = heute");
    assert_eq!(mail.html().as_deref().map(str::trim_end), Some("<p>Fällig</p>"));
    assert_eq!(mail.header("Subject"), None);
}
