//! The settings, section by section: the gate policy with its versions, members and their roles, a test of the mail.

use super::*;
use crate::support::app::{Builder, run_with};

both!(
    the_policy_is_changed_on_its_page,
    who_edits_an_older_policy_sees_what_changed,
    members_get_other_roles_and_leave,
    the_sections_are_found_from_each_other,
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
