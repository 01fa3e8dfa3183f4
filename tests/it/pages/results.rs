//! Results of a suite by release as a grid, the ledger verified on its pages, and whose gaps and responses are shown.

use seatrial::config::DatabaseKind;

use super::*;
use crate::support::sql::sql;

both!(
    results_are_a_grid_of_cases_and_releases,
    the_ledger_and_a_decision_are_verified,
    mine_is_said_the_same_everywhere
);

async fn results_are_a_grid_of_cases_and_releases(app: &TestApp) {
    ready_gate(app, 40).await;
    let (one, two) = (a_case(app).await, {
        let run = report_failure(app, "other-source", "Please cancel order 9").await;
        let body = json!({"title": "<b>Cancelled", "assertions": {"must": ["cancel the order"]}});
        let promoted =
            expect(200, app.member(Role::Reviewer).post(&path(&format!("failures/{run}/promote"))).json(&body)).await;
        promoted["case"]["id"].as_str().expect("a case").to_owned()
    });
    let suite = json!({"name": "basics", "workflow": WORKFLOW, "cases": [one, two]});
    let made = expect(200, app.member(Role::Owner).post(&path("suites")).json(&suite)).await;
    let record = async |release: &str, execution: &str, verdicts: &[(&str, &str)]| {
        let results: Vec<_> =
            verdicts.iter().map(|(case, verdict)| json!({"case": case, "verdict": verdict})).collect();
        let body = json!({"release": release, "execution": execution, "runner": "ci", "results": results});
        expect(200, app.member(Role::Reviewer).post(&path("suites/basics/results")).json(&body)).await;
    };
    record(BASELINE, "a", &[(&one, "passed"), (&one, "passed"), (&one, "failed")]).await;
    record(CANDIDATE, "b", &[(&one, "passed"), (&one, "passed"), (&two, "failed")]).await;
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let id = made["id"].as_str().expect("an id");
    let about = format!("/suites/{id}/results");
    assert!(viewer.page(&format!("/suites/{id}")).await.contains(&about), "the suite leads there");
    let page = viewer.page(&about).await;
    assert!(page.contains("&lt;b&gt;Cancelled") && page.contains(&format!("/cases/{two}")), "{page}");
    let rows = expect_json(viewer.get(&at(&format!("{about}?as=json"))).await.ok());
    let cell = |case: &str, release: &str| {
        let found = rows.as_array().expect("rows").iter().find(|row| {
            row["release"] == release && row["case"]["href"].as_str().is_some_and(|href| href.ends_with(case))
        });
        let found = found.unwrap_or_else(|| panic!("{case} on {release}: {rows}"));
        (found["result"].clone(), found["passed"].clone(), found["trials"].clone(), found["flaky"].clone())
    };
    assert_eq!(cell(&one, BASELINE), (json!("fail"), json!(2), json!(3), json!(true)));
    assert_eq!(cell(&one, CANDIDATE), (json!("pass"), json!(2), json!(2), json!(false)));
    assert_eq!(cell(&two, BASELINE), (json!(null), json!(0), json!(0), json!(false)), "not run is not a pass");
    assert_eq!(cell(&two, CANDIDATE), (json!("fail"), json!(0), json!(1), json!(false)));
    // A window beyond the end is empty, and says so.
    assert!(viewer.page(&format!("{about}?cases=50&releases=8")).await.contains("Nothing here"));
    let case = viewer.page(&format!("/cases/{one}")).await;
    assert!(case.contains("<td class=\"num\">2/3</td>") && case.contains("<td class=\"num\">2/2</td>"), "{case}");
    assert_eq!(viewer.get(&at("/suites/no-such/results")).await.status, 404);
}

fn expect_json(text: String) -> serde_json::Value {
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn the_ledger_and_a_decision_are_verified(app: &TestApp) {
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let page = viewer.page("/decisions/verification").await;
    assert!(page.contains("Nothing to verify yet") && !page.contains("It holds"), "{page}");
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    let mut ids = Vec::new();
    for answer in [("ship", ""), ("hold", "Not on a Friday.")] {
        let (status, body) = crate::support::evidence::decide(app, Role::ReleaseManager, &gate, &bundle, answer).await;
        assert_eq!(status, 201, "{body}");
        ids.push(body["id"].as_str().expect("an id").to_owned());
    }
    let page = viewer.page("/decisions/verification").await;
    assert!(page.contains("It holds") && page.contains("2 entries: each is what was sealed"), "{page}");
    assert!(page.contains("/api/v1/projects/demo-co/checkpoint"), "{page}");
    let page = viewer.page(&format!("/decisions/{}/verification", ids[1])).await;
    assert!(page.contains("It holds") && page.contains("the same, byte for byte"), "{page}");
    for step in ["shape", "chain", "evidence", "recommendation"] {
        assert!(page.contains(&format!("<th scope=\"row\">{step}</th>")), "{step} is said: {page}");
    }
    let read = async |rest: &str| expect(200, app.member(Role::Viewer).get(&path(rest))).await;
    let ledger = read("ledger-verification").await;
    assert_eq!((&ledger["ok"], &ledger["entries"], &ledger["problem"]), (&json!(true), &json!(2), &json!(null)));
    let one = read(&format!("decisions/{}/verification", ids[0])).await;
    assert_eq!((&one["ok"], &one["computed_again"], &one["verdict"]), (&json!(true), &json!(true), &json!("ship")));
    assert_eq!(viewer.get(&at("/decisions/dec_00000000000000000000000000000000/verification")).await.status, 404);

    // Somebody with the database changes what was decided, past the triggers: the first fault is named.
    let statements = match app.app.config.database_kind() {
        DatabaseKind::Sqlite(_) => [
            "DROP TRIGGER decisions_are_not_changed",
            "UPDATE decisions SET canonical = CAST(replace(CAST(canonical AS TEXT), 'a Friday', 'a Monday') AS BLOB)",
        ],
        DatabaseKind::Postgres(_) => [
            "DROP TRIGGER decisions_are_not_changed ON decisions",
            "UPDATE decisions SET canonical = convert_to(replace(convert_from(canonical, 'UTF8'), 'a Friday', 'a Monday'), 'UTF8')",
        ],
    };
    for statement in statements {
        sql(app, statement).await.expect("the database takes it");
    }
    let page = viewer.page("/decisions/verification").await;
    assert!(page.contains("It does not hold") && page.contains("Entry 2: its content has the digest"), "{page}");
    assert_eq!(read("ledger-verification").await["fault_at"], 2);
}

async fn mine_is_said_the_same_everywhere(app: &TestApp) {
    ready_gate(app, 5).await;
    let gate = answer(app.member(Role::Viewer).get(&path("gaps?owner=me"))).await;
    assert_eq!((gate.0, &gate.1["items"]), (200, &json!([])), "{}", gate.1);
    assert_eq!(answer(app.member(Role::Viewer).get(&path("responses?owner=me"))).await.0, 200);
    let key = app.program(&[KeyScope::Read]).await;
    assert_eq!(answer(key.get(&path("gaps?owner=me"))).await.0, 422, "a key is nobody");
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let page = viewer.page("/gaps?owner=me").await;
    assert!(page.contains("filter-chip is-on"), "{page}");
}
