//! What stands before every request: the token of forms, the allowance of attempts, headers, and answers that tell nobody
//! who has an account. Each is walked over everything that is served, so that nothing new stands outside.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use reqwest::{Method, RequestBuilder};
use seatrial::auth::csrf;
use seatrial::auth::secret::{Secret, SecretHash};
use seatrial::auth::token::{Claims, SigningKey, Tokens};
use seatrial::worker::jobs;
use seatrial_domain::access::Role;
use seatrial_store::Backend;
use serde_json::json;

use crate::permissions::nothing;
use crate::permissions::operation::{Operation, operations};
use crate::support::app::{Builder, PASSWORD, PROJECT, TestApp, Who, answer, both, run, run_with};
use crate::support::sql::texts;
use crate::support::visitor::Visitor;

const SESSION: &str = "seatrial_session";

both!(
    a_wrong_address_costs_what_a_wrong_password_costs,
    tokens_verify_by_the_published_keys_alone,
    an_invitation_asks_the_same_of_every_address,
);

/// The routes of pages that take a form, read where they are written down.
fn forms() -> Vec<String> {
    let routes = include_str!("../../../src/http/pages/mod.rs").lines().filter(|line| line.contains("post().to("));
    let paths: Vec<String> = routes.filter_map(|line| Some(line.split('"').nth(1)?.to_owned())).collect();
    assert!(paths.len() > 35, "found only {}", paths.len());
    paths
}

/// The path of a page with ids of nothing.
fn filled(path: &str) -> String {
    let words = [("project", PROJECT), ("deed", "dismiss"), ("finding", "fine"), ("token", "none"), ("span", "1")];
    let path = words.iter().fold(path.to_owned(), |path, (name, word)| path.replace(&format!("{{{name}}}"), word));
    nothing().iter().fold(path, |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
}

fn asked(app: &TestApp, operation: &Operation, cookie: &str) -> RequestBuilder {
    let at = operation.address(PROJECT, &nothing());
    let request = app.client(Who::Nobody).request(operation.method.clone(), &at);
    request.header("cookie", format!("{SESSION}={cookie}")).json(&operation.body.clone().unwrap_or(json!({})))
}

/// Another site can make a browser send the cookie. It cannot know the token.
#[test]
fn no_operation_changes_anything_by_the_cookie_alone() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let own = app.app.begin_session(app.account(Role::Admin)).await.expect("a session");
        let other = app.app.begin_session(app.account(Role::Admin)).await.expect("a session");
        let others = csrf::form_token(other.token.expose());
        let (mut walked, mut faults) = (0, Vec::new());
        let changing = |operation: &&Operation| operation.method != Method::GET && operation.permission != "none";
        for operation in operations().iter().filter(changing) {
            walked += 1;
            for token in [None, Some(""), Some("0"), Some(others.as_str())] {
                let mut request = asked(app, operation, own.token.expose());
                if let Some(token) = token {
                    request = request.header("x-csrf-token", token);
                }
                let (status, body) = answer(request).await;
                // Runs are sent by programs: a cookie is nobody there.
                let refused = body["code"] == "bad_form_token" || body["code"] == "unauthenticated";
                if !refused || ![401, 403].contains(&status) {
                    faults.push(format!("{} with the token {token:?}: {status} {body}", operation.id));
                }
            }
        }
        assert!(walked > 70, "walked only {walked}");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    });
}

/// What is open to everybody takes JSON only, which a form of another site cannot send.
#[test]
fn what_is_open_to_everybody_takes_no_form_of_another_site() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let mut walked = 0;
        for operation in operations().iter().filter(|one| one.permission == "none" && one.method != Method::GET) {
            walked += 1;
            for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
                let request = app.client(Who::Nobody).request(operation.method.clone(), &operation.path);
                let body = json!({"email": app.email(Role::Admin), "password": PASSWORD}).to_string();
                let (status, body) = answer(request.header("content-type", kind).body(body)).await;
                assert_eq!((status, body["code"].as_str()), (415, Some("unsupported_media")), "{}", operation.id);
            }
        }
        assert!(walked >= 5, "walked only {walked}");
    });
}

#[test]
fn no_page_takes_a_form_without_the_token_of_its_session() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let own = app.app.begin_session(app.account(Role::Admin)).await.expect("a session");
        let other = app.app.begin_session(app.account(Role::Admin)).await.expect("a session");
        let others = csrf::form_token(other.token.expose());
        let mut faults = Vec::new();
        // The address in a mail is the proof there, and one click must do.
        for path in forms().iter().filter(|path| *path != "/mail/{token}") {
            for body in [String::new(), "csrf=".to_owned(), format!("csrf={others}")] {
                let fields = "email=a%40b.example&password=x&token=x&new_password=x&present_password=x&name=x";
                let request = app.client(Who::Nobody).post(&filled(path));
                let request = request.header("cookie", format!("{SESSION}={}", own.token.expose()));
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                let sent = request.body(format!("{fields}&{body}")).send().await.expect("an answer");
                let status = sent.status().as_u16();
                let text = sent.text().await.expect("a page");
                if status != 403 || !text.contains("The form is not valid any more") {
                    faults.push(format!("{path} with {body:?}: {status}"));
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    });
}

/// Whatever can be used to guess a password, a link or an address counts in one allowance.
#[test]
fn everything_that_can_be_guessed_at_is_counted() {
    let builder = Builder::new(Backend::Sqlite).with("auth.sign_in_attempts_per_minute", "1");
    run_with(builder, async |app: &TestApp| {
        let own = app.app.begin_session(app.account(Role::Admin)).await.expect("a session");
        let token = csrf::form_token(own.token.expose());
        let wrong = json!({"email": app.email(Role::Viewer), "password": "wrong"});
        assert_eq!(answer(app.client(Who::Nobody).post("/api/v1/sessions").json(&wrong)).await.0, 401);
        let guessable =
            |one: &&Operation| one.id == "change_password" || (one.permission == "none" && one.method != Method::GET);
        let mut walked = Vec::new();
        for operation in operations().iter().filter(guessable) {
            let request = asked(app, operation, own.token.expose()).header("x-csrf-token", &token);
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), 429, "{}", operation.id);
            assert!(response.headers().contains_key("retry-after"), "{}", operation.id);
            walked.push(operation.id.clone());
        }
        assert!(walked.len() >= 6 && walked.contains(&"change_password".to_owned()), "{walked:?}");
        let pages = ["/sign-in", "/account/password", "/password-reset", "/password-reset/choose", "/invitation"];
        for page in pages {
            assert!(forms().iter().any(|path| path == page), "{page} is no form any more");
            let request =
                app.client(Who::Nobody).post(page).header("cookie", format!("{SESSION}={}", own.token.expose()));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let response = request.body(format!("csrf={token}")).send().await.expect("an answer");
            assert_eq!(response.status(), 429, "{page}");
        }
    });
}

/// The least time of several: what the work takes, whatever else the machine does.
async fn quickest(app: &TestApp, email: &str) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..3 {
        let began = Instant::now();
        let body = json!({"email": email, "password": "not the password"});
        let (status, _) = answer(app.client(Who::Nobody).post("/api/v1/sessions").json(&body)).await;
        least = least.min(began.elapsed());
        assert_eq!(status, 401, "{email}");
    }
    least
}

async fn a_wrong_address_costs_what_a_wrong_password_costs(app: &TestApp) {
    let known = quickest(app, &app.email(Role::Viewer)).await;
    app.app.set_account_disabled("test", app.account(Role::Owner), true).await.expect("disabled");
    for email in ["nobody@demo-co.example", "no address", "", &app.email(Role::Owner)] {
        let spent = quickest(app, email).await;
        // Without the hash of a password it would be a fiftieth.
        assert!(spent * 3 > known, "{email:?} is answered after {spent:?}, a known address after {known:?}");
    }
}

/// Whether somebody outside, who has the published keys and nothing else, takes the token for genuine.
async fn verifies_outside(app: &TestApp, token: &str) -> bool {
    let (_, keys) = answer(app.client(Who::Nobody).get("/api/v1/jwks")).await;
    let keys: JwkSet = serde_json::from_value(keys).expect("a key set");
    let kid = jsonwebtoken::decode_header(token).expect("a header").kid.expect("the key's name");
    let Some(key) = keys.find(&kid) else { return false };
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[&app.base_url]);
    validation.set_issuer(&[&app.base_url]);
    // The test's clock is not this machine's.
    validation.validate_exp = false;
    decode::<Claims>(token, &DecodingKey::from_jwk(key).expect("a key"), &validation).is_ok()
}

async fn tokens_verify_by_the_published_keys_alone(app: &TestApp) {
    app.app.register_signing_key().await.expect("registered");
    let issue = || app.app.issue_token(app.account(Role::Viewer)).expect("a token").token.expose().to_owned();
    let opens = async |token: &str| answer(app.client(Who::Key(token.to_owned())).get("/api/v1/account")).await.0;
    let before = issue();
    let leaked = std::fs::read(app.folder().join("test.key")).expect("the key's file");
    app.app.rotate_signing_key("test", false).await.expect("rotated");
    let after = issue();
    for token in [&before, &after] {
        assert!(verifies_outside(app, token).await && opens(token).await == 200, "while tokens of both are good");
    }
    // An hour later the replaced key is worth nothing, also to somebody who has a copy of it and signs with it anew.
    app.clock.advance(Duration::from_secs(3_700));
    let copy = Tokens::new(app.base_url.clone(), SigningKey::from_pkcs8(&leaked).expect("a key"));
    let subject = app.account(Role::Viewer).to_string();
    let forged =
        copy.issue(&subject, None, "forged", seatrial_domain::time::Timestamp::from_micros(app.app.now().micros()));
    let forged = forged.expect("signed");
    for _ in 0..2 {
        assert_eq!(opens(forged.expose()).await, 401, "a retired key");
        assert!(!verifies_outside(app, forged.expose()).await && !verifies_outside(app, &before).await);
        let fresh = issue();
        assert!(verifies_outside(app, &fresh).await && opens(&fresh).await == 200);
        jobs::forget_ended(&app.app).await.expect("done");
    }
}

async fn an_invitation_asks_the_same_of_every_address(app: &TestApp) {
    let admin = app.member(Role::Admin);
    let at = "/api/v1/projects/demo-co/invitations";
    for email in ["outsider@demo-co.example", "nobody@demo-co.example"] {
        let body = json!({"email": email, "roles": ["viewer"]});
        assert_eq!(answer(admin.post(at).json(&body)).await.0, 201, "{email}");
    }
    // The addresses of this project's own members are in its list of members already.
    let body = json!({"email": app.email(Role::Viewer).to_uppercase(), "roles": ["viewer"]});
    let (status, refused) = answer(admin.post(at).json(&body)).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("already_a_member")));
}

/// Asking for a new password does the same for every address while somebody waits for the answer: it is written down.
#[test]
fn asking_for_a_password_does_the_same_for_every_address() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        run_with(Builder::new(backend).with_mail(), async |app: &TestApp| {
            let (known, unknown) = (app.email(Role::Viewer), "nobody@demo-co.example".to_owned());
            for email in [&known, &unknown] {
                let body = json!({"email": email});
                assert_eq!(answer(app.client(Who::Nobody).post("/api/v1/password-resets").json(&body)).await.0, 202);
            }
            let mut noted = texts(app, "SELECT email FROM reset_requests").await;
            noted.sort();
            assert_eq!(noted, [unknown, known]);
            assert!(
                texts(app, "SELECT payload_json FROM outbox").await.is_empty(),
                "mail is made later, by the worker"
            );
            assert!(texts(app, "SELECT 'link' FROM password_resets").await.is_empty());
        });
    }
}

#[test]
fn every_kind_of_answer_tells_browsers_to_be_strict() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let visitor = Visitor::signed_in(app, Role::Admin).await;
        let page = visitor.get("/account").await;
        let sheet = page.text.split("href=\"/assets/").nth(1).and_then(|rest| rest.split('"').next()).expect("a sheet");
        let asset = format!("/assets/{sheet}");
        let kinds = [
            "/account",
            "/p/demo-co",
            "/p/demo-co/settings",
            "/sign-in",
            "/no/such/page",
            "/p/no-such-project",
            "/api/docs",
            "/api/openapi.json",
            "/api/v1/account",
            "/api/v1/projects/demo-co/runs?limit=x",
            "/docs/problems",
            "/healthz",
            "/metrics",
            "/p/demo-co/audit?format=csv",
            "/favicon.ico",
            asset.as_str(),
        ];
        for path in kinds {
            let seen = visitor.get(path).await;
            let header = |name: &str| seen.headers.get(name).map_or("", String::as_str);
            let policy = header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
            assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{path}");
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("x-frame-options", "DENY"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(header(name), value, "{path}: {name}");
            }
            assert!(header("permissions-policy").contains("camera=()"), "{path}");
            // What is the same for everybody may be kept; what a page shows belongs to who is signed in.
            let public = path == asset || ["/api/docs", "/api/openapi.json"].contains(&path);
            assert_eq!(header("cache-control") == "no-store", !public, "{path}: {}", header("cache-control"));
        }
    });
}

#[test]
fn secrets_are_compared_as_wholes() {
    let secret = Secret::new("sea_0123");
    assert_eq!(secret, Secret::new("sea_0123"));
    for other in ["", "sea_012", "sea_0124", "tea_0123", "sea_01234"] {
        assert_ne!(secret, Secret::new(other), "{other}");
        assert_ne!(SecretHash::of("sea_0123"), SecretHash::of(other), "{other}");
    }
    // The derived comparison ends at the first byte that differs; these must stay what constant time made them.
    let source = include_str!("../../../src/auth/secret.rs");
    assert_eq!(source.matches("ct_eq(").count(), 2);
    assert!(!source.contains("derive(Clone, Default, PartialEq") && !source.contains("derive(Clone, Copy, PartialEq"));
}
