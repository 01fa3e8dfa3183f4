//! The pages of a project's own templates, and how often recommendations are overridden.

use super::*;

both!(a_template_is_written_tried_and_taken_back, two_people_write_a_template, the_ledger_shows_who_overrides);

async fn a_template_is_written_tried_and_taken_back(app: &TestApp) {
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let list = admin.page("/templates").await;
    assert_eq!(list.matches("built-in</td>").count(), 4, "{list}");
    let about = at("/templates/review/html");
    let page = admin.page("/templates/review/html").await;
    assert!(page.contains("The built-in template is in use.") && page.contains("&lt;!doctype html&gt;"), "{page}");

    // A template that cannot be used is not kept; what was typed is.
    let wrong = [("source", "<p>{{nothing_of_the_kind}}</p>\r\n"), ("note", "Our own"), ("version", "0")];
    let seen = admin.send(&about, &page, &wrong).await;
    assert!(seen.status == 422 && seen.text.contains("It was not kept"), "{}", seen.text);
    assert!(seen.text.contains("nothing_of_the_kind") && seen.text.contains("value=\"Our own\""), "{}", seen.text);
    let seen = admin.send(&format!("{about}/preview"), &page, &wrong).await;
    assert_eq!(seen.status, 422, "the preview says the same");

    // Tried on a sample: a document of its own that may do nothing.
    let good = [
        ("source", "<!doctype html>\r\n<title>x</title>\r\n<p>Ours: {{release}}</p>"),
        ("note", "Our own"),
        ("version", "0"),
    ];
    let seen = admin.send(&format!("{about}/preview"), &page, &good).await;
    assert!(seen.status == 200 && seen.text.contains("<p>Ours: 1.4.0</p>"), "{}", seen.text);
    assert!(!seen.text.contains("<nav"), "the document alone");
    assert_eq!(admin.send(&about, &page, &good).await.goes_on(), format!("{about}?done=template_written"));
    let page = admin.page("/templates/review/html").await;
    assert!(
        page.contains("Version 1 is in use.") && page.contains("Ours: {{release}}") && page.contains("Our own"),
        "{page}"
    );
    // Somebody else who still sees the version before is told.
    let seen = admin.send(&about, &page, &good).await;
    assert!(seen.status == 422 && seen.text.contains("version 1 by Demo admin: Our own"), "{}", seen.text);
    let back = [("version", "1"), ("built_in", "yes"), ("note", "Back")];
    admin.send(&about, &page, &back).await.goes_on();
    let page = admin.page("/templates/review/html").await;
    assert!(page.contains("The built-in template is in use.") && page.contains("back to the built-in one"), "{page}");

    // A viewer reads and tries, and writes nothing.
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let page = viewer.page("/templates/review/html").await;
    assert!(!page.contains("Write a version"), "{page}");
    assert_eq!(viewer.send(&format!("{about}/preview"), &page, &good).await.status, 200);
    assert_eq!(viewer.send(&about, &page, &good).await.status, 403);
    assert_eq!(viewer.get(&at("/templates/poem/html")).await.status, 404);
}

async fn two_people_write_a_template(app: &TestApp) {
    let (first, second) = (Visitor::signed_in(app, Role::Admin).await, Visitor::signed_in(app, Role::Admin).await);
    let about = at("/templates/review/markdown");
    let one = first.page("/templates/review/markdown").await;
    let two = second.page("/templates/review/markdown").await;
    let source = |line: &str| format!("# Review\r\n{line}\r\nEnd\r\n");
    let (theirs, mine) = (source("Release {{release}}"), source("Of <b>{{release}}</b>\r\nwith care"));
    first.send(&about, &one, &[("source", &theirs), ("note", "Short"), ("version", "0")]).await.goes_on();
    let late = second.send(&about, &two, &[("source", &mine), ("note", "Careful"), ("version", "0")]).await;
    assert_eq!(late.status, 422);
    let told = between(&late.text, "id=\"meanwhile-title\"", "</section>").expect("what changed meanwhile");
    assert!(told.contains("Source, from line 2") && told.contains("<ins>Release {{release}}</ins>"), "{told}");
    assert!(told.contains(">Of &lt;b&gt;{{release}}&lt;/b&gt;\nwith care</td>"), "only the lines that differ: {told}");
    assert!(told.contains("version 1 by Demo admin: Short"), "{told}");
    assert!(late.text.contains("with care\nEnd") && late.text.contains("value=\"Careful\""), "{}", late.text);
    assert!(late.text.contains("name=\"version\" value=\"1\""), "it rests on theirs now: {}", late.text);
    let read = expect(200, app.member(Role::Viewer).get(&path("templates/review/markdown"))).await;
    assert_eq!((&read["version"], &read["note"]), (&json!(1), &json!("Short")), "nothing was written over unseen");
    // A mistake after that does not take in what somebody wrote in between.
    let wrong = second.send(&about, &two, &[("source", "{{nothing}}"), ("version", "0")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("name=\"version\" value=\"0\""), "{}", wrong.text);
    second.send(&about, &late.text, &[("source", &mine), ("note", "Careful"), ("version", "1")]).await.goes_on();
    assert!(second.page("/templates/review/markdown").await.contains("Version 2 is in use."));
}

async fn the_ledger_shows_who_overrides(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    assert!(!viewer.page("/decisions").await.contains("Decided against the recommendation"), "nobody decided yet");
    let (bundle, _) = freeze(app, &gate).await;
    for answer in [("ship", ""), ("hold", "Not on a Friday.")] {
        let (status, body) = crate::support::evidence::decide(app, Role::ReleaseManager, &gate, &bundle, answer).await;
        assert_eq!(status, 201, "{body}");
    }
    let page = viewer.page("/decisions").await;
    let table = page.split("Decided against the recommendation").nth(1).expect("a table");
    assert!(table.contains("Demo release_manager") && table.contains("refund-handling"), "{table}");
    assert_eq!(
        table.matches("1/2").count(),
        4,
        "all, the workflow, the person, and theirs of it, each with its denominator"
    );
}
