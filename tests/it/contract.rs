//! What holds for the whole API: edits name what they rest on, problems are explained, nothing is told to other origins.

use reqwest::Method;
use seatrial_domain::access::Role;
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{TestApp, Who, answer, both, run};
use crate::support::evidence::{WORKFLOW, declare, path, put_scorecard};
use crate::support::visitor::Visitor;

both!(an_edit_rests_on_what_was_read, an_edit_of_a_workflow_is_logged_with_both_states);

/// The tag of what is there.
async fn tag(app: &TestApp, at: &str) -> String {
    let response = app.member(Role::Admin).get(at).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    response.headers()["etag"].to_str().expect("a text").to_owned()
}

async fn an_edit_rests_on_what_was_read(app: &TestApp) {
    declare(app).await;
    let settings = |currency: &str| json!({"currency": currency, "labour_nanos_per_hour": 0});
    let prices = |nanos: u64| json!({"m": {"input_nanos": nanos, "output_nanos": nanos}});
    let classes = |name: &str| json!({"items": [{"name": name, "severity": "minor", "meaning": "m"}]});
    let workflow = |class: &str| json!({"risk_class": class, "rules": {"settle_seconds": 60}});
    let edits = [
        ("settings".to_owned(), settings("EUR"), settings("CHF")),
        ("prices".to_owned(), prices(1), prices(2)),
        ("failure-classes".to_owned(), classes("one"), classes("two")),
        (format!("workflows/{WORKFLOW}"), workflow("low"), workflow("medium")),
    ];
    for (noun, first, second) in edits {
        let at = path(&noun);
        let read = tag(app, &at).await;
        assert_eq!(tag(app, &at).await, read, "{noun}: the same has the same tag");
        let put = async |body: &Value, tag: &str| {
            let request = app.member(Role::Admin).put(&at).header("if-match", tag).json(body);
            let response = request.send().await.expect("an answer");
            let new = response.headers().get("etag").map(|tag| tag.to_str().expect("a text").to_owned());
            (response.status().as_u16(), new, response.json::<Value>().await.expect("JSON"))
        };
        let (status, new, _) = put(&first, &read).await;
        let new = new.expect("a new tag");
        assert_eq!((status, &new), (200, &tag(app, &at).await), "{noun}");
        let (status, _, body) = put(&second, &read).await;
        assert_eq!((status, body["code"].as_str()), (412, Some("changed_meanwhile")), "{noun}: somebody was first");
        assert_eq!(tag(app, &at).await, new, "{noun}: and nothing is lost");
        assert_eq!(put(&second, &format!("\"other\", {new}")).await.0, 200, "{noun}: one of them is enough");
        assert_eq!(put(&first, "*").await.0, 200, "{noun}: whatever is there");
        assert_eq!(answer(app.member(Role::Admin).put(&at).json(&second)).await.0, 200, "{noun}: without a condition");
    }
}

async fn an_edit_of_a_workflow_is_logged_with_both_states(app: &TestApp) {
    declare(app).await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let body = json!({"risk_class": "low", "rules": {"settle_seconds": 60}});
    assert_eq!(answer(app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&body)).await.0, 200);
    let (_, log) = answer(app.member(Role::Admin).get(&path("audit-entries?noun=workflow&limit=1"))).await;
    let detail = &log["items"][0]["detail"];
    assert_eq!((&detail["before"]["risk_class"], &detail["after"]["risk_class"]), (&json!("high"), &json!("low")));
}

#[test]
fn problems_are_explained_where_their_type_points() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let (_, problem) = answer(app.client(Who::Nobody).get(&path("settings"))).await;
        let (page, code) = problem["type"].as_str().expect("a type").split_once('#').expect("a code");
        let seen = Visitor::new(app).get(page).await.ok();
        assert!(seen.contains(&format!("id=\"{code}\"")), "{seen}");
        let (status, table) = answer(app.client(Who::Nobody).get(page)).await;
        let rows = table["items"].as_array().expect("a table");
        assert_eq!(status, 200);
        assert!(rows.iter().any(|row| row["code"] == code && row["status"] == 401), "{table}");
    });
}

#[test]
fn other_origins_are_told_nothing() {
    run(Backend::Sqlite, async |app: &TestApp| {
        for at in ["/api/v1/account", "/sign-in", "/docs/problems", "/v1/traces"] {
            for method in [Method::GET, Method::OPTIONS, Method::POST] {
                let request =
                    app.client(Who::Nobody).request(method.clone(), at).header("origin", "https://evil.example");
                let request = request.header("access-control-request-method", "POST");
                let response = request.send().await.expect("an answer");
                let told: Vec<&str> = response.headers().keys().map(reqwest::header::HeaderName::as_str).collect();
                assert!(!told.iter().any(|name| name.starts_with("access-control-")), "{method} {at}: {told:?}");
                let policy = response.headers()["content-security-policy"].to_str().expect("a text").to_owned();
                assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{method} {at}");
                for name in ["x-content-type-options", "referrer-policy", "x-frame-options", "permissions-policy"] {
                    assert!(response.headers().contains_key(name), "{method} {at} lacks {name}");
                }
            }
        }
    });
}

#[test]
fn a_scorecard_names_its_workflow() {
    run(Backend::Sqlite, async |app: &TestApp| {
        declare(app).await;
        put_scorecard(app).await;
        let (_, list) = answer(app.member(Role::Viewer).get(&path("scorecards"))).await;
        let card = &list["items"][0];
        assert_eq!(card["workflow"], WORKFLOW, "{card}");
        assert!(card["workflow_id"].as_str().is_some_and(|id| id.starts_with("wf_")), "{card}");
    });
}

#[test]
fn a_policy_beyond_what_json_holds_is_refused() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let admin = app.member(Role::Admin);
        let (status, mut policy) = answer(admin.get(&path("policy"))).await;
        assert_eq!(status, 200, "{policy}");
        if let Some(inner) = policy.get("policy").cloned() {
            policy = inner;
        }
        policy["planned_candidate_runs"] = json!(9_223_372_036_854_775_808_u64);
        let (status, body) = answer(admin.put(&path("policy")).json(&policy)).await;
        assert!([400, 422].contains(&status), "{status} {body}");
        assert_eq!(answer(admin.get(&path("policy"))).await.0, 200, "and the one that is there is read as before");
    });
}
