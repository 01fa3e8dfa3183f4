//! Redaction: what is masked, what is left alone, and that masking twice changes nothing.

use proptest::prelude::*;
use seatrial_domain::redact::{Redactor, SecretKind};
use serde_json::{Value, json};

fn text(text: &str) -> String {
    Redactor::new().text("text", text)
}

fn value(value: &Value) -> Value {
    Redactor::new().value("input", value)
}

#[test]
fn credentials_are_masked_in_text() {
    let cases = [
        ("use sk-proj-4fj29fjsl20fjslq9cks please", "use [api_key] please"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[api_key]"),
        ("key AKIAIOSFODNN7EXAMPLE.", "key [api_key]."),
        ("slack xoxb-263594206564-FGqddMF8t08v8N7Oq4i57vs1", "slack [api_key]"),
        ("Authorization: Bearer abc123def456", "Authorization: [token]"),
        ("curl -H 'X: Bearer abc123def456' ", "curl -H 'X: Bearer [token]' "),
        ("see eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "see [token]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[private_key]"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE and cut off", "[private_key]"),
        ("postgres://app:s3cr3t@db.example/app", "postgres://app:[secret]/app"),
        ("password=hunter2&x=1", "password=[secret]&x=1"),
        ("DB_PASSWORD: \"correct horse\"", "DB_PASSWORD: \"[secret]\""),
        (r#"log {\"password\": \"correct horse\"} end"#, r#"log {\"password\": \"[secret]\"} end"#),
        ("Uid=sa;Pwd=hunter2;", "Uid=sa;Pwd=[secret];"),
        ("my password is hunter2", "my password is [secret]"),
        ("login --password hunter2x", "login --password [secret]"),
        ("api_key = 4f9d8c7b6a5f4e3d", "api_key = [secret]"),
    ];
    for (given, wanted) in cases {
        assert_eq!(text(given), wanted, "{given}");
    }
}

#[test]
fn personal_data_is_masked_in_text() {
    let cases = [
        ("write to j.doe+x@mail.example.com, soon", "write to [email], soon"),
        ("mailto:jürgen@bücher.de", "mailto:[email]"),
        ("card 4111 1111 1111 1111 until May", "card [card] until May"),
        ("room 12 4111-1111-1111-1111", "room 12 [card]"),
        ("amex 378282246310005", "amex [card]"),
        ("call +49 30 1234567 now", "call [phone] now"),
        ("(555) 123-4567", "[phone]"),
        ("555-123-4567", "[phone]"),
        ("phone: 0301234567", "phone: [phone]"),
    ];
    for (given, wanted) in cases {
        assert_eq!(text(given), wanted, "{given}");
    }
}

#[test]
fn ordinary_text_is_left_alone() {
    let plain = [
        "order 1042 of 2026-11-23T03:36:12.000000Z for 420.00",
        "max_tokens: 4096, temperature 0.41111111111111111",
        "run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50",
        "4111 1111 1111 1112 has a wrong checksum",
        "a task-oriented-assistant-for-2026-and-on",
        "the token: none, password: null",
        "the password is wrong; a basic understanding of bearer instruments",
        "git@github needs no dot",
        "commit 1234567890123456789012345678901234567890",
        "/etc/passwd: Permission denied; pwd: usage: pwd [-LP]",
        "1.7841234e+25   2.3776288e+12",
        "54 65 78 74 20 66 69 6c 65 20 37 20 77 69 74 68",
        "overlay 61202244 37137480 20923440 64% /",
        "192.168.100.200 and 10.0.0.1:8080",
    ];
    for given in plain {
        assert_eq!(text(given), given);
    }
}

#[test]
fn fields_are_masked_by_name() {
    let given = json!({
        "user": {"Password": "x", "pin": 1234, "api-key": "k", "access_token": "abcdefgh"},
        "headers": [{"name": "Authorization", "value": "whatever"}],
        "card": 4111111111111111_u64,
        "credentials": {"user": "bob", "nested": ["a"]},
        "token": "the", "max_tokens": 5, "secret": null, "note": "fine",
        "arguments": "{\"password\":\"hunter2\",\"deep\":\"{\\\"secret\\\":\\\"s\\\"}\"}",
        "ada@example.com": 1, "bob@example.com": 2,
    });
    let wanted = json!({
        "user": {"Password": "[secret]", "pin": "[secret]", "api-key": "[secret]", "access_token": "[token]"},
        "headers": [{"name": "Authorization", "value": "[secret]"}],
        "card": "[card]",
        "credentials": {"user": "[secret]", "nested": ["[secret]"]},
        "token": "the", "max_tokens": 5, "secret": null, "note": "fine",
        "arguments": "{\"deep\":\"{\\\"secret\\\":\\\"[secret]\\\"}\",\"password\":\"[secret]\"}",
        "[email]": 1, "[email] 2": 2,
    });
    assert_eq!(value(&given), wanted);
}

#[test]
fn what_was_masked_is_listed_with_its_place() {
    let mut redactor = Redactor::new();
    let _ = redactor.value("input", &json!({"customer": {"note": "write to ada@example.com today"}}));
    let [masking] = redactor.found() else { panic!("one thing is masked: {:?}", redactor.found()) };
    assert_eq!(masking.redaction.path, "input.customer.note");
    assert_eq!(masking.redaction.kind, SecretKind::Email);
    assert_eq!(masking.redaction.after, "write to [email] today");
    assert_eq!(masking.before, "write to ada@example.com today");
}

/// Secrets of every kind, as a text that must not survive and the words it stands in.
pub fn planted() -> impl Strategy<Value = (String, String)> {
    let random = "[A-Za-z]{10}[0-9]{4}[A-Za-z0-9]{10,20}";
    let prefixed =
        |prefix: &'static str| random.prop_map(move |tail| (format!("{prefix}{tail}"), format!("{prefix}{tail}")));
    prop_oneof![
        prop_oneof![
            Just("sk-"),
            Just("sk-ant-api03-"),
            Just("sk_live_"),
            Just("ghp_"),
            Just("github_pat_"),
            Just("glpat-"),
            Just("xoxb-"),
            Just("hf_"),
            Just("ya29."),
            Just("sea_0123456789abcdef_")
        ]
        .prop_flat_map(prefixed),
        "AKIA[A-Z0-9]{16}".prop_map(|key| (key.clone(), key)),
        random.prop_map(|key| (key.clone(), format!("Authorization: Bearer {key}"))),
        random.prop_map(|key| (key.clone(), format!("password={key}"))),
        random.prop_map(|key| (key.clone(), format!("api_key: '{key}'"))),
        random.prop_map(|key| (key.clone(), format!("https://user:{key}@host.example/x"))),
        random.prop_map(|key| (key.clone(), format!("eyJhbGciOiJIUzI1NiJ9.{key}.{key}"))),
        random.prop_map(|key| (
            key.clone(),
            format!("-----BEGIN EC PRIVATE KEY-----\n{key}\n-----END EC PRIVATE KEY-----")
        )),
        "[a-z]{3,8}[0-9]{2}\\.[a-z]{3,8}@[a-z]{4,9}\\.(com|org|co\\.uk)".prop_map(|mail| (mail.clone(), mail)),
        "4[0-9]{14}".prop_map(|head| luhn(&head)).prop_map(|card| (card.clone(), card)),
        "4[0-9]{14}".prop_map(|head| luhn(&head)).prop_map(|card| {
            let grouped = format!("{}-{}-{}-{}", &card[..4], &card[4..8], &card[8..12], &card[12..]);
            (grouped.clone(), grouped)
        }),
        "\\+[1-9][0-9]{10}".prop_map(|phone| (phone.clone(), phone)),
    ]
}

/// The digits with the check digit that makes them a card number.
fn luhn(head: &str) -> String {
    let sum: u32 = head
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0') << ((place + 1) % 2);
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    format!("{head}{}", (10 - sum % 10) % 10)
}

/// JSON with the words somewhere in it: a text, a key, a list, JSON within a text.
pub fn hidden(words: String) -> impl Strategy<Value = Value> {
    let said = ("[a-z ]{0,20}", "[ ,;.\n]", "[a-z ]{0,20}");
    said.prop_flat_map(move |(before, gap, after)| {
        let text = format!("{before}{gap}{words} {after}");
        let inner = json!({ "note": text.clone() }).to_string();
        let doubly = json!({ "inner": inner.clone() }).to_string();
        prop_oneof![
            Just(json!(text.clone())),
            Just(json!({ "a": { "b": [1, text.clone()] } })),
            Just(json!({ text.clone(): true })),
            Just(json!([{ "role": "user", "content": text.clone() }])),
            Just(json!({ "arguments": inner })),
            Just(json!({ "arguments": doubly })),
            Just(json!({ "log": format!("called with {}", json!({ "note": text })) })),
        ]
    })
}

proptest! {
    #[test]
    fn a_planted_secret_is_masked_and_listed(
        (secret, place) in planted().prop_flat_map(|(secret, words)| (Just(secret), hidden(words)))
    ) {
        let mut redactor = Redactor::new();
        let masked = redactor.value("input", &place);
        prop_assert!(!masked.to_string().contains(&secret), "{masked} holds {secret}");
        prop_assert!(redactor.count() > 0);
    }

    #[test]
    fn masking_twice_changes_nothing(
        (_, place) in planted().prop_flat_map(|(secret, words)| (Just(secret), hidden(words))),
        noise in "\\PC{0,60}",
        odd in "[a-z:=\"'@ .\\[\\]+0-9-]{0,80}",
    ) {
        let given = json!([place, noise, odd]);
        let once = Redactor::new().value("input", &given);
        let mut again = Redactor::new();
        prop_assert_eq!(&again.value("input", &once), &once);
        prop_assert_eq!(again.count(), 0);
    }

    #[test]
    fn any_text_is_taken(text in "\\PC{0,200}") {
        let _ = Redactor::new().text("text", &text);
    }
}
