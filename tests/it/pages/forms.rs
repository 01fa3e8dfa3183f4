//! What people send by the forms of the pages, and what they may not.

use super::*;

both!(
    a_viewer_sees_no_forms_and_may_send_none,
    a_form_without_its_token_is_refused,
    another_project_is_not_there,
    a_refused_form_keeps_what_was_typed,
    the_loop_by_plain_forms,
    a_second_person_confirms,
    late_facts_by_form,
    settings_show_secrets_once,
);

async fn a_viewer_sees_no_forms_and_may_send_none(app: &TestApp) {
    let gate = ready_gate(app, 40).await;
    let run = report_failure(app, "a failure", "Please refund order 7").await;
    let (release, scorecard) = (a_release(app, CANDIDATE).await, a_scorecard(app).await);
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let pages = [
        format!("/runs/{run}"),
        format!("/failures?run={run}"),
        format!("/releases/{release}"),
        format!("/scorecards/{scorecard}"),
        format!("/gates/{gate}"),
        "/settings".to_owned(),
        "/settings/members".to_owned(),
        "/settings/keys".to_owned(),
        "/settings/webhooks".to_owned(),
        "/settings/policy".to_owned(),
        "/settings/teams".to_owned(),
        "/settings/workflows/refund-handling".to_owned(),
        "/settings/signals".to_owned(),
        "/settings/failure-classes".to_owned(),
        "/settings/prices".to_owned(),
        "/settings/masking".to_owned(),
    ];
    let mut page = String::new();
    for path in &pages {
        page = viewer.page(path).await;
        let forms = page.matches("<form").count() - page.matches("method=\"get\"").count();
        assert_eq!(forms, 1, "{path} has a form besides the one to sign out: {page}");
    }
    let forms = [
        (format!("/runs/{run}/facts"), vec![("kind", "outcome"), ("value", "success")]),
        (format!("/failures/{run}/promote"), vec![("title", "t"), ("must", "m")]),
        (format!("/failures/{run}/link"), vec![("case_id", "case_x")]),
        (format!("/failures/{run}/dismiss"), vec![("reason", "no")]),
        (format!("/scorecards/{scorecard}/attest"), vec![("read", "yes")]),
        (format!("/releases/{release}/gates"), vec![("policy", "standard")]),
        (format!("/gates/{gate}/freeze"), vec![]),
        (format!("/gates/{gate}/decide"), vec![("verdict", "ship"), ("bundle", "x")]),
        ("/settings/invitations".to_owned(), vec![("email", "x@example.com"), ("role", "admin")]),
        ("/settings/keys".to_owned(), vec![("name", "k"), ("scopes", "read")]),
        ("/settings/webhooks".to_owned(), vec![("url", "https://example.com")]),
        ("/settings/mail/test".to_owned(), vec![]),
        ("/settings/teams".to_owned(), vec![("name", "t")]),
        ("/settings/workflows/refund-handling".to_owned(), vec![("settle_hours", "1")]),
        ("/settings/failure-classes".to_owned(), vec![("name", "x"), ("severity", "minor")]),
        ("/settings/prices".to_owned(), vec![("model", "m"), ("input", "1"), ("output", "1")]),
        ("/settings/currency".to_owned(), vec![("currency", "EUR")]),
        ("/settings/masking".to_owned(), vec![("name", "n"), ("pattern", "x")]),
        ("/settings/masking/preview".to_owned(), vec![("name", "n"), ("pattern", "x"), ("text", "x")]),
        ("/settings/policy/edit".to_owned(), vec![("name", "laxer")]),
        ("/templates/review/html".to_owned(), vec![("source", "x"), ("version", "0")]),
    ];
    for (path, fields) in forms {
        let seen = viewer.send(&at(&path), &page, &fields).await;
        assert_eq!(seen.status, 403, "{path}: {}", seen.text);
        assert!(seen.text.contains("Not allowed"), "{path} says so on a page: {}", seen.text);
    }
}

async fn a_form_without_its_token_is_refused(app: &TestApp) {
    let gate = ready_gate(app, 40).await;
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let other = Visitor::signed_in(app, Role::Owner).await;
    let of_other = other.page("/settings").await;
    let freeze = at(&format!("/gates/{gate}/freeze"));
    for seen in [
        admin.send_bare(&freeze, &[]).await,
        admin.send_bare(&freeze, &[("csrf", "")]).await,
        admin.send(&freeze, &of_other, &[]).await,
        admin.send_bare("/sign-out", &[]).await,
    ] {
        assert_eq!(seen.status, 403, "{}", seen.text);
        assert!(seen.text.contains("The form is not valid any more"), "{}", seen.text);
    }
    let nobody = Visitor::new(app);
    let form = nobody.get("/sign-in").await.ok();
    let fields = [("email", "owner@demo-co.example"), ("password", crate::support::app::PASSWORD)];
    assert_eq!(nobody.send_bare("/sign-in", &fields).await.status, 403);
    // A form of another browser does not sign in here.
    assert_eq!(Visitor::new(app).send("/sign-in", &form, &fields).await.status, 403);
}

async fn another_project_is_not_there(app: &TestApp) {
    let gate = ready_gate(app, 40).await;
    let run = a_run(app, true).await;
    let new = json!({"slug": "other", "name": "Other project"});
    expect(201, app.member(Role::Admin).post("/api/v1/projects").json(&new)).await;
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    for page in ["", "/runs", "/failures", "/settings"] {
        assert_eq!(viewer.get(&format!("/p/other{page}")).await.status, 404);
    }
    // What belongs to one project is not in another, for somebody who is in both.
    let admin = Visitor::signed_in(app, Role::Admin).await;
    assert!(admin.get("/p/other").await.ok().contains("Waiting for your first run"));
    for page in [format!("/runs/{run}"), format!("/gates/{gate}"), format!("/failures?run={run}")] {
        let seen = admin.get(&format!("/p/other{page}")).await;
        assert_eq!(seen.status, 404, "{page}");
        assert!(seen.content_type.starts_with("text/html") && seen.text.contains("Not found"), "{}", seen.text);
    }
    let nothing = admin.get("/nothing/here").await;
    assert_eq!((nothing.status, nothing.content_type.starts_with("text/html")), (404, true));
}

async fn a_refused_form_keeps_what_was_typed(app: &TestApp) {
    let gate = ready_gate(app, 40).await;
    freeze(app, &gate).await;
    let run = report_failure(app, "a failure", "Please refund order 7").await;
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let page = admin.page(&format!("/failures?run={run}")).await;
    let fields = [("title", "My very own title"), ("tags", "my-tag"), ("failure_class", "timeout")];
    let seen = admin.send(&at(&format!("/failures/{run}/promote")), &page, &fields).await;
    assert_eq!(seen.status, 422);
    for kept in ["My very own title", "my-tag", "Write at least one line", "value=\"timeout\" checked"] {
        assert!(seen.text.contains(kept), "{kept} is not on the page: {}", seen.text);
    }
    let seen = admin.send(&at(&format!("/failures/{run}/dismiss")), &page, &[("reason", "  ")]).await;
    assert_eq!(seen.status, 422);
    let fact = [("kind", "score"), ("value", "no number"), ("reason", "because I say so"), ("key", "k1")];
    let seen = admin.send(&at(&format!("/runs/{run}/facts")), &page, &fact).await;
    assert_eq!(seen.status, 422);
    for kept in ["no number", "because I say so", "name=number", "value=\"k1\""] {
        assert!(seen.text.contains(kept), "{kept} is not on the page: {}", seen.text);
    }
    let page = admin.page(&format!("/gates/{gate}")).await;
    let bundle = between(&page, "name=\"bundle\" value=\"", "\"").expect("a form to decide").to_owned();
    let none = [("bundle", bundle.as_str()), ("reason", "A reason without a verdict")];
    let seen = admin.send(&at(&format!("/gates/{gate}/decide")), &page, &none).await;
    assert_eq!(seen.status, 422);
    assert!(
        seen.text.contains("A reason without a verdict") && seen.text.contains("Choose a verdict"),
        "{}",
        seen.text
    );
    // No verdict is ever chosen for anybody.
    assert!(!seen.text.contains("name=\"verdict\" value=\"hold\" required checked"));
}

async fn the_loop_by_plain_forms(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 400, 95).await;
    put_scorecard(app).await;
    let about = path(&format!("workflows/{WORKFLOW}/releases/{CANDIDATE}"));
    expect(200, app.member(Role::Owner).put(&about).json(&json!({"baseline": BASELINE}))).await;
    let run = report_failure(app, "a failure", "Please refund order 7 of jane.doe@example.com").await;
    let admin = Visitor::signed_in(app, Role::Admin).await;

    let page = admin.page(&format!("/failures?run={run}")).await;
    assert!(page.contains("What redaction changed"), "the address is masked: {page}");
    let fields = [
        ("title", "Refunds no more than was paid"),
        ("failure_class", "wrong_result"),
        ("must", "refund at most the amount of the order\n\nask for the order's number"),
        ("must_not", "promise a date"),
        ("reference", ""),
        ("tags", "refund, amount"),
    ];
    let case = admin.send(&at(&format!("/failures/{run}/promote")), &page, &fields).await.goes_on();
    let page = admin.get(&case).await.ok();
    for shown in
        ["Refunds no more than was paid", "Active", "promise a date", "Observed, not expected", "eval case now"]
    {
        assert!(page.contains(shown), "{shown} is not on the case: {page}");
    }
    assert!(!page.contains("jane.doe@example.com"), "what is masked stays masked");

    let scorecard = format!("/scorecards/{}", a_scorecard(app).await);
    let page = admin.page(&scorecard).await;
    let seen = admin.send(&at(&format!("{scorecard}/attest")), &page, &[("version", "1"), ("note", "Read.")]).await;
    assert_eq!(seen.status, 422, "an attestation says that it was read");
    let fields = [("version", "1"), ("note", "Read."), ("read", "yes")];
    let on = admin.send(&at(&format!("{scorecard}/attest")), &page, &fields).await.goes_on();
    assert!(admin.get(&on).await.ok().contains("Your attestation is recorded."));

    let release = format!("/releases/{}", a_release(app, CANDIDATE).await);
    let page = admin.page(&release).await;
    let gate = admin.send(&at(&format!("{release}/gates")), &page, &[("policy", "standard")]).await.goes_on();
    let gate = gate.split('?').next().unwrap_or_default().to_owned();
    let page = admin.get(&gate).await.ok();
    assert!(page.contains("Freeze the evidence") && !page.contains("name=\"verdict\""), "{page}");
    admin.send(&format!("{gate}/freeze"), &page, &[]).await.goes_on();
    let page = admin.get(&gate).await.ok();
    let bundle = between(&page, "name=\"bundle\" value=\"", "\"").expect("a form to decide").to_owned();
    let fields = [("bundle", bundle.as_str()), ("verdict", "hold"), ("reason", "Until **Monday**.")];
    let decision = admin.send(&format!("{gate}/decide"), &page, &fields).await.goes_on();
    let page = admin.get(&decision).await.ok();
    assert!(page.contains("<strong>Monday</strong>") && page.contains(&bundle), "{page}");
    let decision = decision.split('?').next().unwrap_or_default();
    let seen = admin.get(&format!("{decision}/artifact.html")).await;
    let policy = seen.headers.get("content-security-policy").cloned().unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"), "{policy}");
    for shown in [&bundle, CANDIDATE, BASELINE, "Four questions", "Refunds no more than was paid"] {
        assert!(seen.text.contains(shown), "{shown} is not in the artifact: {}", seen.text);
    }
    let about = path(&format!("{}/artifact?format=json", decision.trim_start_matches(&at("/"))));
    let artifact = expect(200, app.member(Role::Viewer).get(&about)).await;
    assert_eq!(
        (artifact["schema"].as_str(), artifact["decision"]["verdict"].as_str()),
        (Some("seatrial.review/1"), Some("hold"))
    );
    let (status, _) = answer(app.member(Role::Viewer).get(&about.replace("=json", "=pdf"))).await;
    assert_eq!(status, 422);
}

async fn a_second_person_confirms(app: &TestApp) {
    let gate = at(&format!("/gates/{}", ready_gate(app, 40).await));
    let manager = Visitor::signed_in(app, Role::ReleaseManager).await;
    let page = manager.get(&gate).await.ok();
    manager.send(&format!("{gate}/freeze"), &page, &[]).await.goes_on();
    let page = manager.get(&gate).await.ok();
    let bundle = between(&page, "name=\"bundle\" value=\"", "\"").expect("a form to decide").to_owned();
    let ship = [("bundle", bundle.as_str()), ("verdict", "ship"), ("reason", "The old one stops at noon.")];
    let on = manager.send(&format!("{gate}/decide"), &page, &ship).await.goes_on();
    assert_eq!(on, format!("{gate}?done=proposed"));
    let page = manager.get(&gate).await.ok();
    assert!(page.contains("Waits for a second person") && !page.contains("name=\"confirm\""), "{page}");
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let page = admin.get(&gate).await.ok();
    let proposal = between(&page, "name=\"confirm\" value=\"", "\"").expect("a form to confirm").to_owned();
    let on = admin
        .send(&format!("{gate}/decide"), &page, &[("bundle", bundle.as_str()), ("confirm", &proposal)])
        .await
        .goes_on();
    let page = admin.get(&on).await.ok();
    assert!(page.contains("Decided against the recommendation") && page.contains("Demo admin"), "{page}");
}

async fn late_facts_by_form(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 20, 50).await;
    let run = a_run(app, false).await;
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    let page = reviewer.page(&format!("/runs/{run}")).await;
    let facts = at(&format!("/runs/{run}/facts"));
    let forms: [&[(&str, &str)]; 7] = [
        &[("key", "1"), ("kind", "rescue"), ("minutes", "12.5"), ("reason", "by hand")],
        &[("key", "2"), ("kind", "escalation"), ("value", "unexpected"), ("reason", "angry customer")],
        &[("key", "3"), ("kind", "approval"), ("value", "granted")],
        &[("key", "4"), ("kind", "cost"), ("value", "0.031")],
        &[("key", "5"), ("kind", "score"), ("value", "quality=0.8")],
        &[("key", "6"), ("kind", "outcome"), ("value", "failure")],
        &[("key", "7"), ("kind", "confirmation"), ("value", "failure, wrong_result")],
    ];
    for fields in forms {
        let on = reviewer.send(&facts, &page, fields).await.goes_on();
        assert!(on.ends_with("?done=fact_added"), "{fields:?} leads to {on}");
    }
    let again = reviewer.send(&facts, &page, forms[3]).await.goes_on();
    assert!(again.ends_with("?done=fact_known"), "the same form twice counts once: {again}");
    let page = reviewer.page(&format!("/runs/{run}")).await;
    for shown in [
        "rescued by Demo reviewer, 12 min 30 s: by hand",
        "$0.031",
        "score quality",
        "wrong_result",
        "Demo reviewer, page",
    ] {
        assert!(page.contains(shown), "{shown} is not on the page: {page}");
    }
}

async fn settings_show_secrets_once(app: &TestApp) {
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let page = admin.page("/settings/keys").await;
    let key = [("name", "deploy-bot"), ("scopes", "ingest"), ("scopes", "read"), ("expires_days", "30")];
    let seen = admin.send(&at("/settings/keys"), &page, &key).await;
    let secret =
        between(&seen.ok(), "data-copy=\"sea_", "\"").map(|rest| format!("sea_{rest}")).expect("the key is shown");
    let (status, _) = answer(app.client(crate::support::app::Who::Key(secret.clone())).get(&path("runs"))).await;
    assert_eq!(status, 200, "the key works");
    let page = admin.page("/settings/keys").await;
    assert!(page.contains("deploy-bot") && !page.contains(&secret), "it is shown once");
    let id = between(&page, "/settings/keys/", "/revoke").expect("a form to revoke").to_owned();
    admin.send(&at(&format!("/settings/keys/{id}/revoke")), &page, &[]).await.goes_on();
    let (status, _) = answer(app.client(crate::support::app::Who::Key(secret)).get(&path("runs"))).await;
    assert_eq!(status, 401);
    let bad = [("name", "no scopes"), ("expires_days", "30")];
    let seen = admin.send(&at("/settings/keys"), &page, &bad).await;
    assert!(seen.status == 422 && seen.text.contains("no scopes"), "{}", seen.text);

    let member = [("email", "ben@demo-co.example"), ("role", "reviewer")];
    let page = admin.send(&at("/settings/invitations"), &page, &member).await.ok();
    let link = between(&page, "data-copy=\"", "\"").expect("a link").to_owned();
    assert!(link.contains("/invitation?token=sea_invite_"), "{page}");
    // An address that has an account gets the same words and a link of the same form.
    let known = [("email", "outsider@demo-co.example"), ("role", "reviewer")];
    let other = admin.send(&at("/settings/invitations"), &page, &known).await.ok();
    assert!(between(&other, "data-copy=\"", "\"").is_some_and(|link| link.contains("/invitation?token=sea_invite_")));
    let page = admin.page("/settings/members").await;
    assert!(page.contains("ben@demo-co.example") && !page.contains("sea_invite_"), "the link is shown once");
    let ben = Visitor::new(app);
    let opened = format!("/invitation?{}", link.split_once('?').expect("a query").1);
    assert!(ben.get(&opened).await.ok().contains("Demo &amp; Co."), "the link leads into the project");
    let id = between(&page, "/settings/invitations/", "/revoke").expect("a form to take it back").to_owned();
    admin.send(&at(&format!("/settings/invitations/{id}/revoke")), &page, &[]).await.goes_on();
    let id = between(&admin.page("/settings/members").await, "/settings/invitations/", "/revoke").map(str::to_owned);
    let id = id.expect("the other one");
    admin.send(&at(&format!("/settings/invitations/{id}/revoke")), &page, &[]).await.goes_on();
    assert!(!ben.get(&opened).await.text.contains("Choose a password"), "it is not good any more");
    let seen = admin.send(&at("/settings/invitations"), &page, &[("email", "ben"), ("role", "reviewer")]).await;
    assert!(seen.status == 422 && seen.text.contains("Invite"), "{}", seen.text);

    let page = admin.send(&at("/settings/webhooks"), &page, &[("url", "http://127.0.0.1:9/hook")]).await.ok();
    assert!(page.contains("whsec_") && page.contains("127.0.0.1:9"), "{page}");
    let page = admin.page("/settings/webhooks").await;
    assert!(!page.contains("whsec_"));
    let id = between(&page, "/settings/webhooks/", "/test").expect("a form to test").to_owned();
    let seen = admin.send(&at(&format!("/settings/webhooks/{id}/test")), &page, &[]).await;
    assert!(seen.status == 422 && seen.text.contains("did not arrive"), "{}", seen.text);
    admin.send(&at(&format!("/settings/webhooks/{id}/remove")), &page, &[]).await.goes_on();
}
