//! Mail, webhook signatures and schedule, and the guard of outgoing requests.

use std::fs;
use std::net::IpAddr;
use std::time::Duration;

use crate::support::smtp_sink::{Answer, SmtpSink};
use seatrial::app::ports::{
    Mail, MailError, Mailer, Outbound, OutboundAnswer, OutboundError, OutboundRequest, SeededRandomness,
    SystemRandomness,
};
use seatrial::config;
use seatrial::notify::mail::{SmtpMailer, compose, parse_sender};
use seatrial::notify::outbound::{GuardedOutbound, check_url, is_public};
use seatrial::notify::text::{multi_line, single_line};
use seatrial::notify::webhook::{
    Event, Verdict, WAIT_SECONDS, WebhookSecret, headers, judge, next_wait_seconds, verify,
};
use seatrial_domain::time::Timestamp;
use serde_json::Value;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

fn mail() -> Mail {
    Mail {
        id: "ntc_0192".into(),
        to_address: "ada@example.com".into(),
        to_name: "Ada Löwe".into(),
        subject: "Scorecard refunds is stale".into(),
        text: "Please read it again.\n.\nA line that is only a dot.\n".into(),
        html: Some("<p>Please read it again.</p>".into()),
        written_at: Timestamp::from_micros(1_795_396_386_000_000),
        thread: Some("sc_01".into()),
        unsubscribe_url: Some("https://seatrial.example.org/mail/abc?topic=review".into()),
    }
}

fn composed(mail: &Mail) -> String {
    let from = parse_sender("Seatrial <seatrial@example.org>").expect("a sender");
    String::from_utf8(compose(mail, &from).expect("composed").formatted()).expect("ASCII")
}

#[test]
fn a_message_has_both_texts_a_stable_id_and_its_own_date() {
    let text = composed(&mail());
    for expected in [
        "Message-ID: <ntc_0192@example.org>\r\n",
        "Subject: Scorecard refunds is stale\r\n",
        "Date: Mon, 23 Nov 2026 01:13:06 +0000\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "References: <thread.sc_01@example.org>\r\n",
        "In-Reply-To: <thread.sc_01@example.org>\r\n",
        "List-Unsubscribe: <https://seatrial.example.org/mail/abc?topic=review>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "<ada@example.com>",
    ] {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
    let again = composed(&mail());
    assert_eq!(text, again.replace(&boundary(&again), &boundary(&text)), "nothing but the boundary varies");
    let plain = composed(&Mail { html: None, ..mail() });
    assert!(!plain.contains("multipart"));
}

fn boundary(message: &str) -> String {
    let (_, rest) = message.split_once("boundary=\"").expect("a boundary");
    rest.split_once('"').expect("its end").0.to_owned()
}

#[test]
fn nothing_from_outside_can_add_a_header() {
    let attack = "Hello\r\nBcc: everyone@example.com\r\n\r\nbody";
    let text = composed(&Mail {
        subject: attack.into(),
        to_name: attack.into(),
        id: attack.into(),
        thread: Some(attack.into()),
        unsubscribe_url: Some(attack.into()),
        ..mail()
    });
    let (head, _) = text.split_once("\r\n\r\n").expect("a head");
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    assert!(!unfolded.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
    assert!(unfolded.contains("Subject: Hello Bcc: everyone@example.com body"), "{unfolded}");
    for address in ["ada@example.com\r\nBcc: x@example.com", "ada", "", "a@b@c", "<ada@example.com>, x@example.com"] {
        let from = parse_sender("seatrial@example.org").expect("a sender");
        let error = compose(&Mail { to_address: address.into(), ..mail() }, &from).expect_err("no address");
        assert!(matches!(&error, MailError::Permanent { detail } if !detail.contains("Bcc")), "{address}: {error}");
    }
}

#[test]
fn foreign_text_becomes_one_clean_line() {
    assert_eq!(single_line("  a\r\n\tb\u{0}c \u{202e}d  ", 50), "a b c d");
    assert_eq!(single_line("abcdef", 6), "abcdef");
    assert_eq!(single_line("abcdefg", 6), "abcde…");
    assert_eq!(single_line("éèêëàâ", 3), "éè…");
    assert_eq!(single_line("\u{1b}[31m", 9), "[31m");
    assert_eq!(multi_line("a\r\nb\u{1b}\tc\u{2066}"), "a\nb\tc");
}

fn mailer(port: u16) -> SmtpMailer {
    let overrides = [
        ("smtp.host", "127.0.0.1"),
        ("smtp.port", &port.to_string()),
        ("smtp.security", "none"),
        ("smtp.username", "seatrial"),
        ("smtp.password", "007"),
        ("smtp.from", "Seatrial <seatrial@example.org>"),
        ("smtp.timeout_seconds", "5"),
    ];
    let overrides = overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = config::load(&config::Sources { overrides, ..config::Sources::default() }).expect("valid");
    SmtpMailer::new(&settings.smtp).expect("set up")
}

#[tokio::test]
async fn mail_arrives_at_a_real_server_as_it_was_written() {
    let sink = SmtpSink::start();
    let mailer = mailer(sink.address().port());
    mailer.send(&mail()).await.expect("accepted");
    let received = sink.wait_for(1, Duration::from_secs(5)).remove(0);
    assert_eq!(
        (received.from.as_str(), received.to.as_slice()),
        ("seatrial@example.org", &["ada@example.com".to_owned()][..])
    );
    assert_eq!(received.header("to").as_deref(), Some("Ada Löwe <ada@example.com>"));
    assert_eq!(received.header("message-id").as_deref(), Some("<ntc_0192@example.org>"));
    assert_eq!(received.text().trim_end(), "Please read it again.\r\n.\r\nA line that is only a dot.");
    assert_eq!(received.html().map(|html| html.trim_end().to_owned()).as_deref(), Some("<p>Please read it again.</p>"));
}

#[tokio::test]
async fn refusals_are_sorted_into_never_and_not_now() {
    let sink = SmtpSink::start();
    let mailer = mailer(sink.address().port());
    sink.answer(&[Answer::TryLater, Answer::HangUp, Answer::Refuse, Answer::RefuseContent]);
    for expected in ["greylisted", ""] {
        let error = mailer.send(&mail()).await.expect_err("not now");
        assert!(matches!(&error, MailError::Transient { detail } if detail.contains(expected)), "{error}");
    }
    for expected in ["no such mailbox", "content refused"] {
        let error = mailer.send(&mail()).await.expect_err("never");
        assert!(matches!(&error, MailError::Permanent { detail } if detail.contains(expected)), "{error}");
        assert!(!error.to_string().contains(['\r', '\n']));
    }
    assert_eq!((sink.offers(), sink.mails().len()), (4, 0));
    drop(sink);
    // Nobody listens on port 1.
    let error = self::mailer(1).send(&mail()).await.expect_err("no server");
    assert!(matches!(error, MailError::Transient { .. }), "{error}");
}

fn sample() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let near = path.join("../shared/samples/delivery/standardwebhooks/sample.json");
    let text = fs::read_to_string(near).expect("the sample of the specification's own library");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn signatures_are_those_of_the_specifications_library() {
    let sample = sample();
    let text = |pointer: &str| sample.pointer(pointer).and_then(Value::as_str).expect("a text").to_owned();
    let secret = WebhookSecret::parse(&text("/secret")).expect("a secret");
    let sent_at =
        Timestamp::from_micros(text("/headers/webhook-timestamp").parse::<i64>().expect("seconds") * 1_000_000);
    let made = headers(&text("/headers/webhook-id"), sent_at, text("/body").as_bytes(), std::slice::from_ref(&secret));
    for (name, value) in &made {
        if name != "content-type" {
            assert_eq!(value, &text(&format!("/headers/{name}")), "{name}");
        }
    }
    let genuine = |signature: &str, body: &str, now: Timestamp| {
        let (id, timestamp) = (text("/headers/webhook-id"), text("/headers/webhook-timestamp"));
        verify(&secret, &id, &timestamp, signature, body.as_bytes(), now)
    };
    let (signature, body) = (text("/headers/webhook-signature"), text("/body"));
    assert!(genuine(&signature, &body, sent_at));
    assert!(genuine(&format!("v1,AAAA {signature}"), &body, sent_at.plus_micros(299_000_000)));
    assert!(!genuine(&signature, &body, sent_at.plus_micros(301_000_000)), "too old");
    assert!(!genuine(&signature, &body.replace("hold", "ship"), sent_at), "changed");
    assert!(!genuine("", &body, sent_at));
}

#[test]
fn while_a_secret_is_rotated_both_sign() {
    let (old, new) = (WebhookSecret::generate(&SystemRandomness), WebhookSecret::generate(&SystemRandomness));
    let now = Timestamp::from_micros(1_795_396_386_000_000);
    let made = headers("msg_1", now, b"{}", &[new.clone(), old.clone()]);
    let value = |name: &str| made.iter().find(|(key, _)| key == name).expect("there").1.clone();
    let signatures = value("webhook-signature");
    assert_eq!(signatures.split(' ').count(), 2);
    for secret in [&old, &new] {
        assert!(verify(secret, "msg_1", &value("webhook-timestamp"), &signatures, b"{}", now));
        assert!(WebhookSecret::parse(secret.text().expose()).is_ok());
    }
    assert!(!format!("{old:?}").contains("whsec_"));
    for wrong in ["", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="] {
        assert!(WebhookSecret::parse(wrong).is_err(), "{wrong}");
    }
}

fn answer(status: u16, retry_after_seconds: Option<u32>) -> Result<OutboundAnswer, OutboundError> {
    Ok(OutboundAnswer { status, retry_after_seconds, body: Vec::new() })
}

#[test]
fn an_answer_means_delivered_retry_disabled_or_failed() {
    let chance = SeededRandomness::new(1);
    let judged = |outcome: &Result<OutboundAnswer, OutboundError>, attempts| judge(outcome, attempts, &chance);
    for status in [200, 202, 204] {
        assert_eq!(judged(&answer(status, None), 1), Verdict::Delivered);
    }
    assert_eq!(judged(&answer(410, None), 1), Verdict::Disabled);
    for status in [301, 400, 404, 429, 500, 503] {
        let verdict = judged(&answer(status, None), 1);
        assert!(
            matches!(&verdict, Verdict::Retry { after_seconds: 5, why } if why.contains(&status.to_string())),
            "{verdict:?}"
        );
    }
    assert!(matches!(judged(&answer(503, Some(600)), 1), Verdict::Retry { after_seconds: 600..=660, .. }));
    assert!(matches!(judged(&answer(503, Some(u32::MAX)), 1), Verdict::Retry { after_seconds: 86_400..=95_040, .. }));
    let verdict = judged(&answer(500, None), WAIT_SECONDS.len());
    assert!(matches!(&verdict, Verdict::Failed { why } if why.contains("gave up after 10 attempts")), "{verdict:?}");
    assert!(matches!(judged(&Err(OutboundError::Timeout { seconds: 15 }), 2), Verdict::Retry { .. }));
    assert!(
        matches!(judged(&Err(OutboundError::Refused), 1), Verdict::Failed { why } if why.contains("allow_private"))
    );
}

#[test]
fn the_schedule_is_the_specifications_with_a_little_chance() {
    assert_eq!(next_wait_seconds(0, None, &SystemRandomness), Some(0));
    for (attempts, planned) in WAIT_SECONDS.iter().enumerate() {
        for seed in 0..20 {
            let wait = next_wait_seconds(attempts, None, &SeededRandomness::new(seed)).expect("one more");
            assert!((*planned..=planned + planned / 10).contains(&wait), "{wait} after {attempts} attempts");
        }
    }
    assert_eq!(next_wait_seconds(10, None, &SystemRandomness), None);
    let event = Event { kind: "scorecard.stale", timestamp: "2026-11-23T00:00:00Z".into(), data: "x" };
    let body = serde_json::to_string(&event).expect("JSON");
    assert_eq!(body, r#"{"type":"scorecard.stale","timestamp":"2026-11-23T00:00:00Z","data":"x"}"#);
}

#[test]
fn addresses_inside_the_network_are_told_from_public_ones() {
    let inside = [
        "127.0.0.1",
        "127.8.8.8",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "192.0.0.8",
        "::",
        "::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "fec0::1",
    ];
    for text in inside {
        assert!(!is_public(text.parse::<IpAddr>().expect(text)), "{text} is not public");
    }
    for text in
        ["1.1.1.1", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"]
    {
        assert!(is_public(text.parse::<IpAddr>().expect(text)), "{text} is public");
    }
}

#[test]
fn a_url_is_checked_when_it_is_saved() {
    assert!(check_url("https://example.com/hook?x=1", false).is_ok());
    assert!(check_url("http://example.com/hook", true).is_ok());
    for (url, advice) in [
        ("http://example.com/hook", "use https"),
        ("ftp://example.com", "only https"),
        ("file:///etc/passwd", "only https"),
        ("https://user:hunter2@example.com", "leave the user name"),
        ("example.com/hook", "write it whole"),
        ("", "write it whole"),
    ] {
        let text = check_url(url, false).expect_err("refused").to_string();
        assert!(text.contains(advice) && !text.contains("hunter2"), "{url}: {text}");
    }
}

fn client(allow_private: bool, timeout_seconds: u64) -> GuardedOutbound {
    GuardedOutbound::new(config::Outbound { allow_private, allow_plain_http: true, timeout_seconds })
}

fn post_to(url: impl Into<String>) -> OutboundRequest {
    OutboundRequest { url: url.into(), headers: vec![("webhook-id".into(), "msg_1".into())], body: b"{}".to_vec() }
}

#[tokio::test]
async fn the_guard_refuses_this_machine_by_address_and_by_name() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    let port = server.address().port();
    let guarded = client(false, 5);
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0.0.0.0"] {
        let outcome = guarded.post(&post_to(format!("http://{host}:{port}/"))).await;
        assert_eq!(outcome, Err(OutboundError::Refused), "{host}");
    }
    let unknown = guarded.post(&post_to("http://no-such-host.invalid/")).await;
    assert_eq!(unknown, Err(OutboundError::Unresolved));
}

#[tokio::test]
async fn an_allowed_request_arrives_and_redirects_are_not_followed() {
    let server = MockServer::start().await;
    let redirect =
        ResponseTemplate::new(307).insert_header("location", "/elsewhere").insert_header("retry-after", "120");
    Mock::given(method("POST")).respond_with(redirect).expect(2).mount(&server).await;
    let allowed = client(true, 5);
    for host in ["127.0.0.1", "localhost"] {
        let answer = allowed.post(&post_to(format!("http://{host}:{}/hook", server.address().port()))).await;
        let answer = answer.expect("an answer");
        assert_eq!((answer.status, answer.retry_after_seconds), (307, Some(120)));
    }
    let received = server.received_requests().await.expect("recorded");
    assert_eq!(received[0].headers.get("webhook-id").expect("sent"), "msg_1");
    assert!(received[0].headers.get("user-agent").is_some_and(|agent| agent.as_bytes().starts_with(b"Seatrial/")));
    assert_eq!(received[0].body, b"{}");
}

#[tokio::test]
async fn a_slow_or_endless_answer_is_bounded() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(std::time::Duration::from_secs(10));
    Mock::given(method("POST")).respond_with(slow).mount(&server).await;
    let outcome = client(true, 1).post(&post_to(server.uri())).await;
    assert_eq!(outcome, Err(OutboundError::Timeout { seconds: 1 }));
    let server = MockServer::start().await;
    let long = ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 1 << 20]);
    Mock::given(method("POST")).respond_with(long).mount(&server).await;
    let answer = client(true, 5).post(&post_to(server.uri())).await.expect("an answer");
    assert_eq!(answer.body.len(), 16 * 1024);
    let gone = client(true, 5).post(&post_to("http://127.0.0.1:1/")).await;
    assert!(matches!(gone, Err(OutboundError::Connection { .. })), "{gone:?}");
}
