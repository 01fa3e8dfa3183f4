//! Sampling of successful runs into triage, and what people find there; the response that looks at more of them.

use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::ids::RunId;
use seatrial_domain::sample::is_sampled;
use serde_json::{Value, json};

use crate::failure::{failed, get, post, report};
use crate::support::app::{START, TestApp, Who, answer, both};
use crate::support::evidence::alert_of;

both!(
    successes_are_sampled_by_their_ids,
    what_was_no_success_becomes_a_failure,
    samples_are_refused_with_a_reason,
    more_is_sampled_by_a_response,
);

const API: &str = "/api/v1/projects/demo-co";

async fn sample(app: &TestApp, share: Value) -> (u16, Value) {
    let body = json!({ "risk_class": "high", "owner": app.account(Role::Owner), "rules": { "sample_share": share } });
    answer(app.member(Role::Admin).put(&format!("{API}/workflows/refunds")).json(&body)).await
}

fn good(n: usize) -> Value {
    let minute = u8::try_from(n % 50).expect("few");
    failed(&format!("g-{n}"), minute, json!({ "outcome": "success" }))
}

async fn samples(app: &TestApp, query: &str) -> Vec<Value> {
    let (status, body) = get(app, &format!("samples{query}")).await;
    assert_eq!(status, 200, "{body}");
    body["items"].as_array().expect("a list").clone()
}

async fn find(app: &TestApp, run: &str, body: Value) -> (u16, Value) {
    post(app, Role::Reviewer, &format!("samples/{run}/finding"), body).await
}

async fn successes_are_sampled_by_their_ids(app: &TestApp) {
    report(app, json!([good(1_000)])).await;
    assert_eq!(samples(app, "").await, [] as [Value; 0], "nothing is sampled unless the workflow asks for it");
    assert_eq!(sample(app, json!(0.25)).await.0, 200);
    let runs = report(app, (0..200).map(good).collect()).await;
    let chosen: Vec<&String> =
        runs.iter().filter(|run| is_sampled(run.parse::<RunId>().expect("an id"), 0.25)).collect();
    assert!((25..=75).contains(&chosen.len()), "about a quarter: {}", chosen.len());
    let found = samples(app, "?limit=200").await;
    let found: std::collections::BTreeSet<&str> = found.iter().filter_map(|row| row["run_id"].as_str()).collect();
    assert_eq!(found, chosen.iter().map(|run| run.as_str()).collect(), "exactly those that their ids name");
    report(app, (0..200).map(good).collect()).await;
    report(app, (300..310).map(|n| failed(&format!("f-{n}"), 1, json!({}))).collect()).await;
    assert_eq!(
        samples(app, "?limit=200").await.len(),
        chosen.len(),
        "a repeat adds nothing, and failures are no samples"
    );
    let (_, sampling) = get(app, "workflows/refunds/sampling").await;
    assert_eq!((&sampling["open"], &sampling["overturned_rate"]), (&json!(chosen.len()), &Value::Null), "{sampling}");
    let (mut paged, mut cursor) = (0, String::new());
    loop {
        let page = get(app, &format!("samples?limit=7&status=open&workflow=refunds{cursor}")).await.1;
        paged += page["items"].as_array().expect("a list").len();
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, chosen.len());
}

async fn what_was_no_success_becomes_a_failure(app: &TestApp) {
    sample(app, json!(1)).await;
    let runs = report(app, (0..4).map(good).collect()).await;
    assert_eq!(samples(app, "?status=open").await.len(), 4, "all of them");
    let (status, held) = find(app, &runs[0], json!({ "holds": true, "note": "as asked" })).await;
    assert_eq!((status, &held["status"], &held["note"]), (200, &json!("upheld"), &json!("as asked")), "{held}");
    let wrong = json!({ "holds": false, "failure_class": "unsafe_action", "note": "refunded twice" });
    let (status, overturned) = find(app, &runs[1], wrong.clone()).await;
    assert_eq!((status, &overturned["status"]), (200, &json!("overturned")), "{overturned}");
    assert_eq!(find(app, &runs[1], wrong).await.1["code"], "already_decided");
    let (_, failures) = get(app, "failures").await;
    let failure = &failures["items"][0];
    assert_eq!((&failure["run_id"], &failure["severity"]), (&json!(runs[1]), &json!("critical")), "{failures}");
    assert_eq!(
        (&failure["note"], &failure["status"]),
        (&json!("refunded twice"), &json!("open")),
        "it waits in triage"
    );
    let (_, run) = get(app, &format!("runs/{}", runs[1])).await;
    assert_eq!(run["facts"]["outcome"], "failure", "every figure changes with it: {run}");
    let (_, sampling) = get(app, "workflows/refunds/sampling?release=1.4.0").await;
    assert_eq!((&sampling["looked_at"], &sampling["overturned"], &sampling["open"]), (&json!(2), &json!(1), &json!(2)));
    assert_eq!(sampling["overturned_rate"], json!(0.5));
    assert!(sampling["high"].as_f64().is_some_and(|high| high > 0.9), "two prove little: {sampling}");
    // A later fact that says it was no success takes the question away; a deleted run takes its sample along.
    let fact = json!({ "idempotency_key": "o", "fact": { "kind": "outcome", "outcome": "failure" } });
    let (status, body) =
        answer(app.member(Role::Admin).post(&format!("{API}/runs/{}/facts", runs[2])).json(&fact)).await;
    assert!(status < 300, "{body}");
    assert_eq!(answer(app.member(Role::Admin).delete(&format!("{API}/runs/{}", runs[3]))).await.0, 204);
    assert_eq!(samples(app, "").await.len(), 2);
}

async fn samples_are_refused_with_a_reason(app: &TestApp) {
    for (share, status) in [(json!(1.5), 422), (json!(-0.1), 422), (json!("all"), 400), (json!(0.5), 200)] {
        assert_eq!(sample(app, share.clone()).await.0, status, "{share}");
    }
    sample(app, json!(1)).await;
    let run = &report(app, json!([good(1)])).await[0];
    let wrong = [
        (json!({}), 400),
        (json!({ "holds": "yes" }), 400),
        (json!({ "holds": true, "failure_class": "timeout" }), 422),
        (json!({ "holds": false, "failure_class": "nonsense" }), 422),
        (json!({ "holds": false, "note": "x".repeat(4_001) }), 422),
    ];
    for (body, status) in wrong {
        assert_eq!(find(app, run, body.clone()).await.0, status, "{body}");
    }
    let holds = json!({ "holds": true });
    for nothing in ["run_00000000000000000000000000000001", "case_00000000000000000000000000000001", "x"] {
        assert_eq!(find(app, nothing, holds.clone()).await.0, 404, "{nothing}");
    }
    assert_eq!(post(app, Role::Viewer, &format!("samples/{run}/finding"), holds.clone()).await.0, 403);
    let program = app.program(&[KeyScope::Triage]).await;
    let by_program = answer(program.post(&format!("{API}/samples/{run}/finding")).json(&holds)).await;
    assert_eq!(by_program.0, 403, "a person looks");
    let outside = app.client(Who::Outsider);
    assert_eq!(answer(outside.post(&format!("{API}/samples/{run}/finding")).json(&holds)).await.0, 404);
    for query in ["status=odd", "limit=x"] {
        assert_eq!(get(app, &format!("samples?{query}")).await.0, 400, "{query}");
    }
    for query in ["samples?workflow=none", "samples?workflow=refunds&release=9", "workflows/none/sampling"] {
        assert_eq!(get(app, query).await.0, 404, "{query}");
    }
    assert_eq!(get(app, "samples?cursor=x").await.0, 422);
    assert_eq!(samples(app, "?status=open").await.len(), 1, "nothing was decided");
}

async fn more_is_sampled_by_a_response(app: &TestApp) {
    sample(app, json!(0.02)).await;
    let alert = alert_of(app, "refunds").await;
    let body = |share: Value| {
        json!({
            "workflow": "refunds", "origin": { "kind": "alert", "id": alert }, "kind": "increase_sampling",
            "owner": app.account(Role::Owner), "due_at": START.plus_days(3), "sample_share": share,
        })
    };
    let open = async |body: &Value| answer(app.member(Role::Owner).post(&format!("{API}/responses")).json(body)).await;
    let share = async || get(app, "workflows/refunds/sampling").await.1["sample_share"].clone();
    for wrong in [json!(0.02), json!(0.01), json!(1.01)] {
        assert_eq!(open(&body(wrong.clone())).await.0, 422, "{wrong}");
    }
    let mut other = body(json!(0.5));
    other["kind"] = json!("rollback");
    assert_eq!(open(&other).await.0, 422, "another kind takes no share");
    let (status, opened) = open(&body(json!(0.5))).await;
    assert_eq!((status, &opened["state"], &opened["acted"]["by"]["kind"]), (201, &json!("acted"), &json!("system")));
    assert!(opened["acted"]["note"].as_str().is_some_and(|note| note.contains("from 2 % to 50 %")), "{opened}");
    assert_eq!(share().await, json!(0.5), "it acts inside Seatrial");
    let one = format!("{API}/responses/{}", opened["id"].as_str().expect("an id"));
    let cancelled = app.member(Role::Owner).post(&format!("{one}/cancel")).json(&json!({ "reason": "false alarm" }));
    assert_eq!(answer(cancelled).await.0, 200);
    assert_eq!(share().await, json!(0.02), "as it was before");
    let (_, opened) = open(&body(Value::Null)).await;
    assert_eq!(share().await, json!(0.2), "ten times as many unless somebody says how many");
    sample(app, json!(0.3)).await;
    let one = format!("{API}/responses/{}", opened["id"].as_str().expect("an id"));
    let cancelled = app.member(Role::Owner).post(&format!("{one}/cancel")).json(&json!({ "reason": "enough" }));
    assert_eq!(answer(cancelled).await.0, 200);
    assert_eq!(share().await, json!(0.3), "what somebody set since stays");
}
