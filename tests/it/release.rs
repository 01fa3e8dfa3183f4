//! Releases and the rules they are let on by: announced by pipelines, marked on time series, compared in one call;
//! policies in versions; and what happens when two things happen at once.

use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, Who, answer, both};
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, attest, decide, declare, expect, freeze, open_gate, path, put_scorecard, ready_gate,
    report, side_by_side,
};
use crate::support::visitor::Visitor;

both!(
    a_pipeline_announces_deployments,
    series_carry_the_marks_of_releases,
    every_drawn_series_has_the_marks_of_releases,
    a_release_is_compared_in_one_call,
    a_policy_wants_suites_time_and_closed_gaps,
    a_policy_names_the_scorecard_and_the_suites_of_a_workflow,
    a_policy_that_changes_under_an_open_gate_holds_for_what_is_frozen_next,
    evidence_that_changes_while_freezing_is_of_one_moment,
);

async fn announced(app: &TestApp, body: Value) -> (u16, Value) {
    let pipeline = app.program(&[KeyScope::Gate]).await;
    answer(pipeline.post(&path("deployments")).json(&body)).await
}

async fn release(app: &TestApp, name: &str) -> Value {
    expect(200, app.member(Role::Viewer).get(&path(&format!("workflows/{WORKFLOW}/releases/{name}")))).await
}

async fn a_pipeline_announces_deployments(app: &TestApp) {
    declare(app).await;
    let event = |kind: &str, key: &str| {
        json!({
            "workflow": WORKFLOW, "release": "2.0.0", "kind": kind, "idempotency_key": key,
            "url": "https://ci.example.com/runs/7", "note": "by the nightly pipeline",
        })
    };
    let (status, first) = announced(app, event("deployed", "run-7")).await;
    assert_eq!((status, first["release_state"].as_str()), (201, Some("live")), "{first}");
    let stands = release(app, "2.0.0").await;
    assert_eq!((stands["state"].as_str(), stands["events"].as_array().map(Vec::len)), (Some("live"), Some(1)));
    assert!(stands["events"][0]["reason"].as_str().is_some_and(|reason| reason.contains("deployed in production")));
    // Told again it changes nothing; another event under its key is refused.
    let (status, again) = announced(app, event("deployed", "run-7")).await;
    assert_eq!((status, again["id"].clone()), (200, first["id"].clone()));
    let (status, problem) = announced(app, event("rolled_back", "run-7")).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("idempotency_key_reused")));
    let (status, back) = announced(app, event("rolled_back", "run-8")).await;
    assert_eq!((status, back["release_state"].as_str()), (201, Some("rolled_back")));
    // Elsewhere than in production it is told and moves nothing.
    let staging = json!({"workflow": WORKFLOW, "release": "2.1.0", "environment": "staging"});
    let (status, told) = announced(app, staging).await;
    assert_eq!((status, told["release_state"].as_str()), (201, Some("candidate")));
    let wrong = json!({"workflow": WORKFLOW, "release": " ", "url": "javascript:alert(1)", "at": START.plus_days(2)});
    let (status, problem) = announced(app, wrong).await;
    let fields: Vec<&str> =
        problem["errors"].as_array().expect("errors").iter().filter_map(|error| error["field"].as_str()).collect();
    assert_eq!((status, fields), (422, vec!["release", "url", "at"]));
    let (status, _) = announced(app, json!({"workflow": "unheard-of", "release": "1"})).await;
    assert_eq!(status, 404, "a workflow is not made by a spelling mistake");
    let listed = expect(200, app.member(Role::Viewer).get(&path("deployments?limit=2"))).await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    let next = listed["next_cursor"].as_str().expect("there is more");
    let rest = expect(200, app.member(Role::Viewer).get(&path(&format!("deployments?cursor={next}")))).await;
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));
    let reader = app.program(&[KeyScope::Read]).await;
    let (status, _) = answer(reader.post(&path("deployments")).json(&event("deployed", "run-9"))).await;
    assert_eq!(status, 403);
    let (status, _) = answer(app.client(Who::Outsider).get(&path("deployments"))).await;
    assert_eq!(status, 404);
}

async fn series_carry_the_marks_of_releases(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 40, 90).await;
    announced(app, json!({"workflow": WORKFLOW, "release": CANDIDATE, "at": START.plus_days(-1), "note": "canary"}))
        .await;
    let series = path(&format!("workflows/{WORKFLOW}/signals?group_by=day"));
    let table = expect(200, app.member(Role::Viewer).get(&series)).await;
    let marks: Vec<(&str, &str, &Value)> = table["markers"]
        .as_array()
        .expect("markers")
        .iter()
        .map(|mark| (mark["release"].as_str().expect("a name"), mark["text"].as_str().expect("a text"), &mark["state"]))
        .collect();
    assert_eq!(marks, [(CANDIDATE, "deployed in production: canary", &json!("live"))]);
    let earlier = format!("{series}&to={}", START.plus_days(-3));
    let table = expect(200, app.member(Role::Viewer).get(&earlier)).await;
    assert_eq!(table["markers"], json!([]), "marks are of the range that was asked for");
    let plain = path(&format!("workflows/{WORKFLOW}/signals"));
    assert!(expect(200, app.member(Role::Viewer).get(&plain)).await.get("markers").is_none());
}

/// The pages draw two kinds of series: a release's course, and the small ones of the overview.
async fn every_drawn_series_has_the_marks_of_releases(app: &TestApp) {
    declare(app).await;
    for (release, day) in [(BASELINE, -6), (BASELINE, -4), (CANDIDATE, -2), (CANDIDATE, 0)] {
        report(app, release, (30, 24), START.plus_days(day)).await;
    }
    let told = |release: &str, kind: &str, day: i64, note: &str| json!({"workflow": WORKFLOW, "release": release, "kind": kind, "at": START.plus_days(day), "note": note});
    announced(app, told(BASELINE, "deployed", -6, "first")).await;
    // A day without runs is marked on the next that has some; what somebody wrote is text.
    announced(app, told(CANDIDATE, "deployed", -3, "<b>canary</b>")).await;
    announced(app, told(BASELINE, "retired", -2, "")).await;
    let elsewhere =
        json!({"workflow": WORKFLOW, "release": CANDIDATE, "environment": "<i>", "at": START.plus_days(-2)});
    announced(app, elsewhere).await;
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    let page =
        visitor.page(&format!("/releases/{}", release(app, CANDIDATE).await["id"].as_str().expect("an id"))).await;
    let overview = visitor.page("").await;
    let titles = |html: &str, class: &str| -> Vec<String> {
        let drawn: Vec<&str> = html.split("<svg class=\"").filter(|rest| rest.starts_with(class)).collect();
        assert!(!drawn.is_empty(), "no {class}");
        let of = |svg: &str| -> Vec<String> {
            let svg = svg.split("</svg>").next().unwrap_or_default();
            let marks = svg.split("<g><title>").skip(1).filter(|group| group.contains("chart-marker"));
            marks.filter_map(|group| group.split("</title>").next()).map(str::to_owned).collect()
        };
        let all: Vec<Vec<String>> = drawn.into_iter().map(of).collect();
        assert!(all.iter().all(|marks| *marks == all[0]), "every series of the page has the same marks: {all:?}");
        all[0].clone()
    };
    let first = format!("{BASELINE} live");
    let begins = format!("{CANDIDATE} live; {BASELINE} retired; {CANDIDATE} deployed in &lt;i&gt;");
    let drawn = titles(&page, "chart line");
    assert_eq!(drawn, [first.clone(), format!("{begins}; {CANDIDATE} first run")]);
    assert_eq!(titles(&overview, "sparkline"), [first, begins]);
    assert!(!page.contains("<b>canary") && !page.contains("<i>"));
}

async fn a_release_is_compared_in_one_call(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 100, 90).await;
    let about = path(&format!("workflows/{WORKFLOW}/releases/{CANDIDATE}/comparison"));
    let found = expect(200, app.member(Role::Viewer).get(&format!("{about}?baseline={BASELINE}"))).await;
    assert_eq!((found["pairing"].as_str(), found["release"].as_str()), (Some("concurrent"), Some(CANDIDATE)));
    let groups = found["groups"].as_array().expect("groups");
    let names: Vec<(Option<&str>, Option<&str>)> =
        groups.iter().map(|group| (group["dimension"].as_str(), group["value"].as_str())).collect();
    assert_eq!(names, [(None, None), (Some("tier"), Some("free")), (Some("tier"), Some("gold"))]);
    let success = &groups[0]["signals"]["success_rate"];
    assert_eq!((success["before"]["numerator"].clone(), success["after"]["numerator"].clone()), (json!(70), json!(90)));
    assert_eq!(success["difference"]["value"], 0.2);
    assert!(success["difference"]["low"].as_f64().is_some_and(|low| low > 0.08), "{success}");
    let all = groups[0]["signals"].as_object().expect("signals").len();
    assert!(
        all >= 18 && groups.iter().all(|group| group["signals"].as_object().map(serde_json::Map::len) == Some(all))
    );
    assert_eq!(groups[0]["failure_mix"]["timeout"], json!({"before": 30, "after": 10}));
    // A release that only the earlier days know.
    report(app, "1.3.0", (60, 40), START.plus_days(-9)).await;
    let found = expect(200, app.member(Role::Viewer).get(&format!("{about}?baseline=1.3.0"))).await;
    assert_eq!(found["label"], "historical: confounded with time");
    let (status, problem) = answer(app.member(Role::Viewer).get(&format!("{about}?baseline={CANDIDATE}"))).await;
    assert_eq!((status, problem["errors"][0]["field"].as_str()), (422, Some("baseline")));
}

async fn put_policy(app: &TestApp, change: impl FnOnce(&mut Value)) {
    let current = expect(200, app.member(Role::Viewer).get(&path("policy"))).await;
    let mut policy = current["policy"].clone();
    change(&mut policy);
    expect(200, app.member(Role::Admin).put(&path("policy")).json(&policy)).await;
}

async fn evaluation(app: &TestApp, gate: &str) -> Value {
    expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await
}

fn gaps(evaluation: &Value) -> Vec<(&str, &str)> {
    let gaps = evaluation["recommendation"]["gaps"].as_array().expect("gaps");
    gaps.iter()
        .map(|gap| (gap["kind"].as_str().expect("a kind"), gap["subject"].as_str().expect("a subject")))
        .collect()
}

async fn a_policy_wants_suites_time_and_closed_gaps(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let missed = json!({"runs": [{
        "external_id": "missed", "workflow": WORKFLOW, "release": CANDIDATE, "started_at": START.plus_days(-1),
        "ended_at": START.plus_days(-1).plus_seconds(9), "outcome": "failure", "failure_class": "refund_twice",
        "segments": {"tier": "gold"},
    }]});
    expect(200, app.program(&[KeyScope::Ingest]).await.post(&path("runs")).json(&missed)).await;
    let before = evaluation(app, &gate).await;
    assert_eq!(before["recommendation"]["verdict"], "ship", "{before}");
    // The release has had runs for a day.
    put_policy(app, |policy| policy["bake_seconds"] = json!(30 * 3_600)).await;
    let young = evaluation(app, &gate).await;
    assert_eq!(young["recommendation"]["verdict"], "hold", "{young}");
    assert!(gaps(&young).contains(&("not_baked", "")), "{:?}", gaps(&young));
    put_policy(app, |policy| policy["bake_seconds"] = json!(20 * 3_600)).await;
    assert_eq!(evaluation(app, &gate).await["recommendation"]["verdict"], "ship");
    put_policy(app, |policy| policy["required_suites"] = json!(["refund-regressions"])).await;
    let untested = evaluation(app, &gate).await;
    assert_eq!(untested["recommendation"]["verdict"], "hold");
    assert!(gaps(&untested).contains(&("suite_not_passed", "refund-regressions")), "{:?}", gaps(&untested));
    let owner = app.account(Role::Owner).to_string();
    let taken = json!({"gap": "suite_not_passed:refund-regressions", "owner": owner});
    let (status, problem) =
        answer(app.member(Role::Owner).put(&path(&format!("gates/{gate}/gap-owner"))).json(&taken)).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("gap_cannot_be_owned")), "a name does not run a suite");
    // A gap that its owner has taken on, and that this policy wants closed all the same.
    put_policy(app, |policy| policy["required_suites"] = json!([])).await;
    let uncovered = evaluation(app, &gate).await;
    let covered: Vec<(&str, &str)> =
        gaps(&uncovered).into_iter().filter(|(kind, _)| *kind == "no_eval_coverage").collect();
    assert_eq!(
        (covered, uncovered["recommendation"]["verdict"].as_str()),
        (vec![("no_eval_coverage", "refund_twice")], Some("ship"))
    );
    put_policy(app, |policy| policy["blocking_gaps"] = json!(["stale_scorecard", "no_eval_coverage"])).await;
    let wanted = evaluation(app, &gate).await;
    assert_eq!(wanted["recommendation"]["verdict"], "hold");
    assert!(wanted.to_string().contains("the policy wants it closed before a release ships"), "{wanted}");
    let current = expect(200, app.member(Role::Viewer).get(&path("policy"))).await;
    for (field, value) in
        [("blocking_gaps", json!([])), ("bake_seconds", json!(8_000_000)), ("required_suites", json!([""]))]
    {
        let mut policy = current["policy"].clone();
        policy[field] = value;
        let (status, problem) = answer(app.member(Role::Admin).put(&path("policy")).json(&policy)).await;
        assert_eq!((status, problem["errors"][0]["field"].as_str()), (422, Some(field)));
    }
}

async fn a_policy_names_the_scorecard_and_the_suites_of_a_workflow(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let own = |rules: Value| json!([{"workflow": "another", "ship_takes_two": true}, rules]);
    put_policy(app, |policy| {
        policy["workflows"] =
            own(json!({"workflow": WORKFLOW, "scorecard": {"name": "Refunds", "at_least": 1}, "floor_units": 60}));
    })
    .await;
    assert_eq!(
        evaluation(app, &gate).await["recommendation"]["verdict"],
        "ship",
        "it is held to what the policy names"
    );
    let (bundle, _) = freeze(app, &gate).await;
    let frozen = expect(200, app.member(Role::Viewer).get(&path(&format!("bundles/{bundle}")))).await;
    assert_eq!(
        (&frozen["policy"]["scorecard"]["name"], &frozen["policy"]["floor_units"]),
        (&json!("Refunds"), &json!(60))
    );
    assert!(frozen["policy"].get("workflows").is_none() && frozen["policy"]["ship_takes_two"] == false, "{frozen}");
    for scorecard in [json!({"name": "Refunds", "at_least": 2}), json!({"name": "Payments", "at_least": 1})] {
        put_policy(app, |policy| policy["workflows"] = own(json!({"workflow": WORKFLOW, "scorecard": scorecard})))
            .await;
        let other = evaluation(app, &gate).await;
        assert_eq!(other["recommendation"]["verdict"], "hold", "{other}");
        assert!(gaps(&other).contains(&("other_scorecard", "")), "{:?}", gaps(&other));
    }
    put_policy(app, |policy| policy["workflows"] = own(json!({"workflow": WORKFLOW, "required_suites": ["smoke"]})))
        .await;
    assert!(gaps(&evaluation(app, &gate).await).contains(&("suite_not_passed", "smoke")));
    let current = expect(200, app.member(Role::Viewer).get(&path("policy"))).await;
    let mut policy = current["policy"].clone();
    policy["workflows"] = json!([{"workflow": WORKFLOW, "floor_units": 0}]);
    let (status, problem) = answer(app.member(Role::Admin).put(&path("policy")).json(&policy)).await;
    assert_eq!((status, problem["errors"][0]["field"].as_str()), (422, Some("workflows")), "{problem}");
}

async fn a_policy_that_changes_under_an_open_gate_holds_for_what_is_frozen_next(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (looked_at, _) = freeze(app, &gate).await;
    put_policy(app, |policy| policy["ship_takes_two"] = json!(true)).await;
    let today = evaluation(app, &gate).await;
    assert_eq!(today["changes"]["policy_changed"], true, "the page says so before anybody decides");
    // What is frozen keeps the rules it was frozen under …
    let (status, alone) = decide(app, Role::ReleaseManager, &gate, &looked_at, ("ship", "")).await;
    assert_eq!(status, 201, "{alone}");
    let frozen: Value = {
        let about = path(&format!("bundles/{looked_at}"));
        expect(200, app.member(Role::Viewer).get(&about)).await
    };
    assert_eq!(frozen["policy"]["ship_takes_two"], false);
    let digest = seatrial_domain::digest::Digest::of_document(&frozen["policy"]).expect("canonical");
    assert_eq!(alone["policy"], digest.to_string());
    // … and what is frozen next has the new ones.
    let (next, _) = freeze(app, &gate).await;
    assert_ne!(next, looked_at);
    let (status, waits) = decide(app, Role::ReleaseManager, &gate, &next, ("ship", "")).await;
    assert_eq!(status, 202, "{waits}");
    assert!(waits["takes_two_because"].as_str().is_some_and(|why| why.contains("policy")), "{waits}");
}

async fn evidence_that_changes_while_freezing_is_of_one_moment(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 300, 95).await;
    put_scorecard(app).await;
    attest(app).await;
    let gate = open_gate(app, Role::Owner).await;
    let about = path(&format!("gates/{gate}/freeze"));
    let owner = app.member(Role::Owner);
    // Two freeze while runs of both releases come in.
    let (first, second, (), ()) = tokio::join!(
        answer(owner.post(&about)),
        answer(owner.post(&about)),
        report(app, CANDIDATE, (200, 200), START.plus_days(-1)),
        report(app, BASELINE, (200, 0), START.plus_days(-1)),
    );
    let statuses = [first.0, second.0];
    assert!(statuses.contains(&201), "{first:?} {second:?}");
    for (status, body) in [&first, &second] {
        // Who came second is told, and nothing of theirs is kept.
        assert!(*status == 201 || (*status == 409 && body["code"] == "evidence_changed"), "{status} {body}");
    }
    let gate = expect(200, owner.get(&path(&format!("gates/{gate}")))).await;
    let digest = gate["bundles"][0]["digest"].as_str().expect("a digest").to_owned();
    let bundle = expect(200, owner.get(&path(&format!("bundles/{digest}")))).await;
    let candidate = &bundle["candidate_totals"];
    // All of one moment: what has concluded has closed, and each check counts the same runs.
    assert_eq!(candidate["concluded"], candidate["closed"], "{candidate}");
    let overall = &bundle["checks"][0]["overall"]["candidate_concluded"]["n"];
    assert_eq!(overall, &candidate["concluded"]);
    let segments: u64 = bundle["checks"][0]["segments"]
        .as_array()
        .expect("segments")
        .iter()
        .filter_map(|segment| segment["series"]["candidate_concluded"]["n"].as_u64())
        .sum();
    assert_eq!(json!(segments), candidate["concluded"]);
    assert!(segments == 300 || segments == 500, "a batch of runs is in whole or not at all: {segments}");
}
