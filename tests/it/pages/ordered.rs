//! Lists turned round by the head of a column: in the address, page by page, in files and in saved views.

use super::*;
use crate::support::evidence::decide;

both!(runs_go_either_way_page_by_page, lists_that_can_be_turned_say_so, the_order_is_kept_by_files_and_saved_views,);

/// More than two pages of runs, of which many started at the same moment; the failures among them.
async fn runs(app: &TestApp) -> usize {
    let run = |n: i64| {
        json!({
            "external_id": format!("r{n}"), "workflow": WORKFLOW, "release": CANDIDATE,
            "started_at": START.plus_seconds(n / 60), "ended_at": START.plus_seconds(200),
            "outcome": if n % 4 == 0 { "failure" } else { "success" },
        })
    };
    let runs: Vec<Value> = (0..130).map(run).collect();
    let writer = app.program(&[KeyScope::Ingest]).await;
    expect(200, writer.post(&path("runs")).json(&json!({ "runs": runs }))).await;
    runs.len()
}

/// The ids of the rows of a page of runs.
fn ids(page: &str) -> Vec<String> {
    let rows = page.split("<td class=\"id\"><a href=\"").skip(1);
    rows.map(|row| row.split('"').next().unwrap_or_default().to_owned()).collect()
}

/// Every row of a list, from its top to its end by the links of its pages.
async fn all(visitor: &Visitor<'_>, list: &str) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), Some(at(list)));
    while let Some(address) = next {
        let page = visitor.get(&address).await.ok();
        found.extend(ids(&page));
        next = between(&page, "rel=\"next\" href=\"", "\"").map(|href| href.replace("&amp;", "&"));
    }
    found
}

/// Where the head of the column leads that the list goes along, and which way the list goes.
fn head(page: &str) -> (String, String) {
    let head = page.split("<th scope=\"col\" aria-sort=\"").nth(1).unwrap_or_else(|| panic!("no head: {page}"));
    let href = between(head, "class=\"sort\" href=\"", "\"").expect("a link").replace("&amp;", "&");
    (head.split('"').next().unwrap_or_default().to_owned(), href)
}

async fn runs_go_either_way_page_by_page(app: &TestApp) {
    let count = runs(app).await;
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let newest = all(&viewer, "/runs").await;
    let mut oldest = all(&viewer, "/runs?sort=oldest").await;
    assert_eq!(oldest.iter().collect::<std::collections::BTreeSet<_>>().len(), count, "each once, ties or not");
    oldest.reverse();
    assert_eq!(newest, oldest, "one list, read either way");
    let failed = all(&viewer, "/runs?outcome=failure&sort=oldest").await;
    assert_eq!(failed.len(), 33);
    let within: Vec<&String> = oldest.iter().rev().filter(|id| failed.contains(id)).collect();
    assert_eq!(within, failed.iter().collect::<Vec<_>>(), "a filter keeps the order");

    let page = viewer.page("/runs?outcome=failure").await;
    let (direction, turned) = head(&page);
    assert_eq!((direction.as_str(), turned), ("descending", at("/runs?outcome=failure&sort=oldest")));
    let page = viewer.page("/runs?outcome=failure&sort=oldest").await;
    let (direction, turned) = head(&page);
    assert_eq!((direction.as_str(), turned), ("ascending", at("/runs?outcome=failure")));
    assert!(page.contains("<option value=\"oldest\" selected>Oldest first</option>"), "a search keeps it: {page}");
    assert!(page.contains("33 runs on this page, oldest first"), "{page}");
    // What is no order is the usual one, and no word of it is in the page.
    let page = viewer.page("/runs?sort=%3Cb%3E").await;
    assert!(head(&page).0 == "descending" && !page.contains("<b>") && !page.contains("&lt;b&gt;"), "{page}");
    assert_eq!(viewer.get(&at("/runs?sort=oldest&cursor=wrong")).await.status, 422);
}

async fn lists_that_can_be_turned_say_so(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    for verdict in [("ship", ""), ("hold", "Not on a Friday.")] {
        assert_eq!(decide(app, Role::ReleaseManager, &gate, &bundle, verdict).await.0, 201);
    }
    for name in ["first", "second"] {
        let run = report_failure(app, name, &format!("Please refund {name}")).await;
        let body = json!({"title": name, "assertions": {"must": [format!("refund the {name}")]}});
        expect(200, app.member(Role::Reviewer).post(&path(&format!("failures/{run}/promote"))).json(&body)).await;
    }
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    for (list, rows) in [("/decisions", 2), ("/cases", 2)] {
        let links = |page: &str| -> Vec<String> {
            let begin = format!("href=\"{}/", at(list));
            let found = page.split(&begin).skip(1).filter(|rest| rest.contains("data-nav-item"));
            found.filter(|rest| !rest.starts_with("verification")).map(|rest| rest[..20].to_owned()).collect()
        };
        let page = viewer.page(list).await;
        let newest = links(&page);
        assert_eq!(newest.len(), rows, "{list}: {page}");
        let (direction, turned) = head(&page);
        assert_eq!((direction.as_str(), &turned), ("descending", &at(&format!("{list}?sort=oldest"))));
        let page = viewer.get(&turned).await.ok();
        let mut oldest = links(&page);
        oldest.reverse();
        assert_eq!(newest, oldest, "{list}: {page}");
        assert_eq!(head(&page), ("ascending".to_owned(), at(list)));
    }
    // The head of the chain is the newest entry, which is not what a list from the oldest on begins with.
    assert!(viewer.page("/decisions").await.contains("Newest entry:"));
    assert!(!viewer.page("/decisions?sort=oldest").await.contains("Newest entry:"));
    assert_eq!(head(&viewer.page("/cases?sort=oldest&status=active").await).1, at("/cases?status=active"));
}

async fn the_order_is_kept_by_files_and_saved_views(app: &TestApp) {
    runs(app).await;
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    let page = reviewer.page("/runs?sort=oldest&outcome=failure").await;
    let export = between(&page, "href=\"/p/demo-co/runs?", "\" download").expect("a file");
    assert!(export.contains("sort=oldest"), "{export}");
    let file = reviewer.get(&at("/runs?sort=oldest&outcome=failure&as=json")).await.ok();
    let rows: Vec<Value> = serde_json::from_str(&file).expect("rows");
    let names: Vec<&str> = rows.iter().map(|row| row["external_id"].as_str().expect("a name")).collect();
    let seconds: Vec<i64> = names.iter().map(|name| name[1..].parse::<i64>().expect("a number") / 60).collect();
    assert!(names.len() == 33 && seconds.is_sorted() && seconds[0] == 0 && seconds[32] == 2, "{names:?}");

    let form = between(&page, "<summary>Save this view</summary>", "</form>").expect("a form");
    let filters = between(form, "name=\"filters\" value=\"", "\"").expect("a field").replace("&amp;", "&");
    assert_eq!(filters, "outcome=failure&sort=oldest");
    let fields = [("list", "runs"), ("filters", filters.as_str()), ("name", "First failures")];
    let to = reviewer.send(&at("/saved-views"), &page, &fields).await.goes_on();
    assert_eq!(to, at("/runs?outcome=failure&sort=oldest&done=view_saved"));
    let page = reviewer.get(&to).await.ok();
    assert!(page.contains("aria-current=\"true\">First failures</a>"), "{page}");
    assert!(!reviewer.page("/runs?outcome=failure").await.contains("aria-current=\"true\">First failures</a>"));
    let wrong = json!({"list": "runs", "name": "x", "filters": {"sort": "dearest"}, "shared": false});
    assert_eq!(answer(app.member(Role::Reviewer).post(&path("saved-views")).json(&wrong)).await.0, 422);
}
