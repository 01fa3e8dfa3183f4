//! What a project counts in and what it masks, on their pages: kept, refused with what was typed, tried, and changed by two
//! people at once.

use super::*;

both!(
    the_currency_and_labour_are_kept_on_their_page,
    prices_of_models_are_set_changed_and_dropped,
    two_people_change_what_things_cost,
    patterns_are_tried_and_kept_on_their_page,
    two_people_change_patterns,
);

const PRICES: &str = "/settings/prices";
const MASKING: &str = "/settings/masking";

/// The tag in the form that is sent to `action`.
fn rests_on(page: &str, action: &str) -> String {
    let form = page.rsplit(&format!("action=\"/p/{PROJECT}{action}\"")).next().expect("a form");
    between(form, "name=\"rests_on\" value=\"", "\"").expect("a tag").replace("&quot;", "\"")
}

async fn settings(app: &TestApp) -> Value {
    expect(200, app.member(Role::Viewer).get(&path("settings"))).await
}

async fn prices(app: &TestApp) -> Value {
    expect(200, app.member(Role::Viewer).get(&path("prices"))).await
}

async fn the_currency_and_labour_are_kept_on_their_page(app: &TestApp) {
    let own = json!([{"name": "customer", "pattern": "C-[0-9]{5}"}]);
    let start = json!({"currency": "USD", "labour_nanos_per_hour": 0, "redaction_patterns": own});
    expect(200, app.member(Role::Admin).put(&path("settings")).json(&start)).await;
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let page = admin.page(PRICES).await;
    assert!(page.contains("not given: labour is left out"), "absent is not zero: {page}");
    let about = at("/settings/currency");
    let tag = rests_on(&page, "/settings/currency");
    let send = async |currency: &str, per_hour: &str| {
        admin.send(&about, &page, &[("rests_on", &tag), ("currency", currency), ("per_hour", per_hour)]).await
    };
    for (currency, per_hour, why) in [
        ("euro", "45", "three capital letters"),
        ("EUR", "much", "is an amount such as"),
        ("EUR", "-1", "is an amount such as"),
        ("EUR", "0.0000000001", "is an amount such as"),
        ("EUR", "99999999", "from 0 to a million units"),
        ("EUR", "99999999999999999999", "is an amount such as"),
    ] {
        let seen = send(currency, per_hour).await;
        assert!(seen.status == 422 && seen.text.contains(why), "{currency} {per_hour}: {}", seen.text);
        assert!(seen.text.contains(&format!("value=\"{per_hour}\"")), "what was typed stays: {}", seen.text);
    }
    assert_eq!(settings(app).await, start, "a form that was refused changes nothing");
    assert_eq!(send("eur", "45.5").await.goes_on(), at("/settings/prices?done=amounts_kept"));
    let kept = json!({"currency": "EUR", "labour_nanos_per_hour": 45_500_000_000_i64, "redaction_patterns": own});
    assert_eq!(settings(app).await, kept, "what is not on the form stays");
    let page = Visitor::signed_in(app, Role::Viewer).await.page(PRICES).await;
    assert!(page.contains("45.5 EUR") && page.contains("€0.758 a minute"), "{page}");
    let audit = expect(200, app.member(Role::Admin).get(&path("audit-entries?limit=1"))).await.to_string();
    assert!(audit.contains("change_settings") && audit.contains("45500000000"), "{audit}");
    assert!(admin.page("/settings").await.contains("1 own pattern"));
}

async fn prices_of_models_are_set_changed_and_dropped(app: &TestApp) {
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let about = at(PRICES);
    let page = admin.page(PRICES).await;
    assert!(page.contains("No model has a price yet."), "{page}");
    let tag = rests_on(&page, PRICES);
    let set = async |page: &str, tag: &str, [model, input, output]: [&str; 3]| {
        let fields = [("rests_on", tag), ("model", model), ("input", input), ("output", output)];
        admin.send(&about, page, &fields).await
    };
    for (fields, why) in [
        (["<b>large</b>", "three", "15"], "is what a million tokens cost"),
        (["large-2", "3", "0.0001"], "is what a million tokens cost"),
        (["large-2", "", "1"], "is what a million tokens cost"),
        (["large-2", "3", "1001"], "a price is from 0 to"),
        (["", "3", "15"], "the name of a model"),
    ] {
        let seen = set(&page, &tag, fields).await;
        assert!(seen.status == 422 && seen.text.contains(why), "{fields:?}: {}", seen.text);
        let typed = format!("value=\"{}\"", fields[2]);
        assert!(seen.text.contains(&typed) && !seen.text.contains("<b>large"), "{fields:?}: {}", seen.text);
    }
    assert_eq!(prices(app).await, json!({}));
    let went = set(&page, &tag, ["<i>large-2", "3", "15"]).await.goes_on();
    assert_eq!(went, at("/settings/prices?done=prices_kept"));
    let page = admin.page(PRICES).await;
    set(&page, &rests_on(&page, PRICES), ["small-1", "0.15", "0,6"]).await.goes_on();
    let both = json!({
        "<i>large-2": {"input_nanos": 3_000, "output_nanos": 15_000},
        "small-1": {"input_nanos": 150, "output_nanos": 600},
    });
    assert_eq!(prices(app).await, both);

    // The link of a row fills the form; what it shows is what is there.
    let page = admin.page("/settings/prices?model=small-1").await;
    let form = page.split("id=\"set-price\"").nth(1).expect("a form");
    for shown in ["value=\"small-1\"", "value=\"0.15\"", "value=\"0.6\""] {
        assert!(form.contains(shown), "{shown}: {form}");
    }
    let drop = [("rests_on", rests_on(&page, PRICES)), ("act", "drop".to_owned()), ("model", "<i>large-2".to_owned())];
    let drop: Vec<(&str, &str)> = drop.iter().map(|(name, value)| (*name, value.as_str())).collect();
    admin.send(&about, &page, &drop).await.goes_on();
    assert_eq!(prices(app).await, json!({"small-1": {"input_nanos": 150, "output_nanos": 600}}));
    assert_eq!(admin.send(&about, &page, &drop).await.status, 404, "it is gone");
    let file = admin.get(&at("/settings/prices?as=csv")).await.ok();
    assert!(file.contains("\"0.15\",\"small-1\",\"0.6\""), "{file}");
}

async fn two_people_change_what_things_cost(app: &TestApp) {
    let (first, second) = (Visitor::signed_in(app, Role::Admin).await, Visitor::signed_in(app, Role::Admin).await);
    let (one, two) = (first.page(PRICES).await, second.page(PRICES).await);
    let fields = |page: &str, per_hour: &str| {
        let tag = rests_on(page, "/settings/currency");
        [("rests_on", tag), ("currency", "USD".to_owned()), ("per_hour", per_hour.to_owned())]
    };
    let send = async |by: &Visitor<'_>, about: &str, page: &str, fields: &[(&str, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        by.send(&at(about), page, &fields).await
    };
    send(&first, "/settings/currency", &one, &fields(&one, "60")).await.goes_on();
    let late = send(&second, "/settings/currency", &two, &fields(&two, "30")).await;
    let told = between(&late.text, "id=\"meanwhile-title\"", "</section>").expect("what changed meanwhile");
    assert!(late.status == 422 && told.contains("<ins>60</ins>") && told.contains(">30</td>"), "{told}");
    assert!(!told.contains("Currency"), "only what differs: {told}");
    assert_eq!(settings(app).await["labour_nanos_per_hour"], 60_000_000_000_i64);
    // Somebody changes other settings of the project: the form does not rest on them.
    let now = json!({
        "currency": "USD", "labour_nanos_per_hour": 60_000_000_000_i64,
        "redaction_patterns": [{"name": "customer", "pattern": "C-[0-9]{5}"}],
    });
    expect(200, app.member(Role::Admin).put(&path("settings")).json(&now)).await;
    send(&second, "/settings/currency", &late.text, &fields(&late.text, "30")).await.goes_on();
    let read = settings(app).await;
    assert_eq!(read["labour_nanos_per_hour"], 30_000_000_000_i64);
    assert_eq!(read["redaction_patterns"], now["redaction_patterns"]);

    let price = |page: &str, input: &str| {
        let (tag, words) = (rests_on(page, PRICES), ["large-2", input, "15"].map(str::to_owned));
        let [model, input, output] = words;
        [("rests_on", tag), ("model", model), ("input", input), ("output", output)]
    };
    send(&first, PRICES, &one, &price(&one, "3")).await.goes_on();
    let late = send(&second, PRICES, &two, &price(&two, "4")).await;
    let told = between(&late.text, "id=\"meanwhile-title\"", "</section>").expect("what changed meanwhile");
    assert!(late.status == 422 && told.contains("<ins>input 3, output 15</ins>"), "{told}");
    assert!(told.contains(">input 4, output 15</td>") && late.text.contains("value=\"4\""), "{told}");
    send(&second, PRICES, &late.text, &price(&late.text, "4")).await.goes_on();
    assert_eq!(prices(app).await["large-2"]["input_nanos"], 4_000);
}

async fn patterns_are_tried_and_kept_on_their_page(app: &TestApp) {
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let page = admin.page(MASKING).await;
    let before = between(&page, "id=\"preview\"", "</section>").expect("a preview");
    assert!(
        before.contains("[email]") && before.contains("[email], customer C-00417.</span>"),
        "tried at once: {before}"
    );
    let text = "Order of C-00417 &\r\nby <b>anna@example.com</b>, C-1\r\nnothing here";
    let tag = rests_on(&page, MASKING);
    let send = async |about: &str, patterns: &[(&str, &str)]| {
        let mut fields = vec![("rests_on", tag.as_str())];
        fields.extend(patterns.iter().flat_map(|(name, pattern)| [("name", *name), ("pattern", *pattern)]));
        fields.push(("text", text));
        admin.send(&at(about), &page, &fields).await
    };
    let good = [("customer number", r"\bC-\d{5}\b"), ("", ""), ("host", r"wiki\.internal")];
    let seen = send("/settings/masking/preview", &good).await.ok();
    let tried = between(&seen, "id=\"preview\"", "</section>").expect("a preview");
    assert!(tried.contains("Order of [masked] &amp;") && tried.contains("Order of C-00417 &amp;"), "{tried}");
    assert!(tried.contains("by &lt;b&gt;[email]&lt;/b&gt;, C-1"), "what every project masks is seen too: {tried}");
    assert!(tried.contains("<dt>customer number</dt><dd>1 place</dd>"), "{tried}");
    assert!(tried.contains("<dt>host</dt><dd>finds nothing here</dd>"), "{tried}");
    assert_eq!(settings(app).await, json!({"currency": "USD", "labour_nanos_per_hour": 0}), "trying keeps nothing");

    for (patterns, why) in [
        (vec![("open", "C-[0-9")], "Pattern open: cannot be read: unclosed character class"),
        (vec![("empty", "x*")], "Pattern empty: finds the empty text"),
        (vec![("twice", "a"), ("twice", "b")], "Pattern twice: has the name of a pattern above"),
        (vec![("", "abc")], "Pattern 1: needs a name"),
        (vec![("huge", "(?:[a-z]{500}){500}")], "Pattern huge: takes too much memory"),
        (vec![("none", "")], "Pattern none: is a regular expression of 1 to 200 bytes"),
    ] {
        let seen = send(MASKING, &patterns).await;
        assert!(seen.status == 422 && seen.text.contains(why), "{why}: {}", seen.text);
        let typed = format!("value=\"{}\"", patterns[0].1);
        assert!(seen.text.contains(&typed) && seen.text.contains("nothing here"), "{why}: {}", seen.text);
        let tried = send("/settings/masking/preview", &patterns).await.ok();
        let told = between(&tried, "id=\"preview\"", "</section>").expect("a preview");
        assert!(told.contains(why), "the preview says the same: {told}");
    }
    let fifty_one: Vec<(String, String)> = (0..51).map(|n| (format!("p{n}"), format!("x{n}y"))).collect();
    let fifty_one: Vec<(&str, &str)> = fifty_one.iter().map(|(name, own)| (name.as_str(), own.as_str())).collect();
    assert_eq!(send(MASKING, &fifty_one).await.status, 422);

    assert_eq!(send(MASKING, &good).await.goes_on(), at("/settings/masking?done=masking_kept"));
    let own = json!([
        {"name": "customer number", "pattern": "\\bC-\\d{5}\\b"},
        {"name": "host", "pattern": "wiki\\.internal"},
    ]);
    assert_eq!(settings(app).await["redaction_patterns"], own);
    let viewer = Visitor::signed_in(app, Role::Viewer).await.page(MASKING).await;
    assert!(viewer.contains("customer number") && !viewer.contains("id=\"preview\""), "{viewer}");
    // Dropped by emptying its line.
    let page = admin.page(MASKING).await;
    let fields = [("rests_on", rests_on(&page, MASKING)), ("name", "host".to_owned()), ("pattern", "wiki".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    admin.send(&at(MASKING), &page, &fields).await.goes_on();
    assert_eq!(settings(app).await["redaction_patterns"], json!([{"name": "host", "pattern": "wiki"}]));
}

async fn two_people_change_patterns(app: &TestApp) {
    let (first, second) = (Visitor::signed_in(app, Role::Admin).await, Visitor::signed_in(app, Role::Admin).await);
    let (one, two) = (first.page(MASKING).await, second.page(MASKING).await);
    let send = async |by: &Visitor<'_>, page: &str, pattern: &str| {
        let tag = rests_on(page, MASKING);
        let fields = [("rests_on", tag.as_str()), ("name", "customer"), ("pattern", pattern), ("text", "C-00417")];
        by.send(&at(MASKING), page, &fields).await
    };
    send(&first, &one, "C-[0-9]{5}").await.goes_on();
    let late = send(&second, &two, "C-[0-9]+").await;
    let told = between(&late.text, "id=\"meanwhile-title\"", "</section>").expect("what changed meanwhile");
    assert!(late.status == 422 && told.contains("<ins>C-[0-9]{5}</ins>") && told.contains(">C-[0-9]+</td>"), "{told}");
    assert_eq!(settings(app).await["redaction_patterns"][0]["pattern"], "C-[0-9]{5}");
    send(&second, &late.text, "C-[0-9]+").await.goes_on();
    assert_eq!(settings(app).await["redaction_patterns"][0]["pattern"], "C-[0-9]+");
}
