//! Owners: teams, what somebody owns, handing it over; versions compared, scorecards proposed, checks exempted; gaps.

mod leaving;

use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, Who, answer, both};
use crate::support::evidence::{
    WORKFLOW, attest, declare, expect, freeze, open_gate, path, put_scorecard, ready_gate, report, side_by_side,
};
use crate::support::notices::{both_mailed, mails};
use crate::support::visitor::{Visitor, at};

both!(
    teams_own_what_members_own,
    what_somebody_owns_is_handed_over,
    versions_are_compared_in_words,
    a_scorecard_is_proposed_from_history,
    exemptions_take_two_people,
    gaps_are_kept_given_and_closed,
    a_gap_is_given_on_the_page_of_its_gate,
    those_who_may_not_change_nothing,
);
both_mailed!(a_decision_is_told_to_those_who_answer, mails_are_turned_off_by_one_click);

async fn team(app: &TestApp, name: &str, members: &[Role]) -> String {
    let members: Vec<String> = members.iter().map(|role| app.account(*role).to_string()).collect();
    let body = json!({"name": name, "members": members});
    let made = expect(201, app.member(Role::Admin).post(&path("teams")).json(&body)).await;
    made["id"].as_str().expect("an id").to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn teams_own_what_members_own(app: &TestApp) {
    let team = team(app, "Refund guild", &[Role::Owner, Role::Reviewer]).await;
    assert!(team.starts_with("team_"), "{team}");
    let again = json!({"name": "Refund guild", "members": []});
    assert_eq!(answer(app.member(Role::Admin).post(&path("teams")).json(&again)).await.0, 409);
    let stranger = json!({"name": "x", "members": ["acc_0192f3c1a2b37d4e8f90a1b2c3d4e5f6"]});
    let (status, problem) = answer(app.member(Role::Admin).post(&path("teams")).json(&stranger)).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("members[0]")), "{problem}");

    declare(app).await;
    let work = json!({"risk_class": "high", "owner": team, "rules": {}});
    let put = expect(200, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&work)).await;
    assert_eq!(put["owner"], json!(team));
    let card = json!({
        "name": "Refunds", "owner": team, "backup": app.account(Role::Admin), "cadence_days": 30,
        "checks": [{"key": "s", "signal": "success_rate", "criterion": {"kind": "floor", "rate": 0.8}, "role": "key"}],
    });
    let about = path(&format!("workflows/{WORKFLOW}/scorecard"));
    let written = expect(201, app.member(Role::Owner).put(&about).json(&card)).await;
    assert_eq!((&written["owner"]["name"], &written["owner"]["active"]), (&json!("Refund guild"), &json!(true)));

    let (status, problem) = answer(app.member(Role::Admin).delete(&path(&format!("teams/{team}")))).await;
    assert_eq!((status, &problem["code"]), (409, &json!("team_owns_things")), "{problem}");
    // A team whose members are all gone owns nothing any more: that is a state with a reason.
    let empty = json!({"name": "Refund guild", "members": []});
    expect(200, app.member(Role::Admin).put(&path(&format!("teams/{team}"))).json(&empty)).await;
    let read = expect(200, app.member(Role::Viewer).get(&about)).await;
    let kinds: Vec<&str> =
        read["freshness"]["reasons"].as_array().expect("reasons").iter().map(|r| text(&r["kind"])).collect();
    assert!(read["owner"]["active"] == json!(false) && kinds.contains(&"owner_gone"), "{read}");
    let nobody = json!({"risk_class": "high", "owner": team, "rules": {}});
    let put = app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&nobody);
    assert_eq!(answer(put).await.0, 422, "a team without anybody cannot be given anything");
}

async fn what_somebody_owns_is_handed_over(app: &TestApp) {
    declare(app).await;
    let work = json!({"risk_class": "high", "owner": app.account(Role::Owner), "rules": {}});
    expect(200, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&work)).await;
    side_by_side(app, 20, 95).await;
    put_scorecard(app).await;
    let from = path(&format!("owners/{}", app.account(Role::Owner)));
    let owned = expect(200, app.member(Role::Viewer).get(&from)).await;
    assert_eq!(owned["workflows"][0]["name"], json!(WORKFLOW));
    assert_eq!(
        (&owned["scorecards"][0]["role"], &owned["owner"]["active"]),
        (&json!("owner"), &json!(true)),
        "{owned}"
    );

    let give = format!("{from}/hand-over");
    let to = json!({"to": app.account(Role::Reviewer)});
    assert_eq!(answer(app.member(Role::Owner).post(&give).json(&to)).await.0, 403);
    let same = json!({"to": app.account(Role::Owner)});
    assert_eq!(answer(app.member(Role::Admin).post(&give).json(&same)).await.0, 422);
    let done = expect(200, app.member(Role::Admin).post(&give).json(&to)).await;
    assert_eq!(done, json!({"workflows": 1, "scorecards": 1, "gaps": 0, "responses": 0}));
    let left = expect(200, app.member(Role::Viewer).get(&from)).await;
    assert_eq!((&left["workflows"], &left["scorecards"]), (&json!([]), &json!([])), "{left}");
    let about = path(&format!("workflows/{WORKFLOW}/scorecard"));
    let card = expect(200, app.member(Role::Viewer).get(&about)).await;
    assert_eq!((&card["version"], &card["owner"]["name"]), (&json!(2), &json!("Demo reviewer")));
    let diff = expect(200, app.member(Role::Viewer).get(&format!("{about}/diff?from=1&to=2"))).await;
    assert_eq!(diff["changes"][0]["text"], "The owner: from “Demo owner” to “Demo reviewer”.");
    let again = expect(200, app.member(Role::Admin).post(&give).json(&to)).await;
    assert_eq!(again, json!({"workflows": 0, "scorecards": 0, "gaps": 0, "responses": 0}), "nothing is left to give");
}

async fn versions_are_compared_in_words(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 20, 95).await;
    put_scorecard(app).await;
    let about = path(&format!("workflows/{WORKFLOW}/scorecard"));
    let next = json!({
        "version": 1, "name": "Refunds", "owner": app.account(Role::Owner), "cadence_days": 14, "dimensions": ["tier"],
        "checks": [{"key": "success", "signal": "success_rate", "criterion": {"kind": "floor", "rate": 0.8}, "role": "key"}],
    });
    expect(200, app.member(Role::Owner).put(&about).json(&next)).await;
    let diff = expect(200, app.member(Role::Viewer).get(&format!("{about}/diff?from=1&to=2"))).await;
    let texts: Vec<&str> =
        diff["changes"].as_array().expect("a list").iter().map(|change| text(&change["text"])).collect();
    let check = "The check success: from “success_rate not worse than the baseline by 5 points, key” to “success_rate above 80 \
                 %, key”.";
    assert_eq!(texts, ["The review: from “every 30 days” to “every 14 days”.", check]);
    let none = expect(200, app.member(Role::Viewer).get(&format!("{about}/diff?from=2&to=2"))).await;
    assert_eq!(none["changes"], json!([]));
    for (query, status) in [("from=1&to=9", 404), ("from=1", 400), ("from=x&to=2", 400)] {
        assert_eq!(answer(app.member(Role::Viewer).get(&format!("{about}/diff?{query}"))).await.0, status, "{query}");
    }
}

async fn a_scorecard_is_proposed_from_history(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 400, 90).await;
    let about = path(&format!("workflows/{WORKFLOW}/scorecard"));
    let proposed = expect(200, app.member(Role::Viewer).get(&format!("{about}/proposal"))).await;
    let card = &proposed["scorecard"];
    // 640 of 800 succeeded: Wilson's lower end is 0.7709, in steps of half a point 0.77.
    assert_eq!(card["checks"][0]["criterion"], json!({"kind": "floor", "rate": 0.77}), "{proposed}");
    assert_eq!((&card["cadence_days"], &card["dimensions"]), (&json!(14), &json!(["tier"])));
    let reasons = proposed["reasons"].to_string();
    assert!(
        reasons.contains("80.0 % (640 of 800)") && reasons.contains("free (400 runs), gold (400 runs)"),
        "{reasons}"
    );
    assert!(proposed["left_out"].to_string().contains("approval_rate"), "{proposed}");
    assert_eq!(answer(app.member(Role::Viewer).get(&about)).await.0, 404, "nothing was written");
    // What was proposed can be written as it is, once it has an owner.
    let mut body = card.clone();
    body["owner"] = json!(app.account(Role::Owner));
    expect(201, app.member(Role::Owner).put(&about).json(&body)).await;
}

async fn exemptions_take_two_people(app: &TestApp) {
    let gate = ready_gate(app, 40).await;
    let about = path(&format!("workflows/{WORKFLOW}/scorecard/exemptions"));
    let wish = |check: &str, days: i64| json!({"check": check, "reason": "The help desk moves.", "expires_at": START.plus_days(days)});
    let asks = |body: Value| answer(app.member(Role::Owner).post(&about).json(&body));
    for (body, field) in
        [(wish("nothing", 10), "check"), (wish("success", 91), "expires_at"), (wish("success", 0), "expires_at")]
    {
        let (status, problem) = asks(body).await;
        assert_eq!((status, text(&problem["errors"][0]["field"])), (422, field), "{problem}");
    }
    let program = app.program(&[KeyScope::Admin]).await;
    let by_program = answer(program.post(&about).json(&wish("success", 10))).await;
    assert_eq!((by_program.0, text(&by_program.1["code"])), (409, "not_a_person"));
    let (status, made) = asks(wish("success", 10)).await;
    assert_eq!((status, text(&made["state"])), (201, "requested"), "{made}");
    let id = text(&made["id"]).to_owned();

    let evaluation = || expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation"))));
    assert_eq!(evaluation().await["exemptions"], json!([]), "a wish has no effect");
    assert_eq!(answer(app.member(Role::Owner).post(&format!("{about}/{id}/approve"))).await.0, 403);
    assert_eq!(answer(program.post(&format!("{about}/{id}/approve"))).await.0, 403, "a machine approves nothing");
    let approved = expect(200, app.member(Role::ReleaseManager).post(&format!("{about}/{id}/approve"))).await;
    assert_eq!(text(&approved["state"]), "in_force");
    let twice = answer(app.member(Role::Admin).post(&format!("{about}/{id}/approve"))).await;
    assert_eq!((twice.0, text(&twice.1["code"])), (409, "exemption_not_waiting"));
    let own = expect(201, app.member(Role::Admin).post(&about).json(&wish("success", 10))).await;
    let same = answer(app.member(Role::Admin).post(&format!("{about}/{}/approve", text(&own["id"])))).await;
    assert_eq!((same.0, text(&same.1["code"])), (409, "same_person"));

    let seen = evaluation().await;
    let recommendation = &seen["recommendation"];
    assert_eq!(recommendation["verdict"], "collect_more_evidence", "the only key check is exempted: {seen}");
    assert_eq!(recommendation["checks"][0]["verdict"], "fail", "what it says is kept");
    let reasons = recommendation["reasons"].to_string();
    assert!(reasons.contains("Not a pass") && reasons.contains("approved by Demo release_manager"), "{reasons}");
    // It ends by itself, and the check blocks again.
    app.clock.set(START.plus_days(10));
    assert_eq!(evaluation().await["exemptions"], json!([]));
    let list = expect(200, app.member(Role::Viewer).get(&about)).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    assert!(list["items"].as_array().expect("a list").iter().all(|item| text(&item["state"]) == "expired"), "{list}");
    assert_eq!(answer(app.member(Role::Owner).post(&format!("{about}/{id}/end"))).await.0, 409);
}

async fn a_gap_is_given_on_the_page_of_its_gate(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 20, 95).await;
    put_scorecard(app).await;
    attest(app).await;
    let gate = open_gate(app, Role::Owner).await;
    let page = at(&format!("/gates/{gate}"));
    let owner = Visitor::signed_in(app, Role::Owner).await;
    let before = owner.get(&page).await.ok();
    assert!(
        before.contains("Owner: Demo owner") && !before.contains("Give it to them"),
        "it is not kept yet: {before}"
    );
    freeze(app, &gate).await;
    let seen = owner.get(&page).await.ok();
    let forms: Vec<&str> = seen.match_indices("/owner\"").map(|(end, _)| &seen[..end]).collect();
    let action = forms[0].rsplit('"').next().expect("an action").to_owned() + "/owner";
    let fields =
        [("gate", gate.as_str()), ("owner", &app.account(Role::Reviewer).to_string())].map(|(k, v)| (k, v.to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let back = owner.send(&action, &seen, &fields).await.goes_on();
    assert!(back.starts_with(&page), "{back}");
    let after = owner.get(&page).await.ok();
    let since = "Owner: Demo owner, given to Demo reviewer since: that counts when the evidence is frozen again";
    assert!(after.contains(since), "{after}");
    freeze(app, &gate).await;
    assert!(owner.get(&page).await.ok().contains("Owner: Demo reviewer"));
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    assert!(!viewer.get(&page).await.ok().contains("Give it to them"));
}

async fn gaps_are_kept_given_and_closed(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 20, 95).await;
    put_scorecard(app).await;
    attest(app).await;
    let gate = open_gate(app, Role::Owner).await;
    assert_eq!(jobs::find_gaps(&app.app).await.expect("found"), 1);
    let list = async |query: &str| {
        expect(200, app.member(Role::Viewer).get(&path(&format!("gaps{query}")))).await["items"].clone()
    };
    let open = list("?state=open").await;
    let few =
        open.as_array().expect("a list").iter().find(|gap| text(&gap["gap"]).starts_with("too_few_runs")).expect("one");
    assert_eq!(text(&few["next_step"]), "smaller_pilot");
    assert!(text(&few["todo"]).contains("30 more runs") && text(&few["todo"]).contains("20 a day"), "{few}");
    let id = text(&few["id"]).to_owned();

    let owner = path(&format!("gaps/{id}/owner"));
    let give = json!({"owner": app.account(Role::Reviewer), "due_at": START.plus_days(3)});
    let given = expect(200, app.member(Role::Owner).put(&owner).json(&give)).await;
    assert_eq!(given["owner"], json!(app.account(Role::Reviewer)));
    let past = json!({"owner": app.account(Role::Reviewer), "due_at": START});
    assert_eq!(answer(app.member(Role::Owner).put(&owner).json(&past)).await.0, 422);
    let notices = expect(200, app.member(Role::Reviewer).get(&path("notices?unread=true"))).await;
    assert!(text(&notices["items"][0]["text"]).contains("30 more runs"), "{notices}");
    // The gate knows the owner, and so does what is frozen.
    let seen = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await;
    assert!(seen["recommendation"]["gaps"].to_string().contains("Demo reviewer"), "{seen}");

    assert_eq!(
        answer(app.member(Role::Owner).post(&path(&format!("gaps/{id}/close"))).json(&json!({"done": " "}))).await.0,
        422
    );
    let close = json!({"done": "Sent a tenth of the traffic."});
    let closed = expect(200, app.member(Role::Owner).post(&path(&format!("gaps/{id}/close"))).json(&close)).await;
    assert_eq!((text(&closed["state"]), text(&closed["done"])), ("closed", "Sent a tenth of the traffic."));
    jobs::find_gaps(&app.app).await.expect("found");
    let again = expect(200, app.member(Role::Viewer).get(&path(&format!("gaps/{id}")))).await;
    assert_eq!((text(&again["state"]), &again["done"]), ("open", &Value::Null), "the rule still finds it");
    // Enough runs: the rule closes it, and says so. Freezing keeps gaps in the same transaction.
    report(app, "1.5.0", (100, 95), START.plus_days(-1)).await;
    report(app, "1.4.0", (100, 70), START.plus_days(-1)).await;
    freeze(app, &gate).await;
    let done = expect(200, app.member(Role::Viewer).get(&path(&format!("gaps/{id}")))).await;
    assert_eq!((text(&done["state"]), text(&done["closed_by"]["kind"])), ("closed", "system"), "{done}");
    assert_eq!(answer(app.member(Role::Owner).put(&owner).json(&give)).await.1["code"], "gap_closed");
}

async fn those_who_may_not_change_nothing(app: &TestApp) {
    let gap = path("gaps/gap_0192f3c1a2b37d4e8f90a1b2c3d4e5f6");
    for (who, status) in [(Who::Nobody, 401), (Who::Outsider, 404)] {
        for list in ["teams", "gaps", "responses", "notices", "owners/acc_0192f3c1a2b37d4e8f90a1b2c3d4e5f6"] {
            assert_eq!(answer(app.client(who.clone()).get(&path(list))).await.0, status, "{list}");
        }
        assert_eq!(answer(app.client(who).get(&gap)).await.0, status);
    }
    assert_eq!(answer(app.member(Role::Viewer).get(&gap)).await.0, 404);
    let done = json!({"done": "x"});
    assert_eq!(answer(app.member(Role::Viewer).post(&format!("{gap}/close")).json(&done)).await.0, 403);
    for query in ["gaps?state=lost", "gaps?owner=somebody", "responses?origin=x", "gaps?cursor=x"] {
        assert_eq!(answer(app.member(Role::Viewer).get(&path(query))).await.0, 422, "{query}");
    }
    let key = app.program(&[KeyScope::Read]).await;
    let inbox = answer(key.get(&path("notices"))).await;
    assert_eq!((inbox.0, text(&inbox.1["code"])), (409, "not_a_person"));
}

async fn a_decision_is_told_to_those_who_answer(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    let body = json!({"verdict": "ship", "reason": "", "bundle": bundle});
    let decided = app.member(Role::ReleaseManager).post(&path(&format!("gates/{gate}/decisions"))).json(&body);
    assert_eq!(answer(decided).await.0, 201);
    jobs::deliver_due(&app.app).await.expect("sent");
    let told = mails(app);
    assert_eq!(told, [("Ship: refund-handling 1.5.0".to_owned(), app.email(Role::Owner))]);
    let notices = expect(200, app.member(Role::Owner).get(&path("notices"))).await;
    assert_eq!(text(&notices["items"][0]["topic"]), "decision");
    assert!(text(&notices["items"][0]["url"]).contains("/decisions/dec_"), "{notices}");
    let own = expect(200, app.member(Role::ReleaseManager).get(&path("notices"))).await;
    assert_eq!(own["items"], json!([]), "whoever decides knows");
}

async fn mails_are_turned_off_by_one_click(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 20, 95).await;
    put_scorecard(app).await;
    attest(app).await;
    open_gate(app, Role::Owner).await;
    let team = team(app, "Guild", &[Role::Owner]).await;
    assert_eq!(jobs::find_gaps(&app.app).await.expect("found"), 1);
    let gaps = expect(200, app.member(Role::Viewer).get(&path("gaps?state=open"))).await;
    let gaps = gaps["items"].as_array().expect("a list");
    let can_be_owned = gaps.iter().find(|gap| text(&gap["gap"]).starts_with("too_few_runs")).expect("one");
    let owner = path(&format!("gaps/{}/owner", text(&can_be_owned["id"])));
    let give = || app.member(Role::Admin).put(&owner).json(&json!({"owner": team}));
    expect(200, give()).await;
    jobs::deliver_due(&app.app).await.expect("sent");
    let mail = app.mail.as_ref().expect("a mail server").mails().remove(0);
    assert_eq!(mail.to, [app.email(Role::Owner)], "a notice to a team reaches its members");
    assert_eq!(mail.header("list-unsubscribe-post").as_deref(), Some("List-Unsubscribe=One-Click"));
    let link = mail.header("list-unsubscribe").expect("a link");
    let link = link.trim_matches(['<', '>']).strip_prefix(&app.base_url).expect("of this service").to_owned();
    assert!(link.ends_with("?topic=gap") && mail.text().contains("Choose which mails you get"), "{link}");

    // Looking changes nothing: mail programs follow links by themselves.
    let page = app.client(Who::Nobody).get(&link).send().await.expect("a page");
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("text").contains("Gaps of the evidence"));
    let muted = || expect(200, app.member(Role::Owner).get(&path("notice-preferences")));
    assert_eq!(muted().await, json!({"muted": []}));
    let click = app.client(Who::Nobody).post(&link).body("List-Unsubscribe=One-Click").send().await.expect("an answer");
    assert_eq!(click.status(), 200);
    assert_eq!(muted().await, json!({"muted": ["gap"]}));
    app.clock.set(START.plus_days(1));
    expect(200, give()).await;
    assert_eq!(jobs::deliver_due(&app.app).await.expect("sent"), 0);
    let inbox = expect(200, app.member(Role::Owner).get(&path("notices?unread=true"))).await;
    assert_eq!(inbox["items"].as_array().map(Vec::len), Some(2), "the inbox keeps everything");
    let read = expect(200, app.member(Role::Owner).post(&path("notices/read"))).await;
    assert_eq!(read, json!({"read": 2}));
    assert_eq!(expect(200, app.member(Role::Owner).get(&path("notices?unread=true"))).await["items"], json!([]));

    let back = json!({"muted": []});
    expect(200, app.member(Role::Owner).put(&path("notice-preferences")).json(&back)).await;
    for (wrong, status) in [("/mail/nothing", 404), (link.as_str(), 400)] {
        let answer = app.client(Who::Nobody).post(wrong).body("x=y").send().await.expect("an answer");
        let expected = if status == 404 { [400, 404] } else { [400, 400] };
        assert!(expected.contains(&answer.status().as_u16()), "{wrong}: {}", answer.status());
    }
    assert_eq!(app.client(Who::Nobody).get("/mail/nothing").send().await.expect("an answer").status(), 404);
    assert_eq!(muted().await, json!({"muted": []}));
}
