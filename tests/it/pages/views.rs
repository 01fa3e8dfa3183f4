//! Saved views in a browser without scripts: saved from a list, found above it, replaced, renamed, removed.

use seatrial_domain::saved_view::ViewedList;

use super::*;

both!(
    what_a_list_shows_is_saved_and_found,
    what_was_typed_is_not_lost,
    every_list_takes_every_filter_it_is_said_to_have,
);

/// The form fields of what a list shows.
fn shown(page: &str) -> Vec<(String, String)> {
    let form = between(page, "<details class=\"more\"><summary>Save this view</summary>", "</form>").expect("a form");
    ["list", "filters"]
        .map(|name| {
            let value = between(form, &format!("name=\"{name}\" value=\""), "\"").expect("a field");
            (name.to_owned(), value.replace("&amp;", "&").replace("&quot;", "\""))
        })
        .to_vec()
}

fn with<'a>(fields: &'a [(String, String)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(more.iter().copied()).collect()
}

async fn what_a_list_shows_is_saved_and_found(app: &TestApp) {
    report_failure(app, "order-1", "Refund order 1").await;
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    let about = at("/saved-views");
    let all = reviewer.page("/runs").await;
    assert!(!all.contains("class=\"views\""), "nothing to save and nothing saved: nothing is said");
    let list = format!("/runs?workflow={WORKFLOW}&outcome=failure");
    let page = reviewer.page(&list).await;
    let fields = shown(&page);
    assert_eq!(fields[1].1, format!("outcome=failure&workflow={WORKFLOW}"));
    let to = reviewer.send(&about, &page, &with(&fields, &[("name", "Failed refunds")])).await.goes_on();
    assert_eq!(to, at(&format!("/runs?outcome=failure&workflow={WORKFLOW}&done=view_saved")));
    let page = reviewer.get(&to).await.ok();
    let chip = between(&page, "aria-label=\"Saved views\"", "</nav>").expect("the views");
    assert!(chip.contains("is-on") && chip.contains("aria-current=\"true\">Failed refunds</a>"), "{chip}");
    assert!(!page.contains("Save this view"), "it is saved already");
    // The same filters in another order are the same view, and other pages of the list are too.
    assert!(reviewer.page(&list).await.contains("aria-current=\"true\">Failed refunds</a>"));
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    assert!(!viewer.page(&list).await.contains("Failed refunds"), "it is the reviewer's own");
    assert!(
        reviewer
            .page("/search?q=failed+ref&part=found")
            .await
            .contains(&format!("/runs?outcome=failure&amp;workflow={WORKFLOW}"))
    );
    assert!(!viewer.page("/search?q=failed+ref&part=found").await.contains("Failed refunds"));

    // Other filters take its place.
    let page = reviewer.page("/runs?outcome=abandoned").await;
    let instead = between(&page, "<option value=\"view_", "\"").expect("a choice").replace("&quot;", "\"");
    let (fields, instead) = (shown(&page), format!("view_{instead}"));
    let to = reviewer.send(&about, &page, &with(&fields, &[("view", &instead)])).await.goes_on();
    assert_eq!(to, at("/runs?outcome=abandoned&done=view_saved"));
    let again = reviewer.send(&about, &page, &with(&fields, &[("view", &instead)])).await;
    assert!(again.status == 422 && again.text.contains("Somebody else changed this"), "{}", again.text);

    // Renamed and shared, then everybody has it; removed, nobody.
    let page = reviewer.page("/saved-views?list=runs").await;
    assert!(page.contains("outcome: abandoned") && page.contains("yours"), "{page}");
    let id = between(&page, "/saved-views/view_", "\"").expect("a form");
    let view = format!("{about}/view_{id}");
    let tag = between(&page, "name=\"rests_on\" value=\"", "\"").expect("a tag").replace("&quot;", "\"");
    let fields = [("rests_on", tag.as_str()), ("name", "Abandoned refunds"), ("shared", "yes")];
    assert_eq!(reviewer.send(&view, &page, &fields).await.goes_on(), at("/saved-views?done=view_changed"));
    let page = viewer.page("/runs").await;
    assert!(page.contains("Abandoned refunds (shared)</a>"), "{page}");
    let page = viewer.page("/saved-views").await;
    assert!(page.contains("Abandoned refunds") && !page.contains("/remove"), "{page}");
    assert_eq!(viewer.send(&format!("{view}/remove"), &page_with_form(&viewer).await, &[]).await.status, 403);
    let page = reviewer.page("/saved-views").await;
    assert_eq!(
        reviewer.send(&format!("{view}/remove"), &page, &[]).await.goes_on(),
        at("/saved-views?done=view_removed")
    );
    assert!(!viewer.page("/runs").await.contains("Abandoned refunds"));
}

/// A page with any form that carries the token.
async fn page_with_form(visitor: &Visitor<'_>) -> String {
    visitor.page("/runs").await
}

async fn what_was_typed_is_not_lost(app: &TestApp) {
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let about = at("/saved-views");
    let page = admin.page("/cases?status=active").await;
    let fields = shown(&page);
    admin.send(&about, &page, &with(&fields, &[("name", "Active"), ("shared", "yes")])).await.goes_on();
    let page = admin.page("/cases?status=draft").await;
    let seen = admin.send(&about, &page, &with(&shown(&page), &[("name", "Active"), ("shared", "yes")])).await;
    assert_eq!(seen.status, 422);
    assert!(seen.text.contains("There already is one with this name"), "{}", seen.text);
    assert!(seen.text.contains("value=\"Active\"") && seen.text.contains("value=\"status=draft\""), "{}", seen.text);
    assert!(seen.text.contains("value=\"yes\" checked"), "{}", seen.text);
    // From that page it is saved under another name.
    let to =
        admin.send(&about, &seen.text, &[("list", "cases"), ("filters", "status=draft"), ("name", "Drafts")]).await;
    assert_eq!(to.goes_on(), at("/cases?status=draft&done=view_saved"));
    let page = admin.page("/saved-views").await;
    let rows: Vec<&str> = page.split("action=\"").filter(|part| part.contains("name=\"rests_on\"")).collect();
    let row = rows.iter().find(|row| row.contains("value=\"Drafts\"")).expect("the view's form");
    let view = row.split('"').next().expect("an address").to_owned();
    let tag = between(row, "name=\"rests_on\" value=\"", "\"").expect("a tag").replace("&quot;", "\"");
    let seen = admin.send(&view, &page, &[("rests_on", &tag), ("name", "Active"), ("shared", "yes")]).await;
    assert!(seen.status == 422 && seen.text.contains("<details class=\"more\" open>"), "{}", seen.text);
    // A list elsewhere is none.
    let foreign = [("list", "https://evil.example"), ("filters", ""), ("name", "x")];
    assert_eq!(admin.send(&about, &page, &foreign).await.status, 422);
    let foreign = [("list", "runs"), ("filters", "next=https://evil.example"), ("name", "x")];
    let seen = admin.send(&about, &page, &foreign).await;
    assert!(seen.status == 422 && seen.text.contains("the list has no such filter"), "{}", seen.text);
}

/// What the vocabulary says of a list's filters is what its page understands: with each of them the page says that what it
/// shows could be saved, and with it.
async fn every_list_takes_every_filter_it_is_said_to_have(app: &TestApp) {
    report_failure(app, "order-1", "Refund order 1").await;
    let pattern = format!("pat_{}", "0".repeat(32));
    let admin = Visitor::signed_in(app, Role::Admin).await;
    for list in ViewedList::ALL {
        for name in list.filter_names() {
            let value = match (list, name) {
                (_, "workflow") => WORKFLOW,
                (_, "release") => CANDIDATE,
                (_, "mine" | "all" | "unread") => "yes",
                (_, "from" | "to" | "until") => "2026-01-31T12:00:00Z",
                (_, "assigned" | "owner") => "me",
                (_, "sort") => "oldest",
                (_, "severity") => "critical",
                (_, "outcome") => "failure",
                (_, "pattern") => &pattern,
                (ViewedList::Failures, "status") => "any",
                (ViewedList::Samples, "status") => "upheld",
                (ViewedList::Cases, "status") => "active",
                (ViewedList::Patterns, "state") => "confirmed",
                (ViewedList::Releases, "state") => "live",
                (ViewedList::Scorecards, "state") => "stale",
                _ => "words",
            };
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
            let page = admin.page(&format!("/{}?{query}", list.as_str())).await;
            let fields = shown(&page);
            assert_eq!(fields[0].1, list.as_str());
            let read: Vec<(String, String)> =
                url::form_urlencoded::parse(fields[1].1.as_bytes()).into_owned().collect();
            assert_eq!(read, [(name.to_owned(), value.to_owned())], "{}", list.as_str());
        }
    }
}
