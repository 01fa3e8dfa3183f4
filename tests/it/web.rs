//! The web assets by themselves: the component sheet and the API browser in a real browser, without a running service.

use crate::support::browser;

#[tokio::test]
async fn every_component_is_accessible_in_both_themes_and_narrow() {
    browser::walk("components", &[]).await;
}

#[tokio::test]
async fn the_api_browser_shows_every_operation() {
    let description = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/seatrial.json");
    browser::walk("api_docs", &[("SEATRIAL_OPENAPI", description)]).await;
}
