//! Decisions through the API: who may decide, the second person, the chain, and the document that leaves.

use seatrial_domain::access::Role;
use seatrial_domain::decision::{SealedDecision, verify_chain, verify_export};
use seatrial_store::{Scope, decision};
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, Who, answer, both};
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, decide, expect, freeze, open_gate, path, ready_gate, report,
};
use crate::support::sql::sql;

both!(
    a_ship_decision_stands_and_leaves,
    against_the_recommendation_takes_a_reason_and_a_second_person,
    who_opened_the_gate_does_not_ship_alone,
    decisions_rest_on_the_evidence_looked_at,
    a_rollback_supersedes_and_takes_the_release_back,
    two_who_decide_at_once_are_told_of_each_other,
    the_database_refuses_changes,
);

async fn export(app: &TestApp, decision: &Value) -> Vec<u8> {
    let id = decision["id"].as_str().expect("an id");
    let response =
        app.member(Role::Viewer).get(&path(&format!("decisions/{id}/export"))).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    response.bytes().await.expect("a body").to_vec()
}

async fn standing(app: &TestApp) -> Value {
    let about = path(&format!("workflows/{WORKFLOW}/releases/{CANDIDATE}/decision"));
    expect(200, app.member(Role::Viewer).get(&about)).await
}

async fn chain(app: &TestApp) -> Vec<SealedDecision> {
    let scope = Scope::of(app.project_id().await);
    decision::chain(app.app.store.read(), scope, 0).await.expect("a query")
}

async fn a_ship_decision_stands_and_leaves(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (bundle, recommended) = freeze(app, &gate).await;
    assert_eq!(recommended, "ship");
    assert_eq!(standing(app).await["decision"], Value::Null);
    let (status, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "")).await;
    assert_eq!(status, 201, "{decision}");
    assert_eq!((decision["sequence"].as_u64(), decision["previous"].clone()), (Some(1), Value::Null));
    let stands = standing(app).await;
    assert_eq!(stands["decision"]["verdict"], "ship");
    assert_eq!((stands["state"].as_str(), stands["gate"]["state"].as_str()), (Some("live"), Some("decided")));
    let read = format!("decisions/{}", decision["id"].as_str().unwrap_or_default());
    assert_eq!(expect(200, app.member(Role::Viewer).get(&path(&read))).await["superseded_by"], Value::Null);
    let (status, _) = answer(app.client(Who::Outsider).get(&path(&read))).await;
    assert_eq!(status, 404);

    let bytes = export(app, &decision).await;
    let report = verify_export(&bytes, &[]);
    assert!(report.ok, "{report:?}");
    // A hundred places spread over bundle, recommendation and chain; verifying after each byte would take minutes.
    for position in (0..bytes.len()).step_by(bytes.len() / 97) {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        assert!(!verify_export(&changed, &[]).ok, "byte {position} was flipped and nobody noticed");
    }
}

async fn against_the_recommendation_takes_a_reason_and_a_second_person(app: &TestApp) {
    let gate = ready_gate(app, 40).await;
    let (bundle, recommended) = freeze(app, &gate).await;
    assert_eq!(recommended, "hold");
    let (status, _) = decide(app, Role::Owner, &gate, &bundle, ("hold", "")).await;
    assert_eq!(status, 403, "an owner keeps the scorecard and does not decide");
    let (status, problem) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "  ")).await;
    assert_eq!((status, problem["errors"][0]["field"].as_str()), (422, Some("reason")));
    let why = ("ship", "The old release stops working at noon.");
    let (status, proposal) = decide(app, Role::ReleaseManager, &gate, &bundle, why).await;
    assert_eq!((status, proposal["state"].as_str()), (202, Some("open")), "{proposal}");
    assert!(proposal["takes_two_because"].as_str().is_some_and(|why| why.contains("second person")));
    assert_eq!(standing(app).await["decision"], Value::Null, "a proposal is no decision");

    let approve = path(&format!("proposals/{}/approve", proposal["id"].as_str().unwrap_or_default()));
    let (status, problem) = answer(app.member(Role::ReleaseManager).post(&approve)).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("same_person")));
    let (status, _) = answer(app.member(Role::Owner).post(&approve)).await;
    assert_eq!(status, 403);
    let decision = expect(201, app.member(Role::Admin).post(&approve)).await;
    assert_eq!((decision["verdict"].as_str(), decision["recommended"].as_str()), (Some("ship"), Some("hold")));
    assert_eq!(decision["decided_by"]["display_name"], "Demo release_manager");
    assert_eq!(decision["approved_by"]["display_name"], "Demo admin");
    let (status, problem) = answer(app.member(Role::Admin).post(&approve)).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("already_approved")));
    assert!(verify_export(&export(app, &decision).await, &[]).ok);
    assert_eq!(standing(app).await["decision"]["verdict"], "ship");
}

async fn who_opened_the_gate_does_not_ship_alone(app: &TestApp) {
    ready_gate_of(app, Role::ReleaseManager).await;
    let gate = open_gate(app, Role::ReleaseManager).await;
    let (bundle, recommended) = freeze(app, &gate).await;
    assert_eq!(recommended, "ship");
    let (status, first) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "")).await;
    assert_eq!(status, 202, "{first}");
    // A second look overtakes what was proposed on the first.
    app.clock.advance(std::time::Duration::from_secs(1));
    freeze(app, &gate).await;
    let approve = path(&format!("proposals/{}/approve", first["id"].as_str().unwrap_or_default()));
    let (status, problem) = answer(app.member(Role::Admin).post(&approve)).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("proposal_overtaken")));
}

/// A decided gate of the owner first, so that the next one is opened by somebody else.
async fn ready_gate_of(app: &TestApp, decider: Role) {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    let (status, held) = decide(app, decider, &gate, &bundle, ("hold", "Not before the holidays.")).await;
    assert_eq!(status, 201, "{held}");
    app.clock.advance(std::time::Duration::from_secs(1));
}

async fn decisions_rest_on_the_evidence_looked_at(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let nothing = format!("sha256:{}", "0".repeat(64));
    let (status, problem) = decide(app, Role::ReleaseManager, &gate, &nothing, ("ship", "")).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("not_frozen")));
    let (looked_at, _) = freeze(app, &gate).await;
    report(app, CANDIDATE, (10, 0), START.plus_days(-2)).await;
    let (now, _) = freeze(app, &gate).await;
    let (status, problem) = decide(app, Role::ReleaseManager, &gate, &looked_at, ("ship", "")).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("evidence_changed")));
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&now)));
    assert!(chain(app).await.is_empty());
}

async fn a_rollback_supersedes_and_takes_the_release_back(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    let (status, shipped) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "")).await;
    assert_eq!(status, 201, "{shipped}");
    report(app, CANDIDATE, (400, 40), START.plus_days(-1)).await;
    report(app, BASELINE, (400, 280), START.plus_days(-1)).await;
    let (bundle, recommended) = freeze(app, &gate).await;
    assert_eq!(recommended, "rollback");
    let (status, back) = decide(app, Role::ReleaseManager, &gate, &bundle, ("rollback", "")).await;
    assert_eq!((status, back["supersedes"].clone()), (201, shipped["id"].clone()), "{back}");
    let stands = standing(app).await;
    assert_eq!(
        (stands["state"].as_str(), stands["decision"]["verdict"].as_str()),
        (Some("rolled_back"), Some("rollback"))
    );
    let listed = expect(200, app.member(Role::Viewer).get(&path(&format!("decisions?gate={gate}")))).await;
    assert_eq!(listed["items"][1]["superseded_by"], back["id"]);
    let report = verify_export(&export(app, &shipped).await, &[]);
    assert!(report.ok && report.superseded_by.is_some(), "{report:?}");
}

async fn two_who_decide_at_once_are_told_of_each_other(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    // Nobody of them knows of a decision that stands.
    let say = |role: Role, verdict: &str, known: Option<&str>| {
        let mut body = json!({"verdict": verdict, "reason": "All of us are sure.", "bundle": bundle});
        if let Some(known) = known {
            body["supersedes"] = json!(known);
        }
        answer(app.member(role).post(&path(&format!("gates/{gate}/decisions"))).json(&body))
    };
    let (manager, admin) = (Role::ReleaseManager, Role::Admin);
    let (a, b, c, d) = tokio::join!(
        say(manager, "hold", None),
        say(admin, "ship", None),
        say(manager, "ship", None),
        say(admin, "hold", None)
    );
    let (recorded, refused): (Vec<_>, Vec<_>) = [a, b, c, d].into_iter().partition(|(status, _)| *status == 201);
    assert_eq!((recorded.len(), refused.len()), (1, 3), "{recorded:?} {refused:?}");
    let first = recorded[0].1["id"].as_str().expect("an id").to_owned();
    for (status, problem) in &refused {
        assert_eq!((*status, problem["code"].as_str()), (409, Some("decided_meanwhile")), "{problem}");
        let detail = problem["detail"].as_str().expect("words");
        assert!(detail.contains(&first) && detail.contains(" decided to "), "it says who decided what: {detail}");
    }
    // Whoever knows it may take its place; naming one that does not stand helps nobody.
    let (status, second) = say(admin, "hold", Some(&first)).await;
    assert_eq!((status, second["supersedes"].as_str()), (201, Some(first.as_str())), "{second}");
    for stale in [None, Some(first.as_str()), Some("dec_0192f3c1a2b37d4e8f90a1b2c3d4e5f6")] {
        assert_eq!(say(manager, "ship", stale).await.0, 409, "{stale:?}");
    }
    let chain = chain(app).await;
    assert_eq!(chain.iter().map(|sealed| sealed.record.sequence).collect::<Vec<_>>(), [1, 2]);
    verify_chain(&chain).expect("the chain is unbroken");
    assert_eq!(standing(app).await["decision"]["id"], second["id"]);
}

async fn the_database_refuses_changes(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    let (status, _) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "")).await;
    assert_eq!(status, 201);
    for statement in [
        "UPDATE decisions SET verdict = 'hold'",
        "DELETE FROM decisions",
        "UPDATE bundles SET frozen_at = 0",
        "DELETE FROM bundles",
    ] {
        let refused = sql(app, statement).await;
        let message = refused.expect_err("the database refuses it");
        assert!(message.contains("append-only") || message.contains("never changes"), "{statement}: {message}");
    }
    verify_chain(&chain(app).await).expect("nothing was changed");
}
