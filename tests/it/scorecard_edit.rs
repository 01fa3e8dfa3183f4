//! Changing a scorecard: what it would have meant for the last decisions, by API and on the page that writes it.

use seatrial_domain::access::Role;
use serde_json::{Value, json};

use crate::support::app::{TestApp, Who, answer, both};
use crate::support::evidence::{WORKFLOW, decide, expect, freeze, path, ready_gate};
use crate::support::visitor::{Visitor, at, between};

both!(a_change_is_tried_on_the_last_decisions, a_scorecard_is_changed_on_its_page);

fn scorecard_path(rest: &str) -> String {
    path(&format!("workflows/{WORKFLOW}/scorecard{rest}"))
}

/// The scorecard as it stands, with another margin and more checks.
async fn with(app: &TestApp, margin: f64, more: &[Value]) -> Value {
    let read = expect(200, app.member(Role::Viewer).get(&scorecard_path(""))).await;
    let mut body = json!({"owner": read["owner"]["id"], "version": read["version"]});
    for same in ["name", "cadence_days", "checks", "dimensions"] {
        body[same] = read[same].clone();
    }
    body["checks"][0]["criterion"]["margin"] = json!(margin);
    body["checks"].as_array_mut().expect("checks").extend_from_slice(more);
    body
}

/// A release that was shipped as recommended; the id of the decision.
async fn shipped(app: &TestApp) -> String {
    let gate = ready_gate(app, 95).await;
    let (bundle, recommended) = freeze(app, &gate).await;
    assert_eq!(recommended, "ship");
    let (status, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "")).await;
    assert_eq!(status, 201, "{decision}");
    decision["id"].as_str().expect("an id").to_owned()
}

async fn a_change_is_tried_on_the_last_decisions(app: &TestApp) {
    let decision = shipped(app).await;
    let tried = async |body: &Value| {
        let seen = expect(200, app.member(Role::Viewer).post(&scorecard_path("/preview")).json(body)).await;
        seen["decisions"].as_array().expect("decisions").clone()
    };
    let same = tried(&with(app, 0.05, &[]).await).await;
    assert_eq!((same.len(), same[0]["decision_id"].as_str()), (1, Some(decision.as_str())));
    assert_eq!((&same[0]["verdict"], &same[0]["changes"]["verdict_now"]), (&json!("ship"), &json!("ship")));
    assert_eq!((&same[0]["changes"]["checks"], &same[0]["untold"]), (&json!([]), &json!([])));

    // Better than the baseline by more than a margin either way.
    let mut unchanged = with(app, 0.02, &[]).await;
    unchanged["checks"][0]["criterion"]["kind"] = json!("within_baseline");
    let unchanged = tried(&unchanged).await;
    assert_eq!(unchanged[0]["changes"]["verdict_now"], "hold", "{unchanged:?}");
    let said = json!([{"key": "success", "then": "pass", "now": "fail"}]);
    assert_eq!(unchanged[0]["changes"]["checks"], said);

    // Nobody looked at retries then, so nothing is guessed about them.
    let retries = json!({
        "key": "retries", "signal": "retry_rate", "role": "key", "criterion": {"kind": "not_worse_than_baseline"},
    });
    let more = tried(&with(app, 0.05, &[retries]).await).await;
    assert_eq!(more[0]["untold"][0]["check"], "retries");
    assert_eq!(more[0]["changes"]["verdict_now"], "collect_more_evidence");

    let (status, problem) =
        answer(app.member(Role::Viewer).post(&scorecard_path("/preview")).json(&with(app, 7.0, &[]).await)).await;
    assert_eq!((status, problem["errors"][0]["field"].as_str()), (422, Some("checks[0].criterion")));
    let (status, _) =
        answer(app.client(Who::Outsider).post(&scorecard_path("/preview")).json(&with(app, 0.05, &[]).await)).await;
    assert_eq!(status, 404);
    let read = expect(200, app.member(Role::Viewer).get(&scorecard_path(""))).await;
    assert_eq!(read["version"], 1, "trying writes nothing");
}

async fn a_scorecard_is_changed_on_its_page(app: &TestApp) {
    shipped(app).await;
    let read = expect(200, app.member(Role::Viewer).get(&scorecard_path(""))).await;
    let edit = at(&format!("/scorecards/{}/edit", read["id"].as_str().expect("an id")));
    let owner = Visitor::signed_in(app, Role::Owner).await;
    let page = owner.get(&edit).await.ok();
    assert!(page.contains("The recommendation would still be to"), "{page}");
    let account = app.account(Role::Owner).to_string();
    let fields = |value: &'static str, version: &'static str| {
        let mut fields = vec![("version", version), ("key", "success"), ("signal", "success_rate"), ("statistic", "")];
        fields.extend([("criterion", "not_worse_than_baseline"), ("value", value), ("dimension", ""), ("role", "key")]);
        fields.extend([("key", ""), ("signal", ""), ("statistic", ""), ("criterion", "floor"), ("value", "")]);
        fields.extend([("dimensions", "tier, region"), ("required_segments", "tier = free\n"), ("name", "Refunds")]);
        fields.extend([("owner", account.as_str()), ("backup", ""), ("cadence_days", "7")]);
        fields
    };
    let tried = owner.send(&format!("{edit}/preview"), &page, &fields("0.0001", "1")).await.ok();
    assert!(tried.contains("success: success_rate was not read by region then."), "{tried}");
    assert!(tried.contains("It would have been recommended to"), "{tried}");
    assert!(tried.contains("value=\"0.0001\""), "what was typed stays");

    let refused = owner.send(&edit, &page, &fields("five", "1")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("is no number; write it as 0.05"), "{}", refused.text);
    assert!(refused.text.contains("value=\"five\""), "what was typed stays");

    let went = owner.send(&edit, &page, &fields("0.04", "1")).await.goes_on();
    assert!(went.contains("/scorecards/"), "{went}");
    let read = expect(200, app.member(Role::Viewer).get(&scorecard_path(""))).await;
    assert_eq!((&read["version"], &read["cadence_days"]), (&json!(2), &json!(7)));
    assert_eq!(read["checks"].as_array().map(Vec::len), Some(1), "an empty name is no check");
    assert_eq!(read["checks"][0]["criterion"]["margin"], 0.04);
    assert_eq!(read["dimensions"], json!(["tier", "region"]));
    assert_eq!(read["required_segments"], json!([{"dimension": "tier", "value": "free"}]));

    // Somebody else wrote meanwhile: what was typed is there still, and nothing is lost.
    let late = owner.send(&edit, &page, &fields("0.03", "1")).await;
    assert_eq!(late.status, 422);
    assert!(late.text.contains("value=\"0.03\""), "{}", late.text);
    let told = between(&late.text, "id=\"meanwhile-title\"", "</section>").expect("what changed meanwhile");
    assert!(told.contains(">check success</th>") && told.contains("by 4 points, key</ins>"), "theirs: {told}");
    assert!(told.contains("by 3 points, key</td>") && !told.contains("dimensions"), "beside what was typed: {told}");
    assert!(late.text.contains("name=\"version\" value=\"2\""), "it rests on theirs now: {}", late.text);
    owner.send(&edit, &late.text, &fields("0.03", "2")).await.goes_on();
    let read = expect(200, app.member(Role::Viewer).get(&scorecard_path(""))).await;
    assert_eq!((&read["version"], &read["checks"][0]["criterion"]["margin"]), (&json!(3), &json!(0.03)));
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    assert_eq!(reviewer.get(&edit).await.status, 403);
}
