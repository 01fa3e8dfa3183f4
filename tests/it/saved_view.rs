//! Saved views through the API: whose they are, what they may hold, and what is written down about them.

use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::limits::{LABEL_BYTES, VIEWS_PER_LIST};
use seatrial_domain::saved_view::ViewedList;
use serde_json::{Value, json};

use crate::support::app::{TestApp, TestClient, answer, both};
use crate::support::evidence::{expect, path};
use crate::support::sql::texts;

both!(
    a_view_is_its_persons_until_it_is_shared,
    a_view_holds_filters_of_its_list_and_nothing_else,
    there_are_so_many_views_of_a_list,
    who_may_not_read_a_list_sees_no_view_of_it,
    edits_rest_on_what_was_read,
);

fn named(name: &str, shared: bool) -> Value {
    json!({"list": "runs", "name": name, "filters": {"outcome": "failure"}, "shared": shared})
}

async fn save(client: &TestClient<'_>, view: &Value) -> (u16, Value) {
    answer(client.post(&path("saved-views")).json(view)).await
}

async fn saved(client: &TestClient<'_>, view: &Value) -> String {
    let (status, body) = save(client, view).await;
    assert_eq!(status, 201, "{body}");
    body["id"].as_str().expect("an id").to_owned()
}

/// The names that somebody sees, sorted: what is made in the same millisecond has no order.
async fn names(client: &TestClient<'_>, query: &str) -> Vec<String> {
    let body = expect(200, client.get(&path(&format!("saved-views{query}")))).await;
    let items = body["items"].as_array().expect("a list").iter();
    let mut names: Vec<String> = items.map(|item| item["name"].as_str().expect("a name").to_owned()).collect();
    names.sort();
    names
}

async fn entries(app: &TestApp) -> Vec<Value> {
    let log = expect(200, app.member(Role::Admin).get(&path("audit-entries?noun=saved_view"))).await;
    log["items"].as_array().expect("a list").clone()
}

async fn a_view_is_its_persons_until_it_is_shared(app: &TestApp) {
    let (reviewer, viewer) = (app.member(Role::Reviewer), app.member(Role::Viewer));
    let own = saved(&reviewer, &named("Mine", false)).await;
    assert_eq!(names(&reviewer, "").await, ["Mine"]);
    assert_eq!(names(&viewer, "").await, [""; 0]);
    let about = path(&format!("saved-views/{own}"));
    for request in [viewer.get(&about), viewer.delete(&about)] {
        assert_eq!(answer(request).await.0, 404, "what is somebody's own is nothing to others");
    }
    assert_eq!(entries(app).await, [Value::Null; 0], "what somebody keeps for themselves is theirs");
    // The same name may be somebody else's, but not twice one's own.
    saved(&viewer, &named("Mine", false)).await;
    assert_eq!(save(&reviewer, &named("Mine", false)).await.1["code"], "already_exists");

    let body = json!({"name": "Failed", "filters": {"outcome": "failure", "workflow": "w"}, "shared": true});
    let (status, said) = answer(viewer.put(&about).json(&body)).await;
    assert_eq!(status, 404, "{said}");
    let shared = expect(200, reviewer.put(&about).json(&body)).await;
    assert_eq!((&shared["shared"], &shared["account"]), (&json!(true), &Value::Null));
    assert_eq!(shared["saved_by"], "Demo reviewer");
    assert_eq!(names(&viewer, "?list=runs").await, ["Failed", "Mine"]);
    assert_eq!(names(&viewer, "?list=cases").await, [""; 0]);
    let log = entries(app).await;
    assert_eq!((log.len(), &log[0]["action"]), (1, &json!("put")));
    assert_eq!(log[0]["detail"]["before"], Value::Null);
    assert_eq!(log[0]["detail"]["after"]["filters"], json!({"outcome": "failure", "workflow": "w"}));

    // Who may not share changes nothing that is shared, and shares nothing.
    assert_eq!(save(&viewer, &named("Ours", true)).await.0, 403);
    assert_eq!(answer(viewer.put(&about).json(&body)).await.0, 403);
    assert_eq!(answer(viewer.delete(&about)).await.0, 403);
    let key = app.program(&[KeyScope::Read]).await;
    assert_eq!(names(&key, "").await, ["Failed"], "a key sees what is shared");
    assert_eq!(save(&key, &named("Its own", false)).await.0, 422);
    let key = app.program(&[KeyScope::Triage]).await;
    saved(&key, &named("By a key", true)).await;
    expect(204, app.member(Role::Owner).delete(&about)).await;
    assert_eq!(names(&viewer, "").await, ["By a key", "Mine"]);
    assert_eq!(entries(app).await[0]["detail"]["before"]["name"], "Failed");

    // Whoever leaves takes their own along.
    let account = app.account(Role::Viewer);
    expect(204, app.member(Role::Admin).delete(&path(&format!("members/{account}")))).await;
    assert_eq!(texts(app, "SELECT name FROM saved_views").await, ["By a key"]);
}

async fn a_view_holds_filters_of_its_list_and_nothing_else(app: &TestApp) {
    let reviewer = app.member(Role::Reviewer);
    let of = |list: &str, filters: Value| json!({"list": list, "name": "x", "filters": filters, "shared": false});
    let wrong = [
        of("runs", json!({"href": "https://evil.example"})),
        of("runs", json!({"cursor": "0.0"})),
        of("runs", json!({"done": "decided"})),
        of("runs", json!({"outcome": "splendid"})),
        of("runs", json!({"from": "yesterday"})),
        of("runs", json!({"workflow": "a\u{202e}b\u{7}"})),
        of("runs", json!({"workflow": "w".repeat(LABEL_BYTES + 1)})),
        of("failures", json!({"assigned": "acc_1"})),
        of("gaps", json!({"all": "no"})),
        json!({"list": "runs", "name": "", "filters": {}, "shared": false}),
        json!({"list": "runs", "name": "n".repeat(LABEL_BYTES + 1), "filters": {}, "shared": false}),
        json!({"list": "runs", "name": "a\nb", "filters": {}, "shared": false}),
    ];
    for body in wrong {
        let (status, said) = save(&reviewer, &body).await;
        assert_eq!((status, &said["code"]), (422, &json!("invalid")), "{body}: {said}");
    }
    for body in [of("everything", json!({})), json!({"list": "runs", "name": "x", "url": "https://evil.example"})] {
        assert_eq!(save(&reviewer, &body).await.0, 400, "{body}");
    }
    assert_eq!(names(&reviewer, "").await, [""; 0]);
    let kept = of("runs", json!({"outcome": " failure ", "workflow": "", "q": "a&outcome=success#x"}));
    let (_, kept) = save(&reviewer, &kept).await;
    assert_eq!(
        kept["filters"],
        json!({"outcome": "failure", "q": "a&outcome=success#x"}),
        "what says nothing is left out"
    );
}

async fn there_are_so_many_views_of_a_list(app: &TestApp) {
    let reviewer = app.member(Role::Reviewer);
    for n in 0..VIEWS_PER_LIST {
        saved(&reviewer, &named(&format!("view {n}"), false)).await;
    }
    let (status, said) = save(&reviewer, &named("one more", false)).await;
    assert_eq!((status, &said["code"]), (409, &json!("too_many_views")), "{said}");
    let first = saved(&reviewer, &named("one more", true)).await;
    let body = json!({"name": "back", "filters": {}, "shared": false});
    let (_, said) = answer(reviewer.put(&path(&format!("saved-views/{first}"))).json(&body)).await;
    assert_eq!(said["code"], "too_many_views", "what was shared does not fit among one's own");
    let other = json!({"list": "cases", "name": "Active", "filters": {"status": "active"}});
    saved(&reviewer, &other).await;
    // Page by page, each once.
    let (mut seen, mut query) = (Vec::new(), "?limit=9".to_owned());
    loop {
        let body = expect(200, reviewer.get(&path(&format!("saved-views{query}")))).await;
        seen.extend(body["items"].as_array().expect("a list").iter().map(|item| item["id"].to_string()));
        let Some(next) = body["next_cursor"].as_str() else { break };
        query = format!("?limit=9&cursor={next}");
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((all as u64, seen.len()), (VIEWS_PER_LIST + 2, all));
}

async fn who_may_not_read_a_list_sees_no_view_of_it(app: &TestApp) {
    let admin = app.member(Role::Admin);
    let of = |list: ViewedList| json!({"list": list, "name": list.label(), "filters": {}, "shared": true});
    for list in ViewedList::ALL {
        saved(&admin, &of(list)).await;
    }
    let (viewer, gate) = (app.member(Role::Viewer), app.program(&[KeyScope::Gate]).await);
    let all = names(&admin, "").await;
    assert_eq!(all.len(), ViewedList::ALL.len());
    assert!(!names(&viewer, "").await.contains(&"Audit log".to_owned()));
    assert_eq!(names(&viewer, "").await.len(), all.len() - 1);
    let to_gate = names(&gate, "").await;
    assert!(to_gate.contains(&"Releases".to_owned()) && !to_gate.contains(&"Runs".to_owned()), "{to_gate:?}");
    assert_eq!(answer(viewer.get(&path("saved-views?list=audit"))).await.0, 403);
    let audit = expect(200, admin.get(&path("saved-views?list=audit"))).await["items"][0]["id"].clone();
    let audit = path(&format!("saved-views/{}", audit.as_str().expect("an id")));
    let reviewer = app.member(Role::Reviewer);
    for request in [viewer.get(&audit), reviewer.delete(&audit)] {
        assert_eq!(answer(request).await.0, 403);
    }
}

async fn edits_rest_on_what_was_read(app: &TestApp) {
    let reviewer = app.member(Role::Reviewer);
    let about = path(&format!("saved-views/{}", saved(&reviewer, &named("Failed", true)).await));
    let read = reviewer.get(&about).send().await.expect("an answer");
    let tag = read.headers()["etag"].to_str().expect("a tag").to_owned();
    let body = |name: &str| json!({"name": name, "filters": {"outcome": "failure"}, "shared": true});
    expect(200, reviewer.put(&about).header("if-match", &tag).json(&body("Broken"))).await;
    let (status, said) = answer(app.member(Role::Owner).put(&about).header("if-match", &tag).json(&body("Lost"))).await;
    assert_eq!((status, &said["code"]), (412, &json!("changed_meanwhile")), "{said}");
    assert_eq!(expect(200, reviewer.get(&about)).await["name"], "Broken");
}
