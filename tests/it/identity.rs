//! Who is asking: signing in, sessions, keys and tokens, and what each may do.

use crate::support::app::{PROJECT, TestApp, Who, answer, both};

both!(the_service_answers);

async fn the_service_answers(app: &TestApp) {
    let response = app.client(Who::Nobody).get("/readyz").send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let (status, body) = answer(app.client(Who::Nobody).get("/nothing")).await;
    assert_eq!((status, body["code"].as_str()), (404, Some("no_route")));
    assert!(app.app.enter_as_system("test", PROJECT).await.is_ok());
}
