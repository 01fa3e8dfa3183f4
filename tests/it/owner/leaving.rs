//! Teams that own gaps and responses, and what becomes of what somebody owns when they leave.

use seatrial::worker::jobs;
use seatrial_domain::access::Role;
use serde_json::{Value, json};

use super::{team, text};
use crate::support::app::{START, TestApp, answer, both};
use crate::support::evidence::{WORKFLOW, attest, declare, expect, open_gate, path, side_by_side};
use crate::support::notices::{both_mailed, mails};

both!(teams_own_gaps_and_responses, a_team_that_owns_something_stays);
both_mailed!(who_leaves_is_missed_and_is_followed);

/// A workflow with a scorecard of the owner's with the reviewer as backup, a gate, and a gap that somebody can own.
async fn a_gap(app: &TestApp) -> (String, String) {
    declare(app).await;
    side_by_side(app, 20, 95).await;
    let card = json!({
        "name": "Refunds", "owner": app.account(Role::Owner), "backup": app.account(Role::Reviewer), "cadence_days": 30,
        "checks": [{
            "key": "success", "signal": "success_rate", "role": "key",
            "criterion": {"kind": "not_worse_than_baseline", "margin": 0.05},
        }],
    });
    let about = path(&format!("workflows/{WORKFLOW}/scorecard"));
    expect(201, app.member(Role::Owner).put(&about).json(&card)).await;
    attest(app).await;
    let gate = open_gate(app, Role::Admin).await;
    assert_eq!(jobs::find_gaps(&app.app).await.expect("found"), 1);
    let gaps = expect(200, app.member(Role::Viewer).get(&path("gaps?state=open"))).await;
    let gaps = gaps["items"].as_array().expect("a list");
    let few = gaps.iter().find(|gap| text(&gap["gap"]).starts_with("too_few_runs")).expect("one");
    (gate, text(&few["id"]).to_owned())
}

fn response(gap: &str, owner: &Value) -> Value {
    json!({
        "workflow": WORKFLOW, "origin": {"kind": "gap", "id": gap}, "kind": "tighten_permissions", "owner": owner,
        "due_at": START.plus_days(3),
    })
}

async fn teams_own_gaps_and_responses(app: &TestApp) {
    let (gate, gap) = a_gap(app).await;
    let team = team(app, "Refund guild", &[Role::Reviewer, Role::ReleaseManager]).await;
    let give = json!({"owner": team, "due_at": START.plus_days(3)});
    let given = expect(200, app.member(Role::Owner).put(&path(&format!("gaps/{gap}/owner"))).json(&give)).await;
    assert_eq!(given["owner"], json!(team));
    let opened =
        expect(201, app.member(Role::Admin).post(&path("responses")).json(&response(&gap, &json!(team)))).await;
    assert_eq!((&opened["owner"], &opened["origin"]["id"]), (&json!(team), &json!(gap)));
    for role in [Role::Reviewer, Role::ReleaseManager] {
        let told = expect(200, app.member(role).get(&path("notices?unread=true"))).await;
        assert_eq!(told["items"].as_array().map(Vec::len), Some(2), "each member of the team hears of both: {told}");
        let one = text(&told["items"][0]["id"]).to_owned();
        expect(200, app.member(role).post(&path(&format!("notices/{one}/read")))).await;
        let left = expect(200, app.member(role).get(&path("notices?unread=true"))).await;
        assert_eq!(left["items"].as_array().map(Vec::len), Some(1), "each has their own inbox: {left}");
        let mine = expect(200, app.member(role).get(&path(&format!("gaps?owner={team}")))).await;
        assert_eq!(mine["items"][0]["id"], json!(gap), "what a team has is found by the team");
    }
    let theirs = answer(app.member(Role::Owner).post(&path("notices/read"))).await;
    assert_eq!(theirs, (200, json!({"read": 0})), "nobody reads another's inbox");
    let seen = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await;
    assert!(seen["recommendation"]["gaps"].to_string().contains("Refund guild"), "{seen}");
}

async fn a_team_that_owns_something_stays(app: &TestApp) {
    let (_, gap) = a_gap(app).await;
    let team = team(app, "Refund guild", &[Role::Reviewer]).await;
    let remove = || answer(app.member(Role::Admin).delete(&path(&format!("teams/{team}"))));
    expect(201, app.member(Role::Admin).post(&path("responses")).json(&response(&gap, &json!(team)))).await;
    let (status, problem) = remove().await;
    assert_eq!((status, text(&problem["code"])), (409, "team_owns_things"), "{problem}");
    let give = path(&format!("owners/{team}/hand-over"));
    let to = json!({"to": app.account(Role::Owner)});
    let done = expect(200, app.member(Role::Admin).post(&give).json(&to)).await;
    assert_eq!(done, json!({"workflows": 0, "scorecards": 0, "gaps": 0, "responses": 1}));
    assert_eq!(remove().await.0, 204);
}

async fn who_leaves_is_missed_and_is_followed(app: &TestApp) {
    let (gate, gap) = a_gap(app).await;
    let owner = app.account(Role::Owner);
    let work = json!({
        "risk_class": "high", "owner": owner, "rules": {"observes": {"rescues": "not_applicable"}, "settle_seconds": 0},
    });
    expect(200, app.member(Role::Admin).put(&path(&format!("workflows/{WORKFLOW}"))).json(&work)).await;
    let give = json!({"owner": owner, "due_at": START.plus_days(3)});
    expect(200, app.member(Role::Admin).put(&path(&format!("gaps/{gap}/owner"))).json(&give)).await;
    let opened =
        expect(201, app.member(Role::Admin).post(&path("responses")).json(&response(&gap, &json!(owner)))).await;
    let unowned = async || {
        let seen = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await;
        let gaps = seen["recommendation"]["gaps"].as_array().expect("gaps").clone();
        let few = gaps.into_iter().find(|gap| text(&gap["kind"]) == "too_few_runs").expect("the gap");
        !few["owner"]["active"].as_bool().unwrap_or(false)
    };
    assert!(!unowned().await, "it is owned");
    jobs::deliver_due(&app.app).await.expect("sent");
    let before = mails(app).len();

    let member = path(&format!("members/{owner}"));
    assert_eq!(answer(app.member(Role::Admin).delete(&member)).await.0, 204);
    assert!(unowned().await, "what somebody has who left is nobody's");
    let card = path(&format!("workflows/{WORKFLOW}/scorecard"));
    let read = expect(200, app.member(Role::Viewer).get(&card)).await;
    let reasons: Vec<&str> =
        read["freshness"]["reasons"].as_array().expect("reasons").iter().map(|reason| text(&reason["kind"])).collect();
    assert_eq!((text(&read["freshness"]["state"]), &reasons[..]), ("stale", &["owner_gone"][..]), "{read}");
    // What they had can still be found, with whoever had it.
    let from = path(&format!("owners/{owner}"));
    let owned = expect(200, app.member(Role::Viewer).get(&from)).await;
    assert_eq!(owned["owner"]["active"], false);
    for kind in ["workflows", "scorecards", "gaps", "responses"] {
        assert_eq!(owned[kind].as_array().map(Vec::len), Some(1), "{kind}: {owned}");
    }
    // The backup hears of the scorecard; when the gap and the response are overdue, whoever still answers does.
    app.clock.set(START.plus_days(3));
    jobs::check_scorecards(&app.app).await.expect("looked at");
    jobs::deliver_due(&app.app).await.expect("sent");
    let mut told = mails(app).split_off(before);
    told.sort();
    let backup = app.email(Role::Reviewer);
    assert!(told.contains(&("Stale scorecard: Refunds".to_owned(), backup.clone())), "{told:?}");
    let overdue = told.iter().filter(|(subject, to)| subject.starts_with("Overdue") && *to == backup).count();
    assert_eq!((overdue, told.len()), (2, 3), "the gap and the response: {told:?}");

    let to = json!({"to": app.account(Role::Reviewer)});
    let done = expect(200, app.member(Role::Admin).post(&format!("{from}/hand-over")).json(&to)).await;
    assert_eq!(done, json!({"workflows": 1, "scorecards": 1, "gaps": 1, "responses": 1}));
    assert!(!unowned().await, "somebody has it again");
    let read = expect(200, app.member(Role::Viewer).get(&card)).await;
    assert_eq!(
        (text(&read["owner"]["name"]), &read["backup"]),
        ("Demo reviewer", &Value::Null),
        "no second line of the same"
    );
    let one = path(&format!("responses/{}", text(&opened["id"])));
    assert_eq!(expect(200, app.member(Role::Viewer).get(&one)).await["owner"], to["to"]);
    assert_eq!(answer(app.member(Role::Viewer).get(&from)).await.0, 404, "who is gone and has nothing is nobody here");
}
