//! The settings, section by section: the gate policy with its versions, members and their roles, a test of the mail.

use super::*;
use crate::support::app::{Builder, run_with};

both!(
    the_policy_is_changed_on_its_page,
    who_edits_an_older_policy_sees_what_changed,
    members_get_other_roles_and_leave,
    the_sections_are_found_from_each_other,
    failure_classes_are_added_changed_and_retired,
    a_workflow_says_who_reports_what,
    teams_are_made_changed_and_removed,
);

/// The fields of the policy's form, with one of them different.
fn policy_fields<'a>(version: &'a str, rests_on: &'a str, differs: (&'a str, &'a str)) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("version", version),
        ("rests_on", rests_on),
        ("name", "standard"),
        ("alpha", "5"),
        ("segment_fdr", "5"),
        ("default_margin", "5"),
        ("floor_units", "50"),
        ("planned_candidate_runs", "500"),
        ("pool_ratio", "1"),
        ("block_outcomes", "10"),
        ("method", "hedged"),
        ("unknown_outcome_limit", "10"),
        ("required_suites", ""),
        ("bake_seconds", "0"),
        ("deciders", "release_manager"),
        ("deciders", "admin"),
        ("second_persons", "release_manager"),
        ("second_persons", "admin"),
        ("opener_needs_second", "yes"),
    ];
    usual.into_iter().map(|(name, value)| (name, if name == differs.0 { differs.1 } else { value })).collect()
}

fn rests_on(page: &str) -> String {
    between(page, "name=\"rests_on\" value=\"", "\"").expect("a tag").replace("&quot;", "\"")
}

async fn the_policy_is_changed_on_its_page(app: &TestApp) {
    let gate = ready_gate(app, 40).await;
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let page = admin.page("/settings/policy").await;
    assert!(page.contains("The one every project begins with.") && page.contains("<b>5 points</b>"), "{page}");
    assert!(page.contains(&format!("/gates/{gate}")), "the gate that a change touches is named: {page}");
    let about = at("/settings/policy/edit");
    let page = admin.page("/settings/policy/edit").await;
    let tag = rests_on(&page);
    let wrong = policy_fields("1", &tag, ("default_margin", "five"));
    let seen = admin.send(&about, &page, &wrong).await;
    assert!(seen.status == 422 && seen.text.contains("is a number, such as"), "{}", seen.text);
    assert!(seen.text.contains("value=\"five\""), "what was typed stays: {}", seen.text);
    let beyond = policy_fields("1", &tag, ("alpha", "80"));
    assert_eq!(admin.send(&about, &page, &beyond).await.status, 422);

    let mut fields = policy_fields("1", &tag, ("default_margin", "2.5"));
    fields.extend([("bake_seconds", "0"), ("blocking_gaps", "too_few_runs")]);
    fields.extend([("workflow", WORKFLOW), ("bake_seconds", "36"), ("floor_units", ""), ("takes_two", "yes")]);
    assert_eq!(admin.send(&about, &page, &fields).await.goes_on(), at("/settings/policy?done=policy_written"));
    let read = expect(200, app.member(Role::Viewer).get(&path("policy"))).await;
    let policy = &read["policy"];
    assert_eq!((&policy["version"], &policy["default_margin"]), (&json!(2), &json!(0.025)));
    assert_eq!(policy["blocking_gaps"], json!(["stale_scorecard", "too_few_runs"]), "a stale scorecard always blocks");
    let own = json!([{"workflow": WORKFLOW, "bake_seconds": 129_600, "ship_takes_two": true}]);
    assert_eq!(policy["workflows"], own);

    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let page = viewer.page("/settings/policy").await;
    assert!(page.contains("From version 1 to 2") && page.contains("<del>5 points</del>"), "{page}");
    assert!(page.contains("Only refund-handling: Bake time") && page.contains("<ins>36 hours</ins>"), "{page}");
    assert!(page.contains("Written by Demo admin") && !page.contains("/settings/policy/edit"), "{page}");
    let old = viewer.page("/settings/policy/versions/1?with=2").await;
    assert!(old.contains("version 2 is in force") && old.contains("<ins>2.5 points</ins>"), "{old}");
    assert_eq!(viewer.get(&at("/settings/policy/versions/9")).await.status, 404);
    assert_eq!(viewer.get(&about).await.status, 403);
}

async fn who_edits_an_older_policy_sees_what_changed(app: &TestApp) {
    let (first, second) = (Visitor::signed_in(app, Role::Admin).await, Visitor::signed_in(app, Role::Admin).await);
    let about = at("/settings/policy/edit");
    let (one, two) = (first.page("/settings/policy/edit").await, second.page("/settings/policy/edit").await);
    let tag = rests_on(&one);
    first.send(&about, &one, &policy_fields("1", &tag, ("floor_units", "80"))).await.goes_on();
    let seen = second.send(&about, &two, &policy_fields("1", &tag, ("planned_candidate_runs", "900"))).await;
    assert_eq!(seen.status, 422);
    assert!(seen.text.contains("What changed meanwhile") && seen.text.contains("<ins>80 runs</ins>"), "{}", seen.text);
    assert!(seen.text.contains("value=\"900\""), "what was typed stays: {}", seen.text);
    assert_eq!(expect(200, app.member(Role::Viewer).get(&path("policy"))).await["policy"]["floor_units"], 80);
    // Having seen it, they may write over it.
    let (tag, page) = (rests_on(&seen.text), seen.text);
    second.send(&about, &page, &policy_fields("2", &tag, ("planned_candidate_runs", "900"))).await.goes_on();
    let policy = expect(200, app.member(Role::Viewer).get(&path("policy"))).await["policy"].clone();
    assert_eq!((&policy["version"], &policy["planned_candidate_runs"]), (&json!(3), &json!(900)));
}

async fn members_get_other_roles_and_leave(app: &TestApp) {
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let page = admin.page("/settings/members").await;
    let viewer = app.account(Role::Viewer).to_string();
    let about = at(&format!("/settings/members/{viewer}"));
    let row = page.split(&format!("settings/members/{viewer}\"")).nth(1).expect("a form for the viewer");
    let tag = rests_on(row);
    let seen = admin.send(&about, &page, &[("rests_on", &tag)]).await;
    assert!(seen.status == 422 && seen.text.contains("at least one role"), "{}", seen.text);
    let two = [("rests_on", tag.as_str()), ("roles", "viewer"), ("roles", "owner")];
    admin.send(&about, &page, &two).await.goes_on();
    let seen = admin.send(&about, &page, &two).await;
    assert!(seen.status == 422 && seen.text.contains("Somebody else changed this"), "{}", seen.text);
    assert!(admin.page("/settings/members").await.contains("viewer, owner"));
    let own = app.account(Role::Admin).to_string();
    let seen = admin.send(&at(&format!("/settings/members/{own}/remove")), &page, &[]).await;
    assert!(seen.status == 422 && seen.text.contains("without an admin"), "{}", seen.text);
    admin.send(&format!("{about}/remove"), &page, &[]).await.goes_on();
    assert!(!admin.page("/settings/members").await.contains(&viewer));
}

async fn the_sections_are_found_from_each_other(app: &TestApp) {
    for role in [Role::Viewer, Role::Admin] {
        let visitor = Visitor::signed_in(app, role).await;
        let index = visitor.page("/settings").await;
        let sections = index.split("class=\"card-title\" href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let sections: Vec<&str> = sections.collect();
        assert!(sections.len() >= 6, "{index}");
        for section in &sections {
            let page = visitor.get(section).await.ok();
            let current = format!("href=\"{section}\" aria-current=\"page\"");
            assert_eq!(page.matches(&current).count(), 1, "{section} says where it is: {page}");
            for other in &sections {
                assert!(page.contains(&format!("class=\"tab\" href=\"{other}\"")), "{section} leads to {other}");
            }
        }
    }
}

#[test]
fn a_test_mail_goes_to_whoever_asks_and_to_nobody_else() {
    for backend in [seatrial_store::Backend::Sqlite, seatrial_store::Backend::Postgres] {
        run_with(Builder::new(backend).with_mail(), async |app: &TestApp| {
            let admin = Visitor::signed_in(app, Role::Admin).await;
            let page = admin.page("/settings/webhooks").await;
            assert!(page.contains(&format!("Send a test to {}", app.email(Role::Admin))), "{page}");
            let went = admin.send(&at("/settings/mail/test"), &page, &[]).await.goes_on();
            assert!(went.ends_with("done=mail_tested"), "{went}");
            let sink = app.mail.as_ref().expect("a mail server");
            let mails = sink.mails();
            assert_eq!(mails.len(), 1);
            assert_eq!(mails[0].to, [app.email(Role::Admin)]);
            let page = admin.page("/settings/webhooks").await;
            assert!(page.contains("<td>sent") && page.contains(&app.email(Role::Admin)), "{page}");
            // A server that refuses is told about at once; the mail is not tried again behind one's back.
            sink.answer(&[crate::support::smtp_sink::Answer::TryLater]);
            let seen = admin.send(&at("/settings/mail/test"), &page, &[]).await;
            assert!(seen.status == 422 && seen.text.contains("The test did not arrive"), "{}", seen.text);
            let key = app.program(&[KeyScope::Admin]).await;
            assert_eq!(answer(key.post(&path("mail/test"))).await.0, 403, "a key has no address");
        });
    }
}

async fn failure_classes_are_added_changed_and_retired(app: &TestApp) {
    let run = report_failure(app, "a failure", "Please refund order 7").await;
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let about = at("/settings/failure-classes");
    let page = admin.page("/settings/failure-classes").await;
    let tag = rests_on(&page);
    let row = page.split("failure_class=wrong_result\"").nth(1).expect("a row");
    assert_eq!(between(row, "<td class=\"num\">", "</td>"), Some("1"), "the failure is counted: {row}");
    let lost = [
        ("rests_on", tag.as_str()),
        ("act", "add"),
        ("name", "lost_order"),
        ("severity", "critical"),
        ("meaning", "Gone."),
    ];
    admin.send(&about, &page, &lost).await.goes_on();
    let seen = admin.send(&about, &page, &lost).await;
    assert!(seen.status == 422 && seen.text.contains("is a class already"), "{}", seen.text);
    assert!(seen.text.contains(">Gone.</textarea>"), "what was typed stays: {}", seen.text);
    let stale = [("rests_on", tag.as_str()), ("name", "timeout"), ("severity", "major"), ("meaning", "x")];
    let seen = admin.send(&about, &page, &stale).await;
    assert!(seen.status == 422 && seen.text.contains("Somebody else changed this"), "{}", seen.text);

    // Retired: no label can name it any more, and what carries it is as bad as before.
    let page = admin.page("/settings/failure-classes").await;
    let tag = rests_on(&page);
    let retire = [
        ("rests_on", tag.as_str()),
        ("act", "retire"),
        ("name", "wrong_result"),
        ("severity", "critical"),
        ("meaning", "m"),
    ];
    admin.send(&about, &page, &retire).await.goes_on();
    let classes = expect(200, app.member(Role::Viewer).get(&path("failure-classes"))).await;
    let own = json!([
        {"name": "lost_order", "severity": "critical", "meaning": "Gone."},
        {"name": "wrong_result", "severity": "critical", "meaning": "m", "retired": true},
    ]);
    assert_eq!(json!(classes["items"].as_array().expect("a list")[..2]), own);
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    let triage = reviewer.page(&format!("/failures?run={run}")).await;
    assert!(triage.contains("value=\"lost_order\""), "{triage}");
    let other = report_failure(app, "another", "Please refund order 8").await;
    let label = json!({"failure_class": "wrong_result"});
    let about = path(&format!("failures/{other}/label"));
    let (status, problem) = answer(app.member(Role::Reviewer).post(&about).json(&label)).await;
    assert_eq!(status, 422, "{problem}");
    let page = admin.page("/settings/failure-classes").await;
    assert!(page.contains("built-in, changed") && page.contains("retired"), "{page}");
    let drop = [("rests_on", rests_on(&page)), ("act", "drop".to_owned()), ("name", "wrong_result".to_owned())];
    let drop: Vec<(&str, &str)> = drop.iter().map(|(name, value)| (*name, value.as_str())).collect();
    admin.send(&at("/settings/failure-classes"), &page, &drop).await.goes_on();
    assert!(!admin.page("/settings/failure-classes").await.contains("built-in, changed"));

    let counts = expect(200, app.member(Role::Viewer).get(&path("failure-classes/counts?days=30"))).await;
    let wrong = json!({"failure_class": "wrong_result", "failures": 2, "open": 2});
    assert!(counts["items"].as_array().expect("a list").contains(&wrong), "{counts}");
    assert_eq!(answer(app.member(Role::Viewer).get(&path("failure-classes/counts?days=0"))).await.0, 422);
}

async fn a_workflow_says_who_reports_what(app: &TestApp) {
    ready_gate(app, 40).await;
    let owner = Visitor::signed_in(app, Role::Owner).await;
    let about = "/settings/workflows/refund-handling";
    let page = owner.page(about).await;
    let tag = rests_on(&page);
    let fields = |rescues: &'static str, settle: &'static str, tag: &str| {
        let fields = [
            ("rests_on", tag),
            ("risk_class", "high"),
            ("approvals", "traces"),
            ("rescues", rescues),
            ("settle_hours", settle),
            ("idle_minutes", "90"),
            ("score_name", "quality"),
            ("score_at_least", "0.8"),
            ("environments", "test\r\nstaging\r\n"),
            ("sample_share", "2.5"),
        ];
        fields.map(|(name, value)| (name, value.to_owned()))
    };
    let send = async |page: &str, fields: &[(&'static str, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        owner.send(&at(about), page, &fields).await
    };
    let seen = send(&page, &fields("api", "soon", &tag)).await;
    assert!(seen.status == 422 && seen.text.contains("is a number, such as"), "{}", seen.text);
    assert!(seen.text.contains("value=\"soon\"") && seen.text.contains("value=\"quality\""), "{}", seen.text);
    assert_eq!(send(&page, &fields("api", "99999", &tag)).await.status, 422);
    let went = send(&page, &fields("api", "1.5", &tag)).await.goes_on();
    assert!(went.contains("/settings/workflows/"), "{went}");
    let read = expect(200, app.member(Role::Viewer).get(&path(&format!("workflows/{WORKFLOW}")))).await;
    let rules = json!({
        "observes": {"approvals": "traces", "rescues": "api"}, "score_rule": {"name": "quality", "success_at_least": 0.8},
        "terminal_tool": null, "requires_review": false, "settle_seconds": 5_400, "idle_close_seconds": 5_400,
        "excluded_environments": ["test", "staging"], "sample_share": 0.025,
    });
    assert_eq!((&read["risk_class"], &read["rules"]), (&json!("high"), &rules));
    let seen = send(&page, &fields("traces", "2", &tag)).await;
    assert!(seen.status == 422 && seen.text.contains("Somebody else changed this"), "{}", seen.text);

    // What is reported is what is known.
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let signals = viewer.page("/settings/signals").await;
    let card = |name: &str| {
        let found = between(&signals, &format!("<article class=\"card\" id=\"{name}\">"), "</article>");
        found.unwrap_or_else(|| panic!("{name}: {signals}")).to_owned()
    };
    assert!(
        card("rescue_rate").contains("In refund-handling: another system posts rescues."),
        "{}",
        card("rescue_rate")
    );
    assert!(
        card("escalation_rate").contains("nobody reports escalations")
            && card("escalation_rate").contains("Unverified")
    );
    assert!(card("latency").contains("From a run&#39;s start to its end"), "{}", card("latency"));
    let list = viewer.page("/settings/workflows").await;
    assert!(list.contains("90 minutes") && list.contains("approvals, rescues"), "{list}");
    assert_eq!(viewer.get(&at("/settings/workflows/no-such")).await.status, 404);
}

async fn teams_are_made_changed_and_removed(app: &TestApp) {
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let (owner, viewer) = (app.account(Role::Owner).to_string(), app.account(Role::Viewer).to_string());
    let page = admin.page("/settings/teams").await;
    let about = at("/settings/teams");
    admin.send(&about, &page, &[("name", "<b>Payments"), ("members", &owner)]).await.goes_on();
    let page = admin.page("/settings/teams").await;
    assert!(page.contains("&lt;b&gt;Payments") && page.contains("<td>Demo owner</td>"), "{page}");
    let id = format!("team_{}", between(&page, "/settings/teams/team_", "\"").expect("a form"));
    let tag = rests_on(&page);
    let two = [("rests_on", tag.as_str()), ("name", "Money"), ("members", &owner), ("members", &viewer)];
    admin.send(&format!("{about}/{id}"), &page, &two).await.goes_on();
    let seen = admin.send(&format!("{about}/{id}"), &page, &two).await;
    assert!(seen.status == 422 && seen.text.contains("Somebody else changed this"), "{}", seen.text);
    let seen = admin.send(&about, &page, &[("name", "Money"), ("members", &owner)]).await;
    assert_eq!(seen.status, 422, "the name is taken");
    assert!(seen.text.contains("value=\"Money\""), "what was typed stays: {}", seen.text);
    admin.send(&format!("{about}/{id}/remove"), &page, &[]).await.goes_on();
    assert!(admin.page("/settings/teams").await.contains("No team yet."));
}
