//! Members and their roles: what each may do, and that an admin stays.

use reqwest::Method;
use seatrial_domain::access::Role;
use serde_json::{Value, json};

use crate::support::app::{TestApp, Who, answer, both};

both!(
    roles_decide_what_a_member_may_do,
    nobody_is_told_whether_an_address_has_an_account,
    roles_are_changed_and_members_removed,
    the_last_admin_stays,
    a_nul_in_a_text_is_no_fault_of_the_service,
);

const MEMBERS: &str = "/api/v1/projects/demo-co/members";
const INVITATIONS: &str = "/api/v1/projects/demo-co/invitations";

/// A request, the roles that may send it, and what they are answered.
type Case<'a> = (Method, &'a str, Option<&'a Value>, &'a [Role], u16);

async fn roles_decide_what_a_member_may_do(app: &TestApp) {
    let settings = json!({"currency": "EUR", "labour_nanos_per_hour": 0});
    let key = json!({"name": "k", "scopes": ["read"]});
    let member = json!({"email": "nobody-there@demo-co.example", "roles": ["viewer"]});
    let everybody: &[Role] = Role::ALL;
    let admin: &[Role] = &[Role::Admin];
    // What is asked, who may, and the answer to those who may.
    let cases: &[Case] = &[
        (Method::GET, "settings", None, everybody, 200),
        (Method::GET, "prices", None, everybody, 200),
        (Method::GET, "failure-classes", None, everybody, 200),
        (Method::GET, "members", None, everybody, 200),
        (Method::GET, "audit-entries", None, &[Role::ReleaseManager, Role::Admin], 200),
        (Method::PUT, "settings", Some(&settings), admin, 200),
        (Method::PUT, "prices", Some(&json!({})), admin, 200),
        (Method::PUT, "failure-classes", Some(&json!({"items": []})), admin, 200),
        (Method::GET, "api-keys", None, admin, 200),
        (Method::POST, "api-keys", Some(&key), admin, 201),
        (Method::POST, "invitations", Some(&member), admin, 201),
    ];
    for (method, noun, body, allowed, right) in cases {
        let path = format!("/api/v1/projects/demo-co/{noun}");
        let ask = async |who: Who| {
            let request = app.client(who).request(method.clone(), &path);
            answer(if let Some(body) = body { request.json(body) } else { request }).await
        };
        for role in Role::ALL {
            let expected = if allowed.contains(role) { *right } else { 403 };
            assert_eq!(ask(Who::Member(*role)).await.0, expected, "{method} {noun} as {role}");
        }
        assert_eq!(ask(Who::Outsider).await.0, 404, "{method} {noun} from outside");
        assert_eq!(ask(Who::Nobody).await.0, 401, "{method} {noun} by nobody");
    }
}

async fn nobody_is_told_whether_an_address_has_an_account(app: &TestApp) {
    let admin = app.member(Role::Admin);
    let invite = async |email: &str| {
        let body = json!({"email": email, "roles": ["reviewer", "owner", "reviewer"]});
        let (status, mut made) = answer(admin.post(INVITATIONS).json(&body)).await;
        for own in ["id", "email", "created_at", "expires_at", "url"] {
            assert!(made[own].is_string(), "{email}: {made}");
            made[own] = Value::Null;
        }
        (status, made)
    };
    let (known, unknown) = (invite(" Outsider@demo-co.example ").await, invite("ada@demo-co.example").await);
    assert_eq!(known, unknown, "the same is said of an address with and without an account");
    assert_eq!((known.0, &known.1["roles"]), (201, &json!(["reviewer", "owner"])));
    // There is no other way in: an account is no member until its owner takes the link.
    assert_eq!(answer(app.client(Who::Outsider).get(MEMBERS)).await.0, 404);
    let added = json!({"email": "outsider@demo-co.example", "roles": ["viewer"]});
    assert_eq!(answer(admin.post(MEMBERS).json(&added)).await.0, 404);
    for email in ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@example.com\r\nBcc: x@example.com"] {
        let body = json!({"email": email, "roles": ["viewer"]});
        assert_eq!(answer(admin.post(INVITATIONS).json(&body)).await.0, 422, "{email:?}");
    }
}

async fn roles_are_changed_and_members_removed(app: &TestApp) {
    let admin = app.member(Role::Admin);
    let viewer = format!("{MEMBERS}/{}", app.account(Role::Viewer));
    let roles = format!("{viewer}/roles");
    let (status, body) = answer(admin.put(&roles).json(&json!({"roles": ["admin"]}))).await;
    assert_eq!((status, &body["roles"]), (200, &json!(["admin"])));
    assert_eq!(answer(app.member(Role::Viewer).get("/api/v1/projects/demo-co/api-keys")).await.0, 200);
    assert_eq!(answer(admin.put(&roles).json(&json!({"roles": []}))).await.0, 422);
    assert_eq!(answer(admin.put(&roles).json(&json!({"roles": ["root"]}))).await.0, 400);
    assert_eq!(answer(admin.delete(&viewer)).await.0, 204);
    assert_eq!(answer(app.member(Role::Viewer).get(MEMBERS)).await.0, 404);
    assert_eq!(answer(admin.delete(&viewer)).await.0, 404);
    assert_eq!(answer(admin.put(&roles).json(&json!({"roles": ["viewer"]}))).await.0, 404);
    let (_, list) = answer(admin.get(MEMBERS)).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(Role::ALL.len() - 1));
}

async fn the_last_admin_stays(app: &TestApp) {
    let admin = app.member(Role::Admin);
    let own = format!("{MEMBERS}/{}", app.account(Role::Admin));
    for request in [admin.delete(&own), admin.put(&format!("{own}/roles")).json(&json!({"roles": ["owner"]}))] {
        let (status, body) = answer(request).await;
        assert_eq!((status, body["code"].as_str()), (409, Some("last_admin")));
    }
    assert_eq!(answer(admin.get("/api/v1/projects/demo-co/api-keys")).await.0, 200, "nothing changed");

    // Two admins who remove each other at once: one stays.
    let owner = format!("{MEMBERS}/{}", app.account(Role::Owner));
    let both = json!({"roles": ["admin"]});
    assert_eq!(answer(admin.put(&format!("{owner}/roles")).json(&both)).await.0, 200);
    let (one, other) = tokio::join!(answer(admin.delete(&owner)), answer(app.member(Role::Owner).delete(&own)));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    // The second is not a member any more, or would be the last to go.
    assert!(matches!(statuses, [204, 404 | 409]), "{statuses:?}");
}

async fn a_nul_in_a_text_is_no_fault_of_the_service(app: &TestApp) {
    let admin = app.member(Role::Admin);
    // SQLite keeps it, PostgreSQL cannot: either way a person can read what happened.
    let classes = json!({"items": [{"name": "odd", "severity": "minor", "meaning": "a\u{0}b"}]});
    let (status, body) = answer(admin.put("/api/v1/projects/demo-co/failure-classes").json(&classes)).await;
    assert!(matches!(status, 200 | 422), "{body}");
    if status == 422 {
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("NUL")), "{body}");
    }
}
