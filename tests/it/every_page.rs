//! Every page of the application in a browser, on a project in which every text that comes from outside is hostile.

mod seed;

use seatrial_store::Backend;

use crate::support::app::{Builder, PASSWORD, PROJECT, TestApp, run_with};
use crate::support::browser;
use crate::support::tree;

/// Everything that the router answers to GET, as it is written in the pages' own files.
fn routes() -> Vec<String> {
    let mut found = Vec::new();
    for source in tree::rust().iter().filter(|source| source.is_in(&["src/http/pages/"])) {
        for route in source.text.split(".route(").skip(1) {
            let mut parts = route.split('"').skip(1);
            let (address, method) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            if method.trim_start_matches([',', ' ', '\n']).starts_with("get()") {
                found.push(address.to_owned());
            }
        }
    }
    assert!(found.len() > 50 && found.iter().all(|route| route.starts_with('/')), "{found:?}");
    found
}

#[test]
fn hostile_text_is_only_text_on_every_page() {
    run_with(Builder::new(Backend::Sqlite).with_mail(), async |app: &TestApp| {
        let email = seed::everything(app).await;
        let linked = serde_json::to_string(&seed::linked(app, &email).await).expect("JSON");
        let routes = serde_json::to_string(&routes()).expect("JSON");
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_EMAIL", &email),
            ("SEATRIAL_PASSWORD", PASSWORD),
            ("SEATRIAL_ROUTES", &routes),
            ("SEATRIAL_LINKED", &linked),
        ];
        browser::walk("every_page", &settings).await;
    });
}
