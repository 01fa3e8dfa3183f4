//! The pages on which people say how workflows are watched: tried on past data, kept, refused with what was typed.

use seatrial::worker::jobs;
use seatrial_domain::access::Role;
use seatrial_domain::time::Timestamp;
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, PROJECT, START, TestApp, both, run};
use crate::support::browser;
use crate::support::evidence::{CANDIDATE, WORKFLOW, decide, expect, freeze, path, ready_gate, report};
use crate::support::visitor::{Visitor, at, between};

both!(
    settings_are_tried_and_kept_on_their_page,
    two_people_change_them_at_once,
    the_list_of_alerts_goes_either_way,
    what_was_typed_is_shown_again,
    who_may_not_keep_may_try,
);

const KINDS: [&str; 7] = [
    "regression",
    "failure_mix_shift",
    "rescue_jump",
    "rising_retries",
    "approval_spike",
    "cost_without_quality",
    "stalled_traffic",
];

fn hours(n: i64) -> Timestamp {
    START.plus_seconds(n * 3_600)
}

/// A release that is live and does worse since its fifth hour, an hour later.
pub async fn drifted(app: &TestApp) {
    let gate = ready_gate(app, 90).await;
    let rules = json!({"observes": {"rescues": "not_applicable"}, "settle_seconds": 0});
    let body = json!({"risk_class": "high", "rules": rules, "owner": app.account(Role::Owner)});
    expect(200, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&body)).await;
    let (bundle, _) = freeze(app, &gate).await;
    assert_eq!(decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "")).await.0, 201);
    app.clock.set(hours(6));
    report(app, CANDIDATE, (200, 60), hours(5)).await;
}

/// Where the page of the workflow is, by the link of the list.
async fn place(visitor: &Visitor<'_>) -> String {
    let list = visitor.page("/alert-settings").await;
    let id = between(&list, "/alert-settings/", "\"").unwrap_or_else(|| panic!("no workflow in {list}"));
    format!("/alert-settings/{id}")
}

/// The form with every kind on and nothing else said, but for `changed`.
fn form<'a>(off: &[&str], changed: &[(&'a str, &'a str)]) -> Vec<(String, String)> {
    let mut fields = vec![
        ("days".to_owned(), "90".to_owned()),
        ("like_hours".to_owned(), "yes".to_owned()),
        ("segments".to_owned(), "every".to_owned()),
        ("look_back".to_owned(), "1".to_owned()),
    ];
    let on = KINDS.iter().filter(|kind| !off.contains(kind));
    fields.extend(on.map(|kind| (format!("on_{kind}"), "yes".to_owned())));
    fields.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    // The last of two values counts.
    fields
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

async fn kept(app: &TestApp) -> Value {
    expect(200, app.member(Role::Viewer).get(&path(&format!("workflows/{WORKFLOW}/alert-settings")))).await
}

/// What the form of the page rests on.
fn rests_on(page: &str) -> String {
    between(page, "name=\"rests_on\" value=\"", "\"").expect("a tag").replace("&quot;", "\"")
}

async fn two_people_change_them_at_once(app: &TestApp) {
    drifted(app).await;
    let (first, second) = (Visitor::signed_in(app, Role::Owner).await, Visitor::signed_in(app, Role::Admin).await);
    let at_page = place(&first).await;
    let (one, two) = (first.page(&at_page).await, second.page(&at_page).await);
    let fields = |page: &str, days: &str, off: &[&str]| {
        let mut fields = form(off, &[]);
        fields.retain(|(name, _)| name != "days");
        fields.extend([("days".to_owned(), days.to_owned()), ("rests_on".to_owned(), rests_on(page))]);
        fields
    };
    first.send(&at(&at_page), &one, &borrowed(&fields(&one, "180", &["rescue_jump"]))).await.goes_on();
    let late = second.send(&at(&at_page), &two, &borrowed(&fields(&two, "45", &[]))).await;
    assert_eq!(late.status, 422);
    let told = between(&late.text, "id=\"meanwhile-title\"", "</section>").expect("what changed meanwhile");
    assert!(told.contains("<ins>180</ins>") && told.contains(">45</td>"), "theirs beside what was typed: {told}");
    assert!(told.contains("<ins>not watched</ins>"), "{told}");
    assert!(!told.contains("Quiet periods"), "only what differs: {told}");
    assert!(late.text.contains("required value=\"45\""), "what was typed stays: {}", late.text);
    assert_eq!(kept(app).await["days_between_false_alarms"], 180, "nothing was written over unseen");
    // Having seen it, they may.
    second.send(&at(&at_page), &late.text, &borrowed(&fields(&late.text, "45", &[]))).await.goes_on();
    assert_eq!(kept(app).await, json!({"days_between_false_alarms": 45}));
}

async fn the_list_of_alerts_goes_either_way(app: &TestApp) {
    drifted(app).await;
    jobs::watch_drift(&app.app).await.expect("watched");
    let owner = Visitor::signed_in(app, Role::Owner).await;
    let (oldest, newest) = (owner.page("/alerts?all=yes&sort=oldest").await, owner.page("/alerts?all=yes").await);
    let heads = [
        (&oldest, "aria-sort=\"ascending\"><a class=\"sort\" href=\"/p/demo-co/alerts?all=yes\">Since</a>"),
        (&newest, "aria-sort=\"descending\"><a class=\"sort\" href=\"/p/demo-co/alerts?all=yes&amp;sort=oldest\">"),
    ];
    for (page, head) in heads {
        assert!(page.contains(head), "{head}: {page}");
    }
    let links = |page: &str| -> Vec<String> {
        let rows = page.split("/alerts/alr_").skip(1);
        rows.map(|row| row.split('"').next().unwrap_or_default().to_owned()).collect()
    };
    let (mut one, other) = (links(&oldest), links(&newest));
    one.reverse();
    assert!(!one.is_empty() && one == other, "one list, read either way: {oldest}");
}

async fn settings_are_tried_and_kept_on_their_page(app: &TestApp) {
    drifted(app).await;
    let owner = Visitor::signed_in(app, Role::Owner).await;
    assert!(owner.page("/alerts").await.contains("/alert-settings\">How workflows are watched"));
    let list = owner.page("/alert-settings").await;
    assert!(list.contains(WORKFLOW) && list.contains("7 of 7") && list.contains("not quiet"), "{list}");
    let at_page = place(&owner).await;
    let page = owner.page(&at_page).await;
    assert!(page.contains("name=\"days\" type=\"number\" min=\"7\" max=\"3650\" step=\"1\" required value=\"90\""));

    // As it is now: it would have fired, and says why.
    let preview = at(&format!("{at_page}/preview"));
    let tried = owner.send(&preview, &page, &borrowed(&form(&[], &[]))).await.ok();
    assert!(tried.contains("they would have fired once; these are the settings in force."), "{tried}");
    assert!(tried.contains("In all runs, success_rate: ") && tried.contains("too little history"), "{tried}");
    // Without the kind it would not, and the settings in force would.
    let tried = owner.send(&preview, &page, &borrowed(&form(&["regression"], &[]))).await.ok();
    assert!(tried.contains("never; the settings in force would have fired once."), "{tried}");
    assert!(
        tried.contains("not watched") && !tried.contains("name=\"on_regression\" value=\"yes\" checked"),
        "{tried}"
    );
    assert_eq!(kept(app).await, json!({"days_between_false_alarms": 90}), "trying keeps nothing");
    jobs::watch_drift(&app.app).await.expect("watched");

    let changed = [
        ("days", "365"),
        ("change_rising_retries", "7.5"),
        ("segments", "these"),
        ("dimensions", "tier\r\n region \r\n"),
        ("quiet_1_from", "2026-12-24T00:00"),
        ("quiet_1_to", "2026-12-27T06:30:15"),
        ("quiet_1_reason", "Holidays"),
    ];
    let mut fields = form(&["approval_spike"], &changed);
    fields.retain(|(name, value)| name != "like_hours" && (name.as_str(), value.as_str()) != ("days", "90"));
    fields.retain(|(name, value)| (name.as_str(), value.as_str()) != ("segments", "every"));
    let bare = owner.send(&at(&at_page), &page, &borrowed(&fields)).await;
    assert_eq!(bare.status, 422, "a form that does not say what it rests on changes nothing: {}", bare.text);
    fields.push(("rests_on".to_owned(), rests_on(&page)));
    let sent = owner.send(&at(&at_page), &page, &borrowed(&fields)).await.goes_on();
    fields.pop();
    assert!(sent.contains("done=alert_settings_kept"), "{sent}");
    let expected = json!({
        "days_between_false_alarms": 365,
        "kinds": {"approval_spike": {"on": false}, "rising_retries": {"on": true, "change": 0.075}},
        "dimensions": ["tier", "region"],
        "like_hours": false,
        "quiet": [{
            "from": "2026-12-24T00:00:00.000000Z", "to": "2026-12-27T06:30:15.000000Z", "reason": "Holidays",
        }],
    });
    assert_eq!(kept(app).await, expected);
    let page = owner.page(&at_page).await;
    for shown in ["value=\"365\"", "value=\"7.5\"", "tier\nregion", "2026-12-27T06:30:15", "Holidays", "quiet_2_from"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    // What the page shows is what it sends: kept again, nothing changes.
    fields.push(("rests_on".to_owned(), rests_on(&page)));
    owner.send(&at(&at_page), &page, &borrowed(&fields)).await.goes_on();
    assert_eq!(kept(app).await, expected);
    let list = owner.page("/alert-settings").await;
    assert!(list.contains("6 of 7") && list.contains("tier, region") && list.contains("365"), "{list}");
}

async fn what_was_typed_is_shown_again(app: &TestApp) {
    drifted(app).await;
    let owner = Visitor::signed_in(app, Role::Owner).await;
    let at_page = place(&owner).await;
    let page = owner.page(&at_page).await;
    let wrong: [(&[(&str, &str)], &str); 6] = [
        (&[("days", "soon")], "is a whole number"),
        (&[("days", "3")], "from 7 to 3650 days"),
        (&[("change_regression", "much")], "is a number of points"),
        (&[("change_regression", "95")], "a share from 0.001 to 0.9"),
        (&[("quiet_3_from", "2026-12-24T00:00"), ("quiet_3_reason", "x")], "a day and a time of day at both ends"),
        (&[("look_back", "90")], "look back 1 to 60 days"),
    ];
    for (changed, why) in wrong {
        let mut fields = form(&[], &[("dimensions", "<b>tier</b>")]);
        fields.retain(|(name, _)| !changed.iter().any(|(of, _)| of == name));
        fields.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let seen = owner.send(&at(&format!("{at_page}/preview")), &page, &borrowed(&fields)).await;
        assert_eq!(seen.status, 422, "{changed:?}: {}", seen.text);
        assert!(seen.text.contains(why) && seen.text.contains("&lt;b&gt;tier&lt;/b&gt;"), "{why}: {}", seen.text);
        assert!(seen.text.contains(&format!("value=\"{}\"", changed[0].1)), "{changed:?}: {}", seen.text);
    }
    assert_eq!(kept(app).await, json!({"days_between_false_alarms": 90}));
}

async fn who_may_not_keep_may_try(app: &TestApp) {
    drifted(app).await;
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let at_page = place(&viewer).await;
    let page = viewer.page(&at_page).await;
    assert!(!page.contains("Keep these settings") && page.contains("Try it on past data"), "{page}");
    let fields = form(&[], &[]);
    assert_eq!(viewer.send(&at(&at_page), &page, &borrowed(&fields)).await.status, 403);
    let tried = viewer.send(&at(&format!("{at_page}/preview")), &page, &borrowed(&fields)).await.ok();
    assert!(tried.contains("would have fired once"), "{tried}");
    let bare = viewer.send_bare(&at(&format!("{at_page}/preview")), &borrowed(&fields)).await;
    assert_eq!(bare.status, 403, "a form without its token");
    assert_eq!(viewer.get(&at("/alert-settings/nowhere")).await.status, 404);
}

#[test]
fn a_person_tries_settings_in_a_browser_and_keeps_them() {
    run(Backend::Sqlite, async |app: &TestApp| {
        drifted(app).await;
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_EMAIL", &app.email(Role::Owner)),
            ("SEATRIAL_PASSWORD", PASSWORD),
        ];
        browser::walk("alert_settings", &settings).await;
        assert_eq!(kept(app).await["days_between_false_alarms"], 200);
    });
}
