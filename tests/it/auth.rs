//! Passwords, secrets, sessions, access tokens, API keys and form tokens.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use seatrial::app::ports::{Clock, Ids, ManualClock, Randomness, SeededRandomness, SystemRandomness};
use seatrial::auth::password::{PasswordProblem, Passwords, Verdict, check_new};
use seatrial::auth::secret::{Secret, SecretHash, hex, random_secret};
use seatrial::auth::session::{NewSession, SessionPolicy, SessionState, SessionTimes, lookup_hash};
use seatrial::auth::token::{Claims, SigningKey, TokenError, Tokens, looks_like_token};
use seatrial::auth::{api_key, csrf};
use seatrial_domain::time::Timestamp;

const ISSUER: &str = "https://seatrial.example";
const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn at_seconds(seconds: i64) -> Timestamp {
    NOON.plus_micros(seconds * 1_000_000)
}

#[tokio::test]
async fn a_password_verifies_and_its_hash_shows_nothing() {
    let passwords = Passwords::new(Arc::new(SystemRandomness)).expect("hashing works");
    let hash = passwords.hash("correct horse battery".to_owned()).await.expect("hashed");
    assert!(hash.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{hash}");
    let verify = |password: &str, stored: Option<String>| passwords.verify(password.to_owned(), stored);
    let right = verify("correct horse battery", Some(hash.clone())).await.expect("checked");
    assert_eq!(right, Verdict::Match { needs_rehash: false });
    assert_eq!(verify("correct horse batterx", Some(hash.clone())).await.expect("checked"), Verdict::Mismatch);
    assert_eq!(verify("correct horse battery", None).await.expect("checked"), Verdict::Mismatch);
    assert_eq!(verify(&"x".repeat(5_000), Some(hash.clone())).await.expect("checked"), Verdict::Mismatch);
    let again = passwords.hash("correct horse battery".to_owned()).await.expect("hashed");
    assert_ne!(hash, again, "the salt is random");
    assert!(verify("anything at all", Some("not a hash".to_owned())).await.is_err(), "a damaged row is a fault");
}

#[tokio::test]
async fn an_older_hash_verifies_and_asks_for_a_new_one() {
    // argon2id with 8 MiB and one pass, as a lesser installation might have stored it.
    let stored = "$argon2id$v=19$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$Qd/uPU2dNuqz/ljLQKUryhqKULDfO/egRNHbpCY1GDk";
    let passwords = Passwords::new(Arc::new(SystemRandomness)).expect("hashing works");
    let verdict = passwords.verify("correct horse battery".to_owned(), Some(stored.to_owned())).await;
    assert_eq!(verdict.expect("checked"), Verdict::Match { needs_rehash: true });
}

#[test]
fn weak_passwords_are_refused_with_the_reason() {
    assert_eq!(check_new("short"), Err(PasswordProblem::TooShort));
    assert_eq!(check_new("ééééééééééé"), Err(PasswordProblem::TooShort), "characters count, not bytes");
    assert_eq!(check_new("aaaaaaaaaaaaaaa"), Err(PasswordProblem::TooUniform));
    assert_eq!(check_new(&"ab cd ".repeat(400)), Err(PasswordProblem::TooLong));
    assert_eq!(check_new("four plain words here"), Ok(()));
    assert!(PasswordProblem::TooShort.to_string().contains("12"));
}

#[test]
fn secrets_are_long_random_recognisable_and_hidden() {
    let secret = random_secret("sea_test_", &SystemRandomness);
    assert!(secret.expose().starts_with("sea_test_") && secret.expose().len() == 9 + 64);
    assert_ne!(secret.expose(), random_secret("sea_test_", &SystemRandomness).expose());
    assert_eq!(format!("{secret:?}"), "[secret]");
    let hash = SecretHash::of(secret.expose());
    assert!(hash.matches(secret.expose()) && !hash.matches("sea_test_"));
    assert_eq!(SecretHash::from_bytes(hash.as_bytes()), Some(hash));
    assert_eq!(SecretHash::from_bytes(b"short"), None);
    assert!(!format!("{hash:?}").contains(&hex(hash.as_bytes())));
}

#[test]
fn a_session_ends_when_idle_and_at_its_end() {
    let policy = SessionPolicy { idle: Duration::from_secs(3_600), absolute: Duration::from_secs(86_400) };
    let times =
        |created: i64, seen: i64| SessionTimes { created_at: at_seconds(created), last_seen_at: at_seconds(seen) };
    let cases = [
        (times(0, 0), 30, SessionState::Live { touch: false }),
        (times(0, 0), 60, SessionState::Live { touch: true }),
        (times(0, 0), 3_599, SessionState::Live { touch: true }),
        (times(0, 0), 3_600, SessionState::Idle),
        (times(0, 86_390), 86_399, SessionState::Live { touch: false }),
        (times(0, 86_390), 86_400, SessionState::Over),
        // A clock that was set back does not end sessions.
        (times(0, 0), -100, SessionState::Live { touch: false }),
    ];
    for (times, now, expected) in cases {
        assert_eq!(policy.state(times, at_seconds(now)), expected, "{times:?} at {now}");
    }
    assert_eq!(policy.ends_at(NOON), at_seconds(86_400));
}

#[test]
fn a_session_is_found_by_the_hash_of_its_token() {
    let session = NewSession::generate(&SystemRandomness);
    assert_eq!(lookup_hash(session.token.expose()), Some(session.hash));
    for wrong in ["", "sea_session_", "sea_session_zz", &format!("sea_session_{}", "g".repeat(64))] {
        assert_eq!(lookup_hash(wrong), None, "{wrong}");
    }
}

#[test]
fn an_api_key_names_its_row_and_proves_itself() {
    let made = api_key::NewApiKey::generate(&SystemRandomness);
    let key = made.key.expose();
    assert_eq!(api_key::public_id_of(key), Some(made.public_id.as_str()));
    assert!(made.hash.matches(key));
    let mut other = key.to_owned();
    let last = other.pop().expect("not empty");
    other.push(if last == '0' { '1' } else { '0' });
    assert_eq!(api_key::public_id_of(&other), Some(made.public_id.as_str()), "same row");
    assert!(!made.hash.matches(&other), "another secret");
    let masked = api_key::masked(&made.public_id);
    assert!(masked.contains(&made.public_id) && masked.len() < 30);
    for wrong in ["", "sea_", "sea_session_", "key", &key[..40], &format!("{key}0"), &key.replace("sea_", "see_")] {
        assert_eq!(api_key::public_id_of(wrong), None, "{wrong}");
    }
}

#[test]
fn a_form_token_belongs_to_one_session() {
    let (one, other) = (NewSession::generate(&SystemRandomness), NewSession::generate(&SystemRandomness));
    let token = csrf::form_token(one.token.expose());
    assert!(csrf::verify(one.token.expose(), &token));
    assert!(!csrf::verify(other.token.expose(), &token));
    assert!(!csrf::verify(one.token.expose(), ""));
    assert!(!one.token.expose().contains(&token), "the token does not give the session away");
}

fn tokens() -> Tokens {
    Tokens::new(ISSUER, SigningKey::generate().expect("a key"))
}

/// Verifies with the tokens' own key.
fn verify(tokens: &Tokens, presented: &str, now: Timestamp) -> Result<Claims, TokenError> {
    tokens.verify(presented, tokens.signing().public(), now)
}

#[test]
fn an_access_token_says_who_and_ends_after_an_hour() {
    let tokens = tokens();
    let token = tokens.issue("acct_1", Some("proj_1"), "jti-1", NOON).expect("signed");
    assert!(looks_like_token(token.expose()) && !looks_like_token("sea_0_0"));
    let claims = verify(&tokens, token.expose(), at_seconds(3_599)).expect("good for an hour");
    assert_eq!(
        (claims.sub.as_str(), claims.project.as_deref(), claims.jti.as_str()),
        ("acct_1", Some("proj_1"), "jti-1")
    );
    assert_eq!(claims.exp - claims.iat, 3_600);
    assert_eq!(verify(&tokens, token.expose(), at_seconds(3_631)), Err(TokenError::Expired));
    assert_eq!(verify(&tokens, token.expose(), at_seconds(-31)), Err(TokenError::Invalid), "issued in the future");
}

#[test]
fn another_key_issuer_or_a_changed_token_is_not_accepted() {
    let tokens = tokens();
    let token = tokens.issue("acct_1", None, "jti", NOON).expect("signed");
    assert_eq!(verify(&self::tokens(), token.expose(), NOON), Err(TokenError::Invalid), "another key");
    let key = SigningKey::generate().expect("a key");
    let copy = SigningKey::from_pkcs8(key.to_pkcs8()).expect("the same key");
    let elsewhere = Tokens::new("https://other.example", key).issue("acct_1", None, "jti", NOON).expect("signed");
    assert_eq!(verify(&Tokens::new(ISSUER, copy), elsewhere.expose(), NOON), Err(TokenError::Invalid), "issuer");
    for index in 0..token.expose().len() {
        let mut bytes = token.expose().as_bytes().to_vec();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        // The last character of a signature has bits that mean nothing; all others count.
        if index + 1 < token.expose().len() {
            assert!(verify(&tokens, &changed, NOON).is_err(), "changed at {index}");
        }
    }
    for text in ["", "ey", "a.b.c", &"ey.".repeat(3_000)] {
        assert_eq!(verify(&tokens, text, NOON), Err(TokenError::Invalid));
    }
}

#[test]
fn only_ed25519_is_accepted_whatever_the_header_says() {
    let key = SigningKey::generate().expect("a key");
    let kid = key.kid().to_owned();
    let signer = EncodingKey::from_ed_der(key.to_pkcs8());
    let tokens = Tokens::new(ISSUER, key);
    let public = tokens.signing().public().to_vec();
    let claims = Claims {
        iss: ISSUER.into(),
        aud: ISSUER.into(),
        sub: "acct_1".into(),
        project: None,
        iat: NOON.micros() / 1_000_000,
        exp: NOON.micros() / 1_000_000 + 60,
        jti: "forged".into(),
    };
    let header = |algorithm, typ: &str| {
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.clone());
        header.typ = Some(typ.to_owned());
        header
    };
    // The classic confusion: the public key used as the secret of a symmetric algorithm.
    let forged = encode(&header(Algorithm::HS256, "at+jwt"), &claims, &EncodingKey::from_secret(&public));
    assert_eq!(verify(&tokens, &forged.expect("encoded"), NOON), Err(TokenError::Invalid));
    let other_type = encode(&header(Algorithm::EdDSA, "JWT"), &claims, &signer).expect("encoded");
    assert_eq!(verify(&tokens, &other_type, NOON), Err(TokenError::Invalid), "another kind of token");
    let genuine = encode(&header(Algorithm::EdDSA, "at+jwt"), &claims, &signer).expect("encoded");
    assert_eq!(verify(&tokens, &genuine, NOON).as_ref(), Ok(&claims));
    let (_, unsigned) = genuine.split_once('.').expect("three parts");
    let (body, _) = unsigned.split_once('.').expect("three parts");
    // {"alg":"none","typ":"at+jwt"}
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{body}.");
    assert_eq!(verify(&tokens, &none, NOON), Err(TokenError::Invalid));
}

#[test]
fn a_retired_key_still_verifies_and_the_key_file_is_private() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("seatrial.key");
    let first = SigningKey::load_or_create(&path).expect("made");
    let again = SigningKey::load_or_create(&path).expect("read");
    assert_eq!(first.kid(), again.kid());
    assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1, "nothing is left behind");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let tokens = Tokens::of_file(ISSUER, &path).expect("read");
    let old_token = tokens.issue("acct_1", None, "jti", NOON).expect("signed");
    let new = SigningKey::replace(&path).expect("written");
    assert_eq!(tokens.signing().kid(), new.kid(), "the new key is used at once");
    assert!(tokens.verify(old_token.expose(), first.public(), NOON).is_ok());
    assert!(tokens.verify(old_token.expose(), new.public(), NOON).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1, "nothing is left behind");
    std::fs::write(&path, b"not a key").expect("written");
    assert_eq!(tokens.signing().kid(), new.kid(), "a key that signs is not given up for one that cannot");
    let error = SigningKey::load_or_create(&path).expect_err("damaged").to_string();
    assert!(error.contains("restore it"), "{error}");
}

#[test]
fn clocks_and_ids_are_steered_by_the_test() {
    let clock = ManualClock::new(NOON);
    let shared = clock.clone();
    clock.advance(Duration::from_secs(5));
    assert_eq!(shared.now(), at_seconds(5));
    let ids = |seed| Ids::new(Arc::new(clock.clone()), Arc::new(SeededRandomness::new(seed)));
    assert_eq!(ids(7).uuid_v7(), ids(7).uuid_v7(), "the same seed and time give the same id");
    let earlier = ids(1).uuid_v7();
    shared.advance(Duration::from_millis(1));
    assert!(earlier < ids(0).uuid_v7(), "ids sort by time");
    assert_eq!(earlier.get_version_num(), 7);
    assert!((0..200).all(|_| SystemRandomness.up_to(3) <= 3));
    assert_eq!(Secret::default().expose(), "");
}
